"""How Telegram lays an answer out on two phones: how wide its texts are, and where they wrap.

iPhone, 390 points wide, text 17 (Telegram-iOS): a bubble is the screen less 36, its content less 12
of edges and tail (ChatMessageItemCommon, ChatMessageBubbleItemNode), its text less 22, a code block
less another 18 (InteractiveTextComponent); <pre> is Menlo 16 (Font.monospace), which advances as
DejaVu Sans Mono from which it descends. Apple gives its San Francisco to nobody: Inter stands for
it, tracked as Apple prints (-26/1000 em at 17 points, -20/1000 at 16). Buttons are medium 16, 4
apart, 4 of inset (ChatMessageActionButtonsNode).

Android, 360 dp wide, text 16 (Telegram for Android): text is the screen less 80, a code block less
another 15; <pre> is Droid Sans Mono, smaller the longer it is: 14 up to 80 characters, 13 up to
220, then 11 (MessageObject, Theme), <code> in a line 15. Buttons are medium 15, over at most the
screen less 15 (ChatMessageCell); their insets were not found and are taken as on the iPhone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crypto_assistant.view import columns
from tests.phone.widths import INTER, INTER_BOLD, INTER_MEDIUM, ROBOTO, ROBOTO_MEDIUM

Face = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Font:
    """A typeface at a size (points or dp); `tracking`: thousandths of an em between letters."""

    face: Face
    size: float
    tracking: float = 0.0

    def width(self, text: str) -> float:
        """Points or dp."""
        return self.size / 1000 * sum(self.face.get(c, 1000) + self.tracking for c in text)


@dataclass(frozen=True, slots=True)
class Phone:
    """A screen on which the program's bubble is as wide as it may be.

    `text`, `code`, `content`: points or dp for a line of prose, for one of <pre>, for the buttons.
    `advance`: of a column, in em. `code_size`: of a <pre> by its length.
    """

    name: str
    screen: float
    content: float
    text: float
    code: float
    prose: Font
    strong: Font
    label: Font
    advance: float
    code_size: Callable[[int], float]

    def columns(self, length: int) -> int:
        """How many fit into a line of a <pre> of so many characters."""
        return int(self.code / (self.advance * self.code_size(length)))

    def lines(self, text: str, *, strong: bool = False) -> int:
        """Those that a paragraph takes: it breaks at blanks, and in words that are too long."""
        font = self.strong if strong else self.prose
        lines, left = 1, self.text
        for word in text.split(" "):
            width = font.width(word)
            if width > left and left < self.text:
                lines, left = lines + 1, self.text
            while width > left:
                lines, width = lines + 1, width - left
            left -= width + font.width(" ")
        return lines

    def wraps(self, table: str) -> list[str]:
        """The lines of a <pre> that it breaks."""
        most = self.columns(len(table))
        return [line for line in table.split("\n") if columns(line) > most]

    def cut(self, labels: Sequence[str]) -> list[str]:
        """The labels of a row of buttons that it cuts."""
        each = (self.content - 4 * (len(labels) - 1)) // len(labels) - 8
        return [label for label in labels if self.label.width(label) > each]


def _android_code(length: int) -> float:
    return 14 if length <= 80 else 13 if length <= 220 else 11


IPHONE: Final = Phone(
    "iPhone", 390, 342, 320, 302, Font(INTER, 17, -26), Font(INTER_BOLD, 17, -26),
    Font(INTER_MEDIUM, 16, -20), 0.602, lambda _: 16,
)  # fmt: skip
ANDROID: Final = Phone(
    "Android", 360, 345, 280, 265, Font(ROBOTO, 16), Font(ROBOTO_MEDIUM, 16),
    Font(ROBOTO_MEDIUM, 15), 0.6001, _android_code,
)  # fmt: skip
PHONES: Final = (IPHONE, ANDROID)
