"""Whatever is asked, fails or comes late: what the ledger covers is what the venue's log says."""

from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.errors import Unreachable
from crypto_assistant.ledger import REACH_MARGIN_MS, SETTLING_MS, Ledger
from crypto_assistant.models import Entry
from crypto_assistant.state.store import Store
from tests.account_log import BOOK, DAY, HOUR, NOW, PlayedAccount, SetClock, line, quiet
from tests.clock import clock

FIRST, LAST = NOW - 9 * DAY, NOW + 3 * DAY


@dataclass(frozen=True)
class Asked:
    """One update, some time after the one before; `broken`: the days of which nothing comes."""

    after_ms: int
    start_ms: int
    end_ms: int
    broken: frozenset[int]


class Venue(PlayedAccount):
    """It forgets soon."""

    log_reach_ms = 6 * DAY

    async def _told(self, start_ms: int, end_ms: int) -> tuple[Entry, ...]:
        reach_ms = await self.clock.now_ms() - self.log_reach_ms
        return await super()._told(max(start_ms, reach_ms), end_ms)


times = (
    st.integers(FIRST, LAST)
    | st.integers(FIRST // HOUR, LAST // HOUR).map(lambda hour: hour * HOUR)
    | st.integers(NOW - SETTLING_MS, NOW + HOUR)
)
"""Moments, many of them where a window ends or not long ago."""
lines = st.lists(
    st.tuples(times, st.integers(0, SETTLING_MS) | st.just(SETTLING_MS)), min_size=5, max_size=40
)
pauses = st.integers(0, 2 * SETTLING_MS) | st.integers(0, 8 * HOUR)
up_to_now = st.builds(
    Asked,
    after_ms=pauses,
    start_ms=st.integers(FIRST, NOW - HOUR),
    end_ms=st.just(LAST),
    broken=st.just(frozenset()),
)
any_window = st.builds(
    Asked,
    after_ms=pauses,
    start_ms=times,
    end_ms=times,
    broken=st.frozensets(st.integers(FIRST // DAY, LAST // DAY), max_size=3),
)
updates = st.lists(up_to_now | any_window, min_size=1, max_size=8)


async def asked(ledger: Ledger, account: Venue, question: Asked) -> int | None:
    """Since when the ledger is complete; None where the venue failed."""

    def fails(start_ms: int, _end_ms: int) -> Unreachable | None:
        return Unreachable("no answer") if start_ms // DAY in question.broken else None

    account.fails = fails
    try:
        return await ledger.update(BOOK, account, question.start_ms, question.end_ms, quiet)
    except Unreachable:
        return None


def within(entries: Iterable[Entry], start_ms: int, end_ms: int) -> list[Entry]:
    chosen = [entry for entry in entries if start_ms <= entry.time_ms < end_ms]
    return sorted(chosen, key=lambda entry: (entry.time_ms, entry.key))


async def check(told: list[tuple[int, int]], questions: list[Asked]) -> None:
    log = [line(str(number), time_ms) for number, (time_ms, _) in enumerate(told)]
    late = {str(number): time_ms + late for number, (time_ms, late) in enumerate(told)}
    account, now_ms = Venue(log, late), NOW
    async with Store.opened(None, clock) as store:
        ledger = Ledger(store)
        for question in questions:
            now_ms += question.after_ms
            account.clock = SetClock(now_ms)
            since_ms = await asked(ledger, account, question)
            kept = await ledger.entries(BOOK, FIRST, LAST)
            seen = [entry for entry in log if late[entry.key] <= now_ms]
            assert len(kept) == len(set(kept))
            assert set(kept) <= set(seen)
            if since_ms is not None:
                reach_ms = now_ms - account.log_reach_ms + REACH_MARGIN_MS
                end_ms = min(question.end_ms, now_ms)
                assert question.start_ms <= since_ms <= max(question.start_ms, reach_ms)
                assert within(kept, since_ms, end_ms) == within(seen, since_ms, end_ms)


@given(lines, updates)
async def test_the_ledger_is_the_venues_log(
    told: list[tuple[int, int]], questions: list[Asked]
) -> None:
    await check(told, questions)
