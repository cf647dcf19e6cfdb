"""Draws pictures on a thread, one at a time; the library for it is loaded with the first one."""

import asyncio
import logging
from pathlib import Path

from crypto_assistant.charts.figure import Figure
from crypto_assistant.charts.files import keep
from crypto_assistant.threads import Unawaited

log = logging.getLogger(__name__)


class NoPicture(Exception):
    """Why there is none, in words."""


class Studio:
    """One at a time: a picture takes some 50 ms of a processor and 10 MB."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._thread = Unawaited()

    async def picture(self, figure: Figure, style: str) -> bytes:
        """A PNG; raises NoPicture."""
        async with self._turn:
            try:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._thread, _drawn, figure, style)
            except (OSError, ImportError) as error:
                log.exception("a picture cannot be drawn")
                raise NoPicture(f"{type(error).__name__}, see the log") from error

    async def file(self, directory: Path, name: str, png: bytes) -> Path:
        """Where it is kept; raises NoPicture."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, keep, directory, name, png)
        except OSError as error:
            raise NoPicture(error.strerror or type(error).__name__) from error


def _drawn(figure: Figure, style: str) -> bytes:
    from crypto_assistant.charts.draw import draw  # noqa: PLC0415 (10 MB, for who asks for one)

    return draw(figure, style)
