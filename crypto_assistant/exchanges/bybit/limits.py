"""How often each path of the owner's account may be asked, and the budgets that see to it.

https://bybit-exchange.github.io/docs/v5/rate-limit
"""

from collections.abc import Mapping

from crypto_assistant.net.limiter import Budget

KEY = "/v5/user/query-api"
STANDING = "/v5/account/info"
UNIFIED = "/v5/account/wallet-balance"
FUNDING = "/v5/asset/transfer/query-account-coins-balance"
POSITIONS = "/v5/position/list"
LOG = "/v5/account/transaction-log"
FILLS = "/v5/execution/list"

PER_SECOND = {
    KEY: 10,
    STANDING: 50,
    UNIFIED: 50,
    FUNDING: 5,
    POSITIONS: 50,
    LOG: 25,
    FILLS: 50,
}
"""Requests that the venue takes from one account, counted for each path apart."""

# On the way to the venue requests move closer together.
MARGIN = 0.8


def budgets(address: Budget) -> Mapping[str, Budget]:
    """Of one account; `address`: what all requests from this host are paid of."""
    return {path: Budget(MARGIN * most, 1, within=address) for path, most in PER_SECOND.items()}
