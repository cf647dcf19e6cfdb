"""OKX's address: requests within its limits, their answers unwrapped and read."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from crypto_assistant.exchanges.base import Used, used
from crypto_assistant.exchanges.okx.envelope import unwrap
from crypto_assistant.exchanges.okx.limits import READS, TIME, Budgets
from crypto_assistant.exchanges.payload import Table
from crypto_assistant.models import Floats
from crypto_assistant.net.api import Api
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.door import Door
from crypto_assistant.net.limiter import Limiter, share
from crypto_assistant.net.request import Dialect, Query
from crypto_assistant.net.signed import Sign, SignedApi, VenueClock

T = TypeVar("T")

DIALECT = Dialect(unwrap, READS)


class Tables:
    """Several answers read as one: each market is in one of them, or in none."""

    def __init__(self, answers: Sequence[Table]) -> None:
        self._answers = answers
        self.received_ms = min(answer.received_ms for answer in answers)

    def columns(self, symbols: Sequence[str], *names: str) -> list[Floats]:
        """One column per name, aligned with `symbols`; NaN for those that no answer has."""
        found = [answer.columns(symbols, *names) for answer in self._answers]
        return [np.fmax.reduce(column) for column in zip(*found, strict=True)]


class Source:
    """One address that market data and statistics are asked from."""

    def __init__(self, door: Door, base: str, limiter: Limiter) -> None:
        self.host_ms = door.clock_ms
        self._base = base
        self._cache = door.cache
        self._budgets = Budgets()
        self.api = Api(door, base, limiter, self._budgets.of(TIME), DIALECT)
        self.time = self.api.time

    @property
    def used(self) -> Mapping[str, Used]:
        """Of the path of which most is used, since each has a limit of its own."""
        path, budget = self._budgets.fullest()
        return {path: used(budget)}

    async def get(
        self,
        path: str,
        query: Query = (),
        *,
        parse: Callable[[Any, int], T],
        lifetime: Lifetime = Lifetime.PRICE,
        variant: Hashable = None,
        symbol: str | None = None,
    ) -> T:
        """What `parse(data, received_ms)` makes of the answer; `symbol`: the market it is about."""
        return await self.api.get(
            path,
            query,
            parse=parse,
            budget=self._budgets.of(path, symbol),
            lifetime=lifetime,
            variant=variant,
        )

    async def kept(self, key: Hashable, seconds: float, find: Callable[[], Awaitable[T]]) -> T:
        """What is found out of several answers of this address, once for all with as much of it."""
        # As each of those answers: who may use the whole limit does not wait with who may not.
        return await self._cache.get((self._base, key, share.get()), seconds, find)

    async def table(
        self, path: str, query: Query, names: Sequence[str], lifetime: Lifetime = Lifetime.PRICE
    ) -> Table:
        """The fields `names` of an answer with an object per market."""
        return await self.get(
            path,
            query,
            lifetime=lifetime,
            parse=lambda data, ms: Table.read(data, ms, "instId", names),
        )

    async def tables(
        self, path: str, queries: Iterable[Query], names: Sequence[str], lifetime: Lifetime
    ) -> Tables:
        """The same of several questions at once."""
        asked = (self.table(path, query, names, lifetime) for query in queries)
        return Tables(await asyncio.gather(*asked))

    def signed(self, sign: Sign, clock: VenueClock) -> "SignedSource":
        """The same address and limits, asked in the owner's name."""
        return SignedSource(SignedApi(self.api, sign, clock), self._budgets)


class SignedSource:
    """One address that the owner's account is asked from."""

    def __init__(self, api: SignedApi, budgets: Budgets) -> None:
        self._api = api
        self._budgets = budgets

    async def read(self, path: str, query: Query = (), *, parse: Callable[[Any, int], T]) -> T:
        """What `parse(data, received_ms)` makes of the answer."""
        return await self._api.read(path, query, parse=parse, budget=self._budgets.of(path))
