"""The phones' widths against what is known of them, and what is found not to fit."""

import pytest

from crypto_assistant.front import Sheet
from crypto_assistant.view import escape, table
from tests.phone import ANDROID, IPHONE, PHONES, Phone
from tests.phone.pages import PAGES, Seen, misfits


@pytest.mark.parametrize("phone", PHONES, ids=lambda phone: phone.name)
@pytest.mark.parametrize("rows", [1, 4, 20])
def test_a_table_of_30_columns_fits(phone: Phone, rows: int) -> None:
    assert phone.wraps("\n".join(["x" * 30] * rows)) == []


def test_32_columns_wrap_on_an_iphone() -> None:
    assert IPHONE.columns(32) == 31
    assert IPHONE.wraps("x" * 30 + "\n" + "y" * 32) == ["y" * 32]


def test_android_sets_a_longer_table_smaller() -> None:
    assert [ANDROID.columns(length) for length in (80, 220, 221)] == [31, 33, 40]


@pytest.mark.parametrize("phone", PHONES, ids=lambda phone: phone.name)
def test_a_usual_line_of_38_characters_is_one_line(phone: Phone) -> None:
    for line in (
        "Nearest: SOL short BIN 3.2%, 1.4 ATR",
        "Scanned 480 of 482 · OKX: no answer 2",
        "Funding, % per 8h · from $10M a day",
        "19:52:13 UTC · 0.1 s old · 3/3 venues",
    ):
        assert phone.lines(line) == 1


@pytest.mark.parametrize("phone", PHONES, ids=lambda phone: phone.name)
def test_words_that_do_not_fit_a_line_begin_the_next(phone: Phone) -> None:
    word = "m" * 12
    assert phone.prose.width(word) < phone.text < phone.prose.width(f"{word} {word}")
    assert [phone.lines(" ".join([word] * n)) for n in (1, 2, 3)] == [1, 2, 3]
    assert phone.lines("m" * 60) > 2, "a word that is longer than a line is broken"


@pytest.mark.parametrize("phone", PHONES, ids=lambda phone: phone.name)
def test_what_is_bold_is_wider(phone: Phone) -> None:
    assert phone.strong.width("Funding") > phone.prose.width("Funding")


@pytest.mark.parametrize("phone", PHONES, ids=lambda phone: phone.name)
def test_the_more_labels_in_a_row_the_fewer_letters_are_shown(phone: Phone) -> None:
    assert phone.cut(["Refresh", "Details", "Chart"]) == []
    assert phone.cut(["5m", "15m", "1h", "4h", "1d"]) == []
    assert phone.cut(["Analysis"] * 6) == ["Analysis"] * 6


def test_what_fits_is_not_complained_of() -> None:
    html = "<b>BTC</b>\n24h +1.2% &amp; more\n<pre>" + "x" * 30 + "</pre>\nBelow, " + "y" * 90
    assert misfits(html, (("Refresh", "Details"),)) == ()


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ("<pre>" + "x" * 31 + "</pre>", "31 columns: " + "x" * 31),
        ("<pre>" + "x" * 32 + "</pre>", "iPhone wraps: " + "x" * 32),
        ("<b>" + "Heading " * 20 + "</b>", "5 lines of heading on iPhone: " + "Heading " * 20),
        ("y" * 39 + "\n<pre>x</pre>", "39 characters: " + "y" * 39),
        ("<pre>x</pre>\n" + "y" * 39 + "\n<pre>x</pre>", "39 characters: " + "y" * 39),
    ],
)
def test_what_does_not_fit_is_named(html: str, complaint: str) -> None:
    assert complaint in misfits(html)


def test_a_venues_reason_may_be_longer() -> None:
    assert misfits("Binance: rate-limited until 14:05:10 and then some\n<pre>x</pre>") == ()


def test_a_label_that_is_cut_is_named() -> None:
    assert "iPhone cuts [Long unwinding] of 4" in misfits("", (("Long unwinding",) * 4,))


@pytest.mark.parametrize("page", ["one that a test made up", *sorted(PAGES)])
def test_a_page_is_looked_at_where_it_is_to_fit(page: str) -> None:
    seen = Seen()
    seen.look(page, Sheet(table(["x" * 40], [])))
    seen.look(page, Sheet(escape("well")))
    assert bool(seen.taken()) == (page in PAGES)
    assert seen.taken() == []
