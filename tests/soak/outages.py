"""What goes wrong between the bot and Telegram, and with whoever it talks to."""

from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any, Final

from tests.soak.chats import Chats

USERS: Final = tuple(range(101, 131))
MALFORMED: Final[tuple[Any, ...]] = (
    {"message": {"text": "/price BTC"}},
    {"callback_query": {"id": 5}},
    {"poll_answer_of_tomorrow": {}},
    "no update",
)
WRITES: Final = ("sendMessage", "editMessageText")
MANY: Final = 10_000
"""More calls than there are in an outage."""

End = Callable[[], Awaitable[None]]
"""Waits until a trouble is over."""
Outage = Callable[[Chats, Random, End], Awaitable[None]]


async def _blocked(api: Chats, random: Random, end: End) -> None:
    chat = random.choice(USERS)
    api.blocked.add(chat)
    await end()
    api.blocked.discard(chat)


async def _deleted(api: Chats, random: Random, _: End) -> None:
    for chat in random.sample(USERS, 10):
        api.delete(chat)


async def _malformed(api: Chats, _random: Random, _: End) -> None:
    for update in MALFORMED:
        api.deliver(update)


async def _flooded(api: Chats, random: Random, end: End) -> None:
    """One chat is told to wait, more than once."""
    chat = random.choice(USERS)
    api.flooded[chat] = random.choice((2, 20))
    await end()
    api.flooded.pop(chat, None)


async def _held(api: Chats, _random: Random, end: End) -> None:
    held = api.hold("getUpdates")
    await end()
    held.set()


async def _closed(api: Chats, _random: Random, end: End) -> None:
    """Every connection breaks, and none is taken."""
    await api.shut()
    await _failing((*WRITES, "getUpdates"), 0)(api, _random, end)
    await api.open()


def _failing(methods: tuple[str, ...], status: int, **more: Any) -> Outage:
    """Every call of the methods goes wrong."""

    async def fail(api: Chats, _random: Random, end: End) -> None:
        for method in methods:
            api.fail(method, status, MANY, **more)
        await end()
        for method in methods:
            api.recover(method)

    return fail


OUTAGES: Final[Mapping[str, Outage]] = {
    "502": _failing(WRITES, 502),
    "429": _failing(WRITES, 429, retry_after=2),
    "reset": _failing(WRITES, 0),
    "cut": _failing(WRITES, 200, cut=True),
    "trickle": _failing(WRITES, 200, trickle=1.0),
    "nonsense": _failing(WRITES, 200, body="<html>"),
    "flooded": _flooded,
    "409": _failing(("getUpdates",), 409, description="Conflict: terminated by other request"),
    "poll 502": _failing(("getUpdates",), 502),
    "poll reset": _failing(("getUpdates",), 0),
    "poll cut": _failing(("getUpdates",), 200, cut=True),
    "held poll": _held,
    "malformed": _malformed,
    "blocked": _blocked,
    "closed": _closed,
    "deleted": _deleted,
}
