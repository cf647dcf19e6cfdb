"""A short soak: under faults of every family and a SIGKILL nothing is lost, and all is true."""

from collections import Counter
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.soak.daemon import Daemon
from tests.soak.soak import Plan, Soak
from tests.soak.weather import TELEGRAM, forecast, squall

SEED = 3
SECONDS = 20.0


@pytest.mark.real
@pytest.mark.timeout(300)
@pytest.mark.slow
async def test_nothing_is_lost_and_nothing_is_wrong_while_everything_fails(tmp_path: Path) -> None:
    troubles = squall(Random(SEED), SECONDS)
    families = Counter(one.family.partition(" ")[0] for one in troubles)
    assert families["venue"] >= 5
    assert families["SIGKILL"] == 1
    plan = Plan(SEED, SECONDS, rate=3, troubles=troubles, drain=180, look=1)
    report = await Soak(plan, partial(Daemon, directory=tmp_path)).run()
    print("\n".join(report.lines()))  # noqa: T201 (for whoever looks into a failure)
    assert [one.question.line for one in report.lost] == []
    assert list(report.wrong) == []
    assert list(report.strange) == []
    assert list(report.listening) == []
    assert list(report.rejected) == []
    assert report.loud == []
    assert report.ends == []
    assert report.lives == 2
    assert report.uses
    assert report.extents(report.asked)["partial"]
    assert report.checked.total() > 100


def test_a_seed_makes_the_same_weather_again() -> None:
    assert forecast(Random(7), 600) == forecast(Random(7), 600)
    assert forecast(Random(7), 600) != forecast(Random(8), 600)


def test_ten_minutes_have_every_kind_of_trouble_and_calm_between() -> None:
    troubles = forecast(Random(7), 600)
    families = {one.family for one in troubles}
    assert {"SIGKILL", "SIGTERM"} & families
    assert len(families & set(TELEGRAM)) >= 4
    assert len({name for name in families if name.startswith("venue ")}) >= 8
    stormy = {second for one in troubles for second in range(int(one.start), int(one.over) + 1)}
    assert sum(second not in stormy for second in range(600)) >= 60
