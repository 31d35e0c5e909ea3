"""The values that scenario files are made of, as pydantic types, and the words for what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from harness.matching import JSON_PATH, show
from harness.problems import nearest, one_of
from harness.substitution import NAME
from harness.yaml_lines import Path


class Data(BaseModel):
    """What comes from a file: never changed after it was read, and no key but the declared ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([smhd])")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
Raw = Mapping[str, object]
CheckRule = Callable[[object], list[tuple[Path, str]]]


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("pesabox", "{message}", {"message": message})


def _duration(value: object) -> object:
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _wrong(f"expected a duration such as 60s, 5m, 2h or 1d, not {show(value)}")
    return timedelta(seconds=float(found[1]) * UNITS[found[2]])


def _instant(value: object) -> object:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise _wrong(f'expected a time with its zone, such as "2026-01-15T10:30:00+03:00", not {show(value)}')
    return instant


def _pattern(pattern: str, expected: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not (compiled.fullmatch(value) or NAME.search(value)):
            raise _wrong(f"expected {expected}, not {show(value)}")
        return value

    return check


def _line(value: str) -> str:
    method, _, path = value.partition(" ")
    if method not in METHODS:
        raise _wrong(f'unknown method "{method}"{nearest(method, METHODS)}')
    if not path.startswith("/") or " " in path:
        raise _wrong(f'expected a method and a path, such as "POST /deposits", not {show(value)}')
    return value


def _json_path(value: str) -> str:
    if not JSON_PATH.fullmatch(value):
        raise _wrong(f"expected a JSON path, such as $.a.b[0], not {show(value)}")
    return value


def _name(value: str) -> str:
    if not NAME.fullmatch("{" + value + "}"):
        raise _wrong(f'expected a name of small letters, digits and "_", not {show(value)}')
    return value


def _schema(pattern: str) -> WithJsonSchema:
    """How an editor knows such a text."""
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$"})


MSISDN = r"254[17][0-9]{8}"
AMOUNT = r"[0-9]+(\.[0-9]{1,2})?"

Duration = Annotated[timedelta, BeforeValidator(_duration), _schema(DURATION.pattern)]
Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Msisdn = Annotated[str, AfterValidator(_pattern(MSISDN, 'a Kenyan number such as "254708374149"')), _schema(MSISDN)]
Amount = Annotated[str, AfterValidator(_pattern(AMOUNT, 'an amount as text, such as "100.00"')), _schema(AMOUNT)]
Line = Annotated[str, AfterValidator(_line), _schema(rf"({'|'.join(METHODS)}) /[^ ]*")]
JsonPath = Annotated[str, AfterValidator(_json_path), _schema(JSON_PATH.pattern)]
Name = Annotated[str, AfterValidator(_name), _schema(NAME.pattern[2:-2])]
Save = Mapping[Name, JsonPath]


class BadFace(Exception):
    """An API answered in a shape that the harness does not know."""


def money(value: object) -> Decimal:
    """An amount that an API showed; it must be text, or the API is wrong."""
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        raise BadFace(f"expected an amount as text, got {show(value)}")
    return Decimal(value)


def without_echoes(errors: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Without a key that is missing only because it is misspelt: one mistake is told once."""
    unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
    for error in errors:
        *parent, key = error["loc"] or ("",)
        beside = [str(loc[-1]) for loc in unknown if list(loc[:-1]) == parent]
        if error["type"] != "missing" or not any("mean" in nearest(word, [str(key)]) for word in beside):
            yield error


def explain(error: ErrorDetails, model: type[BaseModel]) -> str:
    """One of pydantic's errors in our words, with the nearest right key where a key is wrong."""
    kind, wrong = error["type"], error["input"]
    key = error["loc"][-1] if error["loc"] else ""
    if kind == "missing":
        return f'"{key}" is missing'
    if kind == "extra_forbidden":
        return f'unknown key "{key}"{nearest(key, _keys(model, error["loc"][:-1]))}'
    if kind == "literal_error":
        words = re.findall(r"'([^']*)'", str(error["ctx"]["expected"]))
        near = nearest(wrong, words) if isinstance(wrong, str) else ""
        return f"expected {one_of(words)}, not {show(wrong)}" + (near if "did you mean" in near else "")
    return EXPECTED[kind].format(show(wrong), **error.get("ctx", {})) if kind in EXPECTED else error["msg"]


EXPECTED: Mapping[str, str] = {
    "string_type": "expected text, not {0}; put it in quotes",
    "int_type": "expected a whole number, not {0}",
    "bool_type": "expected true or false, not {0}",
    "float_type": "expected a number, not {0}",
    "dict_type": "expected a mapping, not {0}",
    "model_type": "expected a mapping, not {0}",
    "mapping_type": "expected a mapping, not {0}",
    "list_type": "expected a list, not {0}",
    "tuple_type": "expected a list, not {0}",
    "too_short": "expected at least {min_length} in this list",
    "greater_than_equal": "expected a number from {ge} on, not {0}",
    "less_than_equal": "expected a number up to {le}, not {0}",
    "less_than": "expected a number below {lt}, not {0}",
}


def _keys(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """The keys that the model at `path` knows, by the names a file uses."""
    for part in path:
        fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        inner = _model_in(fields.get(str(part)))
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(part) for part in get_args(annotation))
    return next((model for model in found if model is not None), None)
