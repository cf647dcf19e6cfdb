"""The same facts by way of ccxt, per plain coin."""

from collections.abc import Mapping, Sequence
from typing import Any

import ccxt  # type: ignore[import-not-found]

from tests.compare.comparison import NotTold
from tests.compare.facts import BAR, LENGTHS, MINUTE, NOW, SAMPLE, TAKERS, Market, Question
from tests.compare.verdict import ROUNDING, Sample

STEP = 5 * MINUTE
FUNDING_GRAIN = 1e-8
HOSTS = {
    "https://api.binance.com": "BINANCE_SPOT_URL",
    "https://fapi.binance.com": "BINANCE_USDM_URL",
    "https://dapi.binance.com": "BINANCE_COINM_URL",
    "https://api.{hostname}": "BYBIT_URL",
    "https://{hostname}": "OKX_URL",
}
"""ccxt's addresses, and the settings that put ours elsewhere."""
LISTS: Mapping[str, Sequence[str]] = {
    "binance": ("spot", "linear", "inverse"),
    "bybit": ("spot", "linear", "inverse"),
    "okx": ("spot", "swap"),
}

Listed = Mapping[str, Any]
"""A market as ccxt describes it."""


class Ccxt:
    """Answers questions; `settings` may hold other addresses, as in our own environment."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        elsewhere = {host: settings[name] for host, name in HOSTS.items() if settings.get(name)}
        # ccxt's own pace is for the real addresses.
        options = {"timeout": 20_000, "enableRateLimit": not elsewhere}
        self._clients = {venue: getattr(ccxt, venue)(options) for venue in LISTS}
        self._unreachable: dict[str, NotTold] = {}
        for venue, client in self._clients.items():
            client.options["fetchMarkets"] = {"types": list(LISTS[venue])}
            for name, address in client.urls["api"].items():
                for host, ours in elsewhere.items():
                    if isinstance(address, str) and address.startswith(host):
                        client.urls["api"][name] = address.replace(host, ours)

    def __call__(self, question: Question) -> dict[str, Sample]:
        """By the names of our facts."""
        answer = {NOW: _now, BAR: _bar, TAKERS: _takers, SAMPLE: _sample}[question.about]
        market = question.market
        client = self._client(market.venue)
        try:
            return answer(client, _listed(client, market), question)
        except ccxt.BaseError as e:
            raise NotTold(type(e).__name__) from e
        except (KeyError, TypeError, ValueError) as e:  # A field that ccxt fills at other times.
            raise NotTold(f"{question.about} without its numbers") from e

    def _client(self, venue: str) -> Any:
        """With its markets loaded; a venue that did not tell them is not asked again."""
        if venue in self._unreachable:
            raise self._unreachable[venue]
        try:
            self._clients[venue].load_markets()
        except ccxt.BaseError as e:
            self._unreachable[venue] = NotTold(f"no markets: {type(e).__name__}")
            raise self._unreachable[venue] from e
        return self._clients[venue]


def _listed(client: Any, market: Market) -> Listed:
    wanted = {"spot": market.family == "spot"}
    if market.family != "spot":
        wanted = {"swap": True, market.family: True}
    for listed in client.markets_by_id.get(market.symbol, []):
        if all(listed[name] is value for name, value in wanted.items()):
            return listed  # type: ignore[no-any-return]
    raise NotTold(f"does not list {market.symbol}")


def _now(client: Any, listed: Listed, question: Question) -> dict[str, Sample]:
    many = _multiplier(listed, question.market.coin)
    tick = float(listed["precision"]["price"]) / many
    ticker = client.fetch_ticker(listed["symbol"])
    found = {"last_price": Sample(float(ticker["last"]) / many, tick)}
    if listed["spot"]:
        return found
    rate = client.fetch_funding_rate(listed["symbol"])
    found["funding_fraction"] = Sample(float(rate["fundingRate"]), FUNDING_GRAIN)
    mark = rate["markPrice"]
    if client.id == "okx":
        mark = client.fetch_mark_price(listed["symbol"], {"instType": "SWAP"})["markPrice"]
    found["mark_price"] = Sample(float(mark) / many, tick)
    return found | _interest_now(client, listed, ticker, found["mark_price"], many)


def _interest_now(
    client: Any, listed: Listed, ticker: Mapping[str, Any], mark: Sample, many: float
) -> dict[str, Sample]:
    """In coins and in USD; whatever the venue leaves out is valued at the mark price."""
    coins, usd = None, None
    if client.id == "bybit":
        info = ticker["info"]
        size, value = _one_side(info, ""), _one_side(info, "Value")
        coins, usd = (value, size) if listed["inverse"] else (size * many, value)
    else:
        told = client.fetch_open_interest(listed["symbol"])
        amount = float(told["openInterestAmount"]) * listed["contractSize"]
        if client.id == "okx":
            coins, usd = float(told["info"]["oiCcy"]) * many, float(told["info"]["oiUsd"])
        elif listed["inverse"]:
            coins, usd = amount / mark.value, amount
        else:
            coins, usd = amount * many, amount * many * mark.value
    step = float(listed["precision"]["amount"] or 0) * listed["contractSize"]
    lot = step / mark.value if listed["inverse"] else step * many
    # A tick of the price moves the value of everything that is held.
    worth = lot * mark.value + coins * mark.grain
    return {"oi_coins": Sample(coins, worth / mark.value), "oi_usd": Sample(usd, worth)}


def _bar(client: Any, listed: Listed, question: Question) -> dict[str, Sample]:
    length = question.end_ms - question.start_ms
    timeframe = next(name for name, ms in LENGTHS.items() if ms == length)
    rows = client.fetch_ohlcv(listed["symbol"], timeframe, since=question.start_ms, limit=2)
    volume = [row[5] for row in rows if row[0] == question.start_ms]
    many = _multiplier(listed, question.market.coin)
    return {"volume_coins": Sample(volume[0] * many)} if volume else {}


def _takers(client: Any, listed: Listed, question: Question) -> dict[str, Sample]:
    """In the unit of the contracts, added up row by row of five minutes."""
    if client.id == "binance":
        bought, volume = _binance_takers(client, listed, question)
    elif client.id == "okx" and not listed["spot"]:
        bought, volume = _okx_takers(client, listed, question)
    else:
        raise NotTold("ccxt knows no history of takers")
    many = 1 if listed["inverse"] else _multiplier(listed, question.market.coin)
    unit = "usd" if listed["inverse"] else "coins"
    traded, delta = volume * many, (2 * bought - volume) * many
    return {f"volume_{unit}": Sample(traded), f"delta_{unit}": Sample(delta, ROUNDING * traded)}


def _binance_takers(client: Any, listed: Listed, question: Question) -> tuple[float, float]:
    ask, contract = client.publicGetKlines, 1.0
    if not listed["spot"]:
        ask = client.fapiPublicGetKlines if listed["linear"] else client.dapiPublicGetKlines
        contract = listed["contractSize"]
    window = {"startTime": question.start_ms, "endTime": question.end_ms - 1, "limit": 499}
    rows = ask({"symbol": listed["id"], "interval": "5m", **window})
    _assert_whole([int(row[0]) for row in rows], question)
    bought, volume = (contract * sum(float(row[i]) for row in rows) for i in (9, 5))
    return bought, volume


def _okx_takers(client: Any, listed: Listed, question: Question) -> tuple[float, float]:
    """At most a hundred rows at once: [start, sold, bought] in contracts."""
    rows: list[Sequence[str]] = []
    for start_ms in range(question.start_ms, question.end_ms, 100 * STEP):
        end_ms = min(start_ms + 100 * STEP, question.end_ms)
        asked = {"instId": listed["id"], "period": "5m", "unit": "1", "limit": "100"}
        asked |= {"begin": str(start_ms - 1), "end": str(end_ms)}
        rows += client.publicGetRubikStatTakerVolumeContract(asked)["data"]
    _assert_whole([int(row[0]) for row in rows], question)
    sold, bought = (listed["contractSize"] * sum(float(row[i]) for row in rows) for i in (1, 2))
    return bought, bought + sold


def _assert_whole(times: Sequence[int], question: Question) -> None:
    if sorted(times) != list(range(question.start_ms, question.end_ms, STEP)):
        raise NotTold("rows are missing")


def _sample(client: Any, listed: Listed, question: Question) -> dict[str, Sample]:
    at_ms, coin = question.start_ms, question.market.coin
    rows = client.fetch_open_interest_history(
        listed["symbol"], "5m", since=at_ms, limit=2, params={"until": at_ms + STEP}
    )
    row = next((row for row in rows if row["timestamp"] == at_ms), None)
    if row is None:
        return {}
    if client.id == "bybit":
        size = _one_side(row["info"], "")
    else:
        size = float(row["openInterestAmount"]) * listed["contractSize"]
    if listed["inverse"]:
        return {"oi_usd": Sample(size)}
    return {"oi_coins": Sample(size * _multiplier(listed, coin))}


def _one_side(info: Mapping[str, Any], what: str) -> float:
    """Bybit's older fields count both sides, and ccxt passes them on."""
    single = info.get(f"singleOpenInterest{what}")
    return float(single) if single else float(info[f"openInterest{what}"]) / 2


def _multiplier(listed: Listed, coin: str) -> float:
    """Plain coins in one of the venue's: 1000 of 1000PEPE."""
    count = str(listed["base"]).replace(coin, "", 1)
    if not count:
        return 1.0
    if count == "1M":
        return 1e6
    if not count.isdecimal():
        raise NotTold(f"{listed['base']} is not {coin}")
    return float(count)
