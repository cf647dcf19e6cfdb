"""What is believed of OKX's statistics, and checked with its other numbers as it goes."""

import asyncio
import logging
from math import isnan

import numpy as np

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.base import IN_DOUBT, Belief
from crypto_assistant.exchanges.okx.dating import NEAR, Fit, apart, fit
from crypto_assistant.exchanges.okx.limits import (
    OPEN_INTEREST,
    OPEN_INTERESTS,
    SPOT_TAKERS,
    TAKERS,
)
from crypto_assistant.exchanges.okx.now import OPEN_INTEREST_FIELDS
from crypto_assistant.exchanges.okx.rubik import Rows, Rubik
from crypto_assistant.exchanges.okx.source import Source
from crypto_assistant.models import Timeframe
from crypto_assistant.net.cache import Lifetime

log = logging.getLogger(__name__)

KEPT_SECONDS = 3600.0
ROWS = 100
"""Compared at once: the newest page of the contract, which whoever asks about it asks for."""
NAMES = {SPOT_TAKERS: "spot takers", TAKERS: "takers of contracts"}
PERP = "BTC-USDT-SWAP"
SYMBOLS = {SPOT_TAKERS: "BTC-USDT", TAKERS: PERP}
"""Whose candles the rows are compared with. Rows of a coin count its other spot pairs, too."""
LAGS = ("start", "end")
NOT_USED = "n/a"
STEP_MS = Timeframe.M5.ms


class Apart(Malformed):
    """Open interest at `sample_ms` was another than what is open now."""

    def __init__(self, text: str, sample_ms: float) -> None:
        super().__init__(text)
        self.sample_ms = sample_ms


class Beliefs:
    """Each is found out when it is needed, for each path and each length of its rows apart.

    What holds for days need not hold for five minutes. What was found is kept for an hour; where
    nothing fits it is looked at again with the next question.
    """

    def __init__(self, source: Source, rubik: Rubik) -> None:
        self.found: dict[str, Belief] = {}
        self._source = source
        self._rubik = rubik
        self._doubted_ms: float | None = None

    async def lag(self, path: str, timeframe: Timeframe) -> int:
        """0 where rows of takers bear the start of their period, 1 where they bear its end.

        Raises Malformed where it is neither.
        """
        key = path, timeframe
        return await self._source.kept(key, KEPT_SECONDS, lambda: self._lag(path, timeframe))

    async def interest(self) -> None:
        """Raises Malformed where open interest's newest sample is not what is open now.

        That may happen: it is not believed before the row after it says the same. The one of five
        minutes is compared, the others are of the same path; of ratios nothing is told to compare.
        """
        try:
            await self._source.kept(OPEN_INTERESTS, KEPT_SECONDS, self._interest)
        except Apart as found:
            self._doubted_ms = self._doubted_ms or found.sample_ms
            is_late = self._source.time.now_ms() >= self._doubted_ms + 2 * STEP_MS
            if found.sample_ms > self._doubted_ms or is_late:
                self._note("open interest", NOT_USED, str(found))
                raise
            self._note("open interest", IN_DOUBT, str(found))

    async def _interest(self) -> None:
        history, now = await asyncio.gather(
            self._rubik.newest(OPEN_INTERESTS, PERP),
            self._source.table(
                OPEN_INTEREST,
                [("instType", "SWAP"), ("instId", PERP)],
                OPEN_INTEREST_FIELDS,
                Lifetime.INDICATOR,
            ),
        )
        if not len(history.cells):
            raise Malformed(f"no open interest of {PERP}")
        time_ms, contracts = history.cells[0, :2].tolist()
        part = apart(contracts, float(now.columns([PERP], "oi")[0][0]))
        how_far = "not" if isnan(part) else f"{100 * part:.1f} % off"
        text = f"its newest sample is {how_far} what is open now"
        if not part <= NEAR:
            raise Apart(text, time_ms)
        self._doubted_ms = None
        self._note("open interest", "its time", text)

    async def _lag(self, path: str, timeframe: Timeframe) -> int:
        found, what = await self._fit(path, timeframe), f"{NAMES[path]} {timeframe}"
        if found.lag is None:
            self._note(what, NOT_USED, _off(found))
            raise Malformed(f"its rows of {timeframe} do not fit its candles ({_off(found)})")
        self._note(what, LAGS[found.lag], _off(found))
        return found.lag

    async def _fit(self, path: str, timeframe: Timeframe) -> Fit:
        end_ms = self._source.time.now_ms() // timeframe.ms * timeframe.ms
        takers, bars = await asyncio.gather(
            self._takers(path, timeframe, end_ms),
            self._rubik.candles(SYMBOLS[path], timeframe, ROWS + 1, end_ms),
        )
        times, sold, bought = takers.cells.T
        closed = bars.cells[bars.cells[:, 8] == 1]
        return fit(
            times.astype(np.int64),
            sold + bought,
            closed[:, 0].astype(np.int64),
            closed[:, 5],
            timeframe.ms,
        )

    async def _takers(self, path: str, timeframe: Timeframe, end_ms: int) -> Rows:
        if path == SPOT_TAKERS:
            return await self._rubik.spot_takers("BTC", timeframe)
        # Up to the row that bears the end of the last bar that has ended.
        return await self._rubik.of_market(
            path, SYMBOLS[path], timeframe, count=ROWS, end_ms=end_ms + timeframe.ms
        )

    def _note(self, what: str, verdict: str, why: str) -> None:
        """One line in the log for what is new."""
        before = self.found.get(what)
        if before is None or before.verdict != verdict:
            is_expected = before is None and verdict not in {NOT_USED, IN_DOUBT}
            level = logging.INFO if is_expected else logging.WARNING
            log.log(level, "okx: rows of %s bear: %s (%s)", what, verdict, why)
        self.found[what] = Belief(verdict, why)


def _off(found: Fit) -> str:
    if np.isnan(found).any():
        return "too few to compare"
    return f"{100 * found.start:.0f} % off by the start, {100 * found.end:.0f} % by the end"
