"""What an open position is worth, how far it is from its end, and what several add up to."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from crypto_assistant.models import Family, Funding, Position, Side, total
from crypto_assistant.worth import Prices, whole

ONE_PERCENT = 0.01


@dataclass(frozen=True, slots=True)
class Open:
    """One open position; sizes have no sign, prices are per plain coin.

    `coin`, `quote` and `tick_size`: None where the market is on no list. `endless`: the venue says
    that there is no liquidation price. `liquidation_fraction`: by how much the mark price must
    change, `liquidation_atr_1h` how many ATR(14) of an hour that is.
    `next_funding_usd`: what it will receive at the rate of now, less than nothing where it pays.
    `other_coin`: its price says that it is another coin of that name.
    """

    venue: str
    family: Family
    symbol: str
    coin: str | None
    quote: str | None
    expires_ms: int | None
    tradfi: bool
    tick_size: float | None
    side: Side
    hedged: bool
    isolated: bool | None
    leverage: float | None
    contracts: float
    coins: float | None
    usd: float | None
    entry_price: float | None
    mark_price: float | None
    liquidation_price: float | None
    liquidation_fraction: float | None
    liquidation_atr_1h: float | None
    endless: bool
    settle_coin: str
    margin_coins: float | None
    margin_usd: float | None
    unrealised_coins: float | None
    unrealised_usd: float | None
    unrealised_margin_fraction: float | None
    funding_fraction: float | None
    funding_hours: float | None
    next_funding_ms: int | None
    next_funding_usd: float | None
    other_coin: bool

    @property
    def sign(self) -> int:
        return 1 if self.side is Side.LONG else -1


@dataclass(frozen=True, slots=True)
class Net:
    """Several positions in one coin, long less short; None where one of them does not tell."""

    positions: int
    coins: float | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the positions that tell the figure, of which there are as many as stand beside.

    `perps`: how many of them pay funding; `last_funding_ms`: when the last of those does next.
    `equity_usd`: of all wallets, as in /balance. `effective_leverage`: gross size over it.
    `up_1pct_usd`: what a rise of all prices by 1 % brings. None where anything of it is missing.
    """

    positions: int
    gross_usd: float | None
    net_usd: float | None
    sized_positions: int
    unrealised_usd: float | None
    unrealised_positions: int
    next_funding_usd: float | None
    funded_positions: int
    perps: int
    last_funding_ms: int | None
    equity_usd: float | None
    effective_leverage: float | None
    up_1pct_usd: float | None


def read(
    position: Position,
    prices: Prices,
    funding: Funding | None,
    atr: float | None,
    *,
    other_coin: bool,
) -> Open:
    """`atr`: of an hour, in price."""
    market = position.instrument
    settle_usd = _settle_usd(position, prices)
    unrealised, margin = position.unrealised, position.margin
    away = _ratio(position.liquidation, position.mark)
    return Open(
        venue=position.venue,
        family=position.family,
        symbol=position.symbol,
        coin=market.coin if market else None,
        quote=market.quote if market else None,
        expires_ms=market.expires_ms if market else None,
        tradfi=bool(market and market.tradfi),
        tick_size=market.tick if market else None,
        side=position.side,
        hedged=position.hedged,
        isolated=position.isolated,
        leverage=position.leverage,
        contracts=position.contracts,
        coins=position.coins,
        usd=_usd(position, settle_usd),
        entry_price=position.entry,
        mark_price=position.mark,
        liquidation_price=position.liquidation,
        liquidation_fraction=None if away is None else away - 1,
        liquidation_atr_1h=_distance(position, atr),
        endless=position.endless,
        settle_coin=position.settle,
        margin_coins=margin,
        margin_usd=_times(margin, settle_usd),
        unrealised_coins=unrealised,
        unrealised_usd=_times(unrealised, settle_usd),
        unrealised_margin_fraction=_ratio(unrealised, margin),
        funding_fraction=funding.rate if funding else None,
        funding_hours=funding.hours if funding else None,
        next_funding_ms=funding.next_ms if funding else None,
        next_funding_usd=_next_funding(position, funding, settle_usd),
        other_coin=other_coin,
    )


def _settle_usd(position: Position, prices: Prices) -> float | None:
    """As everywhere at the spot price; an inverse position's coin else at its own mark price."""
    price = prices.usd(position.settle)
    return position.mark if price is None and position.family is Family.INVERSE else price


def _usd(position: Position, settle_usd: float | None) -> float | None:
    """What is quoted in another coin than a dollar is worth what that coin is."""
    if position.usd is not None or position.family is Family.INVERSE:
        return position.usd
    return _times(_times(position.coins, position.mark), settle_usd)


def _next_funding(
    position: Position, funding: Funding | None, settle_usd: float | None
) -> float | None:
    """Longs pay a positive rate on the size at the mark price, in the settle coin."""
    if funding is None or funding.rate is None:
        return None
    received = -funding.rate if position.side is Side.LONG else funding.rate
    if position.family is Family.INVERSE:
        return _times(position.usd, received)
    size = _times(position.coins, position.mark) if position.usd is None else position.usd
    return _times(_times(size, settle_usd), received)


def _distance(position: Position, atr: float | None) -> float | None:
    if position.liquidation is None or position.mark is None:
        return None
    return _ratio(abs(position.liquidation - position.mark), atr)


def _times(amount: float | None, price: float | None) -> float | None:
    return None if amount is None or price is None else amount * price


def _ratio(part: float | None, of: float | None) -> float | None:
    return None if part is None or not of else part / of


def nets(positions: Iterable[Open]) -> dict[str, Net]:
    """By coin, where there is more than one position in it, the largest first."""
    coins: dict[str, list[Open]] = {}
    for one in positions:
        if one.coin and not one.other_coin:
            coins.setdefault(one.coin, []).append(one)
    found = {
        coin: Net(
            positions=len(rows),
            coins=whole(_signed(row.coins, row) for row in rows),
            usd=whole(_signed(row.usd, row) for row in rows),
        )
        for coin, rows in coins.items()
        if len(rows) > 1
    }
    return dict(sorted(found.items(), key=lambda item: -abs(item[1].usd or 0.0)))


def totals(
    positions: Collection[Open], equity_usd: float | None = None, *, complete: bool = True
) -> Totals:
    """Over all of the positions. `complete`: no venue's are missing."""
    sizes = [_signed(one.usd, one) for one in positions]
    unrealised = [one.unrealised_usd for one in positions]
    funding = [one.next_funding_usd for one in positions]
    paid = [one.next_funding_ms for one in positions if one.next_funding_ms is not None]
    gross, net = total(one.usd for one in positions), total(sizes)
    known = complete and None not in sizes
    return Totals(
        positions=len(positions),
        gross_usd=gross,
        net_usd=net,
        sized_positions=_told(sizes),
        unrealised_usd=total(unrealised),
        unrealised_positions=_told(unrealised),
        next_funding_usd=total(funding),
        funded_positions=_told(funding),
        perps=sum(one.expires_ms is None for one in positions),
        last_funding_ms=max(paid, default=None),
        equity_usd=equity_usd,
        effective_leverage=_leverage(gross, equity_usd) if known else None,
        up_1pct_usd=_times(net, ONE_PERCENT) if known else None,
    )


def urgency(one: Open) -> tuple[int, float]:
    """A key that sorts: by the way to liquidation, then those without one by size, then those of
    which it is not known."""
    if one.liquidation_fraction is not None:
        return 0, abs(one.liquidation_fraction)
    return 1 if one.endless else 2, -(one.usd or 0.0)


def _leverage(gross: float | None, equity_usd: float | None) -> float | None:
    """None, too, where more is owed than held."""
    return None if equity_usd is None or equity_usd <= 0 else _ratio(gross, equity_usd)


def _told(numbers: Iterable[float | None]) -> int:
    return sum(number is not None for number in numbers)


def _signed(size: float | None, one: Open) -> float | None:
    return None if size is None else one.sign * size
