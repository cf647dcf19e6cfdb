"""Open positions at the marks of a second: profit, margin, and where they would be liquidated."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from crypto_assistant.sandbox.account.events import Holding
from crypto_assistant.sandbox.account.habits import Habit, wallet_of
from crypto_assistant.sandbox.account.position import Position, exact, unit, value
from crypto_assistant.sandbox.account.prices import printed
from crypto_assistant.sandbox.catalog import Market
from crypto_assistant.sandbox.world import World

_MAINTENANCE: Final = Decimal("0.005")
Purse = tuple[str, str]
"""A wallet and a coin in it."""


def holdings(
    world: World,
    legs: Sequence[tuple[Habit, Position]],
    cash: Mapping[Purse, Decimal],
    now: int,
) -> list[Holding]:
    """`cash`: what lies in each purse. Positions in cross margin share what is free of it."""
    found = [_holding(world, habit, position, now) for habit, position in legs]
    free = defaultdict(Decimal, cash)
    for holding in found:
        free[_purse(holding)] += _spared(holding)
    return [replace(h, liquidation=_liquidation(h, free[_purse(h)])) for h in found]


def _holding(world: World, habit: Habit, position: Position, now: int) -> Holding:
    market = habit.market
    mark = printed(market, world.mark(market, now))
    worth = abs(value(market, position.size, mark))
    borne = abs(position.paid) if habit.isolated else worth
    return Holding(
        market=market,
        leg=habit.leg,
        size=position.size,
        entry=position.entry(market),
        mark=mark,
        unrealised=position.unrealised(market, mark),
        coin=market.settle,
        leverage=habit.leverage,
        isolated=habit.isolated,
        value=worth,
        margin=exact(borne / habit.leverage),
        maintenance=exact(worth * _MAINTENANCE),
        liquidation=None,
        opened=position.opened,
        updated=position.updated,
    )


def _purse(holding: Holding) -> Purse:
    return wallet_of(holding.market), holding.coin


def _spared(holding: Holding) -> Decimal:
    """What it leaves to the positions in cross margin, of its purse."""
    if holding.isolated:
        return -holding.margin
    return holding.unrealised - holding.maintenance


def _liquidation(holding: Holding, free: Decimal) -> Decimal | None:
    """The mark at which nothing is left: of all that is free, or of an isolated margin."""
    if holding.isolated:
        # Its owner adds margin before it is too late.
        free = max(holding.margin + holding.unrealised, 2 * holding.maintenance)
        free -= holding.maintenance
    price = _lost_at(holding.market, holding.size, holding.mark, free)
    return price if price > 0 else None


def _lost_at(market: Market, size: Decimal, mark: Decimal, amount: Decimal) -> Decimal:
    """The price at which the position has lost so much more than at the mark; none is below 0."""
    notional = size * unit(market)
    if market.kind == "inverse":
        left = notional / mark + amount
        price = notional / left if left else Decimal(0)
    else:
        price = mark - amount / notional
    return round(price, market.price_decimals)
