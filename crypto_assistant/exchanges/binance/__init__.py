"""Binance: market data over REST."""

from crypto_assistant.exchanges.binance.market import Binance

__all__ = ["Binance"]
