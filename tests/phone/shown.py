"""Every page that a trader may meet: answers, their details, partial ones, mistakes, help."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Final

from crypto_assistant.commands import COMMANDS
from crypto_assistant.front import Sheet
from crypto_assistant.sandbox import Fault
from tests.floor import Floor, floor

COINS: Final = "BTC PEPE BABYDOGE JELLYJELLY MOVE NOT ANY STEP NEIRO MNT USDC"
LINES: Final = {
    "start": ["start"],
    "help": ["help", *(f"help {command.name}" for command in COMMANDS)],
    "price": [f"price {coin}" for coin in COINS.split()],
    "analysis": ["analysis BTC", "analysis BABYDOGE 4h", "analysis JELLYJELLY"],
    "volume": ["volume BTC", "volume BABYDOGE 1d", "volume JELLYJELLY"],
    "cvd": ["cvd BTC", "cvd BABYDOGE 4h", "cvd JELLYJELLY"],
    "oi": ["oi BTC", "oi BABYDOGE", "oi JELLYJELLY", "oi MOVE", "oi NOT"],
    "balance": ["balance"],
    "positions": ["positions", "positions BTC"],
    "pnl": ["pnl", "pnl 7d", "pnl 30d"],
    "top10": [
        *(f"top10 {order}" for order in ("volume", "gainers", "losers", "funding", "oi")),
        "top10 spot", "top10 spot gainers", "top10 tradfi",
    ],
    "volscan": ["volscan", "volscan 50 1h 20"],
    "status": ["status"],
    "mistake": [
        "pirce BTC", "price BTCC", "cvd BTC ETH", "price XAU", "price BTC 7m", "cvd BTC bibance",
        "top10 gainerz", "pnl yesterday", "help nobody", "volscan 3x 4x 5x 6x", "",
    ],
    "watch": ["watch", "watch BTC ETH PEPE 1INCH BABYDOGE gold", "watch only btc eth okx"],
    "settings": ["settings", "settings zone Europe/Berlin", "settings details"],
}  # fmt: skip
"""By subject, without `details`, which every page is also asked for."""

FAILURES: Final = {
    "silent": Fault("okx", "timeout"),
    "refused": Fault("bybit", "geo_blocked"),
    "banned": Fault("binance", "banned", 150),
}
MANY: Final = 167
"""Positions beside the usual ones at each of the three exchanges."""
PARTIAL: Final = (
    "price",
    "analysis",
    "volume",
    "cvd",
    "oi",
    "top10",
    "balance",
    "positions",
    "pnl",
)
"""The subjects that are also asked while a venue fails, the first line of each."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message; `where`: what fails meanwhile."""

    subject: str
    line: str
    sheet: Sheet
    where: str = ""

    def __str__(self) -> str:
        return f"/{self.line}" + (f" ({self.where})" if self.where else "")


async def pages(subjects: Collection[str]) -> AsyncIterator[Shown]:
    """Those of the subjects, over the simulated exchanges at one moment."""
    async with floor() as market:
        await market.open()
        for subject in subjects:
            async for shown in _subject(market, subject):
                yield shown
    if "positions" in subjects:
        async for shown in _crowded():
            yield shown


async def _crowded() -> AsyncIterator[Shown]:
    """As many positions as there are at most."""
    async with floor(extra=MANY) as market:
        for owner in market.sandbox.owners.values():
            owner.extra_positions = MANY
        await market.open()
        for line in ("positions", "positions details"):
            sheet = await market.front.reply(f"/{line}")
            yield Shown("positions", line, sheet, "500 of them")


async def _subject(market: Floor, subject: str) -> AsyncIterator[Shown]:
    for line in LINES[subject]:
        for asked in (line, f"{line} details") if _has_details(subject) else (line,):
            for sheet in await _all(market, asked):
                yield Shown(subject, asked, sheet)
    if subject in PARTIAL:
        for where, fault in FAILURES.items():
            async for shown in _failing(market, subject, where, fault):
                yield shown


async def _failing(market: Floor, subject: str, where: str, fault: Fault) -> AsyncIterator[Shown]:
    line = LINES[subject][0]
    await market.pass_time(600)
    market.sandbox.faults = [fault]
    for sheet in await market.watch(f"/{line}"):
        yield Shown(subject, line, sheet, where)
    market.sandbox.faults = []
    await market.pass_time(600)


async def _all(market: Floor, line: str) -> list[Sheet]:
    """Every message of an answer."""
    sheets = [await market.front.reply(f"/{line}" if line else line)]
    while turn := next((b for row in sheets[-1].buttons for b in row if b.label == "›"), None):
        sheets.append(await market.front.reply(turn.line))
    return sheets


def _has_details(subject: str) -> bool:
    return any(command.name == subject and command.parameters.details for command in COMMANDS)
