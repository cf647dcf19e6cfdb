"""What is believed of OKX's statistics, and checked with its other numbers as it goes."""

import asyncio
import logging

import numpy as np

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.okx.dating import Fit, fit
from crypto_assistant.exchanges.okx.limits import SPOT_TAKERS, TAKERS
from crypto_assistant.exchanges.okx.rubik import Rows, Rubik
from crypto_assistant.exchanges.okx.source import Source
from crypto_assistant.models import Timeframe

log = logging.getLogger(__name__)

KEPT_SECONDS = 3600.0
ROWS = 100
"""Compared at once: the newest page of the contract, which whoever asks about it asks for."""
NAMES = {SPOT_TAKERS: "spot takers", TAKERS: "takers of contracts"}
SYMBOLS = {SPOT_TAKERS: "BTC-USDT", TAKERS: "BTC-USDT-SWAP"}
"""Whose candles the rows are compared with. Rows of a coin count its other spot pairs, too."""
LAGS = ("start", "end")


class Beliefs:
    """Each is found out when it is needed, for each path and each length of its rows apart.

    What holds for days need not hold for five minutes. What was found is kept for an hour; where
    nothing fits it is looked at again with the next question.
    """

    def __init__(self, source: Source, rubik: Rubik) -> None:
        self.found: dict[str, str] = {}
        """In words, by what it is about."""
        self._source = source
        self._rubik = rubik
        self._verdicts: dict[str, str] = {}

    async def lag(self, path: str, timeframe: Timeframe) -> int:
        """0 where rows of takers bear the start of their period, 1 where they bear its end.

        Raises Malformed where it is neither.
        """
        key = path, timeframe
        return await self._source.kept(key, KEPT_SECONDS, lambda: self._lag(path, timeframe))

    async def _lag(self, path: str, timeframe: Timeframe) -> int:
        found, what = await self._fit(path, timeframe), f"{NAMES[path]} {timeframe}"
        if found.lag is None:
            self._note(what, "n/a", _off(found))
            raise Malformed(f"its rows of {timeframe} do not fit its candles ({_off(found)})")
        self._note(what, f"rows bear their {LAGS[found.lag]}", _off(found))
        return found.lag

    async def _fit(self, path: str, timeframe: Timeframe) -> Fit:
        end_ms = self._source.clock_ms() // timeframe.ms * timeframe.ms
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
        if self._verdicts.get(what) != verdict:
            is_bad = verdict == "n/a" or what in self._verdicts
            level = logging.WARNING if is_bad else logging.INFO
            log.log(level, "okx: %s: %s (%s)", what, verdict, why)
        self._verdicts[what] = verdict
        self.found[what] = f"{verdict} ({why})"


def _off(found: Fit) -> str:
    if np.isnan(found).any():
        return "too few to compare"
    return f"{100 * found.start:.0f} % off by the start, {100 * found.end:.0f} % by the end"
