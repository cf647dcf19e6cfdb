"""How /pnl looks, where the simulated accounts do not come to it."""

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

from crypto_assistant.exchanges.base import LIVE
from crypto_assistant.grammar import Args
from crypto_assistant.models import Provenance
from crypto_assistant.subjects.account.environments import Environment
from crypto_assistant.subjects.account.pnl.answer import CoinPnl, Lacks, Pnl, VenuePnl, summed
from crypto_assistant.subjects.account.pnl.derivatives import Flows, Open
from crypto_assistant.subjects.account.pnl.fills import TradesPnl
from crypto_assistant.subjects.account.pnl.page import render
from crypto_assistant.subjects.account.pnl.reconciliation import Reconciliation
from crypto_assistant.view import LONGEST_MESSAGE, View, sheet, utf16_units
from tests.clock import NOW
from tests.floor import VENUES

VIEW = View({"binance": "Binance", "bybit": "Bybit", "okx": "OKX"}, ZoneInfo("Europe/Berlin"))
FLOWS = Flows(-1234.5, -2.25, 0.0, 0.0, -7.5, -1244.25, {})
OPEN = Open(123_456.78, 1_000_000.0, 0.12345678)
ADDED_UP = Reconciliation(
    since_ms=NOW - 3_600_000,
    opening_usd=1000.0,
    realised_usd=0.0,
    fees_usd=0.0,
    funding_usd=0.0,
    other_usd=0.0,
    unrealised_change_usd=0.0,
    transfers_usd=0.0,
    revaluation_usd=0.0,
    residual_usd=0.25,
    now_usd=1000.25,
    flagged=True,
    unpriced=("NOPRICE",),
)
VENUE = VenuePnl(log_since_ms=NOW - 7_200_000, flows=FLOWS, open=OPEN, spot_usd=0.0)


def answer(**venues: VenuePnl) -> Pnl:
    accounts = dict.fromkeys(venues, Environment(LIVE, None))
    return Pnl(
        window="today",
        start_ms=NOW - 7_200_000,
        coin=None,
        venues=venues,
        total=summed(venues, accounts),
        accounts=accounts,
        keyless=(),
        parts_read=0,
        parts=0,
        provenance=Provenance(VENUES, VENUES, {}, (), simulated=False, time_ms=NOW, oldest_ms=NOW),
    )


def shown(one: Pnl, *, details: bool = False) -> list[str]:
    page = render(one, Args("pnl", choices=("today",), details=details), VIEW)
    text, _ = sheet(page, 1, "pnl")
    return re.sub(r"</?(b|pre)>", "", text).split("\n")


def test_a_residual_is_shown_where_it_is_not_clean() -> None:
    text = "\n".join(shown(answer(okx=replace(VENUE, reconciliation=ADDED_UP))))
    assert "Residual of OKX · +$0.25 !\nsince 21 Sep 15:13 · without NOPRICE\n" in text
    left_out = replace(ADDED_UP, residual_usd=-0.001, flagged=False)
    text = "\n".join(shown(answer(okx=replace(VENUE, reconciliation=left_out))))
    assert "Residual of OKX · $0.00\n" in text.replace(" · since", "\nsince")
    fine = replace(VENUE, reconciliation=replace(left_out, unpriced=()))
    assert "esidual" not in "\n".join(shown(answer(okx=fine)))


def test_the_sum_leads_and_then_comes_what_it_is_made_of() -> None:
    lines = shown(answer(okx=VENUE, bybit=VenuePnl(open=OPEN)))
    assert lines[:9] == [
        "PnL today -$1,244.25 · n/a for Bybit",
        "since 21 Sep 14:13 CEST",
        "realised -$1,234.50 · fees -$2.25",
        "funding $0.00 · liquidation -$7.50",
        "open +$246,913.56",
        "+12.3% on $2,000,000.00",
        "$      sum realised  open",
        "OKX -1.24K   -1.23K +123K",
        "BYB    n/a      n/a +123K",
    ]


def test_the_details_add_up_line_by_line_and_name_what_is_left_out() -> None:
    lines = shown(answer(okx=replace(VENUE, reconciliation=ADDED_UP)), details=True)
    start = lines.index("equity since 21 Sep 15:13")
    assert [line.split() for line in lines[start + 3 : start + 5]] == [
        ["opening", "$1,000.00"],
        ["realised", "$0.00"],
    ]
    assert lines[start + 11].split() == ["residual", "+$0.25"]
    assert lines[start + 12].split() == ["now", "$1,000.25"]
    assert lines[start + 1] == "left out, no price: NOPRICE"


def test_a_log_that_does_not_reach_back_so_far_says_since_when_it_is_told() -> None:
    short = replace(VENUE, log_since_ms=NOW - 600_000)
    lines = shown(answer(okx=VENUE, bybit=short))
    assert "Bybit tells since 21 Sep 16:03 only" in lines
    assert not any(line.startswith("OKX tells") for line in lines)


def test_where_there_was_no_snapshot_in_the_window_the_first_one_is_named() -> None:
    late = replace(VENUE, reconciliation_lacks=Lacks.SNAPSHOT_THEN, snapshots_since_ms=NOW)
    lines = shown(answer(okx=late))
    start = lines.index("Not reconciled: OKX")
    assert lines[start + 1] == "no snapshot of equity in the window"
    assert lines[start + 2] == "the first is of 21 Sep 16:13"


def test_what_is_not_known_for_want_of_a_price_is_not_zero() -> None:
    flows = Flows(None, None, 1.25, None, 0.0, None, {"BTC": -0.5, "BNB": 2.0})
    lines = shown(answer(okx=replace(VENUE, flows=flows)))
    assert ["OKX", "n/a", "n/a"] in [line.split()[:3] for line in lines]
    assert lines[:5] == [
        "PnL today +$1.25",
        "since 21 Sep 14:13 CEST",
        "without a price: -0.5 BTC · 2 BNB",
        "realised n/a · fees n/a",
        "funding +$1.25 · rebates n/a",
    ]


def test_trades_are_told_beside_the_log_market_by_market() -> None:
    by_trades = (
        TradesPnl("BTC-USDT-SWAP", 7, NOW, 12.25, 11.9, 12.75),
        TradesPnl("BTC-USD-SWAP", 7, None, None, None, None),
        TradesPnl("BTC-NOPRICE-SWAP", 7, NOW, None, None, None),
        TradesPnl("BTCPERP", 7, None, None, None, None, "every eight hours"),
    )
    lines = shown(answer(okx=replace(VENUE, by_trades=by_trades)), details=True)
    text = "\n".join(lines)
    assert "BTC-USDT-SWAP by trades +$12.25\nFIFO +$11.90 · log +$12.75\nsince 21 Sep 16:13" in text
    assert "BTC-USD-SWAP by trades n/a\nnever flat in this time\n" in text
    assert "BTC-NOPRICE-SWAP by trades n/a\nwhat it is settled in has no price\n" in text
    assert "BTCPERP by trades n/a\nthe log settles it every eight hours\n" in text


def test_hundreds_of_coins_are_torn_into_messages_that_telegram_takes() -> None:
    coins = tuple(CoinPnl(f"COIN{n}", FLOWS, OPEN) for n in range(300))
    page = render(
        answer(okx=replace(VENUE, coins=coins)),
        Args("pnl", choices=("today",), details=True),
        VIEW,
    )
    texts = list(dict.fromkeys(sheet(page, number, "pnl")[0] for number in range(1, 30)))
    assert all(utf16_units(text) <= LONGEST_MESSAGE for text in texts)
    found = re.findall(r"COIN\d+", "".join(texts))
    assert set(found) == {coin.coin for coin in coins}
