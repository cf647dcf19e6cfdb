"""All checks of the audit, by their names."""

from crypto_assistant.audit.candles import DAY, MARKS
from crypto_assistant.audit.check import Check
from crypto_assistant.audit.clock import CLOCK
from crypto_assistant.audit.funding import INTERVAL
from crypto_assistant.audit.interest import SIDES, USD
from crypto_assistant.audit.takers import TAKERS

CHECKS: dict[str, Check] = {
    check.name: check for check in (CLOCK, DAY, MARKS, TAKERS, USD, SIDES, INTERVAL)
}
