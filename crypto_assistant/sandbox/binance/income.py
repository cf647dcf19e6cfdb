"""Binance's account log of futures: income, and the trades that most of it comes from.

https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Get-Income-History

The log has no pages: since October 2026 `page` is no parameter of it any more, as the change logs
of Binance's own clients say (usds-futures 18.0.0, coin-futures 14.0.0). Nobody says whether the
venue refuses it like any other parameter that it does not know, or passes over it.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.events import Event, Fill, Move, Payment
from crypto_assistant.sandbox.account.habits import wallet_of
from crypto_assistant.sandbox.account.position import value
from crypto_assistant.sandbox.binance.answers import Row, error, refuse_unknown, whole
from crypto_assistant.sandbox.binance.symbols import pair
from crypto_assistant.sandbox.catalog import DAY, Market
from crypto_assistant.sandbox.face import Query, plain

_WEEK: Final = 7 * DAY
_KEPT: Final = 90 * DAY
_KINDS: Final = {"transfer": "TRANSFER", "rebate": "COMMISSION_REBATE"}
_KNOWN: Final = frozenset({"symbol", "incomeType", "startTime", "endTime", "limit"})
_STAMPS: Final = frozenset({"timestamp", "recvWindow", "signature"})


def income(book: Book, wallet: str, query: Query, now: int, *, lenient: bool) -> list[Row]:
    """The oldest lines of what is kept: three months."""
    if not lenient:
        refuse_unknown(query.keys() - _STAMPS, _KNOWN)
    start, end = _window(query, now)
    limit = limit_of(query, 100)
    rows = [
        row
        for event in book.events(max(start, now - _KEPT), min(end, now) + 1)
        for row in _rows(event, wallet)
        if query.get("symbol") in (None, row["symbol"])
        and query.get("incomeType") in (None, row["incomeType"])
    ]
    return rows[:limit]


def trades(
    book: Book, markets: Mapping[str, Market], query: Query, now: int, *, default: int
) -> list[Row]:
    """From a trade's number or from a time on the oldest, otherwise the newest of a week.

    Three months of them are kept.
    """
    limit, kept = limit_of(query, default), now - _KEPT
    if "fromId" in query:
        if {"startTime", "endTime"} & query.keys():
            raise error(-1128, "Combination of optional parameters invalid.")
        number = whole(query, "fromId", 0)
        later = [fill for fill in _fills(book, markets, kept, now) if fill.id >= number]
        return [trade(fill) for fill in later[:limit]]
    start, end = _window(query, now)
    if end - start > _WEEK:
        if "endTime" in query:
            raise error(-4088, "Maximum time interval is 7 days.")
        end = start + _WEEK
    fills = _fills(book, markets, max(start, kept), min(end, now))
    told = fills[:limit] if "startTime" in query else fills[-limit:]
    return [trade(fill) for fill in told]


def limit_of(query: Query, default: int) -> int:
    limit = whole(query, "limit", default)
    if not 0 < limit <= 1000:
        raise error(-1130, "Data sent for parameter 'limit' is not valid.")
    return limit


def trade(fill: Fill) -> Row:
    inverse = fill.market.kind == "inverse"
    worth = abs(value(fill.market, fill.size, fill.price))
    about: Row = {"baseQty": plain(worth), "pair": pair(fill.market)}
    return {
        "symbol": fill.market.symbol,
        "id": fill.id,
        "orderId": fill.order,
        "side": fill.side.upper(),
        "price": f"{fill.price:.{fill.market.price_decimals}f}",
        "qty": f"{fill.size:.{fill.market.size_decimals}f}",
        "realizedPnl": coins(fill.realised),
        "marginAsset": fill.coin,
        **(about if inverse else {"quoteQty": plain(worth)}),
        "commission": coins(fill.fee),
        "commissionAsset": fill.fee_coin,
        "time": fill.time,
        "positionSide": SIDES[fill.leg],
        "buyer": fill.side == "buy",
        "maker": fill.maker,
    }


SIDES: Final = {"net": "BOTH", "long": "LONG", "short": "SHORT"}


def coins(amount: Decimal) -> str:
    return f"{amount:.8f}"


def _fills(book: Book, markets: Mapping[str, Market], start: int, end: int) -> list[Fill]:
    return [
        event
        for event in book.events(start, end + 1)
        if isinstance(event, Fill) and markets.get(event.market.symbol) is event.market
    ]


def _window(query: Query, now: int) -> tuple[int, int]:
    """Both ends included; without a start, a week."""
    end = whole(query, "endTime", now)
    start = whole(query, "startTime", end - _WEEK)
    if start > end:
        raise error(-1130, "Data sent for parameter 'startTime' is not valid.")
    return start, end


def _rows(event: Event, wallet: str) -> Iterator[Row]:
    if isinstance(event, Move):
        if event.wallet == wallet:
            yield _row(event, _KINDS[event.kind], event.amount, event.coin)
    elif wallet_of(event.market) == wallet:
        if isinstance(event, Payment):
            yield _row(event, "FUNDING_FEE", event.amount, event.coin)
        else:
            yield from _filled(event)


def _filled(fill: Fill) -> Iterator[Row]:
    """One number for all rows of a trade: it tells them apart within their type only."""
    if fill.closed:
        yield _row(fill, "REALIZED_PNL", fill.realised, fill.coin)
    yield _row(fill, "COMMISSION", -fill.fee, fill.fee_coin)
    if fill.penalty:
        yield _row(fill, "INSURANCE_CLEAR", -fill.penalty, fill.coin)


def _row(event: Event, kind: str, amount: Decimal, coin: str) -> Row:
    return {
        "symbol": "" if isinstance(event, Move) else event.market.symbol,
        "incomeType": kind,
        "income": coins(amount),
        "asset": coin,
        "info": kind,
        "time": event.time,
        "tranId": str(_number(event)) if _on_coinm(event) else _number(event),
        "tradeId": str(event.id) if isinstance(event, Fill) else "",
    }


def _number(event: Event) -> int:
    """Of the funding at midnight UTC all markets have one, each leg of hedge mode its own."""
    if isinstance(event, Payment) and event.time % DAY == 0:
        return event.time * 10 + list(SIDES).index(event.leg)
    return event.id


def _on_coinm(event: Event) -> bool:
    """Where the number of a transaction is text."""
    wallet = event.wallet if isinstance(event, Move) else wallet_of(event.market)
    return wallet == "coinm"
