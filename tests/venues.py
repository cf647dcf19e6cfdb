"""What may be set of the exchanges, and the accounts at them."""

from crypto_assistant.config import addresses
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import LIVE, Account, Accounted, Exchange
from crypto_assistant.net.signed import Key

VENUES = tuple(exchange.name for exchange in EXCHANGES)
ADDRESSES = addresses(EXCHANGES)
CREDENTIALS = [name for exchange in EXCHANGES for name in exchange.credentials]
PRACTICES = [exchange.practice.setting for exchange in EXCHANGES if exchange.practice]


def account_at(exchange: Exchange, key: Key, environment: str = LIVE) -> Account:
    """What a key may read there."""
    assert isinstance(exchange, Accounted)
    return exchange.account(key, environment)
