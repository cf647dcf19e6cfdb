"""The whole Telegram front: built, run until cancelled, and stopped in good order."""

import logging
from collections.abc import Callable, Collection

import aiohttp
from aiogram import Bot, Dispatcher, F, loggers
from aiogram.client.default import DefaultBotProperties
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramAPIError
from aiogram.methods import Response, SetMyCommands
from aiogram.types import BotCommand, Message, Update
from aiogram.utils.token import TokenValidationError

from crypto_assistant import foreign
from crypto_assistant.errors import AssistantError, ConfigError
from crypto_assistant.front import Front
from crypto_assistant.state.store import Store
from crypto_assistant.telegram.answers import Answers
from crypto_assistant.telegram.gate import Gate
from crypto_assistant.telegram.patience import FAILURES, REFUSAL, TOKEN_REFUSED, Timing, reason
from crypto_assistant.telegram.poll import Poll, Pulse
from crypto_assistant.telegram.post import Post, Unsent
from crypto_assistant.telegram.session import Session
from crypto_assistant.telegram.tasks import Tasks

log = logging.getLogger(__name__)


async def serve(
    front: Front,
    store: Store,
    http: aiohttp.ClientSession,
    *,
    token: str,
    listed: Callable[[], Collection[int]],
    api_url: str,
    timing: Timing,
    clock_ms: Callable[[], int],
    on_polled: Pulse,
) -> None:
    """Answers the listed until it is cancelled; raises ConfigError where the token is refused.

    `listed`: the ids of users and groups, asked for with every update.
    """
    build_models()
    bot = open_bot(token, Session(http, api_url, timing.request))
    tasks = Tasks()
    post = Post(bot, timing)
    answers = Answers(front, post, tasks, timing)
    poll = Poll(
        bot,
        _dispatcher(answers, listed),
        answers,
        store=store,
        tasks=tasks,
        timing=timing,
        clock_ms=clock_ms,
        on_polled=on_polled,
    )
    tasks.spawn(_tell_menu(front, post))
    try:
        await poll.run()
    finally:
        await tasks.settle(timing.grace)


def build_models() -> None:
    """Builds what the first answer would otherwise build while somebody waits, for 0.4 s."""
    for model in (Update, Response[Message], Response[Message | bool]):
        model.model_rebuild()


async def own_name(http: aiohttp.ClientSession, token: str, api_url: str) -> str:
    """The bot's user name; raises ConfigError, or what Telegram's side failed with in one line."""
    bot = open_bot(token, Session(http, api_url, Timing().request))
    try:
        return foreign.line((await bot.get_me()).username or "")
    except TOKEN_REFUSED:
        raise ConfigError(REFUSAL) from None
    except FAILURES as error:
        raise AssistantError(reason(error)) from None


def open_bot(token: str, session: Session) -> Bot:
    """The bot; raises ConfigError where the token is not even shaped like one."""
    try:
        return Bot(
            token,
            session,
            DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True),
        )
    except TokenValidationError:
        raise ConfigError("TELEGRAM_BOT_TOKEN does not look like one: 123456:letters") from None


def _dispatcher(answers: Answers, listed: Callable[[], Collection[int]]) -> Dispatcher:
    loggers.event.setLevel("WARNING")  # below it is a line for every update, strangers' too
    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.update.outer_middleware(Gate(listed))
    dispatcher.message.register(answers.asked, F.text)
    dispatcher.message.register(answers.moved, F.migrate_to_chat_id)
    dispatcher.callback_query.register(answers.pressed)
    return dispatcher


async def _tell_menu(front: Front, post: Post) -> None:
    """For as long as it takes: a host may start before its network."""
    while True:
        try:
            await post.deliver(_menu(front))
        except Unsent as e:
            log.debug("the menu of commands is not set yet: %s", e)
        except TelegramAPIError as e:
            log.warning("the menu of commands is refused: %s", reason(e))
            return
        else:
            return


def _menu(front: Front) -> SetMyCommands:
    return SetMyCommands(
        commands=[
            BotCommand(command=command.name, description=command.summary)
            for command in front.commands
        ]
    )
