"""An event loop on virtual time: nothing is waited for, and nothing is in flight.

Time jumps to the next timer once nothing is ready; what an executor is given is ready when it is
done, and TCP is a UNIX socket inside, which has delivered when it has sent. A deadlock is told.
"""

import asyncio
import itertools
import os
import selectors
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Loop(asyncio.SelectorEventLoop):
    latest = 0.0

    def __init__(self) -> None:
        selector = selectors.DefaultSelector()
        super().__init__(selector)
        self._look, selector.select = selector.select, self._select  # type: ignore[method-assign]
        self._clock_resolution = 1e-6
        # A later day than any before: a limit that has outlived those is free again.
        self._began = Loop.latest = (Loop.latest // 86_400 + 1) * 86_400
        self._network, self._ports = f"\0{os.urandom(8).hex()}:", itertools.count(20_000)

    def time(self) -> float:
        return Loop.latest

    def _select(self, timeout: float | None = None) -> Any:
        if (ready := self._look(0)) or timeout == 0:
            return ready
        if timeout is None or self.time() > self._began + 40 * 86_400:
            waiting = "\n".join(sorted(map(_where, asyncio.all_tasks(self))))
            raise RuntimeError(f"nothing happens any more but timers, and these wait:\n{waiting}")
        Loop.latest = -(-(Loop.latest + timeout) * 2**20 // 1) / 2**20  # Never a bit too early.
        return ready

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        job, result = (executor or ThreadPoolExecutor(1)).submit(func, *args), self.create_future()
        self.call_soon(_settle, result, job)
        return result

    async def create_server(self, protocol_factory: Any, *where: Any, **options: Any) -> Any:
        if where:
            options["sock"] = sock = _Port(socket.AF_UNIX)
            sock.name = where[0], where[1] or next(self._ports)
            sock.bind(f"{self._network}{sock.name[1]}")
        return await super().create_server(protocol_factory, **options)

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        if sock.family != socket.AF_UNIX:
            os.close(sock.detach())
            socket.socket.__init__(sock, fileno=socket.socket(socket.AF_UNIX).detach())
            sock.setblocking(False)
            address = f"{self._network}{address[1]}"
        await super().sock_connect(sock, address)


class _Port(socket.socket):
    name: Any

    def getsockname(self) -> Any:
        return self.name


def _settle(result: asyncio.Future[Any], job: Future[Any]) -> None:
    error = job.exception()
    if not result.cancelled():
        result.set_exception(error) if error else result.set_result(job.result())


def _where(task: asyncio.Task[Any]) -> str:
    at: Any = task.get_coro()
    places = [task.get_name()]
    while frame := getattr(at, "cr_frame", None):
        places.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
        at = at.cr_await
    return " > ".join(places)
