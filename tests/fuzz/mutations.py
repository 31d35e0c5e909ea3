"""What may be sent instead of what was meant: every field of a good body, and the body as a whole, made odd.

Everything is drawn from a seed, so that a request that was answered wrongly can be sent again.
"""

from __future__ import annotations

import copy
import functools
import json
import random
from dataclasses import dataclass, field
from typing import Any, TypeAlias

JSON_TYPE = "application/json"
Good: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str | int, ...]  # keys and indexes, from the outside in
RAW_VALUES = (
    "null", "true", "false", "0", "-1", "-0", "1.5", "1.0", "1e3", "1e999", "-1e999", "NaN", "Infinity",
    "1" + "0" * 30, "9" * 400, "0.1" + "0" * 300 + "1", '""', '" "', '"0"', '"-1"', '"00100"', '"1e3"', '"0x10"',
    '"١٢٣"', '"１００"', '"१००"', '"²"', '"100 "', '"100\\u0000"', '"\\ud800"', '"\\u202e100"', '"' + "9" * 13 + '"',
    '"' + "x" * 5000 + '"', "[]", "{}", '["100"]', '{"a":1}', "[[[[[[]]]]]]", '"<script>"', "\"' OR 1=1 --\"",
    '"http://"', '"ftp://app.test/"', '"https://"', '"http://app.test:99999/"', '"http://[::1/"', '"//app.test"',
    '"254708374149"', "254708374149", "254708374149.0", '"0708374149"', '"+254708374149"', '"255708374149"',
    '"2547083741490"', '"20261332256199"', '"99999999999999"', "20260115103000",
    '"CustomerBuyGoodsOnline"', '"Completed"',
)  # fmt: skip
CONTENT_TYPES = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/xml",
    "",
    "application/json; charset=utf-16",
)


@dataclass(frozen=True)
class Request:
    """As it is sent. `is_meant` says that nothing was made odd."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def told(self) -> str:
        return f"{self.method} {self.path} {self.note}: {self.body[:300]!r}"


@dataclass
class Mutator:
    """Makes odd requests of a good one."""

    chance: random.Random

    def odd(self, method: str, path: str, good: Good, headers: dict[str, str]) -> Request:
        make = self.chance.choice(
            [self._odd_field] * 12
            + [self._missing, self._doubled, self._two_odd, self._odd_body, self._odd_type, self._deep]
        )
        body, changed, note = make(good)
        return Request(method, path, body, {"Content-Type": JSON_TYPE, **headers, **changed}, note)

    def _odd_field(self, good: Good) -> tuple[bytes, dict[str, str], str]:
        place = self.chance.choice(_places(good))
        return _with(good, {place: self.chance.choice(RAW_VALUES)}), {}, f"odd {_told(place)}"

    def _two_odd(self, good: Good) -> tuple[bytes, dict[str, str], str]:
        places = _places(good)
        places = self.chance.sample(places, k=min(2, len(places)))
        raw = {place: self.chance.choice(RAW_VALUES) for place in places}
        return _with(good, raw), {}, f"odd {' and '.join(map(_told, places))}"

    def _missing(self, good: Good) -> tuple[bytes, dict[str, str], str]:
        place = self.chance.choice(_places(good))
        kept = copy.deepcopy(good)
        *inside, name = place
        where = functools.reduce(lambda whole, part: whole[part], inside, kept)
        value = where.pop(name)
        if isinstance(name, str) and self.chance.random() < 0.3:
            where[name.swapcase()] = value
        return json.dumps(kept).encode(), {}, f"without {_told(place)}"

    def _doubled(self, good: Good) -> tuple[bytes, dict[str, str], str]:
        name, whole = self.chance.choice(list(good)), json.dumps(good)
        again = f", {json.dumps(name)}: {self.chance.choice(RAW_VALUES)}}}"
        return (whole[:-1] + again).encode("utf-8", "surrogatepass"), {}, f"{name} twice"

    def _deep(self, good: Good) -> tuple[bytes, dict[str, str], str]:
        depth, place = self.chance.choice([50, 500, 5000, 200_000]), self.chance.choice(_places(good))
        opened, closed = self.chance.choice([("[", "]"), ('{"a":', "}")])
        return _with(good, {place: opened * depth + "1" + closed * depth}), {}, f"{_told(place)} {depth} deep"

    def _odd_body(self, good: Good) -> tuple[bytes, dict[str, str], str]:
        whole = json.dumps(good).encode()
        cut = self.chance.randrange(len(whole))
        noise = bytes(self.chance.randrange(256) for _ in range(40))
        other = [b"", b" ", b"null", b"[]", b'"text"', b"17", b"NaN", b"\xff\xfe\x00", b"<xml/>", b"a=1&b=2", noise]
        cut_up = [whole[:cut], whole[:cut] + b"\x00" + whole[cut:], whole + whole, whole + b" trailing"]
        dressed = [
            b"[" + whole + b"]",
            b"\xef\xbb\xbf" + whole,
            whole.replace(b'"', b"'"),
            whole.replace(b":", b"=", 1),
        ]
        odd = self.chance.choice([*other, *cut_up, *dressed])
        return odd, {}, "odd body"

    def _odd_type(self, good: Good) -> tuple[bytes, dict[str, str], str]:
        return json.dumps(good).encode(), {"Content-Type": self.chance.choice(CONTENT_TYPES)}, "odd content type"


def huge(method: str, path: str, headers: dict[str, str], *, megabytes: int = 10) -> Request:
    """A body that nobody means."""
    body = b'{"a":"' + b"x" * (megabytes * 1024 * 1024) + b'"}'
    return Request(method, path, body, {"Content-Type": JSON_TYPE, **headers}, f"{megabytes} MB")


def _places(value: Any, inside: Place = ()) -> list[Place]:
    """Of every value in a body: the objects and lists, too, and what is in them."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, part in parts for place in [(*inside, name), *_places(part, (*inside, name))]]


def _told(place: Place) -> str:
    return ".".join(map(str, place))


def _with(good: Good, raw: dict[Place, str]) -> bytes:
    """The body in which some values are raw JSON, or what looks like it."""
    return _text(good, raw, ()).encode("utf-8", "surrogatepass")


def _text(value: Any, raw: dict[Place, str], place: Place) -> str:
    if place in raw:
        return raw[place]
    if isinstance(value, dict):
        parts = (f"{json.dumps(name)}: {_text(part, raw, (*place, name))}" for name, part in value.items())
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_text(part, raw, (*place, number)) for number, part in enumerate(value)) + "]"
    return json.dumps(value)
