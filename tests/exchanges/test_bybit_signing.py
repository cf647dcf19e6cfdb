"""Bybit's signature, against those that other clients make."""

import json

import pytest

from crypto_assistant.exchanges.bybit.signing import sign
from crypto_assistant.net.signed import Key
from tests.shared import VECTORS, needs_shared

KEY = Key("testApiKey0123456789", "testSecretABCDEFGHIJKLMNOPQRSTUVWXYZ")
TIME = 1717804812345
PLACE = "5a373bfe-188d-4913-9c81-d57ab5be8068%3A1672214887231423699"
CURSOR = f"{PLACE}%2C{PLACE}"


def told(query: str) -> dict[str, str]:
    return dict(sign(KEY, "GET", f"/v5/any/path{query and '?'}{query}", TIME).headers)


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        ("", "8aa6fc6c35157565763f113f4d5a5daceb88fae84dc8f096f16b5fe8361dcd66"),
        (
            "accountType=UNIFIED",
            "dd84a8273d51788b37742978073c8a10ba0c7890862e16e966ed6a10bc45f2b8",
        ),
        (
            f"category=linear&limit=100&cursor={CURSOR}",
            "a2fa4ec6975bc68dfec67279d34f53f690d5be19d3fa28fd2a4681690ac7fa8f",
        ),
    ],
)
def test_it_is_made_of_time_key_window_and_the_query_as_sent(query: str, signature: str) -> None:
    assert told(query) == {
        "X-BAPI-API-KEY": KEY.name,
        "X-BAPI-TIMESTAMP": str(TIME),
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": signature,
    }


@needs_shared
def test_all_vectors_of_requests_that_read() -> None:
    vectors = [v for v in json.loads(VECTORS.read_bytes())["bybit"] if "query" in v]
    assert len(vectors) >= 4
    for vector in vectors:
        assert (vector["api_key"], int(vector["timestamp_ms"])) == (KEY.name, TIME)
        assert told(vector["query"])["X-BAPI-SIGN"] == vector["signature"], vector["name"]


def test_it_adds_nothing_to_the_query() -> None:
    assert sign(KEY, "GET", "/v5/account/info", TIME).query == ""


def test_what_is_no_get_is_not_signed() -> None:
    with pytest.raises(ValueError, match="POST"):
        sign(KEY, "POST", "/v5/account/info", TIME)


def test_it_hides_itself_and_the_key() -> None:
    signature = sign(KEY, "GET", "/v5/account/info", TIME)
    text = repr((KEY, signature))
    assert not any(part in text for part in (KEY.name, KEY.secret, *signature.headers.values()))
