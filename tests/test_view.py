"""Numbers, tables and pages, as a trader reads them on a phone."""

import re
from html.parser import HTMLParser
from math import isclose
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant import view as v
from crypto_assistant.models import Provenance

UNITS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}

NUMBERS = st.floats(1e-5, 1e14) | st.integers(1, 10**14).map(float)
BORDERS = st.sampled_from([1e3, 1e6, 1e9, 1e12]).flatmap(
    lambda size: st.floats(0.999, 1.001).map(lambda share: size * share)
)


def value(shown: str) -> float:
    """The number that a text such as `1.67B` stands for."""
    return float(shown.rstrip("KMBT")) * UNITS.get(shown[-1], 1.0)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (1, "1.00"),
        (12.345, "12.3"),
        (999.4, "999"),
        (999.6, "1.00K"),
        (1234, "1.23K"),
        (999_499, "999K"),
        (999_500, "1.00M"),
        (1_670_000_000, "1.67B"),
        (2.5e12, "2.50T"),
        (1.5e15, "1500T"),
        (0.0345, "0.0345"),
        (0.000012345, "0.0000123"),
        (1e-12, "0"),
        (-1_200_000, "-1.20M"),
    ],
)
def test_a_size_has_three_digits_and_a_unit(number: float, shown: str) -> None:
    assert v.scaled(number) == shown


@given(NUMBERS | BORDERS)
def test_a_size_keeps_three_significant_digits(number: float) -> None:
    shown = v.scaled(number)
    assert isclose(value(shown), number, rel_tol=0.00501)
    assert len(shown.strip("KMBT").replace(".", "").lstrip("0")) == 3
    assert v.scaled(-number) == f"-{shown}"


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (0.0, "0.00"),
        (-0.004, "0.00"),
        (0.42, "+0.42"),
        (-9.996, "-10.0"),
        (99.96, "+100"),
        (-999.4, "-999"),
        (999.6, "+1.0K"),
        (-9_960.0, "-10K"),
        (999_600.0, "+1.0M"),
        (-1.2e6, "-1.2M"),
        (None, "n/a"),
    ],
)
def test_money_in_a_narrow_column_has_five_characters_at_most(
    usd: float | None, shown: str
) -> None:
    assert v.tight(usd) == shown


@given(NUMBERS)
def test_the_narrow_column_is_never_left_and_tells_two_digits(number: float) -> None:
    assert len(v.tight(-number)) <= 5 or number >= 1e15
    assert isclose(value(v.tight(number)), number, rel_tol=0.05, abs_tol=0.0051)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("BABYDOGE", "BABYDOGE"), ("JELLYJELLY", "JELLYJE…"), ("币安人生X", "币安人…")],
)
def test_a_name_that_is_too_long_is_cut(name: str, shown: str) -> None:
    assert v.cut(name, 8) == shown
    assert v.columns(shown) <= 8


@pytest.mark.parametrize(
    ("usd", "shown", "with_plus"),
    [
        (0.0, "$0.00", "$0.00"),
        (-0.004, "$0.00", "$0.00"),
        (0.42, "$0.42", "+$0.42"),
        (-0.42, "-$0.42", "-$0.42"),
        (1_234.565, "$1,234.57", "+$1,234.57"),
        (-99_999.99, "-$99,999.99", "-$99,999.99"),
        (1_234_567.894, "$1,234,567.89", "+$1,234,567.89"),
        (None, "n/a", "n/a"),
    ],
)
def test_the_owners_money_is_shown_to_the_cent(
    usd: float | None, shown: str, with_plus: str
) -> None:
    assert (v.cents(usd), v.cents(usd, plus=True)) == (shown, with_plus)


@pytest.mark.parametrize(
    ("coins", "shown"),
    [
        (0.0, "0"),
        (-1e-12, "0"),
        (0.000_012_345_6, "0.00001235"),
        (0.1, "0.1"),
        (1.5, "1.5"),
        (-12_345.678_91, "-12,345.679"),
        (123_456_789.5, "123,456,790"),
        (20_000_000.0, "20,000,000"),
    ],
)
def test_an_amount_has_eight_digits(coins: float, shown: str) -> None:
    assert v.amount(coins) == shown


def test_a_clock_that_is_off_is_told_once_for_all_venues_that_find_it_so() -> None:
    view = v.View({"okx": "OKX", "bybit": "Bybit"})
    assert view.clocks({"okx": 41.2, "bybit": 40.8, "binance": 0.99}) == (
        "clock: this host is 41 s behind OKX, Bybit"
    )
    assert view.clocks({"okx": -1.0, "bybit": None}) == "clock: this host is 1.0 s ahead of OKX"


@given(st.lists(NUMBERS | BORDERS, min_size=2, max_size=2))
def test_the_larger_size_is_never_shown_smaller(pair: list[float]) -> None:
    small, large = sorted(pair)
    assert value(v.scaled(small)) <= value(v.scaled(large))


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, "n/a"),
        (0.0, "$0"),
        (-0.0, "$0"),
        (-1e-12, "$0"),
        (1_670_000_000, "$1.67B"),
        (-1_200_000, "-$1.20M"),
        (-3.5, "-$3.50"),
    ],
)
def test_money_has_its_minus_before_the_dollar(usd: float | None, shown: str) -> None:
    assert v.money(usd) == shown


@pytest.mark.parametrize(
    ("number", "tick", "shown"),
    [
        (None, 0.1, "n/a"),
        (67_890.1, 0.1, "67890.1"),
        (67_890.0, 0.1, "67890.0"),
        (12.3, 0.05, "12.30"),
        (67_890.0, 5.0, "67890"),
        (67_890.0, 10.0, "67890"),
        (0.25, 0.25, "0.25"),
        (0.00001234, 1e-8, "0.00001234"),
        (0.00001234, 0.0001 / 10_000, "0.00001234"),
        (0.0000012345, 1e-10, "0.0000012345"),
        (0.0000000012345, 1e-7 / 1e6, "0.0000000012345"),
        (67_890.123, None, "67890.1"),
        (0.000012345678, None, "0.0000123457"),
        (1_234_567.8, None, "1234570"),
        (1.5, float("nan"), "1.5"),
        (0.0, None, "0"),
    ],
)
def test_a_price_has_the_decimals_of_its_tick(
    number: float | None, tick: float | None, shown: str
) -> None:
    assert v.price(number, tick) == shown


@given(
    st.integers(1, 10**9),
    st.sampled_from([(step, digits) for step in (1, 2, 5, 25) for digits in range(13)]),
    st.sampled_from([1, 1000, 1_000_000]),
)
def test_a_price_on_its_tick_is_shown_to_the_last_digit(
    steps: int, form: tuple[int, int], multiplier: int
) -> None:
    step, digits = form
    tick = step / 10 ** min(digits, 7) / multiplier
    price = steps * tick
    assert isclose(float(v.price(price, tick)), price, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("fraction", "shown"),
    [
        (None, "n/a"),
        (0.0, "0.00%"),
        (-0.00004, "0.00%"),
        (0.0123, "+1.23%"),
        (-0.0999, "-9.99%"),
        (0.09996, "+10.0%"),
        (-0.123, "-12.3%"),
        (0.9996, "+100%"),
        (1.234, "+123%"),
        (-1.0, "-100%"),
    ],
)
def test_a_percentage_has_a_sign_unless_it_is_zero(fraction: float | None, shown: str) -> None:
    assert v.percent(fraction) == shown


@given(st.floats(-20, 20))
def test_a_percentage_is_right_to_three_digits(fraction: float) -> None:
    shown = v.percent(fraction)
    number = float(shown.removesuffix("%"))
    assert isclose(number, fraction * 100, rel_tol=0.00501, abs_tol=0.00501)
    assert shown[0] == ("+" if number > 0 else "-" if number < 0 else "0")


@pytest.mark.parametrize(
    ("rate", "hours", "shown"),
    [
        (None, 8, "n/a"),
        (0.0001, 8, "+0.0100/8h"),
        (-0.000012345, 4, "-0.0012/4h"),
        (0.0, 1, "0.0000/1h"),
        (-0.0000001, 8, "0.0000/8h"),
        (0.0001, None, "+0.0100/?h"),
    ],
)
def test_funding_has_four_decimals_and_its_interval(
    rate: float | None, hours: float | None, shown: str
) -> None:
    assert v.funding(rate, hours) == shown


@pytest.mark.parametrize(
    ("fraction", "shown"), [(None, "n/a"), (0.00123, "+12.3 bp"), (-0.000001, "0.0 bp")]
)
def test_a_basis_is_in_basis_points(fraction: float | None, shown: str) -> None:
    assert v.basis_points(fraction) == shown


@pytest.mark.parametrize(
    ("ms", "shown"),
    [(-5, "0.0 s"), (400, "0.4 s"), (12_000, "12 s"), (180_000, "3 min"), (7_200_000, "2 h")],
)
def test_an_age_has_one_unit(ms: float, shown: str) -> None:
    assert v.duration(ms) == shown


HEADER = ["", "last", "24h", "OI $", "fund %"]


def test_a_table_is_aligned() -> None:
    rows = [["BIN", "67890.1", "+1.23%", "9.99B", "+0.0100/8h"], ["OKX", "1.0", "n/a", "n/a", "?"]]
    assert v.table(HEADER, rows) == (
        "<pre>       last    24h  OI $     fund %\n"
        "BIN 67890.1 +1.23% 9.99B +0.0100/8h\n"
        "OKX     1.0    n/a   n/a          ?</pre>"
    )


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (0, "0.00x"),
        (1.15, "1.15x"),
        (9.994, "9.99x"),
        (9.996, "10.0x"),
        (99.96, "100x"),
        (None, "n/a"),
    ],
)
def test_a_ratio_has_three_digits(ratio: float | None, shown: str) -> None:
    assert v.times(ratio) == shown


def test_figures_stand_beside_their_label_in_as_many_lines_as_they_need() -> None:
    rows = [
        ("trend", ["EMA20 +0.31 50 +0.59", "200 -4.12", "VWAP +1.06"]),
        ("OI", ["4h <n/a>"]),
    ]
    assert v.labelled(rows) == (
        "<pre>trend EMA20 +0.31 50 +0.59\n      200 -4.12 · VWAP +1.06\nOI    4h &lt;n/a&gt;</pre>"
    )


@given(st.lists(st.text("ab", min_size=1, max_size=24), min_size=1))
def test_a_labelled_figure_is_never_wrapped(parts: list[str]) -> None:
    text = v.labelled([("label", parts)]).removeprefix("<pre>").removesuffix("</pre>")
    assert max(map(len, text.split("\n"))) <= 30
    assert re.split(r" · |\n {6}", text.removeprefix("label ")) == parts


@given(
    st.floats(0.001, 200_000),
    st.floats(-0.9, 9),
    st.floats(1, 1e12),
    st.floats(-0.02, 0.02),
    st.integers(1, 3),
)
def test_a_row_of_a_phone_is_not_wrapped_or_does_not_fit(
    last: float, change: float, oi: float, rate: float, digits: int
) -> None:
    cells = [v.price(last, 10**-digits), v.percent(change), v.scaled(oi), v.funding(rate, 8)]
    rows = [["BIN", *cells]]
    widest = max(map(len, v.table(HEADER, rows).removeprefix("<pre>").split("\n")))
    assert v.fits(HEADER, rows) == (widest - len("</pre>") <= 30)


def test_a_table_as_wide_as_a_phone_fits_and_a_wider_one_does_not() -> None:
    assert v.fits(["", "x"], [["a" * 15, "b" * 14]])
    assert not v.fits(["", "x"], [["a" * 15, "b" * 15]])


class Balanced(HTMLParser):
    """Reads as Telegram does: each tag is closed, in order, and only known ones stand there."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag in {"b", "i", "code", "pre"}
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = st.text() | st.sampled_from(["</pre>", "<b>", "&lt;", "&", "<script>x", "<!--", "a<b&c"])


@given(HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    for made in (v.escape(text), v.bold(text), v.code(text), v.table([text], [["1"]])):
        assert Balanced(made).text.replace("1", "").strip() == text.replace("1", "").strip()


def test_empty_lines_are_left_out() -> None:
    assert v.lines([v.bold("a"), v.Html(""), v.escape("b")]) == "<b>a</b>\nb"


BLOCKS = st.lists(
    st.tuples(st.sampled_from(["a", "🐶", "&", "ab\n"]), st.integers(1, 700)).map(
        lambda made: v.bold(made[0] * made[1])
    ),
    min_size=1,
    max_size=30,
)


def pages(blocks: list[v.Html]) -> list[v.Html]:
    """Every page, as somebody reads them who presses › as long as it is there."""
    found, number, more = [], 1, True
    while more:
        text, buttons = v.sheet(v.Page(tuple(blocks)), number, "help price")
        found.append(text)
        number += 1
        more = bool(buttons) and buttons[-1][-1].label == "›"
    return found


@given(BLOCKS)
def test_a_long_answer_is_paged_and_no_block_is_torn(blocks: list[v.Html]) -> None:
    found = pages(blocks)
    assert "\n".join(found) == "\n".join(blocks)
    for page in found:
        Balanced(page)
        assert len(page.encode("utf-16-le")) // 2 <= 4096


def test_a_first_block_that_is_a_message_of_its_own_leaves_the_others_to_the_next() -> None:
    page = v.Page(tuple(v.escape(letter) for letter in "abc"), first_alone=True)
    assert [v.sheet(page, number, "help")[0] for number in (1, 2)] == ["a", "b\nc"]


def test_an_emoji_counts_as_two() -> None:
    assert v.utf16_units("a🐶") == 3
    assert len(pages([v.escape("🐶" * 1024), v.escape("🐶" * 1023 + "a")])) == 1
    assert len(pages([v.escape("🐶" * 1024), v.escape("🐶" * 1024)])) == 2


BOOK = v.Page(tuple(v.escape(letter * 3000) for letter in "abc"), ((v.Button("Help", "help"),),))


@pytest.mark.parametrize(
    ("number", "letter", "turns"),
    [
        (1, "a", [v.Button("›", "help price page 2")]),
        (2, "b", [v.Button("‹", "help price page 1"), v.Button("›", "help price page 3")]),
        (3, "c", [v.Button("‹", "help price page 2")]),
        (99, "c", [v.Button("‹", "help price page 2")]),
    ],
)
def test_the_turns_carry_the_line_and_a_number_past_the_end_shows_the_last_page(
    number: int, letter: str, turns: list[v.Button]
) -> None:
    text, buttons = v.sheet(BOOK, number, "help price")
    assert set(text) == {letter}
    assert buttons == (*BOOK.buttons, tuple(turns))


def test_an_answer_of_one_page_has_no_turns() -> None:
    assert v.sheet(v.Page((v.escape("a"),)), 1, "help") == ("a", ())


@given(BLOCKS)
def test_the_heading_stands_on_every_page(blocks: list[v.Html]) -> None:
    page = v.Page(tuple(blocks), heading=v.bold("SIMULATED"))
    number, more = 1, True
    while more:
        text, buttons = v.sheet(page, number, "help")
        assert text.startswith("<b>SIMULATED</b>\n")
        assert v.utf16_units(text) <= 4096
        number += 1
        more = bool(buttons) and buttons[-1][-1].label == "›"


NOW = 1_750_000_000_000
VIEW = v.View({"binance": "Binance", "bybit": "Bybit", "okx": "OKX"})


def test_provenance_names_time_age_and_who_answered_and_why_others_did_not() -> None:
    known = Provenance(
        asked=("binance", "bybit", "okx"),
        answered=("binance",),
        failed={"bybit": "HTML <b> instead of JSON"},
        waiting=("okx",),
        time_ms=NOW,
        oldest_ms=NOW - 1200,
    )
    assert VIEW.provenance(known) == (
        "Bybit: HTML &lt;b&gt; instead of JSON\nwaiting: OKX\n15:06:40 UTC · 1.2 s old · 1/3 venues"
    )


def test_who_has_failed_in_part_and_is_awaited_has_one_line() -> None:
    known = Provenance(failed={"okx": "no connection"}, waiting=("okx", "bybit"), time_ms=NOW)
    assert VIEW.provenance(known) == "waiting: OKX, Bybit\n15:06:40 UTC"


def test_provenance_of_nothing_has_no_age() -> None:
    assert VIEW.provenance(Provenance(time_ms=NOW)) == "15:06:40 UTC"


def test_times_stand_in_utc_and_in_the_zone_of_the_owner() -> None:
    berlin = v.View({}, ZoneInfo("Europe/Berlin"))
    assert berlin.clock(NOW) == "17:06:40 CEST"


def test_venues_are_shown_by_their_titles() -> None:
    assert VIEW.venues(["okx", "bybit"]) == "OKX, Bybit"
    assert VIEW.short("binance") == "BIN"
    assert VIEW.venue("kraken") == "kraken"


def test_time_and_failures_stand_below_every_part() -> None:
    blocks = tuple(v.Html(f"{n} " + "x" * 1500) for n in range(5))
    footer = v.Html("\n".join(["14:02 UTC", "OKX: no answer in 8 s"]))
    page = v.Page(blocks, heading=v.Html("Positions"), footer=footer)
    parts = [v.sheet(page, n, "positions")[0] for n in (1, 2, 3)]
    assert [part.split("\n")[0] for part in parts] == ["Positions"] * 3
    assert all(part.endswith(f"\n{footer}") for part in parts)
    assert all(v.utf16_units(part) <= v.LONGEST_MESSAGE for part in parts)
    assert [f"{n} x" in part for part, n in zip(parts, (0, 2, 4), strict=True)] == [True] * 3


def test_the_last_unit_of_a_message_is_used() -> None:
    footer = v.Html("f" * 95)
    full = v.Page((v.Html("a" * 2000), v.Html("b" * 1999)), footer=footer)
    over = v.Page((v.Html("a" * 2000), v.Html("b" * 2000)), footer=footer)
    assert v.utf16_units(v.sheet(full, 1, "")[0]) == v.LONGEST_MESSAGE
    assert "b" not in v.sheet(over, 1, "")[0]


def test_an_answer_that_has_nothing_but_its_provenance_is_one_part() -> None:
    page = v.Page((), heading=v.Html("BTC"), footer=v.Html("14:02 UTC"))
    assert v.sheet(page, 1, "") == ("BTC\n14:02 UTC", ())
