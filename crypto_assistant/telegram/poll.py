"""Fetches updates, keeps each in the inbox before Telegram may forget it, and hands it on."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any

import orjson
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramConflictError
from aiogram.methods import TelegramMethod
from aiogram.types import Update
from pydantic import ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    retry_if_exception_type,
)

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import ConfigError
from crypto_assistant.journal import request
from crypto_assistant.state.store import Store
from crypto_assistant.telegram.answers import Answers, Missed
from crypto_assistant.telegram.patience import (
    REFUSAL,
    TOKEN_REFUSED,
    Timing,
    failure,
    passes,
    pauses,
    reason,
)
from crypto_assistant.telegram.post import Unsent
from crypto_assistant.telegram.tasks import Tasks

log = logging.getLogger(__name__)

KINDS = ["message", "callback_query"]
LATE_MS = 120_000
FULL_BATCH = 100
KEPT_WITHIN = 0.1
"""Seconds that an answer waits for its question to be on the disk, which another may hold."""
CONFLICT = "another program polls with this token, or a webhook is set"

Pulse = Callable[[str, float], None]
"""Told of every attempt to fetch updates: what failed ("" for nothing), seconds to the next one."""


class GetRawUpdates(TelegramMethod[list[Any]]):
    """getUpdates, undecoded: one malformed update must not spoil the batch."""

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None
    timeout: int
    allowed_updates: list[str] = KINDS


class Poll:
    """The loop that asks Telegram for updates, for ever."""

    def __init__(
        self,
        bot: Bot,
        dispatcher: Dispatcher,
        answers: Answers,
        *,
        store: Store,
        tasks: Tasks,
        timing: Timing,
        clock_ms: Callable[[], int],
        on_polled: Pulse,
    ) -> None:
        self._bot = bot
        self._dispatcher = dispatcher
        self._answers = answers
        self._store = store
        self._tasks = tasks
        self._timing = timing
        self._clock_ms = clock_ms
        self._on_polled = on_polled
        self._offset: int | None = None
        self._after_gap = True
        self._seen: deque[int] = deque(maxlen=10 * FULL_BATCH)
        self._warned_of_ids = False
        self._online = asyncio.Event()
        self._failures: set[type] = set()
        """Of the outage that lasts; each kind is told once."""
        self._told = False
        self._conflict_told_at = -inf

    async def run(self) -> None:
        """Polls for ever, and answers what earlier lives left open; raises ConfigError."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(passes), wait=pauses(self._timing), before_sleep=self._failed
        )
        while True:
            await self._take_up()
            try:
                batch: list[Any] = await retrying.copy()(self._fetch)
            except TOKEN_REFUSED:
                raise ConfigError(REFUSAL) from None
            self._succeeded()
            await self._take(batch)

    async def _take_up(self) -> None:
        """Answers what earlier lives left open, once the database tells it."""
        left = await self._store.left()
        self._dispatch(await self._understood(left.to_answer))
        if given_up := await self._understood(left.given_up):
            # A press is not summed up: its button is still there.
            messages = [update for update in given_up if update.message]
            self._spawn(given_up, partial(self._catch_up, messages))

    async def _understood(self, bodies: Mapping[int, bytes]) -> list[Update]:
        """What has not come in this life, too; what this version cannot read is forgotten."""
        new = filter(self._is_new, bodies)
        known = {n: self._read(n, bodies[n]) for n in new}
        if unreadable := [n for n, update in known.items() if update is None]:
            await self._store.forget(unreadable)
        return list(filter(None, known.values()))

    async def _fetch(self) -> list[Any]:
        """One request; after a gap it does not wait for more than there is."""
        patience = 0 if self._after_gap else self._timing.long_poll
        return await self._bot(GetRawUpdates(offset=self._offset, timeout=patience))

    def _failed(self, state: RetryCallState) -> None:
        error = failure(state)
        said = reason(error) if error else ""
        if isinstance(error, TelegramConflictError):
            said = f"{CONFLICT} ({said})"
        if type(error) not in self._failures:
            self._told |= self._tell(said)
        self._failures.add(type(error))
        self._after_gap = True
        self._online.clear()
        self._on_polled(said, state.upcoming_sleep)

    def _tell(self, said: str) -> bool:
        """Whether it was told: two programs that interrupt each other do so all the time."""
        if said.startswith(CONFLICT):
            if monotonic() - self._conflict_told_at < self._timing.reminder:
                return False
            self._conflict_told_at = monotonic()
        log.warning("no updates: %s; trying again until it works", said)
        return True

    def _succeeded(self) -> None:
        if self._told:
            log.warning("updates arrive again")
        self._told = False
        self._failures.clear()
        self._online.set()
        self._on_polled("", 0.0)

    async def _take(self, batch: list[Any]) -> None:
        """Into the inbox, then past them with the offset, then to their answers."""
        by_id = {raw["update_id"]: raw for raw in batch if has_id(raw)}
        # What is more than was asked for stays with Telegram, which tells it again.
        numbered = {n: by_id[n] for n in sorted(by_id)[:FULL_BATCH]}
        new = filter(self._is_new, numbered)
        packed = {n: _packed(numbered[n]) for n in new}
        known = [self._read(n, packed[n]) for n in packed]
        updates = list(filter(None, known))
        bodies = {u.update_id: packed[u.update_id] for u in updates}
        late = [update for update in updates if self._after_gap and self._is_late(update)]
        self._after_gap = self._after_gap and len(batch) >= FULL_BATCH
        keeping = asyncio.ensure_future(self._store.keep(bodies, self._clock_ms()))
        await asyncio.wait({keeping}, timeout=KEPT_WITHIN)
        self._dispatch(update for update in updates if update not in late)
        if late:
            self._spawn(late, partial(self._catch_up, late))
        is_safe = await keeping
        if not all(map(has_id, batch)):
            self._warn_of_ids()
        # What the disk does not take stays with Telegram, unless nothing new would fit beside it.
        if numbered and (is_safe or len(batch) >= FULL_BATCH):
            self._offset = max(numbered) + 1
        elif batch:
            await asyncio.sleep(self._timing.pause)

    def _read(self, update_id: int, body: bytes) -> Update | None:
        try:
            update = Update.model_validate_json(body, context={"bot": self._bot})
        except ValidationError as e:
            where = ".".join(map(str, e.errors(include_input=False)[0]["loc"]))
            log.warning("update %d is malformed at %r and skipped", update_id, where)
            return None
        if update.message or update.callback_query:
            return update
        log.warning("update %d cannot be read, or is of another kind, and skipped", update_id)
        return None

    def _is_new(self, update_id: int) -> bool:
        if update_id in self._seen:
            return False
        self._seen.append(update_id)
        return True

    def _is_late(self, update: Update) -> bool:
        if update.message is None:
            return False
        return self._clock_ms() - 1000 * update.message.date.timestamp() > LATE_MS

    def _warn_of_ids(self) -> None:
        """Once: no offset passes such an update by, and it comes again with every request."""
        if not self._warned_of_ids:
            self._warned_of_ids = True
            log.warning("an update is malformed: no usable id; all such are skipped")

    def _dispatch(self, updates: Iterable[Update]) -> None:
        """Each in a task of its own, so that a slow one delays nobody."""
        for update in updates:
            self._spawn([update], partial(self._dispatcher.feed_update, self._bot, update))

    def _spawn(self, updates: Sequence[Update], answer: Callable[[], Awaitable[Any]]) -> None:
        self._tasks.spawn(self._answered(updates, answer))

    async def _answered(
        self, updates: Sequence[Update], answer: Callable[[], Awaitable[Any]]
    ) -> None:
        """Answers, anew until it is sent, and takes the updates out of the inbox."""
        request.set(str(updates[0].update_id))
        try:
            await AsyncRetrying(
                retry=retry_if_exception_type(Unsent), wait=pauses(self._timing), sleep=self._rest
            )(answer)
        except Exception:  # Another life would meet it again.
            log.exception("a bug in the Telegram front: the question is given up")
        # Telegram has it now: not even a stop makes that undone.
        await asyncio.shield(self._store.forget(update.update_id for update in updates))

    async def _rest(self, seconds: float) -> None:
        if self._online.is_set():
            await asyncio.sleep(seconds)
        await self._online.wait()

    async def _catch_up(self, late: Sequence[Update]) -> None:
        missed = Missed(list)
        for update in late:
            await self._dispatcher.feed_update(self._bot, update, missed=missed)
        await self._answers.catch_up(missed)


def _packed(update: Any) -> bytes:
    """As the inbox keeps it; nothing where it is nested too deeply to be kept."""
    try:
        return orjson.dumps(update)
    except orjson.JSONEncodeError:
        return b""


def has_id(raw: Any) -> bool:
    """Whether the update has a number that the inbox, and with it the offset, can hold."""
    known = raw.get("update_id") if isinstance(raw, dict) else None
    return type(known) is int and 0 <= known < 2**63
