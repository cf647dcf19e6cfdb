"""What a check of the audit is: a number in two ways, how far apart they may be, and why so far."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Instrument

BTC, ETH, PEPE, COIN_M = Coin("BTC"), Coin("ETH"), Coin("PEPE"), Coin("BTC", "USD")
"""The perps that are looked at: large ones, one of a multiplier, one margined in the coin."""

DIGITS = {"%": (100.0, 2), "s": (1.0, 1), "h": (1.0, 2)}
"""By unit: how it is counted in what is shown, and its decimals."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A perp that is looked at; `end_ms`: of the last UTC day that has settled at its venue."""

    exchange: Exchange
    instrument: Instrument
    end_ms: int


async def _of_no_market(looked: Looked) -> float:
    raise Unsupported(f"{looked.instrument.symbol} is not looked at by itself")


@dataclass(frozen=True, slots=True)
class Check:
    """A number of a venue's in two ways.

    `most`: how far apart they may be, a fraction, seconds or hours by `unit`; `why`: the reason for
    so much. `against`: the second way. `uses`: how the parts of answers that the number goes into
    are called, or their names end, "" for all of them. `off`: how far apart they are;
    raises ExchangeError.
    """

    name: str
    against: str
    most: float
    unit: str
    why: str
    uses: tuple[str, ...]
    coins: tuple[Coin, ...] = ()
    off: Callable[[Looked], Awaitable[float]] = field(default=_of_no_market, repr=False)

    def agrees(self, off: float) -> bool:
        return off <= self.most

    @property
    def limit(self) -> str:
        """How far apart they may be, in words: `2 %`."""
        return f"{DIGITS[self.unit][0] * self.most:g} {self.unit}"

    def words(self, off: float) -> str:
        """An amount in the check's unit: `0.35 %`."""
        times, decimals = DIGITS[self.unit]
        return f"{times * off:.{decimals}f} {self.unit}"
