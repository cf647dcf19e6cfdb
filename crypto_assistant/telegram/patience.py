"""How long this front waits, and after which failures it tries again."""

from collections.abc import Callable
from dataclasses import dataclass

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from tenacity import RetryCallState, wait_exponential, wait_random

from crypto_assistant import foreign

FAILURES = (TelegramAPIError, ClientDecodeError)
"""Everything that a call of the Bot API may raise."""
TRANSIENT = (TelegramNetworkError, TelegramServerError, TelegramRetryAfter, ClientDecodeError)
"""What may go well the next time."""
TOKEN_REFUSED = (TelegramUnauthorizedError, TelegramNotFound)
"""Telegram knows no such bot, or finds that the token is not even shaped like one."""
REFUSAL = "TELEGRAM_BOT_TOKEN is refused by Telegram"


@dataclass(frozen=True, slots=True)
class Timing:
    """Every duration that this front waits for, in seconds.

    `pace`: between two writes of one message; `give_up`: how long an answer is tried to be sent
    before it would be stale and its command runs again; `grace`: what a stop leaves it; `reminder`:
    how often it is told that another program polls, too; `pairing`: how long a code is waited for.
    """

    long_poll: int = 30
    request: float = 10.0
    pause: float = 1.0
    longest_pause: float = 60.0
    pace: float = 1.0
    give_up: float = 30.0
    grace: float = 3.0
    reminder: float = 3600.0
    pairing: float = 600.0


def pauses(timing: Timing) -> Callable[[RetryCallState], float]:
    """As long as Telegram says, else longer each time, with jitter."""
    growing = wait_exponential(timing.pause, timing.longest_pause) + wait_random(0, timing.pause)

    def pause(state: RetryCallState) -> float:
        error = failure(state)
        if isinstance(error, TelegramRetryAfter):
            return error.retry_after
        return growing(state)

    return pause


def failure(state: RetryCallState) -> BaseException | None:
    """What a try failed with."""
    return state.outcome.exception() if state.outcome else None


def passes(error: BaseException) -> bool:
    """Whether another try may fetch updates: the token is not refused."""
    return isinstance(error, FAILURES) and not isinstance(error, TOKEN_REFUSED)


def reason(error: BaseException) -> str:
    """One line for the log, of which no part comes from an address or a body."""
    said = str(getattr(error, "message", error))
    return f"{type(error).__name__}: {foreign.line(said)}"
