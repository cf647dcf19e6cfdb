"""The start of a window: the sample nearest to it, and none where that is another window's."""

import numpy as np
import pytest

from crypto_assistant.models import Timeframe
from crypto_assistant.subjects.bars.windows import WINDOWS, start

MINUTE = 60_000
NOW = 1_000_000 * MINUTE


def ago(*minutes: float) -> list[int]:
    return [int(NOW - age * MINUTE) for age in minutes]


@pytest.mark.parametrize(
    ("window", "minutes", "row"),
    [
        ("15m", (25, 20, 15, 10), 2),
        ("15m", (18, 13), 1),  # three minutes off or two
        ("15m", (17.5, 12.5), 0),  # of two as near, the older
        ("15m", (20,), 0),  # one sample is missing
        ("15m", (20.1,), None),
        ("1h", (66,), 0),  # a tenth of the window
        ("1h", (66.1, 53.9), None),
        ("24h", (24 * 60 + 144,), 0),
        ("24h", (40,), None),  # listed forty minutes ago
        ("4h", (), None),
    ],
)
def test_the_start_of_a_window(window: str, minutes: tuple[float, ...], row: int | None) -> None:
    times = np.array(ago(*minutes), np.int64)
    assert start(times, WINDOWS[window], NOW) == row


def test_windows_are_named_by_their_length() -> None:
    assert WINDOWS["24h"] is Timeframe.D1
    lengths = {name: window.ms // MINUTE for name, window in WINDOWS.items()}
    assert lengths == {"15m": 15, "1h": 60, "4h": 240, "24h": 1440}
