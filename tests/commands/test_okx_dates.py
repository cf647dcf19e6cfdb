"""However OKX dates its statistics, what is shown is the world's, or n/a with the reason."""

import re

import pytest

from crypto_assistant.sandbox import Dates
from tests.floor import Floor, differences
from tests.truth import Fields, Truth
from tests.truths.analysis import analysis
from tests.truths.cvd import cvd
from tests.truths.oi import oi

EITHER = [Dates(coin, contract) for coin in (0, 1) for contract in (0, 1)]


@pytest.mark.parametrize("dates", EITHER, ids=str)
async def test_every_number_is_the_worlds_either_way(
    market: Floor, truth: Truth, dates: Dates
) -> None:
    market.sandbox.dates = dates
    assert differences(await market.ask("/cvd BTC"), cvd(truth, "BTC")) == {}
    assert differences(await market.ask("/oi BTC details"), oi(truth, "BTC", details=True)) == {}
    market.pass_time()
    assert differences(await market.ask("/analysis BTC"), analysis(truth, "BTC")) == {}


SPOT, PERPS = ("spot",), ("usdt", "usdc", "coin_margined")
NONSENSE = [(Dates(by_coin=2), SPOT), (Dates(by_contract=2), PERPS), (Dates(2, 2), SPOT + PERPS)]


@pytest.mark.parametrize(("dates", "lost"), NONSENSE, ids=str)
async def test_rows_of_no_known_date_are_named_and_the_others_answer(
    market: Floor, truth: Truth, dates: Dates, lost: tuple[str, ...]
) -> None:
    market.sandbox.dates = dates
    found = await market.ask("/cvd BTC")
    why = found.pop("failed")["okx"]
    expected: Fields = cvd(truth, "BTC", lost=[(kind, "okx") for kind in lost])
    expected.pop("failed")
    assert differences(found, expected) == {}
    off = r"\(\d\d % off by the start, \d\d % by the end\)"
    assert re.search(f"takers: its rows of 5m do not fit its candles {off}", why)
    assert ("spot takers" in why) == (lost != PERPS)
    assert ("USDT takers" in why) == (lost != SPOT)
    assert differences(await market.ask("/oi BTC"), oi(truth, "BTC")) == {}
