"""Tampering: what a forger makes of a callback, and how a message arrives broken. Pure: the callback itself stays.

What is invented or breaks is drawn by key, so that a replay sees the same.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from simulator.core.faults import Corrupt, Forge, How, Knows
from simulator.core.journal import Json

if TYPE_CHECKING:
    from simulator.core.entropy import Entropy
    from simulator.core.outbox import Callback

FORGER_ADDRESS = "127.0.0.66"

Parent: TypeAlias = "dict[str, Any] | list[Any]"

NOT_JSON = (
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>",
    b'<?xml version="1.0" encoding="UTF-8"?><Result><ResultCode>0</ResultCode></Result>',
    b"ResultCode=0&ResultDesc=The+service+request+is+processed+successfully.",
)
# A whole segment of the path, or a whole value of the query, that nobody guesses.
_TOKEN = re.compile(r"(?<=[/=])(?=[^/?&#]*[0-9])[A-Za-z0-9_-]{16,}(?=[/?&#]|$)")
_DECIMAL = re.compile(r'"\\u0000(-?[0-9][0-9.eE+-]*)"')
_NAMES, _VALUE = ("Name", "Key"), "Value"


class WireNames(Struct, frozen=True):
    """Under which names a provider's callbacks tell what a payment is called, and what proves it."""

    references: frozenset[str] = frozenset()
    receipts: frozenset[str] = frozenset()

    def unknown_to(self, knows: Knows) -> frozenset[str]:
        """What a forger has to invent who knows so much."""
        unknown = {Knows.URL: self.references | self.receipts, Knows.REFERENCE: self.receipts}
        return unknown.get(knows, frozenset())


def forged(callback: Callback, effect: Forge, names: WireNames, entropy: Entropy) -> Callback:
    """The message of somebody who knows some of it. Amount and payer are genuine: the forger is often the customer."""
    unknown = names.unknown_to(effect.knows)

    def alter(told: Any) -> Any:
        for field in [field for field in _fields(told) if field.name in unknown and isinstance(field.value, str)]:
            field.put(_invented(field.value, entropy))
        return _changed(told, effect.changes)

    url = callback.url if effect.knows is Knows.URL else _another_token(callback.url, entropy)
    headers = callback.headers if effect.knows is Knows.EVERYTHING else _without_credentials(callback.headers)
    return replace(_altered(callback, alter), url=url, headers=headers, is_forged=True)


def _without_credentials(headers: Mapping[str, str]) -> Mapping[str, str]:
    """What proves the provider to its client is no part of a body or an address."""
    return {name: value for name, value in headers.items() if name != "Authorization"}


def corrupted(callback: Callback, effect: Corrupt, entropy: Entropy, *key: object) -> Callback:
    """The message as it arrives after something broke it."""
    draw = entropy.draw("corrupt", *key)
    if effect.how is How.TRUNCATED:
        body = callback.body[: max(1, int(draw * len(callback.body)))]
        return replace(callback, body=body, journalled=_cut(callback, body))
    if effect.how is How.NOT_JSON:
        body = NOT_JSON[int(draw * len(NOT_JSON))]
        return replace(callback, body=body, journalled=body.decode())
    spoil = _Field.drop if effect.how is How.MISSING_FIELD else _Field.put_wrong_type
    return _altered(callback, lambda told: _spoilt(told, draw, spoil))


# Fields, wherever they stand.


class _Field(Struct, frozen=True):
    """A named value in a body: of a mapping, or an item such as `{"Name": …, "Value": …}` of a list."""

    name: str
    parent: Parent
    place: str | int
    is_item: bool = False

    @property
    def value(self) -> Any:
        found: Any = self.parent[self.place]  # type: ignore[index]
        return found.get(_VALUE) if self.is_item else found

    def put(self, value: Any) -> None:
        if self.is_item:
            self.parent[self.place][_VALUE] = value  # type: ignore[index]
        else:
            self.parent[self.place] = value  # type: ignore[index]

    def drop(self) -> None:
        del self.parent[self.place]  # type: ignore[arg-type]

    def put_wrong_type(self) -> None:
        """A number becomes text, anything else a list that holds it."""
        value = self.value
        is_number = isinstance(value, int | float | _Decimal) and not isinstance(value, bool)
        self.put(str(value).strip("\0") if is_number else [value])


def _fields(told: Any) -> Iterator[_Field]:
    """All fields in order, those around others before them."""
    places: Any = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    for place, value in list(places):
        name = _item_name(value)
        if name is not None:
            yield _Field(name, told, place, is_item=True)
            continue
        if isinstance(told, dict):
            yield _Field(place, told, place)
        yield from _fields(value)


def _item_name(value: Any) -> str | None:
    """The name of an item that is a name with perhaps a value."""
    if not isinstance(value, dict) or not value.keys() <= {*_NAMES, _VALUE}:
        return None
    return next((value[name] for name in _NAMES if isinstance(value.get(name), str)), None)


def _changed(told: Any, changes: Mapping[str, Json]) -> Any:
    """With other values; a name that is nowhere in the body is added beside the outermost ones."""
    for name, value in changes.items():
        found = [field for field in _fields(told) if field.name == name]
        for field in found:
            field.put(value)
        if not found and isinstance(told, dict):
            told[name] = value
    return told


def _spoilt(told: Any, draw: float, spoil: Callable[[_Field], None]) -> Any:
    fields = list(_fields(told))
    if fields:
        spoil(fields[int(draw * len(fields))])
    return told


# Invention.


def _another_token(url: str, entropy: Entropy) -> str:
    """With another token in the place of the longest one; a URL without one stays."""
    tokens = list(_TOKEN.finditer(url))
    if not tokens:
        return url
    longest = max(tokens, key=lambda token: len(token.group()))
    return url[: longest.start()] + _another(longest.group(), entropy) + url[longest.end() :]


def _invented(reference: str, entropy: Entropy) -> str:
    """Another reference of the same shape: what stands before the first digit is its kind, and stays."""
    kind = re.match(r"[^0-9]*(?=[0-9])", reference)
    start = kind.end() if kind else 0
    return reference[:start] + _another(reference[start:], entropy)


def _another(text: str, entropy: Entropy) -> str:
    """Every digit another digit, every letter another letter; hexadecimal stays so."""
    letters = {letter for letter in text.lower() if letter.isalpha()}
    alphabet = "abcdef" if letters <= set("abcdef") else string.ascii_lowercase
    alphabets = (string.digits, alphabet, alphabet.upper())
    return "".join(_other(letter, alphabets, entropy.number("forge", text, place)) for place, letter in enumerate(text))


def _other(letter: str, alphabets: Collection[str], number: int) -> str:
    for alphabet in alphabets:
        if letter in alphabet:
            return alphabet[(alphabet.index(letter) + 1 + number % (len(alphabet) - 1)) % len(alphabet)]
    return letter


# Bodies.


class _Decimal(str):
    """A decimal as it was written: `1.00` stays `1.00`."""


def _altered(callback: Callback, alter: Callable[[Any], Any]) -> Callback:
    """With an altered body. The journal tells it as it is, or as much of it as it told of the genuine one."""
    try:
        written = json.loads(callback.body, parse_float=lambda text: _Decimal(f"\0{text}"))
    except ValueError:
        return callback
    told = json.dumps(alter(written), ensure_ascii=False, separators=(",", ":"))
    body = _DECIMAL.sub(r"\1", told).encode()
    if _is_told_whole(callback):
        return replace(callback, body=body, journalled=None)
    copy = json.loads(json.dumps(callback.journalled))
    return replace(callback, body=body, journalled=alter(copy))


def _cut(callback: Callback, body: bytes) -> str:
    """The beginning of a message, as the journal tells it: not at all where the whole holds what it does not tell."""
    return body.decode("utf-8", "replace") if _is_told_whole(callback) else f"(the first {len(body)} bytes)"


def _is_told_whole(callback: Callback) -> bool:
    """Whether the journal hides nothing of the message."""
    try:
        return callback.journalled is None or bool(callback.journalled == json.loads(callback.body))
    except ValueError:
        return False
