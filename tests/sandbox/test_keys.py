"""Nobody reads an account without its key, and each wrong key hears what the exchange says."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from yarl import URL

from crypto_assistant.sandbox import Owner, Sandbox, Seen
from crypto_assistant.sandbox.account.gate import Call, admit
from crypto_assistant.sandbox.catalog import Venue
from crypto_assistant.sandbox.face import Refusal
from tests.sandbox.conftest import NOW, Client
from tests.sandbox.signing import Signed, binance, bybit, okx

HOUR = 3_600_000
SPOT, FUTURES = "/api/v3/account", "/fapi/v3/balance"
INFO, CONFIG = "/v5/account/info", "/api/v5/account/config"
HOSTS: dict[Venue, str] = {
    "binance": "BINANCE_SPOT_URL", "bybit": "BYBIT_URL", "okx": "OKX_URL",
}  # fmt: skip
SIGN: dict[Venue, Callable[..., Signed]] = {"binance": binance, "bybit": bybit, "okx": okx}
GOOD: dict[Venue, Signed] = {"binance": binance(SPOT), "bybit": bybit(INFO), "okx": okx(CONFIG)}
OTHER_KEY = "0" * 64


async def asked(
    client: Client, host: str, signed: Signed, method: str = "GET", body: str = ""
) -> tuple[int, Any]:
    url = URL(client.urls[host] + signed[0], encoded=True)
    headers = dict(signed[1])
    if body:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    async with client.session.request(method, url, headers=headers, data=body or None) as response:
        return response.status, orjson.loads(await response.read())


def without(signed: Signed, name: str) -> Signed:
    return signed[0], {header: text for header, text in signed[1].items() if header != name}


@pytest.mark.parametrize("venue", GOOD)
async def test_the_owner_is_let_in(client: Client, venue: Venue) -> None:
    status, body = await asked(client, HOSTS[venue], GOOD[venue])
    assert status == 200
    assert body.get("retCode", 0) == 0
    assert body.get("code", "0") == "0"


@pytest.mark.parametrize(
    ("signed", "status", "code"),
    [
        ((SPOT, {}), 401, -2014),
        (binance(SPOT, key="short"), 401, -2014),
        (binance(SPOT, key=OTHER_KEY), 401, -2015),
        (binance(SPOT, secret="another"), 400, -1022),
        (binance(SPOT, time=None), 400, -1102),
        ((f"{SPOT}?timestamp={NOW}", GOOD["binance"][1]), 400, -1102),
        (binance(SPOT, time=NOW - HOUR), 400, -1021),
        (binance(SPOT, time=NOW + HOUR), 400, -1021),
        (binance(SPOT, time=NOW - 5001), 400, -1021),
        (binance(SPOT, "recvWindow=10000", time=NOW - 10_001), 400, -1021),
        (binance(SPOT, time=NOW + 1000), 400, -1021),
        (binance(SPOT, "recvWindow=60001"), 400, -1131),
        ((f"{GOOD['binance'][0]}&omitZeroBalances=true", GOOD["binance"][1]), 400, -1022),
    ],
)  # fmt: skip
async def test_binance_says_what_is_wrong(
    client: Client, signed: Signed, status: int, code: int
) -> None:
    found, body = await asked(client, HOSTS["binance"], signed)
    assert (found, body["code"]) == (status, code)


@pytest.mark.parametrize(
    "signed",
    [
        binance(SPOT, time=NOW - 5000),
        binance(SPOT, time=NOW + 999),
        binance(SPOT, "recvWindow=60000", time=NOW - 60_000),
        binance(SPOT, "omitZeroBalances=true&recvWindow=5000"),
    ],
)
async def test_binance_takes_what_is_within_its_window(client: Client, signed: Signed) -> None:
    assert (await asked(client, HOSTS["binance"], signed))[0] == 200


@pytest.mark.parametrize(
    ("signed", "code"),
    [
        (without(GOOD["bybit"], "X-BAPI-API-KEY"), 10003),
        (bybit(INFO, key="another"), 10003),
        (bybit(INFO, secret="another"), 10004),
        (without(GOOD["bybit"], "X-BAPI-SIGN"), 10004),
        (("/v5/account/info?a=1", GOOD["bybit"][1]), 10004),
        (without(GOOD["bybit"], "X-BAPI-TIMESTAMP"), 10002),
        (bybit(INFO, time=NOW - HOUR), 10002),
        (bybit(INFO, time=NOW + HOUR), 10002),
        (bybit(INFO, time=NOW - 5001), 10002),
        (bybit(INFO, time=NOW + 1000), 10002),
        (bybit(INFO, time=NOW - 5000), 0),
        (bybit(INFO, time=NOW - 19_000, window="20000"), 0),
    ],
)
async def test_bybit_says_what_is_wrong(client: Client, signed: Signed, code: int) -> None:
    status, body = await asked(client, HOSTS["bybit"], signed)
    assert (status, body["retCode"], body["time"]) == (200, code, NOW)


@pytest.mark.parametrize(
    ("signed", "status", "code"),
    [
        (without(GOOD["okx"], "OK-ACCESS-KEY"), 401, "50103"),
        (without(GOOD["okx"], "OK-ACCESS-PASSPHRASE"), 401, "50104"),
        (okx(CONFIG, passphrase="another"), 401, "50105"),
        (without(GOOD["okx"], "OK-ACCESS-SIGN"), 401, "50106"),
        (without(GOOD["okx"], "OK-ACCESS-TIMESTAMP"), 401, "50107"),
        (okx(CONFIG, key="no-uuid"), 401, "50111"),
        (okx(CONFIG, key="00000000-0000-4000-8000-000000000000"), 200, "50119"),
        (okx(CONFIG, secret="another"), 401, "50113"),
        ((f"{CONFIG}?a=1", GOOD["okx"][1]), 401, "50113"),
        ((CONFIG, {**GOOD["okx"][1], "OK-ACCESS-TIMESTAMP": str(NOW)}), 401, "50112"),
        ((CONFIG, {**GOOD["okx"][1], "x-simulated-trading": "1"}), 401, "50101"),
        (okx(CONFIG, time=NOW - HOUR), 401, "50102"),
        (okx(CONFIG, time=NOW + 30_001), 401, "50102"),
        (okx(CONFIG, time=NOW - 30_000), 200, "0"),
    ],
)
async def test_okx_says_what_is_wrong(
    client: Client, signed: Signed, status: int, code: str
) -> None:
    found, body = await asked(client, HOSTS["okx"], signed)
    assert (found, body["code"]) == (status, code)


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"ip_allowed": False}, {"binance": -2015, "bybit": 10010, "okx": "50110"}),
        ({"expired": True}, {"binance": -2015, "bybit": 33004, "okx": "50100"}),
        ({"permissions": set()}, {"binance": -2015, "bybit": 10005, "okx": "50120"}),
        ({"secret": "changed"}, {"binance": -1022, "bybit": 10004, "okx": "50113"}),
    ],
)
async def test_an_owner_may_lose_the_key(
    client: Client, sandbox: Sandbox, change: dict[str, Any], codes: dict[Venue, Any]
) -> None:
    for venue, code in codes.items():
        vars(sandbox.owners[venue]).update(change)
        _, body = await asked(client, HOSTS[venue], GOOD[venue])
        assert body.get("retCode", body.get("code")) == code


async def test_a_demo_key_opens_the_demo_alone(client: Client, sandbox: Sandbox) -> None:
    sandbox.owners["okx"].demo = True
    link, headers = GOOD["okx"]
    _, body = await asked(client, HOSTS["okx"], (link, headers))
    assert body["code"] == "50101"
    _, body = await asked(client, HOSTS["okx"], (link, {**headers, "x-simulated-trading": "1"}))
    assert body["code"] == "0"


@pytest.mark.parametrize("standing", ["no_futures", "portfolio"])
async def test_binance_may_have_no_futures_for_a_key(
    client: Client, sandbox: Sandbox, standing: Any
) -> None:
    sandbox.owners["binance"].standing = standing
    for host, path in (
        ("BINANCE_USDM_URL", FUTURES),
        ("BINANCE_COINM_URL", "/dapi/v1/balance"),
    ):
        status, body = await asked(client, host, binance(path))
        assert (status, body["code"]) == (401, -2015)
    assert (await asked(client, HOSTS["binance"], binance(SPOT)))[0] == 200


async def test_binance_takes_parameters_in_the_body_too(client: Client, sandbox: Sandbox) -> None:
    path = "/sapi/v1/asset/get-funding-asset"
    link, headers = binance(path, "asset=USDT")
    status, body = await asked(
        client, HOSTS["binance"], (path, headers), "POST", link.partition("?")[2]
    )
    assert (status, [row["asset"] for row in body]) == (200, ["USDT"])
    # What stands in the query and what stands in the body are signed with nothing between.
    joined, _ = binance(path, "asset=USDTrecvWindow=5000")
    tail = joined.partition("?")[2].removeprefix("asset=USDT")
    status, _ = await asked(client, HOSTS["binance"], (f"{path}?asset=USDT", headers), "POST", tail)
    assert status == 200
    seen = sandbox.requests[-1]
    assert (seen.method, seen.path, seen.query["recvWindow"]) == ("POST", path, "5000")


async def test_post_is_for_those_routes_alone_that_read_by_it(client: Client) -> None:
    path = "/sapi/v1/asset/get-funding-asset"
    assert (await asked(client, HOSTS["binance"], binance(path), "POST"))[0] == 200
    assert (await asked(client, HOSTS["binance"], binance(path), "GET"))[0] == 405
    for venue, signed in GOOD.items():
        assert (await asked(client, HOSTS[venue], signed, "POST"))[0] == 405


@pytest.mark.parametrize("venue", GOOD)
async def test_every_byte_of_the_query_is_signed_as_it_was_sent(
    client: Client, sandbox: Sandbox, venue: Venue
) -> None:
    sign = SIGN[venue]
    path, host = GOOD[venue][0].partition("?")[0], HOSTS[venue]
    for query in ("a=BTC,ETH", "a=BTC%2CETH", "a=%3a+%20~", "a=%EF%BC%91"):
        status, body = await asked(client, host, sign(path, query))
        assert (status, body.get("retCode", 0), body.get("code", "0")) == (200, 0, "0")
    link, headers = sign(path, "a=BTC,ETH")
    status, body = await asked(client, host, (link.replace(",", "%2C"), headers))
    assert body.get("retCode", body.get("code")) in (-1022, 10004, "50113")
    assert sandbox.requests[-1] == Seen(venue, "GET", path, sandbox.requests[-1].query, host)


def test_the_exchanges_own_examples_of_signatures_are_taken() -> None:
    """Of Binance's documentation, and of what ccxt, pybit and python-okx agree on."""
    owner = Owner("", "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j")
    owner.key = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
    order = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
        "&recvWindow=5000&timestamp=1499827319559"
    )
    signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    header = {"X-MBX-APIKEY": owner.key}
    call = Call("POST", "/api/v3/order", header, f"{order}&signature={signature}")
    admit("binance", call, owner, "read", 1499827319559)
    with pytest.raises(Refusal):
        admit("binance", Call("POST", "/", header, f"{order}&signature=0"), owner, "read", 0)


def test_those_of_bybit_and_okx_are_taken() -> None:
    owner = Owner("testApiKey0123456789", "testSecretABCDEFGHIJKLMNOPQRSTUVWXYZ")
    headers = {
        "X-BAPI-API-KEY": owner.key,
        "X-BAPI-TIMESTAMP": "1717804812345",
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": "dd84a8273d51788b37742978073c8a10ba0c7890862e16e966ed6a10bc45f2b8",
    }
    target = "/v5/account/wallet-balance?accountType=UNIFIED"
    admit("bybit", Call("GET", target, headers), owner, "read", 1717804812345)

    key = "00000000-0000-4000-8000-000000000000"
    owner = Owner(key, "22582BD0CFF14C41EDBF1AB98506286D", "phrase")
    headers = {
        "OK-ACCESS-KEY": key,
        "OK-ACCESS-PASSPHRASE": "phrase",
        "OK-ACCESS-TIMESTAMP": "2024-06-08T00:00:12.345Z",
        "OK-ACCESS-SIGN": "Op2cZtngZ67SIljbUZp+JVB2dP0bqbvS5iOP9BYTJ98=",
    }
    call = Call("GET", "/api/v5/account/balance?ccy=BTC", headers)
    admit("okx", call, owner, "read", 1717804812345)
