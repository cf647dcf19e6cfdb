"""What is built of the settings: whose keys go where, and what is kept in which file."""

import asyncio
import sqlite3
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from aiohttp import web

from crypto_assistant import check
from crypto_assistant.app import (
    Surroundings,
    connected,
    connection,
    database,
    open_desk,
    telegram_proxy,
)
from crypto_assistant.cli import main
from crypto_assistant.clocks import monotonic
from crypto_assistant.config import Config, load
from crypto_assistant.desk import Desk
from crypto_assistant.errors import AssistantError, ExchangeError, RateLimited
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.ledger import Snapshot
from crypto_assistant.sandbox import KEYS, Fault, Sandbox, World
from crypto_assistant.state.store import Store
from crypto_assistant.telegram.serve import own_name
from tests.botapi import TOKEN, BotApi
from tests.clock import NOW, clock
from tests.venues import ADDRESSES, CREDENTIALS, PRACTICES

NOBODY: Final = "http://127.0.0.1:9"
"""Nothing listens on the port of the discard service."""
MARKED: Final = {name: f"Hush{name.replace('_', '')}" for name in CREDENTIALS}
PLAY: Final = dict.fromkeys(PRACTICES, "true")
HOUR_MS: Final = 3_600_000

Output = pytest.CaptureFixture[str]


class Machine:
    """What the host sets."""

    def __init__(self, patch: pytest.MonkeyPatch, home: Path) -> None:
        self._patch = patch
        self.state = home / "crypto-assistant"
        patch.chdir(home)
        patch.setenv("XDG_STATE_HOME", str(home))
        for name in [*Config.model_fields, *ADDRESSES, *CREDENTIALS, *PLAY]:
            patch.delenv(name.upper(), raising=False)
            patch.delenv(name.lower(), raising=False)

    def sets(self, settings: Mapping[str, str] | None = None, **more: str) -> Config:
        for name, value in {**(settings or {}), **more}.items():
            self._patch.setenv(name, value)
        return load(EXCHANGES)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    return Machine(monkeypatch, tmp_path)


@dataclass
class Witness:
    """All venues at one address: tells the time, opens no account, keeps all that it is sent."""

    status: int = 200
    sent: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[dict[str, str]]:
        runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            yield dict.fromkeys(ADDRESSES, site.name)
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.text()
        self.sent.append(f"{request.method} {request.raw_path} {dict(request.headers)} {body}")
        told = {"serverTime": NOW, "retCode": 0, "time": NOW, "code": "0"}
        rows = {"result": {"timeNano": f"{NOW}000000"}, "data": [{"ts": f"{NOW}"}]}
        return web.json_response({**told, **rows}, status=self.status)

    def keys(self, known: Mapping[str, str]) -> set[str]:
        """Those that were sent."""
        return {name for name, key in known.items() if any(key in sent for sent in self.sent)}


NAMES: Final = {name for name in CREDENTIALS if not name.endswith("SECRET_KEY")}
"""What is sent of a key: its secret is not."""


async def open_all(desk: Desk) -> None:
    """Tries every account."""
    accounts = (access.account() for access in desk.accounts.values())
    for outcome in await asyncio.gather(*accounts, return_exceptions=True):
        assert isinstance(outcome, ExchangeError)


async def test_the_owners_keys_go_to_the_real_exchanges(machine: Machine) -> None:
    witness = Witness()
    async with witness.serve() as urls:
        config = machine.sets(MARKED, **urls)
        async with connected(config, Surroundings(config.urls), clock) as desk:
            await open_all(desk)
    assert witness.keys(MARKED) == NAMES
    assert witness.keys(KEYS) == set()


async def test_the_owners_keys_never_go_to_the_simulated_ones(machine: Machine) -> None:
    witness = Witness()
    config = machine.sets(MARKED)
    async with (
        witness.serve() as urls,
        connected(config, Surroundings(urls, simulated=True), clock) as desk,
    ):
        assert desk.simulated
        await open_all(desk)
    assert witness.keys(MARKED) == set()
    assert witness.keys(KEYS) == NAMES


async def test_who_looks_whether_anybody_is_there_shows_no_key(machine: Machine) -> None:
    witness = Witness(status=451)
    async with witness.serve() as urls:
        config = machine.sets(MARKED, **urls)
        async with open_desk(config, "auto", clock) as desk:
            assert desk.simulated
    assert len(witness.sent) == len(EXCHANGES)
    assert witness.keys(MARKED) == set()


@pytest.mark.real
def test_the_simulated_account_opens_whatever_keys_are_set(
    machine: Machine, capsys: Output
) -> None:
    machine.sets(MARKED | PLAY, **dict.fromkeys(ADDRESSES, NOBODY), MARKET="sandbox")
    assert main(["ask", "--json", "/balance"]) == 0
    answer = orjson.loads(capsys.readouterr().out)
    assert (answer["simulated"], answer["failed"]) == (True, {})
    assert answer["answered"] == [exchange.name for exchange in EXCHANGES]


def kept(path: Path) -> set[str]:
    """The venues that a file knows something of."""
    with closing(sqlite3.connect(path)) as file:
        return {venue for (venue,) in file.execute("SELECT venue FROM snapshots")}


async def write(desk: Desk) -> None:
    """Something in every account's book."""
    for venue, access in desk.accounts.items():
        await access.ledger.keep_snapshot(Snapshot(venue, access.environment, "1", 5, ()))


async def test_play_money_is_kept_apart_from_real_money(machine: Machine) -> None:
    config = machine.sets(MARKED, BYBIT_TESTNET="demo", OKX_DEMO="true")
    async with open_desk(config, "live", clock) as desk:
        assert {venue: one.environment for venue, one in desk.accounts.items()} == {
            "binance": "live",
            "bybit": "demo",
            "okx": "demo",
        }
        await write(desk)
    assert sorted(path.name for path in machine.state.glob("*.db")) == ["live.db", "testnet.db"]
    assert kept(machine.state / "live.db") == {"binance"}
    assert kept(machine.state / "testnet.db") == {"bybit", "okx"}


async def test_nothing_simulated_is_kept_by_the_console(machine: Machine) -> None:
    async with open_desk(machine.sets(MARKED), "sandbox", clock) as desk:
        await write(desk)
    assert not machine.state.exists()


async def test_without_a_key_there_is_no_account_and_no_file(machine: Machine) -> None:
    async with open_desk(machine.sets(), "live", clock) as desk:
        assert desk.accounts == {}
    assert not machine.state.exists()


async def test_what_exchanges_say_and_what_is_made_of_it_share_one_room(machine: Machine) -> None:
    async with open_desk(machine.sets(), "sandbox", clock) as desk:
        await desk.listings()
        assert desk.kept.bytes > 0


@pytest.mark.parametrize("market", ["live", "sandbox"])
async def test_what_the_daemon_has_open_is_not_opened_again(machine: Machine, market: Any) -> None:
    config = machine.sets(MARKED)
    daemons = machine.state / f"{market}.db"
    async with (
        Store.opened(daemons, clock) as store,
        open_desk(config, market, clock, store) as desk,
    ):
        await write(desk)
    assert list(machine.state.glob("*.db")) == [daemons]
    assert kept(daemons) == {"binance", "bybit", "okx"}


def test_the_files_are_named_after_the_money(machine: Machine) -> None:
    named = partial(database, machine.sets(STATE_DIRECTORY="/var/lib/x").state_directory)
    assert named("live") == Path("/var/lib/x/live.db")
    assert named("demo") == named("testnet") == Path("/var/lib/x/testnet.db")


@asynccontextmanager
async def proxy(refusal: str = "502 Bad Gateway") -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy that connects nobody: its address, and what it is told."""
    heads: list[str] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heads


Ask = Callable[[Desk], Iterable[Coroutine[Any, Any, Any]]]


async def asked_hosts(machine: Machine, ask: Ask) -> set[str]:
    """Whom a proxy, which connects nobody, is told to connect with."""
    async with proxy() as (address, heads):
        config = machine.sets(HTTPS_PROXY=f"http://{address}")
        async with connected(config, Surroundings(config.urls), clock) as desk:
            questions = [asyncio.create_task(question) for question in ask(desk)]
            await asyncio.wait(questions, timeout=0.5)  # Further tries need not be waited for.
            for question in questions:
                question.cancel()
            await asyncio.gather(*questions, return_exceptions=True)
    return {head.split()[1].removesuffix(":443") for head in heads}


async def test_the_market_stays_real_while_an_account_is_of_play_money(machine: Machine) -> None:
    machine.sets(MARKED | PLAY)
    market = await asked_hosts(machine, lambda desk: (e.clock_ms() for e in desk.exchanges))
    owners = await asked_hosts(machine, lambda desk: (a.account() for a in desk.accounts.values()))
    assert market == {"api.binance.com", "api.bybit.com", "www.okx.com"}
    assert owners == {"testnet.binance.vision", "api-testnet.bybit.com", "www.okx.com"}


async def telegrams_answer(config: Config) -> str:
    """The bot's name, or why it is not known."""
    try:
        async with connection(telegram_proxy(config)) as http:
            return await own_name(http, TOKEN, config.telegram_api_url)
    except AssistantError as error:
        return str(error)


async def test_telegram_is_reached_through_the_exchanges_proxy_unless_it_has_its_own(
    machine: Machine,
) -> None:
    async with proxy() as (shared, heads), proxy() as (own, own_heads):
        config = machine.sets(HTTPS_PROXY=f"http://{shared}")
        refusal = "TelegramNetworkError: the proxy refuses: HTTP 502"
        assert await telegrams_answer(config) == refusal
        assert (heads[0].split()[1], own_heads) == ("api.telegram.org:443", [])
        config = machine.sets(TELEGRAM_PROXY=f"http://{own}")
        assert await telegrams_answer(config) == refusal
        assert (len(heads), own_heads[0].split()[1]) == (1, "api.telegram.org:443")


async def test_a_proxy_gets_its_password_and_nobody_else_sees_it(machine: Machine) -> None:
    async with proxy("407 Proxy Authentication Required") as (address, heads):
        config = machine.sets(HTTPS_PROXY=f"http://me:hush@{address}")
        told = await telegrams_answer(config)
    assert f"Proxy-Authorization: Basic {b64encode(b'me:hush').decode()}" in heads[0]
    assert told == "TelegramNetworkError: the proxy refuses: HTTP 407"


async def test_a_proxy_that_is_not_there_is_named(machine: Machine) -> None:
    config = machine.sets(HTTPS_PROXY=NOBODY)
    assert await telegrams_answer(config) == "TelegramNetworkError: no connection to the proxy"


async def test_this_host_is_reached_without_a_proxy(machine: Machine, capsys: Output) -> None:
    async with BotApi(clock_ms=clock) as api, exchanges(machine):
        config = machine.sets(HTTPS_PROXY=NOBODY, TELEGRAM_API_URL=api.url)
        assert await telegrams_answer(config) == "AssistantBot"
        said = await checked(capsys)
    assert all(clock.startswith("answers in ") for clock, _ in said.values())


@asynccontextmanager
async def exchanges(machine: Machine) -> AsyncIterator[Sandbox]:
    """Exchanges that know the owner's keys, as the real ones of the settings."""
    sandbox = Sandbox(World(5, NOW), clock, monotonic)
    async with sandbox.serve() as urls:
        machine.sets(urls, **KEYS)
        yield sandbox


@pytest.mark.parametrize("played", [False, True], ids=["real money", "play money"])
async def test_a_venue_that_said_stop_is_not_asked_by_the_next_life_before_its_time(
    machine: Machine, played: bool
) -> None:
    async with exchanges(machine) as sandbox:
        config = machine.sets(PLAY if played else {})
        sandbox.faults.append(Fault("bybit", "banned", 3600))
        for asked in (True, False):
            sandbox.requests.clear()
            async with open_desk(config, "live", clock) as desk:
                question = (
                    desk.accounts["bybit"].account() if played else desk.exchanges[1].clock_ms()
                )
                with pytest.raises(RateLimited) as stop:
                    await question
            assert stop.value.until_ms == pytest.approx(NOW + HOUR_MS, abs=1000)
            assert bool(sandbox.requests) is asked


async def test_whoever_keeps_nothing_knows_of_no_order_to_stop(machine: Machine) -> None:
    async with exchanges(machine) as sandbox:
        sandbox.faults.append(Fault("okx", "banned", 3600))
        config = machine.sets(dict.fromkeys(KEYS, ""))
        for _ in range(2):
            sandbox.requests.clear()
            async with open_desk(config, "live", clock) as desk:
                with pytest.raises(RateLimited):
                    await desk.exchanges[2].clock_ms()
            assert len(sandbox.requests) == 1
    assert not machine.state.exists()


async def checked(capsys: Output) -> dict[str, tuple[str, str]]:
    """What `check` says of each exchange and of its key."""
    assert await check.report(load(EXCHANGES), clock)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:14].strip() for line in lines] == [
        *("Configuration", "State", "Telegram"),
        *(name for exchange in EXCHANGES for name in (exchange.title, "key")),
    ]
    said = [line[15:] for line in lines[3:]]
    return {exchange.name: (said[2 * i], said[2 * i + 1]) for i, exchange in enumerate(EXCHANGES)}


async def test_check_says_what_each_key_may_do(machine: Machine, capsys: Output) -> None:
    async with exchanges(machine) as sandbox:
        sandbox.owners["bybit"].permissions.add("trade")
        sandbox.owners["okx"].permissions |= {"trade", "withdraw"}
        said = await checked(capsys)
    assert said["binance"][1] == "it only reads"
    warning = "WARNING: the key may do more than read (ContractTrade/Order, "
    assert said["bybit"][1].startswith(warning)
    assert said["okx"][1] == "key refused: it may withdraw; make one that only reads"
    assert not machine.state.exists()


async def test_check_says_why_it_is_not_known_what_a_key_may_do(
    machine: Machine, capsys: Output
) -> None:
    async with exchanges(machine) as sandbox:
        machine.sets(BINANCE_API_KEY="", BINANCE_SECRET_KEY="")
        sandbox.owners["bybit"].secret = "another"
        sandbox.faults.append(Fault("okx", "geo_blocked", path="/api/v5/account/config"))
        said = await checked(capsys)
        paths = {seen.path for seen in sandbox.requests if seen.venue == "binance"}
    assert said["binance"][1] == "no key"
    assert said["bybit"][1] == "refused: wrong secret (10004)"
    assert said["okx"][1] == "not known what it may do: geo-blocked"
    assert paths == {"/api/v3/time"}


async def test_check_does_not_judge_a_key_for_play_money(machine: Machine, capsys: Output) -> None:
    async with exchanges(machine) as sandbox:
        machine.sets(PLAY)
        sandbox.owners["okx"].demo = True
        for owner in sandbox.owners.values():
            owner.permissions |= {"trade", "withdraw"}
        said = await checked(capsys)
    for venue, environment in (("binance", "testnet"), ("bybit", "testnet"), ("okx", "demo")):
        assert said[venue][1] == f"for play money ({environment}), whatever it may do"
    assert not machine.state.exists()


async def test_check_compares_the_clocks(machine: Machine, capsys: Output) -> None:
    sandbox = Sandbox(World(5, NOW), lambda: NOW + HOUR_MS, monotonic)
    async with sandbox.serve() as urls:
        machine.sets(urls, **KEYS)
        said = await checked(capsys)
    for line, key in said.values():
        assert line.endswith("; its clock differs by +3600.0 s")
        assert key == "it only reads"


@pytest.mark.real
def test_check_fails_where_no_exchange_answers(machine: Machine, capsys: Output) -> None:
    machine.sets(MARKED, **dict.fromkeys(ADDRESSES, NOBODY))
    assert main(["check"]) == 1
    told = capsys.readouterr().out
    assert told.count("not known what it may do: no connection") == len(EXCHANGES)
    assert "Hush" not in told
    assert not machine.state.exists()
