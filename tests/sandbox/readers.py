"""Ask the sandbox's Bybit and OKX as the owner's key would."""

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlencode

import orjson
from yarl import URL

from tests.sandbox import signing
from tests.sandbox.conftest import Client
from tests.sandbox.signing import Signed


class Reader:
    """`await reader("/path", name="value")` is the parsed body; `cursor` goes out as it came."""

    host: ClassVar[str]
    sign: ClassVar[Callable[[str, str], Signed]]

    def __init__(self, client: Client) -> None:
        self._client = client

    async def __call__(self, path: str, **query: object) -> Any:
        cursor = query.pop("cursor", "")
        text = urlencode(query, safe=",") + (f"&cursor={cursor}" if cursor else "")
        target, headers = type(self).sign(path, text)
        url = URL(self._client.urls[self.host] + target, encoded=True)
        async with self._client.session.get(url, headers=headers) as response:
            return orjson.loads(await response.read())


class BybitReader(Reader):
    host = "BYBIT_URL"
    sign = staticmethod(signing.bybit)


class OkxReader(Reader):
    host = "OKX_URL"
    sign = staticmethod(signing.okx)
