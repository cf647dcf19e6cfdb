"""Tells systemd how the service is doing: the sd_notify protocol.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

import asyncio
import logging
import socket

from crypto_assistant.clocks import monotonic

log = logging.getLogger(__name__)

PATIENCE = 90.0
"""Seconds without an attempt to fetch updates after which the program is taken to be stuck."""
ATTEMPT = 60.0
"""More than an attempt takes, with the time for which it waits for news."""


class Supervisor:
    """What systemd is told: readiness, a word on Telegram, that the program lives.

    `address`: $NOTIFY_SOCKET; without one nothing is told. `watchdog`: $WATCHDOG_USEC in seconds,
    0 for none.
    """

    def __init__(self, address: str | None, watchdog: float = 0.0) -> None:
        self._address = address
        self._watchdog = watchdog
        self._stuck_at = monotonic() + PATIENCE
        self._status = ""
        self._unheard = False

    def polled(self, pause: float) -> None:
        """An attempt to fetch updates has ended, well or not; the next one is in `pause` s."""
        self._stuck_at = monotonic() + max(PATIENCE, pause + ATTEMPT)

    async def feed(self) -> None:
        """Feeds the watchdog while the event loop runs and updates are asked for, for ever."""
        while self._watchdog:
            if monotonic() < self._stuck_at:
                self._tell("WATCHDOG=1")
            await asyncio.sleep(self._watchdog / 2)

    def ready(self) -> None:
        self._tell("READY=1")

    def reloading(self) -> None:
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={monotonic() * 1e6:.0f}")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def status(self, text: str) -> None:
        """A line that `systemctl status` shows."""
        if text != self._status and self._tell(f"STATUS={text}"):
            self._status = text

    def _tell(self, state: str) -> bool:
        """Whether it was told: what is not may be worth another try."""
        if not self._address:
            return False
        # An @ stands for Linux's abstract namespace.
        address = self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            with socket.socket(socket.AF_UNIX, kind) as sender:
                sender.sendto(state.encode(), address)
        except OSError as error:
            if not self._unheard:
                log.warning("systemd was not told %s: %s", state, error)
            self._unheard = True
            return False
        self._unheard = False
        return True
