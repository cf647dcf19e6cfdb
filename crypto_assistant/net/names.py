"""Looks up hosts' names on threads for which the end of the program does not wait."""

import asyncio
import errno
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from crypto_assistant.threads import Unawaited


class Names(AbstractResolver):
    """The host's own look-up; a name server that is silent holds it for half a minute."""

    def __init__(self, look_up: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self._look_up = partial(look_up, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        self._threads = Unawaited()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host; raises OSError."""
        look_up = partial(self._look_up, host, port, family=family)
        try:
            looked_up = asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, str(error)) from error
        return [_result(host, *found) for found in await looked_up]

    async def close(self) -> None:
        """Nothing is kept."""


def _result(
    host: str, family: int, _kind: int, proto: int, _name: str, address: tuple[Any, ...]
) -> ResolveResult:
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(
        hostname=host, host=address[0], port=address[1], family=family, proto=proto, flags=numeric
    )
