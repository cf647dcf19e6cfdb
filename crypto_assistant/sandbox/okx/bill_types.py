"""OKX's own list of the types of bills.

https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-bill-types
"""

from collections.abc import Mapping
from typing import Final

from crypto_assistant.sandbox.face import Query
from crypto_assistant.sandbox.okx.answers import Row, answer, several


def subtypes(query: Query, _now: int) -> Row:
    types = several(query, "type", 100)
    rows = [
        {
            "type": number,
            "typeDesc": name,
            "subTypeDetails": [
                {"subType": detail, "subTypeDesc": text} for detail, text in details.items()
            ],
        }
        for number, (name, details) in _TYPES.items()
        if not types or number in types
    ]
    return answer(rows)


_TYPES: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "1": ("Transfer", {"11": "Transfer in", "12": "Transfer out"}),
    "2": (
        "Trade",
        {
            "1": "Buy", "2": "Sell", "3": "Open long", "4": "Open short", "5": "Close long",
            "6": "Close short",
        },
    ),
    "3": ("Delivery", {"112": "Delivery long", "113": "Delivery short"}),
    "5": (
        "Liquidation",
        {
            "100": "Partial liquidation close long", "101": "Partial liquidation close short",
            "102": "Partial liquidation buy", "103": "Partial liquidation sell",
            "104": "Liquidation long", "105": "Liquidation short", "106": "Liquidation buy",
            "107": "Liquidation sell",
        },
    ),
    "7": ("Interest deduction", {"9": "Interest deduction for Market loans"}),
    "8": ("Funding fee", {"173": "Funding fee expense", "174": "Funding fee income"}),
    "9": (
        "ADL",
        {
            "125": "ADL close long", "126": "ADL close short", "127": "ADL buy", "128": "ADL sell",
        },
    ),
}  # fmt: skip
