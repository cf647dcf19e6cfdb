"""What one key may read on OKX: its permissions, the wallets, the positions, the refusals."""

import re
from datetime import datetime
from typing import Any

import pytest

from crypto_assistant.errors import (
    ClockSkew,
    ExchangeError,
    Malformed,
    RateLimited,
    Refused,
    Unreachable,
)
from crypto_assistant.exchanges.okx import Okx
from crypto_assistant.exchanges.okx.account import OkxAccount
from crypto_assistant.models import Family, Holding, Instrument, Position, Side, Wallet
from tests.exchanges.conftest import NOW, Recorded
from tests.exchanges.okx_account_bodies import (
    BALANCE,
    CONFIG,
    FUNDING_BALANCES,
    KEY,
    POSITIONS,
    TIME,
    Venue,
    coin,
    config,
    position,
    trading,
)
from tests.exchanges.okx_bodies import COIN_PERP, DELIVERY, PERP, SATS_PERP, market, no, ok
from tests.net.conftest import due_in
from tests.net.loopback import Reply

FUTURE = market(Family.LINEAR, "BTC-USDT-261225", 0.01, expires_ms=DELIVERY)
LISTED = {listed.symbol: listed for listed in (PERP, SATS_PERP, COIN_PERP, FUTURE)}


def find(family: Family, symbol: str) -> Instrument | None:
    listed = LISTED.get(symbol)
    return listed if listed and listed.family is family else None


@pytest.fixture
def host() -> Venue:
    return Venue()


@pytest.fixture
def account(okx: Okx) -> OkxAccount:
    return okx.account(KEY)


async def opened(
    account: OkxAccount, host: Venue, *rows: dict[str, Any], family: Family = Family.LINEAR
) -> tuple[Position, ...]:
    host.plays(POSITIONS, ok(*rows))
    return (await account.positions(family, find)).positions


async def test_a_request_is_signed_as_it_arrives(account: OkxAccount, host: Venue) -> None:
    host.plays(BALANCE, trading())
    await account.balance(Wallet.TRADING)
    (received,) = host.signed
    assert received.target == BALANCE
    assert received.is_signed()
    assert received.headers["OK-ACCESS-KEY"] == KEY.name
    assert received.headers["OK-ACCESS-PASSPHRASE"] == KEY.passphrase
    assert "x-simulated-trading" not in received.headers


async def test_play_money_is_named_in_every_signed_request(okx: Okx, host: Venue) -> None:
    host.plays(CONFIG, ok(config()))
    host.plays(FUNDING_BALANCES, ok())
    account = okx.account(KEY, "demo")
    await account.permissions()
    await account.balance(Wallet.FUNDING)
    assert [received.headers["x-simulated-trading"] for received in host.signed] == ["1", "1"]
    assert account.environment == "demo"


async def test_the_time_stamp_is_the_venues_time(account: OkxAccount, host: Venue) -> None:
    an_hour_ahead = NOW + 3_600_000
    host.plays(TIME, ok({"ts": str(an_hour_ahead)}))
    host.plays(BALANCE, trading())
    await account.balance(Wallet.TRADING)
    text = host.signed[0].headers["OK-ACCESS-TIMESTAMP"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert 0 <= datetime.fromisoformat(text).timestamp() * 1000 - an_hour_ahead < 5_000


async def test_a_clock_error_is_answered_by_a_new_look_at_the_clock(
    account: OkxAccount, host: Venue
) -> None:
    host.plays(TIME, ok({"ts": str(NOW - 60_000)}), ok({"ts": str(NOW)}))
    host.plays(BALANCE, no("50102", 401), trading(coin("USDT", "5")))
    assert (await account.balance(Wallet.TRADING)).holdings
    early, late = (received.headers["OK-ACCESS-TIMESTAMP"] for received in host.signed)
    assert early < late
    assert all(received.is_signed() for received in host.signed)


async def test_a_clock_error_that_stays_is_told(account: OkxAccount, host: Venue) -> None:
    host.plays(BALANCE, no("50102", 401))
    with pytest.raises(ClockSkew):
        await account.balance(Wallet.TRADING)
    assert len(host.signed) == 2


@pytest.mark.parametrize(
    ("perm", "powers", "withdraws"),
    [
        ("read_only", (), False),
        ("read_only,trade", ("trade",), False),
        ("read_only,withdraw,trade", ("withdraw", "trade"), True),
        ("withdraw,read_only", ("withdraw",), True),
        ("read_only,fast_withdrawal", ("fast_withdrawal",), True),
        ("read_only, Withdraw", ("Withdraw",), True),
        ("read_only, fly_to_the_moon", ("fly_to_the_moon",), False),
    ],
)
async def test_permissions_are_everything_beyond_reading(
    account: OkxAccount, host: Venue, perm: str, powers: tuple[str, ...], withdraws: bool
) -> None:
    host.plays(CONFIG, ok(config(perm=perm)))
    found = await account.permissions()
    assert (found.uid, found.powers) == ("44705892343619999", powers)
    assert found.withdraws is withdraws


@pytest.mark.parametrize(
    "answer",
    [
        *(ok(), ok(config(perm="")), ok({"uid": "1"}), ok(config(perm=3)), ok("read_only")),
        *(ok(config(perm=["read_only"])), ok(config(perm={"read_only": True}))),
    ],
)
async def test_a_key_without_permissions_is_not_one_that_only_reads(
    account: OkxAccount, host: Venue, answer: dict[str, Any]
) -> None:
    host.plays(CONFIG, answer)
    with pytest.raises(Malformed):
        await account.permissions()


async def test_a_trading_account_holds_equity_coin_by_coin(
    account: OkxAccount, host: Venue
) -> None:
    usdt = coin("USDT", "10400.5", upl="400.5", usd="10402.6", cashBal="10000")
    owed = coin("ETH", "-0.25", upl="0", usd="-812.5", liab="0.25")
    nothing, airdrop = coin("OKB", "0"), coin("NOPRICE", "777", usd="0")
    host.plays(BALANCE, trading(usdt, owed, nothing, airdrop))
    balance = await account.balance(Wallet.TRADING)
    assert (balance.venue, balance.wallet) == ("okx", Wallet.TRADING)
    assert balance.holdings == (
        Holding("USDT", 10400.5, unrealised=400.5, venue_usd=10402.6),
        Holding("ETH", -0.25, unrealised=0, venue_usd=-812.5),
        Holding("NOPRICE", 777, unrealised=0, venue_usd=None),
    )


async def test_what_bots_hold_is_not_the_trading_accounts(account: OkxAccount, host: Venue) -> None:
    """The amounts of the venue's own documentation: 150 of them are a bot's."""
    usdt = coin(
        *("USDT", "4992.890093622894", "-7.545600000000006", "4991.542013297616"),
        cashBal="4850.435693622894",
        stgyEq="150",
    )
    all_of_it, none = coin("BTC", "0.3", usd="19000", stgyEq="0.3"), coin("ETH", "1", stgyEq="")
    host.plays(BALANCE, trading(usdt, all_of_it, none))
    held, other = (await account.balance(Wallet.TRADING)).holdings
    assert held.coins == pytest.approx(4850.435693622894 - 7.5456)
    assert held.venue_usd == pytest.approx(4991.542013297616 * (1 - 150 / 4992.890093622894))
    assert other == Holding("ETH", 1.0, 0.0, None)


async def test_an_account_that_only_trades_spot_has_nothing_unrealised(
    account: OkxAccount, host: Venue
) -> None:
    host.plays(BALANCE, trading(coin("BTC", "1.5", upl="")))
    assert (await account.balance(Wallet.TRADING)).holdings == (Holding("BTC", 1.5),)


async def test_what_is_frozen_in_the_funding_account_is_the_owners(
    account: OkxAccount, host: Venue
) -> None:
    row = {"availBal": "30", "bal": "37.25", "ccy": "USDT", "frozenBal": "7.25"}
    host.plays(FUNDING_BALANCES, ok(row, {**row, "ccy": "X", "bal": "0"}))
    balance = await account.balance(Wallet.FUNDING)
    assert balance.wallet is Wallet.FUNDING
    assert balance.holdings == (Holding("USDT", 37.25),)


async def test_an_empty_account_is_an_answer(account: OkxAccount, host: Venue) -> None:
    host.plays(BALANCE, trading())
    host.plays(FUNDING_BALANCES, ok())
    assert (await account.balance(Wallet.TRADING)).holdings == ()
    assert (await account.balance(Wallet.FUNDING)).holdings == ()
    assert await opened(account, host) == ()


@pytest.mark.parametrize(
    "answer", [ok(), trading(coin("USDT", "")), ok({"details": [{"ccy": "USDT"}]})]
)
async def test_a_balance_without_its_amounts_is_no_balance(
    account: OkxAccount, host: Venue, answer: dict[str, Any]
) -> None:
    host.plays(BALANCE, answer)
    with pytest.raises(Malformed):
        await account.balance(Wallet.TRADING)


async def test_a_linear_position_is_contracts_and_counted_in_coins(
    account: OkxAccount, host: Venue
) -> None:
    (btc,) = await opened(account, host, position("BTC-USDT-SWAP", "10", liqPx="43000.5"))
    assert btc == Position(
        venue="okx",
        family=Family.LINEAR,
        symbol="BTC-USDT-SWAP",
        instrument=PERP,
        side=Side.LONG,
        hedged=False,
        contracts=10,
        coins=0.1,
        usd=6400,
        entry=60_000,
        mark=64_000,
        liquidation=43_000.5,
        leverage=10,
        isolated=False,
        settle="USDT",
        margin=640,
        unrealised=400,
    )


async def test_a_position_in_a_thousand_coins_is_told_in_plain_ones(
    account: OkxAccount, host: Venue
) -> None:
    prices = {"avgPx": "0.00018", "markPx": "0.0002", "liqPx": "0.0001"}
    (sats,) = await opened(account, host, position("1000SATS-USDT-SWAP", "5", **prices))
    assert sats.coins == pytest.approx(5e6)
    assert sats.usd == pytest.approx(1)
    assert (sats.entry, sats.mark, sats.liquidation) == pytest.approx((1.8e-7, 2e-7, 1e-7))


async def test_an_inverse_position_is_dollars_and_counted_in_coins(
    account: OkxAccount, host: Venue
) -> None:
    row = position("BTC-USD-SWAP", "-32", ccy="BTC", imr="0.005", upl="-0.0033")
    (btc,) = await opened(account, host, row, family=Family.INVERSE)
    assert (btc.side, btc.usd, btc.coins) == (Side.SHORT, 3200, 0.05)
    assert (btc.settle, btc.margin, btc.unrealised) == ("BTC", 0.005, -0.0033)


@pytest.mark.parametrize("imr", ["0.0051", "326.4"])
async def test_the_margin_of_a_cross_inverse_position_may_be_told_in_dollars(
    account: OkxAccount, host: Venue, imr: str
) -> None:
    row = position("BTC-USD-SWAP", "32", ccy="BTC", imr=imr, lever="10")
    (btc,) = await opened(account, host, row, family=Family.INVERSE)
    assert btc.margin == pytest.approx(0.0051)


@pytest.mark.parametrize("gap", [{"lever": ""}, {"markPx": ""}])
async def test_without_size_or_leverage_a_margin_is_taken_as_it_is_told(
    account: OkxAccount, host: Venue, gap: dict[str, str]
) -> None:
    row = position("BTC-USD-SWAP", "32", ccy="BTC", imr="326.4", **gap)
    (btc,) = await opened(account, host, row, family=Family.INVERSE)
    assert btc.margin == 326.4


@pytest.mark.parametrize("family", [Family.LINEAR, Family.INVERSE])
async def test_positions_of_other_kinds_are_counted(
    account: OkxAccount, host: Venue, family: Family
) -> None:
    rows = [position("BTC-USDT", size, instType="MARGIN") for size in ("0.5", "0")]
    rows += [position("BTC-USD-261225-60000-C", "1", instType="OPTION", ccy="BTC")]
    host.plays(POSITIONS, ok(*rows, position("BTC-USDT-SWAP", "1")))
    assert (await account.positions(family, find)).unread == 2


@pytest.mark.parametrize(("price", "endless"), [("", True), (None, False), ("43000", False)])
async def test_a_venue_may_say_that_there_is_no_liquidation_price(
    account: OkxAccount, host: Venue, price: str | None, endless: bool
) -> None:
    (one,) = await opened(account, host, position("BTC-USDT-SWAP", "10", liqPx=price))
    assert one.endless is endless


async def test_each_family_has_its_own_of_the_positions(account: OkxAccount, host: Venue) -> None:
    rows = [position("BTC-USDT-SWAP", "1"), position("BTC-USD-SWAP", "1", ccy="BTC")]
    futures = ["BTC-USDT-261225", "BTC-USD_UM_XPERP-310404"]
    rows += [position(symbol, "1", instType="FUTURES") for symbol in futures]
    rows += [position("BTC-USD_UM-SWAP", "1"), position("BTC-USDT", "1", instType="MARGIN")]
    rows += [position("BTC-USD-261225-60000-C", "1", instType="OPTION", ccy="BTC")]
    linear = await opened(account, host, *rows)
    assert [one.symbol for one in linear] == ["BTC-USDT-SWAP", *futures, "BTC-USD_UM-SWAP"]
    inverse = await opened(account, host, *rows, family=Family.INVERSE)
    assert [one.symbol for one in inverse] == ["BTC-USD-SWAP"]
    assert host.signed[0].target == POSITIONS


@pytest.mark.parametrize(
    ("pos", "leg", "side"),
    [
        ("7", "net", Side.LONG),
        ("-7", "net", Side.SHORT),
        ("7", "long", Side.LONG),
        ("7", "short", Side.SHORT),
        ("-7", "short", Side.SHORT),
    ],
)
async def test_a_side_is_the_sign_or_the_leg(
    account: OkxAccount, host: Venue, pos: str, leg: str, side: Side
) -> None:
    (one,) = await opened(account, host, position("BTC-USDT-SWAP", pos, posSide=leg))
    assert (one.side, one.hedged, one.contracts) == (side, leg != "net", 7)


async def test_both_legs_of_a_market_are_positions(account: OkxAccount, host: Venue) -> None:
    legs = [position("BTC-USDT-SWAP", "3", posSide=leg) for leg in ("long", "short")]
    assert [one.side for one in await opened(account, host, *legs)] == [Side.LONG, Side.SHORT]


async def test_margin_that_waits_for_a_position_is_none(account: OkxAccount, host: Venue) -> None:
    waiting = position("BTC-USDT-SWAP", "0", mgnMode="isolated", margin="100", avgPx="", upl="")
    assert await opened(account, host, waiting) == ()


async def test_isolated_margin_is_told_in_a_field_of_its_own(
    account: OkxAccount, host: Venue
) -> None:
    row = position("BTC-USDT-SWAP", "1", mgnMode="isolated", margin="75.5", imr="")
    (one,) = await opened(account, host, row)
    assert (one.isolated, one.margin) == (True, 75.5)


async def test_the_entry_of_a_dated_future_is_the_one_before_its_settlements(
    account: OkxAccount, host: Venue
) -> None:
    future = {"instType": "FUTURES", "avgPx": "63900", "nonSettleAvgPx": "58000"}
    (one,) = await opened(account, host, position("BTC-USDT-261225", "1", **future))
    assert (one.entry, one.instrument) == (58_000, FUTURE)


async def test_an_unlisted_market_is_contracts_and_what_the_venue_says_they_are_worth(
    account: OkxAccount, host: Venue
) -> None:
    (one,) = await opened(account, host, position("GONE-USDT-SWAP", "-9", notionalUsd="900.5"))
    assert (one.instrument, one.contracts, one.side) == (None, 9, Side.SHORT)
    assert (one.usd, one.coins) == (900.5, None)
    assert (one.entry, one.mark, one.liquidation) == (None, None, None)
    assert one.unrealised == 400


async def test_what_the_venue_leaves_out_is_unknown(account: OkxAccount, host: Venue) -> None:
    gaps = dict.fromkeys(("markPx", "liqPx", "lever", "imr", "upl", "avgPx"), "")
    (one,) = await opened(account, host, position("BTC-USDT-SWAP", "1", **gaps))
    assert (one.mark, one.liquidation, one.leverage, one.margin) == (None, None, None, None)
    assert (one.unrealised, one.entry) == (None, None)
    assert one.usd == 6401.5


async def test_a_position_without_a_size_is_no_position(account: OkxAccount, host: Venue) -> None:
    with pytest.raises(Malformed):
        await opened(account, host, position("BTC-USDT-SWAP", ""))


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (no("50111", 401), "refused: no such key (50111)"),
        (
            no("50119"),
            "refused: no such key; one of my.okx.com or app.okx.com needs its own OKX_URL (50119)",
        ),
        (no("50113", 401), "refused: wrong secret (50113)"),
        (no("50105", 401), "refused: wrong passphrase (50105)"),
        (no("50101", 401), "refused: the key is of the other environment, live or demo (50101)"),
        (no("50110", 401), "refused: why (50110)"),
        (no("50120"), "refused: why (50120)"),
        (no("50035", 403), "refused: why (50035)"),
        (no("50100", 400), "refused: why (50100)"),
    ],
)
async def test_a_refusal_says_what_is_wrong_with_the_key(
    account: OkxAccount, host: Venue, reply: Reply, text: str
) -> None:
    host.plays(BALANCE, reply)
    with pytest.raises(Refused) as refused:
        await account.balance(Wallet.TRADING)
    assert str(refused.value) == text
    assert len(host.signed) == 1


@pytest.mark.parametrize(
    ("number", "error"),
    [
        *[(f"{number:03}", RateLimited) for number in (0, 1)],
        *[(f"{number:03}", Unreachable) for number in (3, 4, 5)],
        *[(f"{number:03}", ClockSkew) for number in (6, 7)],
        *[(f"{number:03}", Refused) for number in (8, 9, 10, 11, 12, 13, 14, 17)],
    ],
)
async def test_recorded_refusals_tell_nothing_of_the_key(
    account: OkxAccount, host: Venue, recorded: Recorded, number: str, error: type[ExchangeError]
) -> None:
    entry = recorded(f"okx/errors/{number}")
    host.plays(POSITIONS, Reply(entry["httpResponse"], int(entry["http_status"])))
    with pytest.raises(error) as raised:
        await account.positions(Family.LINEAR, find)
    told = f"{raised.value} {raised.value!r}"
    assert not any(secret in told for secret in (KEY.name, KEY.secret, KEY.passphrase))


async def test_signed_requests_have_limits_of_their_own(account: OkxAccount, host: Venue) -> None:
    host.plays(CONFIG, ok(config()))
    host.plays(BALANCE, trading())
    for _ in range(5):
        await account.permissions()
    with due_in(2), pytest.raises(RateLimited):
        await account.permissions()
    assert (await account.balance(Wallet.TRADING)).holdings == ()


async def test_nothing_signed_is_kept(account: OkxAccount, host: Venue) -> None:
    host.plays(BALANCE, trading(coin("USDT", "1")), trading(coin("USDT", "2")))
    told = [await account.balance(Wallet.TRADING) for _ in range(2)]
    assert [balance.holdings[0].coins for balance in told] == [1, 2]


async def test_recorded_permissions(account: OkxAccount, host: Venue, recorded: Recorded) -> None:
    host.plays(CONFIG, recorded("okx/account_config_and_permissions/000")["httpResponse"])
    found = await account.permissions()
    assert (found.uid, found.withdraws) == ("374579799097793561", True)
    assert found.powers == ("withdraw", "trade")


@pytest.mark.parametrize("number", ["000", "001"])
async def test_recorded_trading_account(
    account: OkxAccount, host: Venue, recorded: Recorded, number: str
) -> None:
    entry = recorded(f"okx/trading_balance/{number}")
    host.plays(BALANCE, entry["httpResponse"])
    balance = await account.balance(Wallet.TRADING)
    held = {holding.coin: holding.coins for holding in balance.holdings}
    assert held == {coin: held for coin, held in entry["parsedResponse"]["total"].items() if held}
    assert len(held) > 10


async def test_recorded_funding_account(
    account: OkxAccount, host: Venue, recorded: Recorded
) -> None:
    host.plays(FUNDING_BALANCES, recorded("okx/funding_balance/000")["httpResponse"])
    assert (await account.balance(Wallet.FUNDING)).holdings == (Holding("TUSD", 100),)


@pytest.mark.parametrize(
    ("number", "instrument"),
    [
        ("000", market(Family.LINEAR, "LTC-USDT-SWAP", 0.001)),
        ("001", market(Family.LINEAR, "LTC-USDT-SWAP", 0.001)),
        ("002", COIN_PERP),
        ("003", COIN_PERP),
        ("004", PERP),
    ],
)
async def test_recorded_positions(
    account: OkxAccount, host: Venue, recorded: Recorded, number: str, instrument: Instrument
) -> None:
    entry = recorded(f"okx/positions/{number}")
    parsed = entry["parsedResponse"]
    known = parsed[0] if isinstance(parsed, list) else parsed
    host.plays(POSITIONS, entry["httpResponse"])
    found = await account.positions(instrument.family, lambda *_: instrument)
    (one,) = found.positions
    assert (one.symbol, one.side, one.hedged) == (instrument.symbol, known["side"], known["hedged"])
    assert (one.entry, one.mark) == (known["entryPrice"], known["markPrice"])
    assert (one.contracts, one.leverage) == (known["contracts"], known["leverage"])
    assert one.unrealised == known["unrealizedPnl"]
    assert one.liquidation == known["liquidationPrice"]
    assert one.isolated is (known["marginMode"] == "isolated")
    # Isolated margin is that of the entry, the other reading's that of the mark price.
    assert one.margin == pytest.approx(known["initialMargin"], rel=0.003)
    value = one.coins if instrument is COIN_PERP else one.usd
    assert value == pytest.approx(known["notional"], rel=0.001)
