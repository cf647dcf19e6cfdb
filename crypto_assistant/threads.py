"""Threads for which the end of the program does not wait."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Unawaited(Executor):
    """A thread for each call; a pool's threads would hold up a stop for as long as they take."""

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Raises RuntimeError where the host, or the unit's TasksMax, allows no more of them."""
        result: Future[T] = Future()
        result.set_running_or_notify_cancel()

        def work() -> None:
            try:
                result.set_result(call(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 (it is raised where it is awaited)
                result.set_exception(error)

        Thread(target=work, daemon=True).start()
        return result
