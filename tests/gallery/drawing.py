"""Messages as Telegram draws them: a bubble, its buttons, the line that was asked, on one sheet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from tests.phone import ANDROID, IPHONE, Phone
from tests.phone.pages import labels, tables
from tests.phone.shown import Shown


@dataclass(frozen=True, slots=True)
class Theme:
    """A phone and its colours: behind, a bubble, its text, the owner's bubble, code, buttons."""

    name: str
    phone: Phone
    fonts: str
    colours: tuple[str, str, str, str, str, str]


THEMES: Final = (
    Theme(
        "iphone-dark", IPHONE, "Inter",
        ("#0b0b0d", "#262628", "#fff", "#313a6b", "#ffffff14", "#3a3a3ecc"),
    ),
    Theme(
        "iphone-light", IPHONE, "Inter",
        ("#c6d3b0", "#fff", "#000", "#e1ffc7", "#0000000d", "#5f7a5acc"),
    ),
    Theme(
        "android", ANDROID, "Roboto",
        ("#b9cad6", "#fff", "#000", "#efffde", "#4f9de014", "#6f8ba0cc"),
    ),
)  # fmt: skip

_STYLE: Final = """
* { box-sizing: border-box; margin: 0 }
body { width: %(sheet)dpx; background: #777; column-count: %(columns)d; column-gap: 8px;
  padding: 8px; font-family: %(fonts)s, "DejaVu Sans", "Noto Color Emoji"; font-kerning: none;
  font-variant-ligatures: none }
article { break-inside: avoid; width: %(screen)dpx; margin-bottom: 8px; padding: 6px 3px;
  background: %(behind)s; display: flow-root }
h2 { font: 11px "DejaVu Sans"; color: #888; text-align: center }
.asked { background: %(own)s; color: %(ink)s; width: fit-content; margin: 4px 9px 6px auto;
  padding: 6px 11px; border-radius: 16px }
.asked, .text { font-size: %(size)gpx; line-height: 1.2; letter-spacing: %(tracking)gem }
main { width: fit-content; max-width: %(content)dpx; margin-left: 6px }
.text { background: %(bubble)s; color: %(ink)s; border-radius: 16px; padding: 6px %(inset)gpx;
  width: fit-content; max-width: %(outside)gpx; white-space: pre-wrap; overflow-wrap: anywhere }
.text b { font-weight: %(bold)d }
.text code { font-family: "DejaVu Sans Mono"; font-size: %(inline)gpx; letter-spacing: 0 }
pre { font-family: "DejaVu Sans Mono"; letter-spacing: %(mono)gem; white-space: pre-wrap;
  overflow-wrap: anywhere; width: fit-content; padding: 4px %(code_inset)gpx;
  max-width: %(text)gpx; background: %(code)s; border-left: 3px solid #3b8ee0;
  border-radius: 4px; margin: 2px 0 }
time { display: block; text-align: right; font-size: 11px; color: #888; letter-spacing: 0 }
nav { display: grid; gap: 4px; margin-top: 4px }
nav span { background: %(button)s; color: #fff; border-radius: 6px; height: 42px;
  font-size: %(label)gpx; line-height: 42px; font-weight: 500; letter-spacing: %(label_space)gem;
  text-align: center; padding: 0 4px; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap }
"""


def sheet(theme: Theme, pages: Iterable[Shown], columns: int) -> str:
    """One document with all of them; each is an <article>."""
    articles = "\n".join(_article(theme, page) for page in pages)
    style = f"<style>{_STYLE % _sizes(theme, columns)}</style>"
    return f'<!doctype html><meta charset="utf-8">{style}<body>{articles}'


def _sizes(theme: Theme, columns: int) -> dict[str, object]:
    phone, inset = theme.phone, 11
    behind, bubble, ink, own, code, button = theme.colours
    return {
        "columns": columns, "sheet": columns * (phone.screen + 8) + 8, "fonts": theme.fonts,
        "screen": phone.screen, "content": phone.content, "text": phone.text, "inset": inset,
        "outside": phone.text + 2 * inset, "code_inset": (phone.text - phone.code) / 2 - 1.5,
        "size": phone.prose.size, "tracking": phone.prose.tracking / 1000,
        "bold": 700 if phone is IPHONE else 500, "inline": phone.prose.size - 1,
        "mono": phone.advance - 0.60205, "label": phone.label.size,
        "label_space": phone.label.tracking / 1000, "behind": behind, "bubble": bubble,
        "ink": ink, "own": own, "code": code, "button": button,
    }  # fmt: skip


def _article(theme: Theme, page: Shown) -> str:
    rows = labels(page.sheet)
    return (
        f"<article><h2>{escape(str(page))}</h2>"
        f'<div class="asked">/{escape(page.line)}</div>'
        f'<main style="min-width: {_needed(theme.phone, rows)}px">'
        f'<div class="text">{_blocks(theme.phone, page.sheet.text)}<time>14:13</time></div>'
        f"<nav>{''.join(map(_row, rows))}</nav></main></article>"
    )


def _blocks(phone: Phone, html: str) -> str:
    """A table is a block, which takes one end of a line on each side with it."""
    html = html.replace("\n<pre>", "<pre>").replace("</pre>\n", "</pre>")
    for table in tables(html):
        size = f'<pre style="font-size: {phone.code_size(len(table))}px">\n'
        html = html.replace("<pre>", size, 1)
    return html


def _needed(phone: Phone, rows: Sequence[Sequence[str]]) -> float:
    """How wide the buttons ask for, which a bubble is at most."""
    each = [max(map(phone.label.width, row)) + 16 for row in rows]
    wide = [len(row) * width + 4 * (len(row) - 1) for row, width in zip(rows, each, strict=True)]
    return min(phone.content, max(wide, default=0))


def _row(labels: Sequence[str]) -> str:
    cells = "".join(f"<span>{escape(label)}</span>" for label in labels)
    grid = f"display: grid; gap: 4px; grid-template-columns: repeat({len(labels)}, minmax(0, 1fr))"
    return f'<div style="{grid}">{cells}</div>'
