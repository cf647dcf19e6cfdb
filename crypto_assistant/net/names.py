"""Looks up hosts' names on threads for which the end of the program does not wait."""

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

Found = tuple[socket.AddressFamily, int, int, str, tuple[Any, ...]]
"""A row of what `socket.getaddrinfo` returns."""


class Names(AbstractResolver):
    """The host's own look-up; a name server that is silent holds it for half a minute.

    An executor's threads would hold up a stop as long.
    """

    def __init__(self, look_up: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self._look_up = look_up

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host; raises OSError."""
        looked_up: Future[list[Found]] = Future()
        looked_up.set_running_or_notify_cancel()

        def look_up() -> None:
            try:
                kind, flags = socket.SOCK_STREAM, socket.AI_ADDRCONFIG
                found = self._look_up(host, port, type=kind, family=family, flags=flags)
                looked_up.set_result(found)
            except (OSError, UnicodeError) as error:
                looked_up.set_exception(error)

        try:
            threading.Thread(target=look_up, name="names", daemon=True).start()
        except RuntimeError as error:  # The host, or the unit's TasksMax, allows no more of them.
            raise OSError(errno.EAGAIN, str(error)) from error
        return [_result(host, *found) for found in await asyncio.wrap_future(looked_up)]

    async def close(self) -> None:
        """Nothing is kept."""


def _result(
    host: str, family: int, _kind: int, proto: int, _name: str, address: tuple[Any, ...]
) -> ResolveResult:
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(
        hostname=host, host=address[0], port=address[1], family=family, proto=proto, flags=numeric
    )
