"""What /pnl must say, worked out in decimals from what happened in the simulated accounts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from crypto_assistant.sandbox import Sandbox
from crypto_assistant.sandbox.account.book import changes
from crypto_assistant.sandbox.account.events import Event, Holding, Move, Payment
from crypto_assistant.sandbox.catalog import Market, Venue
from crypto_assistant.sandbox.worth import usd

ZERO: Final = Decimal(0)
MARGINED: Final[dict[Venue, tuple[str, ...]]] = {
    "binance": ("usdm", "coinm"),
    "bybit": ("unified",),
    "okx": ("trading",),
}
PARTS: Final = ("realised", "fees", "funding", "rebates", "liquidation")

Flow = tuple[str, Market | None, str, Decimal]
"""Why, in which market, of which coin, how much came."""


def flows(event: Event) -> Iterator[Flow]:
    """Each change of cash by its reason."""
    if isinstance(event, Move):
        kinds = {"rebate": "rebates", "interest": "other"}
        yield kinds.get(event.kind, "transfers"), None, event.coin, event.amount
    elif isinstance(event, Payment):
        yield "funding", event.market, event.coin, event.amount
        yield "realised", event.market, event.coin, event.settled
    elif event.market.kind == "spot":
        yield from (("spot", event.market, coin, coins) for (_, coin), coins in changes(event))
    else:
        yield "realised", event.market, event.coin, event.realised
        yield "fees", event.market, event.fee_coin, -event.fee
        yield "liquidation", event.market, event.coin, -event.penalty


@dataclass(frozen=True)
class Account:
    """One account, at the moment `now`."""

    sandbox: Sandbox
    venue: Venue
    now: int

    def worth(self, coin: str, coins: Decimal) -> Decimal:
        price = usd(self.sandbox.world, self.venue, coin, self.now)
        assert price is not None
        return coins * price

    def sums(self, start: int, coin: str | None = None) -> dict[str, Decimal]:
        """In USD, by reason; of one coin's contracts alone where it is given."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for why, market, paid_in, coins in self._flows(start):
            if coin is None or (market and market.kind != "spot" and market.coin == coin):
                found[why] += self.worth(paid_in, coins)
        return found

    def in_coins(self, start: int) -> dict[str, Decimal]:
        """What derivatives brought, in coins."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for why, _, paid_in, coins in self._flows(start):
            if why in PARTS:
                found[paid_in] += coins
        return found

    def coins_of(self, start: int) -> dict[str, set[str]]:
        """In which coins there was anything, by reason."""
        found: dict[str, set[str]] = defaultdict(set)
        for why, _, paid_in, coins in self._flows(start):
            if coins:
                found[why].add(paid_in)
        return found

    def realised(self, market: Market, since: int) -> Decimal:
        """Of one market, in USD."""
        return sum(
            (
                self.worth(paid_in, coins)
                for why, other, paid_in, coins in self._flows(since)
                if why == "realised" and other == market
            ),
            ZERO,
        )

    def holdings(self, coin: str | None = None) -> list[Holding]:
        book = self.sandbox.account(self.venue).book
        return [h for h in book.holdings(self.now) if coin is None or h.market.coin == coin]

    def unrealised(self, coin: str | None = None) -> Decimal:
        return sum((self.worth(h.coin, h.unrealised) for h in self.holdings(coin)), ZERO)

    def margin(self, coin: str | None = None) -> Decimal:
        return sum((self.worth(h.coin, self._asked_for(h)) for h in self.holdings(coin)), ZERO)

    def equity(self) -> Decimal:
        """Of the wallets that contracts are margined with."""
        book = self.sandbox.account(self.venue).book
        held = (
            item
            for wallet in MARGINED[self.venue]
            for told in (book.balances(wallet, self.now), book.unrealised(wallet, self.now))
            for item in told.items()
        )
        return sum((self.worth(coin, coins) for coin, coins in held), ZERO)

    def _asked_for(self, holding: Holding) -> Decimal:
        """By the value of now; OKX tells of an isolated position what it was given."""
        if self.venue == "okx" and holding.isolated:
            return holding.margin
        return holding.value / holding.leverage

    def _flows(self, start: int) -> Iterator[Flow]:
        for event in self.sandbox.account(self.venue).book.events(start, self.now + 1):
            if all(wallet in MARGINED[self.venue] for (wallet, _), _ in changes(event)):
                yield from flows(event)


def fields(sums: dict[str, Decimal]) -> dict[str, float]:
    """The part of an answer that says what came and went."""
    told = {f"{part}_usd": float(sums.get(part, ZERO)) for part in PARTS}
    return {**told, "sum_usd": float(sum((sums.get(part, ZERO) for part in PARTS), ZERO))}


def by_coin(coins: Iterable[dict[str, Any]], coin: str) -> dict[str, Any]:
    return next(one for one in coins if one["coin"] == coin)
