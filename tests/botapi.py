"""A Telegram Bot API on loopback, which refuses what Telegram refuses.

In a test: `async with BotApi() as api`. In a process of its own: `python -m tests.botapi PORT`,
steered by POST /control/deliver (an update), POST /control/fail (the arguments of `fail`) and
GET /control/calls.
"""

import asyncio
import html
import re
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
from aiohttp import web

from crypto_assistant.clocks import clock_ms, monotonic
from tests.clock import NOW

TOKEN = "123456:secret-of-the-loopback-bot"
BOT = {"id": 123456, "is_bot": True, "first_name": "Assistant", "username": "AssistantBot"}
TAGS = {
    "a",
    "b",
    "blockquote",
    "code",
    "del",
    "em",
    "i",
    "ins",
    "pre",
    "s",
    "strike",
    "strong",
    "u",
}
MARKUP = re.compile(r"<(?P<close>/?)(?P<tag>[a-z-]+)(?P<attributes>[^<>]*)>|(?P<stray><)")
LONGEST_TEXT, LONGEST_CAPTION = 4096, 1024
LONGEST_DATA = 64


class BadRequest(Exception):
    """What Telegram answers with 400; the text is its description."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer other than the method's own; status 0: the connection is reset.

    `parameters`: what Telegram adds to a refusal. `cut`: the connection is reset within the body.
    `trickle`: seconds between two bytes of a body without an end. `size`: bytes of the body.
    """

    status: int
    description: str = "Injected"
    retry_after: int | None = None
    body: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    cut: bool = False
    trickle: float = 0.0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as it was sent."""

    method: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a chat sees after a message was sent or edited."""

    chat: int
    message_id: int
    html: str
    buttons: tuple[tuple[tuple[str, str], ...], ...] = ()
    topic: int | None = None
    replies_to: int | None = None
    edited: bool = False
    picture: bytes = b""
    is_file: bool = False

    @property
    def text(self) -> str:
        return visible(self.html)

    @property
    def lines(self) -> list[str]:
        """The command lines behind the buttons."""
        return [data for row in self.buttons for _, data in row]


@dataclass
class BotApi:
    """The server, by its own clock."""

    token: str = TOKEN
    clock_ms: Callable[[], int] = clock_ms
    limited: bool = False
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    shown: dict[tuple[int, int], Shown] = field(default_factory=dict)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    """Methods whose next call waits, before it has any effect, until the event is set."""
    stuck: Any = None
    """An update that comes with every batch, whatever the offset."""
    flooded: dict[int, int] = field(default_factory=dict)
    """Chats to which nothing may be sent for so many seconds, asked when it may."""
    deleted: set[int] = field(default_factory=set)
    """Messages, of others, that nothing can reply to."""

    def __post_init__(self) -> None:
        self._updates: list[Any] = []
        self._offset = 0
        self._news = asyncio.Event()
        self._activity = asyncio.Event()
        self._poller: asyncio.Event | None = None
        self._failures: dict[str, deque[Failure]] = defaultdict(deque)
        self._last: dict[int, float] = {}
        self._written: asyncio.Queue[Shown] = asyncio.Queue()
        self._next_id = 1000
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._serve)
        app.router.add_post("/control/deliver", self._control_deliver)
        app.router.add_post("/control/fail", self._control_fail)
        app.router.add_get("/control/calls", self._control_calls)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner
        for event in self.held.values():
            event.set()
        if self._poller:
            self._poller.set()
        await self._runner.cleanup()

    async def shut(self) -> None:
        """Whoever connects is refused; connections that there are stay."""
        assert self._runner
        for site in list(self._runner.sites):
            await site.stop()

    async def open(self) -> None:
        assert self._runner
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def deliver(self, update: Any) -> int:
        """Queues an update as it is; a dict without an id is given one, which is returned."""
        if isinstance(update, dict):
            update = {"update_id": self._fresh_id(), **update}
        self._updates.append(update)
        self._news.set()
        return int(update["update_id"]) if isinstance(update, dict) else 0

    def say(self, text: str, user: int = 7, **message: Any) -> int:
        """A user's message; in private where no chat is given. Returns the update's id."""
        return self.deliver(
            {"message": {**message_from(user, self._fresh_id(), text, self.clock_ms()), **message}}
        )

    def press(self, shown: Shown, line: str, user: int = 7) -> int:
        """A user presses the button that carries the line. Returns the update's id."""
        assert line in shown.lines
        query = {
            "id": str(self._fresh_id()),
            "from": person(user),
            "chat_instance": "1",
            "data": line,
            "message": self._message(shown),
        }
        return self.deliver({"callback_query": query})

    def fail(self, method: str, status: int, times: int = 1, **failure: Any) -> None:
        """The next calls of the method fail (status 0: the connection is reset)."""
        self._failures[method].extend([Failure(status, **failure)] * times)

    def recover(self, method: str) -> None:
        self._failures[method].clear()

    def hold(self, method: str) -> asyncio.Event:
        """The next call of the method waits until the event is set; later ones do not."""
        self.held[method] = asyncio.Event()
        return self.held[method]

    def made(self, method: str) -> list[dict[str, Any]]:
        """The arguments of all calls of the method so far."""
        return [call.arguments for call in self.calls if call.method == method]

    async def called(self, method: str, times: int = 1, seconds: float = 600.0) -> dict[str, Any]:
        """Waits until the method has been called so many times; the last call's arguments."""
        await self._until(lambda: len(self.made(method)) >= times, seconds)
        return self.made(method)[times - 1]

    async def next_message(self, seconds: float = 600.0) -> Shown:
        """The next message or edit that Telegram accepts."""
        async with asyncio.timeout(seconds):
            return await self._written.get()

    async def confirmed(self, update_id: int, seconds: float = 600.0) -> None:
        """Waits until the bot has moved its offset past the update."""
        await self._until(lambda: self._offset > update_id, seconds)

    async def silence(self, seconds: float = 4.0) -> bool:
        """Whether nothing is sent or edited for a while."""
        await asyncio.sleep(seconds)
        return self._written.empty()

    async def _until(self, true: Callable[[], bool], seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                self._activity.clear()
                await self._activity.wait()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments = _arguments(await _form(request))
        self.calls.append(Call(method, arguments))
        if method == "getUpdates":
            self._offset = int(arguments.get("offset", self._offset))
        self._activity.set()
        if request.match_info["token"] != self.token:
            return _refusal(401, "Unauthorized")
        if self._failures[method]:
            return await _failed(request, self._failures[method].popleft())
        if held := self.held.pop(method, None):
            await held.wait()
        answer = getattr(self, f"_on_{method}", None)
        if answer is None:
            return _refusal(404, "Not Found")
        try:
            result = await answer(arguments)
        except BadRequest as e:
            return _refusal(400, f"Bad Request: {e}")
        return result if isinstance(result, web.Response) else _json({"ok": True, "result": result})

    async def _on_getMe(self, _: dict[str, Any]) -> Any:  # noqa: N802
        return BOT

    async def _on_setMyCommands(self, arguments: dict[str, Any]) -> Any:  # noqa: N802
        for command in arguments["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise BadRequest("BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise BadRequest("BOT_COMMAND_DESCRIPTION_INVALID")
        return True

    async def _on_sendChatAction(self, _: dict[str, Any]) -> Any:  # noqa: N802
        return True

    async def _on_answerCallbackQuery(self, _: dict[str, Any]) -> Any:  # noqa: N802
        return True

    async def _on_getUpdates(self, arguments: dict[str, Any]) -> Any:  # noqa: N802
        if self._poller:
            self._poller.set()
        replaced = self._poller = asyncio.Event()
        if "offset" in arguments:
            self._updates = [left for left in self._updates if _update_id(left) >= self._offset]
        until = monotonic() + int(arguments.get("timeout", 0))
        while not (self._updates or self.stuck) and monotonic() < until and not replaced.is_set():
            self._news.clear()
            await _first(self._news.wait(), replaced.wait(), timeout=until - monotonic())
        if replaced.is_set():
            return _refusal(409, "Conflict: terminated by other getUpdates request")
        stuck = [self.stuck] if self.stuck else []
        return [*stuck, *self._updates[: int(arguments.get("limit", 100))]]

    async def _on_sendMessage(self, arguments: dict[str, Any]) -> Any:  # noqa: N802
        return self._sent(arguments, html=_checked(arguments))

    async def _on_sendPhoto(self, arguments: dict[str, Any]) -> Any:  # noqa: N802
        photo = _attached(arguments, arguments["photo"])
        return self._sent(arguments, html=_caption(arguments), picture=photo)

    async def _on_sendDocument(self, arguments: dict[str, Any]) -> Any:  # noqa: N802
        file = _attached(arguments, arguments["document"])
        return self._sent(arguments, html=_caption(arguments), picture=file, is_file=True)

    def _sent(self, arguments: dict[str, Any], **content: Any) -> Any:
        chat = int(arguments["chat_id"])
        if limit := self._limit(chat):
            return limit
        topic = arguments.get("message_thread_id")
        reply = arguments.get("reply_parameters", {})
        replies_to = reply.get("message_id")
        if replies_to in self.deleted:
            if not reply.get("allow_sending_without_reply"):
                raise BadRequest("message to be replied not found")
            replies_to = None
        shown = Shown(
            chat=chat,
            message_id=self._fresh_id(),
            buttons=_buttons(arguments),
            topic=int(topic) if topic else None,
            replies_to=replies_to,
            **content,
        )
        return self._show(shown)

    async def _on_editMessageText(self, arguments: dict[str, Any]) -> Any:  # noqa: N802
        key = int(arguments["chat_id"]), int(arguments["message_id"])
        before = self.shown.get(key)
        if before is None:
            raise BadRequest("message to edit not found")
        if not before.html or before.picture:
            raise BadRequest("there is no text in the message to edit")
        text, buttons = _checked(arguments), _buttons(arguments)
        if (text, buttons) == (before.html, before.buttons):
            raise BadRequest(
                "message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            )
        if limit := self._limit(key[0]):
            return limit
        return self._show(Shown(*key, text, buttons, before.topic, before.replies_to, edited=True))

    async def _on_editMessageMedia(self, arguments: dict[str, Any]) -> Any:  # noqa: N802
        key = int(arguments["chat_id"]), int(arguments["message_id"])
        before, media = self.shown.get(key), arguments["media"]
        if before is None:
            raise BadRequest("message to edit not found")
        picture, text = _attached(arguments, media["media"]), _caption(media)
        buttons = _buttons(arguments)
        if (text, buttons, picture) == (before.html, before.buttons, before.picture):
            raise BadRequest("message is not modified")
        if limit := self._limit(key[0]):
            return limit
        place = before.topic, before.replies_to
        return self._show(Shown(*key, text, buttons, *place, edited=True, picture=picture))

    def _show(self, shown: Shown) -> dict[str, Any]:
        self.shown[shown.chat, shown.message_id] = shown
        self._written.put_nowait(shown)
        return self._message(shown)

    def _limit(self, chat: int) -> web.Response | None:
        if seconds := self.flooded.get(chat):
            return _refusal(429, f"Too Many Requests: retry after {seconds}", seconds)
        now = monotonic()
        if self.limited and now < self._last.get(chat, 0) + 1:
            return _refusal(429, "Too Many Requests: retry after 1", retry_after=1)
        self._last[chat] = now
        return None

    def _message(self, shown: Shown) -> dict[str, Any]:
        message = {
            "message_id": shown.message_id,
            "date": self.clock_ms() // 1000,
            "chat": chat_of(shown.chat),
            "from": BOT,
            ("caption" if shown.picture else "text"): shown.text,
        }
        if shown.topic:
            message |= {"message_thread_id": shown.topic, "is_topic_message": True}
        return message

    def _fresh_id(self) -> int:
        self._next_id += 1
        return self._next_id

    async def _control_deliver(self, request: web.Request) -> web.Response:
        return _json({"update_id": self.deliver(await request.json())})

    async def _control_fail(self, request: web.Request) -> web.Response:
        self.fail(**await request.json())
        return _json({})

    async def _control_calls(self, _: web.Request) -> web.Response:
        return _json([{"method": call.method, **call.arguments} for call in self.calls])


def person(user: int) -> dict[str, Any]:
    return {"id": user, "is_bot": False, "first_name": "Ada"}


def chat_of(chat: int) -> dict[str, Any]:
    if chat > 0:
        return {"id": chat, "type": "private", "first_name": "Ada"}
    return {"id": chat, "type": "supergroup", "title": "Desk"}


def message_from(user: int, message_id: int, text: str, ms: int = NOW) -> dict[str, Any]:
    """A message of that time as Telegram would deliver it."""
    return {
        "message_id": message_id,
        "date": ms // 1000,
        "chat": chat_of(user),
        "from": person(user),
        "text": text,
    }


def visible(text: str) -> str:
    """What a reader sees of Telegram's HTML; raises BadRequest where Telegram refuses it."""
    open_tags: list[str] = []
    for found in MARKUP.finditer(text):
        tag = found["tag"]
        if found["stray"] or tag not in TAGS:
            raise BadRequest(f"can't parse entities: Unsupported start tag {found[0]!r}")
        if not found["close"]:
            open_tags.append(tag)
        elif not open_tags or open_tags.pop() != tag:
            raise BadRequest(f"can't parse entities: Unmatched end tag {found[0]!r}")
    if open_tags:
        raise BadRequest(f"can't parse entities: Can't find end tag of {open_tags[-1]!r}")
    return html.unescape(MARKUP.sub("", text)).strip()


def _checked(arguments: Mapping[str, Any]) -> str:
    text = str(arguments.get("text", ""))
    seen = visible(text) if arguments.get("parse_mode") == "HTML" else text
    if not seen:
        raise BadRequest("message text is empty")
    if len(seen.encode("utf-16-le")) // 2 > LONGEST_TEXT:
        raise BadRequest("message is too long")
    return text


def _buttons(arguments: Mapping[str, Any]) -> tuple[tuple[tuple[str, str], ...], ...]:
    rows = arguments.get("reply_markup", {}).get("inline_keyboard", [])
    drawn = tuple(tuple((key["text"], key["callback_data"]) for key in row) for row in rows)
    for row in drawn:
        for label, data in row:
            if not label or not 1 <= len(data.encode()) <= LONGEST_DATA:
                raise BadRequest("BUTTON_DATA_INVALID")
    return drawn


def _attached(arguments: Mapping[str, Any], named: str) -> bytes:
    """The file that is sent along under a name of the sender's own."""
    name = named.removeprefix("attach://")
    data = arguments.get(name)
    if not isinstance(data, bytes) or not data.startswith(b"\x89PNG"):
        raise BadRequest("IMAGE_PROCESS_FAILED")
    return data


def _caption(arguments: Mapping[str, Any]) -> str:
    text = str(arguments.get("caption", ""))
    seen = visible(text) if arguments.get("parse_mode") == "HTML" else text
    if len(seen.encode("utf-16-le")) // 2 > LONGEST_CAPTION:
        raise BadRequest("message caption is too long")
    return text


async def _form(request: web.Request) -> dict[str, Any]:
    """Files as their bytes."""
    form = await request.post()
    return {
        name: value.file.read() if isinstance(value, web.FileField) else value
        for name, value in form.items()
    }


def _arguments(form: Mapping[str, Any]) -> dict[str, Any]:
    """Lists and objects come as JSON."""
    return {
        name: orjson.loads(value)
        if isinstance(value, str) and value[:1] in {"{", "["} and name not in {"text", "caption"}
        else value
        for name, value in form.items()
    }


def _update_id(update: Any) -> int:
    return int(update["update_id"]) if isinstance(update, dict) else 0


async def _first(*waits: Any, timeout: float) -> None:  # noqa: ASYNC109
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, timeout=max(0.0, timeout), return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


async def _failed(request: web.Request, failure: Failure) -> web.StreamResponse:
    if failure.status == 0:
        assert request.transport
        request.transport.abort()
        return web.Response()
    if failure.body is not None:
        return web.Response(status=failure.status, text=failure.body)
    if failure.size:
        return web.Response(body=b" " * failure.size)
    if failure.cut or failure.trickle:
        return await _unfinished(request, failure)
    return _refusal(failure.status, failure.description, failure.retry_after, **failure.parameters)


async def _unfinished(request: web.Request, failure: Failure) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b'{"ok": true, "result"')
    while failure.trickle and request.transport:
        await response.write(b" ")
        await asyncio.sleep(failure.trickle)
    if request.transport:
        request.transport.abort()
    return response


def _refusal(
    status: int, description: str, retry_after: int | None = None, **parameters: Any
) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if retry_after:
        parameters["retry_after"] = retry_after
    if parameters:
        body["parameters"] = parameters
    return _json(body, status)


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


async def main(port: int) -> None:
    async with BotApi(port=port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
