"""The owner's accounts: which venue has a key, and whether it is one that may be used."""

import logging
import re
from collections.abc import Awaitable, Callable
from math import inf
from typing import TypeVar

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import KeyRefused, Refused
from crypto_assistant.exchanges.base import LIVE, Account
from crypto_assistant.ledger import Ledger
from crypto_assistant.models import Family, Permissions, Wallet
from crypto_assistant.net.cache import Cache

T = TypeVar("T")

log = logging.getLogger(__name__)

CHECKED_SECONDS = 3600.0
"""For how long a key is taken to be allowed what it was: its owner may change that at any time."""
DOUBTED_SECONDS = 60.0
"""How long after a check a refusal may mean that something has changed since."""
MOVES_MONEY = re.compile("withdraw|transfer", re.IGNORECASE)
MOST_NAMED = 4
"""Powers of a key that a line names."""


class Access:
    """One venue's account behind the check of its key.

    Nothing is asked with a key before it is known what the key may do, and nothing but that with
    one that may withdraw.
    """

    def __init__(self, account: Account, ledger: Ledger) -> None:
        self.ledger = ledger
        self._account = account
        self._checked = Cache()
        self._check = 0
        self._checked_at = -inf
        self._warned = ""

    @property
    def environment(self) -> str:
        return self._account.environment

    @property
    def wallets(self) -> tuple[Wallet, ...]:
        return self._account.wallets

    @property
    def margined(self) -> tuple[Wallet, ...]:
        return self._account.margined

    @property
    def families(self) -> tuple[Family, ...]:
        return self._account.families

    @property
    def unread(self) -> tuple[str, ...]:
        return self._account.unread

    @property
    def ahead_seconds(self) -> float | None:
        """By how much the venue's clock is ahead of this host's; None before it is known."""
        return self._account.clock.ahead_seconds

    async def permissions(self) -> Permissions:
        """What the key may do, as it was within the last hour; raises ExchangeError."""
        permissions = await self._checked.get(self._check, CHECKED_SECONDS, self._look)
        self._tell(permissions)
        return permissions

    async def account(self) -> Account:
        """The account; raises ExchangeError, KeyRefused among them."""
        permissions = await self.permissions()
        if permissions.withdraws and self.environment == LIVE:
            raise KeyRefused
        return self._account

    async def ask(self, question: Callable[[Account], Awaitable[T]]) -> T:
        """The account's answer; where it is refused, what is wrong with the key comes first."""
        account = await self.account()
        try:
            return await question(account)
        except Refused:
            if monotonic() - self._checked_at > DOUBTED_SECONDS:
                self._check += 1
                await self.account()
            raise

    async def close(self) -> None:
        """Ends the check under way."""
        await self._checked.close()

    async def _look(self) -> Permissions:
        permissions = await self._account.permissions()
        self._checked_at = monotonic()
        return permissions

    def _tell(self, permissions: Permissions) -> None:
        """Says once what is wrong with what the key may do."""
        words = excess(permissions)
        if words and words != self._warned and self.environment == LIVE:
            level = logging.ERROR if permissions.withdraws else logging.WARNING
            log.log(level, "%s: %s", self._account.venue, words)
        self._warned = words


def verdict(environment: str, permissions: Permissions) -> str:
    """What a key may do, in words."""
    if environment != LIVE:
        return f"for play money ({environment}), whatever it may do"
    words = excess(permissions)
    return f"WARNING: {words}" if words else "it only reads"


def excess(permissions: Permissions) -> str:
    """What the key may do and should not, in a line; "" where it only reads."""
    if not permissions.powers:
        return ""
    worst = sorted(permissions.powers, key=lambda power: not MOVES_MONEY.search(power))
    more = f" and {len(worst) - MOST_NAMED} more" if len(worst) > MOST_NAMED else ""
    powers = ", ".join(worst[:MOST_NAMED]) + more
    verdict = (
        "key refused: it may withdraw" if permissions.withdraws else "the key may do more than read"
    )
    return f"{verdict} ({powers}); make one that only reads"
