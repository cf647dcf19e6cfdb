"""The published limits hold, and a client that passes them hears what the exchanges say."""

import pytest

from crypto_assistant.sandbox import Sandbox, World
from tests.sandbox.conftest import NOW, Client

SPOT, USDM, COINM = "BINANCE_SPOT_URL", "BINANCE_USDM_URL", "BINANCE_COINM_URL"
ALL_SPOT, ALL_FUTURES = "/api/v3/ticker/24hr", "/fapi/v1/ticker/24hr"


class Moment:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def sandbox(world: World, moment: Moment) -> Sandbox:
    """Nothing was asked of it yet."""
    return Sandbox(world, clock=lambda: NOW, monotonic=moment)


async def spend(client: Client, host: str, path: str, times: int) -> None:
    for _ in range(times):
        response, _ = await client.answer(host, path)
        assert response.status == 200


@pytest.mark.parametrize(
    ("host", "path", "weight"),
    [
        (SPOT, "/api/v3/time", 1),
        (SPOT, "/api/v3/exchangeInfo", 20),
        (SPOT, ALL_SPOT, 80),
        (SPOT, f"{ALL_SPOT}?symbol=BTCUSDT", 2),
        (SPOT, f'{ALL_SPOT}?symbols=["BTCUSDT","ETHUSDT"]', 2),
        (SPOT, "/api/v3/ticker/price", 4),
        (SPOT, "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000", 2),
        (SPOT, "/api/v3/depth?symbol=BTCUSDT&limit=500", 25),
        (USDM, ALL_FUTURES, 40),
        (USDM, f"{ALL_FUTURES}?symbol=BTCUSDT", 1),
        (USDM, "/fapi/v1/premiumIndex", 10),
        (USDM, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=99", 1),
        (USDM, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m", 5),
        (USDM, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1500", 10),
        (USDM, "/fapi/v1/fundingInfo", 0),
        (COINM, "/dapi/v1/premiumIndex?symbol=BTCUSD_PERP", 10),
        (SPOT, "/api/v3/aggTrades?symbol=BTCUSDT", 4),
        (USDM, "/fapi/v1/aggTrades?symbol=BTCUSDT", 20),
        (COINM, "/dapi/v1/aggTrades?symbol=BTCUSD_PERP", 20),
        (USDM, "/futures/data/openInterestHist?symbol=BTCUSDT&period=5m", 0),
        (COINM, "/futures/data/openInterestHist?pair=BTCUSD&period=5m", 1),
        (SPOT, "/api/v3/account", 20),
        (USDM, "/fapi/v3/account", 5),
        (USDM, "/fapi/v3/positionRisk", 5),
        (USDM, "/fapi/v1/symbolConfig", 5),
        (USDM, "/fapi/v1/income", 30),
        (USDM, "/fapi/v1/userTrades?symbol=BTCUSDT", 5),
        (COINM, "/dapi/v1/account", 5),
        (COINM, "/dapi/v1/balance", 1),
        (COINM, "/dapi/v1/positionRisk", 2),
        (COINM, "/dapi/v1/income", 20),
    ],
)
async def test_binance_counts_weight(client: Client, host: str, path: str, weight: int) -> None:
    response, _ = await client.answer(host, path)
    assert response.headers["X-MBX-USED-WEIGHT-1M"] == str(weight)


async def test_both_futures_hosts_of_binance_draw_on_one_pool(client: Client) -> None:
    await client.answer(USDM, ALL_FUTURES)
    response, _ = await client.answer(COINM, "/dapi/v1/time")
    assert response.headers["X-MBX-USED-WEIGHT-1M"] == "41"
    response, _ = await client.answer(SPOT, "/api/v3/time")
    assert response.headers["X-MBX-USED-WEIGHT-1M"] == "1"


async def test_binance_answers_429_until_the_minute_is_over(client: Client, moment: Moment) -> None:
    moment.seconds = 37
    await spend(client, USDM, ALL_FUTURES, 60)
    response, body = await client.answer(USDM, ALL_FUTURES)
    assert (response.status, response.headers["Retry-After"]) == (429, "23")
    assert b'"code":-1003' in body
    moment.seconds = 60
    await spend(client, USDM, ALL_FUTURES, 1)


async def test_binance_bans_those_who_go_on(client: Client, moment: Moment) -> None:
    await spend(client, SPOT, ALL_SPOT, 75)
    statuses = [(await client.answer(SPOT, ALL_SPOT))[0].status for _ in range(12)]
    assert statuses == [429] * 10 + [418] * 2
    moment.seconds = 119
    response, body = await client.answer(SPOT, "/api/v3/time")
    assert (response.status, response.headers["Retry-After"]) == (418, "1")
    assert b"IP banned until" in body
    moment.seconds = 120
    await spend(client, SPOT, "/api/v3/time", 1)


async def test_binance_counts_funding_apart(client: Client, moment: Moment) -> None:
    await spend(client, USDM, "/fapi/v1/fundingInfo", 500)
    response, _ = await client.answer(USDM, "/fapi/v1/fundingInfo")
    assert (response.status, response.headers["Retry-After"]) == (429, "300")
    await spend(client, USDM, "/fapi/v1/time", 1)


async def test_binance_counts_the_statistics_of_usd_margined_apart(client: Client) -> None:
    path = "/futures/data/topLongShortAccountRatio?period=1d&limit=1"
    await spend(client, USDM, f"{path}&symbol=BTCUSDT", 1000)
    response, _ = await client.answer(USDM, f"{path}&symbol=BTCUSDT")
    assert (response.status, response.headers["Retry-After"]) == (429, "300")
    await spend(client, COINM, f"{path}&pair=BTCUSD", 1)


async def test_binance_counts_each_question_to_the_wallet_apart(
    client: Client, moment: Moment
) -> None:
    path = "/sapi/v1/asset/wallet/balance"
    for used in range(60, 12_001, 60):
        response, _ = await client.answer(SPOT, path)
        assert response.headers["X-SAPI-USED-IP-WEIGHT-1M"] == str(used)
    response, _ = await client.answer(SPOT, path)
    assert (response.status, response.headers["Retry-After"]) == (429, "60")
    response, _ = await client.answer(SPOT, "/sapi/v1/account/apiRestrictions")
    assert response.headers["X-SAPI-USED-IP-WEIGHT-1M"] == "1"
    assert "X-MBX-USED-WEIGHT-1M" not in response.headers
    moment.seconds = 60
    response, _ = await client.answer(SPOT, path)
    assert response.headers["X-SAPI-USED-IP-WEIGHT-1M"] == "60"


async def test_bybit_counts_the_questions_about_an_account_by_the_second(
    client: Client, moment: Moment
) -> None:
    moment.seconds = 0.25
    path = "/v5/account/transaction-log"
    for left in range(24, -1, -1):
        response, _ = await client.answer("BYBIT_URL", path)
        assert response.headers["X-Bapi-Limit-Status"] == str(left)
        assert response.headers["X-Bapi-Limit-Reset-Timestamp"] == str(NOW)
    response, body = await client.answer("BYBIT_URL", path)
    assert response.status == 200
    assert b'"retCode":10006' in body
    assert response.headers["X-Bapi-Limit-Reset-Timestamp"] == str(NOW + 750)
    assert response.headers["X-Bapi-Limit"] == "25"
    response, body = await client.answer("BYBIT_URL", "/v5/position/list")
    assert b'"retCode":10006' not in body
    moment.seconds = 1
    response, body = await client.answer("BYBIT_URL", path)
    assert b'"retCode":10006' not in body


async def test_bybit_shuts_out_whoever_asks_600_times_in_5_seconds(
    client: Client, moment: Moment
) -> None:
    marks = "/v5/market/mark-price-kline?symbol=BTCUSDT&interval=5&limit=1"
    await spend(client, "BYBIT_URL", "/v5/market/time", 300)
    await spend(client, "BYBIT_URL", marks, 300)
    response, body = await client.answer("BYBIT_URL", "/v5/market/time")
    assert (response.status, body) == (403, b"403, access too frequent")
    moment.seconds = 599
    response, _ = await client.answer("BYBIT_URL", "/v5/market/time")
    assert response.status == 403
    moment.seconds = 600
    await spend(client, "BYBIT_URL", "/v5/market/time", 1)


async def test_okx_counts_each_endpoint_apart(client: Client, moment: Moment) -> None:
    await spend(client, "OKX_URL", "/api/v5/public/time", 10)
    response, body = await client.answer("OKX_URL", "/api/v5/public/time")
    assert (response.status, body) == (429, b'{"msg":"Too Many Requests","code":"50011"}')
    await spend(client, "OKX_URL", "/api/v5/market/tickers?instType=SPOT", 20)
    moment.seconds = 2
    await spend(client, "OKX_URL", "/api/v5/public/time", 1)


@pytest.mark.parametrize(
    ("path", "budget"),
    [("account/bills-archive", 5), ("account/bills", 10), ("asset/balances", 12),
     ("account/positions", 10), ("asset/asset-valuation", 2)],
)  # fmt: skip
async def test_okx_counts_the_questions_about_an_account(
    client: Client, path: str, budget: int
) -> None:
    for _ in range(budget):
        response, _ = await client.answer("OKX_URL", f"/api/v5/{path}")
        assert response.status == 401
    response, _ = await client.answer("OKX_URL", f"/api/v5/{path}")
    assert response.status == 429


async def test_okx_counts_some_endpoints_by_instrument(client: Client) -> None:
    path = "/api/v5/public/funding-rate?instId="
    await spend(client, "OKX_URL", f"{path}BTC-USDT-SWAP", 10)
    await spend(client, "OKX_URL", f"{path}ETH-USDT-SWAP", 10)
    response, _ = await client.answer("OKX_URL", f"{path}BTC-USDT-SWAP")
    assert response.status == 429


@pytest.mark.parametrize(
    ("path", "budget", "others"),
    [
        ("market/trades?instId=BTC-USDT", 100, None),
        ("market/history-candles?instId=BTC-USDT", 20, None),
        ("rubik/stat/taker-volume?instType=SPOT&ccy=BTC", 5, None),
        ("rubik/stat/taker-volume-contract?instId=BTC-USDT-SWAP", 5, "ETH-USDT-SWAP"),
        ("rubik/stat/contracts/open-interest-history?instId=BTC-USDT-SWAP", 10, "ETH-USDT-SWAP"),
        ("rubik/stat/contracts/long-short-account-ratio-contract?instId=BTC-USDT-SWAP", 5,
         "ETH-USDT-SWAP"),
        ("rubik/stat/contracts/long-short-account-ratio-contract-top-trader?instId=BTC-USDT-SWAP",
         5, "ETH-USDT-SWAP"),
        ("rubik/stat/contracts/long-short-position-ratio-contract-top-trader?instId=BTC-USDT-SWAP",
         5, "ETH-USDT-SWAP"),
    ],
)  # fmt: skip
async def test_okx_gives_each_endpoint_its_budget(
    client: Client, path: str, budget: int, others: str | None
) -> None:
    await spend(client, "OKX_URL", f"/api/v5/{path}", budget)
    response, _ = await client.answer("OKX_URL", f"/api/v5/{path}")
    assert response.status == 429
    other = path.rpartition("=")[0] + "=" + (others or "ETH-USDT")
    response, _ = await client.answer("OKX_URL", f"/api/v5/{other}")
    assert response.status == (429 if others is None else 200)
