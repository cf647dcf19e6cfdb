"""What a venue says, however nasty, on its way to a page, to the log and to the terminal."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from random import Random
from typing import Any

import pytest

from crypto_assistant import console, foreign
from crypto_assistant.journal import keep_log
from crypto_assistant.sandbox import KEYS
from tests.faults.accounts import SIGNED, moved
from tests.faults.matrix import TITLES, venues
from tests.faults.wires import Target, wires
from tests.floor import floor
from tests.nasty import BETWEEN, FACES, disguised, tells
from tests.net.loopback import Reply

REFUSES: dict[str, Any] = {
    "binance": ({"code": -2015}, "msg"),
    "bybit": ({"retCode": 10005, "result": {}, "time": 1717804812345}, "retMsg"),
    "okx": ({"code": "50110", "data": []}, "msg"),
}
FAILS: dict[str, Any] = {
    "binance": ({"code": -1000}, "msg"),
    "bybit": ({"retCode": 10016, "result": {}, "time": 1717804812345}, "retMsg"),
    "okx": ({"code": "50026", "data": []}, "msg"),
}
TEXTS = 25


def nasty(random: Random) -> str:
    """Half characters are no JSON, and cost the answer."""
    secret = random.choice(sorted(KEYS.values()))
    face = random.choice([lambda text: disguised(text, random), *FACES.values()])
    noise = "".join(random.choices(BETWEEN + "abc <b>&amp;%41", k=30))
    text = f"{noise}{face(secret)}{noise}{secret}{'x' * random.choice([0, 3000])}"
    return text.encode(errors="ignore").decode()


@venues
async def test_no_word_of_a_venue_steers_a_page_or_tells_a_secret(
    venue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign.keep_out(KEYS.values())
    random, told = Random(3), ""  # noqa: S311

    def edit(target: Target, answer: Any) -> Any:
        path = target.path.partition("?")[0]
        if target.venue != venue or path.endswith("/time"):
            return answer
        body, name = (REFUSES if SIGNED.match(path) else FAILS)[venue]
        return Reply({**body, name: told}, 400)

    async with (
        floor() as market,
        wires(market) as tapped,
        moved(market, urls=tapped.urls) as there,
    ):
        with logged():
            for _ in range(TEXTS):
                told, tapped.edit = nasty(random), edit
                fails(told)
                for line in ("/balance", "/price BTC", "/status"):
                    await there.pass_time()
                    sheet = await there.front.reply(line)
                    assert TITLES[venue] in sheet.text
                    shows_well(unescape(sheet.text))
                    shows_well(console.text(sheet, styled=False))
    lines = capsys.readouterr().err.splitlines()
    assert sum("RuntimeError: " in line for line in lines) == TEXTS
    for line in lines:
        shows_well(line)


def fails(text: str) -> None:
    """A bug of which the log has all."""
    error = RuntimeError([text])
    error.__cause__ = ValueError(text)
    logging.getLogger("crypto_assistant").error("%r and %s", text, text, exc_info=error)


@contextmanager
def logged() -> Iterator[None]:
    """As the program logs, to stderr."""
    root = logging.getLogger()
    before, root.handlers = root.handlers, []
    keep_log("INFO")
    try:
        yield
    finally:
        root.handlers = before


def shows_well(text: str) -> None:
    assert all(sign.isprintable() or sign == "\n" for sign in text), repr(text)
    assert not {*"\u3164\u034f\ufe0f"} & {*text}
    assert len(text) < 12_000
    assert [secret for secret in KEYS.values() if tells(text, secret)] == []
