"""Lines that nobody taught the trader to write: plain words, and what was meant by wrong ones."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto_assistant.commands import COMMANDS
from crypto_assistant.desk import Desk
from crypto_assistant.errors import UsageError
from crypto_assistant.front import Front
from crypto_assistant.net.door import Timing
from crypto_assistant.view import View
from tests.clock import clock
from tests.floor import Floor, floor
from tests.venues import VENUES


@pytest.fixture
async def market() -> Any:
    async with floor() as market:
        await market.open()
        yield market


async def buttons(market: Floor, line: str) -> dict[str, str]:
    sheet = await market.front.reply(line)
    assert sheet.answer is None
    return {button.label: button.line for row in sheet.buttons for button in row}


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("btc", "/price BTC"),
        ("$btc", "/price BTC"),
        ("btc okx", "/price BTC okx"),
        ("okx btc", "/price BTC okx"),
        ("PEPEUSDT", "/price PEPE"),
        ("btc 4h", "/analysis BTC 4h"),
        ("4h okx btc", "/analysis BTC 4h okx"),
        ("bitcoin", "/price BTC"),
        ("gold", "/price XAU"),
        ("tsla", "/price TSLA"),
        ("/price ether", "/price ETH"),
        ("price btc", "/price BTC"),
    ],
)
async def test_coins_venues_and_timeframes_need_no_command(
    market: Floor, line: str, command: str
) -> None:
    assert await market.front.reply(line) == await market.front.reply(command)


@pytest.mark.parametrize(
    ("line", "said", "meant"),
    [
        ("/pirce btc", "There is no command /pirce. Did you mean /price?", {"/price": "price btc"}),
        ("helo", "There is no command or coin helo.", {"/help": "help"}),
        ("btcc", "There is no command or coin btcc.", {"BTC": "BTC"}),
        ("btc bibance", "There is no command or coin bibance.", {}),
        (
            "/price btc bibance",
            "Too many arguments: one symbol, not both BTC and BIBANCE. Did you mean binance?",
            {"binance": "price btc binance"},
        ),
        (
            "/top10 gainerz spot",
            "/top10 does not know the word gainerz. Did you mean gainers?",
            {"gainers": "top10 gainers spot"},
        ),
        ("/price btcc okx", "No venue lists BTCC.", {"BTC": "price BTC okx"}),
        ("/liq", "/liq comes later.", {}),
    ],
)
async def test_what_was_probably_meant_is_a_button(
    market: Floor, line: str, said: str, meant: dict[str, str]
) -> None:
    market.sandbox.requests.clear()
    assert (await market.front.reply(line)).text.startswith(said)
    assert meant.items() <= (await buttons(market, line)).items()
    assert not market.sandbox.requests


async def test_each_suggestion_answers(market: Floor) -> None:
    for line in ("/pirce btc", "btcc", "/price btc bibance", "/top10 gainerz", "/pnl yesterday"):
        for label, meant in (await buttons(market, line)).items():
            assert (await market.front.reply(meant)).answer is not None, (line, label)


WORDS = st.sampled_from(
    [
        *(command.name for command in COMMANDS),
        *(f"/{command.name}" for command in COMMANDS),
        *VENUES,
        *(
            "btc",
            "$eth",
            "BTC/USD",
            "1000PEPEUSDT",
            "4h",
            "7m",
            "3x",
            "200",
            "details",
            "page",
            "2",
        ),
        *(
            "gainers",
            "yesterday",
            "tradfi",
            "oi",
            "spot",
            "bitcoin",
            "Ξ",
            "비트코인",
            "<b>",
            "%s",
            "\u202e",
        ),
    ]
) | st.text(max_size=30)


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=6))
async def test_no_line_is_an_exception(words: list[str]) -> None:
    """It is understood, or refused in one line with its usage."""
    view = View({venue: venue for venue in VENUES})
    front = Front(COMMANDS, Desk((), timing=Timing(), clock_ms=clock), view)
    line = " ".join(words)
    try:
        front._parsed(line)
    except UsageError as error:
        shown = front._mistake(line, error).text
    else:
        return
    assert shown.count("\n") == 1
