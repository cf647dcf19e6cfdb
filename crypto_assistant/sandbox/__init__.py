"""The simulated market: three exchanges in their own formats over real HTTP on loopback."""

from crypto_assistant.sandbox.account.owner import KEYS, Owner
from crypto_assistant.sandbox.faults import Fault
from crypto_assistant.sandbox.okx import Dates
from crypto_assistant.sandbox.server import Sandbox, Seen
from crypto_assistant.sandbox.world import World

__all__ = ["KEYS", "Dates", "Fault", "Owner", "Sandbox", "Seen", "World"]
