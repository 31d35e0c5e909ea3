"""How to read JSON that somebody else wrote: nothing here raises, what is not there or odd is None or empty."""

import re
from decimal import Decimal

import orjson

Json = dict[str, object]

REFERENCE = r"[!-~]{1,100}"
CODE = r"[A-Z]{0,3}_?-?[0-9]{1,9}"  # of banks: `0`, `-13`, `400105`, `S_001`


def object_in(raw: bytes) -> Json:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def inner(told: Json, name: str) -> Json:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def text(value: object, pattern: str) -> str | None:
    """The value as text of that form, be it text or a number; a boolean is neither."""
    found = str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    return found if re.fullmatch(pattern, found) else None


def reference(value: object) -> str | None:
    return text(value, REFERENCE) if isinstance(value, str) else None


def cents(value: object) -> int | None:
    found = text(value, r"[0-9]{1,12}(\.[0-9]{1,2}0*)?")
    return None if found is None else int(Decimal(found) * 100)


def typed(value: object) -> str:
    """What a person typed, fit to be kept; empty if it is no text or number."""
    found = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return printable(found).strip()[:100]


def printable(words: str) -> str:
    """Fit to be kept and shown, however long and odd they are."""
    return "".join(filter(str.isprintable, words))[:200]
