"""`python -m tests.charts FOLDER`: a PNG of each kind and style, and one sheet of all."""
# ruff: noqa: T201

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image

from crypto_assistant.charts.draw import draw
from crypto_assistant.charts.style import STYLES
from tests.charts.figures import samples

PHONE = 360, 427
"""A picture as a phone shows it."""
ACROSS = 6


def main(folder: Path) -> None:
    for style in STYLES:
        there = folder / style
        there.mkdir(parents=True, exist_ok=True)
        seen = []
        for name, figure in samples().items():
            picture = draw(figure, style)
            (there / f"{name.replace(' ', '-')}.png").write_bytes(picture)
            seen.append(Image.open(BytesIO(picture)).resize(PHONE, Image.Resampling.LANCZOS))
        rows = -(-len(seen) // ACROSS)
        sheet = Image.new("RGB", (ACROSS * (PHONE[0] + 8), rows * (PHONE[1] + 8)), "grey")
        for number, one in enumerate(seen):
            row, column = divmod(number, ACROSS)
            sheet.paste(one, (column * (PHONE[0] + 8), row * (PHONE[1] + 8)))
        sheet.save(folder / f"{style}.png")
        print(f"{folder / style}.png: {len(seen)} pictures")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
