"""One answer before the court: what it shows, what was true, and what is wrong with it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from crypto_assistant.sandbox.catalog import Market
from tests.soak.moments import VENUES, Figure, Stretch, is_other, sums
from tests.soak.printed import NOTHING, SHORT, TITLES, Range, Reading, printed
from tests.soak.questions import Question

NAMES = {venue: title for title, venue in TITLES.items()}
ABBREVIATED = {venue: short for short, venue in SHORT.items()}


def place(market: Market) -> tuple[str, str]:
    """Where a part of a sum comes from."""
    return market.venue, market.symbol


@dataclass
class Case:
    """`gapped`: venues whose fields or lists were emptied meanwhile, which leaves gaps unnamed."""

    question: Question
    reading: Reading
    stretch: Stretch
    gapped: Collection[str] = ()
    wrong: list[str] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)

    @property
    def asked(self) -> tuple[str, ...]:
        return (self.question.venue,) if self.question.venue else VENUES

    @property
    def loose(self) -> set[str]:
        """Those of whom a sum may lack a part."""
        return {*self.reading.failed, *self.gapped}

    def says(self, holds: bool, what: str) -> None:
        if not holds:
            self.wrong.append(what)

    def number(self, what: str, text: str, values: Iterable[float], venue: str = "") -> None:
        """The text is one of the values, rounded; where nothing is shown, that is explained."""
        shown, known = printed(text), list(values)
        if shown is None:
            self.gap(what, text, venue)
            return
        self.checked[self.question.command] += 1
        if not any(shown.meets(Range(value, value)) for value in known):
            span = f"{min(known):.10g} to {max(known):.10g}" if known else "nothing"
            self.wrong.append(f"{what}: {text} is shown, true is {span}")

    def ranged(self, what: str, text: str, true: Iterable[Range], venue: str = "") -> None:
        """The text lies in one of the ranges."""
        shown, ranges = printed(text), list(true)
        if shown is None:
            self.gap(what, text, venue)
            return
        self.checked[self.question.command] += 1
        if not any(shown.meets(one) for one in ranges):
            spans = "; ".join(f"{one.low:.8g} to {one.high:.8g}" for one in ranges[:8])
            self.wrong.append(f"{what}: {text} is shown, true is {spans or 'nothing'}")

    def figure(self, what: str, text: str, market: Market, figure: Figure) -> None:
        name = f"{market.venue} {market.symbol} {what}"
        self.number(name, text, self.stretch.values(market, figure), market.venue)

    def total(self, what: str, text: str, markets: Iterable[Market], figure: Figure) -> None:
        """Over all of the markets but, in part or whole, those of venues that failed."""
        parts = {place(m): self.stretch.range(m, figure) for m in markets}
        self.summed(what, text, parts)

    def summed(self, what: str, text: str, parts: Mapping[tuple[str, str], Range]) -> None:
        """`parts`: by venue and market."""
        required = [part for (venue, _), part in parts.items() if venue not in self.loose]
        optional = [part for (venue, _), part in parts.items() if venue in self.loose]
        venue = next(iter(self.loose), "") if not required else ""
        self.ranged(what, text, sums(required, optional), venue)

    def gap(self, what: str, text: str, venue: str) -> None:
        """Nothing is shown: right where the venue failed, and said so."""
        explained = venue in self.loose if venue else bool(self.loose)
        if text != NOTHING or not explained:
            self.wrong.append(f"{what}: {text!r} is shown and nobody is named for it")

    def same(self, markets: Iterable[Market]) -> list[Market]:
        """Without other coins of the same name."""
        return [m for m in markets if not is_other(self.stretch.truths[-1], m)]

    def named(self, venue: str) -> bool:
        """Whether the answer says why the venue is missing."""
        apart = f"{NAMES[venue]}.*another coin\\?"
        return venue in self.reading.failed or self.reading.find(apart) is not None

    def whole_name(self, name: str) -> str:
        """Of a coin that the table may have cut: its button carries it whole."""
        lines = [line.split() for row in self.reading.shown.buttons for _, line in row]
        coins = [words[1] for words in lines if words[0] in {"price", "analysis"}]
        begun = name.removesuffix("…")
        return next((coin for coin in coins if begun != name and coin.startswith(begun)), name)
