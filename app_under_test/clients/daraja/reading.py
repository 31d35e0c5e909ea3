"""How to read what Daraja sends.

Its callbacks are XML turned to JSON by a generic converter: digits become a number, a list of one becomes the one
itself, and an empty value has no key.
"""

import re

from app_under_test.clients.reading import Json, printable, text

RECEIPT = r"[0-9A-Z]{1,20}"


def items(container: Json, listed_as: str, *, by: str) -> Json:
    """Name → value of a list such as `{"Item": [{"Name": …, "Value": …}]}`."""
    found = container.get(listed_as)
    listed = found if isinstance(found, list) else [found]
    return {str(item.get(by)): item.get("Value") for item in listed if isinstance(item, dict)}


def msisdn(value: object) -> str | None:
    """The number before the name in `254708374149 - JANE DOE`; production writes `0708374149` as well."""
    found = re.match(r"(?:254|0)([17][0-9]{8})\b", value) if isinstance(value, str) else None
    return None if found is None else f"254{found[1]}"


def result_code(told: Json) -> str | None:
    return text(told.get("ResultCode"), r"[0-9A-Z_]{1,20}")


def reason(told: Json) -> str:
    return printable(f"{result_code(told)} {told.get('ResultDesc')}")
