"""Whatever others write is repeated as one line that shows as it is, and tells no secret."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from random import Random
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.foreign import HIDDEN, LONGEST, clear, line
from tests.nasty import FACES, disguised, tells

SECRETS = ["HushBybitKey000000", "123456:hush-token_of-the-bot", "Hush! a pass+phrase/="]
ANYTHING = st.text(st.characters(exclude_categories=[]), max_size=600)


@given(ANYTHING)
def test_any_text_is_one_bounded_line_of_what_shows(text: str) -> None:
    shown = line(text)
    assert len(shown) <= LONGEST
    assert shown.isprintable()
    assert shown == " ".join(shown.split(" ")).strip()
    assert not {category(sign) for sign in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown.encode()


@given(ANYTHING)
def test_what_was_cleared_is_clear(text: str) -> None:
    assert clear(clear(text)) == clear(text)
    assert line(line(text)) == line(text)


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert line(text, 10_000) == " ".join(text.split())


@pytest.mark.parametrize(
    "sign", "\u200b\u2060\u202e\u2066\u00ad\u034f\u3164\ufe0f\ufeff\ud800\0\x1b\x9b"
)
def test_what_does_not_show_is_gone(sign: str) -> None:
    assert line(f"BT{sign}C") == "BTC"


@pytest.mark.parametrize("sign", "\n\r\t\v\f\x1c\x85\u2028\u2029\u00a0\u3000")
def test_every_break_and_every_space_is_a_space(sign: str) -> None:
    assert line(f"{sign}BT{sign}{sign}C") == "BT C"


@given(st.sampled_from(SECRETS), st.sampled_from([*FACES]), ANYTHING, ANYTHING)
def test_no_secret_is_told_in_any_disguise(secret: str, face: str, before: str, after: str) -> None:
    shown = line(f"{before} {FACES[face](secret)} {after}", 10_000, [secret])
    assert not tells(shown, secret)


@given(st.sampled_from(SECRETS), st.randoms())
def test_no_secret_is_told_in_several_disguises_at_once(secret: str, random: Random) -> None:
    text = disguised(secret, random)
    assert HIDDEN in line(f"a {text} b", secrets=[secret])
    assert not tells(line(f"a {text} b", secrets=[secret]), secret)


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@given(st.sampled_from(SECRETS), st.binary(max_size=5), st.binary(max_size=5))
def test_no_secret_is_told_as_base64_of_a_longer_text(
    encode: Callable[[bytes], bytes], secret: str, before: bytes, after: bytes
) -> None:
    raw = secret.encode()
    encoded = encode(before + raw + after).decode()
    middle = encoded[-(-len(before) * 8 // 6) : (len(before) + len(raw)) * 8 // 6]
    assert middle not in line(f"Basic {encoded}", secrets=[secret])


def test_what_stands_around_a_secret_is_told() -> None:
    told = line("key hush-bybit-KEY-000000 of HushBybitKey is wrong", secrets=SECRETS)
    assert told == f"key {HIDDEN} of HushBybitKey is wrong"


def test_a_secret_that_reaches_past_the_end_is_cut_before_the_text_is() -> None:
    told = line("x" * (LONGEST - 10) + SECRETS[0], secrets=SECRETS)
    assert told == "x" * (LONGEST - 10) + HIDDEN


def test_what_is_too_short_to_be_a_secret_is_no_reason_to_hide_it() -> None:
    assert line("a window of 5000 ms", secrets=["5000", "", "a"]) == "a window of 5000 ms"


def test_a_secret_of_signs_is_hidden_as_it_is() -> None:
    assert line("it is a!B@c#, not abc", secrets=["a!b@c#"]) == f"it is {HIDDEN}, not abc"


@pytest.mark.parametrize("text", ["%3" * 100_000 + "4", "%" + "25" * 100_000, "\u200b" * 10**6])
@pytest.mark.timeout(10)
def test_no_text_takes_long(text: str) -> None:
    assert len(line(text, secrets=SECRETS)) <= LONGEST
