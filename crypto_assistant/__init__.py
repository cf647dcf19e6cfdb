"""A private Telegram assistant for crypto-derivatives traders."""

__version__ = "0.2.0"
