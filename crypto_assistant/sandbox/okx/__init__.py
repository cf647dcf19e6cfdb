"""OKX's host."""

from crypto_assistant.sandbox.okx.face import Okx
from crypto_assistant.sandbox.okx.rubik import Dates

__all__ = ["Dates", "Okx"]
