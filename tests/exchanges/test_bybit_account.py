"""Bybit's bodies of an account: whose it is, what its wallets hold, what is open in it."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from crypto_assistant.errors import (
    ClockSkew,
    ExchangeError,
    GeoBlocked,
    Malformed,
    NotRead,
    RateLimited,
    Refused,
    Unreachable,
)
from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.exchanges.bybit.account import BybitAccount
from crypto_assistant.exchanges.bybit.limits import budgets
from crypto_assistant.models import Family, Holding, Side, Wallet
from crypto_assistant.net.limiter import Budget
from tests.exchanges.bybit_account_bodies import (
    AHEAD_MS,
    FUND,
    KEY,
    PERMISSIONS,
    POSITIONS,
    STANDING,
    TIME,
    WALLET,
    Venue,
    clock,
    find,
    fund,
    held,
    key,
    pages,
    position,
    standing,
    wallet,
)
from tests.exchanges.bybit_bodies import BTCPERP, BTCUSD, BTCUSDT, PEPE1000, no, ok
from tests.exchanges.conftest import NOW, Recorded
from tests.net.conftest import due_in
from tests.net.loopback import Reply

OF_USDT = f"{POSITIONS}?category=linear&settleCoin=USDT&limit=200"
OF_USDC = f"{POSITIONS}?category=linear&settleCoin=USDC&limit=200"
OF_INVERSE = f"{POSITIONS}?category=inverse&limit=200"


@pytest.fixture
def host() -> Venue:
    venue = Venue()
    venue.plays(TIME, clock(NOW + AHEAD_MS))
    venue.plays(STANDING, standing())
    venue.plays(OF_USDT, pages())
    venue.plays(OF_USDC, pages())
    venue.plays(OF_INVERSE, pages(category="inverse"))
    return venue


@pytest.fixture
def account(bybit: Bybit) -> BybitAccount:
    return bybit.account(KEY)


async def test_requests_carry_the_venues_time(account: BybitAccount, host: Venue) -> None:
    host.plays(PERMISSIONS, key())
    await account.permissions()
    assert 0 <= host.stamps[0] - (NOW + AHEAD_MS) < 5000
    assert account.clock.ahead_seconds == pytest.approx(AHEAD_MS / 1000, abs=5)


async def test_a_refused_time_stamp_is_followed_by_one_of_a_clock_read_anew(
    account: BybitAccount, host: Venue
) -> None:
    host.plays(TIME, clock(NOW), clock(NOW + AHEAD_MS))
    host.plays(PERMISSIONS, no(10002), key())
    assert (await account.permissions()).uid == "1448939"
    assert [round(stamp - NOW, -6) for stamp in host.stamps] == [0, round(AHEAD_MS, -6)]


async def test_a_clock_that_stays_wrong_is_told(account: BybitAccount, host: Venue) -> None:
    host.plays(PERMISSIONS, no(10002))
    with pytest.raises(ClockSkew):
        await account.permissions()
    assert len(host.stamps) == 2


async def test_nothing_that_was_told_is_told_again(account: BybitAccount, host: Venue) -> None:
    host.plays(FUND, fund(("USDT", "1")), fund(("USDT", "2")))
    told = [(await account.balance(Wallet.FUNDING)).holdings[0].coins for _ in range(2)]
    assert told == [1, 2]


async def test_a_key_that_only_reads_has_no_powers_whatever_its_groups_say(
    account: BybitAccount, host: Venue
) -> None:
    host.plays(PERMISSIONS, key(Wallet=["Withdraw"]))
    found = await account.permissions()
    assert (found.uid, found.powers, found.withdraws) == ("1448939", (), False)


async def test_powers_are_in_the_venues_words(account: BybitAccount, host: Venue) -> None:
    host.plays(PERMISSIONS, key(0, FiatNew=["Spend"], NFT=None))
    found = await account.permissions()
    assert found.powers == (
        *("ContractTrade/Order", "ContractTrade/Position", "Spot/SpotTrade"),
        *("Wallet/AccountTransfer", "Wallet/SubMemberTransfer", "Derivatives/DerivativesTrade"),
        "FiatNew/Spend",
    )
    assert not found.withdraws


async def test_a_key_may_withdraw(account: BybitAccount, host: Venue) -> None:
    host.plays(PERMISSIONS, key(0, Wallet=["AccountTransfer", "Withdraw"]))
    assert (await account.permissions()).withdraws


@pytest.mark.parametrize(
    "wrong",
    [
        *({"userID": 0}, {"userID": None}, {"userID": ""}, {"readOnly": "no"}),
        *({"permissions": None}, {"permissions": {"Wallet": {"0": "Withdraw"}}}),
        *({"permissions": {"Wallet": "Withdraw"}}, {"permissions": {"Wallet": 0}}),
        *({"permissions": []}, {"permissions": "Wallet"}, {"permissions": {"Wallet": [1]}}),
        {"permissions": "Wallet", "readOnly": 1},
    ],
)
async def test_a_key_that_is_not_understood_is_not_known(
    account: BybitAccount, host: Venue, wrong: dict[str, Any]
) -> None:
    host.plays(PERMISSIONS, ok(key(0)["result"] | wrong))
    with pytest.raises(Malformed):
        await account.permissions()


async def test_a_key_whose_kind_is_not_told_counts_as_one_that_may_write(
    account: BybitAccount, host: Venue
) -> None:
    host.plays(PERMISSIONS, ok(key()["result"] | {"readOnly": "", "permissions": {"A": ["B"]}}))
    assert (await account.permissions()).powers == ("A/B",)


async def test_the_unified_wallet_holds_equity(account: BybitAccount, host: Venue) -> None:
    host.plays(
        f"{WALLET}?accountType=UNIFIED",
        wallet(
            held("USDT", "1200.5", walletBalance="1000", unrealisedPnl="200.5", usdValue="1200.9"),
            held("BTC", "-0.25", spotBorrow="0.25", usdValue="-16000"),
            held("NOPRICE", "42"),
            held("ETH", "0", usdValue="0"),
            held("SOL", "0", walletBalance="5", unrealisedPnl="-5"),
            held("XRP", "1", unrealisedPnl="", usdValue=""),
        ),
    )
    found = await account.balance(Wallet.UNIFIED)
    assert (found.venue, found.wallet, found.received_ms) == ("bybit", Wallet.UNIFIED, NOW)
    assert found.holdings == (
        Holding("USDT", 1200.5, 200.5, 1200.9),
        Holding("BTC", -0.25, 0.0, -16000.0),
        Holding("NOPRICE", 42.0, 0.0, None),
        Holding("SOL", 0.0, -5.0, None),
        Holding("XRP", 1.0, None, None),
    )


async def test_the_funding_wallet(account: BybitAccount, host: Venue) -> None:
    host.plays(f"{FUND}?accountType=FUND", fund(("USDC", "0"), ("USDT", "7.25"), ("BTC", "0.5")))
    found = await account.balance(Wallet.FUNDING)
    assert found.wallet is Wallet.FUNDING
    assert found.holdings == (Holding("USDT", 7.25), Holding("BTC", 0.5))


@pytest.mark.parametrize("coins", [[], None])
async def test_empty_wallets(account: BybitAccount, host: Venue, coins: Any) -> None:
    host.plays(WALLET, ok({"list": [{"coin": coins}]}))
    host.plays(FUND, ok({"memberId": "1448939", "accountType": "FUND", "balance": coins}))
    assert (await account.balance(Wallet.UNIFIED)).holdings == ()
    assert (await account.balance(Wallet.FUNDING)).holdings == ()


@pytest.mark.parametrize(
    "answer",
    [
        wallet(held("USDT", "")),
        wallet({"coin": "USDT"}),
        ok({"list": []}),
        ok({"list": None}),
        ok({}),
    ],
)
async def test_a_wallet_that_is_not_understood_is_not_empty(
    account: BybitAccount, host: Venue, answer: Any
) -> None:
    host.plays(WALLET, answer)
    with pytest.raises(Malformed):
        await account.balance(Wallet.UNIFIED)


async def test_a_classic_account_gets_one_clear_line(account: BybitAccount, host: Venue) -> None:
    host.plays(STANDING, standing("1"))
    host.plays(WALLET, no(10001))
    for target in (OF_USDT, OF_USDC, OF_INVERSE):
        host.plays(target, no(10001))
    line = "a classic account: only unified ones are read"
    for asked in (
        account.balance(Wallet.UNIFIED),
        account.positions(Family.LINEAR, find),
        account.positions(Family.INVERSE, find),
    ):
        with pytest.raises(NotRead, match=f"^{line}$"):
            await asked
    host.plays(FUND, fund(("USDT", "1")))
    assert (await account.balance(Wallet.FUNDING)).holdings


async def test_an_old_unified_account_says_what_is_not_read(
    account: BybitAccount, host: Venue
) -> None:
    host.plays(WALLET, wallet())
    await account.balance(Wallet.UNIFIED)
    assert "inverse account" not in account.unread
    host.plays(STANDING, standing(4))
    await account.balance(Wallet.UNIFIED)
    assert {"inverse account", "Earn", "bots", "copy trading"} == set(account.unread)


async def test_an_account_of_an_unknown_kind_is_not_read(
    account: BybitAccount, host: Venue
) -> None:
    host.plays(STANDING, standing(9))
    host.plays(WALLET, wallet())
    with pytest.raises(Malformed, match="unknown kind"):
        await account.balance(Wallet.UNIFIED)


async def test_a_linear_position(account: BybitAccount, host: Venue) -> None:
    host.plays(OF_USDT, pages(position("BTCUSDT", "Buy", "0.5", liqPrice="31000.5")))
    (found,) = (await account.positions(Family.LINEAR, find)).positions
    assert asdict(found) == {
        "venue": "bybit",
        "family": Family.LINEAR,
        "symbol": "BTCUSDT",
        "instrument": asdict(BTCUSDT),
        "side": Side.LONG,
        "hedged": False,
        "contracts": 0.5,
        "coins": 0.5,
        "usd": 32000.0,  # At the mark price, unlike the venue's `positionValue`.
        "entry": 60000.0,
        "mark": 64000.0,
        "liquidation": 31000.5,
        "leverage": 10.0,
        "isolated": False,
        "settle": "USDT",
        "margin": 3200.5,
        "unrealised": 2000.0,
        "endless": False,
    }


@pytest.mark.parametrize(("settled", "entry"), [("61500", 61500), ("", 60000), ("0", 60000)])
async def test_the_entry_of_a_usdc_contract_is_where_its_profit_counts_from(
    account: BybitAccount, host: Venue, settled: str, entry: float
) -> None:
    """As the venue shows it; `avgPrice` stays where it was when eight hours are settled."""
    row = position("BTCPERP", "Buy", "1", avgPrice="60000", sessionAvgPrice=settled)
    host.plays(OF_USDC, pages(row))
    (found,) = (await account.positions(Family.LINEAR, find)).positions
    assert found.entry == entry


async def test_positions_of_both_settle_coins_are_one_answer(
    account: BybitAccount, host: Venue
) -> None:
    host.plays(OF_USDT, pages(position("BTCUSDT", "Buy", "0.5")))
    host.plays(OF_USDC, pages(position("BTCPERP", "Sell", "0.25")))
    found = await account.positions(Family.LINEAR, find)
    told = [(p.instrument, p.side, p.settle, p.contracts) for p in found.positions]
    assert told == [(BTCUSDT, Side.LONG, "USDT", 0.5), (BTCPERP, Side.SHORT, "USDC", 0.25)]
    assert (found.family, found.received_ms) == (Family.LINEAR, NOW)


async def test_an_inverse_position_counts_usd(account: BybitAccount, host: Venue) -> None:
    row = position("BTCUSD", "Sell", "32000", unrealisedPnl="-0.0125", positionIM="0.05")
    host.plays(OF_INVERSE, pages(row))
    (found,) = (await account.positions(Family.INVERSE, find)).positions
    assert (found.instrument, found.settle, found.side) == (BTCUSD, "BTC", Side.SHORT)
    assert (found.contracts, found.usd, found.coins) == (32000, 32000, 0.5)
    assert (found.margin, found.unrealised) == (0.05, -0.0125)


async def test_a_position_is_per_plain_coin(account: BybitAccount, host: Venue) -> None:
    prices = {"avgPrice": "0.0125", "markPrice": "0.015", "liqPrice": "0.005"}
    host.plays(OF_USDT, pages(position("1000PEPEUSDT", "Buy", "400", **prices)))
    (found,) = (await account.positions(Family.LINEAR, find)).positions
    assert (found.instrument, found.contracts, found.coins) == (PEPE1000, 400, 400_000)
    assert found.entry == pytest.approx(0.0000125)
    assert found.mark == pytest.approx(0.000015)
    assert found.liquidation == pytest.approx(0.000005)
    assert found.usd == pytest.approx(6)


async def test_a_market_on_no_list_is_shown_in_its_own_units(
    account: BybitAccount, host: Venue
) -> None:
    host.plays(OF_USDT, pages(position("1000OLDUSDT", "Buy", "400", markPrice="0.015")))
    host.plays(OF_INVERSE, pages(position("ETHUSDZ26", "Buy", "500")))
    (linear,) = (await account.positions(Family.LINEAR, find)).positions
    (inverse,) = (await account.positions(Family.INVERSE, find)).positions
    for found in (linear, inverse):
        assert (found.instrument, found.coins, found.entry, found.mark) == (None,) * 4
    assert (linear.contracts, linear.usd, inverse.usd, inverse.settle) == (400, 6, 500, "ETH")


async def test_both_legs_of_hedge_mode(account: BybitAccount, host: Venue) -> None:
    legs = [
        position("BTCUSDT", "Buy", "1", positionIdx=1),
        position("BTCUSDT", "Sell", "2", positionIdx="2"),
    ]
    host.plays(OF_USDT, pages(*legs))
    found = (await account.positions(Family.LINEAR, find)).positions
    assert [(p.side, p.hedged, p.contracts) for p in found] == [
        (Side.LONG, True, 1),
        (Side.SHORT, True, 2),
    ]


async def test_placeholders_are_not_numbers(account: BybitAccount, host: Venue) -> None:
    none = {"leverage": "", "positionIM": "", "liqPrice": "", "avgPrice": "0", "markPrice": ""}
    host.plays(
        OF_USDT,
        pages(
            position("BTCUSDT", "Buy", "1", unrealisedPnl="0", **none),
            position("BTCPERP", "Buy", "1", liqPrice="0", leverage="0", unrealisedPnl=""),
            position("1000PEPEUSDT", "", "0", avgPrice=""),
        ),
    )
    first, second = (await account.positions(Family.LINEAR, find)).positions
    assert (first.leverage, first.margin, first.liquidation, first.entry) == (None,) * 4
    assert (first.mark, first.usd, first.unrealised, first.coins) == (None, None, 0, 1)
    assert (second.liquidation, second.leverage, second.unrealised) == (None, None, None)
    assert first.endless
    assert second.endless


@pytest.mark.parametrize("price", [None, "31000.5"])
async def test_a_liquidation_price_that_is_not_told_is_not_none(
    account: BybitAccount, host: Venue, price: str | None
) -> None:
    host.plays(OF_USDT, pages(position("BTCUSDT", "Buy", "1", liqPrice=price)))
    (found,) = (await account.positions(Family.LINEAR, find)).positions
    assert not found.endless


@pytest.mark.parametrize(
    ("kind", "family", "isolated"),
    [
        (standing(5, "ISOLATED_MARGIN"), Family.LINEAR, True),
        (standing(6, "REGULAR_MARGIN"), Family.LINEAR, False),
        (standing("5", "PORTFOLIO_MARGIN"), Family.INVERSE, False),
        (standing(4, "ISOLATED_MARGIN"), Family.LINEAR, True),
        (standing(3, "REGULAR_MARGIN"), Family.INVERSE, True),
    ],
)
async def test_the_margin_mode_is_the_accounts_but_for_old_inverse_positions(
    account: BybitAccount, host: Venue, kind: Any, family: Family, isolated: bool
) -> None:
    host.plays(STANDING, kind)
    # Only of inverse positions of 1.0 does the row's own mode mean something.
    host.plays(OF_USDT, pages(position("BTCUSDT", "Buy", "1", tradeMode=0)))
    host.plays(OF_INVERSE, pages(position("BTCUSD", "Buy", "1", tradeMode=1)))
    (found,) = (await account.positions(family, find)).positions
    assert found.isolated is isolated


async def test_positions_are_paged_to_the_end(account: BybitAccount, host: Venue) -> None:
    rows = [position(f"C{n}USDT", "Buy", str(n + 1)) for n in range(500)]
    cursor = "C199USDT%2C1768320000039%2C0"
    host.plays(OF_USDT, pages(*rows[:200], cursor=cursor))
    # A page may be short and yet not the last one.
    host.plays(f"{OF_USDT}&cursor={cursor}", pages(*rows[200:399], cursor="C398USDT"))
    host.plays(f"{OF_USDT}&cursor=C398USDT", pages(rows[398], *rows[399:], cursor="C499USDT"))
    host.plays(f"{OF_USDT}&cursor=C499USDT", pages(cursor="C499USDT"))
    found = (await account.positions(Family.LINEAR, find)).positions
    assert [p.symbol for p in found] == [row["symbol"] for row in rows]


async def test_one_failing_page_fails_the_answer(account: BybitAccount, host: Venue) -> None:
    host.plays(OF_USDT, pages(position("BTCUSDT", "Buy", "1"), cursor="next"))
    host.plays(f"{OF_USDT}&cursor=next", no(10005))
    with pytest.raises(Refused):
        await account.positions(Family.LINEAR, find)


@pytest.mark.parametrize("cursor", [None, 0, [], ["next"], {}, "a\r\nb", "a b", "x" * 1001])
async def test_pages_that_lead_nobody_knows_where_are_no_answer(
    account: BybitAccount, host: Venue, cursor: Any
) -> None:
    host.plays(OF_USDT, pages(position("BTCUSDT", "Buy", "1"), cursor=cursor))
    with pytest.raises(Malformed, match="cursor"):
        await account.positions(Family.LINEAR, find)


async def test_pages_that_lead_back_are_no_answer(account: BybitAccount, host: Venue) -> None:
    host.plays(OF_USDT, pages(position("BTCUSDT", "Buy", "1"), cursor="next"))
    host.plays(f"{OF_USDT}&cursor=next", pages(position("BTCUSDT", "Buy", "1"), cursor="next"))
    with pytest.raises(Malformed, match="lead back"):
        await account.positions(Family.LINEAR, find)


@pytest.mark.parametrize(
    "wrong",
    [{"size": ""}, {"size": "much"}, {"side": "None"}, {"symbol": None}, {"positionIdx": ""}],
)
async def test_a_position_that_is_not_understood_fails_the_answer(
    account: BybitAccount, host: Venue, wrong: dict[str, Any]
) -> None:
    host.plays(OF_INVERSE, pages({**position("BTCUSD", "Buy", "1"), **wrong}))
    with pytest.raises(Malformed):
        await account.positions(Family.INVERSE, find)


@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        (no(10003), Refused, "refused: why (10003)"),
        (no(10005), Refused, "refused: why (10005)"),
        (no(10010), Refused, "refused: why (10010)"),
        (no(33004), Refused, "refused: why (33004)"),
        (Reply(b"", 401), Refused, "the key is not accepted"),
        (no(10028), NotRead, "a classic account: only unified ones are read"),
        (no(10009), GeoBlocked, "geo-blocked"),
        (no(10016), Unreachable, "why"),
        (Reply(b"403, access too frequent", 403), RateLimited, "rate-limited"),
    ],
)
async def test_errors_say_what_the_venue_said(
    account: BybitAccount, host: Venue, reply: Any, error: type[ExchangeError], text: str
) -> None:
    host.plays(PERMISSIONS, reply)
    with pytest.raises(error) as caught:
        await account.permissions()
    assert text in str(caught.value)


async def test_a_wrong_secret_is_refused_without_a_word_of_the_key(
    bybit: Bybit, host: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    host.plays(PERMISSIONS, key())
    wrong = bybit.account(replace(KEY, secret="wrongSecret"))
    with pytest.raises(Refused, match="wrong secret") as caught:
        await wrong.permissions()
    told = f"{caught.value!r}{caught.value}{caplog.text}{wrong!r}"
    assert KEY.name not in told
    assert "wrongSecret" not in told


async def test_a_path_is_not_asked_more_often_than_the_venue_takes(
    account: BybitAccount, host: Venue
) -> None:
    host.plays(FUND, fund())
    with due_in(0.5):
        for _ in range(4):
            await account.balance(Wallet.FUNDING)
        with pytest.raises(RateLimited):  # It takes five a second.
            await account.balance(Wallet.FUNDING)


def test_what_is_asked_of_the_account_counts_for_the_address_too() -> None:
    address = Budget(540, 5)
    of_account = budgets(address)
    for budget in of_account.values():
        budget.spend(2, now=0.0)
    assert address.used(0.0) == 2 * len(of_account)
    assert {("GET", path) for path in of_account} < Bybit.reads


async def test_recorded_positions_agree_with_another_reading(
    account: BybitAccount, host: Venue, recorded: Recorded
) -> None:
    for name in ("001", "002"):
        entry = recorded(f"bybit/positions/{name}")
        cursor = entry["httpResponse"]["result"]["nextPageCursor"]
        host.plays(OF_USDT, entry["httpResponse"])
        host.plays(f"{OF_USDT}&cursor={cursor}", pages())
        (found,) = (await account.positions(Family.LINEAR, lambda *_: BTCUSDT)).positions
        (theirs,) = entry["parsedResponse"]
        assert found.side.value == theirs["side"]
        assert found.hedged == theirs["hedged"]
        assert (found.contracts, found.entry) == (theirs["contracts"], theirs["entryPrice"])
        assert (found.mark, found.leverage) == (theirs["markPrice"], theirs["leverage"])
        assert found.liquidation == theirs["liquidationPrice"]
        assert found.margin == theirs["initialMargin"]
        assert found.unrealised == theirs["unrealizedPnl"]


async def test_a_recorded_inverse_position(
    account: BybitAccount, host: Venue, recorded: Recorded
) -> None:
    host.plays(OF_INVERSE, recorded("bybit/positions/007")["httpResponse"])
    (found,) = (await account.positions(Family.INVERSE, find)).positions
    assert (found.side, found.usd, found.coins) == (Side.SHORT, 300, 300 / 28224.5)


async def test_recorded_wallets(account: BybitAccount, host: Venue, recorded: Recorded) -> None:
    host.plays(STANDING, recorded("bybit/account_config/000")["httpResponse"])
    host.plays(WALLET, recorded("bybit/unified_balance/005")["httpResponse"])
    host.plays(FUND, recorded("bybit/funding_balance/003")["httpResponse"])
    assert (await account.balance(Wallet.UNIFIED)).holdings == (Holding("USDT", 1000, 0, 1000),)
    assert (await account.balance(Wallet.FUNDING)).holdings == ()
    host.plays(STANDING, recorded("bybit/account_config/001")["httpResponse"])
    await account.balance(Wallet.UNIFIED)
    assert "inverse account" in account.unread


async def test_a_recorded_key(account: BybitAccount, host: Venue, recorded: Recorded) -> None:
    host.plays(PERMISSIONS, recorded("bybit/api_key_permissions/001")["httpResponse"])
    found = await account.permissions()
    assert (found.uid, found.powers, found.withdraws) == ("1448939", (), False)
