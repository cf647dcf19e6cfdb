"""What may stand at a place of a line, and how soon that is known."""

from random import Random
from string import ascii_uppercase
from time import process_time

import pytest

from crypto_assistant.grammar import TIMEFRAMES
from crypto_assistant.sandbox.faults import Fault
from crypto_assistant.terminal.names import Names
from crypto_assistant.terminal.offers import Offers, usage
from crypto_assistant.terminal.toolbar import bar
from tests.floor import floor

VENUES = ["binance", "bybit", "okx"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("/p", ["/price", "/positions", "/pnl"]),
        ("pn", ["pnl"]),
        ("ex", ["exit"]),
        ("wat", ["watch", "watch 5"]),
        ("watch 5 /ana", ["/analysis"]),
        ("/price bt", ["BTC", "BTCDOM"]),
        ("/price dge", ["DOGE"]),
        ("/price BTC ", [*VENUES, "tradfi", "details"]),
        ("/price okx B", ["BTC", "BNB", "BONK", "BTCDOM", "BABYDOGE"]),
        ("/cvd BTC 1", ["1m", "15m", "1h", "12h", "1d"]),
        ("/cvd 1h BTC okx ", ["tradfi", "details"]),
        ("/volscan ", [*TIMEFRAMES, "details"]),
        ("/top10 spot ga", ["gainers"]),
        ("/top10 spot gainers ", [*VENUES, "details"]),
        ("/help vol", ["volume", "volscan"]),
        ("/nonsense b", []),
        ("/status B", ["binance", "bybit"]),
    ],
)
async def test_each_place_is_offered_what_may_stand_there(line: str, offered: list[str]) -> None:
    async with floor() as f:
        await f.open()
        _, found = Offers(lambda: f.front).at(line)
        assert [offer.word for offer in found] == offered


async def test_the_coins_with_the_most_turnover_are_offered_first() -> None:
    async with floor() as f:
        await f.open()
        offers = Offers(lambda: f.front)
        assert [offer.word for offer in offers.at("/price ")[1]][:3] == ["BTC", "ETH", "SOL"]
        assert offers.at("b")[1][0].word == "balance"
        assert not f.sandbox.requests, "nobody is asked"


async def test_before_anything_is_known_there_are_the_commands_alone() -> None:
    assert Offers(lambda: None).at("/pri") == ("", [])
    async with floor() as f:
        offers = Offers(lambda: f.front)
        assert [offer.word for offer in offers.at("/pri")[1]] == ["/price"]
        assert [offer.word for offer in offers.at("/price b")[1]] == ["binance", "bybit"]


def test_ten_thousand_names_take_less_than_a_key() -> None:
    draw = Random(1)
    weights = {"".join(draw.choices(ascii_uppercase, k=7)): draw.random() for _ in range(10_000)}
    names = Names(weights)
    for word in ("", "A", "AB", "QZQZQZ"):
        took = []
        for _ in range(5):
            began = process_time()
            names.near(word, 40)
            took.append(process_time() - began)
        assert min(took) < 0.02, word
    heaviest = max(weights, key=weights.__getitem__)
    assert names.near("", 40)[0] == names.near(heaviest[:5], 1)[0] == heaviest


async def test_the_bar_says_how_a_command_is_used_and_how_the_venues_are() -> None:
    async with floor() as f:
        used = usage("watch 5 /price b", f.front.commands)
        assert used == "/price [SYMBOL] [VENUE] [tradfi] [details]"
        assert usage("", f.front.commands) == usage("/pr", f.front.commands) == ""
        assert bar(None, "", 80).endswith("  looking for the exchanges")
        assert bar(f.front, used, 100).endswith("  Binance … · Bybit … · OKX …")
        f.sandbox.faults += [Fault("bybit", "banned", 3600), Fault("okx", "timeout")]
        await f.open()
        await f.front.reply("/price BTC")
        assert bar(f.front, used, 100).endswith("  Binance ok · Bybit held · OKX silent")
    assert (
        bar(None, used, 40) == "/price [SYMBOL] [VENUE] [tradfi] [detai…\nlooking for the exchanges"
    )
