"""The details of /positions: a few lines a position."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from crypto_assistant import view as v
from crypto_assistant.listings.lists import Coin
from crypto_assistant.subjects.account import remarks
from crypto_assistant.subjects.account.exposure import Open
from crypto_assistant.subjects.account.positions.answer import Positions
from crypto_assistant.subjects.account.positions.compact import net_table, parts, sums


def details(answer: Positions, view: v.View) -> Iterator[v.Html]:
    first, *rest = parts([*answer.nets.items()]) if answer.nets else [[]]
    yield v.lines([*sums(answer, view), net_table(first)])
    yield from map(net_table, rest)
    yield from (_position(one, answer, view) for one in answer.positions)


def _market(one: Open) -> str:
    """The coin, with its quote where that is not USDT, and when it is delivered."""
    if one.coin is None or one.quote is None:
        return one.symbol
    name = Coin(one.coin, one.quote).symbol
    if one.expires_ms is None:
        return name
    return f"{name} {datetime.fromtimestamp(one.expires_ms / 1000, UTC):%d%b}"


def _position(one: Open, answer: Positions, view: v.View) -> v.Html:
    venue = remarks.label(one.venue, answer.accounts, view)
    head = v.head(f"{_market(one)} {one.side}", f" {venue} {one.symbol}")
    return v.lines([head, *map(v.flowing, _lines(one, view))])


def _lines(one: Open, view: v.View) -> Iterator[Sequence[str]]:
    """Each of parts that stand beside each other where there is room."""
    if one.other_coin:
        yield ["another coin of that name? Not in the net"]
    yield [_size(one), *_margin(one)]
    entry, mark = (v.price(price, one.tick_size) for price in (one.entry_price, one.mark_price))
    yield [f"entry {entry}", f"mark {mark}"]
    yield [*_liquidation(one)]
    share = v.percent(one.unrealised_margin_fraction)
    yield [f"PnL {v.cents(one.unrealised_usd, plus=True)}", f"{share} on {v.cents(one.margin_usd)}"]
    if one.expires_ms is None:
        yield [*_funding(one, view)]


def _size(one: Open) -> str:
    if one.coin is None or one.coins is None:
        return f"{v.amount(one.contracts)} contracts = {v.cents(one.usd)}"
    return f"{v.amount(one.coins)} {one.coin} = {v.cents(one.usd)}"


def _margin(one: Open) -> Iterator[str]:
    kind = "" if one.isolated is None else "isolated" if one.isolated else "cross"
    leverage = "" if one.leverage is None else f"{v.plain(one.leverage)}x"
    yield f"{kind} {leverage}".strip()
    if one.hedged:
        yield "hedge mode"


def _liquidation(one: Open) -> Iterator[str]:
    if one.endless or one.liquidation_price is None:
        yield "liq none" if one.endless else f"liq {v.NOTHING}"
        return
    yield f"liq {v.price(one.liquidation_price, one.tick_size)}"
    yield v.percent(one.liquidation_fraction)
    if one.liquidation_atr_1h is not None:
        yield f"{v.decimal(one.liquidation_atr_1h, 1)} ATR"


def _funding(one: Open, view: v.View) -> Iterator[str]:
    """The rate of one interval in percent, what is paid at it, and when."""
    yield f"fund {v.funding(one.funding_fraction, one.funding_hours)}"
    at = "" if one.next_funding_ms is None else f" at {view.minute(one.next_funding_ms)}"
    yield v.cents(one.next_funding_usd, plus=True) + at
