"""The nouns of the market and their units.

Everywhere inside the program: prices are quote currency per plain coin (never per 1000 coins),
sizes are plain coins, rates and changes are fractions (0.01 is 1 %), times are int ms UTC.
Contracts, multipliers and percent stop at the adapters. In columns a missing number is NaN,
in single records it is None.
"""

from crypto_assistant.models.account import (
    AccountLog,
    Balance,
    Entry,
    Fills,
    Find,
    Flow,
    Holding,
    Permissions,
    Position,
    Positions,
    Side,
    Wallet,
)
from crypto_assistant.models.instruments import (
    Instrument,
    Instruments,
)
from crypto_assistant.models.now import (
    Funding,
    Fundings,
    Mark,
    Marks,
    OpenInterest,
    OpenInterests,
    Ticker,
    Tickers,
)
from crypto_assistant.models.provenance import (
    Dated,
    Provenance,
)
from crypto_assistant.models.series import (
    Candles,
    FundingHistory,
    LongShort,
    LongShorts,
    OpenInterestHistory,
    TakerVolumes,
    Trades,
)
from crypto_assistant.models.units import (
    DAY_MS,
    DOLLARS,
    HOUR_MS,
    Family,
    Floats,
    Timeframe,
    known,
    total,
)

__all__ = [
    "DAY_MS",
    "DOLLARS",
    "HOUR_MS",
    "AccountLog",
    "Balance",
    "Candles",
    "Dated",
    "Entry",
    "Family",
    "Fills",
    "Find",
    "Floats",
    "Flow",
    "Funding",
    "FundingHistory",
    "Fundings",
    "Holding",
    "Instrument",
    "Instruments",
    "LongShort",
    "LongShorts",
    "Mark",
    "Marks",
    "OpenInterest",
    "OpenInterestHistory",
    "OpenInterests",
    "Permissions",
    "Position",
    "Positions",
    "Provenance",
    "Side",
    "TakerVolumes",
    "Ticker",
    "Tickers",
    "Timeframe",
    "Trades",
    "Wallet",
    "known",
    "total",
]
