"""Binance's signature against signatures that others have made."""

import json

import pytest

from crypto_assistant.exchanges.binance.signing import digest, sign
from crypto_assistant.net.request import target
from crypto_assistant.net.signed import Key
from tests.shared import VECTORS, needs_shared

KEY = Key(
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
)
TIME_MS = 1_717_804_812_345


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        (
            (
                "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
                "&recvWindow=5000&timestamp=1499827319559"
            ),
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        ),
        (
            (
                "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT"
                "&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
            ),
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
        (
            "timestamp=1717804812345&recvWindow=5000",
            "81a928b206a327e8cf0cebedc2f91cd88b3af29c1f55d82f5340359b7824a5ec",
        ),
    ],
)
def test_a_query_is_signed_as_others_sign_it(query: str, signature: str) -> None:
    assert digest(KEY.secret, query) == signature


@needs_shared
def test_every_known_signature() -> None:
    vectors = json.loads(VECTORS.read_bytes())["binance"]
    assert len(vectors) >= 5
    for vector in vectors:
        signed = digest(vector["secret"], vector["string_to_sign"])
        assert signed == vector["signature"], vector["name"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_without_a_query_gets_one(method: str) -> None:
    signed = sign(KEY, method, "/fapi/v3/positionRisk", TIME_MS)
    assert signed.headers == {"X-MBX-APIKEY": KEY.name}
    assert signed.query == (
        "?timestamp=1717804812345&recvWindow=5000"
        "&signature=81a928b206a327e8cf0cebedc2f91cd88b3af29c1f55d82f5340359b7824a5ec"
    )


def test_the_signature_is_last_and_covers_all_that_is_sent_percent_encoded() -> None:
    unsigned = target("/fapi/v1/userTrades", [("symbol", "币安人生USDT")])
    added = sign(KEY, "GET", unsigned, TIME_MS).query
    query, _, signature = (unsigned + added).partition("?")[2].rpartition("&signature=")
    assert query.startswith("symbol=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT&timestamp=")
    assert signature == digest(KEY.secret, query)


def test_nothing_of_the_key_stands_in_a_signature_that_is_printed() -> None:
    signed = sign(KEY, "GET", "/api/v3/account", TIME_MS)
    signature = signed.query.rpartition("=")[2]
    assert not any(secret in repr(signed) for secret in (KEY.name, KEY.secret, signature))
