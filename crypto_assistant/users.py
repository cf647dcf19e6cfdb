"""What each user has chosen: kept in the store, and at hand in memory."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from sqlite3 import Connection
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from crypto_assistant.models import Timeframe
from crypto_assistant.state.store import Store

TERMINAL = 0
"""Whoever sits at it; Telegram gives no user that number."""
COIN = "BTC"


@dataclass(frozen=True, slots=True)
class Settings:
    """One user's.

    `zone`: in which times are shown; None: the owner's. `style`: of pictures. `coin`: asked for
    where a line names none. `timeframe`: None: each command's own. `details`: whether they come
    first. `watched`: coins.
    """

    zone: ZoneInfo | None = None
    style: str = "dark"
    coin: str = COIN
    timeframe: Timeframe | None = None
    details: bool = False
    watched: tuple[str, ...] = ()

    @property
    def of_buttons(self) -> "Settings":
        """What a pressed button leaves to whoever presses it: its line says all the rest."""
        return replace(self, coin=COIN, timeframe=None, details=False)


NEUTRAL = Settings()

READ: Mapping[str, Callable[[str], Any]] = {
    "zone": ZoneInfo,
    "style": str,
    "coin": str,
    "timeframe": Timeframe,
    "details": lambda text: text == "details",
    "watched": lambda text: tuple(text.split()),
}
"""What a kept text says, by the setting."""


@dataclass(slots=True)
class Users:
    """The settings of all users; `store` opens where they are kept, None: in memory alone.

    Reading takes them from memory, where they are once `load` has ended. What is chosen counts only
    when it is kept.
    """

    store: Callable[[], Coroutine[Any, Any, Store]] | None = None
    _chosen: dict[int, Settings] = field(default_factory=dict)
    _is_loaded: bool = False

    def of(self, user: int | None) -> Settings:
        """None: somebody whom Telegram does not name."""
        return NEUTRAL if user is None else self._chosen.get(user, NEUTRAL)

    async def load(self) -> None:
        """Raises sqlite3.Error; the next call tries again."""
        if self._is_loaded or self.store is None:
            return
        for user, name, text in await (await self.store()).read(_rows):
            self._remember(user, name, text)
        self._is_loaded = True

    async def choose(self, user: int, name: str, text: str) -> None:
        """Keeps one setting; "" is what it is by itself. Raises sqlite3.Error."""
        await self.load()

        def keep(connection: Connection) -> None:
            connection.execute("DELETE FROM settings WHERE user = ? AND name = ?", (user, name))
            if text:
                connection.execute("INSERT INTO settings VALUES (?, ?, ?)", (user, name, text))

        if self.store:
            await (await self.store()).write(keep)
        self._remember(user, name, text)

    def _remember(self, user: int, name: str, text: str) -> None:
        """What this version does not know, or this host's list of zones, is as if not chosen."""
        if name not in READ:
            return
        try:
            value = READ[name](text) if text else getattr(NEUTRAL, name)
        except (ValueError, KeyError, OSError):
            return
        self._chosen[user] = replace(self.of(user), **{name: value})


def zone_named(text: str) -> ZoneInfo | None:
    """Whatever its case: `europe/berlin`."""
    names = {name.lower(): name for name in available_timezones()}
    found = names.get(text.lower())
    return ZoneInfo(found) if found else None


def _rows(connection: Connection) -> list[tuple[int, str, str]]:
    return connection.execute("SELECT user, name, text FROM settings").fetchall()
