"""OKX's signature against signatures that others have made."""

import json
from datetime import datetime

import pytest

from crypto_assistant.exchanges.okx.signing import sign, timestamp
from crypto_assistant.net.signed import Key
from tests.shared import VECTORS, needs_shared

KEY = Key(
    "37c541a1-aaaa-bbbb-cccc-10fe7a038418", "22582BD0CFF14C41EDBF1AB98506286D", "Passphrase1!"
)
TIME_MS = 1_717_804_812_345


@pytest.mark.parametrize(
    ("target", "signature"),
    [
        ("/api/v5/account/balance?ccy=BTC", "Op2cZtngZ67SIljbUZp+JVB2dP0bqbvS5iOP9BYTJ98="),
        ("/api/v5/account/config", "+wcSA9nJWT6eb9jiiYIXJwmZ+GLvib53QaKphBZYG3U="),
        (
            "/api/v5/account/bills-archive?type=8&begin=1717200000000&end=1717804800000&limit=100",
            "uElqFWDQtwEJ4NziJCa82YArEJaIiGl5+fx4DDVnXe0=",
        ),
    ],
)
def test_a_request_is_signed_as_others_sign_it(target: str, signature: str) -> None:
    assert sign(KEY, "GET", target, TIME_MS).headers == {
        "OK-ACCESS-KEY": "37c541a1-aaaa-bbbb-cccc-10fe7a038418",
        "OK-ACCESS-SIGN": signature,
        "OK-ACCESS-TIMESTAMP": "2024-06-08T00:00:12.345Z",
        "OK-ACCESS-PASSPHRASE": "Passphrase1!",
    }


@needs_shared
def test_every_known_signature_of_a_request_that_reads() -> None:
    vectors = [
        vector
        for vector in json.loads(VECTORS.read_bytes())["okx"]
        if vector.get("method") == "GET"
    ]
    assert len(vectors) >= 5
    for vector in vectors:
        key = Key(vector["api_key"], vector["secret"], vector["passphrase"])
        time_ms = round(datetime.fromisoformat(vector["timestamp"]).timestamp() * 1000)
        signed = sign(key, "GET", vector["request_path"], time_ms)
        assert signed.headers["OK-ACCESS-SIGN"] == vector["signature"], vector["name"]
        assert signed.headers["OK-ACCESS-TIMESTAMP"] == vector["timestamp"]


def test_play_money_is_asked_for_in_a_header_of_its_own() -> None:
    real, play = sign(KEY, "GET", "/", TIME_MS), sign(KEY, "GET", "/", TIME_MS, demo=True)
    assert play.headers == {**real.headers, "x-simulated-trading": "1"}


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (1_607_418_537_715, "2020-12-08T09:08:57.715Z"),
        (1_607_418_537_000, "2020-12-08T09:08:57.000Z"),
        (1_607_418_537_001, "2020-12-08T09:08:57.001Z"),
    ],
)
def test_a_time_stamp_always_has_its_milliseconds(time_ms: int, text: str) -> None:
    assert timestamp(time_ms) == text


def test_nothing_of_the_key_stands_in_a_signature_that_is_printed() -> None:
    printed = repr(sign(KEY, "GET", "/", TIME_MS))
    assert not any(secret in printed for secret in (KEY.name, KEY.secret, KEY.passphrase))
