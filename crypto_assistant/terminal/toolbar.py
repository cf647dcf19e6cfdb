"""The bar at the bottom of the terminal: how a command is used, and how the venues are."""

from collections.abc import Iterator

from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.front import Front
from crypto_assistant.view import columns, cut

KEYS = "Tab completes · ? helps · Ctrl-D leaves"
OPENING = "looking for the exchanges"


def bar(front: Front | None, usage: str, width: int) -> str:
    """One line where both have room beside each other, else two."""
    left, right = usage or KEYS, " · ".join(_venues(front)) if front else OPENING
    room = width - columns(left) - columns(right)
    if room > 2:
        return left + " " * room + right
    return f"{cut(left, width)}\n{cut(right, width)}"


def _venues(front: Front) -> Iterator[str]:
    for exchange in front.desk.exchanges:
        yield f"{exchange.title} {_state(exchange, front)}"


def _state(exchange: Exchange, front: Front) -> str:
    hosts = [api.health for api in exchange.hosts.values()]
    if exchange.limiter.held_until_ms:
        return "held"
    if any(host.down_since_ms for host in hosts):
        return "down"
    if any(host.samples for host in hosts):
        return "ok"
    return "silent" if front.desk.keeper.is_open else "…"
