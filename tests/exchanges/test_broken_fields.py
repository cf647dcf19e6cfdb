"""Every field of every answer, broken in every way: an error, or all that the rest of it says."""

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import orjson
import pytest

from crypto_assistant.errors import ExchangeError, RateLimited, Unsupported
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.net.unread import watching
from tests.broken import VALUES, fields, printed
from tests.exchanges.breaker import Breaker
from tests.exchanges.playback import Answer, Tape, asked, path, recorded
from tests.exchanges.simulated import NOW
from tests.exchanges.sound import unsound
from tests.shared import RECORDED, needs_shared

SAMPLE = 2500
"""Cases of each venue that are tried where not all are."""
DAY = 86_400_000
TIME = re.compile(r"(?<![.\d])1[5-7]\d{11}(?!\d)")
PATH = re.compile(r"/(?:(?:f|d|s)?api|v5|futures)/[\w/-]+$")

pytestmark = pytest.mark.usefixtures("quiet")
exchanges = pytest.mark.parametrize("venue", EXCHANGES, ids=lambda venue: venue.name)

_simulated: dict[type[Exchange], list[Breaker]] = {}


async def simulated(venue: type[Exchange]) -> list[Breaker]:
    """Every question that the venue has an answer to."""
    if venue not in _simulated:
        urls, answered = await recorded(venue)
        found = []
        for question, answers in answered.items():
            whole = await asked(venue, urls, Tape(answers), question)
            if not isinstance(whole, Unsupported):
                found.append(Breaker(venue, urls, question, answers, whole))
        _simulated[venue] = found
    return _simulated[venue]


async def wrongs(breakers: list[Breaker], most: int | None) -> list[str]:
    """What goes wrong, of all cases or of so many."""
    cases = [(breaker, case) for breaker in breakers for case in breaker.cases()]
    if most is not None:
        cases = Random(most).sample(cases, min(most, len(cases)))  # noqa: S311
    return [
        f"{breaker.question.name}: {path(case.answer)} {case.field} {case.value}: {wrong}"
        for breaker, case in cases
        for wrong in await breaker.wrong(case)
    ]


@exchanges
async def test_no_path_is_read_of_which_no_field_is_broken(venue: type[Exchange]) -> None:
    asked = {path(answer) for one in await simulated(venue) for answer in one.answers}
    assert asked == {path for _, path in venue.reads}


REFUSALS: dict[str, list[Answer]] = {
    "binance": [
        Answer(b'{"code": -1121, "msg": "Invalid symbol."}', 400),
        Answer(b'{"code": -2015, "msg": "Invalid API-key, IP, or permissions."}', 401),
        Answer(
            b'{"code": -1003, "msg": "Too many requests; banned until %d."}' % (NOW + 9000), 418
        ),
        Answer(b'{"code": -1003, "msg": "Too many requests."}', 429),
    ],
    "bybit": [
        Answer(b'{"retCode": 10001, "retMsg": "params error", "result": {}, "time": %d}' % NOW),
        Answer(
            b'{"retCode": 10006, "retMsg": "Too many visits.", "result": {}, "time": %d}' % NOW,
            headers={"X-Bapi-Limit-Reset-Timestamp": str(NOW + 2000)},
        ),
        Answer(b'{"retCode": 10006, "retMsg": "Too many visits.", "time": %d}' % NOW, 429),
        Answer(b'{"retCode": 10005, "retMsg": "Permission denied", "time": %d}' % NOW, 403),
    ],
    "okx": [
        Answer(b'{"code": "51001", "msg": "Instrument ID does not exist.", "data": []}'),
        Answer(b'{"code": "50113", "msg": "Invalid Sign", "data": []}', 401),
        Answer(b'{"code": "50011", "msg": "Too Many Requests", "data": []}', 429),
    ],
}


@exchanges
async def test_a_refusal_with_a_broken_field_is_an_error_and_a_stop_a_stop(
    venue: type[Exchange],
) -> None:
    clock = next(one for one in await simulated(venue) if one.question.name == "clock_ms ")
    for answer in REFUSALS[venue.name]:
        body = orjson.loads(answer.body)
        for field, value in product(fields(body), VALUES):
            broken = replace(answer, body=printed(body, field.path, value))
            tape = Tape(dict.fromkeys(clock.answers, broken))
            error = await asked(venue, clock.urls, tape, clock.question)
            assert isinstance(error, ExchangeError), (answer, field, value)
            if answer.status in {418, 429}:
                assert isinstance(error, RateLimited), (answer, field, value)
            if isinstance(error, RateLimited):
                assert error.until_ms < NOW + DAY, (answer, field, value)


IN_ROWS = {"candles", "taker_volumes", "open_interest_history", "trades"}


@exchanges
@pytest.mark.parametrize("turn", [lambda rows: rows + rows, lambda rows: rows[::-1]])
async def test_rows_told_twice_or_out_of_order_are_in_order_and_once(
    venue: type[Exchange], turn: Callable[[list[Any]], list[Any]]
) -> None:
    found = []
    for breaker in await simulated(venue):
        if breaker.question.name.split()[0] in IN_ROWS:
            answers = {
                one: replace(answer, body=orjson.dumps(turned(orjson.loads(answer.body), turn)))
                for one, answer in breaker.answers.items()
            }
            said = await asked(venue, breaker.urls, Tape(answers), breaker.question)
            # Neither trades nor statistics that are dated by their order can be set right.
            if isinstance(said, ExchangeError):
                assert re.search("trades out of order|do not fit its candles", str(said))
            found += [(breaker.question.name, wrong) for wrong in unsound(said)]
    assert found == []


def turned(answer: Any, turn: Callable[[list[Any]], list[Any]]) -> Any:
    """With each of its lists turned."""
    if isinstance(answer, dict):
        return {name: turned(part, turn) for name, part in answer.items()}
    return turn(answer) if isinstance(answer, list) and len(answer) > 1 else answer


@needs_shared
@pytest.mark.slow
async def test_a_broken_field_of_a_recorded_answer_is_an_error_or_costs_its_row(
    most: int | None,
) -> None:
    breakers = [one for venue in EXCHANGES for one in await of_recorded(venue)]
    assert len(breakers) > 140
    assert await wrongs(breakers, most) == []


@needs_shared
async def test_nothing_that_was_recorded_is_out_of_range() -> None:
    found = []
    for breaker in [one for venue in EXCHANGES for one in await of_recorded(venue)]:
        # What was recorded is older than what is simulated beside it.
        now_ms = min(newest_ms(at, answer) for at, answer in breaker.answers.items())
        with watching() as refused:
            tape = Tape(breaker.answers)
            await asked(breaker.venue, breaker.urls, tape, breaker.question, now_ms)
        found += [breaker.question.name] * refused.fields
    # Samples of the documentations: rows of Binance's go back in time, OKX's open at one.
    assert found == [
        *("retold takers BTCUSD_PERP", "candles BTC-USDT"),
        *("retold mark_candles BTC-USDT-SWAP", "candles BTC-USDT"),
    ]


async def of_recorded(venue: type[Exchange]) -> list[Breaker]:
    """Every recorded answer in the place of a simulated one, where a question of it can be read."""
    found = []
    for file in sorted((RECORDED / venue.name).glob("[!w]*.json")):
        for entry in orjson.loads(file.read_bytes()):
            body, at = entry["httpResponse"], str(entry.get("url_or_path_if_known"))
            concerned = [
                one for one in await simulated(venue) if at_path(at) in map(path, one.answers)
            ]
            if concerned and isinstance(body, dict | list):
                found.append(await played(concerned, at_path(at), orjson.dumps(body)))
    return found


def newest_ms(at: str, answer: Answer) -> int:
    """The time of an answer, by the last of those that it tells; intervals tell only old ones."""
    if path(at).endswith("/fundingInfo"):
        return NOW
    return max(map(int, TIME.findall(answer.body.decode())), default=NOW)


def at_path(address: str) -> str:
    """The path of an address, or of what is left of it."""
    found = PATH.search(address.partition("?")[0])
    return found[0] if found else ""


async def played(concerned: list[Breaker], at: str, body: bytes) -> Breaker:
    """With the first question whose answer can be read, else with the first."""
    found = []
    for breaker in concerned:
        answers = {
            one: replace(answer, body=body) if path(one) == at else answer
            for one, answer in breaker.answers.items()
        }
        whole = await asked(breaker.venue, breaker.urls, Tape(answers), breaker.question)
        found.append(replace(breaker, answers=answers, whole=whole, without={}))
    return next((one for one in found if one.is_whole), found[0])


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Without a line for each answer that cannot be read."""
    caplog.set_level(logging.CRITICAL, "crypto_assistant.net")


@pytest.fixture
def most(deep: bool) -> int | None:
    """How many cases are tried of each venue; None: all."""
    return None if deep else SAMPLE


@exchanges
@pytest.mark.timeout(600)
@pytest.mark.slow
async def test_a_broken_field_costs_its_row_or_is_an_error(
    venue: type[Exchange], most: int | None
) -> None:
    assert await wrongs(await simulated(venue), most) == []
