"""The accounts of Bybit and OKX have the fields that the exchanges were recorded sending.

Runs where a folder of recorded responses lies beside the checkout.
"""

from typing import Any
from urllib.parse import parse_qsl

import pytest

from crypto_assistant.sandbox.catalog import DAY
from tests.sandbox.conftest import NOW, Client
from tests.sandbox.readers import BybitReader, OkxReader, Reader
from tests.sandbox.test_recorded import differences, recorded
from tests.shared import needs_shared

pytestmark = needs_shared

WEEK = f"startTime={NOW - 7 * DAY}&endTime={NOW}"
BYBIT_NUMBERS = frozenset(
    {"unifiedMarginStatus", "timeWindow", "smpGroup", "positionIdx", "adlRankIndicator"}
    | {"riskId", "autoAddMargin", "tradeMode"}
)

OTHER_GROUPS = "FiatP2P FiatConvertBroker FiatBitPay FiatBybitPay BitCard ByXPost"

# Recorded entry, our path, fields that the exchange has dropped or only has in samples.
BYBIT = [
    ("account_config/000", "/v5/account/info", ""),
    ("account_config/002", "/v5/account/info", ""),
    ("api_key_permissions/001", "/v5/user/query-api", OTHER_GROUPS),
    ("api_key_permissions/002", "/v5/user/query-api", OTHER_GROUPS),
    ("unified_balance/002", "/v5/account/wallet-balance?accountType=UNIFIED", ""),
    (
        "funding_balance/001",
        "/v5/asset/transfer/query-account-coin-balance?accountType=UNIFIED&coin=USDT",
        "",
    ),
    ("funding_balance/003", "/v5/asset/transfer/query-account-coins-balance?accountType=FUND", ""),
    ("positions/001", "/v5/position/list?category=linear&settleCoin=USDT", ""),
    ("positions/007", "/v5/position/list?category=inverse", "mmrSysUpdateTime"),
    ("closed_pnl/000", "/v5/position/closed-pnl?category=linear", ""),
    ("closed_pnl/003", "/v5/position/closed-pnl?category=linear", ""),
    ("transaction_log/000", f"/v5/account/transaction-log?{WEEK}", "nextPageCursor"),
    ("transaction_log/002", f"/v5/account/transaction-log?{WEEK}", ""),
    ("fills/002", f"/v5/execution/list?category=spot&{WEEK}", "nextPageCursor"),
    ("fills/003", "/v5/execution/list?category=linear", "nextPageCursor"),
    ("fills/006", "/v5/execution/list?category=linear", ""),
]
OKX = [
    ("account_config_and_permissions/000", "/api/v5/account/config", ""),
    ("account_config_and_permissions/002", "/api/v5/account/config", ""),
    ("trading_balance/000", "/api/v5/account/balance", ""),
    ("trading_balance/006", "/api/v5/account/balance", "maxSpotInUseAmt"),
    ("funding_balance/000", "/api/v5/asset/balances", ""),
    ("positions/000", "/api/v5/account/positions", ""),
    ("positions/003", "/api/v5/account/positions", ""),
    ("positions_history/000", "/api/v5/account/positions-history", ""),
    ("positions_history/003", "/api/v5/account/positions-history", ""),
    ("bills/006", "/api/v5/account/bills-archive", ""),
    ("bills/007", "/api/v5/account/bills", ""),
    ("bill_types/000", "/api/v5/account/subtypes", ""),
    ("fills/003", "/api/v5/trade/fills-history?instType=SPOT", ""),
    ("fills/004", "/api/v5/trade/fills", ""),
]


def numbered(body: Any) -> Any:
    """Some bodies were recorded with all their numbers as text."""
    if isinstance(body, list):
        return [numbered(item) for item in body]
    if not isinstance(body, dict):
        return body
    return {k: int(v) if k in BYBIT_NUMBERS else numbered(v) for k, v in body.items()}


async def asked(reader: Reader, link: str) -> Any:
    path, _, query = link.partition("?")
    return await reader(path, **dict(parse_qsl(query)))


@pytest.mark.parametrize(("entry", "path", "dropped"), BYBIT)
async def test_bybit_sends_the_recorded_fields(
    client: Client, entry: str, path: str, dropped: str
) -> None:
    ours = await asked(BybitReader(client), path)
    theirs = numbered(recorded(f"bybit/{entry}"))
    assert differences(theirs, ours, {*dropped.split(), "seq"}) == []


@pytest.mark.parametrize(("entry", "path", "dropped"), OKX)
async def test_okx_sends_the_recorded_fields(
    client: Client, entry: str, path: str, dropped: str
) -> None:
    ours = await asked(OkxReader(client), path)
    assert differences(recorded(f"okx/{entry}"), ours, set(dropped.split())) == []
