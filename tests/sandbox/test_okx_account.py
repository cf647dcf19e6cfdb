"""OKX's account tells the truth of its book, with the traps that the exchange sets."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from crypto_assistant.sandbox import Sandbox, World
from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.events import Fill, Move, Payment
from crypto_assistant.sandbox.catalog import DAY
from tests.sandbox.conftest import NOW, Client
from tests.sandbox.readers import OkxReader

BILLS, ARCHIVE = "/api/v5/account/bills", "/api/v5/account/bills-archive"
FILLS, OLDER_FILLS = "/api/v5/trade/fills", "/api/v5/trade/fills-history"
BALANCE, POSITIONS = "/api/v5/account/balance", "/api/v5/account/positions"
HISTORY, CONFIG = "/api/v5/account/positions-history", "/api/v5/account/config"
KEPT = NOW - 90 * DAY


@pytest.fixture
def book(sandbox: Sandbox) -> Book:
    return sandbox.account("okx").book


@pytest.fixture
def okx(client: Client) -> OkxReader:
    return OkxReader(client)


async def pages(ask: OkxReader, path: str, **query: object) -> AsyncIterator[list[Any]]:
    """Every page, each of what is older than the page before."""
    after: dict[str, str] = {}
    while rows := (await ask(path, **query, **after))["data"]:
        yield rows
        after = {"after": rows[-1]["billId"]}


async def every(ask: OkxReader, path: str, **query: object) -> list[Any]:
    return [row async for page in pages(ask, path, **query) for row in page]


def sums(rows: list[Any], key: str, *names: str) -> dict[str, Decimal]:
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        for name in names:
            total[row[key]] += Decimal(row[name])
    return {name: amount for name, amount in total.items() if amount}


async def test_the_bills_lead_to_the_balance(okx: OkxReader, book: Book) -> None:
    rows = await every(okx, ARCHIVE)
    latest = {row["ccy"]: row["bal"] for row in reversed(rows)}
    assert latest.keys() >= {"USDT", "BTC", "ETH"}
    now, then = book.balances("trading", NOW), book.balances("trading", KEPT - 1)
    assert {coin: Decimal(cash) for coin, cash in latest.items()} == {c: now[c] for c in latest}
    moved = {coin: now[coin] - then[coin] for coin in latest if now[coin] != then[coin]}
    assert sums(rows, "ccy", "balChg") == moved
    assert sums(rows, "ccy", "balChg") != sums(rows, "ccy", "pnl", "fee")


async def test_bills_are_numbered_and_newest_first(okx: OkxReader) -> None:
    rows = await every(okx, ARCHIVE)
    numbers = [int(row["billId"]) for row in rows]
    assert numbers == sorted(set(numbers), reverse=True)
    times = [int(row["ts"]) for row in rows]
    assert times == sorted(times, reverse=True)


async def test_bills_tell_trades_and_funding_as_they_were(okx: OkxReader, book: Book) -> None:
    rows = await every(okx, BILLS, instType="SWAP")
    events = [
        event
        for event in book.events(NOW - 7 * DAY, NOW + 1)
        if not isinstance(event, Move) and event.market.kind != "spot"
    ]
    assert [
        (r["instId"], Decimal(r["sz"]), Decimal(r["pnl"]), Decimal(r["fee"]))
        for r in reversed(rows)
    ] == [
        (e.market.symbol, e.size, e.realised, -e.fee)
        if isinstance(e, Fill)
        else (e.market.symbol, abs(e.size), e.amount, 0)
        for e in events
    ]
    kinds = {(row["type"], row["subType"], Decimal(row["pnl"]) < 0) for row in rows}
    assert {kind for kind in kinds if kind[0] == "8"} == {("8", "173", True), ("8", "174", False)}
    assert {kind[1] for kind in kinds if kind[0] == "2"} == {"1", "2"}


async def test_a_liquidation_is_a_type_of_its_own(okx: OkxReader, book: Book) -> None:
    (row,) = await every(okx, ARCHIVE, type="5")
    (fill,) = (
        event
        for event in book.events(KEPT, NOW + 1)
        if isinstance(event, Fill) and event.cause == "liquidation"
    )
    assert row["subType"] == ("106" if fill.side == "buy" else "107")
    assert Decimal(row["fee"]) == -fill.fee - fill.penalty < 0
    assert (Decimal(row["pnl"]), row["mgnMode"]) == (fill.realised, "isolated")


async def test_a_spot_trade_has_two_bills_and_one_fill(okx: OkxReader) -> None:
    rows = await every(okx, ARCHIVE, instType="SPOT")
    pairs = defaultdict(list)
    for row in rows:
        pairs[row["tradeId"]].append(row)
    assert pairs
    for pair in pairs.values():
        bought, sold = sorted(pair, key=lambda row: row["subType"])
        assert (bought["subType"], sold["subType"]) == ("1", "2")
        assert {bought["ccy"], sold["ccy"]} == {"ETH", "USDT"}
        assert Decimal(bought["balChg"]) == Decimal(bought["sz"]) + Decimal(bought["fee"])
        assert Decimal(sold["balChg"]) == -Decimal(sold["sz"])
        assert Decimal(bought["fee"]) < 0
        assert sold["fee"] == "0"
    fills = await every(okx, OLDER_FILLS, instType="SPOT")
    assert sorted(fill["tradeId"] for fill in fills) == sorted(pairs)
    assert {fill["billId"] for fill in fills} <= {r["billId"] for r in rows if r["ccy"] == "ETH"}
    assert {(fill["side"], fill["feeCcy"]) for fill in fills} == {("buy", "ETH"), ("sell", "USDT")}


async def test_transfers_name_both_accounts(okx: OkxReader) -> None:
    rows = await every(okx, ARCHIVE, type="1")
    told = {(row["subType"], row["from"], row["to"], Decimal(row["balChg"]) > 0) for row in rows}
    assert told == {("11", "6", "18", True), ("12", "18", "6", False)}
    assert {row["instId"] for row in rows} == {""}


async def test_interest_is_no_trade(okx: OkxReader) -> None:
    rows = await every(okx, ARCHIVE, type="7")
    assert rows
    assert {(row["pnl"], row["fee"], row["balChg"]) for row in rows} == {("0", "0", "-0.04128")}


@pytest.mark.parametrize(
    ("path", "days"), [(BILLS, 7), (ARCHIVE, 90), (FILLS, 3), (OLDER_FILLS, 90)]
)
async def test_each_path_reaches_back_so_far(okx: OkxReader, path: str, days: int) -> None:
    rows = await every(okx, path, instType="SWAP", begin=NOW - 100 * DAY)
    oldest = int(rows[-1]["ts"])
    assert NOW - days * DAY <= oldest < NOW - (days - 1) * DAY


async def test_fills_are_those_of_the_book(okx: OkxReader, book: Book) -> None:
    fills = [
        event
        for event in book.events(KEPT, NOW + 1)
        if isinstance(event, Fill) and event.market.kind != "spot"
    ]
    rows = await every(okx, OLDER_FILLS, instType="SWAP")
    told = [
        (row["instId"], row["side"], *(Decimal(row[n]) for n in ("fillSz", "fillPx", "fillPnl")))
        for row in reversed(rows)
    ]
    assert told == [(f.market.symbol, f.side, f.size, f.price, f.realised) for f in fills]
    assert [Decimal(row["fee"]) for row in reversed(rows)] == [-f.fee - f.penalty for f in fills]
    assert any(Decimal(row["fee"]) > 0 for row in rows)
    bills = {row["billId"]: row["tradeId"] for row in await every(okx, ARCHIVE)}
    assert all(bills[row["billId"]] == row["tradeId"] for row in rows)


async def test_older_fills_want_a_kind_of_instrument(okx: OkxReader) -> None:
    assert (await okx(OLDER_FILLS))["code"] == "50014"
    assert (await okx(FILLS))["code"] == "0"


async def test_a_page_has_a_hundred_rows_at_most(okx: OkxReader) -> None:
    assert len((await okx(ARCHIVE))["data"]) == 100
    assert len((await okx(ARCHIVE, limit=7))["data"]) == 7
    assert (await okx(ARCHIVE, limit=101))["code"] == "51000"
    assert len([page async for page in pages(okx, ARCHIVE)]) > 10


async def test_before_alone_gives_the_newest_page(okx: OkxReader) -> None:
    rows = await every(okx, ARCHIVE)
    old, older = rows[300]["billId"], rows[310]["billId"]
    assert (await okx(ARCHIVE, before=old))["data"] == rows[:100]
    assert (await okx(ARCHIVE, before=older, after=old))["data"] == rows[301:310]


async def test_both_ends_of_a_window_belong_to_it(okx: OkxReader) -> None:
    rows = await every(okx, BILLS)
    begin, end = int(rows[50]["ts"]), int(rows[10]["ts"])
    asked = await every(okx, BILLS, begin=begin, end=end)
    assert asked == [row for row in rows if begin <= int(row["ts"]) <= end]
    assert (int(asked[-1]["ts"]), int(asked[0]["ts"])) == (begin, end)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ccy", "BTC"), ("mgnMode", "isolated"), ("type", "8"), ("subType", "173")],
)
async def test_bills_are_filtered(okx: OkxReader, name: str, value: str) -> None:
    rows = await every(okx, BILLS)
    kept = [row for row in rows if row[name] == value]
    assert 0 < len(kept) < len(rows)
    assert await every(okx, BILLS, **{name: value}) == kept


async def test_bills_are_filtered_by_contract_type(okx: OkxReader) -> None:
    rows = await every(okx, BILLS, ctType="inverse")
    assert {row["instId"] for row in rows} == {"BTC-USD-SWAP"}
    assert {row["ccy"] for row in rows} == {"BTC"}


async def test_a_currency_is_valued_at_its_spot_market(okx: OkxReader, world: World) -> None:
    (account,) = (await okx(BALANCE, ccy="BTC"))["data"]
    (row,) = account["details"]
    market = world.market("okx", "spot", "BTC-USDT")
    assert market is not None
    price = float(row["eqUsd"]) / float(row["eq"])
    assert price == pytest.approx(world.quote(market, NOW).last, rel=1e-3)


async def test_equity_is_more_than_the_cash(okx: OkxReader, book: Book) -> None:
    (account,) = (await okx(BALANCE))["data"]
    cash, upl = book.balances("trading", NOW), book.unrealised("trading", NOW)
    told = {row["ccy"]: Decimal(row["eq"]) for row in account["details"]}
    assert told == {coin: amount + upl.get(coin, 0) for coin, amount in cash.items()}
    for row in account["details"]:
        held, apart, all_upl, isolated = (
            Decimal(row[name]) for name in ("cashBal", "isoEq", "upl", "isoUpl")
        )
        assert held + apart + all_upl - isolated == Decimal(row["eq"])
        assert Decimal(row["availEq"]) <= Decimal(row["eq"])
    isolated_coins = {held.coin for held in book.holdings(NOW) if held.isolated}
    assert {row["ccy"] for row in account["details"] if row["isoEq"] != "0"} == isolated_coins
    total = sum(Decimal(row["eqUsd"]) for row in account["details"])
    assert abs(Decimal(account["totalEq"]) - total) < Decimal("1e-6")
    (some,) = (await okx(BALANCE, ccy="BTC,ETH"))["data"]
    assert [row["ccy"] for row in some["details"]] == ["BTC", "ETH"]


async def test_the_funding_account_is_another_path(okx: OkxReader, book: Book) -> None:
    rows = (await okx("/api/v5/asset/balances"))["data"]
    told = {row["ccy"]: Decimal(row["bal"]) for row in rows}
    assert told == {coin: cash for coin, cash in book.balances("funding", NOW).items() if cash}
    assert "NOPRICE" in told
    (only,) = (await okx("/api/v5/asset/balances", ccy="USDC"))["data"]
    assert only["ccy"] == "USDC"


async def test_the_valuation_is_in_bitcoin_unless_asked_otherwise(okx: OkxReader) -> None:
    (dollars,) = (await okx("/api/v5/asset/asset-valuation", ccy="USDT"))["data"]
    (account,) = (await okx(BALANCE))["data"]
    assert Decimal(dollars["details"]["trading"]) == pytest.approx(Decimal(account["totalEq"]))
    (coins,) = (await okx("/api/v5/asset/asset-valuation"))["data"]
    assert 20_000 < Decimal(dollars["totalBal"]) / Decimal(coins["totalBal"]) < 200_000


async def test_positions_are_those_of_the_book(okx: OkxReader, book: Book, world: World) -> None:
    rows = (await okx(POSITIONS))["data"]
    assert len(rows) >= 2
    names = ("pos", "avgPx", "markPx", "upl")
    told = {
        row["instId"]: (
            *(Decimal(row[name]) for name in names),
            Decimal(row["liqPx"]) if row["liqPx"] else None,
            row["mgnMode"],
        )
        for row in rows
    }
    assert told == {
        h.market.symbol: (
            *(h.size, h.entry, h.mark, h.unrealised, h.liquidation),
            "isolated" if h.isolated else "cross",
        )
        for h in book.holdings(NOW)
    }
    opened = [int(row["cTime"]) for row in rows]
    assert opened == sorted(opened, reverse=True)
    for row in rows:
        assert (row["margin"] == "") == (row["mgnMode"] == "cross") == (row["imr"] != "")
        parts = ("pnl", "fee", "fundingFee", "liqPenalty")
        assert Decimal(row["realizedPnl"]) == sum(Decimal(row[name]) for name in parts)
        market = world.market("okx", "linear", row["instId"])
        if market is not None:
            coins = abs(Decimal(row["pos"])) * Decimal(str(market.unit))
            assert Decimal(row["notionalUsd"]) == pytest.approx(coins * Decimal(row["markPx"]))


async def test_positions_are_asked_by_name(okx: OkxReader) -> None:
    rows = (await okx(POSITIONS, instId="BTC-USDT-SWAP,ETH-USDT-SWAP"))["data"]
    assert {row["instId"] for row in rows} == {"BTC-USDT-SWAP", "ETH-USDT-SWAP"}
    assert (await okx(POSITIONS, instType="FUTURES"))["data"] == []
    assert (await okx(POSITIONS, instId=",".join(f"X{n}" for n in range(11))))["code"] == "51000"


async def closed(ask: OkxReader) -> list[Any]:
    """All of the history, paged by the time of the last change."""
    rows: list[Any] = []
    after: dict[str, str] = {}
    while page := (await ask(HISTORY, **after))["data"]:
        rows += page
        after = {"after": page[-1]["uTime"]}
    return rows


async def test_a_closed_position_is_the_sum_of_its_trades_and_payments(
    okx: OkxReader, book: Book
) -> None:
    rows = await closed(okx)
    updated = [int(row["uTime"]) for row in rows]
    assert updated == sorted(updated, reverse=True)
    assert {row["type"] for row in rows} == {"1", "2", "3"}
    events: defaultdict[str, list[Fill | Payment]] = defaultdict(list)
    for event in book.events(0, NOW + 1):
        if not isinstance(event, Move):
            events[event.market.symbol].append(event)
    for row in rows:
        if row["type"] == "1":
            continue
        # What opened it, maybe by closing the one before, is not a part of it.
        of_it = [
            event
            for event in events[row["instId"]]
            if int(row["cTime"]) < event.time <= int(row["uTime"])
        ]
        fills = [event for event in of_it if isinstance(event, Fill)]
        payments = [event.amount for event in of_it if isinstance(event, Payment)]
        assert Decimal(row["pnl"]) == sum(fill.realised for fill in fills)
        assert Decimal(row["fundingFee"]) == sum(payments)
        assert Decimal(row["liqPenalty"]) == -sum(fill.penalty for fill in fills)
        sizes = [
            event.position if row["direction"] == "long" else -event.position
            for event in events[row["instId"]]
            if isinstance(event, Fill) and int(row["cTime"]) <= event.time <= int(row["uTime"])
        ]
        # Those of the positions before and after, where one turned into the other, are negative.
        assert Decimal(row["openMaxPos"]) == max(sizes)


async def test_a_closed_position_made_the_difference_of_its_prices(
    okx: OkxReader, world: World
) -> None:
    for row in await closed(okx):
        size, entry, left = (
            Decimal(row[name]) for name in ("closeTotalPos", "openAvgPx", "closeAvgPx")
        )
        inverse = row["instId"] == "BTC-USD-SWAP"
        market = world.market("okx", "inverse" if inverse else "linear", row["instId"])
        assert market is not None
        notional = size * Decimal(str(market.unit)) * (1 if row["direction"] == "long" else -1)
        pnl = notional / entry - notional / left if inverse else notional * (left - entry)
        if row["type"] == "2":
            assert pnl == pytest.approx(Decimal(row["pnl"]), abs=Decimal("1e-3"))


async def test_a_market_keeps_the_number_of_its_positions(okx: OkxReader) -> None:
    numbers = {(row["instId"], row["posId"]) for row in await closed(okx)}
    assert len(numbers) == len({name for name, _ in numbers}) == len({n for _, n in numbers})


@pytest.mark.parametrize(
    ("name", "value"), [("mgnMode", "isolated"), ("instId", "ETH-USDT-SWAP"), ("type", "2")]
)
async def test_closed_positions_are_filtered(okx: OkxReader, name: str, value: str) -> None:
    rows = await closed(okx)
    kept = [row for row in rows if row[name] == value]
    assert 0 < len(kept) < len(rows)
    assert (await okx(HISTORY, **{name: value}))["data"] == kept[:100]


async def test_a_liquidated_position_says_at_which_mark(okx: OkxReader) -> None:
    (row,) = (await okx(HISTORY, type="3"))["data"]
    assert Decimal(row["liqPenalty"]) < 0 < Decimal(row["triggerPx"])
    assert {row["triggerPx"] for row in (await okx(HISTORY, type="2"))["data"]} == {""}


async def test_open_positions_of_history_are_partly_closed(okx: OkxReader) -> None:
    rows = (await okx(HISTORY, type="1"))["data"]
    running = {row["instId"]: row for row in (await okx(POSITIONS))["data"]}
    for row in rows:
        assert row["cTime"] == running[row["instId"]]["cTime"]
        assert row["realizedPnl"] == running[row["instId"]]["realizedPnl"]


async def test_a_key_says_what_it_may_do(sandbox: Sandbox, okx: OkxReader, book: Book) -> None:
    (config,) = (await okx(CONFIG))["data"]
    assert (config["uid"], config["perm"]) == (str(book.uid), "read_only")
    assert (config["acctLv"], config["posMode"]) == ("2", "net_mode")
    sandbox.owners["okx"].permissions = {"read", "trade", "withdraw"}
    (config,) = (await okx(CONFIG))["data"]
    assert set(config["perm"].split(",")) == {"read_only", "trade", "withdraw"}


@pytest.mark.parametrize(("standing", "level"), [("no_futures", "1"), ("portfolio", "4")])
async def test_the_level_of_an_account_is_told(
    sandbox: Sandbox, okx: OkxReader, standing: Any, level: str
) -> None:
    sandbox.owners["okx"].standing = standing
    (config,) = (await okx(CONFIG))["data"]
    assert config["acctLv"] == level
    levers = {(row["mgnMode"], row["lever"] == "") for row in (await okx(POSITIONS))["data"]}
    portfolio = {("cross", True), ("isolated", False)}
    assert levers == (set() if standing == "no_futures" else portfolio)


async def test_every_type_of_bill_is_on_the_list(okx: OkxReader) -> None:
    types = (await okx("/api/v5/account/subtypes"))["data"]
    known = {(row["type"], sub["subType"]) for row in types for sub in row["subTypeDetails"]}
    seen = Counter((row["type"], row["subType"]) for row in await every(okx, ARCHIVE))
    assert seen.keys() <= known
    one = (await okx("/api/v5/account/subtypes", type="1,8"))["data"]
    assert [row["type"] for row in one] == ["1", "8"]


async def test_an_empty_account_answers_with_nothing(sandbox: Sandbox, okx: OkxReader) -> None:
    sandbox.owners["okx"].standing = "empty"
    assert (await okx(ARCHIVE))["data"] == (await okx(POSITIONS))["data"] == []
    (account,) = (await okx(BALANCE))["data"]
    assert (account["details"], account["totalEq"]) == ([], "0")
