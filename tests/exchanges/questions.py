"""All that an adapter can be asked, about a market of each kind and about the owner's account."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crypto_assistant.exchanges.base import Account, Exchange, Retelling
from crypto_assistant.models import DAY_MS, HOUR_MS, Family, Instrument, Instruments, Timeframe
from tests.exchanges.simulated import NOW

ROWS = 30
BEFORE, LONG_BEFORE = NOW - HOUR_MS, NOW - 240 * HOUR_MS
BEFORE_TODAY = NOW // DAY_MS * DAY_MS
SPANS = (NOW - 30 * HOUR_MS, NOW), (LONG_BEFORE, LONG_BEFORE + 30 * HOUR_MS)
"""What is old has a path of its own at OKX."""
SYMBOLS = {
    "binance": ("BTCUSDT", "BTCUSDT", "BTCUSD_PERP"),
    "bybit": ("BTCUSDT", "BTCUSDT", "BTCUSD"),
    "okx": ("BTC-USDT", "BTC-USDT-SWAP", "BTC-USD-SWAP"),
}
"""Of each venue one of each family."""

Ask = Callable[[Exchange, Account], Awaitable[Any]]


@dataclass(frozen=True)
class Question:
    """`is_sum`: its answer is added up, or will be: it is whole, or none."""

    name: str
    ask: Ask
    is_sum: bool = False


@dataclass(frozen=True, eq=False)
class Market:
    """One of those that questions are about, and the list that it stands on."""

    one: Instrument
    listed: Instruments

    @property
    def is_dated(self) -> bool:
        return self.one.expires_ms is not None


async def markets(exchange: Exchange) -> list[Market]:
    """One of each family, and a dated future of each that has them."""
    found = []
    for family, symbol in zip(Family, SYMBOLS[exchange.name], strict=True):
        listed = await exchange.instruments(family)
        found.append(Market(listed[listed.row[symbol]], listed.where(~listed.dated)))
        if listed.dated.any():
            dated = listed.where(listed.dated)
            found.append(Market(dated[0], dated))
    return found


def questions(account: Account, about: Sequence[Market]) -> Iterator[Question]:
    yield _of_market("clock_ms")
    yield from (_of_market("instruments", family) for family in Family)
    for market in about:
        yield from _of_spot(market)
        if market.one.family is not Family.SPOT:
            yield from _of_contract(market)
        if not market.is_dated:
            yield from _of_all(market)
    yield from _of_owner(account, about)


def _of_spot(market: Market) -> Iterator[Question]:
    one, bars = market.one, (market.one, Timeframe.M5, ROWS)
    yield _of_market("ticker", one)
    yield _of_market("candles", *bars)
    yield _of_market("candles", *bars, LONG_BEFORE)
    # Bybit's are made of trades, the others' are bars like any.
    yield _of_market("taker_volumes", *bars, is_sum=one.venue == "bybit")
    yield _of_market("trades", one, is_sum=True)


def _of_contract(market: Market) -> Iterator[Question]:
    one, bars = market.one, (market.one, Timeframe.M5, ROWS)
    for name in ("open_interest", "long_shorts", "funding", "mark"):
        yield _of_market(name, one)
    yield _of_market("open_interests", market.listed)
    yield _of_market("open_interest_history", *bars)
    yield _of_market("open_interest_history", *bars, BEFORE)


def _of_all(market: Market) -> Iterator[Question]:
    yield _of_market("tickers", market.listed)
    if market.one.family is not Family.SPOT:
        yield _of_market("fundings", market.listed)
        yield _of_market("marks", market.listed)
        yield _retold("takers", market.one, Timeframe.H1, ROWS, BEFORE_TODAY)
        yield _retold("mark_candles", market.one, Timeframe.H1, ROWS, BEFORE_TODAY)
        yield _retold("open_interest", market.one)
        yield _of_market("funding_history", market.one, ROWS)


def _of_owner(account: Account, about: Sequence[Market]) -> Iterator[Question]:
    def find(family: Family, symbol: str) -> Instrument | None:
        lists = (market.listed for market in about if market.one.family is family)
        return next((found[found.row[symbol]] for found in lists if symbol in found.row), None)

    yield _of_account("permissions")
    yield from (_of_account("balance", wallet, is_sum=True) for wallet in account.wallets)
    yield from (_of_account("positions", family, find, is_sum=True) for family in account.families)
    perps = [one for one in about if one.one.family is not Family.SPOT and not one.is_dated]
    for span in SPANS:
        yield _of_account("log", *span, is_sum=True)
        yield from (_of_account("fills", perp.one, *span, is_sum=True) for perp in perps)


def _of_market(name: str, *about: Any, is_sum: bool = False) -> Question:
    async def ask(exchange: Exchange, _: Account) -> Any:
        return await getattr(exchange, name)(*about)

    return Question(_named(name, about), ask, is_sum)


def _retold(name: str, *about: Any) -> Question:
    async def ask(exchange: Exchange, _: Account) -> Any:
        assert isinstance(exchange, Retelling)
        return await getattr(exchange.retold, name)(*about)

    return Question(_named(f"retold {name}", about), ask)


def _of_account(name: str, *about: Any, is_sum: bool = False) -> Question:
    async def ask(_: Exchange, account: Account) -> Any:
        return await getattr(account, name)(*about)

    return Question(_named(name, about), ask, is_sum)


def _named(name: str, about: Sequence[Any]) -> str:
    first = about[0] if about else ""
    return f"{name} {getattr(first, 'symbol', getattr(first, 'family', first))}"
