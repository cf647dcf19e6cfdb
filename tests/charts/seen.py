"""Reads values back from the pixels of a picture."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crypto_assistant.charts.style import Colour

Pixels = NDArray[np.int16]
NEAR = 10
"""How far a colour of the palette may be from the one that was meant."""


def pixels(picture: bytes) -> Pixels:
    """Rows, columns, colours."""
    return np.asarray(Image.open(BytesIO(picture)).convert("RGB"), dtype=np.int16)


def rows(seen: Pixels, x: float, colour: Colour, top: float, bottom: float) -> NDArray[np.int64]:
    """Where a column has a colour between two heights."""
    first = max(0, round(top))
    column = seen[first : round(bottom) + 1, round(x)]
    return first + np.flatnonzero(np.abs(column - np.array(colour)).max(axis=1) <= NEAR)


def middle(seen: Pixels, x: float, colour: Colour, ends: Sequence[float]) -> float:
    """Of a line; NaN where there is none."""
    there = rows(seen, x, colour, *ends)
    return float(there.mean()) if len(there) else np.nan


def edges(seen: Pixels, x: float, colour: Colour, ends: Sequence[float]) -> tuple[int, int]:
    """The first and the last row of a block."""
    there = rows(seen, x, colour, *ends)
    return int(there[0]), int(there[-1])
