"""The owner's accounts: which venue has a key, and whether it is one that may be used."""

import logging
import time
from collections.abc import Callable

from crypto_assistant.errors import KeyRefused
from crypto_assistant.exchanges.base import LIVE, Account
from crypto_assistant.ledger import Ledger
from crypto_assistant.models import Family, Permissions, Wallet
from crypto_assistant.net.cache import Cache

log = logging.getLogger(__name__)

CHECKED_SECONDS = 3600.0
"""For how long a key is taken to be allowed what it was: its owner may change that at any time."""


class Access:
    """One venue's account behind the check of its key.

    Nothing is asked with a key before it is known what the key may do, and nothing but that with
    one that may withdraw.
    """

    def __init__(
        self, account: Account, ledger: Ledger, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.ledger = ledger
        self._account = account
        self._checked = Cache(now)
        self._told = ""

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
        permissions = await self._checked.get("key", CHECKED_SECONDS, self._account.permissions)
        self._tell(permissions)
        return permissions

    async def account(self) -> Account:
        """The account; raises ExchangeError, KeyRefused among them."""
        permissions = await self.permissions()
        if permissions.withdraws and self.environment == LIVE:
            raise KeyRefused
        return self._account

    async def close(self) -> None:
        """Ends the check under way."""
        await self._checked.close()

    def _tell(self, permissions: Permissions) -> None:
        """Warns once of each set of powers beyond reading."""
        powers = ", ".join(permissions.powers)
        if powers and powers != self._told and self.environment == LIVE:
            log.warning("%s: the key may do more than read: %s", self._account.venue, powers)
        self._told = powers
