"""A front with commands that tests direct, served to a loopback Bot API."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from crypto_assistant.app import connection
from crypto_assistant.desk import Desk
from crypto_assistant.front import Front
from crypto_assistant.grammar import Args, Command, Parameters, Progress
from crypto_assistant.journal import request
from crypto_assistant.models import Provenance
from crypto_assistant.net.door import Timing as DeskTiming
from crypto_assistant.state.database import Timing as DatabaseTiming
from crypto_assistant.state.store import SHIPPED, Store
from crypto_assistant.telegram.patience import Timing
from crypto_assistant.telegram.poll import Pulse
from crypto_assistant.telegram.serve import serve
from crypto_assistant.view import Button, Html, Page, View, escape
from tests.botapi import TOKEN, BotApi
from tests.clock import clock

ADA = 7
TITLES = {"binance": "Binance", "bybit": "Bybit", "okx": "OKX"}
NOBODY = Provenance(
    asked=(), answered=(), failed={}, waiting=(), simulated=False, time_ms=0, oldest_ms=None
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a played command answers."""

    text: Html
    provenance: Provenance = NOBODY


@dataclass
class Stage:
    """The played commands, what they were asked, and what they wait for."""

    asked: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    """Of the requests in which it was asked."""
    known: Provenance = NOBODY
    """What the answers of echo rest on."""
    released: defaultdict[str, asyncio.Event] = field(
        default_factory=lambda: defaultdict(asyncio.Event)
    )
    progress: dict[str, Callable[[str], None]] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def front(self) -> Front:
        runs = [self.echo, self.hold, self.bug, self.hostile, self.unbalanced, self.unsendable]
        commands = [
            Command(
                run.__name__, f"Plays {run.__name__}", "/x", "", run, _page, Parameters(symbol=True)
            )
            for run in runs
        ]
        secret = replace(commands[0], name="secret", private=True)
        # No lists are read, and no question says that it waits for them.
        desk = Desk((), timing=DeskTiming(partial=86_400.0), clock_ms=clock)
        return Front([*commands, secret], desk, View(TITLES))

    async def echo(self, args: Args, _: Desk, __: Progress[Said]) -> Said:
        """Answers at once, each time with another number."""
        self._note(args.line())
        return Said(escape(f"{args.line()} no. {len(self.asked)}"), self.known)

    async def hold(self, args: Args, _: Desk, progress: Progress[Said]) -> Said:
        """Shows what the test tells it to, and ends when the test releases its symbol."""
        line, name = args.line(), args.symbol or ""
        self.progress[name] = lambda text: progress(Said(escape(text)))
        self._note(line)
        try:
            await self.released[name].wait()
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        return Said(escape(f"{line} is whole"))

    async def bug(self, args: Args, _: Desk, __: Progress[Said]) -> Said:
        raise RuntimeError(f"internal detail of {args.symbol}")

    async def hostile(self, _: Args, __: Desk, ___: Progress[Said]) -> Said:
        return Said(escape("<b>&<script>COIN</b"))

    async def unbalanced(self, _: Args, __: Desk, ___: Progress[Said]) -> Said:
        return Said(Html("<b>never closed"))

    async def unsendable(self, _: Args, __: Desk, ___: Progress[Said]) -> Said:
        """No message can be made of half a character."""
        return Said(Html("\ud83d"))

    async def until_asked(self, line: str, times: int = 1) -> None:
        async with asyncio.timeout(600):
            while self.asked.count(line) < times:
                await self._news.wait()
                self._news.clear()

    def _note(self, line: str) -> None:
        self.asked.append(line)
        self.numbers.append(request.get())
        self._news.set()


def _page(said: Said, args: Args, _: View) -> Page:
    refresh = Button("Refresh", args.line())
    return Page((said.text,), ((refresh, Button("Too long", "echo " + "Ω" * 30)),))


@asynccontextmanager
async def on_air(
    api: BotApi,
    stage: Stage,
    database: Path,
    *,
    listed: Collection[int] = (ADA,),
    token: str = TOKEN,
    api_url: str = "",
    on_polled: Pulse = lambda *_: None,
    patience: DatabaseTiming = SHIPPED,
) -> "AsyncIterator[asyncio.Task[None]]":
    """The front, up from its first poll to the end of the block."""
    polled = asyncio.Event()

    def told(failure: str, pause: float) -> None:
        on_polled(failure, pause)
        polled.set()

    async with connection(None) as http, Store.opened(database, clock, patience) as store:
        serving = asyncio.create_task(
            serve(
                stage.front(),
                store,
                http,
                token=token,
                listed=lambda: listed,
                api_url=api_url or api.url,
                timing=Timing(),
                clock_ms=clock,
                on_polled=told,
            )
        )
        up = asyncio.create_task(polled.wait())
        await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        try:
            yield serving
        finally:
            if not serving.cancelling():
                serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
