"""What a coin is worth in USD at a venue: the middle of its spot market there."""

from decimal import Decimal
from typing import Final

from crypto_assistant.sandbox.catalog import Venue
from crypto_assistant.sandbox.world import World

_DOLLARS: Final = ("USDT", "USDC")


def usd(world: World, venue: Venue, coin: str, now: int) -> Decimal | None:
    """None for a coin that no spot market of the venue trades against dollars."""
    if coin in ("USD", "USDT"):
        return Decimal(1)
    quotes = world.quotes(venue, "spot", now)
    separator = "-" if venue == "okx" else ""
    for dollar in _DOLLARS:
        if (quote := quotes.get(f"{coin}{separator}{dollar}")) is not None:
            return (Decimal(str(quote.bid)) + Decimal(str(quote.ask))) / 2
    return None
