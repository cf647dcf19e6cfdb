"""A private Telegram assistant for crypto-derivatives traders."""

__version__ = "0.1.0"
