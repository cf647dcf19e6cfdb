"""The venues: a new one is one module and its name here."""

from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.exchanges.okx import Okx

EXCHANGES: tuple[type[Exchange], ...] = (Binance, Bybit, Okx)
