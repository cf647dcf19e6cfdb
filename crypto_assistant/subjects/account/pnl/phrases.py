"""What the compact answer of /pnl and its details say in the same words."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from crypto_assistant import view as v
from crypto_assistant.subjects.account import remarks
from crypto_assistant.subjects.account.pnl.derivatives import Flows, Open


def made_of(flows: Flows) -> Iterator[str]:
    """Of what a sum is made; rebates and liquidation only where there are any."""
    parts = {"realised": flows.realised_usd, "fees": flows.fees_usd, "funding": flows.funding_usd}
    rare = {"rebates": flows.rebates_usd, "liquidation": flows.liquidation_usd}
    parts |= {name: usd for name, usd in rare.items() if usd != 0}
    yield from (f"{name} {v.cents(usd, plus=True)}" for name, usd in parts.items())


def unpriced(coins: Mapping[str, float], of: str = "") -> Iterator[str]:
    """What stands beside a sum, in coins."""
    return remarks.listed(
        f"{of}without a price:", (f"{v.amount(n)} {coin}" for coin, n in coins.items())
    )


def on_margin(opened: Open | None) -> Iterator[str]:
    """What is open now."""
    if opened is None:
        return
    if opened.on_margin_fraction is not None:
        yield f"open {v.cents(opened.unrealised_usd, plus=True)}"
        yield f"{v.percent(opened.on_margin_fraction)} on {v.cents(opened.margin_usd)}"
    yield from unpriced(opened.unpriced_coins, "open ")


def on_opening(fraction: float | None, equity_usd: float | None) -> Iterator[str]:
    if fraction is not None:
        yield f"realised {v.percent(fraction)} of opening equity"
        yield v.cents(equity_usd)


def moment(ms: int, view: v.View) -> str:
    """`21 Sep 00:01`, in the owner's zone."""
    return f"{_local(ms, view):%d %b %H:%M}"


def day(ms: int, view: v.View) -> str:
    """`21 Sep CEST`, with the time where the day does not begin at midnight."""
    local = _local(ms, view)
    at = "" if f"{local:%H:%M}" == "00:00" else f" {local:%H:%M}"
    return f"{local:%d %b}{at} {local:%Z}"


def _local(ms: int, view: v.View) -> datetime:
    return datetime.fromtimestamp(ms / 1000, view.zone or UTC)
