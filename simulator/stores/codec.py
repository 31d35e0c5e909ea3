"""Records as JSON text and back, by the types that their fields declare. No record class is listed anywhere.

A class whose fields this does not know how to keep is refused when the first of its records is put.
"""

from __future__ import annotations

import base64
import functools
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

import orjson
from msgspec import Struct
from msgspec.structs import asdict
from pydantic import BaseModel

from simulator.core.clock import nairobi

T = TypeVar("T")
Decoder: TypeAlias = Callable[[Any], Any]

SCALARS = (str, int, float, bool, object)  # object: JSON as it came


class Unreadable(Exception):
    """What is kept is not what this version of pesabox would have written."""


class Codec(Struct, Generic[T], frozen=True):
    kind: type[T]
    _decode: Decoder

    def encode(self, record: T) -> str:
        return orjson.dumps(record, default=_plain).decode()

    def decode(self, text: str) -> T:
        """The same record again; `Unreadable` when another version wrote it."""
        try:
            record: T = self._decode(orjson.loads(text))
        except (ValueError, TypeError, KeyError) as error:
            raise Unreadable(f"a {self.kind.__name__} of another version: {error}") from None
        return record


@functools.cache
def codec_of(kind: type[T]) -> Codec[T]:
    """`TypeError` when a field is of a type that has no place in a file."""
    return Codec(kind, _decoder(kind, kind.__name__))


def _plain(value: object) -> object:
    """What the JSON library does not know by itself. A model tells only what it was told, as its rules expect."""
    if isinstance(value, Struct):
        return asdict(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} has no place in a file")


def _decoder(hint: Any, where: str) -> Decoder:
    hint = getattr(hint, "__supertype__", hint)  # a NewType is what it is made of
    if hint in SCALARS:
        return _as_it_is
    if hint in _BY_TYPE:
        return _BY_TYPE[hint]
    origin = get_origin(hint)
    if origin is not None:
        return _container(origin, get_args(hint), where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint.model_validate
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _struct(hint)
    raise TypeError(f"{where} is {hint}: a store does not know how to keep that")


def _as_it_is(value: Any) -> Any:
    return value


_BY_TYPE: Mapping[Any, Decoder] = {
    datetime: lambda told: nairobi(datetime.fromisoformat(told)),
    date: date.fromisoformat,
    bytes: base64.b64decode,
}


def _container(origin: Any, inner: tuple[Any, ...], where: str) -> Decoder:
    if origin is types.UnionType and len(inner) == 2 and inner[1] is types.NoneType:
        some = _decoder(inner[0], where)
        return lambda told: None if told is None else some(told)
    if origin is Mapping and inner[0] is str:
        each = _decoder(inner[1], where)
        return lambda told: {key: each(value) for key, value in told.items()}
    if origin is Sequence or (origin is tuple and inner[1:] == (...,)):
        every = _decoder(inner[0], where)
        return lambda told: tuple(map(every, told))
    if origin is tuple:
        parts = [_decoder(part, where) for part in inner]
        return lambda told: tuple(part(value) for part, value in zip(parts, told, strict=True))
    raise TypeError(f"{where} is {origin} of {inner}: a store does not know how to keep that")


def _struct(kind: type[Struct]) -> Decoder:
    hints, names = get_type_hints(kind, localns={"Json": object}), kind.__struct_fields__
    parts = {name: _decoder(hints[name], f"{kind.__name__}.{name}") for name in names}
    needed = set(names[: len(names) - len(kind.__struct_defaults__)])

    def decode(values: dict[str, Any]) -> Any:
        if len(values) != len(parts) and (missing := needed - values.keys()):
            raise ValueError(f"it has no {', '.join(sorted(missing))}")
        return kind(**{name: parts[name](value) for name, value in values.items()})

    return decode
