"""OKX's host."""

from crypto_assistant.sandbox.okx.face import Okx

__all__ = ["Okx"]
