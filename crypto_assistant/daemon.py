"""The process that systemd supervises: Telegram on one side, the exchanges on the other."""

import asyncio
import gc
import logging
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from crypto_assistant import __version__, bookkeeper, config
from crypto_assistant.app import (
    alongside,
    connection,
    give_memory_back,
    keep_memory_whole,
    open_front,
    telegram_proxy,
)
from crypto_assistant.audit import keeper as audit
from crypto_assistant.clocks import monotonic
from crypto_assistant.config import Config
from crypto_assistant.errors import ConfigError, moment
from crypto_assistant.notify import Supervisor
from crypto_assistant.state.lock import held
from crypto_assistant.state.store import Store
from crypto_assistant.telegram import deferred
from crypto_assistant.telegram.patience import Timing
from crypto_assistant.telegram.serve import serve
from crypto_assistant.vitals import Vitals

if TYPE_CHECKING:
    from crypto_assistant.front import Front

log = logging.getLogger(__name__)

APPLIED = {"LOG_LEVEL", "TIMEZONE", "TELEGRAM_CHAT_ID"}
"""Settings that a reload applies; all others need a restart."""


async def run(settings: Config, clock_ms: Callable[[], int]) -> None:
    """Answers until SIGTERM; raises ConfigError where starting again would not help.

    Raises StateFailed where another daemon runs in the same state directory.
    """
    keep_memory_whole()
    daemon = Daemon(settings, clock_ms)
    with held(settings.state_directory):
        await _until_stopped(daemon)
    log.info("stopped")


async def _until_stopped(daemon: "Daemon") -> None:
    serving = asyncio.create_task(daemon.serve())
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        daemon.supervisor.stopping()
        serving.cancel()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGHUP, daemon.reload)
    try:
        await serving
    except asyncio.CancelledError:
        if not stopped:  # A Ctrl-C.
            raise


class Daemon:
    """One run of the program, and the settings that it goes by now."""

    def __init__(self, settings: Config, clock_ms: Callable[[], int]) -> None:
        self._config = settings
        self._clock_ms = clock_ms
        self._token = _token(settings)
        self._front: Front | None = None
        self._vitals = Vitals(models_deferred=deferred.is_deferred)
        self._ready = False
        self._failing_since_ms: int | None = None
        watchdog = max(0, settings.watchdog_usec or 0) / 1e6
        self.supervisor = Supervisor(settings.notify_socket, watchdog)

    async def serve(self) -> None:
        """Answers until it is cancelled."""
        settings = self._config
        market = settings.market or "live"
        log.info("%s starts: %s market", __version__, market)
        async with (
            alongside(self.supervisor.feed()),
            Store.opened(settings.state_directory / f"{market}.db", self._clock_ms) as store,
            open_front(settings, market, self._clock_ms, store) as front,
            alongside(bookkeeper.keep(front.desk, give_memory_back)),
            alongside(
                audit.keep(
                    front.desk.exchanges, front.desk.audits, self._clock_ms, give_memory_back
                )
            ),
            connection(telegram_proxy(settings)) as http,
        ):
            self._front = front
            front.move(self._config.timezone)  # A reload may have come before it.
            self._vitals.store = store
            front.desk.vitals = self._vitals
            await serve(
                front,
                store,
                http,
                token=self._token,
                listed=lambda: self._config.telegram_chat_id,
                api_url=settings.telegram_api_url,
                timing=Timing(),
                clock_ms=self._clock_ms,
                on_polled=self._polled,
            )

    def reload(self) -> None:
        """Reads the settings again and applies what may change now: all of that, or nothing."""
        self.supervisor.reloading()
        try:
            self._apply(config.load(self._config.exchanges))
        except ConfigError as error:
            log.error("reload: nothing is applied: %s", error)  # noqa: TRY400 (no bug of ours)
        finally:
            if self._ready:
                self.supervisor.ready()

    def _apply(self, new: Config) -> None:
        _token(new)
        names = config.changed(self._config, new)
        self._config = self._config.model_copy(
            update={name.lower(): getattr(new, name.lower()) for name in names & APPLIED}
        )
        logging.getLogger().setLevel(new.log_level)
        if self._front:
            self._front.move(new.timezone)
        log.info("reload: applied: %s", ", ".join(sorted(names & APPLIED)) or "nothing is new")
        if names - APPLIED:
            log.warning("reload: needs a restart: %s", ", ".join(sorted(names - APPLIED)))

    def _polled(self, failure: str, pause: float) -> None:
        self.supervisor.polled(pause)
        self._note(failure)
        if not self._ready:
            self._ready = True
            gc.collect()
            gc.freeze()  # What start-up built lives for ever: collections need not visit it.
            self.supervisor.ready()

    def _note(self, failure: str) -> None:
        """An outage of Telegram's is no reason to restart: it is told to whoever looks."""
        self._vitals.failure = failure
        if not failure:
            self._vitals.polled, self._failing_since_ms = monotonic(), None
            trouble = self._vitals.store and self._vitals.store.trouble
            database = f"; the database: {trouble}" if trouble else ""
            self.supervisor.status(f"Answers in Telegram{database}")
            return
        now_ms = self._clock_ms()
        self._failing_since_ms = self._failing_since_ms or now_ms
        since = moment(self._failing_since_ms, now_ms, "%H:%M")
        self.supervisor.status(f"No news from Telegram since {since}: {failure}")


def _token(settings: Config) -> str:
    """The bot's token; whoever may talk to it must be listed as well."""
    missing = []
    if settings.telegram_bot_token is None:
        missing.append("TELEGRAM_BOT_TOKEN: not set; @BotFather gives one")
    if not settings.telegram_chat_id:
        missing.append(
            "TELEGRAM_CHAT_ID: not set; without ids nobody would be answered "
            "(crypto-assistant pair finds yours)"
        )
    if settings.telegram_bot_token is None or missing:
        raise ConfigError("\n".join(missing))
    return settings.telegram_bot_token.get_secret_value()
