"""Every request that the program sends is one that a client of today knows, by each parameter."""

import os
import subprocess
from itertools import product

import pytest

from crypto_assistant.sandbox import KEYS, Sandbox
from tests.interop.conftest import served
from tests.interop.documented import DOCUMENTED
from tests.interop.known import Names, known, names_in
from tests.interop.program import PROGRAM, exchanges

COINS = ("BTC", "BTC/USD", "BTC/USDC", "PEPE", "XAU tradfi")
BARS = ("1m", "15m", "1d")
SIZES = ("compact", "details")
ORDERS = ("volume", "gainers", "losers", "funding", "oi")
LINES = (
    *map(" ".join, product(("/price", "/oi"), COINS, SIZES)),
    *map(" ".join, product(("/volume", "/cvd", "/analysis"), COINS[:3], BARS, SIZES)),
    *map(" ".join, product(["/top10"], ["perps", "tradfi"], ORDERS)),
    *map(" ".join, product(["/top10 spot"], ORDERS[:3])),
    "/volscan",  # before the account logs, whose reading leaves it little of Binance's minute
    *map(" ".join, product(("/balance", "/positions"), SIZES)),
    *("/pnl 30d", "/pnl 7d BTC details", "/pnl 30d BTC details", "/status"),
)
ALLOWED = """
from crypto_assistant.exchanges import EXCHANGES
for exchange in EXCHANGES:
    for method, path in exchange.reads:
        print(method, path)
"""
UNASKED = ("/aggTrades", "/api/v5/market/trades")
"""The adapters can read single trades of Binance and OKX; no command does."""

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Names:
    """By all commands of the installed program, as the sandbox saw it."""
    sandbox, state = exchanges(), tmp_path_factory.mktemp("state")
    with served(sandbox) as urls:
        settings = {**os.environ, **urls, **KEYS}
        for command, lines in (["check", "--deep"], ()), (["console", "--market", "live"], LINES):
            subprocess.run(
                [PROGRAM, *command],
                input="\n".join(lines),
                env=settings,
                cwd=state,
                stdout=subprocess.DEVNULL,
                text=True,
                check=True,
            )
    return names_in(sandbox.requests)


@pytest.fixture(scope="module")
def clients(sandbox: Sandbox, urls: dict[str, str]) -> Names:
    return known(sandbox, urls)


@pytest.fixture(scope="module")
def unnamed(sent: Names, clients: Names) -> Names:
    """The parameters of each request that no client names."""
    return {request: names - clients.get(request, set()) for request, names in sent.items()}


def test_the_program_sent_all_that_it_may_send(sent: Names) -> None:
    python = PROGRAM.with_name("python")
    told = subprocess.run([python, "-c", ALLOWED], capture_output=True, text=True, check=True)
    allowed = {line for line in told.stdout.splitlines() if not line.endswith(UNASKED)}
    assert {f"{method} {path}" for _, method, path in sent} == allowed


def test_a_client_knows_every_path(sent: Names, clients: Names) -> None:
    assert sent.keys() - clients.keys() == set()


def test_a_client_or_the_documentation_names_every_parameter(unnamed: Names) -> None:
    left = {request: names - documented(request) for request, names in unnamed.items()}
    assert {request: names for request, names in left.items() if names} == {}


def test_the_documentation_is_asked_only_where_no_client_tells(unnamed: Names) -> None:
    asked = {request[-1] for request, names in unnamed.items() if names & documented(request)}
    assert asked == DOCUMENTED.keys()


def documented(request: tuple[str, str, str]) -> set[str]:
    _, names = DOCUMENTED.get(request[-1], ("", ""))
    return set(names.split())
