"""Each fault does over real HTTP what it says, to the venue and path it names, and to no other."""

from typing import Any

import aiohttp
import orjson
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.sandbox import Fault, Sandbox
from tests.sandbox.conftest import Client
from tests.sandbox.signing import binance, bybit, okx

TICKERS = {
    "binance": ("BINANCE_USDM_URL", "/fapi/v1/ticker/24hr"),
    "bybit": ("BYBIT_URL", "/v5/market/tickers?category=linear"),
    "okx": ("OKX_URL", "/api/v5/market/tickers?instType=SWAP"),
}
VENUES = sorted(TICKERS)
SIGNED = {
    "binance": ("BINANCE_SPOT_URL", binance("/api/v3/account")),
    "bybit": ("BYBIT_URL", bybit("/v5/account/wallet-balance", "accountType=UNIFIED")),
    "okx": ("OKX_URL", okx("/api/v5/account/balance")),
}


def rows(body: Any) -> list[Any]:
    found = body if isinstance(body, list) else body.get("data") or body["result"]["list"]
    assert isinstance(found, list)
    return found


@pytest.fixture(params=VENUES)
def venue(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_timeout_never_answers(client: Client, sandbox: Sandbox, venue: str) -> None:
    sandbox.faults = [Fault(venue, "timeout")]
    host, path = TICKERS[venue]
    with pytest.raises(TimeoutError):
        await client.session.get(client.urls[host] + path, timeout=aiohttp.ClientTimeout(86_400))


async def test_slow_answers_late(client: Client, sandbox: Sandbox, venue: str) -> None:
    sandbox.faults = [Fault(venue, "slow", 2.5)]
    began = monotonic()
    assert rows(await client(*TICKERS[venue]))
    assert monotonic() - began == pytest.approx(2.5)


async def test_a_reset_breaks_the_connection(client: Client, sandbox: Sandbox, venue: str) -> None:
    sandbox.faults = [Fault(venue, "reset")]
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.answer(*TICKERS[venue])


async def test_what_another_fault_has_reset_is_not_cut_as_well(
    client: Client, sandbox: Sandbox, venue: str, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults = [Fault(venue, "reset"), Fault(venue, "cut")]
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.answer(*TICKERS[venue])
    assert not caplog.records


@pytest.mark.parametrize("kind", ["empty", "missing", "null", "null_fields"])
@pytest.mark.parametrize("first", ["html", "truncated"])
async def test_what_another_fault_left_no_json_of_stays_as_it_is(
    client: Client, sandbox: Sandbox, venue: str, first: Any, kind: Any
) -> None:
    sandbox.faults = [Fault(venue, first)]
    _, alone = await client.answer(*TICKERS[venue])
    sandbox.faults.append(Fault(venue, kind, "lastPrice"))
    response, both = await client.answer(*TICKERS[venue])
    assert (response.status, both) == (200, alone)


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_http_errors(client: Client, sandbox: Sandbox, venue: str, status: int) -> None:
    sandbox.faults = [Fault(venue, "http", status)]
    response, _ = await client.answer(*TICKERS[venue])
    assert response.status == status


@pytest.mark.parametrize(("kind", "status"), [("rate_limited", 429), ("banned", 418)])
async def test_rate_limits_say_how_long(
    client: Client, sandbox: Sandbox, venue: str, kind: Any, status: int
) -> None:
    sandbox.faults = [Fault(venue, kind, 17)]
    response, body = await client.answer(*TICKERS[venue])
    assert (response.status, response.headers["Retry-After"]) == (status, "17")
    orjson.loads(body)


@pytest.mark.parametrize(
    ("blocked", "status", "words"),
    [
        ("binance", 451, b"restricted location"),
        ("bybit", 403, b"CloudFront"),
        ("okx", 403, b"region"),
    ],
)
async def test_a_geo_block_speaks_as_the_venue_does(
    client: Client, sandbox: Sandbox, blocked: str, status: int, words: bytes
) -> None:
    sandbox.faults = [Fault(blocked, "geo_blocked")]
    response, body = await client.answer(*TICKERS[blocked])
    assert response.status == status
    assert words in body


@pytest.mark.parametrize(("kind", "status"), [("waf", 403), ("html", 200)])
async def test_html_instead_of_json(
    client: Client, sandbox: Sandbox, venue: str, kind: Any, status: int
) -> None:
    sandbox.faults = [Fault(venue, kind)]
    response, body = await client.answer(*TICKERS[venue])
    assert (response.status, response.content_type) == (status, "text/html")
    assert body.startswith(b"<html>")


async def test_truncated_json_arrives_whole_but_is_half(
    client: Client, sandbox: Sandbox, venue: str
) -> None:
    _, whole = await client.answer(*TICKERS[venue])
    sandbox.faults = [Fault(venue, "truncated")]
    response, body = await client.answer(*TICKERS[venue])
    assert body == whole[: len(whole) // 2]
    assert response.headers["Content-Length"] == str(len(body))


async def test_a_cut_body_ends_before_its_length(
    client: Client, sandbox: Sandbox, venue: str
) -> None:
    sandbox.faults = [Fault(venue, "cut")]
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.answer(*TICKERS[venue])


async def test_an_empty_list_keeps_its_envelope(
    client: Client, sandbox: Sandbox, venue: str
) -> None:
    healthy = await client(*TICKERS[venue])
    sandbox.faults = [Fault(venue, "empty")]
    empty = await client(*TICKERS[venue])
    if venue == "binance":
        assert empty == []
    else:
        assert empty.keys() == healthy.keys()
        assert (empty.get("data") or empty.get("result", {}).get("list", [])) == []


PRICE = {"binance": "lastPrice", "bybit": "lastPrice", "okx": "last"}


async def test_a_missing_field_is_missing_everywhere(
    client: Client, sandbox: Sandbox, venue: str
) -> None:
    sandbox.faults = [Fault(venue, "missing", PRICE[venue])]
    body = rows(await client(*TICKERS[venue]))
    assert body
    assert not any(PRICE[venue] in row for row in body)


async def test_a_null_field_is_null_everywhere(
    client: Client, sandbox: Sandbox, venue: str
) -> None:
    sandbox.faults = [Fault(venue, "null", PRICE[venue])]
    body = rows(await client(*TICKERS[venue]))
    assert {row[PRICE[venue]] for row in body} == {None}


HISTORY = {
    "binance": ("BINANCE_USDM_URL", "/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=3"),
    "bybit": ("BYBIT_URL", "/v5/market/kline?symbol=BTCUSDT&interval=60&limit=3"),
    "okx": ("OKX_URL", "/api/v5/rubik/stat/taker-volume-contract?instId=BTC-USDT-SWAP&limit=3"),
}


async def test_null_fields_leave_names_and_times(
    client: Client, sandbox: Sandbox, venue: str
) -> None:
    healthy = await client(*HISTORY[venue])
    sandbox.faults = [Fault(venue, "null_fields")]
    empty, body = None if venue == "binance" else "", await client(*HISTORY[venue])
    times = (0, 6) if venue == "binance" else (0,)
    for row, whole in zip(rows(body), rows(healthy), strict=True):
        kept = {place: value for place, value in enumerate(row) if value != empty}
        assert kept == {place: whole[place] for place in times}
    name, price = ("instId", "last") if venue == "okx" else ("symbol", "lastPrice")
    for row in rows(await client(*TICKERS[venue])):
        assert row[name]
        assert row[price] == empty


async def test_null_fields_keep_the_envelope(client: Client, sandbox: Sandbox, venue: str) -> None:
    sandbox.faults = [Fault(venue, "null_fields")]
    body = await client(*TICKERS[venue])
    if venue != "binance":
        assert body.get("code", body.get("retCode")) in ("0", 0)
    interest = await client("BINANCE_USDM_URL", "/fapi/v1/openInterest?symbol=BTCUSDT")
    assert (interest["openInterest"] is None) is (venue == "binance")
    assert interest["symbol"] == "BTCUSDT"


@pytest.mark.parametrize(
    ("way", "found"),
    [("negative", "-"), ("infinite", "Infinity"), ("list", ""), ("none", "0.0")],
)
async def test_nonsense_is_told_of_one_field_and_of_no_other(
    client: Client, sandbox: Sandbox, venue: str, way: str, found: str
) -> None:
    healthy = rows(await client(*TICKERS[venue]))
    sandbox.faults = [Fault(venue, "nonsense", f"{PRICE[venue]} {way}")]
    told = rows(await client(*TICKERS[venue]))
    for row, whole in zip(told, healthy, strict=True):
        field, price = row.pop(PRICE[venue]), whole.pop(PRICE[venue])
        assert field == [price] if way == "list" else field.startswith(found)
        assert row == whole


async def test_rows_may_be_told_backwards_and_twice(client: Client, sandbox: Sandbox) -> None:
    healthy = await client(*HISTORY["binance"])
    sandbox.faults = [Fault("binance", "nonsense", "rows reversed")]
    assert await client(*HISTORY["binance"]) == healthy[::-1]
    sandbox.faults = [Fault("binance", "nonsense", "rows twice")]
    assert await client(*HISTORY["binance"]) == healthy * 2
    sandbox.faults = [Fault("binance", "nonsense", "0 2099")]
    assert {row[0] for row in await client(*HISTORY["binance"])} == {4_083_955_200_000}


async def test_an_error_code_in_the_body(client: Client, sandbox: Sandbox, venue: str) -> None:
    sandbox.faults = [Fault(venue, "error_code")]
    response, body = await client.answer(*TICKERS[venue])
    answer = orjson.loads(body)
    assert response.status == (400 if venue == "binance" else 200)
    assert answer.get("code") in (-1000, "50026") or answer["retCode"] == 10016


async def test_a_fault_stays_with_its_venue(client: Client, sandbox: Sandbox, venue: str) -> None:
    sandbox.faults = [Fault(venue, "http", 500)]
    statuses = {name: (await client.answer(*TICKERS[name]))[0].status for name in VENUES}
    assert statuses.pop(venue) == 500
    assert set(statuses.values()) == {200}


async def test_a_fault_stays_with_its_path(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults = [Fault("binance", "http", 500, path="/fapi/v1/ticker")]
    assert (await client.answer(*TICKERS["binance"]))[0].status == 500
    assert (await client.answer("BINANCE_USDM_URL", "/fapi/v1/time"))[0].status == 200


async def test_a_fault_may_begin_in_the_middle_of_paging(
    client: Client, sandbox: Sandbox, venue: str
) -> None:
    host, path = TICKERS[venue]
    sandbox.faults = [Fault(venue, "http", 500, path=path.partition("?")[0], after=2)]
    await client.answer(host, "/elsewhere")  # not counted
    statuses = [(await client.answer(host, path))[0].status for _ in range(4)]
    assert statuses == [200, 200, 500, 500]
    sandbox.faults = [Fault(venue, "http", 500, path=path.partition("?")[0], after=2)]
    assert (await client.answer(host, path))[0].status == 200


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("http", 503, b"<h1>503</h1>"),
        ("rate_limited", 429, None),
        ("geo_blocked", None, None),
        ("html", 200, b"We'll be back soon."),
        ("error_code", None, None),
    ],
)
async def test_the_answers_to_a_key_fail_like_all_others(
    client: Client, sandbox: Sandbox, kind: Any, status: int | None, body: bytes | None
) -> None:
    for venue, (host, (link, headers)) in SIGNED.items():
        sandbox.faults = []
        async with client.session.get(client.urls[host] + link, headers=headers) as response:
            healthy = await response.read()
        sandbox.faults = [Fault(venue, kind, 503)]
        async with client.session.get(client.urls[host] + link, headers=headers) as response:
            assert status in (None, response.status)
            found = await response.read()
            assert found != healthy
            assert body is None or body in found


async def test_an_account_may_answer_with_nothing_in_it(client: Client, sandbox: Sandbox) -> None:
    host, (link, headers) = SIGNED["binance"]
    faults: dict[Fault, Any] = {
        Fault("binance", "empty"): [],
        Fault("binance", "missing", "balances"): None,
    }
    for fault, left in faults.items():
        sandbox.faults = [fault]
        async with client.session.get(client.urls[host] + link, headers=headers) as response:
            assert (await response.json()).get("balances") == left


async def test_faults_add_up(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults = [Fault("okx", "missing", "last"), Fault("okx", "null", "bidPx")]
    row = rows(await client(*TICKERS["okx"]))[0]
    assert "last" not in row
    assert row["bidPx"] is None


async def test_a_healed_venue_answers_again(client: Client, sandbox: Sandbox, venue: str) -> None:
    sandbox.faults = [Fault(venue, "http", 500)]
    await client.answer(*TICKERS[venue])
    sandbox.faults = []
    assert rows(await client(*TICKERS[venue]))
