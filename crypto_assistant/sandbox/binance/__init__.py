"""Binance's three hosts."""

from crypto_assistant.sandbox.binance.coinm import BinanceCoinM
from crypto_assistant.sandbox.binance.spot import BinanceSpot
from crypto_assistant.sandbox.binance.usdm import BinanceUsdM

__all__ = ["BinanceCoinM", "BinanceSpot", "BinanceUsdM"]
