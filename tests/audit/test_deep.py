"""`check --deep`: each check with its limit and the reason for it, and what came of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crypto_assistant import check, cli
from crypto_assistant.arguments import parser
from crypto_assistant.audit.checks import CHECKS
from crypto_assistant.clocks import clock_ms, monotonic
from crypto_assistant.config import load
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.sandbox import Fault, Sandbox, World
from tests.clock import NOW, clock
from tests.floor import world
from tests.fourth.exchange import Fourth
from tests.fourth.test_fourth import four

Output = pytest.CaptureFixture[str]


@asynccontextmanager
async def live(patch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    """Exchanges at the addresses that are set."""
    sandbox = Sandbox(world(), clock, monotonic)
    async with sandbox.serve() as urls:
        for name, url in urls.items():
            patch.setenv(name, url)
        yield sandbox


async def test_every_check_is_told_with_its_limit_and_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    async with live(monkeypatch):
        assert await check.deep(load(EXCHANGES), clock)
    said = capsys.readouterr().out.split("\n")
    assert "Audit          44 agree" in said
    for one in CHECKS.values():
        assert f"{one.name:14} at most {one.limit} off {one.against}: {one.why}" in said
    assert "  OKX          BTC-USDT-SWAP 0.00 %, BTC-USD-SWAP 0.00 %" in said


async def test_what_disagrees_is_named_and_fails_the_check(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    async with live(monkeypatch) as sandbox:
        sandbox.faults += [
            Fault("binance", "shifted", "buyVol*1.25"),
            Fault("bybit", "http", 503, "/v5/market/time"),
            Fault("okx", "http", 500, "/api/v5/market/mark-price-candles"),
        ]
        assert not await check.deep(load(EXCHANGES), clock)
    said = capsys.readouterr().out
    assert "\nAudit          25 agree, 1 disagrees, 3 not audited\n" in said
    assert "\n  Binance      BTCUSDT 20.00 % DISAGREES, BTCUSD_PERP 0.00 %\n" in said
    assert "BTC-USDT-SWAP not audited (HTTP 500), BTC-USD-SWAP not audited (HTTP 500)\n" in said
    assert said.endswith("\nBybit          not audited: HTTP 503\n")


async def test_a_disagreement_is_an_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox(World(13, clock_ms()), clock_ms, monotonic)
    async with sandbox.serve() as urls:
        for name, url in urls.items():
            monkeypatch.setenv(name, url)
        for words, shift, status in (
            ("check --deep", "buyVol*1.0", 0),
            ("check", "buyVol*1.5", 0),
            ("check --deep", "buyVol*1.5", 1),
        ):
            sandbox.faults = [Fault("binance", "shifted", shift)]
            arguments = parser().parse_args(words.split())
            assert await cli.RUNS[arguments.run](arguments) == status


async def test_an_exchange_that_tells_nothing_twice_is_audited_by_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    async with four(monkeypatch) as config:
        assert await check.deep(config, lambda: NOW)
    said = capsys.readouterr().out
    assert f"  {Fourth.title:12} 0.0 s\n" in said
    assert f"  {Fourth.title:12} BTC-PERP 0.00 %\n" in said
