"""Requests in the owner's name: signed by the venue's clock, each try anew, never kept."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qsl

from crypto_assistant import foreign
from crypto_assistant.errors import ClockSkew, ExchangeError
from crypto_assistant.net.api import Api
from crypto_assistant.net.limiter import Budget
from crypto_assistant.net.request import Query, Request, target

T = TypeVar("T")

MEASURED_MS = 600_000
"""For how long a venue's clock is taken to run like this host's."""


@dataclass(frozen=True, slots=True)
class Key:
    """What the owner got from a venue, kept out of every text."""

    name: str = field(repr=False)
    secret: str = field(repr=False)
    passphrase: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Signature:
    """What signing adds: to the end of the query, and to the headers."""

    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def hidden_in(self, text: str) -> str:
        """The text of a venue that repeats what it was sent, without that."""
        added = (*self.headers.values(), *dict(parse_qsl(self.query)).values())
        return foreign.line(text, secrets=added)


Sign = Callable[[str, str, int], Signature]
"""From method, path with query, and the venue's time in ms to the signature."""


class VenueClock:
    """A venue's time: this host's, right or wrong, and how far the venue's is from it.

    The estimate is never ahead of the venue, and behind it by the way of one answer at most.
    """

    def __init__(self, ask: Callable[[], Awaitable[int]], host_ms: Callable[[], int]) -> None:
        self._ask = ask
        self._host_ms = host_ms
        self._offset_ms = 0
        self._measured_ms: int | None = None
        self.ahead_seconds: float | None = None
        """By how much at least the venue's clock is ahead of this host's; None: not known yet."""

    async def now_ms(self) -> int:
        """The venue's time; asked for where the last measurement is missing or old."""
        measured_ms = self._measured_ms
        if measured_ms is None or abs(self._host_ms() - measured_ms) > MEASURED_MS:
            await self.measure()
        return self.estimate_ms()

    async def measure(self) -> None:
        """Asks the venue; raises ExchangeError."""
        sent_ms = self._host_ms()
        told_ms = await self._ask()
        self._measured_ms = self._host_ms()
        self._offset_ms = told_ms - self._measured_ms
        least_ms, most_ms = self._offset_ms, told_ms - sent_ms
        self.ahead_seconds = (max(0, least_ms) + min(0, most_ms)) / 1000

    def estimate_ms(self) -> int:
        """The venue's time by the last measurement."""
        return self._host_ms() + self._offset_ms


class SignedApi:
    """Signed requests to one base address."""

    def __init__(self, api: Api, sign: Sign, clock: VenueClock) -> None:
        self._api = api
        self._sign = sign
        self._clock = clock

    async def read(
        self,
        path: str,
        query: Query = (),
        *,
        parse: Callable[[Any, int], T],
        method: Literal["GET", "POST"] = "GET",
        weight: float = 1,
        budget: Budget | None = None,
    ) -> T:
        """The payload of `path` through `parse(payload, received_ms)`; raises ExchangeError."""
        unsigned, signature = target(path, query), Signature()

        def compose() -> Request:
            nonlocal signature
            signature = self._sign(method, unsigned, self._clock.estimate_ms())
            return Request(
                unsigned + signature.query, method, signature.headers, signature.hidden_in
            )

        async def ask() -> T:
            try:
                return await self._api.ask(path, compose, parse=parse, weight=weight, budget=budget)
            except ExchangeError as error:
                error.hide(signature.hidden_in)
                raise

        await self._clock.now_ms()
        try:
            return await ask()
        except ClockSkew:
            await self._clock.measure()
            return await ask()
