"""A headless Chromium that takes pictures of a document: https://chromedevtools.github.io/."""

import asyncio
import base64
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--font-render-hinting=none", "--remote-debugging-port=0",
)  # fmt: skip


@dataclass(slots=True)
class Tab:
    """One page of the browser, spoken to in the DevTools protocol."""

    socket: aiohttp.ClientWebSocketResponse
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def show(self, document: Path) -> None:
        await self._call("Page.enable")
        await self._call("Page.navigate", url=document.as_uri())
        await self.value(
            "new Promise(done => document.readyState == 'complete' ? done()"
            " : addEventListener('load', done)).then(() => document.fonts.ready).then(() => 1)"
        )

    async def value(self, script: str) -> Any:
        """Of a JavaScript expression."""
        found = await self._call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        return found["result"]["value"]

    async def picture(self, box: dict[str, float], scale: float) -> bytes:
        """A PNG of a box of the document (x, y, width, height)."""
        clip = {**box, "scale": scale}
        shot = await self._call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    async def _call(self, method: str, **params: Any) -> Any:
        number = next(self.numbers)
        await self.socket.send_json({"id": number, "method": method, "params": params})
        while (told := await self.socket.receive_json()).get("id") != number:
            pass
        return told["result"]


@asynccontextmanager
async def browser() -> AsyncIterator[Tab]:
    """Raises SystemExit where there is none."""
    program = which("chromium") or which("chromium-browser") or which("google-chrome")
    if program is None:
        raise SystemExit(
            "Chromium is missing: "
            "sudo apt install chromium fonts-inter fonts-roboto fonts-dejavu-core"
        )
    with TemporaryDirectory() as home:
        process = await asyncio.create_subprocess_exec(
            program, *_FLAGS, f"--user-data-dir={home}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "HOME": home},
        )  # fmt: skip
        try:
            async with _tab(await _port(Path(home))) as tab:
                yield tab
        finally:
            process.terminate()
            await process.wait()


async def _port(home: Path) -> int:
    """Where the browser has chosen to listen, on loopback alone."""
    told = home / "DevToolsActivePort"
    async with asyncio.timeout(30):
        while not told.exists() or "\n" not in told.read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return int(told.read_text().split("\n")[0])


@asynccontextmanager
async def _tab(port: int) -> AsyncIterator[Tab]:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/list") as response:
            targets = await response.json()
        url = next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page")
        async with session.ws_connect(url, max_msg_size=0) as socket:
            yield Tab(socket)
