"""The one grammar: whatever is typed is understood or refused in one line."""

from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.commands import COMMANDS
from crypto_assistant.errors import UsageError
from crypto_assistant.grammar import LONGEST_SYMBOL, Args, Command, Parameters, parse
from crypto_assistant.models import Timeframe
from crypto_assistant.view import Page
from tests.venues import VENUES

LARGEST_BUTTON = 64
"""Bytes that Telegram takes behind a button."""
TIMEFRAMES = "1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d"


def command(name: str, parameters: Parameters) -> Command[Any]:
    async def run(*_: object) -> Any:
        raise AssertionError("a line is read without asking anybody")

    return Command(name, "", "", "", run, lambda *_: Page(()), parameters)


CVD = command("cvd", Parameters(symbol=True, timeframe=Timeframe.H1, venue=True, details=True))
VOLSCAN = command("volscan", Parameters(timeframe=Timeframe.M15, numbers=("THRESHOLD", "N")))
TOP = command(
    "top10", Parameters(venue=True, choices=(("perps", "spot"), ("volume", "oi", "losers")))
)
PRICE = command("price", Parameters(symbol=True, venue=True, choices=(("", "tradfi"),)))
START = command("start", Parameters())
ALL = (CVD, VOLSCAN, TOP, PRICE, START)

COINS = st.sampled_from(["BTC", "1INCH", "1000PEPEUSDT", "BTC-USDT-SWAP", "BTC/USDC", "42", "币安"])
NUMBERS = st.decimals(0, 999_999_999, places=4).map(float)


@st.composite
def questions(draw: st.DrawFn) -> Args:
    """What can be asked of one of the commands."""
    asked = draw(st.sampled_from(ALL))
    takes = asked.parameters
    return Args(
        asked.name,
        symbol=draw(st.none() | COINS) if takes.symbol else None,
        timeframe=draw(st.sampled_from(Timeframe)) if takes.timeframe else None,
        venue=draw(st.sampled_from([None, "binance", "bybit", "okx"])) if takes.venue else None,
        choices=tuple(draw(st.sampled_from(group)) for group in takes.choices),
        numbers=tuple(draw(st.lists(NUMBERS, max_size=len(takes.numbers)))),
        details=draw(st.booleans()) if takes.details else False,
        page=draw(st.integers(1, 99)),
    )


def understood(line: str) -> Args:
    return parse(line, ALL, VENUES)[1]


def complaint(line: str) -> str:
    with pytest.raises(UsageError) as refused:
        parse(line, ALL, VENUES)
    return str(refused.value)


@given(questions())
def test_a_button_asks_again_what_was_asked(args: Args) -> None:
    assert understood(args.line()) == args


@given(questions(), st.data())
def test_the_order_of_the_words_does_not_matter(args: Args, data: st.DataObject) -> None:
    head, *words = args.line().replace("page ", "page_").split()
    numbers = iter([word for word in words if word[0].isdigit() and args.numbers])
    mixed = data.draw(st.permutations(words))
    if args.numbers:  # The first number and the second mean different things.
        mixed = [next(numbers) if word[0].isdigit() else word for word in mixed]
    assert understood(" ".join([head, *mixed]).replace("page_", "page ")) == args


def test_every_order_of_a_full_line_asks_the_same() -> None:
    words = ["eth", "4h", "okx", "details", "page 2"]
    expected = Args("cvd", "ETH", Timeframe.H4, "okx", details=True, page=2)
    for order in permutations(words):
        assert understood("/cvd " + " ".join(order)) == expected


@given(questions(), st.sampled_from([str.lower, str.upper, str.title, str.swapcase]))
def test_the_case_of_the_letters_does_not_matter(args: Args, change: Any) -> None:
    assert understood(change(args.line())) == args


@given(st.text())
def test_any_text_is_understood_or_refused(text: str) -> None:
    for line in (text, *(f"/{known.name} {text}" for known in ALL)):
        try:
            args = understood(line)
        except UsageError as refused:
            said = str(refused)
        else:
            said = "understood"
            assert understood(args.line()) == args
        assert said.strip()
        assert "\n" not in said


HARD_WORDS = """
    btc ETH/USDC 1000pepeusdt 4h 7m 1d okx bybit details compact page 2 0 99 100 1e9 9999999999
    12.5% spot oi losers tradfi ß ŉ ΐ ﬃ İ ² ٣ -5 +1 . / @ $BTC #btc <b> &amp; 币安
"""
WORDS = st.sampled_from([*HARD_WORDS.split(), "\udcff"])


@given(st.sampled_from([known.name for known in ALL]), st.lists(WORDS, max_size=6))
def test_any_words_are_understood_or_refused(name: str, words: list[str]) -> None:
    try:
        args = understood(" ".join([name, *words]))
    except UsageError:
        return
    assert understood(args.line()) == args


@pytest.mark.parametrize("word", ["9" * 5000, "page " + "9" * 5000, "0." + "9" * 5000, "x" * 5000])
@pytest.mark.parametrize("known", ALL, ids=lambda known: known.name)
def test_an_endless_word_is_refused(known: Command[Any], word: str) -> None:
    assert len(complaint(f"{known.name} {word}")) < 100


@pytest.mark.parametrize("line", ["/price BTC", "price BTC", "/price@MyBot btc", "/PRICE@my Btc"])
def test_a_command_is_known_with_a_slash_and_without_and_with_the_name_of_the_bot(
    line: str,
) -> None:
    assert understood(line) == Args("price", "BTC", choices=("",))


SYMBOLS = """
    BTC BTCUSDT BTC-USDT BTC/USDT BTC-USDT-SWAP BTCUSDT.P BTC/USDC BTC-PERP 1000PEPEUSDT
    SHIB1000USDT 10000SATS 1MBABYDOGE 1INCH 0G C98 42 BTCUSD_PERP 币安人生 牛USDT
"""


@pytest.mark.parametrize("symbol", SYMBOLS.split())
def test_a_symbol_in_any_form_is_taken_as_it_is_written(symbol: str) -> None:
    assert understood(f"/price {symbol}").symbol == symbol
    assert understood(f"/price {symbol.lower()}").symbol == symbol


def test_what_is_not_said_has_its_default() -> None:
    assert understood("cvd") == Args("cvd", None, Timeframe.H1, None)
    assert understood("top10") == Args("top10", choices=("perps", "volume"))
    assert understood("cvd btc compact") == Args("cvd", "BTC", Timeframe.H1)


def test_numbers_keep_their_order_and_take_a_percent_sign() -> None:
    assert understood("volscan 150% 4h 50").numbers == (150.0, 50.0)
    assert understood("volscan 12.5").numbers == (12.5,)
    assert understood("volscan 3x 50").numbers == (3.0, 50.0)
    assert understood("volscan 10%").numbers == (1.1,)
    assert understood("volscan 30X").numbers == (2900.0,)


@pytest.mark.parametrize("wrong", ["7m", "45m", "1w", "3d", "90s", "1mo", "5min"])
def test_a_wrong_timeframe_is_answered_with_the_right_ones(wrong: str) -> None:
    assert complaint(f"/cvd BTC {wrong}") == f"There is no timeframe {wrong}: {TIMEFRAMES}."


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "The line names no command."),
        (" \t ", "The line names no command."),
        ("/", "The line names no command."),
        ("/@MyBot", "The line names no command."),
        ("/pric BTC", "There is no command /pric. Did you mean /price?"),
        ("/qqqqq", "There is no command /qqqqq."),
        ("/price BTC ETH", "Too many arguments: one symbol, not both BTC and ETH."),
        ("/cvd 1h 4h", "Too many arguments: one timeframe, not both 1h and 4h."),
        ("/cvd okx bybit", "Too many arguments: one venue, not both okx and bybit."),
        ("/price page 2 page 3", "Too many arguments: one page, not both 2 and 3."),
        ("/volscan 1 2 3", "Too many arguments: /volscan takes no more numbers."),
        ("/top10 spot perps", "Choose one of spot and perps."),
        ("/cvd details compact", "Choose one of details and compact."),
        ("/price BTC details", "/price has no details."),
        ("/price BTC 4h", "/price takes no timeframe."),
        ("/start okx", "/start takes no venue."),
        ("/start BTC", "/start does not know the word BTC."),
        ("/top10 sopt", "/top10 does not know the word sopt. Did you mean spot?"),
        ("/price $BTC", "/price does not know the word $BTC."),
        ("/price " + "A" * 25, "No market is asked for by a symbol that long."),
        ("/price " + "币" * 9, "No market is asked for by a symbol that long."),
        ("/price ŉ" + "币" * 7 + "ab", "No market is asked for by a symbol that long."),
    ],
)
def test_a_mistake_is_named(line: str, said: str) -> None:
    assert complaint(line) == said


@pytest.mark.parametrize("page", ["page", "page 0", "page 100", "page x", "page -1", "page 1.5"])
def test_a_page_needs_its_number(page: str) -> None:
    assert complaint(f"/price BTC {page}") == "After page comes its number: page 2."


def test_a_word_said_twice_is_said_once() -> None:
    assert understood("/cvd btc BTC okx OKX 1h 1h") == understood("/cvd btc okx 1h")


@pytest.mark.parametrize("known", COMMANDS, ids=lambda known: known.name)
def test_the_longest_line_of_each_command_fits_a_button(known: Command[Any]) -> None:
    takes = known.parameters
    for choices in product(*takes.choices):
        longest = Args(
            known.name,
            symbol="A" * LONGEST_SYMBOL if takes.symbol else None,
            timeframe=Timeframe.M15 if takes.timeframe else None,
            venue="binance" if takes.venue else None,
            choices=choices,
            details=takes.details,
            page=1 if known.figure else 99,
        )
        assert len(longest.line().encode()) <= LARGEST_BUTTON
        assert parse(longest.line(), COMMANDS, VENUES)[1] == longest


def test_the_usage_names_what_a_command_takes() -> None:
    assert CVD.usage == "/cvd [SYMBOL] [TIMEFRAME] [VENUE] [details]"
    assert VOLSCAN.usage == "/volscan [TIMEFRAME] [THRESHOLD] [N]"
    assert TOP.usage == "/top10 [VENUE] [perps|spot] [volume|oi|losers]"
    assert PRICE.usage == "/price [SYMBOL] [VENUE] [tradfi]"
    assert START.usage == "/start"


@pytest.mark.parametrize("known", COMMANDS, ids=lambda known: known.name)
def test_the_example_of_each_command_is_understood(known: Command[Any]) -> None:
    assert parse(known.example, COMMANDS, VENUES)[0] is known
