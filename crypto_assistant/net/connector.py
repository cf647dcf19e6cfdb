"""Connections that end where anything comes over them that nobody has asked for.

aiohttp keeps what arrives over an idle connection and takes it for the answer to the next request.
What is overridden here is private to aiohttp, which is why its version is pinned.
"""

import select
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.tracing import Trace


class Attentive(ResponseHandler):
    """One connection; `idle`: nothing has been asked that is not answered."""

    idle = False
    _is_reading = False

    def data_received(self, data: bytes) -> None:
        """Within it the connection may become idle, while the rest of `data` is still unread."""
        if self.idle and data:  # Without any, it goes on with what it has.
            self.abort()
            return
        self._is_reading = True
        super().data_received(data)
        self._is_reading = False
        if self.idle and self.should_close:
            self.abort()

    @property
    def should_close(self) -> bool:
        return super().should_close or (not self._is_reading and self._has_begun_another())

    @property
    def has_unread(self) -> bool:
        """Whether the host has sent something, or hung up, and the event loop has not seen it."""
        if self.transport is None:
            return True
        looked = select.poll()
        looked.register(self.transport.get_extra_info("socket"), select.POLLIN)
        return bool(looked.poll(0))

    def _has_begun_another(self) -> bool:
        """Whether a part of an answer came after the whole one."""
        try:
            return self._parser is not None and self._parser.feed_eof() is not None
        except Exception:  # noqa: BLE001 (whatever it finds in there)
            return True


class Connector(aiohttp.TCPConnector):
    """aiohttp's own, but for what it takes back and hands out again."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = cast("partial[ResponseHandler]", partial(Attentive, loop=self._loop))

    def _release(
        self, key: "ConnectionKey", protocol: ResponseHandler, *, should_close: bool = False
    ) -> None:
        cast("Attentive", protocol).idle = True
        super()._release(key, protocol, should_close=should_close)

    async def _get(self, key: "ConnectionKey", traces: list["Trace"]) -> Connection | None:
        while connection := await super()._get(key, traces):
            protocol = cast("Attentive", connection.protocol)
            if not protocol.has_unread:
                protocol.idle = False
                return connection
            connection.close()
        return None
