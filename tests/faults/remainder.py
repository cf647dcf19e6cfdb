"""What is left of an answer about the owner's accounts without parts of them, added up again."""

from collections.abc import Callable, Collection, Iterable, Mapping
from math import fsum
from typing import Any

from tests.floor import VENUES, leaves

Part = tuple[str, str]
"""A venue, and which part of its account: a wallet, a family of positions, the log."""

FAMILIES, LOG = ("linear", "inverse"), "log"
WALLETS: Mapping[str, tuple[str, ...]] = {
    "binance": ("spot", "funding", "usdm", "coinm"),
    "bybit": ("unified", "funding"),
    "okx": ("trading", "funding"),
}
MARGINED = {"usdm", "coinm", "unified", "trading"}
OF_THE_LOG = ("flows", "spot_usd", "transfers_usd", "other_usd")


def account(venue: str) -> set[Part]:
    """All of a venue's account."""
    return {(venue, part) for part in (*WALLETS[venue], *FAMILIES, LOG)}


def without(line: str, answer: Any, lost: Collection[Part]) -> Any:
    """The whole answer to a line without what is lost."""
    command = line.split(maxsplit=1)[0]
    _LESS[command](answer, lost)
    gone = {venue for venue in VENUES if _asked(command, venue) <= set(lost)}
    answer["answered"] = [venue for venue in VENUES if venue not in gone]
    if not answer["answered"]:
        answer["oldest_ms"] = None
    return comparable(line, answer, lost)


def _asked(command: str, venue: str) -> set[Part]:
    """What a line asks for; who tells nothing of it has not answered."""
    wallets = WALLETS[venue]
    parts: Mapping[str, Iterable[str]] = {
        "/balance": wallets,
        "/positions": FAMILIES,
        "/pnl": (*FAMILIES, LOG, *MARGINED.intersection(wallets)),
    }
    return {(venue, part) for part in parts[command]}


def comparable(line: str, answer: Any, lost: Collection[Part]) -> Any:
    """Without what is not known: how the clock goes of who is lost; without the bar, too."""
    for venue in {venue for venue, _ in lost}:
        answer["accounts"][venue].pop("clock_ahead_seconds")
        if line.startswith("/pnl"):
            answer["venues"][venue] = _sums_told(answer["venues"][venue])
    return {name: told for name, told in answer.items() if name not in {"parts", "parts_read"}}


def _sums_told(one: Mapping[str, Any]) -> dict[str, Any]:
    """Without its log a venue tells of nothing but what is open."""
    if one["flows"] is None:
        told = leaves({name: part for name, part in one.items() if name != "open"})
        assert not any(isinstance(value, float) for value in told.values())
    return {name: one[name] for name in ("flows", "open")}


def _balance(answer: Any, lost: Collection[Part]) -> None:
    for venue, purses in answer["venues"].items():
        missing = [wallet for wallet in WALLETS[venue] if (venue, wallet) in lost]
        rest = {name: one for name, one in purses["wallets"].items() if name not in missing}
        purses.update(_sums(rest.values()), wallets=rest, missing_wallets=missing)
        if not {"spot", "funding"}.issuperset(missing):  # Positions have their margin there.
            purses["unrealised_usd"] = None
    arrived = {venue: one for venue, one in answer["venues"].items() if one["wallets"]}
    whole = [venue for venue, one in answer["venues"].items() if not one["missing_wallets"]]
    answer["total"] = _sums(arrived.values()) | _by_coin(arrived) | {"venues": whole}


def _sums(parts: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    parts = list(parts)
    unrealised = [part["unrealised_usd"] for part in parts]
    return {
        "equity_usd": _sum(part["equity_usd"] for part in parts),
        "unrealised_usd": None if None in unrealised else _sum(unrealised),
    }


def _by_coin(arrived: Mapping[str, Any]) -> dict[str, Any]:
    held: dict[str, list[Any]] = {}
    unvalued: dict[str, list[str]] = {}
    for venue, purses in arrived.items():
        for purse in purses["wallets"].values():
            for coin, one in purse["coins"].items():
                held.setdefault(coin, []).append(one)
                if one["usd"] is None and venue not in unvalued.setdefault(coin, []):
                    unvalued[coin].append(venue)
    coins = [
        {"coin": coin, "coins": fsum(o["coins"] for o in all_), "usd": fsum(o["usd"] for o in all_)}
        for coin, all_ in held.items()
        if all_[0]["usd"] is not None
    ]
    return {
        "coins": sorted(coins, key=lambda coin: -abs(coin["usd"])),
        "unvalued_coins": unvalued,
    }


def _positions(answer: Any, lost: Collection[Part]) -> None:
    rows = [row for row in answer["positions"] if (row["venue"], row["family"]) not in lost]
    whole = [
        v for v in answer["whole_venues"] if all((v, family) not in lost for family in FAMILIES)
    ]
    there = {row["venue"] for row in rows}
    answer |= {
        "positions": rows,
        "totals": _totals(rows) | _weight(answer["totals"], lost),
        "nets": _nets(rows),
        "whole_venues": whole,
        "flat_venues": [venue for venue in whole if venue not in there],
    }


def _totals(rows: Collection[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "positions": len(rows),
        "gross_usd": _sum(row["usd"] for row in rows),
        "net_usd": _sum(_signed(row, "usd") for row in rows),
        "sized_positions": len(rows),
        "unrealised_usd": _sum(row["unrealised_usd"] for row in rows),
        "unrealised_positions": len(rows),
        "next_funding_usd": _sum(row["next_funding_usd"] for row in rows),
        "funded_positions": len(rows),
        "perps": len(rows),
        "last_funding_ms": max((row["next_funding_ms"] for row in rows), default=None),
    }


def _weight(totals: Mapping[str, Any], lost: Collection[Part]) -> dict[str, float | None]:
    """Half of the wallets are no equity, and half of the positions weigh nothing that is known."""
    wallets = all(part in {*FAMILIES, LOG} for _, part in lost)
    positions = all(part not in FAMILIES for _, part in lost)
    return {
        "equity_usd": totals["equity_usd"] if wallets else None,
        "effective_leverage": totals["effective_leverage"] if wallets and positions else None,
        "up_1pct_usd": totals["up_1pct_usd"] if positions else None,
    }


def _nets(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    coins: dict[str, list[Any]] = {}
    for row in rows:
        coins.setdefault(row["coin"], []).append(row)
    return {
        coin: {
            "positions": len(rows),
            "coins": _sum(_signed(row, "coins") for row in rows),
            "usd": _sum(_signed(row, "usd") for row in rows),
        }
        for coin, rows in coins.items()
        if len(rows) > 1
    }


def _signed(row: Mapping[str, Any], name: str) -> float:
    amount: float = row[name]
    return amount if row["side"] == "long" else -amount


def _pnl(answer: Any, lost: Collection[Part]) -> None:
    for venue, one in answer["venues"].items():
        if (venue, LOG) in lost:
            one.update(dict.fromkeys(OF_THE_LOG), coins=[])
        if any((venue, family) in lost for family in FAMILIES):
            one["open"] = None
    flows = {venue: one["flows"] for venue, one in answer["venues"].items() if one["flows"]}
    opened = {venue: one["open"] for venue, one in answer["venues"].items() if one["open"]}
    answer["total"] |= {
        "venues": list(flows),
        "flows": _flows(flows.values()),
        "open_venues": list(opened),
        "open": _open(opened.values()),
    }


def _flows(flows: Collection[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not flows:
        return None
    names = next(iter(flows)).keys() - {"unpriced_coins"}
    return {"unpriced_coins": {}, **{name: _sum(one[name] for one in flows) for name in names}}


def _open(opened: Collection[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not opened:
        return None
    unrealised = fsum(one["unrealised_usd"] for one in opened)
    margin = fsum(one["margin_usd"] for one in opened)
    return {
        "unrealised_usd": unrealised,
        "margin_usd": margin,
        "on_margin_fraction": unrealised / margin,
        "unpriced_coins": {},
    }


def _sum(values: Iterable[float]) -> float | None:
    values = list(values)
    return fsum(values) if values else None


_LESS: Mapping[str, Callable[[Any, Collection[Part]], None]] = {
    "/balance": _balance,
    "/positions": _positions,
    "/pnl": _pnl,
}
