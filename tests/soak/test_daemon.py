"""The watch over the process sees what listens and what is logged."""

import os
import socket
from pathlib import Path

import pytest

from tests.soak.daemon import Daemon, listening, listening_by_ss


@pytest.mark.real
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
async def test_a_socket_that_waits_for_others_is_seen(kind: socket.SocketKind) -> None:
    before = listening(os.getpid())
    with socket.socket(socket.AF_INET, kind) as waits:
        waits.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            waits.listen()
        seen = [one for one in listening(os.getpid()) if one not in before]
        port = f"{waits.getsockname()[1]:04X}"
        assert [one.endswith(port) for one in seen] == [True]
        assert await listening_by_ss(os.getpid()) or not os.access("/usr/bin/ss", os.X_OK)
    assert listening(os.getpid()) == before


@pytest.mark.real
async def test_a_connection_of_ones_own_does_not_listen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        before = listening(os.getpid())
        with socket.create_connection(server.getsockname()):
            assert listening(os.getpid()) == before


@pytest.mark.parametrize(
    ("line", "loud"),
    [
        ("ERROR crypto_assistant.desk: the listings were not loaded", True),
        ("<3>crypto_assistant.desk: the listings were not loaded", True),
        ("CRITICAL asyncio: no", True),
        ("Traceback (most recent call last):", True),
        ("WARNING crypto_assistant.desk: bybit spot: listings not loaded: HTTP 503", False),
        ("<4>crypto_assistant.desk: bybit spot: listings not loaded: ERROR", False),
    ],
)
def test_lines_that_tell_of_a_bug_are_found(tmp_path: Path, line: str, loud: bool) -> None:
    daemon = Daemon({}, tmp_path)
    daemon.log.write_text(f"INFO all is well\n{line}\n")
    assert daemon.loud() == [line] * loud
