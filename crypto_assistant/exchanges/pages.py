"""Series longer than a venue tells at once: their pages asked together and joined."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from crypto_assistant.models import Candles, OpenInterestHistory, TakerVolumes

S = TypeVar("S", Candles, OpenInterestHistory, TakerVolumes)


async def paged(
    limit: int,
    largest: int,
    step_ms: int,
    page: Callable[[int, int | None], Awaitable[S]],
    *,
    end_ms: int | None,
    now_ms: int,
) -> S:
    """The last `limit` rows before `end_ms`, by as many calls of `page(limit, end_ms)` as it takes.

    The newest page has no end where `end_ms` is None: by the venue's clock it may end a row sooner
    or later than by `now_ms`. The older ones then reach a row further on both of their ends, so
    that none is lost between them and none lacks.
    """
    if limit <= largest:
        return await page(limit, end_ms)
    asked = []
    if end_ms is None:
        asked.append(page(largest, None))
        end_ms = (now_ms // step_ms + 2 - largest) * step_ms
        older = limit - largest + 2
    else:
        older = limit
    asked += [
        page(min(largest, older - row), end_ms - row * step_ms) for row in range(0, older, largest)
    ]
    return _joined(await asyncio.gather(*asked), limit)


def _joined(parts: Sequence[S], limit: int) -> S:
    """The last `limit` rows of all parts, each row once, in ascending order.

    As old as the newest part, the first: of the others, kept for longer, nothing changes any more.
    """
    first = parts[0]
    columns: dict[str, Any] = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(first)
        if isinstance(getattr(first, field.name), np.ndarray)
    }
    times = columns["open_ms"] if "open_ms" in columns else columns["time_ms"]
    _, rows = np.unique(times, return_index=True)
    kept: dict[str, Any] = {name: column[rows[-limit:]] for name, column in columns.items()}
    return replace(first, **kept)
