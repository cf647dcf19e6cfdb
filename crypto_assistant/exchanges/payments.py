"""Funding as it was paid, which the venues tell alike but for its names."""

from collections.abc import Sequence
from operator import itemgetter

import numpy as np

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.payload import moment, number, readable
from crypto_assistant.models import FundingHistory, Instrument


def history(
    sent: Sequence[dict[str, object]],
    instrument: Instrument,
    received_ms: int,
    *,
    time: str,
    rate: str,
) -> FundingHistory:
    """`time` and `rate`: what the venue calls them. In ascending order, each once."""
    found = readable(sent, lambda row: (moment(row[time]), number(row[rate])))
    if not found:
        raise Malformed("no payment of funding")
    time_ms, paid = np.array(sorted(found, key=itemgetter(0))).T
    return sound.funding_history(
        FundingHistory(instrument, time_ms.astype(np.int64), paid, received_ms)
    )
