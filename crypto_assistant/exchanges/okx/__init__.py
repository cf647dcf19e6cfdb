"""OKX: market data over REST."""

from crypto_assistant.exchanges.okx.market import Okx

__all__ = ["Okx"]
