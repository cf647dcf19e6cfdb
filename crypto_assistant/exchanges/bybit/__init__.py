"""Bybit: market data over REST."""

from crypto_assistant.exchanges.bybit.market import Bybit

__all__ = ["Bybit"]
