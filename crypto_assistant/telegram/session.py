"""The Bot API over the program's own HTTP session."""

from collections.abc import AsyncGenerator
from math import ceil
from typing import Any, cast

import aiohttp
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType

from crypto_assistant.errors import Malformed
from crypto_assistant.net.body import TOO_LARGE, Room, cost
from crypto_assistant.telegram.batch import decoded

LARGEST_BODY = 16 * 1024 * 1024
"""Bytes; a hundred of the longest messages, each a reply to another, are a third of it."""
MOST_OBJECTS = 48 * 1024 * 1024
"""Bytes that what is made of it may take."""
LONGEST_WAIT = 3600
"""Seconds for which an order to wait is obeyed before it is asked again."""

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
            api=TelegramAPIServer.from_base(api_url), json_loads=decoded, timeout=seconds
        )
        self._http = http
        self._room = Room(LARGEST_BODY)

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109
    ) -> TelegramType:
        """Telegram's result; a long poll may take its own time-out longer than others.

        None where Telegram has done what was wanted and what it says of it cannot be read.
        """
        polls = getattr(method, "timeout", None) or 0
        seconds = timeout or self.timeout + polls
        status, text = await self._post(bot, method, seconds)
        if status >= 500:
            raise TelegramServerError(method, f"HTTP {status}")
        if status == 429:
            raise _too_many(method, text)
        try:
            response = self.check_response(bot, method, status, text.replace(bot.token, "TOKEN"))
        except TelegramRetryAfter:
            raise _too_many(method, text) from None
        except ClientDecodeError:
            if status != 200 or _only_asks(method):
                raise
            return cast("TelegramType", None)  # It is done: doing it again would do it twice.
        if response.result is None and _only_asks(method):
            raise TelegramNetworkError(method, "an answer without a result")
        return cast("TelegramType", response.result)

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
                body = await self._room.read(response)
        except Malformed as error:
            raise TelegramNetworkError(method, str(error)) from None
        except TimeoutError:
            raise TelegramNetworkError(method, f"no answer in {seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as e:
            raise TelegramNetworkError(method, _failure(e)) from None
        if cost(body) > MOST_OBJECTS:
            raise TelegramNetworkError(method, TOO_LARGE)
        return response.status, body.decode(errors="replace")

    def _form(self, bot: Bot, method: TelegramMethod[Any]) -> aiohttp.FormData:
        """Its fields, and the files that they speak of."""
        files: dict[str, Any] = {}
        form = aiohttp.FormData()
        for name, value in method.model_dump(warnings=False).items():
            if prepared := self.prepare_value(value, bot, files):
                form.add_field(name, prepared)
        for name, file in files.items():
            form.add_field(name, file.data, filename=file.filename, content_type="image/png")
        return form


def _only_asks(method: TelegramMethod[Any]) -> bool:
    return method.__api_method__.startswith("get")


def _too_many(method: TelegramMethod[Any], text: str) -> TelegramRetryAfter | TelegramServerError:
    """An order to wait; where it is none of a time to come, no more than a failure."""
    try:
        seconds = ceil(min(float(decoded(text)["parameters"]["retry_after"]), LONGEST_WAIT))
    except (ValueError, TypeError, KeyError, OverflowError):
        seconds = 0
    if seconds <= 0:
        return TelegramServerError(method, "HTTP 429")
    return TelegramRetryAfter(method, "Too Many Requests", retry_after=seconds)


def _failure(error: Exception) -> str:
    """In words of ours: the library's repeat addresses."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refuses: HTTP {error.status}"
    return next((words for kind, words in WORDS if isinstance(error, kind)), type(error).__name__)
