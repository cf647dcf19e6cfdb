"""What the owner holds: every wallet of every venue, coin by coin, in coins and in USD."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import fsum

from crypto_assistant.accounts import Access
from crypto_assistant.exchanges.base import Account
from crypto_assistant.listings.coins import is_same_coin
from crypto_assistant.models import Balance, Holding, Wallet, total
from crypto_assistant.round import Round
from crypto_assistant.worth import NO_PRICES, Prices, whole


@dataclass(frozen=True, slots=True)
class Held:
    """A coin in a wallet, unrealised PnL included; less than nothing where it is borrowed.

    `priced_by_venue`: no spot market tells the price, it is what the venue itself reckons with.
    """

    coins: float
    unrealised_coins: float | None
    price_usd: float | None
    usd: float | None
    priced_by_venue: bool


@dataclass(frozen=True, slots=True)
class Purse:
    """One wallet, its coins by their worth.

    `equity_usd`: of the coins that have a price; None where none of several has. `unrealised_usd`:
    how much of it is unrealised PnL, None where not all of that is known.
    """

    equity_usd: float | None
    unrealised_usd: float | None
    coins: Mapping[str, Held]


@dataclass(frozen=True, slots=True)
class Purses:
    """One venue's wallets by `key`; `missing_wallets` did not arrive, `unread` nobody asks for.

    `unrealised_usd`: None where a wallet that positions are margined with did not arrive.
    `without_prices`: the venue told none, so that there are coins whose worth is in no sum.
    """

    equity_usd: float | None
    unrealised_usd: float | None
    wallets: Mapping[str, Purse]
    missing_wallets: tuple[str, ...]
    without_prices: bool
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoinTotal:
    """One coin over all wallets of all venues."""

    coin: str
    coins: float
    usd: float


@dataclass(frozen=True, slots=True)
class Total:
    """Over everything that arrived; `venues`: those of which all wallets did, and prices.

    `coins`: by their worth. `unvalued_coins`: those in no sum, by the venues that have no price.
    """

    equity_usd: float | None
    unrealised_usd: float | None
    venues: tuple[str, ...]
    coins: tuple[CoinTotal, ...]
    unvalued_coins: Mapping[str, tuple[str, ...]]


def key(wallet: Wallet) -> str:
    """What a wallet is called among the numbers: `usdm`."""
    return wallet.name.lower()


def title(key: str) -> str:
    """What it is called on the screen: `USD-M`."""
    return Wallet[key.upper()].value


def question(
    round: Round, *, aside: bool = False
) -> Callable[[Mapping[str, Prices]], Mapping[str, Purses]]:
    """One question a wallet, so that one which fails is named and the others stand.

    What has arrived is worth what it is at the venues' prices. `aside`: as of a question.
    """
    accounts = {venue: round.desk.accounts[venue] for venue in round.asked}
    balances = {
        wallet: round.ask_owner(
            f"{wallet} wallet",
            partial(_balance, wallet),
            [venue for venue, access in accounts.items() if wallet in access.wallets],
            aside=aside,
        )
        for wallet in Wallet
    }

    def build(priced: Mapping[str, Prices]) -> Mapping[str, Purses]:
        return {
            venue: _purses(
                access,
                {wallet: balances[wallet].get(venue) for wallet in access.wallets},
                priced.get(venue, NO_PRICES),
            )
            for venue, access in accounts.items()
        }

    return build


def purse(holdings: Iterable[Holding], prices: Prices) -> Purse:
    """A wallet at the prices of its venue."""
    held = {holding.coin: _held(holding, prices.usd(holding.coin)) for holding in holdings}
    coins = dict(sorted(held.items(), key=lambda item: -abs(item[1].usd or 0.0)))
    unrealised = [_worth(one.unrealised_coins, one.price_usd) for one in coins.values()]
    return Purse(
        equity_usd=total(one.usd for one in coins.values()) if coins else 0.0,
        unrealised_usd=whole((0.0, *unrealised)),
        coins=coins,
    )


def summed(venues: Mapping[str, Purses]) -> Total:
    """All of the venues together."""
    arrived = [purses for purses in venues.values() if purses.wallets]
    held = [
        (venue, coin, held)
        for venue, purses in venues.items()
        for purse in purses.wallets.values()
        for coin, held in purse.coins.items()
    ]
    return Total(
        equity_usd=total(purses.equity_usd for purses in arrived),
        unrealised_usd=whole(purses.unrealised_usd for purses in arrived),
        venues=tuple(venue for venue, purses in venues.items() if _is_whole(purses)),
        coins=_by_coin((coin, one) for _, coin, one in held),
        unvalued_coins=_unvalued((venue, coin) for venue, coin, one in held if one.usd is None),
    )


async def _balance(wallet: Wallet, account: Account) -> Balance:
    return await account.balance(wallet)


def _purses(access: Access, balances: Mapping[Wallet, Balance | None], prices: Prices) -> Purses:
    wallets = {
        key(wallet): purse(balance.holdings, prices)
        for wallet, balance in balances.items()
        if balance
    }
    unrealised = whole(purse.unrealised_usd for purse in wallets.values())
    return Purses(
        equity_usd=total(purse.equity_usd for purse in wallets.values()),
        unrealised_usd=unrealised if all(map(balances.get, access.margined)) else None,
        wallets=wallets,
        missing_wallets=tuple(key(wallet) for wallet in balances if key(wallet) not in wallets),
        without_prices=prices.received_ms is None and _lack_worth(wallets.values()),
        unread=access.unread,
    )


def _lack_worth(purses: Iterable[Purse]) -> bool:
    return any(held.usd is None for purse in purses for held in purse.coins.values())


def _is_whole(purses: Purses) -> bool:
    return not purses.missing_wallets and not purses.without_prices


def _held(holding: Holding, spot_usd: float | None) -> Held:
    price_usd = spot_usd
    if spot_usd is None and holding.venue_usd and holding.coins:  # 0: it knows no price either.
        price_usd = holding.venue_usd / holding.coins
    return Held(
        coins=holding.coins,
        unrealised_coins=holding.unrealised,
        price_usd=price_usd,
        usd=_worth(holding.coins, price_usd),
        priced_by_venue=price_usd != spot_usd,
    )


def _worth(coins: float | None, price_usd: float | None) -> float | None:
    """Nothing is worth nothing, whatever the price."""
    if coins == 0:
        return 0.0
    return None if coins is None or price_usd is None else coins * price_usd


def _unvalued(where: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for venue, coin in where:
        found.setdefault(coin, {})[venue] = None
    return {coin: tuple(found[coin]) for coin in sorted(found)}


def _by_coin(held: Iterable[tuple[str, Held]]) -> tuple[CoinTotal, ...]:
    """Those that have a price; another coin of the same name, by its price, stays apart."""
    groups: list[tuple[str, float, list[Held]]] = []
    for coin, one in held:
        if one.price_usd is None or one.usd is None:
            continue
        for name, price_usd, group in groups:
            if name == coin and is_same_coin(one.price_usd, price_usd):
                group.append(one)
                break
        else:
            groups.append((coin, one.price_usd, [one]))
    totals = [
        CoinTotal(coin, fsum(one.coins for one in group), fsum(one.usd or 0.0 for one in group))
        for coin, _, group in groups
    ]
    return tuple(sorted(totals, key=lambda coin: -abs(coin.usd)))
