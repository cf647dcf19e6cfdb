"""The process that systemd supervises: Telegram on one side, the exchanges on the other."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from crypto_assistant import bookkeeper
from crypto_assistant.app import connection, give_memory_back, keep_memory_whole, open_front
from crypto_assistant.config import Config
from crypto_assistant.desk import Desk
from crypto_assistant.errors import ConfigError
from crypto_assistant.notify import notify
from crypto_assistant.store import Store
from crypto_assistant.telegram.patience import Timing
from crypto_assistant.telegram.serve import serve


async def run(config: Config) -> None:
    """Answers until SIGTERM; raises ConfigError where starting again would not help."""
    keep_memory_whole()
    serving = asyncio.create_task(_serve(config, _token(config)))

    def stop() -> None:
        notify(config.notify_socket, "STOPPING=1")
        serving.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    with suppress(asyncio.CancelledError):
        await serving


async def _serve(config: Config, token: str) -> None:
    market = config.market or "live"
    async with (
        Store.opened(config.state_directory / f"{market}.db") as store,
        open_front(config, market, store) as front,
        _kept(front.desk),
        connection(config.telegram_proxy) as http,
    ):
        await serve(
            front,
            store,
            http,
            token=token,
            chat_ids=config.telegram_chat_id,
            api_url=config.telegram_api_url,
            timing=Timing(),
            on_polled=_Ready(config.notify_socket),
        )


@asynccontextmanager
async def _kept(desk: Desk) -> AsyncIterator[None]:
    """The owner's keys looked at and the books kept, until the block ends."""
    keeper = asyncio.create_task(bookkeeper.keep(desk, closed=give_memory_back))
    try:
        yield
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper


def _token(config: Config) -> str:
    """The bot's token; whoever may talk to it must be listed as well."""
    missing = []
    if config.telegram_bot_token is None:
        missing.append("TELEGRAM_BOT_TOKEN: not set; @BotFather gives one")
    if not config.telegram_chat_id:
        missing.append("TELEGRAM_CHAT_ID: not set; without ids nobody would be answered")
    if config.telegram_bot_token is None or missing:
        raise ConfigError("\n".join(missing))
    return config.telegram_bot_token.get_secret_value()


class _Ready:
    """Tells systemd of the first attempt to poll, once."""

    def __init__(self, socket: str | None) -> None:
        self._socket = socket
        self._told = False

    def __call__(self) -> None:
        if not self._told:
            self._told = True
            gc.collect()
            gc.freeze()  # What start-up built lives for ever: collections need not visit it.
            notify(self._socket, "READY=1")
