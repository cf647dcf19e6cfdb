"""Which coin a symbol names, and where it is listed."""

from collections.abc import Mapping

import pytest

from crypto_assistant.errors import NotListed, UnknownCoin, Unreachable, UsageError
from crypto_assistant.listings.lists import Coin, Listing, Listings
from crypto_assistant.listings.names import per_plain_coin
from crypto_assistant.models import Family, Instruments
from tests.markets import joined, markets, tickers

SPOT, LINEAR, INVERSE = Family.SPOT, Family.LINEAR, Family.INVERSE
TITLES = {"binance": "Binance", "bybit": "Bybit", "okx": "OKX"}


def places(*lists: Instruments) -> dict[Listing, Instruments]:
    return {(listed.venue, listed.family): listed for listed in lists}


def plain(*lists: Instruments) -> dict[Listing, Instruments]:
    return per_plain_coin(places(*lists))


BINANCE = markets(
    "binance",
    LINEAR,
    *("BTC/USDT", "BTC/USDC", "BCH/USDT", "ETH/USDT", "1000PEPE/USDT", "1INCH/USDT", "C98/USDT"),
    *("1MBABYDOGE/USDT", "0G/USDT", "PERP/USDT", "42/USDT", "币安人生/USDT"),
)
BINANCE_SPOT = markets(
    "binance",
    SPOT,
    *("BTC/USDT", "BTC/EUR", "BTC/TRY", "BTC/FDUSD", "ETH/BTC", "USDT/TRY", "EUR/USDT"),
    *("FDUSD/USDT", "PEPE/USDT", "1INCH/USDT"),
)
BYBIT = joined(
    markets(
        "bybit",
        LINEAR,
        *("BTC/USDT", "1000PEPE/USDT", "SHIB1000/USDT", "10000SATS/USDT", "1000000BABYDOGE/USDT"),
    ),
    markets("bybit", LINEAR, "XAU/USDT", tradfi=True),
)
OKX = markets("okx", LINEAR, "BTC/USDT", "PEPE/USDT", "SATS/USDT", "SHIB/USDT", "HYPE/USDC")
OKX_COINS = markets("okx", INVERSE, "BTC/USD", "LTC/USD")

LISTINGS = Listings(TITLES, plain(BINANCE, BINANCE_SPOT, BYBIT, OKX, OKX_COINS))


@pytest.mark.parametrize(
    ("symbol", "name", "quote"),
    [
        ("BTC", "BTC", "USDT"),
        ("btc", "BTC", "USDT"),
        ("BTCUSDT", "BTC", "USDT"),
        ("btc-usdt", "BTC", "USDT"),
        ("BTC/USDT", "BTC", "USDT"),
        ("BTC_USDT", "BTC", "USDT"),
        ("BTC-USDT-SWAP", "BTC", "USDT"),
        ("BTCUSDT.P", "BTC", "USDT"),
        ("btcusdt.p", "BTC", "USDT"),
        ("BTC-PERP", "BTC", "USDT"),
        ("BTC/USDC", "BTC", "USDC"),
        ("BTCUSDC", "BTC", "USDC"),
        ("BTC/USD", "BTC", "USD"),
        ("BTCUSD_PERP", "BTC", "USD"),
        ("BTC-USD-SWAP", "BTC", "USD"),
        ("PEPE", "PEPE", "USDT"),
        ("1000PEPE", "PEPE", "USDT"),
        ("1000PEPEUSDT", "PEPE", "USDT"),
        ("1000PEPE/USDT", "PEPE", "USDT"),
        ("SHIB", "SHIB", "USDT"),
        ("SHIB1000USDT", "SHIB", "USDT"),
        ("10000SATS", "SATS", "USDT"),
        ("1000SATSUSDT", "SATS", "USDT"),
        ("1MBABYDOGE", "BABYDOGE", "USDT"),
        ("1000000BABYDOGEUSDT", "BABYDOGE", "USDT"),
        ("BABYDOGE", "BABYDOGE", "USDT"),
        ("1INCH", "1INCH", "USDT"),
        ("1INCHUSDT", "1INCH", "USDT"),
        ("C98", "C98", "USDT"),
        ("0G", "0G", "USDT"),
        ("42", "42", "USDT"),
        ("币安人生", "币安人生", "USDT"),
        ("BTC/USDT:USDT", "BTC", "USDT"),
        ("BTC/USD:BTC", "BTC", "USD"),
        ("BINANCE:BTCUSDT.P", "BTC", "USDT"),
        ("PERP", "PERP", "USDT"),
        ("PERP-USDT", "PERP", "USDT"),
        ("PERP-USDT-SWAP", "PERP", "USDT"),
    ],
)
def test_every_form_of_a_symbol_names_its_coin(symbol: str, name: str, quote: str) -> None:
    assert LISTINGS.find(symbol) == Coin(name, quote)


def test_a_coin_without_the_usual_quote_is_found_in_another_unless_one_was_given() -> None:
    assert LISTINGS.find("HYPE") == Coin("HYPE", "USDC")
    assert LISTINGS.find("LTC") == Coin("LTC", "USD")
    with pytest.raises(UsageError, match=r"^No venue lists HYPE in USDT\.$"):
        LISTINGS.find("HYPE/USDT")


@pytest.mark.parametrize("symbol", ["BTC/EUR", "BTC-USDT-250926", "ETH/BTC"])
def test_other_quotes_are_refused(symbol: str) -> None:
    with pytest.raises(UsageError, match=rf"^Ask for markets in USDT, USDC, USD, not {symbol}\.$"):
        LISTINGS.find(symbol)


def unknown(symbol: str, listings: Listings = LISTINGS) -> UnknownCoin:
    with pytest.raises(UnknownCoin) as refused:
        listings.find(symbol)
    return refused.value


def test_a_linear_perp_in_dollars_is_not_taken_for_the_coin_margined_one() -> None:
    dollars = markets("okx", LINEAR, "BTC/USD")
    listings = Listings(TITLES, plain(joined(OKX, dollars), OKX_COINS))
    with pytest.raises(UsageError, match=r"^BTCUSD is in /top10 and /positions alone: ask for BTC"):
        listings.find("btcusd")
    assert LISTINGS.find("BTCUSD") == Coin("BTC", "USD")


def test_an_unknown_coin_comes_with_the_nearest_names() -> None:
    error = unknown("BTCC")
    assert str(error) == "No venue lists BTCC. Did you mean BTC, LTC, BCH?"
    assert error.nearest == ("BTC", "LTC", "BCH")


def test_nothing_is_offered_where_nothing_is_near() -> None:
    assert str(unknown("QQQQQQ")) == "No venue lists QQQQQQ."


def test_while_a_venue_is_down_nobody_claims_that_a_coin_is_listed_nowhere() -> None:
    down = Listings(TITLES, LISTINGS.instruments, errors={("bybit", SPOT): Unreachable("no")})
    text = str(unknown("QQQQQQ", down))
    assert text == "Not listed by Binance, OKX; Bybit did not answer."
    near = unknown("BTCC", down)
    assert str(near).endswith("did not answer. Did you mean BTC, LTC, BCH?")
    assert near.nearest == ("BTC", "LTC", "BCH")


def test_while_every_venue_misses_a_list_no_venue_is_quoted() -> None:
    errors = {(venue, SPOT): Unreachable("no") for venue in TITLES}
    text = str(unknown("QQQQQQ", Listings(TITLES, LISTINGS.instruments, errors=errors)))
    assert text == ("QQQQQQ is not on the lists that arrived; Binance, Bybit, OKX did not answer.")


def test_while_a_venue_is_down_a_market_in_the_usual_quote_may_still_exist() -> None:
    down = Listings(TITLES, LISTINGS.instruments, errors={("bybit", LINEAR): Unreachable("no")})
    assert down.find("HYPE/USDT") == Coin("HYPE", "USDT")


@pytest.mark.parametrize(
    ("symbol", "coin"),
    [
        ("btc", Coin("BTC")),
        ("BTCUSDC", Coin("BTC", "USDC")),
        ("1000PEPEUSDT", Coin("PEPE")),
        ("1INCH", Coin("1INCH")),
        ("NEW", Coin("NEW")),
    ],
)
def test_while_nothing_is_loaded_a_name_is_taken_as_it_is_written(symbol: str, coin: Coin) -> None:
    assert Listings(TITLES).find(symbol) == coin


def test_what_only_tradfi_lists_needs_no_word_and_a_coin_takes_none() -> None:
    assert LISTINGS.find("XAU", tradfi=True) == Coin("XAU", tradfi=True)
    assert LISTINGS.find("XAUUSDT") == Coin("XAU", tradfi=True)
    with pytest.raises(UsageError, match=r"^BTC: leave out the word tradfi\.$"):
        LISTINGS.find("BTC", tradfi=True)


@pytest.mark.parametrize(
    ("spoken", "coin"),
    [("bitcoin", Coin("BTC")), ("xbt", Coin("BTC")), ("gold", Coin("XAU", tradfi=True))],
)
def test_a_coin_answers_to_what_people_call_it(spoken: str, coin: Coin) -> None:
    assert LISTINGS.find(spoken) == coin


def test_a_crypto_coin_never_draws_the_name_of_a_stock() -> None:
    assert "XAU" not in unknown("XAUU").nearest


def market(venue: str, symbol: str, family: Family = LINEAR) -> tuple[str, float, float]:
    found = LISTINGS.market(venue, family, LISTINGS.find(symbol))
    return found.symbol, found.multiplier, round(found.tick, 12)


def test_multiplier_contracts_stand_under_their_plain_coin_with_the_tick_per_coin() -> None:
    assert market("binance", "PEPE") == ("1000PEPEUSDT", 1000, 1e-5)
    assert market("bybit", "PEPE") == ("1000PEPEUSDT", 1000, 1e-5)
    assert market("okx", "PEPE") == ("PEPEUSDT", 1, 0.01)
    assert market("bybit", "SHIB") == ("SHIB1000USDT", 1000, 1e-5)
    assert market("bybit", "SATS") == ("10000SATSUSDT", 10_000, 1e-6)
    assert market("binance", "BABYDOGE") == ("1MBABYDOGEUSDT", 1e6, 1e-8)
    assert market("bybit", "BABYDOGE") == ("1000000BABYDOGEUSDT", 1e6, 1e-8)
    assert market("binance", "1INCH") == ("1INCHUSDT", 1, 0.01)


def coins(*lists: Instruments) -> Mapping[str, tuple[str, ...]]:
    return {venue: listed.coins for (venue, _), listed in plain(*lists).items()}


def test_venues_that_write_a_coin_in_two_ways_mean_the_same_coin() -> None:
    assert coins(
        markets("binance", LINEAR, "1000SATS/USDT"), markets("bybit", LINEAR, "10000SATS/USDT")
    ) == {"binance": ("SATS",), "bybit": ("SATS",)}


def test_a_number_in_a_name_that_no_other_market_explains_belongs_to_the_name() -> None:
    assert coins(markets("binance", LINEAR, "1000CHEEMS/USDT", "SPX6900/USDT")) == {
        "binance": ("1000CHEEMS", "SPX6900")
    }


def test_a_market_is_not_listed_or_its_list_is_not_known() -> None:
    bybit = {("bybit", SPOT): Unreachable("no connection")}
    listings = Listings(TITLES, LISTINGS.instruments, errors=bybit)
    with pytest.raises(NotListed, match=r"^does not list ETH$"):
        listings.market("bybit", LINEAR, Coin("ETH"))
    with pytest.raises(NotListed, match=r"^does not list BTC/USDC$"):
        listings.market("okx", LINEAR, Coin("BTC", "USDC"))
    with pytest.raises(Unreachable, match=r"^no connection$"):
        listings.market("bybit", SPOT, Coin("BTC"))
    with pytest.raises(Unreachable, match=r"^no connection$"):
        listings.listed("bybit", SPOT)
    with pytest.raises(Unreachable, match=r"^listings not loaded$"):
        listings.listed("okx", SPOT)
    assert listings.listed("okx", LINEAR).symbols == OKX.symbols


def test_money_is_whatever_bitcoin_is_quoted_in() -> None:
    assert LISTINGS.money == {"USDT", "USDC", "USD", "EUR", "TRY", "FDUSD"}
    assert Listings(TITLES).money == {"USDT", "USDC", "USD"}


TURNOVER = {"binance": 2e9, "bybit": 3e9, "okx": 1e9}


def ranked(turnovers: Mapping[str, float]) -> list[str]:
    lists = LISTINGS.instruments
    last = {
        (venue, LINEAR): tickers(lists[venue, LINEAR], {}, {"BTCUSDT": turnover})
        for venue, turnover in turnovers.items()
    }
    return Listings(TITLES, lists, last).by_turnover(LINEAR, Coin("BTC"))


def test_the_most_traded_market_comes_first() -> None:
    assert ranked(TURNOVER) == ["bybit", "binance", "okx"]
    assert ranked(TURNOVER | {"bybit": 0.5e9}) == ["binance", "okx", "bybit"]


def test_a_venue_of_unknown_turnover_comes_last() -> None:
    assert ranked(TURNOVER | {"bybit": float("nan")}) == ["binance", "okx", "bybit"]
    assert ranked({"okx": 1.0}) == ["okx", "binance", "bybit"]


def test_only_venues_that_list_the_market_are_ranked() -> None:
    assert LISTINGS.by_turnover(LINEAR, Coin("ETH")) == ["binance"]
    assert LISTINGS.by_turnover(LINEAR, Coin("BTC", "USDC")) == ["binance"]
    assert LISTINGS.by_turnover(LINEAR, Coin("BTC", tradfi=True)) == []


def test_tickers_of_an_older_list_are_read_by_symbol() -> None:
    old = markets("okx", LINEAR, "ETH/USDT", "OLD/USDT", "BTC/USDT")
    new = markets("okx", LINEAR, "NEW/USDT", "AAA/USDT", "BBB/USDT", "BTC/USDT", "ETH/USDT")
    other = markets("bybit", LINEAR, "BTC/USDT", "NEW/USDT")
    last = {
        ("okx", LINEAR): tickers(old, {}, {"ETHUSDT": 1.0, "OLDUSDT": 2.0, "BTCUSDT": 9.0}),
        ("bybit", LINEAR): tickers(other, {}, {"BTCUSDT": 5.0, "NEWUSDT": 5.0}),
    }
    listings = Listings(TITLES, places(new, other), last)
    assert listings.by_turnover(LINEAR, Coin("BTC")) == ["okx", "bybit"]
    assert listings.by_turnover(LINEAR, Coin("NEW")) == ["bybit", "okx"]


def test_the_first_market_of_a_coin_is_taken_where_a_list_names_it_twice() -> None:
    twice = plain(markets("okx", LINEAR, "PEPE/USDT", "1000PEPE/USDT"))
    assert Listings(TITLES, twice).market("okx", LINEAR, Coin("PEPE")).symbol == "PEPEUSDT"
    turned = plain(markets("okx", LINEAR, "1000PEPE/USDT", "PEPE/USDT"))
    assert Listings(TITLES, turned).market("okx", LINEAR, Coin("PEPE")).symbol == "1000PEPEUSDT"


def test_a_coin_margined_perp_goes_with_the_spot_market_in_usdt() -> None:
    coin = LISTINGS.find("BTC/USD")
    assert coin.perps is INVERSE
    assert coin.at_spot == Coin("BTC")
    assert Coin("BTC", "USDC").perps is LINEAR
    assert Coin("BTC", "USDC").at_spot == Coin("BTC", "USDC")


@pytest.mark.parametrize("coin", [Coin("BTC"), Coin("BTC", "USDC"), Coin("BTC", "USD")])
def test_a_coin_is_found_again_by_its_symbol(coin: Coin) -> None:
    assert LISTINGS.find(coin.symbol) == coin
