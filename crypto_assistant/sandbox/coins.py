"""The coins of the simulated market."""

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Coin:
    """A coin of the world: price in USD, turnover in USD a day over all venues, daily volatility.

    `name` tells coins apart; exchanges print `ticker`, which two coins may share. `surge`: the
    logarithm of what its price is multiplied by in the six hours from `surged` (ms) on.
    """

    name: str
    price: float
    turnover: float
    volatility: float
    ticker: str
    surge: float = 0.0
    surged: int = 0


# name, USD, millions of USD a day over all venues, percent a day
_COINS: Final = """
BTC 68000 64000 2.2 | ETH 3400 36000 3.0 | SOL 172 12000 4.0 | XRP 2.15 6400 4.2
DOGE 0.162 4100 4.8 | BNB 640 2600 2.4 | PEPE 0.0000118 2000 6.5 | SUI 3.42 1750 5.0
ADA 0.61 1500 4.2 | LINK 15.4 1300 4.0 | AVAX 24.1 1120 4.4 | LTC 91.5 960 3.2
TRX 0.271 830 2.0 | SHIB 0.0000142 720 4.6 | WIF 1.08 620 7.0 | BONK 0.0000204 540 6.4
UNI 9.15 470 4.6 | DOT 4.35 410 4.0 | AAVE 262 360 4.4 | NEAR 2.84 315 4.7
ARB 0.462 275 4.9 | OP 0.735 240 5.0 | APT 5.12 210 4.6 | FIL 2.66 185 4.2
ATOM 4.58 162 3.9 | INJ 13.2 142 5.2 | SEI 0.233 125 5.3 | TIA 2.47 110 5.8
ENA 0.415 97 6.2 | WLD 1.12 86 6.0 | TON 3.08 76 3.5 | JUP 0.512 68 5.4
FLOKI 0.0000973 60 6.0 | 1INCH 0.234 53 4.4 | SUPER 0.684 47 5.2 | SATS 0.0000000412 42 6.6
NEIRO 0.000476 37 7.2 | BABYDOGE 0.00000000154 33 6.1 | MNT 1.07 29 3.8 | OKB 51.3 26 2.6
MON 0.0384 23 9.0 | LIT 2.91 19 11.0 | MATIC 0.382 12 4.0 | FTT 1.92 10 6.0 | SRM 0.031 8 6.0
TSLA 342 90 2.6 | XAU 3350 140 0.9 | BTCDOM 4620 30 0.8 | TEST01 12.5 400 3.0
USDC 0.9999 900 0.01 | FDUSD 0.9984 300 0.02 | DAI 0.9998 20 0.02 | EUR 1.084 110 0.4
USDT 1 0 0 | USD 1 0 0
"""
# Bybit's NEIRO is another coin than the NEIRO of the other two.
_NAMESAKES: Final = (Coin("NEIROCTO", 0.00201, 15e6, 0.075, "NEIRO"),)
# A long name whose price is 13.8 times what it was, and names that are words of English.
_ODD: Final = (
    Coin("JELLYJELLY", 0.00318, 4e6, 0.07, "JELLYJELLY", surge=2.63),
    Coin("MOVE", 0.124, 9e6, 0.05, "MOVE"),
    Coin("NOT", 0.00187, 8e6, 0.05, "NOT"),
    Coin("ANY", 4.21, 7e6, 0.04, "ANY"),
    Coin("STEP", 0.0312, 6e6, 0.05, "STEP"),
)


def named_coins(now: int) -> list[Coin]:
    """The coins a trader knows, cash among them; one has surged nine hours before `now` (ms)."""
    rows = [row.split() for row in _COINS.replace("\n", "|").split("|") if row.strip()]
    known = [Coin(n, float(p), float(m) * 1e6, float(v) / 100, n) for n, p, m, v in rows]
    return [*known, *_NAMESAKES, *(replace(coin, surged=now - 9 * 3_600_000) for coin in _ODD)]


def nameless_coins(count: int) -> list[Coin]:
    """Small coins that fill the lists up to the size of the real ones."""
    return [_nameless(n) for n in range(count)]


def _nameless(n: int) -> Coin:
    letters = "".join(chr(65 + n // 26**place % 26) for place in (2, 1, 0))
    price = 0.05 * 1000 ** (n * 0.618034 % 1)
    return Coin(f"Q{letters}", price, 6e6 / (1 + n / 40), 0.05, f"Q{letters}")
