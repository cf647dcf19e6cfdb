"""The Bot API over the program's own HTTP session."""

from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import orjson
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNetworkError, TelegramServerError
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType

from crypto_assistant.errors import Malformed
from crypto_assistant.net.body import Room

LARGEST_BODY = 16 * 1024 * 1024
"""Bytes; a hundred of the longest messages, each a reply to another, are a third of it."""

WORDS = (
    (aiohttp.ClientProxyConnectionError, "no connection to the proxy"),
    (aiohttp.ClientConnectorDNSError, "the host's name is not known"),
    (aiohttp.ClientSSLError, "no secure connection (TLS)"),
    (aiohttp.ClientConnectorError, "no connection"),
    (aiohttp.ClientPayloadError, "the answer was cut short"),
    (aiohttp.ServerDisconnectedError, "the connection broke"),
    (OSError, "the connection broke"),
)
"""What went wrong on the way, the special before the general."""


class Session(BaseSession):
    """Sends methods; no error that leaves it holds the address, which contains the token."""

    def __init__(self, http: aiohttp.ClientSession, api_url: str, seconds: float) -> None:
        super().__init__(
            api=TelegramAPIServer.from_base(api_url), json_loads=orjson.loads, timeout=seconds
        )
        self._http = http
        self._room = Room(LARGEST_BODY)

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109
    ) -> TelegramType:
        """Telegram's result; a long poll may take its own time-out longer than others."""
        polls = getattr(method, "timeout", None) or 0
        seconds = timeout or self.timeout + polls
        status, text = await self._post(bot, method, seconds)
        if status >= 500 or (status == 429 and "retry_after" not in text):
            raise TelegramServerError(method, f"HTTP {status}")
        response = self.check_response(bot, method, status, text.replace(bot.token, "TOKEN"))
        if response.result is None:
            raise TelegramNetworkError(method, "an answer without a result")
        return response.result

    async def close(self) -> None:
        """The HTTP session belongs to whoever opened it."""

    async def stream_content(self, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        """Nothing is downloaded from Telegram."""
        raise NotImplementedError
        yield b""

    async def _post(self, bot: Bot, method: TelegramMethod[Any], seconds: float) -> tuple[int, str]:
        url = self.api.api_url(bot.token, method.__api_method__)
        try:
            async with self._http.post(
                url,
                data=self._form(bot, method),
                timeout=aiohttp.ClientTimeout(total=seconds),
                allow_redirects=False,
            ) as response:
                return response.status, (await self._room.read(response)).decode(errors="replace")
        except Malformed as error:
            raise TelegramNetworkError(method, str(error)) from None
        except TimeoutError:
            raise TelegramNetworkError(method, f"no answer in {seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as e:
            raise TelegramNetworkError(method, _failure(e)) from None

    def _form(self, bot: Bot, method: TelegramMethod[Any]) -> dict[str, str]:
        fields = method.model_dump(warnings=False).items()
        prepared = {name: self.prepare_value(value, bot, {}) for name, value in fields}
        return {name: value for name, value in prepared.items() if value}


def _failure(error: Exception) -> str:
    """In words of ours: the library's repeat addresses."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refuses: HTTP {error.status}"
    return next((words for kind, words in WORDS if isinstance(error, kind)), type(error).__name__)
