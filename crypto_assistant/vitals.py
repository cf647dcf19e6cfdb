"""What the process knows of itself, for /status."""

import time
from dataclasses import dataclass, field

from crypto_assistant.store import Store


@dataclass(slots=True)
class Vitals:
    """Times are those of `time.monotonic`; what only the daemon has is None elsewhere.

    `polled`: when an attempt to fetch updates from Telegram last ended well. `failing`: why the
    last one did not, "" where it did.
    """

    started: float = field(default_factory=time.monotonic)
    store: Store | None = None
    polled: float | None = None
    failing: str = ""
