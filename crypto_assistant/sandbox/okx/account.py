"""OKX's account: the key, both balances, the positions, the bills and the fills.

https://www.okx.com/docs-v5/en/#trading-account-rest-api
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Final, TypeVar

from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.habits import habits
from crypto_assistant.sandbox.account.owner import Account
from crypto_assistant.sandbox.catalog import DAY, Market
from crypto_assistant.sandbox.face import Query, Signed, plain
from crypto_assistant.sandbox.okx.answers import Row, answer, error, several, whole
from crypto_assistant.sandbox.okx.balances import Balances
from crypto_assistant.sandbox.okx.bill_types import subtypes
from crypto_assistant.sandbox.okx.bills import Bill, Bills, fill_row
from crypto_assistant.sandbox.okx.episodes import Episode, episodes
from crypto_assistant.sandbox.okx.positions import history_row, position_row
from crypto_assistant.sandbox.okx.rows import inst_type
from crypto_assistant.sandbox.world import World
from crypto_assistant.sandbox.worth import usd

_ARCHIVE: Final = 90 * DAY


class OkxAccount:
    """The signed half of OKX's face."""

    routes: Mapping[str, Signed]

    def __init__(self, world: World, account: Account) -> None:
        self._world = world
        self._owner, self._book = account
        self._habits = {habit.market.symbol: habit for habit in habits(world, "okx")}
        habits_of = self._habits.items()
        self._isolated = frozenset(name for name, habit in habits_of if habit.isolated)
        self._bills = _bills(self._book, self._isolated)
        api = "/api/v5"
        self.routes = {
            f"{api}/account/config": Signed(self._config),
            f"{api}/account/balance": Signed(self._balance),
            f"{api}/account/positions": Signed(self._positions),
            f"{api}/account/positions-history": Signed(self._history),
            f"{api}/account/bills": Signed(self._week),
            f"{api}/account/bills-archive": Signed(self._archive),
            f"{api}/account/subtypes": Signed(subtypes),
            f"{api}/asset/balances": Signed(self._funding),
            f"{api}/asset/asset-valuation": Signed(self._valuation),
            f"{api}/trade/fills": Signed(self._fills),
            f"{api}/trade/fills-history": Signed(self._older_fills),
        }

    def _config(self, _query: Query, _now: int) -> Row:
        permissions, uid = self._owner.permissions, str(self._book.uid)
        words = [word for word, permission in _PERM.items() if permission in permissions]
        levels = {"no_futures": "1", "portfolio": "4"}
        config = {
            **_CONFIG,
            "uid": uid,
            "mainUid": uid,
            "acctLv": levels.get(self._owner.standing, "2"),
            "perm": ",".join(words),
        }
        return answer([config])

    def _balance(self, query: Query, now: int) -> Row:
        return answer([Balances(self._world, self._book, now).trading(_names(query))])

    def _funding(self, query: Query, now: int) -> Row:
        return answer(Balances(self._world, self._book, now).funding(_names(query)))

    def _valuation(self, query: Query, now: int) -> Row:
        price = usd(self._world, "okx", query.get("ccy", "BTC"), now)
        if price is None:
            raise error("51000", "Parameter ccy error")
        balances = Balances(self._world, self._book, now)
        funding, trading = balances.funding_usd() / price, balances.trading_usd() / price
        details = {"classic": "0", "earn": "0", "funding": _rounded(funding)}
        row = {
            "details": {**details, "trading": _rounded(trading)},
            "totalBal": _rounded(funding + trading),
            "ts": str(now),
        }
        return answer([row])

    def _positions(self, query: Query, now: int) -> Row:
        """The last opened first; an account that only knows spot has none."""
        if self._owner.standing == "no_futures":
            return answer([])
        names = several(query, "instId", 10)
        running = {each.market.symbol: each for each in _episodes(self._book, now)}
        rows = [
            position_row(
                holding,
                running[holding.market.symbol],
                self._world.quote(holding.market, now),
                usd(self._world, "okx", holding.coin, now) or Decimal(1),
            )
            for holding in sorted(self._book.holdings(now), key=lambda held: -held.opened)
            if query.get("instType") in (None, inst_type(holding.market))
            and (not names or holding.market.symbol in names)
        ]
        if self._owner.standing == "portfolio":
            rows = [{**row, "lever": ""} if row["mgnMode"] == "cross" else row for row in rows]
        return answer(rows)

    def _history(self, query: Query, now: int) -> Row:
        """Positions that were closed in part at least, by their last change."""
        found = [
            episode
            for episode in _episodes(self._book, now)
            if episode.closed
            and episode.updated >= now - _ARCHIVE
            and query.get("instType") in (None, inst_type(episode.market))
            and query.get("instId") in (None, episode.market.symbol)
            and query.get("type") in (None, episode.ending)
            and query.get("mgnMode") in (None, self._mode(episode.market))
        ]
        newest = sorted(found, key=lambda episode: episode.updated, reverse=True)
        rows = [self._closed(episode) for episode in _page(newest, query, lambda e: e.updated)]
        return answer(rows)

    def _closed(self, episode: Episode) -> Row:
        habit = self._habits.get(episode.market.symbol)
        return history_row(episode, self._mode(episode.market), habit.leverage if habit else 10)

    def _mode(self, market: Market) -> str:
        return "isolated" if market.symbol in self._isolated else "cross"

    def _week(self, query: Query, now: int) -> Row:
        return self._some_bills(query, now, 7 * DAY)

    def _archive(self, query: Query, now: int) -> Row:
        return self._some_bills(query, now, _ARCHIVE)

    def _some_bills(self, query: Query, now: int, kept: int) -> Row:
        wanted = [(name, query[name]) for name in _BILL_FILTERS if name in query]
        found = (
            bill
            for bill in self._since(query, now, kept)
            if all(bill.row[name] == value for name, value in wanted)
            and query.get("ctType") in (None, bill.contract)
        )
        return answer([bill.row for bill in _page(found, query, lambda bill: bill.id)])

    def _fills(self, query: Query, now: int) -> Row:
        return self._some_fills(query, now, 3 * DAY)

    def _older_fills(self, query: Query, now: int) -> Row:
        if not query.get("instType"):
            raise error("50014", "Parameter instType can not be empty.")
        return self._some_fills(query, now, _ARCHIVE)

    def _some_fills(self, query: Query, now: int, kept: int) -> Row:
        wanted = [(name, query[name]) for name in _FILL_FILTERS if name in query]
        found = (
            bill
            for bill in self._since(query, now, kept)
            if bill.fill is not None and all(bill.row[name] == value for name, value in wanted)
        )
        page = _page(found, query, lambda bill: bill.id)
        return answer([fill_row(bill, bill.fill) for bill in page if bill.fill is not None])

    def _since(self, query: Query, now: int, kept: int) -> list[Bill]:
        """The newest first, no older than the path keeps them."""
        begin = max(whole(query, "begin", 0), now - kept)
        return self._bills.between(begin, whole(query, "end", now), now)[::-1]


@lru_cache(maxsize=8)
def _bills(book: Book, isolated: frozenset[str]) -> Bills:
    """Printed once for all who are told of one book."""
    return Bills(book, isolated)


@lru_cache(maxsize=8)
def _episodes(book: Book, now: int) -> list[Episode]:
    return episodes(book.events(book.started, now + 1))


T = TypeVar("T")


def _page(newest: Iterable[T], query: Query, place: Callable[[T], int]) -> list[T]:
    """`after`: only older ones; `before`: only newer ones, and still the newest page of them."""
    limit = whole(query, "limit", 100)
    if not 1 <= limit <= 100:
        raise error("51000", "Parameter limit error")
    after, before = whole(query, "after", 1 << 63), whole(query, "before", 0)
    return list(islice((each for each in newest if before < place(each) < after), limit))


def _names(query: Query) -> frozenset[str]:
    return several(query, "ccy", 20)


def _rounded(amount: Decimal) -> str:
    return plain(round(amount, 10))


_PERM: Final = {"read_only": "read", "withdraw": "withdraw", "trade": "trade"}
_BILL_FILTERS: Final = ("instType", "instId", "ccy", "mgnMode", "type", "subType")
_FILL_FILTERS: Final = ("instType", "instId", "ordId", "subType")
_CONFIG: Final = {
    "acctStpMode": "cancel_maker", "autoLoan": False, "ctIsoMode": "automatic",
    "enableSpotBorrow": False, "feeType": "0", "greeksType": "PA", "ip": "127.0.0.1",
    "kycLv": "3", "label": "reader", "level": "Lv1", "levelTmp": "", "liquidationGear": "-1",
    "mgnIsoMode": "automatic", "opAuth": "0", "posMode": "net_mode", "roleType": "0",
    "settleCcy": "USDC", "settleCcyList": ["USD", "USDC", "USDG"], "spotBorrowAutoRepay": False,
    "spotOffsetType": "", "spotRoleType": "0", "spotTraderInsts": [], "stgyType": "0",
    "traderInsts": [], "type": "0",
}  # fmt: skip
