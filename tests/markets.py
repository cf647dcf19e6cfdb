"""Small lists of markets and their tickers, made by hand."""

from dataclasses import replace
from math import nan

import numpy as np

from crypto_assistant.models import Family, Instrument, Instruments, Tickers

NOW = 1_750_000_000_000


def markets(
    venue: str,
    family: Family,
    *names: str,
    tick: float = 0.01,
    tradfi: bool = False,
    received_ms: int = NOW,
) -> Instruments:
    """A list of markets written COIN/QUOTE, each under the name that the venue gives its coin."""
    listed = [
        Instrument(venue, family, coin + quote, coin, quote, 1.0, 1.0, tick, tradfi)
        for coin, quote in (name.split("/") for name in names)
    ]
    return Instruments.of(venue, family, listed, received_ms)


def tickers(
    listed: Instruments, last: dict[str, float], turnover: dict[str, float] | None = None
) -> Tickers:
    """Prices and turnovers by symbol; NaN for whatever is not given."""
    nothing = np.full(len(listed), nan)
    return Tickers(
        listed,
        last=np.array([last.get(symbol, nan) for symbol in listed.symbols]),
        bid=nothing,
        ask=nothing,
        change_24h=nothing,
        high_24h=nothing,
        low_24h=nothing,
        volume_24h=nothing,
        turnover_24h=np.array([(turnover or {}).get(symbol, nan) for symbol in listed.symbols]),
        received_ms=listed.received_ms,
    )


def joined(one: Instruments, other: Instruments) -> Instruments:
    """Two lists of one place as one."""
    return replace(
        one,
        symbols=one.symbols + other.symbols,
        coins=one.coins + other.coins,
        quotes=one.quotes + other.quotes,
        multiplier=np.concatenate([one.multiplier, other.multiplier]),
        contract=np.concatenate([one.contract, other.contract]),
        tick=np.concatenate([one.tick, other.tick]),
        tradfi=np.concatenate([one.tradfi, other.tradfi]),
    )
