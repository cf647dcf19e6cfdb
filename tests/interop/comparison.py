"""`make compare` over the simulated market, where our program and ccxt see the same world."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crypto_assistant.sandbox import Sandbox
from crypto_assistant.sandbox.faults import Fault
from tests.compare.comparison import Ask, compare
from tests.compare.facts import Told
from tests.compare.program import Program
from tests.compare.theirs import Ccxt
from tests.interop.conftest import served
from tests.interop.program import PROGRAM, exchanges


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return exchanges()


@pytest.fixture(scope="module")
def settings(sandbox: Sandbox) -> Iterator[dict[str, str]]:
    with served(sandbox) as urls:
        yield {**os.environ, **urls}


@pytest.fixture
def ask(settings: dict[str, str]) -> Program:
    return Program(PROGRAM, settings)


@pytest.fixture
def others(settings: dict[str, str]) -> Ccxt:
    return Ccxt(settings)


def test_our_program_and_ccxt_agree(ask: Ask, others: Ccxt) -> None:
    report = compare(["BTC", "PEPE"], ask, others)
    assert report.differing == []
    assert report.agreed > 150
    assert set(report.untold) <= {"okx: ccxt knows no history of takers"}
    assert not report.silent


def shifted(ask: Ask, command: str, shift: Callable[[Any], None]) -> Ask:
    """The answers with a number of one command changed."""

    def lie(line: str) -> Told:
        told = ask(line)
        if line.startswith(f"/{command} "):
            shift(told)
        return told

    return lie


def test_whatever_is_off_is_found(ask: Ask, others: Ccxt) -> None:
    def price(told: Any) -> None:
        told["venues"]["bybit"]["perp"]["mark_price"] *= 1.02

    def volume(told: Any) -> None:
        told["markets"]["usdt"]["venues"]["okx"]["bar"]["volume_coins"] *= 1 + 1e-7

    def cvd(told: Any) -> None:
        windows = told["kinds"]["coin_margined"]["venues"]["binance"]["windows"]
        windows["4h"]["delta_usd"] += 100

    def oi(told: Any) -> None:
        told["venues"]["okx"]["usdc"]["changes"]["1h"]["then_coins"] += 0.0001

    for shift in (price, volume, cvd, oi):
        ask = shifted(ask, shift.__name__, shift)
    report = compare(["ETH"], ask, others)
    found = {(fact.question.market.symbol, fact.name) for fact, _ in report.differing}
    assert found == {
        ("ETHUSDT", "mark_price"),
        ("ETH-USDT-SWAP", "volume_coins"),
        ("ETHUSD_PERP", "delta_usd"),
        ("ETH-USDC-SWAP", "oi_coins"),
    }
    assert len(report.differing) == len(found)


def test_a_venue_that_does_not_answer_is_no_difference(
    sandbox: Sandbox, ask: Ask, others: Ccxt
) -> None:
    sandbox.faults.append(Fault("bybit", "geo_blocked"))
    try:
        report = compare(["SOL"], ask, others)
    finally:
        sandbox.faults.clear()
    assert report.differing == []
    assert report.agreed > 50
    assert set(report.silent) == {"bybit: geo-blocked"}


@pytest.mark.parametrize(("change", "status"), [("", 0), (r"s/(volume_coins.:)([0-9])/\19\2/g", 1)])
def test_the_exit_status_tells_whether_something_differs(
    settings: dict[str, str], tmp_path: Path, change: str, status: int
) -> None:
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\n{PROGRAM} "$@" | sed -E "{change}"\n')
    program.chmod(0o755)
    command = [sys.executable, "-m", "tests.compare", str(program), "DOGE", "--pause", "0"]
    ran = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    assert ran.returncode == status, ran.stderr
    *differences, summary = ran.stdout.splitlines()
    assert f"{len(differences)} differ" in summary
    assert bool(differences) is bool(status)
