"""Bybit's account: the wallets, the positions and their history.

https://bybit-exchange.github.io/docs/v5/account/wallet-balance
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache, partial
from typing import Final
from urllib.parse import quote

from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.events import Holding
from crypto_assistant.sandbox.account.habits import habits
from crypto_assistant.sandbox.account.owner import Account
from crypto_assistant.sandbox.bybit.answers import (
    Row,
    answer,
    category_of,
    error,
    limit_of,
    market_of,
)
from crypto_assistant.sandbox.bybit.closings import Closing, closed_row, closings
from crypto_assistant.sandbox.bybit.executions import Execution, execution_row, executions, kind
from crypto_assistant.sandbox.bybit.journal import WEEK, Journal, page, window
from crypto_assistant.sandbox.bybit.key import info, key
from crypto_assistant.sandbox.bybit.positions import (
    INDEX,
    by_portfolio,
    empty_row,
    position_row,
    realised,
)
from crypto_assistant.sandbox.bybit.transactions import Transactions
from crypto_assistant.sandbox.bybit.wallets import Wallets
from crypto_assistant.sandbox.catalog import DAY, Kind
from crypto_assistant.sandbox.face import Query, Refusal, Signed, plain
from crypto_assistant.sandbox.world import World


class BybitAccount:
    """The signed half of Bybit's face."""

    routes: Mapping[str, Signed]

    def __init__(self, world: World, account: Account) -> None:
        self._world = world
        self._owner, self._book = account
        book = self._book
        self._leverage = {habit.market.symbol: habit.leverage for habit in habits(world, "bybit")}
        self._log, self._executions = _journals(book)
        transfer = "/v5/asset/transfer"
        self.routes = {
            "/v5/user/query-api": Signed(partial(key, account), permission=""),
            "/v5/account/info": Signed(partial(info, account)),
            "/v5/account/wallet-balance": Signed(self._wallet),
            "/v5/account/transaction-log": Signed(self._transactions),
            f"{transfer}/query-account-coins-balance": Signed(self._coins),
            f"{transfer}/query-account-coin-balance": Signed(self._coin),
            "/v5/asset/asset-overview": Signed(self._overview),
            "/v5/position/list": Signed(self._positions),
            "/v5/position/closed-pnl": Signed(self._closed),
            "/v5/execution/list": Signed(self._trades),
        }

    def _wallet(self, query: Query, now: int) -> Row:
        self._only_unified(now)
        if query.get("accountType") != "UNIFIED":
            raise error("accountType only support UNIFIED.", now)
        wallets = Wallets(self._world, self._book, now)
        return answer({"list": [wallets.unified(_names(query))]}, now)

    def _coins(self, query: Query, now: int) -> Row:
        rows = self._balances(query, now)
        result = {
            "memberId": str(self._book.uid),
            "accountType": query["accountType"],
            "balance": rows,
        }
        return answer(result, now, message="success")

    def _coin(self, query: Query, now: int) -> Row:
        if not query.get("coin"):
            raise error("params error: coin is required", now)
        (row,) = self._balances(query, now)
        result = {
            "accountType": query["accountType"],
            "bizType": 1,
            "accountId": str(self._book.uid),
            "memberId": str(self._book.uid),
            "balance": {**row, "transferSafeAmount": "", "ltvTransferSafeAmount": ""},
        }
        return answer(result, now, message="success")

    def _balances(self, query: Query, now: int) -> list[Row]:
        wallet, names = query.get("accountType", ""), _names(query)
        if wallet not in _WALLETS:
            raise error("params error: accountType invalid", now)
        if wallet == "UNIFIED":
            self._only_unified(now)
            if not 0 < len(names) <= 10:
                raise error("params error: coin is required, at most 10", now)
        return Wallets(self._world, self._book, now).cash(_WALLETS[wallet], names)

    def _overview(self, query: Query, now: int) -> Row:
        wallets = Wallets(self._world, self._book, now)
        asked, classic = query.get("accountType"), self._owner.standing == "classic"
        rows = [
            row
            for row in wallets.overview()
            if asked in (None, row["accountType"])
            and not (classic and row["accountType"] == "UnifiedTradingAccount")
        ]
        total = sum((Decimal(row["totalEquity"]) for row in rows), Decimal(0))
        return answer({"totalEquity": plain(total), "list": rows}, now, message="Success")

    def _positions(self, query: Query, now: int) -> Row:
        """Each page has a cursor, the one of the last page leads to an empty one."""
        self._only_unified(now)
        category, symbol = _of_contracts(query, now), query.get("symbol")
        if category == "linear" and not (symbol or query.get("settleCoin")):
            raise error("params error: symbol or settleCoin is required", now)
        limit, after = limit_of(query, now, 20, 200), query.get("cursor", "")
        found = self._open(category, query, now)
        shown = [holding for holding in found if _place(holding) > after][:limit]
        rows = [self._position(holding, now) for holding in shown]
        if symbol and not found:
            rows = [empty_row(market_of(self._world, category, query, now))]
        cursor = quote(_place(shown[-1]), safe="") if shown else ""
        return answer({"category": category, "nextPageCursor": cursor, "list": rows}, now)

    def _open(self, category: Kind, query: Query, now: int) -> list[Holding]:
        name, asked = "symbol", query.get("symbol")
        if asked is None:
            name, asked = "settle", query.get("settleCoin")
        found = [
            holding
            for holding in self._book.holdings(now)
            if holding.market.kind == category and asked in (None, getattr(holding.market, name))
        ]
        return sorted(found, key=_place)

    def _position(self, holding: Holding, now: int) -> Row:
        made = _made(self._book, now)[holding.market.kind, holding.market.symbol]
        ever = sum((amount for _, amount in made), Decimal(0))
        since = sum((amount for time, amount in made if time >= holding.opened), Decimal(0))
        row = position_row(holding, since, ever)
        return by_portfolio(row) if self._owner.standing == "portfolio" else row

    def _transactions(self, query: Query, now: int) -> Row:
        self._only_unified(now)
        if query.get("accountType", "UNIFIED") != "UNIFIED":
            raise error("accountType only support UNIFIED.", now)
        start, end = window(query, now, DAY)
        wanted = [(name, query[name]) for name in _LOG_FILTERS if name in query]
        rows = [
            (number, row)
            for number, row in self._log.between(start, end, now)
            if all(row[name] == value for name, value in wanted)
            and query.get("baseCoin") in (None, self._base(row))
        ]
        shown, cursor = page(rows, query, now, 20, 50)
        return answer({"nextPageCursor": cursor, "list": shown}, now)

    def _base(self, row: Row) -> str:
        market = self._world.market("bybit", row["category"], row["symbol"])
        return "" if market is None else market.base

    def _trades(self, query: Query, now: int) -> Row:
        self._only_unified(now)
        category = category_of(query, now)
        start, end = window(query, now, WEEK)
        found = [
            (number, each)
            for number, each in self._executions.between(start, end, now)
            if each.market.kind == category
            and query.get("symbol") in (None, each.market.symbol)
            and query.get("settleCoin") in (None, each.market.settle)
            and query.get("execType") in (None, kind(each))
        ]
        shown, cursor = page(found, query, now, 50, 100)
        rows = [execution_row(each) for each in shown]
        return answer({"category": category, "nextPageCursor": cursor, "list": rows}, now)

    def _closed(self, query: Query, now: int) -> Row:
        self._only_unified(now)
        category = _of_contracts(query, now)
        start, end = window(query, now, WEEK)
        found = [
            (number, closing)
            for number, closing in enumerate(_closings(self._book, now))
            if closing.last.market.kind == category
            and query.get("symbol") in (None, closing.last.market.symbol)
            and start <= closing.last.time <= end
        ]
        shown, cursor = page(found, query, now, 50, 100)
        rows = [
            closed_row(closing, self._leverage.get(closing.last.market.symbol, 10))
            for closing in shown
        ]
        return answer({"category": category, "nextPageCursor": cursor, "list": rows}, now)

    def _only_unified(self, now: int) -> None:
        if self._owner.standing == "classic":
            message = "The API can only be accessed by unified account users."
            raise Refusal(200, answer({}, now, 10028, message))


@lru_cache(maxsize=8)
def _journals(book: Book) -> tuple[Journal[Row], Journal[Execution]]:
    """The log and the executions: printed once for all who are told of one book."""
    return Journal(book, Transactions(book.uid)), Journal(book, executions)


@lru_cache(maxsize=8)
def _made(book: Book, now: int) -> Mapping[tuple[Kind, str], list[tuple[int, Decimal]]]:
    """What each market gave, and when."""
    made: defaultdict[tuple[Kind, str], list[tuple[int, Decimal]]] = defaultdict(list)
    for event in book.events(book.started, now + 1):
        for each in executions(event):
            made[each.market.kind, each.market.symbol].append((each.time, realised(each)))
    return made


@lru_cache(maxsize=8)
def _closings(book: Book, now: int) -> list[Closing]:
    return closings(book.events(book.started, now + 1))


def _of_contracts(query: Query, now: int) -> Kind:
    category = category_of(query, now)
    if category == "spot":
        raise error("params error: Category is invalid", now)
    return category


def _place(holding: Holding) -> str:
    """Where a position stands in the list: also what its cursor says."""
    return f"{holding.market.symbol},{holding.updated},{INDEX[holding.leg]}"


def _names(query: Query) -> frozenset[str]:
    return frozenset(name for name in query.get("coin", "").split(",") if name)


_LOG_FILTERS: Final = ("category", "currency", "type")
_WALLETS: Final = {"FUND": "funding", "UNIFIED": "unified"}
