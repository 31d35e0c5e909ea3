"""What crosses the wire: the base of wire models, and the types that providers' JSON is made of."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from simulator.core.errors import InvalidField, MalformedBody
from simulator.core.journal import Json
from simulator.core.money import Money

JOURNALLED_DEPTH = 30
_DIGITS = re.compile(r"[0-9]{1,12}")


class Wire(BaseModel):
    """A provider's request: its spelling as aliases, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


W = TypeVar("W", bound=Wire)


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    raise ValueError("expected a whole number, or text of 1 to 12 digits")


def _digits(value: object) -> str:
    """Digits as they were written: a leading zero of a text stays."""
    return value if isinstance(value, str) and _DIGITS.fullmatch(value) else str(_whole(value))


Whole = Annotated[int, BeforeValidator(_whole)]
Digits = Annotated[str, BeforeValidator(_digits)]


def load_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; `MalformedBody` when it is something else."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedBody(f"the body is not JSON: {error}") from None
    if not isinstance(told, dict):
        raise MalformedBody("the body is JSON, and not an object")
    return told


def dumped(told: object) -> bytes:
    """JSON to be kept: as long as its text, where what the library gives may have kilobytes of room behind it."""
    return bytes(memoryview(orjson.dumps(told)))


def read(model: type[W], told: dict[str, Any]) -> W:
    """The wire model; `InvalidField` names the first bad field in the order that the model declares. Null is absent."""
    try:
        return model.model_validate({name: value for name, value in told.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise InvalidField(str(first["loc"][0]), first["msg"].removeprefix("Value error, ")) from None


def told_in_journal(body: bytes, secrets: frozenset[str]) -> Json:
    """A body for the journal: parsed, with secrets told by their length; what is no JSON by its size."""
    try:
        return _hide(orjson.loads(body), secrets, JOURNALLED_DEPTH)
    except orjson.JSONDecodeError:
        return f"({len(body)} bytes that are no JSON)"


def _hide(told: Any, secrets: frozenset[str], depth: int) -> Json:
    """What was just parsed, and is nobody else's: it is changed in its place."""
    places = told.items() if type(told) is dict else enumerate(told) if type(told) is list else ()
    if places and depth == 0:
        return "(deeper than the journal looks)"
    for place, value in places:
        if place in secrets:
            told[place] = hidden(value)
        elif type(value) is dict or type(value) is list:
            told[place] = _hide(value, secrets, depth - 1)
    return told  # type: ignore[no-any-return]  # JSON


def told_query(query: str, secrets: frozenset[str]) -> str:
    """A query string for the journal."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, hidden(value) if name in secrets else value) for name, value in pairs])


def hidden(secret: object) -> str:
    return f"({len(str(secret))} characters)"


def two_places(amount: Money) -> orjson.Fragment:
    """`1.00` as a JSON number, as Daraja's converter writes it."""
    return orjson.Fragment(str(amount).encode())
