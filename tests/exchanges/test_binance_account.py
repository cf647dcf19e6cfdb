"""Binance's account: what the key may do, what the wallets hold, what is open."""

import logging
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import pytest

from crypto_assistant.errors import (
    ClockSkew,
    ExchangeError,
    Malformed,
    NotRead,
    RateLimited,
    Refused,
    Unreachable,
    Unsupported,
)
from crypto_assistant.exchanges.base import Account
from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.models import Holding, Permissions, Side, Wallet
from crypto_assistant.net.door import Door
from crypto_assistant.net.signed import Key
from tests.exchanges.binance_account_bodies import (
    BAD_SIGNATURE,
    COINM_ACCOUNT,
    COINM_RISK,
    FUNDING_ASSETS,
    HOUR,
    KEY,
    NO_PERMISSION,
    OWNED,
    RESTRICTIONS,
    SETTINGS,
    SPOT_ACCOUNT,
    TIME,
    TOO_LATE,
    USDM_ACCOUNT,
    USDM_RISK,
    Venue,
    coin_risk,
    find,
    futures_account,
    held,
    margin_asset,
    refusal,
    restrictions,
    risk,
    setting,
    spot_account,
)
from tests.exchanges.binance_bodies import COIN_PERP, INVERSE, LINEAR, PEPE, PERP, leave, spend_one
from tests.exchanges.conftest import NOW, Recorded
from tests.net.loopback import Reply


@pytest.fixture
def host() -> Venue:
    return Venue()


@pytest.fixture
def account(binance: Binance) -> Account:
    return binance.account(KEY)


async def test_a_key_that_only_reads_has_no_powers(account: Account, host: Venue) -> None:
    host.plays(RESTRICTIONS, restrictions())
    host.plays(OWNED, spot_account())
    assert await account.permissions() == Permissions("365859102", (), False, NOW)


@pytest.mark.parametrize(
    ("more", "powers", "withdraws"),
    [
        ({"enableWithdrawals": True}, ("enableWithdrawals",), True),
        ({"enableFutures": True}, ("enableFutures",), False),
        ({"permitsUniversalTransfer": True}, ("permitsUniversalTransfer",), False),
        ({"enableTeleportation": True}, ("enableTeleportation",), False),
        ({"permitsUniversalWithdrawals": True}, ("permitsUniversalWithdrawals",), True),
        ({"permitsUniversalWithdrawals": False}, (), False),
        ({"mayWithdraw": True}, ("mayWithdraw",), True),
        ({"tradingAuthorityExpirationTime": 1698645219000}, (), False),
        (
            {"enableSpotAndMarginTrading": True, "enableInternalTransfer": True},
            ("enableInternalTransfer", "enableSpotAndMarginTrading"),
            False,
        ),
    ],
)
async def test_whatever_a_key_may_do_besides_reading_is_a_power(
    account: Account, host: Venue, more: dict[str, Any], powers: tuple[str, ...], withdraws: bool
) -> None:
    host.plays(RESTRICTIONS, restrictions(**more))
    host.plays(OWNED, spot_account())
    told = await account.permissions()
    assert (told.powers, told.withdraws) == (powers, withdraws)


@pytest.mark.parametrize(
    "told",
    [
        *({}, {"enableWithdrawals": None}, {"enableWithdrawals": "false"}),
        {"enableWithdrawals": False, "permitsUniversalWithdrawals": 0},
    ],
)
async def test_a_key_that_may_withdraw_for_all_one_knows_is_not_known(
    account: Account, host: Venue, told: dict[str, Any]
) -> None:
    host.plays(RESTRICTIONS, {"enableReading": True, **told})
    host.plays(OWNED, spot_account())
    with pytest.raises(Malformed, match=r"(?i)withdraw"):
        await account.permissions()


@pytest.mark.parametrize(
    "answer",
    [restrictions(permitsMore="yes"), restrictions(enableFutures=[]), [], ["enableWithdrawals"]],
)
async def test_a_key_whose_powers_are_neither_on_nor_off_is_not_known(
    account: Account, host: Venue, answer: object
) -> None:
    host.plays(RESTRICTIONS, answer)
    with pytest.raises(Malformed):
        await account.permissions()


async def test_an_account_without_an_id_is_nobodys(account: Account, host: Venue) -> None:
    host.plays(RESTRICTIONS, restrictions())
    body = spot_account()
    del body["uid"]
    host.plays(OWNED, body)
    with pytest.raises(Malformed, match="id"):
        await account.permissions()


async def test_play_money_has_an_owner_and_no_list_of_powers(binance: Binance, host: Venue) -> None:
    host.plays(OWNED, spot_account(uid="77"))
    account = binance.account(KEY, "testnet")
    assert (await account.permissions()).uid == "77"
    assert host.signed == [f"GET {SPOT_ACCOUNT}"]
    assert account.wallets == (Wallet.SPOT, Wallet.USDM, Wallet.COINM)


async def test_of_a_spot_coin_what_orders_hold_counts_too(account: Account, host: Venue) -> None:
    coins = held("BTC", "0.5", "0.25"), held("LDO", "0.00000000"), held("NOPRICE", "1234")
    host.plays(OWNED, spot_account(*coins))
    balance = await account.balance(Wallet.SPOT)
    assert balance.holdings == (Holding("BTC", 0.75), Holding("NOPRICE", 1234))
    assert (balance.venue, balance.wallet, balance.received_ms) == ("binance", "spot", NOW)


async def test_an_empty_wallet_is_empty(account: Account, host: Venue) -> None:
    host.plays(OWNED, spot_account())
    host.plays(FUNDING_ASSETS, [])
    host.plays(USDM_ACCOUNT, futures_account())
    host.plays(COINM_ACCOUNT, futures_account())
    assert [(await account.balance(wallet)).holdings for wallet in account.wallets] == [()] * 4


async def test_the_funding_wallet_is_read_by_a_post_that_says_all_in_its_query(
    account: Account, host: Venue
) -> None:
    parts = {"freeze": "0.5", "withdrawing": "2", "btcValuation": "0.00000091"}
    host.plays(FUNDING_ASSETS, [held("USDT", "10", "0.25", **parts)])
    assert (await account.balance(Wallet.FUNDING)).holdings == (Holding("USDT", 12.75),)
    assert host.signed == [f"POST {FUNDING_ASSETS}"]


async def test_futures_wallets_are_read_coin_by_coin_with_what_is_unrealised(
    account: Account, host: Venue
) -> None:
    usdm = (
        margin_asset("USDT", "1000.5", "-200.25", "800.25"),
        margin_asset("USDC", "50", "0.00000000", "50"),
        margin_asset("BNB", "0.00000000", "0.00000000", "0.00000000"),
        margin_asset("FDUSD", "-3", "3", "0.00000000"),
    )
    host.plays(USDM_ACCOUNT, futures_account(*usdm))
    host.plays(COINM_ACCOUNT, futures_account(margin_asset("BTC", "0.5", "0.01", "0.51")))
    assert (await account.balance(Wallet.USDM)).holdings == (
        Holding("USDT", 800.25, -200.25),
        Holding("USDC", 50, 0),
        Holding("FDUSD", 0, 3),
    )
    assert (await account.balance(Wallet.COINM)).holdings == (Holding("BTC", 0.51, 0.01),)


@pytest.mark.parametrize("gap", [None, ""])
async def test_an_amount_that_is_missing_is_not_zero(
    account: Account, host: Venue, gap: str | None
) -> None:
    broken = {**margin_asset("USDT", "1", "0", "1"), "marginBalance": gap}
    host.plays(USDM_ACCOUNT, futures_account(broken))
    with pytest.raises(Malformed, match="an amount is missing"):
        await account.balance(Wallet.USDM)


async def test_unrealised_profit_that_is_not_told_is_unknown(account: Account, host: Venue) -> None:
    row = {**margin_asset("USDT", "1", "0", "1"), "unrealizedProfit": ""}
    host.plays(USDM_ACCOUNT, futures_account(row))
    assert (await account.balance(Wallet.USDM)).holdings == (Holding("USDT", 1, None),)


async def test_a_linear_position(account: Account, host: Venue) -> None:
    host.plays(USDM_RISK, [risk("ETHUSDT", "0.000"), risk("BTCUSDT", "0.500")])
    host.plays(SETTINGS, [setting("BTCUSDT", leverage=20), setting("ETHUSDT", leverage=3)])
    told = await account.positions(LINEAR, find)
    (position,) = told.positions
    assert (told.venue, told.family, told.received_ms) == ("binance", LINEAR, NOW)
    assert (position.instrument, position.symbol) == (PERP, "BTCUSDT")
    assert (position.side, position.hedged) == (Side.LONG, False)
    assert (position.contracts, position.coins, position.usd) == (0.5, 0.5, 32002.5)
    assert (position.entry, position.mark, position.liquidation) == (63000.5, 64005, 58000.25)
    assert (position.leverage, position.isolated) == (20, False)
    assert (position.settle, position.unrealised) == ("USDT", 502.25)
    assert position.margin == 1600.125  # Without that of open orders.


async def test_the_sign_of_a_position_is_its_side(account: Account, host: Venue) -> None:
    host.plays(USDM_RISK, [risk("BTCUSDT", "-0.500", notional="-32002.5")])
    host.plays(SETTINGS, [setting("BTCUSDT", "ISOLATED")])
    (position,) = (await account.positions(LINEAR, find)).positions
    assert (position.side, position.coins, position.usd) == (Side.SHORT, 0.5, 32002.5)
    assert position.isolated


async def test_in_hedge_mode_both_sides_of_a_market_are_open(account: Account, host: Venue) -> None:
    legs = risk("BTCUSDT", "0.5", positionSide="LONG"), risk("BTCUSDT", "-2", positionSide="SHORT")
    host.plays(USDM_RISK, list(legs))
    host.plays(SETTINGS, [setting("BTCUSDT")])
    told = (await account.positions(LINEAR, find)).positions
    assert [(leg.side, leg.hedged, leg.coins) for leg in told] == [
        (Side.LONG, True, 0.5),
        (Side.SHORT, True, 2),
    ]


async def test_prices_are_per_plain_coin_and_placeholders_none(
    account: Account, host: Venue
) -> None:
    prices = {"entryPrice": "0.0125", "markPrice": "0.012", "liquidationPrice": "0"}
    host.plays(USDM_RISK, [risk("1000PEPEUSDT", "3000", notional="36", **prices)])
    host.plays(SETTINGS, [setting("1000PEPEUSDT", leverage="")])
    (position,) = (await account.positions(LINEAR, find)).positions
    assert position.instrument is PEPE
    assert (position.contracts, position.coins, position.usd) == (3000, 3_000_000, 36)
    assert position.entry == pytest.approx(0.0000125)
    assert position.mark == pytest.approx(0.000012)
    assert (position.liquidation, position.leverage) == (None, None)
    assert position.endless


@pytest.mark.parametrize("price", [None, "", "58000"])
async def test_a_liquidation_price_that_is_not_told_is_not_none(
    account: Account, host: Venue, price: str | None
) -> None:
    host.plays(USDM_RISK, [risk("BTCUSDT", "1", liquidationPrice=price)])
    host.plays(SETTINGS, [setting("BTCUSDT")])
    host.plays(COINM_RISK, [coin_risk("BTCUSD_PERP", "1", liquidationPrice=price)])
    for family in account.families:
        (position,) = (await account.positions(family, find)).positions
        assert not position.endless


async def test_a_position_in_credits_is_in_dollars(account: Account, host: Venue) -> None:
    host.plays(USDM_RISK, [risk("GONEUSDT", "1", marginAsset="BNFCR")])
    host.plays(SETTINGS, [])
    (position,) = (await account.positions(LINEAR, find)).positions
    assert (position.settle, position.usd) == ("BNFCR", 32002.5)


async def test_of_a_market_on_no_list_only_what_the_venue_tells_is_known(
    account: Account, host: Venue
) -> None:
    host.plays(USDM_RISK, [risk("1000GONEUSDT", "7")])
    host.plays(SETTINGS, [])
    host.plays(COINM_RISK, [coin_risk("GONEUSD_260925", "7")])
    (linear,) = (await account.positions(LINEAR, find)).positions
    (inverse,) = (await account.positions(INVERSE, find)).positions
    assert (linear.instrument, linear.contracts, linear.usd) == (None, 7, 32002.5)
    assert (linear.coins, linear.entry, linear.mark, linear.liquidation) == (None,) * 4
    assert (linear.leverage, linear.isolated, linear.settle) == (None, None, "USDT")
    assert (inverse.contracts, inverse.leverage, inverse.settle) == (7, 10, "GONE")
    assert (inverse.coins, inverse.usd, inverse.entry, inverse.margin) == (None,) * 4


async def test_a_notional_that_is_not_in_dollars_is_no_dollars(
    account: Account, host: Venue
) -> None:
    host.plays(USDM_RISK, [risk("ETHBTC", "10", marginAsset="BTC", notional="0.5")])
    host.plays(SETTINGS, [setting("ETHBTC")])
    (position,) = (await account.positions(LINEAR, find)).positions
    assert (position.settle, position.usd) == ("BTC", None)


async def test_an_inverse_position_is_contracts_of_so_many_dollars(
    account: Account, host: Venue
) -> None:
    host.plays(COINM_RISK, [coin_risk("ETHUSD_PERP", "0"), coin_risk("BTCUSD_PERP", "-32")])
    (position,) = (await account.positions(INVERSE, find)).positions
    assert (position.instrument, position.side) == (COIN_PERP, Side.SHORT)
    assert (position.contracts, position.usd, position.coins) == (32, 3200, 0.05)
    assert (position.entry, position.mark, position.liquidation) == (62500, 64000, None)
    assert position.endless
    assert (position.leverage, position.isolated, position.settle) == (10, False, "BTC")
    assert position.margin == pytest.approx(0.005)
    assert position.unrealised == 0.0012


async def test_a_look_at_inverse_positions_weighs_two(
    binance: Binance, account: Account, host: Venue
) -> None:
    host.plays(COINM_RISK, [])
    await leave(binance, host, INVERSE, 2)
    await account.positions(INVERSE, find)
    with pytest.raises(RateLimited):
        await spend_one(binance, INVERSE)


async def test_an_isolated_inverse_leg_in_hedge_mode(account: Account, host: Venue) -> None:
    more = {"positionSide": "SHORT", "marginType": "isolated", "liquidationPrice": "70000"}
    host.plays(COINM_RISK, [coin_risk("BTCUSD_PERP", "-1", **more)])
    (position,) = (await account.positions(INVERSE, find)).positions
    assert (position.side, position.hedged) == (Side.SHORT, True)
    assert (position.isolated, position.liquidation) == (True, 70000)


async def test_dated_futures_are_positions_too(account: Account, host: Venue) -> None:
    dated = replace(COIN_PERP, symbol="BTCUSD_260925", expires_ms=1790323200000)
    host.plays(COINM_RISK, [coin_risk("BTCUSD_260925", "5")])
    told = await account.positions(INVERSE, lambda family, symbol: dated)
    assert [(one.instrument, one.usd) for one in told.positions] == [(dated, 500)]


async def test_five_hundred_positions(account: Account, host: Venue) -> None:
    host.plays(USDM_RISK, [risk(f"COIN{i}USDT", str(i + 1)) for i in range(500)])
    host.plays(SETTINGS, [setting(f"COIN{i}USDT", leverage=i) for i in range(700)])
    told = (await account.positions(LINEAR, find)).positions
    assert [(one.contracts, one.leverage) for one in told] == [(i + 1, i) for i in range(500)]


async def test_nothing_open_is_an_answer(account: Account, host: Venue) -> None:
    host.plays(USDM_RISK, [])
    host.plays(SETTINGS, [])
    host.plays(COINM_RISK, [])
    assert (await account.positions(LINEAR, find)).positions == ()
    assert (await account.positions(INVERSE, find)).positions == ()


@pytest.mark.parametrize("gone", ["symbol", "positionAmt", "positionSide", "marginAsset"])
async def test_a_position_of_another_shape_is_not_left_out(
    account: Account, host: Venue, gone: str
) -> None:
    row = risk("BTCUSDT", "1")
    del row[gone]
    host.plays(USDM_RISK, [row])
    host.plays(SETTINGS, [setting("BTCUSDT")])
    with pytest.raises(Malformed):
        await account.positions(LINEAR, find)


async def test_a_key_without_futures_still_tells_spot_and_funding(
    account: Account, host: Venue
) -> None:
    host.plays(OWNED, spot_account(held("BTC", "1")))
    host.plays(FUNDING_ASSETS, [])
    for path in (USDM_ACCOUNT, COINM_ACCOUNT, USDM_RISK, COINM_RISK, SETTINGS):
        host.plays(path, NO_PERMISSION)
    for wallet in account.margined:
        with pytest.raises(NotRead, match="may not read futures"):
            await account.balance(wallet)
    for family in account.families:
        with pytest.raises(Refused, match="portfolio margin"):
            await account.positions(family, find)
    assert (await account.balance(Wallet.SPOT)).holdings == (Holding("BTC", 1),)
    assert (await account.balance(Wallet.FUNDING)).holdings == ()


async def test_a_wallet_of_another_venue_is_not_asked_for(account: Account, host: Venue) -> None:
    with pytest.raises(Unsupported, match="unified"):
        await account.balance(Wallet.UNIFIED)
    assert host.asked == []


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (replace(KEY, name="wrong"), "refused: Invalid API-key, IP, or permissions"),
        (replace(KEY, secret="wrong"), "refused: wrong secret"),
    ],
)
async def test_a_wrong_key_is_refused_in_the_venues_words(
    binance: Binance, host: Venue, key: Key, text: str
) -> None:
    with pytest.raises(Refused, match=text):
        await binance.account(key).permissions()
    assert host.signed == []


@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        (
            refusal(-2014, "API-key format invalid.", 401),
            Refused,
            "no such key (-2014)",
        ),
        (BAD_SIGNATURE, Refused, "(-1022)"),
        (refusal(-4109, "This account is inactive.", 400), Refused, "inactive. (-4109)"),
        (refusal(-1003, "Too many requests.", 429), RateLimited, "rate-limited"),
        (refusal(-1007, "Timeout waiting for response.", 408), Unreachable, "Timeout"),
        (refusal(-1001, "Internal error.", 503), Unreachable, "HTTP 503"),
        (TOO_LATE, ClockSkew, "recvWindow"),
        (Reply(b"<html>", 200), Malformed, "HTML"),
        (Reply({"assets": {}}), Malformed, "not the documented list"),
        (Reply([]), Malformed, "another shape"),
    ],
)
async def test_why_a_wallet_is_not_told(
    account: Account, host: Venue, reply: Reply, error: type[ExchangeError], text: str
) -> None:
    host.plays(USDM_ACCOUNT, reply)
    with pytest.raises(error) as caught:
        await account.balance(Wallet.USDM)
    assert text in str(caught.value)
    assert KEY.name not in str(caught.value)


async def test_the_venues_clock_counts_and_is_measured_once(account: Account, host: Venue) -> None:
    host.plays(OWNED, spot_account())
    for _ in range(3):
        await account.balance(Wallet.SPOT)
    assert len(host.asked_for(TIME)) == 1
    assert len(host.stamps) == 3
    assert account.clock.ahead_seconds == pytest.approx(3600, abs=2)


async def test_a_clock_that_has_moved_is_measured_again_and_the_request_repeated(
    account: Account, host: Venue
) -> None:
    host.plays(OWNED, spot_account())
    await account.balance(Wallet.SPOT)
    host.ahead_ms -= HOUR
    await account.balance(Wallet.SPOT)
    assert len(host.asked_for(TIME)) == 2
    assert len(host.stamps) == 2


async def test_every_request_is_signed_anew_and_none_is_kept(
    door: Door, base: str, host: Venue
) -> None:
    running = replace(door, clock_ms=partial(next, count(NOW)))
    account = Binance(running, dict.fromkeys(Binance.addresses, base)).account(KEY)
    host.plays(USDM_ACCOUNT, Reply(b"", 502), futures_account())
    await account.balance(Wallet.USDM)
    await account.balance(Wallet.USDM)
    assert len(set(host.asked_for(USDM_ACCOUNT))) == len(set(host.stamps)) == 3


@pytest.mark.parametrize(("path", "weight"), [(USDM_ACCOUNT, 5), (COINM_ACCOUNT, 5)])
async def test_the_account_shares_the_markets_limit(
    binance: Binance, account: Account, host: Venue, path: str, weight: int
) -> None:
    wallet = Wallet.USDM if path == USDM_ACCOUNT else Wallet.COINM
    host.plays(path, futures_account())
    await leave(binance, host, INVERSE, weight)
    await account.balance(wallet)
    with pytest.raises(RateLimited):
        await spend_one(binance, INVERSE)


async def test_a_look_at_the_spot_wallet_weighs_twenty(
    binance: Binance, account: Account, host: Venue
) -> None:
    host.plays(OWNED, spot_account())
    await account.clock.now_ms()
    used = Reply(spot_account(), 200, {"X-MBX-USED-WEIGHT-1M": "5961"})
    host.plays(OWNED, used, spot_account())
    await account.balance(Wallet.SPOT)
    await account.balance(Wallet.SPOT)
    with pytest.raises(RateLimited):
        await account.balance(Wallet.SPOT)


async def test_the_wallets_own_paths_have_limits_of_their_own(
    account: Account, host: Venue
) -> None:
    full = {"X-SAPI-USED-IP-WEIGHT-1M": "12000"}
    host.plays(RESTRICTIONS, Reply(restrictions(), 200, full))
    host.plays(OWNED, spot_account())
    host.plays(FUNDING_ASSETS, [])
    await account.permissions()
    with pytest.raises(RateLimited):
        await account.permissions()
    await account.balance(Wallet.FUNDING)


async def test_nothing_of_the_key_is_told_when_an_answer_cannot_be_read(
    account: Account, host: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    host.plays(USDM_ACCOUNT, {"assets": [{"asset": "USDT"}]})
    with pytest.raises(Malformed) as caught:
        await account.balance(Wallet.USDM)
    (sent,) = host.asked_for(USDM_ACCOUNT)
    logged = [one.getMessage() for one in caplog.records if one.name != "aiohttp.access"]
    assert any("cannot be read" in text for text in logged)
    texts = [*logged, str(caught.value), repr(caught.value.__cause__), repr(account)]
    for secret in (KEY.name, KEY.secret, sent.rpartition("=")[2]):
        assert not any(secret in text for text in texts)


@pytest.mark.parametrize(
    ("number", "powers"),
    [
        ("000", ("enablePortfolioMarginTrading",)),
        (
            "001",
            ("enableInternalTransfer", "permitsUniversalTransfer", "enablePortfolioMarginTrading"),
        ),
    ],
)
async def test_recorded_permissions(
    account: Account, host: Venue, recorded: Recorded, number: str, powers: tuple[str, ...]
) -> None:
    host.plays(RESTRICTIONS, recorded(f"binance/api_key_permissions/{number}")["httpResponse"])
    host.plays(OWNED, recorded("binance/spot_balance/000")["httpResponse"])
    told = await account.permissions()
    assert (told.uid, told.powers, told.withdraws) == ("365859102", powers, False)


@pytest.mark.parametrize(
    ("entry", "wallet"),
    [
        ("binance/spot_balance/000", Wallet.SPOT),
        ("binance/futures_balance/000", Wallet.USDM),
    ],
)
async def test_recorded_balances_read_as_others_read_them(
    account: Account, host: Venue, recorded: Recorded, entry: str, wallet: Wallet
) -> None:
    told = recorded(entry)
    host.plays(OWNED if wallet is Wallet.SPOT else USDM_ACCOUNT, told["httpResponse"])
    holdings = (await account.balance(wallet)).holdings
    totals = told["parsedResponse"]["total"]
    assert {one.coin: one.coins for one in holdings} == {
        coin: total for coin, total in totals.items() if total
    }


async def test_a_recorded_futures_wallet_is_the_sum_of_its_coins(
    account: Account, host: Venue, recorded: Recorded
) -> None:
    """In multi-assets mode: all coins are dollars there, and their total is told."""
    body = recorded("binance/positions/002")["httpResponse"]
    host.plays(USDM_ACCOUNT, body)
    holdings = (await account.balance(Wallet.USDM)).holdings
    assert {one.coin for one in holdings} == {"USDT", "USDC"}
    dollars = sum(one.coins for one in holdings)
    assert dollars == pytest.approx(float(body["totalMarginBalance"]), rel=1e-3)


async def test_a_recorded_funding_wallet(account: Account, host: Venue, recorded: Recorded) -> None:
    host.plays(FUNDING_ASSETS, recorded("binance/wallet_overview/004")["httpResponse"])
    assert (await account.balance(Wallet.FUNDING)).holdings == (Holding("USDT", 1),)


async def test_recorded_coin_margined_wallets_are_empty(
    account: Account, host: Venue, recorded: Recorded
) -> None:
    host.plays(COINM_ACCOUNT, recorded("binance/account_config/001")["httpResponse"])
    assert (await account.balance(Wallet.COINM)).holdings == ()


async def test_a_documented_position(account: Account, host: Venue, recorded: Recorded) -> None:
    host.plays(USDM_RISK, recorded("binance/positions/009")["httpResponse"])
    host.plays(SETTINGS, [setting("ADAUSDT")])
    ada = replace(PERP, symbol="ADAUSDT", coin="ADA")
    (position,) = (await account.positions(LINEAR, lambda *_: ada)).positions
    assert (position.side, position.coins, position.usd) == (Side.LONG, 30, 12.314277)
    assert position.unrealised == pytest.approx(30 * (0.4104759 - 0.385))
    assert position.margin == pytest.approx(12.314277 / 20)
