"""Whether an account adds up, worked out by hand."""

from dataclasses import replace
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.ledger import Snapshot, SnapshotRow
from crypto_assistant.models import Balance, Entry, Flow, Holding, Wallet
from crypto_assistant.subjects.account.pnl.reconciliation import Reconciliation, reconciled

PRICES = {"USDT": 1.0, "BTC": 60_000.0, "BNB": 500.0}


def line(flow: Flow, coins: float, coin: str = "USDT") -> Entry:
    return Entry("1", flow, 100, None, "", coin, coins)


def opening(*rows: SnapshotRow) -> Snapshot:
    return Snapshot("binance", "live", "1", 70_000, rows)


def balance(*holdings: Holding, wallet: Wallet = Wallet.USDM) -> Balance:
    return Balance("binance", wallet, holdings, 0)


def of(before: Snapshot, entries: list[Entry], *balances: Balance) -> Reconciliation:
    found = reconciled(before, entries, balances, PRICES.get)
    assert found is not None
    parts = (
        *(found.opening_usd, found.realised_usd, found.fees_usd, found.funding_usd),
        *(found.other_usd, found.unrealised_change_usd, found.transfers_usd),
        *(found.revaluation_usd, found.residual_usd),
    )
    assert fsum(parts) == pytest.approx(found.now_usd, abs=1e-9)
    return found


def test_a_day_in_dollars_adds_up() -> None:
    found = of(
        opening(SnapshotRow("USD-M", "USDT", 1000.0, 50.0, 1.0)),
        [
            *(line(Flow.REALISED, 80.0), line(Flow.FEE, -2.5), line(Flow.FUNDING, 1.25)),
            *(line(Flow.REBATE, 0.5), line(Flow.LIQUIDATION, -3.0), line(Flow.OTHER, -0.25)),
            line(Flow.TRANSFER, -200.0),
        ],
        balance(Holding("USDT", 846.0, 20.0)),
    )
    assert found == Reconciliation(
        since_ms=70_000,
        opening_usd=1000.0,
        realised_usd=80.0,
        fees_usd=-2.5,
        funding_usd=1.25,
        other_usd=-2.75,
        unrealised_change_usd=-30.0,
        transfers_usd=-200.0,
        revaluation_usd=0.0,
        residual_usd=0.0,
        now_usd=846.0,
        flagged=False,
        unpriced=(),
    )


def test_coins_whose_price_has_moved_are_revalued() -> None:
    """0.5 BTC at 50,000 made 0.01 BTC, paid 0.001 in fees, and are worth 60,000 each now."""
    found = of(
        opening(SnapshotRow("COIN-M", "BTC", 0.5, 0.02, 50_000.0)),
        [line(Flow.REALISED, 0.01, "BTC"), line(Flow.FEE, -0.001, "BTC")],
        balance(Holding("BTC", 0.494, 0.005), wallet=Wallet.COINM),
    )
    assert found.opening_usd == 25_000
    assert found.revaluation_usd == pytest.approx(5000)
    assert found.realised_usd == pytest.approx(600)
    assert found.fees_usd == pytest.approx(-60)
    assert found.unrealised_change_usd == pytest.approx(-900)
    assert found.now_usd == pytest.approx(29_640)
    assert found.residual_usd == pytest.approx(0, abs=1e-9)


def test_fees_in_another_coin_are_taken_from_that_coin() -> None:
    found = of(
        opening(
            SnapshotRow("USD-M", "USDT", 100.0, 0.0, 1.0),
            SnapshotRow("USD-M", "BNB", 1.0, 0.0, 400.0),
        ),
        [line(Flow.REALISED, 10.0), line(Flow.FEE, -0.01, "BNB")],
        balance(Holding("USDT", 110.0), Holding("BNB", 0.99)),
    )
    assert found.fees_usd == pytest.approx(-5)
    assert found.revaluation_usd == pytest.approx(100)
    assert found.residual_usd == pytest.approx(0, abs=1e-9)


def test_a_coin_bought_in_the_wallet_and_one_sold_out_of_it_are_counted() -> None:
    found = of(
        opening(SnapshotRow("unified", "BNB", 2.0, 0.0, 500.0)),
        [line(Flow.SPOT, -2.0, "BNB"), line(Flow.SPOT, 0.0166, "BTC")],
        balance(Holding("BTC", 0.0166), wallet=Wallet.UNIFIED),
    )
    assert found.other_usd == pytest.approx(-1000 + 996)
    assert found.residual_usd == pytest.approx(0, abs=1e-9)


def test_one_coin_in_two_wallets_is_one_coin() -> None:
    """Moved from one wallet to the other it is still there."""
    found = of(
        opening(
            SnapshotRow("USD-M", "BTC", 0.1, 0.0, 60_000.0),
            SnapshotRow("COIN-M", "BTC", 0.2, 0.0, 60_000.0),
        ),
        [line(Flow.TRANSFER, -0.1, "BTC"), line(Flow.TRANSFER, 0.1, "BTC")],
        balance(Holding("BTC", 0.3), wallet=Wallet.COINM),
    )
    assert found.opening_usd == pytest.approx(18_000)
    assert found.now_usd == pytest.approx(18_000)
    assert found.transfers_usd == 0
    assert found.residual_usd == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("equity", "residual", "flagged"),
    [
        (10.0, 0.009, False),
        (10.0, 0.011, True),
        (10.0, -0.011, True),
        (200.0, 0.0199, False),
        (200.0, -0.0201, True),
        (1e6, 99.0, False),
        (1e6, 101.0, True),
    ],
)
def test_a_residual_is_marked_above_a_cent_and_above_a_basis_point(
    equity: float, residual: float, flagged: bool
) -> None:
    before = opening(SnapshotRow("USD-M", "USDT", equity - residual, 0.0, 1.0))
    found = of(before, [], balance(Holding("USDT", equity)))
    assert found.residual_usd == pytest.approx(residual)
    assert found.flagged == flagged


def test_a_coin_without_a_price_is_left_out_and_named() -> None:
    row = SnapshotRow("USD-M", "USDT", 100.0, 0.0, 1.0)
    found = of(
        opening(row, SnapshotRow("USD-M", "NOPRICE", 9.0, 0.0, None)),
        [line(Flow.FEE, -1.0, "NOPRICE"), line(Flow.OTHER, 3.0, "AIRDROP")],
        balance(Holding("USDT", 100.0), Holding("NOPRICE", 8.0), Holding("AIRDROP", 3.0)),
    )
    assert found.unpriced == ("AIRDROP", "NOPRICE")
    assert found.now_usd == found.opening_usd == 100


def test_a_coin_that_had_no_price_when_it_was_written_down_is_left_out() -> None:
    found = of(
        opening(SnapshotRow("USD-M", "BNB", 1.0, 0.0, None)),
        [],
        balance(Holding("BNB", 1.0)),
    )
    assert found.unpriced == ("BNB",)
    assert found.now_usd == found.residual_usd == 0


def test_where_a_wallet_does_not_tell_its_unrealised_pnl_nothing_is_reckoned() -> None:
    row = SnapshotRow("USD-M", "USDT", 100.0, 0.0, 1.0)
    untold = replace(Holding("USDT", 100.0), unrealised=None)
    assert reconciled(opening(row), [], [balance(untold)], PRICES.get) is None
    before = opening(row._replace(unrealised=None))
    assert reconciled(before, [], [balance(Holding("USDT", 100.0))], PRICES.get) is None


AMOUNTS = st.floats(-1e6, 1e6).map(lambda x: round(x, 8))


@given(
    st.lists(st.tuples(st.sampled_from(list(Flow)), st.sampled_from(list(PRICES)), AMOUNTS)),
    st.dictionaries(st.sampled_from(list(PRICES)), st.tuples(AMOUNTS, AMOUNTS, AMOUNTS)),
)
def test_whatever_happens_what_is_written_down_leaves_no_residual(
    flows: list[tuple[Flow, str, float]], held: dict[str, tuple[float, float, float]]
) -> None:
    """Equity after = equity before + all that came + change of the unrealised."""
    before = opening(*(SnapshotRow("w", coin, e, u, 7.0) for coin, (e, u, _) in held.items()))
    entries = [line(flow, coins, coin) for flow, coin, coins in flows]
    after = []
    for coin in PRICES:
        equity, unrealised, now = held.get(coin, (0.0, 0.0, 0.0))
        came = fsum(coins for _, other, coins in flows if other == coin)
        after.append(Holding(coin, fsum((equity, came, now, -unrealised)), now))
    found = of(before, entries, balance(*after))
    largest = max((abs(coins) for _, _, coins in flows), default=0) + 4e6
    assert abs(found.residual_usd) < 1e-12 * largest * 60_000 * (len(flows) + 10)
