"""Bybit's host."""

from crypto_assistant.sandbox.bybit.face import Bybit

__all__ = ["Bybit"]
