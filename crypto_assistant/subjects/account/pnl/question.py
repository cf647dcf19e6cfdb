"""What /pnl asks of the venues, and what has arrived of it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from crypto_assistant import worth
from crypto_assistant.exchanges.base import Account
from crypto_assistant.models import Balance, Family, Position, Positions, Wallet
from crypto_assistant.round import Round
from crypto_assistant.subjects.account.markets import Markets
from crypto_assistant.subjects.account.pnl import fills, log
from crypto_assistant.subjects.account.pnl.fills import VenueTrades
from crypto_assistant.subjects.account.pnl.log import LogWindow
from crypto_assistant.worth import NO_PRICES, Prices

T = TypeVar("T")

FAMILIES = (Family.LINEAR, Family.INVERSE)


@dataclass(frozen=True, slots=True)
class Reply:
    """What one venue has said, as far as it has arrived."""

    logged: LogWindow | None
    balances: tuple[Balance, ...] | None
    positions: tuple[Position, ...] | None
    traded: VenueTrades | None
    prices: Prices
    markets: Markets


class Question:
    """Asked at once of all venues that have a key; for the trades of `coin` alone in a second wave.

    `days`: how many the window begins before today. `trades_of`: the coin whose trades are wanted.
    """

    def __init__(self, round: Round, *, days: int, trades_of: str | None) -> None:
        self._round = round
        self._accounts = {venue: round.desk.accounts[venue] for venue in round.asked}
        self._trades_of = trades_of
        self._report: Callable[[], None] | None = None
        self._parts: dict[str, tuple[int, int]] = {}
        self._markets = {venue: Markets(venue, round.listings) for venue in round.asked}
        self._logs = log.question(round, days, self._note)
        self._families = {family: self._ask_positions(family) for family in FAMILIES}
        self._wallets = {wallet: self._ask_balance(wallet) for wallet in Wallet}
        self._prices = worth.question(round)
        self._traded: Mapping[str, VenueTrades] = {}

    def __call__(self) -> dict[str, Reply]:
        """By what has arrived up to now."""
        prices = self._prices()
        return {
            venue: Reply(
                logged=self._logs.get(venue),
                balances=self._all_balances(venue),
                positions=self._all_positions(venue),
                traded=self._traded.get(venue),
                prices=prices.get(venue, NO_PRICES),
                markets=markets,
            )
            for venue, markets in self._markets.items()
        }

    @property
    def parts(self) -> tuple[int, int]:
        """How many parts of the logs have been read, of how many."""
        done, whole = zip((0, 0), *self._parts.values(), strict=True)
        return sum(done), sum(whole)

    async def settle(self, report: Callable[[], None]) -> None:
        """`report` is called whenever somebody is late, from then on also as a log is read."""

        def late() -> None:
            self._report = report
            report()

        try:
            await self._settle(late)
        finally:
            self._report = None  # It holds on to all that was told.

    async def _settle(self, report: Callable[[], None]) -> None:
        timing = self._round.desk.timing
        spare = timing.answer if self._trades_of else 0.0
        await self._round.settle(report, spare=spare, patience=timing.scan)
        if self._trades_of:
            self._ask_trades(self._trades_of)
            await self._round.settle(report, patience=timing.scan)

    def _note(self, venue: str, done: int, whole: int) -> None:
        self._parts[venue] = done, whole
        if self._report:
            self._report()

    def _ask_positions(self, family: Family) -> Mapping[str, Positions]:
        def question(account: Account) -> Awaitable[Positions]:
            return account.positions(family, self._markets[account.venue].find)

        venues = [venue for venue, access in self._accounts.items() if family in access.families]
        return self._round.ask_owner(f"{family} positions", question, venues)

    def _ask_balance(self, wallet: Wallet) -> Mapping[str, Balance]:
        venues = [venue for venue, access in self._accounts.items() if wallet in access.margined]
        return self._round.ask_owner(f"{wallet} wallet", partial(_balance, wallet), venues)

    def _ask_trades(self, coin: str) -> None:
        """Of the markets that the log or the open positions name."""
        wanted = {
            venue: reply.markets.traded(coin, reply.logged.entries, reply.positions or ())
            for venue, reply in self().items()
            if reply.logged
        }
        self._traded = fills.question(self._round, wanted, self._logs)

    def _all_balances(self, venue: str) -> tuple[Balance, ...] | None:
        margined = self._accounts[venue].margined
        return _all(self._wallets[wallet].get(venue) for wallet in margined)

    def _all_positions(self, venue: str) -> tuple[Position, ...] | None:
        families = self._accounts[venue].families
        replies = _all(self._families[family].get(venue) for family in families)
        return None if replies is None else tuple(p for one in replies for p in one.positions)


async def _balance(wallet: Wallet, account: Account) -> Balance:
    return await account.balance(wallet)


def _all(replies: Iterable[T | None]) -> tuple[T, ...] | None:
    """Where none of them is missing."""
    parts = tuple(replies)
    present = tuple(part for part in parts if part is not None)
    return present if len(present) == len(parts) else None
