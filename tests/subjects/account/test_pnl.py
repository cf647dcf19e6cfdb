"""/pnl over the simulated accounts: every number is what happened in them."""

import re
from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crypto_assistant import bookkeeper
from crypto_assistant.accounts import Access
from crypto_assistant.commands import COMMANDS
from crypto_assistant.front import Front, Sheet
from crypto_assistant.grammar import parse
from crypto_assistant.ledger import Book, Ledger
from crypto_assistant.midnights import midnight_ms
from crypto_assistant.models import Family
from crypto_assistant.sandbox import Fault
from crypto_assistant.state.store import Store
from crypto_assistant.view import LONGEST_MESSAGE, cut, utf16_units
from tests.clock import NOW, clock
from tests.floor import VENUES, assert_readable, differences, key, numbers
from tests.owner import DAY, exchanges, program
from tests.truths.pnl import Account, by_coin, fields
from tests.venues import account_at

CENT = 0.01
TINY = 1e-6
"""Dollars: far below a cent, far above what floats lose."""


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with Store.opened(None, clock) as store:
        yield store


def midnight(days: int = 0) -> int:
    return midnight_ms(NOW, None, days)


def account(venue: str, now: int = NOW) -> Account:
    sandbox, *_ = exchanges()
    return Account(sandbox, next(name for name in sandbox.owners if name == venue), now)


async def asked(front: Front, line: str) -> dict[str, Any]:
    answer = await front.ask(line)
    assert_readable(front.sheet(line, answer))
    found: dict[str, Any] = numbers(answer)
    return found


async def take_snapshots(front: Front) -> None:
    """What the bookkeeper does at midnight."""
    for venue, access in front.desk.accounts.items():
        book = Book(venue, access.environment, (await access.permissions()).uid)
        taken = await bookkeeper.snapshot(front.desk, await access.account(), book)
        await access.ledger.keep_snapshot(taken)


def assert_told(answer: dict[str, Any], days: int, coin: str | None = None) -> None:
    """Flows and open positions of every venue, and their totals."""
    truths = {venue: account(venue) for venue in VENUES}
    sums = {venue: fields(truth.sums(midnight(days), coin)) for venue, truth in truths.items()}
    for venue, truth in truths.items():
        told = answer["venues"][venue]
        assert told["flows"] == {**_near(sums[venue]), "unpriced_coins": {}}
        assert told["open"]["unrealised_usd"] == _close(truth.unrealised(coin))
        # Binance tells no margin of its coin-margined positions; the truth has eight decimals.
        assert told["open"]["margin_usd"] == pytest.approx(float(truth.margin(coin)), abs=0.001)
    total = {name: sum(told[name] for told in sums.values()) for name in sums["okx"]}
    assert answer["total"]["flows"] == {**_near(total), "unpriced_coins": {}}
    opened = sum(truth.unrealised(coin) for truth in truths.values())
    assert answer["total"]["open"]["unrealised_usd"] == _close(opened)


def _near(told: dict[str, float]) -> dict[str, Any]:
    return {name: pytest.approx(value, abs=TINY) for name, value in told.items()}


def _close(value: Any) -> Any:
    return pytest.approx(float(value), abs=TINY)


async def test_every_number_is_what_happened_in_the_accounts(store: Store) -> None:
    async with program(store) as (front, _):
        for window, days in {"today": 0, "7d": -6, "30d": -29}.items():
            answer = await asked(front, f"/pnl {window}")
            assert not answer["failed"]
            assert answer["start_ms"] == midnight(days)
            assert_told(answer, days)
            for venue in VENUES:
                sums, told = account(venue).sums(midnight(days)), answer["venues"][venue]
                for why in ("spot", "transfers", "other"):
                    assert told[f"{why}_usd"] == _close(sums.get(why, 0)), (venue, why)
                assert told["log_since_ms"] == midnight(days)
        assert_told(await asked(front, "/pnl 30d btc"), -29, "BTC")
        eth = await asked(front, "/pnl 7d ethusdt details")
        assert_told(eth, -6, "ETH")
        assert [coin["coin"] for coin in eth["venues"]["okx"]["coins"]] == ["ETH"]


async def test_the_coins_of_a_venue_add_up_to_it(store: Store) -> None:
    async with program(store) as (front, _):
        answer = await asked(front, "/pnl 7d details")
    for venue in VENUES:
        told = answer["venues"][venue]
        for name, value in told["flows"].items():
            if name != "unpriced_coins":
                assert sum(coin["flows"][name] for coin in told["coins"]) == _close(value)
        pepe = by_coin(told["coins"], "PEPE")
        assert pepe["flows"] == {
            **_near(fields(account(venue).sums(midnight(-6), "PEPE"))),
            "unpriced_coins": {},
        }
        assert pepe["open"]["unrealised_usd"] == _close(account(venue).unrealised("PEPE"))


@pytest.mark.parametrize(
    ("now", "days"),
    [(NOW, -1), (NOW, -6), (NOW - 38 * DAY, -4)],
    ids=["since yesterday", "since the window began", "with a liquidation"],
)
async def test_an_account_adds_up_from_the_snapshot_to_the_last_cent(
    store: Store, now: int, days: int
) -> None:
    taken_ms = midnight_ms(now, None, days) + bookkeeper.SETTLING_MS
    async with program(store, taken_ms) as (front, _):
        await take_snapshots(front)
    async with program(store, now) as (front, _):
        answer = await asked(front, "/pnl 7d details")
    for venue in VENUES:
        found = answer["venues"][venue]["reconciliation"]
        assert found["since_ms"] // 1000 == taken_ms // 1000
        assert found["residual_usd"] == _close(0)
        assert not found["flagged"]
        assert found["opening_usd"] == _close(account(venue, taken_ms).equity())
        assert found["now_usd"] == _close(account(venue, now).equity())
        sums = account(venue, now).sums(taken_ms)
        other = sum(sums.get(why, 0) for why in ("rebates", "liquidation", "spot", "other"))
        assert found["other_usd"] == _close(other)
        assert found["transfers_usd"] == _close(sums.get("transfers", 0))
        for why in ("realised", "fees", "funding"):
            assert found[f"{why}_usd"] == _close(sums[why])
        assert abs(found["revaluation_usd"]) > CENT
        assert abs(found["unrealised_change_usd"]) > CENT
        assert now == NOW or sums["liquidation"]


async def test_what_was_realised_is_held_against_the_equity_that_the_window_opened_with(
    store: Store,
) -> None:
    taken_ms = midnight() + bookkeeper.SETTLING_MS
    async with program(store, taken_ms) as (front, _):
        await take_snapshots(front)
    async with program(store) as (front, _):
        today, week = await asked(front, "/pnl"), await asked(front, "/pnl 7d")
    opening = {venue: account(venue, taken_ms).equity() for venue in VENUES}
    realised = {venue: account(venue).sums(midnight())["realised"] for venue in VENUES}
    for venue in VENUES:
        told = today["venues"][venue]
        assert told["opening_equity_usd"] == _close(opening[venue])
        share = float(realised[venue] / opening[venue])
        assert told["realised_on_opening_fraction"] == pytest.approx(share)
        assert week["venues"][venue]["opening_equity_usd"] is None
        assert week["venues"][venue]["reconciliation"]["since_ms"] // 1000 == taken_ms // 1000
    share = float(sum(realised.values()) / sum(opening.values()))
    assert today["total"]["realised_on_opening_fraction"] == pytest.approx(share)
    assert week["total"]["realised_on_opening_fraction"] is None


async def test_trades_and_the_log_agree_on_what_was_realised(store: Store) -> None:
    async with program(store) as (front, _):
        sheet = await front.reply("/pnl 7d BTC details")
    answer = told(sheet)
    found = {
        (venue, one["symbol"]): one
        for venue in VENUES
        for one in answer["venues"][venue]["by_trades"]
    }
    assert len(found) > len(VENUES)
    flat = {place: one for place, one in found.items() if one["since_ms"] is not None}
    assert {venue for venue, _ in flat} == set(VENUES)
    for (venue, symbol), one in flat.items():
        market = next(
            market
            for market in exchanges()[0].world.markets
            if (market.venue, market.symbol) == (venue, symbol)
        )
        realised = account(venue).realised(market, one["since_ms"])
        assert one["log_usd"] == _close(realised)
        assert one["average_cost_usd"] == pytest.approx(float(realised), abs=CENT)
        assert one["fifo_usd"] is not None
        assert re.search(rf"\n{symbol} by trades [+-]?\$", sheet.text)
    settled = {place: one for place, one in found.items() if one["settled"]}
    assert set(settled) == {("bybit", "BTCPERP")}
    assert "BTCPERP by trades n/a\nthe log settles it every eight hours" in sheet.text
    never = {place: one for place, one in found.items() if one["since_ms"] is None}
    assert ("bybit", "BTCUSDT") in never
    assert "BTCUSDT by trades n/a\nnever flat in this time" in sheet.text
    assert all(one["average_cost_usd"] is None for one in never.values())


async def test_it_is_known_what_the_logs_settle_while_it_is_open(store: Store) -> None:
    found: dict[tuple[str, str, bool], str] = {}
    async with program(store) as (front, _):
        listings = await front.desk.listings()
        for (venue, family), listed in [*listings.instruments.items(), *listings.dated.items()]:
            account = await front.desk.accounts[venue].account()
            if family is Family.SPOT:
                continue
            for market in (listed[row] for row in range(len(listed))):
                kind = venue, market.quote, market.expires_ms is not None
                assert found.setdefault(kind, account.settled(market)) == account.settled(market)
    assert {kind[0] for kind, how in found.items() if not how} == set(VENUES)
    assert {kind: how for kind, how in found.items() if how} == {
        ("bybit", "USDC", False): "every eight hours",
        ("okx", "USDT", True): "daily on cross margin",
        ("okx", "USD", True): "daily on cross margin",
    }


async def test_without_details_or_a_coin_no_trades_are_asked_for(store: Store) -> None:
    async with program(store) as (front, sandbox):
        for line in ("/pnl BTC", "/pnl details"):
            answer = await asked(front, line)
            assert all(answer["venues"][venue]["by_trades"] is None for venue in VENUES)
        asked_for = {seen.path for seen in sandbox.requests}
    assert not {path for path in asked_for if re.search("userTrades|execution|fills", path)}


async def test_where_trades_are_not_told_the_rest_stands(store: Store) -> None:
    async with program(store) as (front, sandbox):
        whole = await asked(front, "/pnl 7d BTC details")
        sandbox.faults.append(Fault("bybit", "http", 503, "/v5/execution/list"))
        answer = await asked(front, "/pnl 7d BTC details")
    assert answer["failed"] == {"bybit": "trades: HTTP 503"}
    whole["venues"]["bybit"]["by_trades"] = None
    assert differences(answer["venues"], whole["venues"]) == {}


FAULTS = {
    "/v5/account/transaction-log": ("account log", {"flows", "reconciliation"}),
    "/v5/position/list": ("linear positions, inverse positions", {"open"}),
    "/v5/account/wallet-balance": ("unified wallet", {"reconciliation"}),
}
"""Where Bybit fails: the part that is named, and what is then not known of it."""


async def test_what_one_venue_does_not_tell_is_missing_there_alone(store: Store) -> None:
    async with program(store) as (front, sandbox):
        await take_snapshots(front)
        whole = await asked(front, "/pnl")
        for path, (part, missing) in FAULTS.items():
            sandbox.faults[:] = [Fault("bybit", "http", 503, path)]
            sheet = await front.reply("/pnl")
            answer = told(sheet)
            assert answer["failed"] == {"bybit": f"{part}: HTTP 503"}
            others = {venue: whole["venues"][venue] for venue in ("binance", "okx")}
            bybit = answer["venues"].pop("bybit")
            assert differences(answer["venues"], others) == {}
            assert {
                name for name in ("flows", "open", "reconciliation") if not bybit[name]
            } == missing
            assert_total_is_over_the_rest(answer["total"], whole, missing)
            head = sheet.text.split("\n")[0]
            assert head.endswith(" · n/a for Bybit") == ("flows" in missing)
            assert ("open n/a for Bybit" in sheet.text) == ("open" in missing)
            why = "Not reconciled: Bybit\na wallet did not answer\n"
            assert (why in sheet.text) == (missing == {"reconciliation"})


def told(sheet: Sheet) -> dict[str, Any]:
    assert sheet.answer is not None
    assert_readable(sheet)
    found: dict[str, Any] = numbers(sheet.answer)
    return found


def assert_total_is_over_the_rest(
    total: dict[str, Any], whole: dict[str, Any], missing: set[str]
) -> None:
    def over(name: str, field: str) -> Any:
        left = [venue for venue in VENUES if venue != "bybit" or name not in missing]
        return _close(sum(whole["venues"][venue][name][field] for venue in left))

    assert total["flows"]["sum_usd"] == over("flows", "sum_usd")
    assert total["open"]["unrealised_usd"] == over("open", "unrealised_usd")
    assert ("bybit" in total["venues"]) == ("flows" not in missing)
    assert ("bybit" in total["open_venues"]) == ("open" not in missing)


NO_TICKERS = Fault("bybit", "http", 503, "/v5/market/tickers")


async def test_where_prices_fail_those_of_the_listings_have_to_do(store: Store) -> None:
    async with program(store) as (front, sandbox):
        sandbox.faults[:] = [NO_TICKERS]
        answer = await asked(front, "/pnl")
    async with program(store) as (front, _):
        whole = await asked(front, "/pnl")
    assert answer["failed"] == {"bybit": "spot prices: HTTP 503"}
    for part in ("venues", "total", "oldest_ms"):
        assert differences(answer[part], whole[part]) == {}


async def test_an_answer_is_as_old_as_the_prices_of_the_listings(store: Store) -> None:
    async with program(store) as (front, sandbox):
        sandbox.faults[:] = [NO_TICKERS]
        _, clock = exchanges()
        clock.ms += 60_000
        answer = await asked(front, "/pnl bybit")
    assert answer["time_ms"] == NOW + 60_000
    assert answer["oldest_ms"] == NOW


async def test_without_any_price_what_is_not_in_dollars_is_named_beside_the_rest(
    store: Store,
) -> None:
    async with program(store) as (front, _):
        await take_snapshots(front)
    async with program(store, faults=[NO_TICKERS]) as (front, _):
        sheet = await front.reply("/pnl")
        answer = told(sheet)
    assert answer["failed"] == {"bybit": "spot prices: HTTP 503"}
    bybit, truth = answer["venues"]["bybit"], account("bybit")
    in_coins, others = truth.in_coins(midnight()), {"BTC", "ETH", "USDC"}
    assert set(bybit["flows"]["unpriced_coins"]) == others & set(in_coins)
    for coin, coins in bybit["flows"]["unpriced_coins"].items():
        assert coins == _close(in_coins[coin])
        assert f" {coin}" in sheet.text.partition("without a price: ")[2].partition("realised")[0]
    unknown = {f"{why}_usd" for why, coins in truth.coins_of(midnight()).items() if coins & others}
    assert unknown >= {"realised_usd", "fees_usd"}
    for name, value in fields(truth.sums(midnight())).items():
        whole = name not in unknown | {"sum_usd"}
        assert not whole or bybit["flows"][name] == _close(value)
    for one in (bybit, answer["total"]):
        parts = {name: part for name, part in one["flows"].items() if name.endswith("_usd")}
        assert parts.pop("sum_usd") == _close(sum(part for part in parts.values() if part))
        assert parts["realised_usd"] is not None
        assert one["realised_on_opening_fraction"] is None
        assert one["open"]["unrealised_usd"] is not None
        assert set(one["open"]["unpriced_coins"]) <= {"BTC", "ETH", "SOL", "USDC"}
    for coin in bybit["open"]["unpriced_coins"]:
        assert f" {coin}" in sheet.text.partition("open without a price: ")[2].partition("<")[0]
    assert bybit["spot_usd"] is None
    assert "its flows: Bybit n/a" in sheet.text
    left = bybit["reconciliation"]["unpriced"]
    assert set(left) >= {"BTC", "ETH", "SOL", "USDC"}
    assert bybit["reconciliation"]["residual_usd"] == _close(0)
    said = sheet.text.partition("Residual of Bybit · $0.00\n")[2].partition("Spot PnL")[0]
    assert said.partition("without ")[2].replace("\n", " · ").split(" · ")[:-1] == left


async def test_a_log_that_breaks_off_in_the_middle_is_told_when_the_rest_has_come(
    store: Store,
) -> None:
    async with program(store) as (front, sandbox):
        log = "/v5/account/transaction-log"
        sandbox.faults[:] = [Fault("bybit", "http", 503, log, after=3)]
        broken = await asked(front, "/pnl 30d bybit")
        assert broken["failed"] == {"bybit": "account log: HTTP 503"}
        assert broken["total"]["flows"] is None
        sandbox.faults.clear()
        whole = await asked(front, "/pnl 30d bybit")
    assert not whole["failed"]
    sums = fields(account("bybit").sums(midnight(-29)))
    assert whole["venues"]["bybit"]["flows"] == {**_near(sums), "unpriced_coins": {}}


async def test_what_was_read_once_is_not_asked_for_again(store: Store) -> None:
    async with program(store) as (front, sandbox):
        await asked(front, "/pnl 7d")
        sandbox.requests.clear()
        assert_told(await asked(front, "/pnl 7d"), -6)
        logs = [seen for seen in sandbox.requests if re.search("income|log|bills", seen.path)]
    newest_ms = 3_660_000
    assert len(logs) == 4
    for seen in logs:
        start = seen.query.get("startTime") or seen.query["begin"]
        assert int(start) > NOW - newest_ms


async def test_days_begin_at_the_owners_midnight(store: Store) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    async with program(store, zone=zone) as (front, _):
        answer = await front.ask("/pnl")
        sheet = front.sheet("/pnl", answer)
    found = numbers(answer)
    assert found["start_ms"] == midnight_ms(NOW, zone)
    assert midnight() - found["start_ms"] == 9 * 3_600_000
    assert " · since 21 Sep JST\n" in sheet.text
    for venue in VENUES:
        sums = fields(account(venue).sums(found["start_ms"]))
        assert found["venues"][venue]["flows"]["sum_usd"] == _close(sums["sum_usd"])


@pytest.mark.parametrize("window", ["today", "7d"])
async def test_days_begin_by_the_venues_clock_and_not_by_this_hosts(
    store: Store, window: str
) -> None:
    """Half an hour to midnight at the venues; by this host's clock it is past it."""
    now = midnight() - 1_800_000
    async with program(store, now) as (front, _):
        right = await asked(front, f"/pnl {window}")
    async with program(store, now, ahead_ms=3_600_000) as (front, sandbox):
        sheet = await front.reply(f"/pnl {window}")
        wrong = told(sheet)
        sandbox.faults[:] = [Fault(venue, "http", 503, "/") for venue in VENUES]
        silent = await asked(front, f"/pnl {window}")
    assert wrong["start_ms"] == right["start_ms"] == midnight(-1 if window == "today" else -7)
    assert differences(wrong["venues"], right["venues"]) == {}
    assert silent["start_ms"] == right["start_ms"] + DAY


@pytest.mark.parametrize("line", ["/pnl today", "/pnl today btc details"])
async def test_at_midnight_sharp_nothing_has_happened_yet(store: Store, line: str) -> None:
    async with program(store, midnight()) as (front, _):
        answer = told(await front.reply(line))
    assert (answer["failed"], answer["start_ms"]) == ({}, midnight())
    for venue in VENUES:
        assert answer["venues"][venue]["flows"]["sum_usd"] == 0
        assert answer["venues"][venue]["open"]["unrealised_usd"] != 0


async def test_before_the_first_snapshot_nothing_is_reconciled(store: Store) -> None:
    async with program(store) as (front, _):
        sheet = await front.reply("/pnl")
    answer = told(sheet)
    for venue in VENUES:
        assert answer["venues"][venue]["reconciliation"] is None
        assert answer["venues"][venue]["reconciliation_lacks"] == "no snapshot of equity yet"
    assert "\nNot reconciled: Binance, Bybit, OKX\nno snapshot of equity yet\n" in sheet.text


async def test_one_venue_may_be_asked_alone(store: Store) -> None:
    async with program(store) as (front, sandbox):
        sheet = await front.reply("/pnl okx")
        answer = told(sheet)
        assert {seen.venue for seen in sandbox.requests} == {"okx"}
    assert list(answer["venues"]) == answer["asked"] == ["okx"]
    assert not re.search(r"^all ", sheet.text, re.MULTILINE)


async def test_every_button_asks_what_it_says(store: Store) -> None:
    async with program(store) as (front, _):
        sheet = await front.reply("/pnl 7d ethusdt bybit details")
    labels = {button.label: button.line for row in sheet.buttons for button in row}
    assert labels == {
        "Refresh": "pnl ETH bybit 7d details",
        "Compact": "pnl ETH bybit 7d",
        "Chart": "/pnl ETH bybit 7d chart",
        "today": "pnl ETH bybit today details",
        "• 7d": "pnl ETH bybit 7d details",
        "30d": "pnl ETH bybit 30d details",
        "Positions": "positions ETH bybit",
        "Balance": "balance bybit",
    }
    for line in labels.values():
        parse(line, COMMANDS, VENUES)


async def test_a_bar_grows_while_logs_are_read(store: Store) -> None:
    async with program(store) as (front, sandbox):
        sandbox.latency = 1.0
        shown: list[Sheet] = []
        last = await front.reply("/pnl 30d bybit", shown.append)
    bars = [re.search(r"reading the logs [▓░]{8} (\d+)/(\d+)", sheet.text) for sheet in shown]
    done = [int(bar[1]) for bar in bars if bar]
    assert len(set(done)) > 2
    assert done == sorted(done)
    assert "waiting: " in shown[0].text
    assert "reading the logs" not in last.text
    whole = told(last)
    assert whole["parts_read"] == whole["parts"] > max(done)


async def test_play_money_is_shown_and_added_to_nothing(store: Store) -> None:
    async with program(store) as (front, sandbox):
        desk = front.desk
        sandbox.owners["okx"].demo = True
        okx = next(venue for venue in desk.exchanges if venue.name == "okx")
        demo = Access(account_at(okx, key(okx), "demo"), Ledger(store))
        desk.accounts = {"binance": desk.accounts["binance"], "okx": demo}
        sheet = await front.reply("/pnl 7d details")
        alone = await front.ask("/pnl 7d okx")
    answer = told(sheet)
    assert answer["total"]["venues"] == answer["total"]["open_venues"] == ["binance"]
    assert answer["total"]["flows"] == answer["venues"]["binance"]["flows"]
    assert answer["venues"]["okx"]["flows"]["sum_usd"] == _close(
        fields(account("okx").sums(midnight(-6)))["sum_usd"]
    )
    assert "play money: OKX (demo)\nnot in the totals\n" in sheet.text
    assert re.search(r"<b>OKX \(demo\)</b> [+-]\$", sheet.text)
    assert answer["keyless"] == ["bybit"]
    assert "no key: Bybit" in sheet.text.split("\n")
    assert not answer["failed"]
    assert numbers(alone)["total"]["venues"] == ["okx"]


async def test_without_any_key_the_answer_says_what_to_set(store: Store) -> None:
    async with program(store) as (front, _):
        front.desk.accounts = {}
        sheet = await front.reply("/pnl")
    answer = told(sheet)
    assert answer["total"]["flows"] is None
    assert answer["total"]["open"] is None
    assert "Binance wants BINANCE_API_KEY, BINANCE_SECRET_KEY" in sheet.text


async def test_an_account_in_which_nothing_ever_happened_is_zero_and_adds_up(store: Store) -> None:
    async with program(store) as (front, sandbox):
        for owner in sandbox.owners.values():
            owner.standing = "empty"
        await take_snapshots(front)
        answer = await asked(front, "/pnl 30d details")
    assert not answer["failed"]
    for venue in VENUES:
        found = answer["venues"][venue]
        assert found["flows"]["sum_usd"] == found["open"]["unrealised_usd"] == 0
        assert found["reconciliation"]["now_usd"] == found["reconciliation"]["residual_usd"] == 0
        assert found["realised_on_opening_fraction"] is None


async def test_long_details_are_several_messages(store: Store) -> None:
    async with program(store) as (front, sandbox):
        for owner in sandbox.owners.values():
            owner.extra_positions = 50
        line = "/pnl details"
        answer = await front.ask(line)
        pages = [front.sheet(f"{line} page {number}", answer) for number in range(1, 9)]
    found = numbers(answer)["venues"]
    coins = {coin["coin"] for venue in VENUES for coin in found[venue]["coins"]}
    assert len(coins) > 40
    texts = list(dict.fromkeys(page.text for page in pages))
    assert len(texts) > 1
    for page in pages:
        assert utf16_units(page.text) <= LONGEST_MESSAGE
        assert_readable(page)
    shown = set(re.findall(r"^(?:<pre>)?([\w…]+) +[+-]?[\d,]+", "\n".join(texts), re.MULTILINE))
    assert {cut(coin, 8) for coin in coins - {""}} <= shown


async def test_a_coin_of_another_class_may_be_asked_for(store: Store) -> None:
    async with program(store) as (front, _):
        assert (await asked(front, "/pnl tsla"))["coin"] == "TSLA"
        unknown = await front.reply("/pnl bitcorn")
    assert unknown.answer is None
    assert "No venue lists BITCORN" in unknown.text


async def test_groups_do_not_hear_of_the_owners_money(store: Store) -> None:
    async with program(store) as (front, sandbox):
        sheet = await front.reply("/pnl", private=False)
        assert not sandbox.requests
    assert "ask in a private chat" in sheet.text
