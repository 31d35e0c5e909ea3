"""How to read what Daraja sends.

Its callbacks are XML turned to JSON by a generic converter: digits become a number, a list of one becomes the one
itself, and an empty value has no key.
"""

import re
from decimal import Decimal

import orjson

Json = dict[str, object]

REFERENCE, RECEIPT = r"[!-~]{1,100}", r"[0-9A-Z]{1,20}"


def object_in(raw: bytes) -> Json:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def inner(told: Json, name: str) -> Json:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def items(container: Json, listed_as: str, *, by: str) -> Json:
    """Name → value of a list such as `{"Item": [{"Name": …, "Value": …}]}`."""
    found = container.get(listed_as)
    listed = found if isinstance(found, list) else [found]
    return {str(item.get(by)): item.get("Value") for item in listed if isinstance(item, dict)}


def text(value: object, pattern: str) -> str | None:
    """The value as text of that form, be it text or a number; a boolean is neither."""
    found = str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    return found if re.fullmatch(pattern, found) else None


def reference(value: object) -> str | None:
    return text(value, REFERENCE) if isinstance(value, str) else None


def cents(value: object) -> int | None:
    found = text(value, r"[0-9]{1,12}(\.[0-9]{1,2}0*)?")
    return None if found is None else int(Decimal(found) * 100)


def msisdn(value: object) -> str | None:
    """The number before the name in `254708374149 - JANE DOE`; production writes `0708374149` as well."""
    found = re.match(r"(?:254|0)([17][0-9]{8})\b", value) if isinstance(value, str) else None
    return None if found is None else f"254{found[1]}"


def result_code(told: Json) -> str | None:
    return text(told.get("ResultCode"), r"[0-9A-Z_]{1,20}")


def reason(told: Json) -> str:
    return printable(f"{result_code(told)} {told.get('ResultDesc')}")


def printable(words: str) -> str:
    """Fit to be kept and shown, however long and odd they are."""
    return "".join(filter(str.isprintable, words))[:200]
