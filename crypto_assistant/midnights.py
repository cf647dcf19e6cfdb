"""The owner's days: from midnight to midnight in the owner's zone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def midnight_ms(now_ms: int, zone: ZoneInfo | None, days: int = 0) -> int:
    """The midnight that today began with, or so many days later (earlier where negative)."""
    day = datetime.fromtimestamp(now_ms / 1000, zone or UTC).date() + timedelta(days)
    return int(datetime.combine(day, time.min, zone or UTC).timestamp() * 1000)
