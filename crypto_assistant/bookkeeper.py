"""Every day of the owner's: a snapshot of equity, and the accounts' logs brought up to date."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from functools import partial

from crypto_assistant.accounts import Access
from crypto_assistant.desk import Desk
from crypto_assistant.errors import Blocked, ExchangeError, Malformed, Refused, Unsupported
from crypto_assistant.exchanges.base import Account
from crypto_assistant.ledger import Book, Snapshot, SnapshotRow
from crypto_assistant.midnights import midnight_ms
from crypto_assistant.models import DAY_MS, HOUR_MS, Balance, Family, Wallet
from crypto_assistant.net import deadline
from crypto_assistant.net.limiter import sharing
from crypto_assistant.worth import Prices, prices

log = logging.getLogger(__name__)

SETTLING_MS = 70_000
"""The funding of a full hour is paid within a minute, and dated at the hour itself.

Ten seconds more, since at the full minute programs trade: no trade should be under way.
"""
STILL_MS = 5_000
"""What is in the log of so long before the wallets were read may not be in them yet."""
TRIES = 3
PAUSE_SECONDS = 10.0
"""Between them, so that what happened is longer ago."""
REREAD_MS = 3 * DAY_MS
"""What is covered is read again for so long, once a day: a line may be very late."""
WEEK_MS = 7 * DAY_MS
PART_OF_LIMITS = 0.5
READ_SECONDS = 600.0
"""For the first reading of a log, as far as the venue reaches back."""
RETRY_SECONDS = 60.0
LASTING = (Blocked, Malformed, Refused, Unsupported)
"""What is not over in a minute; a log that cannot be read costs as much weight as one that can."""
LONGEST_SLEEP = 600.0
"""So that a venue's clock is measured now and then, and a key that was put right is noticed."""


async def keep(desk: Desk, closed: Callable[[], None]) -> None:
    """Keeps the books of all accounts, for ever; `closed` is called when a day's are kept."""
    async with asyncio.TaskGroup() as group:
        for venue in desk.accounts:
            group.create_task(_keep(desk, venue, closed))


async def _keep(desk: Desk, venue: str, closed: Callable[[], None]) -> None:
    closed_ms, last = 0, ""
    while True:
        try:
            before_ms, closed_ms = closed_ms, await _close(desk, venue, closed_ms)
            if closed_ms != before_ms:
                closed()
            seconds, last = await _until_next(desk, venue), ""
        except ExchangeError as error:
            if (kind := type(error).__name__) != last:
                log.warning("%s: the books are not kept: %s", venue, error)
            last = kind
            seconds = LONGEST_SLEEP if isinstance(error, LASTING) else RETRY_SECONDS
        except Exception:  # Books that nobody keeps would end without a word.
            log.exception("%s: the books are not kept", venue)
            seconds = LONGEST_SLEEP
        await asyncio.sleep(min(seconds, LONGEST_SLEEP))


async def _close(desk: Desk, venue: str, closed_ms: int) -> int:
    """Does what is due unless that is done; returns the day for which it is. By the venue's clock.

    Raises ExchangeError.
    """
    access = desk.accounts[venue]
    account = await access.account()
    now_ms = await account.clock.now_ms()
    day_ms = midnight_ms(now_ms - SETTLING_MS, desk.zone)
    if day_ms != closed_ms:
        book = Book(venue, access.environment, (await access.permissions()).uid)
        if await access.ledger.snapshot_since(book, day_ms + SETTLING_MS) is None:
            await access.ledger.keep_snapshot(await snapshot(desk, account, book))
        await _read_log(desk, access, account, book)
    return day_ms


async def _read_log(desk: Desk, access: Access, account: Account, book: Book) -> None:
    """The last days afresh, and all that the venue still tells: history outlives what it keeps.

    Week by week, the last one first: a question of the owner's waits for one of them at most.
    """
    now_ms = await account.clock.now_ms()
    reach_ms = now_ms - account.log_reach_ms
    update = partial(access.ledger.update, book, account, report=lambda _done, _whole: None)
    with sharing(PART_OF_LIMITS), deadline.question(READ_SECONDS):
        await update(now_ms - REREAD_MS, now_ms, afresh=True)
        for end_ms in range(now_ms, reach_ms, -WEEK_MS):
            await update(max(reach_ms, end_ms - WEEK_MS), end_ms)


async def snapshot(desk: Desk, account: Account, book: Book) -> Snapshot:
    """All wallets of an account while nothing changes them, and what their coins are worth.

    Raises ExchangeError.
    """
    tries = 0
    while True:
        await _between_hours(account)
        taken, tries = await _snapshot(desk, account, book), tries + 1
        if await _is_still(desk, account, taken.taken_ms):
            return taken
        if tries == TRIES:
            log.warning("%s: equity was written down while the account changed", account.venue)
            return taken
        await asyncio.sleep(PAUSE_SECONDS)


async def _between_hours(account: Account) -> None:
    """Waits while funding is about to be paid, or being paid, by the venue's clock."""
    busy_ms = STILL_MS + SETTLING_MS
    while (past_ms := (await account.clock.now_ms() + STILL_MS) % HOUR_MS) < busy_ms:  # noqa: ASYNC110
        await asyncio.sleep((busy_ms - past_ms) / 1000)


async def _is_still(desk: Desk, account: Account, taken_ms: int) -> bool:
    """Whether the log knows of nothing since shortly before the wallets were read."""
    with deadline.question(desk.timing.answer):
        now_ms = await account.clock.now_ms()
        found = await account.log(taken_ms - STILL_MS, now_ms + 1)
    return not found.entries


async def _snapshot(desk: Desk, account: Account, book: Book) -> Snapshot:
    exchange = next(e for e in desk.exchanges if e.name == account.venue)
    listed = (await desk.listings()).listed(account.venue, Family.SPOT)
    with deadline.question(desk.timing.answer):
        taken_ms = await account.clock.now_ms()
        tickers, balances = await asyncio.gather(
            exchange.tickers(listed),
            asyncio.gather(*(_balance(account, wallet) for wallet in account.wallets)),
        )
    worth = prices(tickers, exchange.lent)
    rows = (row for balance in balances if balance for row in _rows(balance, worth))
    return Snapshot(*book, taken_ms, tuple(rows))


async def _balance(account: Account, wallet: Wallet) -> Balance | None:
    """None where a wallet that nothing is reckoned from cannot be read."""
    try:
        return await account.balance(wallet)
    except ExchangeError:
        if wallet in account.margined:
            raise
        return None


def _rows(balance: Balance, prices: Prices) -> Iterator[SnapshotRow]:
    for held in balance.holdings:
        price = prices.usd(held.coin)
        yield SnapshotRow(balance.wallet, held.coin, held.coins, held.unrealised, price)


async def _until_next(desk: Desk, venue: str) -> float:
    """Seconds until the next day is due, by the venue's clock."""
    account = await desk.accounts[venue].account()
    now_ms = await account.clock.now_ms()
    return (midnight_ms(now_ms - SETTLING_MS, desk.zone, 1) + SETTLING_MS - now_ms) / 1000
