"""What the program asks of an exchange."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

from crypto_assistant.clocks import monotonic
from crypto_assistant.models import (
    AccountLog,
    Balance,
    Candles,
    Family,
    Fills,
    Find,
    Funding,
    FundingHistory,
    Fundings,
    Instrument,
    Instruments,
    LongShorts,
    Mark,
    Marks,
    OpenInterest,
    OpenInterestHistory,
    OpenInterests,
    Permissions,
    Positions,
    TakerVolumes,
    Ticker,
    Tickers,
    Timeframe,
    Trades,
    Wallet,
)
from crypto_assistant.net.api import Api
from crypto_assistant.net.door import Door
from crypto_assistant.net.limiter import Budget, Limiter
from crypto_assistant.net.request import Reads
from crypto_assistant.net.signed import Key, VenueClock

LIVE = "live"


class Exchange(Protocol):
    """Market data of one venue. Every method raises ExchangeError, Unsupported among them.

    Series are in ascending order, the bar or sample that is still forming included.
    """

    name: ClassVar[str]
    """As it is written in commands: `binance`."""
    title: ClassVar[str]
    """As it is shown: `Binance`."""
    short: ClassVar[str]
    """Three letters for tables, no other venue's: `BIN`."""
    lent: ClassVar[str]
    """What comes before the name of a coin that is lent out, and can be had back: `LD`."""
    addresses: ClassVar[Mapping[str, str]]
    """The setting of each base address and its public default."""
    reads: ClassVar[Reads]
    """Every request that the adapter may send."""
    credentials: ClassVar[tuple[str, ...]]
    """The settings of the key's name, its secret and, where the venue wants one, passphrase.

    None where no account can be read there.
    """
    practice: ClassVar["Practice | None"]
    """Where play money is traded, if anywhere."""
    limiter: Limiter
    """What keeps all requests to the venue within its limits."""
    hosts: Mapping[str, Api]
    """Each base address, by what is found there: `spot`; their `health` tells how they are."""

    @property
    def used(self) -> Mapping[str, "Used"]:
        """How much of each of the venue's limits is spent in the window that ends now."""

    def __init__(self, door: Door, urls: Mapping[str, str]) -> None:
        """`urls`: the base address behind each setting of `addresses`."""

    async def clock_ms(self) -> int:
        """The venue's own time."""

    async def instruments(self, family: Family) -> Instruments:
        """Every market of the family that trades now, dated futures among them."""

    async def tickers(self, listed: Instruments) -> Tickers:
        """All tickers of `listed`, spot markets or perps, in one request."""

    async def ticker(self, instrument: Instrument) -> Ticker:
        """One market's ticker."""

    async def candles(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> Candles:
        """The last `limit` bars that open before `end_ms`; None: the forming one included."""

    async def taker_volumes(
        self, instrument: Instrument, timeframe: Timeframe, limit: int
    ) -> TakerVolumes:
        """What takers did in the last `limit` bars, as far back as the venue tells it.

        Unsupported where it does not tell it in bars of that length.
        """

    async def trades(self, instrument: Instrument) -> Trades:
        """The newest trades, as many as come with one request."""

    async def fundings(self, listed: Instruments) -> Fundings:
        """Funding of every perp of `listed`."""

    async def funding(self, instrument: Instrument) -> Funding:
        """One perp's funding."""

    async def funding_history(self, instrument: Instrument, limit: int) -> FundingHistory:
        """One perp's last `limit` payments of funding, at most `MOST_PAYMENTS`."""

    async def marks(self, listed: Instruments) -> Marks:
        """Mark and index prices of every perp of `listed`."""

    async def mark(self, instrument: Instrument) -> Mark:
        """One perp's mark and index price."""

    async def open_interests(self, listed: Instruments) -> OpenInterests:
        """Open interest of all of `listed`, perps or dated futures, in one request.

        Unsupported where it is told one by one.
        """

    async def open_interest(
        self, instrument: Instrument, mark: float | None = None
    ) -> OpenInterest:
        """One market's open interest in both units.

        `mark`: the mark price, where it is known already, for a venue that sends one unit alone.
        """

    async def open_interest_history(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> OpenInterestHistory:
        """The last `limit` samples at or before `end_ms`, one per `timeframe` (5m to 4h).

        And one before them, where the venue leaves out what is as it was there.
        """

    async def long_shorts(self, instrument: Instrument) -> LongShorts:
        """Who is long, by each of the venue's own counts."""


@runtime_checkable
class Accounted(Protocol):
    """A venue at which the owner may have an account."""

    def account(self, key: Key, environment: str = LIVE) -> "Account":
        """What the owner's key may read, at the same addresses."""


class Account(Protocol):
    """What one of the owner's keys may read. Every method raises ExchangeError."""

    venue: str
    environment: str
    """`live`, or what the venue calls its play money."""
    clock: VenueClock
    margined: ClassVar[tuple[Wallet, ...]]
    """The wallets that derivatives are margined with: what the log is about."""
    families: ClassVar[tuple[Family, ...]]
    """In which positions are asked for, one request or more each."""
    log_window_ms: ClassVar[int]
    """The longest part of the log that is asked for at once."""
    log_reach_ms: ClassVar[int]
    """How far back the venue keeps the log."""

    @property
    def wallets(self) -> tuple[Wallet, ...]:
        """All that can be asked for."""

    @property
    def unread(self) -> tuple[str, ...]:
        """Where the owner may have money that is not looked at: `Earn`."""

    async def permissions(self) -> Permissions:
        """Whose key it is, and what it may do; play money needs no look at the latter."""

    async def balance(self, wallet: Wallet) -> Balance:
        """What is in one of `wallets`."""

    async def positions(self, family: Family, find: Find) -> Positions:
        """Every open position of the family, dated futures among them."""

    async def log(self, start_ms: int, end_ms: int) -> AccountLog:
        """Every line of [`start_ms`, `end_ms`), at most `log_window_ms`, all of its pages."""

    def settled(self, instrument: Instrument) -> str:
        """How often the log realises what a position won, open as it is: `daily`; "" for never."""

    async def fills(self, instrument: Instrument, start_ms: int, end_ms: int) -> Fills:
        """The trades of one market, all pages of them; as far back as the venue keeps them."""


class Retold(Protocol):
    """Numbers that a venue tells a second time, which nothing but the audit asks for.

    Every method raises ExchangeError: Unsupported where the venue tells it once.
    """

    async def takers(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> TakerVolumes:
        """The venue's statistics of takers in the last `limit` bars before `end_ms`.

        `open_ms` is what a row bears: the start of its bar or the end, nobody says which; so there
        is one row more.
        """

    async def mark_candles(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> Candles:
        """Mark prices in the last `limit` bars before `end_ms`, which have ended; no volumes."""

    async def open_interest(self, instrument: Instrument) -> OpenInterest:
        """One side of open interest, by what the venue tells of both."""


@runtime_checkable
class Retelling(Protocol):
    """A venue that can be asked for some of its numbers in a second way."""

    @property
    def retold(self) -> Retold: ...


@runtime_checkable
class Believing(Protocol):
    """A venue some of whose answers are read by beliefs that are checked as the program runs."""

    @property
    def beliefs(self) -> Mapping[str, "Belief"]:
        """What was found last, by what it is about."""


MOST_PAYMENTS = 100
"""Of funding, that one request brings everywhere."""
IN_DOUBT = "in doubt"
"""A verdict: shown, but it may be wrong."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What rows of statistics bear, in a word or two, and the numbers that say so."""

    verdict: str
    why: str


class Used(NamedTuple):
    """Units spent and how many may be: requests, or weight where the venue counts that."""

    units: float
    limit: float


@dataclass(frozen=True, slots=True)
class Practice:
    """A venue's play money.

    `setting`: what switches it on. `addresses`: of each environment, the base addresses that
    differ from those of real money; the first environment is meant by "true".
    """

    setting: str
    addresses: Mapping[str, Mapping[str, str]]


def used(budget: Budget) -> Used:
    """What is spent of it now."""
    return Used(budget.used(monotonic()), budget.limit)
