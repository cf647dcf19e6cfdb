"""The kinds of market that a coin trades in."""

from dataclasses import replace
from typing import NamedTuple

from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Family

TITLES = {"spot": "spot", "usdt": "USDT", "usdc": "USDC", "coin_margined": "coin-M"}
"""How each kind of market is shown, by its name in answers."""


class Segment(NamedTuple):
    """One kind of market of a coin: `name` as in answers, `title` as it is shown."""

    name: str
    title: str
    family: Family
    coin: Coin


def spot(coin: Coin) -> Segment:
    return _segment("spot", Family.SPOT, coin.at_spot)


def perps(coin: Coin) -> tuple[Segment, ...]:
    """USDT, USDC and coin-margined perps; only one of them where another quote was asked for."""
    if coin.quote != "USDT":
        return (_perps(coin),)
    return tuple(_perps(replace(coin, quote=quote)) for quote in ("USDT", "USDC", "USD"))


def every(coin: Coin) -> tuple[Segment, ...]:
    """Spot and all perps."""
    return spot(coin), *perps(coin)


def _perps(coin: Coin) -> Segment:
    inverse = coin.perps is Family.INVERSE
    return _segment("coin_margined" if inverse else coin.quote.lower(), coin.perps, coin)


def _segment(name: str, family: Family, coin: Coin) -> Segment:
    return Segment(name, TITLES[name], family, coin)
