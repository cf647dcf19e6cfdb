"""Which coin a line of an account log is about, also where its market is gone."""

import pytest

from crypto_assistant.listings.lists import Listings
from crypto_assistant.models import Entry, Family, Flow
from crypto_assistant.subjects.account.markets import Markets
from tests.floor import Floor, floor

NOWHERE = Listings({})


def line(family: Family | None, symbol: str) -> Entry:
    return Entry("1", Flow.FEE, 0, family, symbol, "USDT", -1.0)


@pytest.mark.parametrize(
    ("symbol", "coin"),
    [
        ("MATICUSDT", "MATIC"),
        ("FTTPERP", "FTT"),
        ("LUNAUSD_PERP", "LUNA"),
        ("BTCUSDT_260925", "BTC"),
        ("BTCUSDT-25SEP26", "BTC"),
        ("BTC-26SEP25", "BTC"),
        ("BTCUSDZ26", "BTC"),
        ("BTC-USD-260925", "BTC"),
        ("FTT-USDT-SWAP", "FTT"),
        ("USDCUSDT", "USDC"),
        ("1000LUNCUSDT", "LUNC"),
        ("SHIB1000USDT", "SHIB"),
        ("1INCHUSDT", "1INCH"),
        ("USDT", "USDT"),
    ],
)
def test_a_market_that_is_gone_is_known_by_its_name(symbol: str, coin: str) -> None:
    assert Markets("okx", NOWHERE).coin_of(line(Family.LINEAR, symbol)) == coin


def test_a_line_about_no_market_is_about_no_coin() -> None:
    assert Markets("okx", NOWHERE).coin_of(line(None, "")) == ""


@pytest.fixture
async def market() -> Floor:
    async with floor() as market:
        await market.open()
        return market


async def test_markets_that_trade_are_known_by_the_lists(market: Floor) -> None:
    listings = await market.front.desk.listings()
    bybit = Markets("bybit", listings)
    assert bybit.coin_of(line(Family.LINEAR, "SHIB1000USDT")) == "SHIB"
    assert bybit.coin_of(line(Family.LINEAR, "BTCPERP")) == "BTC"
    log = [
        *(line(Family.LINEAR, "BTCUSDT"), line(Family.INVERSE, "BTCUSD")),
        *(line(Family.LINEAR, "BTCUSDT"), line(Family.LINEAR, "ETHUSDT")),
        *(line(Family.SPOT, "BTCUSDT"), line(Family.LINEAR, "BTCUSDT-1JAN21"), line(None, "")),
    ]
    found = [(one.family, one.symbol) for one in bybit.traded("BTC", log, [])]
    assert found == [(Family.INVERSE, "BTCUSD"), (Family.LINEAR, "BTCUSDT")]
