"""What a sum of /analysis is over: which of the venues asked, and who of them is missing."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from crypto_assistant import view as v
from crypto_assistant.subjects.analysis.answer import Analysis


@dataclass(frozen=True, slots=True)
class Coverage:
    """The venues all of whose markets are in a sum, only some of them, none of them."""

    whole: tuple[str, ...]
    part: tuple[str, ...]
    without: tuple[str, ...]

    @property
    def is_partial(self) -> bool:
        """Whether somebody is in the sum, and somebody's markets are not."""
        return bool((self.whole or self.part) and (self.part or self.without))

    def named(self, view: v.View) -> tuple[str, str]:
        """`Bybit, part of Binance`, `OKX left out`."""
        part = [f"part of {view.venues(self.part)}"] if self.part else []
        inside = ", ".join([*map(view.venue, self.whole), *part])
        return inside, f"{view.venues(self.without)} left out" if self.without else ""


def coverage(
    summed: Mapping[str, Collection[str]], kinds: Collection[str], answer: Analysis
) -> Coverage:
    """`summed`: by kind of market, the venues in the sum; `kinds`: those it is made of."""
    inside = {venue for kind in kinds for venue in summed.get(kind, ())}
    trading = {(kind, venue) for kind, venue in _trading(answer) if kind in kinds}
    lacking = {venue for kind, venue in trading if venue not in summed.get(kind, ())}
    asked = answer.provenance.asked
    return Coverage(
        whole=tuple(venue for venue in asked if venue in inside - lacking),
        part=tuple(venue for venue in asked if venue in inside & lacking),
        without=tuple(venue for venue in asked if venue in lacking - inside),
    )


def _trading(answer: Analysis) -> Iterator[tuple[str, str]]:
    """The coin's markets, by kind and venue, of which anything at all was heard."""
    for kind, flows in answer.takers.kinds.items():
        yield from ((kind, venue) for venue in (*flows.venues, *flows.unsupported_venues))
    for venue, perps in answer.open_interest.venues.items():
        yield from ((kind, venue) for kind in perps)
    for kind, volumes in answer.volume.items():
        yield from ((kind, venue) for venue in volumes.venues)
    for venue, quoted in answer.price.venues.items():
        if quoted.spot and not quoted.spot.other_coin:
            yield "spot", venue
