"""/balance: what wallets hold and are worth, and what is said of those that were not read."""

import re
from collections.abc import Collection
from dataclasses import replace
from math import fsum

import pytest

from crypto_assistant.commands import COMMANDS
from crypto_assistant.errors import Refused, Unreachable
from crypto_assistant.grammar import parse
from crypto_assistant.models import Holding, Wallet
from crypto_assistant.sandbox import Fault
from tests.floor import Floor, floor, numbers
from tests.played import Played, give_keys
from tests.truth import Truth
from tests.venues import VENUES

SPOT_TICKERS = {"binance": "/api/v3/ticker/24hr", "bybit": "/v5/market/tickers"}


def binance() -> Played:
    return Played(
        "binance",
        {
            Wallet.SPOT: [
                *(Holding("BTC", 0.5), Holding("1000SATS", 2e6), Holding("ETH", -0.25)),
                *(Holding("NOPRICE", 1e6), Holding("DOGE", 1.0), Holding("TRX", -2.0)),
            ],
            Wallet.USDM: [Holding("USDT", 20_000.12, -12.34), Holding("USDC", 100.0)],
            Wallet.COINM: [Holding("BTC", 0.1, 0.001)],
        },
    )


def bybit() -> Played:
    return Played(
        "bybit",
        {
            Wallet.UNIFIED: [Holding("BTC", 0.2, 0.0, 1.0), Holding("FOO", 5.0, 0.0, 12.5)],
            Wallet.FUNDING: [Holding("USDT", 7.0)],
        },
    )


def worth(truth: Truth, venue: str, coin: str) -> float:
    """The mid of the coin's USDT market, of as many coins as its name says."""
    market = next(
        market
        for market in truth.markets
        if (market.venue, market.kind, market.base, market.quote) == (venue, "spot", coin, "USDT")
    )
    quote = truth.quote(market)
    return (quote.bid + quote.ask) / 2


def held(truth: Truth, account: Played, wallets: Collection[Wallet] = tuple(Wallet)) -> float:
    """What the account is worth without what has no price."""
    found = []
    for wallet, holdings in account.holdings.items():
        assert not isinstance(holdings, Exception)
        for holding in holdings if wallet in wallets else ():
            if holding.coin == "FOO":
                found.append(12.5)
            elif holding.coin != "NOPRICE":
                dollar = holding.coin == "USDT"
                price = 1.0 if dollar else worth(truth, account.venue, holding.coin)
                found.append(holding.coins * price)
    return fsum(found)


async def shown(market: Floor, line: str) -> str:
    return (await market.front.reply(line)).text


async def test_every_wallet_counts_at_its_own_venues_prices(market: Floor, truth: Truth) -> None:
    give_keys(market, binance(), bybit())
    found = await market.ask("/balance")
    one, other = held(truth, binance()), held(truth, bybit())
    assert found["venues"]["binance"]["equity_usd"] == pytest.approx(one, abs=1e-6)
    assert found["venues"]["bybit"]["equity_usd"] == pytest.approx(other, abs=1e-6)
    assert found["total"]["equity_usd"] == pytest.approx(one + other, abs=1e-6)
    assert found["total"]["venues"] == ["binance", "bybit"]
    assert found["total"]["unvalued_coins"] == {"NOPRICE": ["binance"]}
    unrealised = -12.34 + 0.001 * worth(truth, "binance", "BTC")
    assert found["total"]["unrealised_usd"] == pytest.approx(unrealised)
    sats = found["venues"]["binance"]["wallets"]["spot"]["coins"]["1000SATS"]
    assert sats["usd"] == pytest.approx(2e6 * worth(truth, "binance", "1000SATS"))
    assert (found["asked"], found["failed"], found["keyless"]) == (
        ["binance", "bybit"],
        {},
        ["okx"],
    )


async def test_one_round_trip_asks_each_wallet_once_and_prices_in_bulk(market: Floor) -> None:
    accounts = binance(), bybit()
    give_keys(market, *accounts)
    await market.ask("/balance")
    assert accounts[0].asked == dict.fromkeys(accounts[0].wallets, 1)
    assert accounts[1].asked == dict.fromkeys(accounts[1].wallets, 1)
    assert market.gets("binance") == {SPOT_TICKERS["binance"]: 1}
    assert market.gets("bybit") == {SPOT_TICKERS["bybit"]: 1}
    assert market.gets("okx") == {}


async def test_a_wallet_that_fails_is_named_and_the_rest_stands(
    market: Floor, truth: Truth
) -> None:
    account = binance()
    account.holdings[Wallet.USDM] = Refused("-2015", "the key may not read futures")
    give_keys(market, account, bybit())
    found = await market.ask("/balance")
    assert found["failed"] == {
        "binance": "USD-M wallet: refused: the key may not read futures (-2015)"
    }
    rest = held(truth, binance(), {Wallet.SPOT, Wallet.COINM}) + held(truth, bybit())
    assert found["total"]["equity_usd"] == pytest.approx(rest)
    assert found["total"]["venues"] == ["bybit"]
    assert found["venues"]["binance"]["missing_wallets"] == ["usdm"]
    text = await shown(market, "/balance details")
    assert re.search(r"<b>Balance \$\S+</b>\nwithout Binance USD-M\n", text)
    assert re.search(r"BIN +[\d,.]+… ", text)
    assert "USD-M n/a" in text


async def test_a_venue_that_is_silent_is_missing_and_not_poor(market: Floor) -> None:
    account = bybit()
    account.holdings = dict.fromkeys(account.wallets, Unreachable("HTTP 503"))
    give_keys(market, binance(), account)
    found = await market.ask("/balance")
    assert found["venues"]["bybit"]["equity_usd"] is None
    assert (found["failed"]["bybit"], found["answered"]) == ("HTTP 503", ["binance"])
    text = await shown(market, "/balance")
    assert re.search(r"<b>Balance \$\S+</b> · n/a for Bybit\n", text)
    assert re.search(r"BYB +n/a +n/a", text)


async def test_a_key_that_may_withdraw_is_asked_nothing(market: Floor) -> None:
    account = replace(bybit(), withdraws=True)
    give_keys(market, account)
    found = await market.ask("/balance")
    assert not account.asked
    assert not market.sandbox.requests
    assert (found["answered"], found["total"]["equity_usd"]) == ([], None)
    assert found["failed"] == {"bybit": "key refused: it may withdraw; make one that only reads"}


async def test_without_prices_only_dollars_and_the_venues_own_figures_count() -> None:
    async with floor() as market:
        market.sandbox.faults = [
            Fault(venue, "http", 503, path=path) for venue, path in SPOT_TICKERS.items()
        ]
        await market.open()
        give_keys(market, binance(), bybit())
        found = await market.ask("/balance")
        text = await shown(market, "/balance")
    assert found["failed"] == dict.fromkeys(("binance", "bybit"), "spot prices: HTTP 503")
    assert found["venues"]["binance"]["equity_usd"] == 20_000.12
    assert found["venues"]["bybit"]["equity_usd"] == 1.0 + 12.5 + 7.0
    unvalued = ["1000SATS", "BTC", "DOGE", "ETH", "NOPRICE", "TRX", "USDC"]
    assert found["total"]["unvalued_coins"] == {coin: ["binance"] for coin in unvalued}
    assert "without a price: 2,000,000 1000SATS\n0.6 BTC (Binance) · 1 DOGE" in text
    assert " · 2 more\n" in text
    # What the venue itself values is no less than whole.
    assert found["total"]["venues"] == ["bybit"]
    assert "\nwithout Binance prices\n" in text


async def test_a_wallet_and_prices_that_are_missing_are_named_together() -> None:
    account = binance()
    account.holdings[Wallet.USDM] = Unreachable("HTTP 503")
    async with floor() as market:
        market.sandbox.faults = [Fault("binance", "http", 503, path=SPOT_TICKERS["binance"])]
        await market.open()
        give_keys(market, account)
        assert "\nwithout Binance USD-M, prices\n" in await shown(market, "/balance")


async def test_any_fortune_has_its_cents_on_top_and_fits_a_phone(market: Floor) -> None:
    rich = replace(binance(), holdings={Wallet.USDM: [Holding("USDT", 12_345_678_901.12, -1e9)]})
    give_keys(market, rich)
    for line in ("/balance", "/balance details"):
        await market.ask(line)
        text = await shown(market, line)
        assert text.startswith("<b>Balance $12,345,678,901.12</b>")
        assert re.search(r"BIN +12\.3B +-1\.00B\b", text)


async def test_the_compact_answer_is_a_few_lines(market: Floor) -> None:
    give_keys(market, binance(), bybit(), Played("okx"))
    text = await shown(market, "/balance")
    assert text.startswith("<b>Balance $")
    assert text.split("\n")[1] == "not read: Earn · margin · bots"
    assert text.split("\n")[2].startswith("without a price: 1,000,000 NOPRICE")
    assert "DOGE" not in text
    assert re.search(r"dust -?\$0\.\d\d \(2\)\n", text)
    assert text.count("\n") <= 12


async def test_details_list_coin_by_coin_with_dust_in_one_line(market: Floor, truth: Truth) -> None:
    give_keys(market, binance(), bybit())
    text = await shown(market, "/balance details")
    assert re.search(r"NOPRICE +1,000,000 +n/a", text)
    assert "FOO*" in text
    assert re.search(r"ETH +-0\.25 +-\d", text)
    dust = worth(truth, "binance", "DOGE") - 2 * worth(truth, "binance", "TRX")
    assert abs(dust) < 1
    assert "DOGE" not in text
    line = next(line for line in text.split("\n") if line.startswith("dust (2)"))
    assert line.split()[-1].removesuffix("</pre>") == f"{dust:.2f}"
    assert "funding $0.00" in text
    assert "not read: Earn · margin" in text


async def test_one_venue_is_asked_alone(market: Floor) -> None:
    silent = binance()
    give_keys(market, silent, bybit())
    found = await market.ask("/balance bybit")
    assert (list(found["venues"]), found["keyless"]) == (["bybit"], [])
    assert not silent.asked


async def test_a_venue_without_a_key_is_a_line_and_no_failure(market: Floor) -> None:
    give_keys(market, binance())
    text = await shown(market, "/balance")
    assert "no key: Bybit, OKX" in text
    assert " · 1/1 venue" in text


async def test_without_any_key_one_line_says_what_to_set(market: Floor) -> None:
    give_keys(market)
    sheet = await market.front.reply("/balance")
    assert sheet.text.split("\n")[0] == (
        "no key: Binance wants BINANCE_API_KEY, BINANCE_SECRET_KEY; "
        "Bybit wants BYBIT_API_KEY, BYBIT_SECRET_KEY; "
        "OKX wants OKX_API_KEY, OKX_SECRET_KEY, OKX_PASSPHRASE"
    )
    assert sheet.buttons == ()
    assert sheet.answer is not None
    assert numbers(sheet.answer)["failed"] == {}


async def test_play_money_is_shown_and_not_added(market: Floor, truth: Truth) -> None:
    give_keys(market, binance(), replace(bybit(), environment="demo"))
    found = await market.ask("/balance")
    assert found["total"]["equity_usd"] == pytest.approx(held(truth, binance()))
    assert found["venues"]["bybit"]["equity_usd"] == pytest.approx(held(truth, bybit()))
    text = await shown(market, "/balance details")
    assert "n/a for" not in text
    assert "play money: Bybit (demo)\nnot in the totals\n" in text
    assert "<b>Bybit (demo) $" in text


async def test_where_all_is_play_money_it_is_added_and_said_so(market: Floor) -> None:
    give_keys(market, *(replace(one, environment="testnet") for one in (binance(), bybit())))
    text = await shown(market, "/balance")
    assert "n/a for" not in text
    assert "play money: Binance (testnet)\nBybit (testnet)\n" in text


async def test_a_clock_that_is_off_is_told(market: Floor) -> None:
    give_keys(market, replace(binance(), ahead_seconds=41.2), replace(bybit(), ahead_seconds=-0.9))
    assert "clock: this host is 41 s behind Binance\n" in await shown(market, "/balance")


async def test_while_a_venue_is_awaited_the_others_are_shown() -> None:
    async with floor() as market:
        await market.open()
        give_keys(market, binance(), bybit())
        market.sandbox.faults = [Fault("bybit", "slow", 2, path=SPOT_TICKERS["bybit"])]
        first, *_, last = await market.watch("/balance")
    assert "waiting: Bybit" in first.text
    assert "waiting" not in last.text


async def test_only_what_has_no_price_is_named_with_its_amount(market: Floor) -> None:
    account = bybit()
    account.holdings[Wallet.FUNDING] = [Holding("FOO", 3.0)]
    give_keys(market, account)
    assert "\nwithout a price: 3 FOO (Bybit)\n" in await shown(market, "/balance")


async def test_hundreds_of_coins_page(market: Floor) -> None:
    account = bybit()
    account.holdings[Wallet.FUNDING] = [Holding(f"AIRDROP{i}", 1.0) for i in range(300)]
    give_keys(market, account)
    first = await market.front.reply("/balance details")
    assert [button.label for button in first.buttons[-1]] == ["›"]
    texts = [await shown(market, f"/balance details page {page}") for page in range(1, 9)]
    assert all(f"AIRDROP{i} " in "".join(texts) for i in range(300))


@pytest.mark.parametrize("line", ["/balance", "/balance details"])
async def test_every_button_is_a_line_that_is_understood(market: Floor, line: str) -> None:
    give_keys(market, bybit())
    rows = (await market.front.reply(line)).buttons
    assert [[button.label for button in row] for row in rows] == [
        ["Refresh", "Compact" if "details" in line else "Details"],
        ["Positions", "PnL"],
        ["today", "7d", "30d"],
    ]
    lines = [button.line for row in rows for button in row]
    assert lines[2:] == ["positions", "pnl", "pnl today", "pnl 7d", "pnl 30d"]
    for each in lines:
        assert parse(each, COMMANDS, VENUES)[0].private
