"""What the compact answer of /pnl and its details say in the same words."""

from collections.abc import Mapping
from datetime import UTC, datetime

from crypto_assistant import view as v
from crypto_assistant.subjects.account.pnl.derivatives import Flows, Open


def costs(flows: Flows) -> str:
    """All but what was realised; rebates and liquidation only where there are any."""
    parts = {"fees": flows.fees_usd, "funding": flows.funding_usd}
    rare = {"rebates": flows.rebates_usd, "liquidation": flows.liquidation_usd}
    parts |= {name: usd for name, usd in rare.items() if usd != 0}
    text = " · ".join(f"{name} {v.cents(usd, plus=True)}" for name, usd in parts.items())
    unpriced = _amounts(flows.unpriced_coins)
    return text + (f" · without a price: {unpriced}" if unpriced else "")


def open_unpriced(opened: Open | None) -> str:
    unpriced = _amounts(opened.unpriced_coins) if opened else ""
    return f"open without a price: {unpriced}" if unpriced else ""


def _amounts(coins: Mapping[str, float]) -> str:
    return ", ".join(f"{v.amount(n)} {coin}" for coin, n in coins.items())


def on_margin(opened: Open | None) -> str:
    if opened is None or opened.on_margin_fraction is None:
        return ""
    share, margin = v.percent(opened.on_margin_fraction), v.cents(opened.margin_usd)
    return f"open {v.cents(opened.unrealised_usd, plus=True)}, {share} on margin {margin}"


def on_opening(fraction: float | None, equity_usd: float | None) -> str:
    if fraction is None:
        return ""
    return f"realised {v.percent(fraction)} of opening equity {v.cents(equity_usd)}"


def moment(ms: int, view: v.View) -> str:
    """`21 Sep 00:01`, in the owner's zone."""
    return f"{_local(ms, view):%d %b %H:%M}"


def day(ms: int, view: v.View) -> str:
    """`21 Sep 00:00 CEST`."""
    return f"{_local(ms, view):%d %b %H:%M %Z}"


def _local(ms: int, view: v.View) -> datetime:
    return datetime.fromtimestamp(ms / 1000, view.zone or UTC)
