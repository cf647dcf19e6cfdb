"""OKX's bills, every change of the trading account, and the fills among them.

https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-bills-details-last-3-months
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Set
from decimal import Decimal
from typing import Final, NamedTuple

from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.events import Event, Fill, Move, Payment
from crypto_assistant.sandbox.dealings import exchanged, fee_rate
from crypto_assistant.sandbox.face import plain
from crypto_assistant.sandbox.okx.answers import Row
from crypto_assistant.sandbox.okx.rows import inst_type

_ZERO: Final = Decimal(0)
_FIRST: Final = 623_950_854_000_000_000


class Bill(NamedTuple):
    """A row of the account, and the trade that it is about (of spot: with the base's row)."""

    id: int
    time: int
    row: Row
    event: Event
    fill: Fill | None

    @property
    def contract(self) -> str:
        """OKX's ctType: "linear", "inverse", or "" of what is no contract."""
        if isinstance(self.event, Move) or self.event.market.kind == "spot":
            return ""
        return self.event.market.kind


class Bills:
    """Every bill since the account began, oldest first; grows as time passes."""

    def __init__(self, book: Book, isolated: Set[str]) -> None:
        self._book = book
        self._isolated = isolated
        self._bills: list[Bill] = []
        self._cash: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._until = book.started

    def between(self, start: int, end: int, now: int) -> list[Bill]:
        """Those of [start, end], oldest first; nothing of the future."""
        for event in self._book.events(self._until, now + 1):
            self._add(event)
        self._until = max(self._until, now + 1)
        first = bisect_left(self._bills, start, key=_time)
        return self._bills[first : bisect_right(self._bills, min(end, now), key=_time)]

    def _add(self, event: Event) -> None:
        if isinstance(event, Payment):
            self._append(event, _funding(event), event.coin, event.amount)
        elif isinstance(event, Move):
            if event.wallet == "trading":
                self._append(event, _move(event), event.coin, event.amount)
        elif event.market.kind == "spot":
            for coin, amount in exchanged(event):
                fee = event.fee if coin == event.fee_coin else _ZERO
                self._append(event, _exchange(event, coin, amount), coin, amount - fee)
        else:
            change = event.realised - event.fee - event.penalty
            self._append(event, _trade(event), event.coin, change)

    def _append(self, event: Event, row: Row, coin: str, change: Decimal) -> None:
        number = _FIRST + len(self._bills)
        self._cash[coin] += change
        about = {
            "billId": str(number),
            "ts": str(event.time),
            "ccy": coin,
            "bal": plain(self._cash[coin]),
            "balChg": plain(change),
            "mgnMode": self._margin(event),
        }
        fill = event if isinstance(event, Fill) and _tells(event, coin) else None
        self._bills.append(Bill(number, event.time, {**_EMPTY, **row, **about}, event, fill))

    def _margin(self, event: Event) -> str:
        if isinstance(event, Move):
            return ""
        if event.market.kind == "spot":
            return "cash"
        return "isolated" if event.market.symbol in self._isolated else "cross"


def _tells(fill: Fill, coin: str) -> bool:
    """Of the two bills of a spot trade, the base's is the one that its fill names."""
    return fill.market.kind != "spot" or coin == fill.market.base


def fill_row(bill: Bill, fill: Fill) -> Row:
    """The trade of a bill as /trade/fills tells it."""
    market, liquidated = fill.market, fill.cause == "liquidation"
    return {
        **_NO_FILL,
        "instType": inst_type(market),
        "instId": market.symbol,
        "tradeId": str(fill.id),
        "ordId": str(fill.order),
        "billId": str(bill.id),
        "subType": bill.row["subType"],
        "fillPx": plain(fill.price),
        "fillSz": plain(fill.size),
        "fillPnl": plain(fill.realised),
        "side": fill.side,
        "posSide": fill.leg,
        "execType": "" if liquidated else _taken(fill),
        "feeCcy": fill.fee_coin,
        "fee": plain(-fill.fee - fill.penalty),
        "feeRate": plain(-fee_rate(fill)),
        "fillTime": str(fill.time),
        "ts": str(fill.time),
        "tradeQuoteCcy": market.quote if market.kind == "spot" else "",
    }


def _trade(fill: Fill) -> Row:
    liquidated = fill.cause == "liquidation"
    buys = fill.side == "buy"
    return {
        **_of_fill(fill),
        "type": "5" if liquidated else "2",
        "subType": ("106" if buys else "107") if liquidated else ("1" if buys else "2"),
        "sz": plain(fill.size),
        "pnl": plain(fill.realised),
        "fee": plain(-fill.fee - fill.penalty),
    }


def _exchange(fill: Fill, coin: str, amount: Decimal) -> Row:
    """A spot trade has two bills; each is a buy or a sale of its own currency."""
    return {
        **_of_fill(fill),
        "type": "2",
        "subType": "1" if amount > 0 else "2",
        "sz": plain(abs(amount)),
        "fee": plain(-fill.fee) if coin == fill.fee_coin else "0",
    }


def _of_fill(fill: Fill) -> Row:
    return {
        "instType": inst_type(fill.market),
        "instId": fill.market.symbol,
        "ordId": str(fill.order),
        "tradeId": str(fill.id),
        "px": plain(fill.price),
        "execType": _taken(fill),
        "fillTime": str(fill.time),
    }


def _funding(payment: Payment) -> Row:
    return {
        "type": "8",
        "subType": "173" if payment.amount < 0 else "174",
        "instType": inst_type(payment.market),
        "instId": payment.market.symbol,
        "sz": plain(abs(payment.size)),
        "px": plain(payment.mark),
        "pnl": plain(payment.amount),
    }


def _move(move: Move) -> Row:
    if move.kind == "interest":
        return {"type": "7", "subType": "9", "interest": plain(move.amount)}
    comes = move.amount > 0
    return {
        "type": "1",
        "subType": "11" if comes else "12",
        "sz": plain(abs(move.amount)),
        "from": "6" if comes else "18",
        "to": "18" if comes else "6",
    }


def _taken(fill: Fill) -> str:
    return "M" if fill.maker else "T"


def _time(bill: Bill) -> int:
    return bill.time


_EMPTY: Final = {
    "clOrdId": "", "earnAmt": "", "earnApr": "", "execType": "", "fee": "0", "fillFwdPx": "",
    "fillIdxPx": "", "fillMarkPx": "", "fillMarkVol": "", "fillPxUsd": "", "fillPxVol": "",
    "fillTime": "", "from": "", "instId": "", "instType": "", "interest": "0", "mgnMode": "",
    "notes": "", "ordId": "", "pnl": "0", "posBal": "0", "posBalChg": "0", "px": "", "sz": "0",
    "tag": "", "to": "", "tradeId": "",
}  # fmt: skip
_NO_FILL: Final = {
    "fillPxVol": "", "fillFwdPx": "", "clOrdId": "", "fillPxUsd": "", "fillMarkVol": "",
    "tag": "", "fillIdxPx": "", "fillMarkPx": "",
}  # fmt: skip
