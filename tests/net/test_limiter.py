"""Published limits are kept, and orders to stop are obeyed by every caller."""

import asyncio

import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import RateLimited
from crypto_assistant.net.limiter import Budget, Limiter

NOON_MS = 1_789_992_000_000


@pytest.fixture
def limiter() -> Limiter:
    return Limiter(lambda: NOON_MS)


def test_a_budget_is_free_again_when_what_was_spent_leaves_the_window() -> None:
    budget = Budget(10, 60)
    budget.spend(6, now=100)
    budget.spend(4, now=110)
    assert budget.free_at(1, now=120) == 160
    assert budget.free_at(6, now=120) == 160
    assert budget.free_at(7, now=120) == 170
    assert budget.used(now=159) == 10
    assert budget.used(now=160) == 4
    assert budget.free_at(6, now=161) == 161


def test_a_budget_that_has_room_is_free_now() -> None:
    budget = Budget(10, 60)
    budget.spend(6, now=100)
    assert budget.free_at(4, now=101) == 101


def test_somebody_elses_traffic_on_the_same_address_counts() -> None:
    budget = Budget(10, 60)
    budget.spend(2, now=100)
    budget.observe(9, now=101)
    assert budget.used(now=101) == 9
    assert budget.free_at(2, now=102) == 160
    assert budget.free_at(9, now=102) == 161


def test_a_venue_that_counts_less_than_we_do_frees_nothing() -> None:
    budget = Budget(10, 60)
    budget.spend(9, now=100)
    budget.observe(1, now=101)
    assert budget.used(now=101) == 9


def test_a_request_larger_than_its_budget_goes_out_alone() -> None:
    budget = Budget(10, 60)
    assert budget.free_at(11, now=100) == 100
    budget.spend(1, now=100)
    assert budget.free_at(11, now=101) == 160


def test_a_share_of_a_budget_counts_what_all_have_spent() -> None:
    budget = Budget(10, 60)
    budget.spend(2, now=100)
    budget.spend(2, now=110)
    assert budget.free_at(1, now=120, share=0.5) == 120
    assert budget.free_at(2, now=120, share=0.5) == 160
    assert budget.free_at(4, now=120, share=0.5) == 170
    assert budget.free_at(6, now=120) == 120


async def test_who_waits_for_a_share_does_not_hold_up_the_rest(limiter: Limiter) -> None:
    budget, start = Budget(4, 60), monotonic()
    due = start + 90
    half = [asyncio.create_task(limiter.admit(budget, 1, due, share=0.5)) for _ in range(3)]
    await asyncio.sleep(0)
    assert [task.done() for task in half] == [True, True, False]
    await limiter.admit(budget, 2, due)
    assert monotonic() == start
    await asyncio.gather(*half)
    assert monotonic() - start == pytest.approx(60)


async def test_what_does_not_fit_waits_for_the_window(limiter: Limiter) -> None:
    budget, start = Budget(2, 60), monotonic()
    await asyncio.gather(*(limiter.admit(budget, 1, start + 900) for _ in range(5)))
    assert monotonic() - start == pytest.approx(120)


async def test_a_wait_that_outlasts_the_deadline_is_refused_at_once(limiter: Limiter) -> None:
    budget, start = Budget(1, 60), monotonic()
    await limiter.admit(budget, 1, start + 8)
    with pytest.raises(RateLimited) as refused:
        await limiter.admit(budget, 1, start + 8)
    assert monotonic() == start
    assert refused.value.until_ms == NOON_MS + 60_000
    assert str(refused.value) == "rate-limited until 12:01:00 UTC"


async def test_an_order_to_stop_holds_every_caller_whatever_its_budget(limiter: Limiter) -> None:
    assert limiter.hold(30).until_ms == NOON_MS + 30_000
    for budget in (Budget(10, 60), Budget(500, 1)):
        with pytest.raises(RateLimited) as refused:
            await limiter.admit(budget, 1, monotonic() + 8)
        assert refused.value.until_ms == NOON_MS + 30_000
        assert budget.used(monotonic()) == 0


async def test_a_shorter_order_to_stop_does_not_shorten_a_longer_one(limiter: Limiter) -> None:
    limiter.hold(30)
    assert limiter.hold(5).until_ms == NOON_MS + 30_000


async def test_an_order_to_stop_is_known_until_it_ends() -> None:
    start = monotonic()
    limiter = Limiter(lambda: NOON_MS + round(1000 * (monotonic() - start)))
    assert limiter.held_until_ms is None
    limiter.hold(30)
    await asyncio.sleep(29.5)
    assert limiter.held_until_ms == NOON_MS + 30_000
    await asyncio.sleep(0.5)
    assert limiter.held_until_ms is None


async def test_an_order_to_stop_that_ends_in_time_is_waited_for(limiter: Limiter) -> None:
    start = monotonic()
    limiter.hold(5)
    limiter.check(start + 8)
    full = Budget(1, 60)
    full.spend(1, start)
    assert limiter.frees_before(start + 8, Budget(1, 60), 1, share=1.0)
    assert not limiter.frees_before(start + 5, Budget(1, 60), 1, share=1.0)
    assert not limiter.frees_before(start + 8, full, 1, share=1.0)
    with pytest.raises(RateLimited):
        limiter.check(start + 4)


async def test_after_a_hold_the_callers_go_on(limiter: Limiter) -> None:
    start = monotonic()
    limiter.hold(5)
    await limiter.admit(Budget(1, 60), 1, start + 9)
    assert monotonic() - start == pytest.approx(5)


async def test_a_time_beyond_reason_is_the_longest_ban_there_is(limiter: Limiter) -> None:
    assert limiter.hold(1e14).until_ms == NOON_MS + 3 * 86_400_000


async def test_a_far_end_comes_with_its_date(limiter: Limiter) -> None:
    assert str(limiter.hold(3600)) == "rate-limited until 13:00:00 UTC"
    assert " 13:00:00 UTC" in str(limiter.hold(90_000))
    assert str(limiter.hold(90_000)) != "rate-limited until 13:00:00 UTC"


def test_what_is_paid_of_two_budgets_is_spent_in_both() -> None:
    address = Budget(10, 60)
    path = Budget(5, 1, within=address)
    path.spend(3, now=100)
    path.observe(4, now=100)
    assert (path.used(now=100), address.used(now=100)) == (4, 4)
    address.spend(2, now=100)
    assert (path.used(now=100), address.used(now=100)) == (4, 6)


def test_what_is_paid_of_two_budgets_waits_for_both() -> None:
    address = Budget(10, 60)
    path = Budget(5, 1, within=address)
    path.spend(5, now=100)
    assert path.free_at(1, now=100) == 101
    assert address.free_at(1, now=100) == 100
    address.spend(5, now=101)
    assert path.free_at(1, now=101.5) == 160
    assert path.free_at(3, now=101.5, share=0.8) == 160
    assert path.free_at(3, now=101.5, share=0.2) == 161
