"""What may be sent instead of what was meant: every field of a good body, and the body as a whole, made odd.

Everything is drawn from a seed, so that a request that was answered wrongly can be sent again.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field

JSON_TYPE = "application/json"
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

    def odd(self, method: str, path: str, good: dict[str, object], headers: dict[str, str]) -> Request:
        make = self.chance.choice(
            [self._odd_field] * 12
            + [self._missing, self._doubled, self._two_odd, self._odd_body, self._odd_type, self._deep]
        )
        body, changed, note = make(good)
        return Request(method, path, body, {"Content-Type": JSON_TYPE, **headers, **changed}, note)

    def _odd_field(self, good: dict[str, object]) -> tuple[bytes, dict[str, str], str]:
        name = self.chance.choice(list(good))
        return _with(good, {name: self.chance.choice(RAW_VALUES)}), {}, f"odd {name}"

    def _two_odd(self, good: dict[str, object]) -> tuple[bytes, dict[str, str], str]:
        names = self.chance.sample(list(good), k=min(2, len(good)))
        return _with(good, {name: self.chance.choice(RAW_VALUES) for name in names}), {}, f"odd {names}"

    def _missing(self, good: dict[str, object]) -> tuple[bytes, dict[str, str], str]:
        name = self.chance.choice(list(good))
        kept = {key: value for key, value in good.items() if key != name}
        if self.chance.random() < 0.3:
            kept[name.swapcase()] = good[name]
        return json.dumps(kept).encode(), {}, f"without {name}"

    def _doubled(self, good: dict[str, object]) -> tuple[bytes, dict[str, str], str]:
        name, whole = self.chance.choice(list(good)), json.dumps(good)
        again = f", {json.dumps(name)}: {self.chance.choice(RAW_VALUES)}}}"
        return (whole[:-1] + again).encode("utf-8", "surrogatepass"), {}, f"{name} twice"

    def _deep(self, good: dict[str, object]) -> tuple[bytes, dict[str, str], str]:
        depth, name = self.chance.choice([50, 500, 5000, 200_000]), self.chance.choice(list(good))
        opened, closed = self.chance.choice([("[", "]"), ('{"a":', "}")])
        return _with(good, {name: opened * depth + "1" + closed * depth}), {}, f"{name} {depth} deep"

    def _odd_body(self, good: dict[str, object]) -> tuple[bytes, dict[str, str], str]:
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

    def _odd_type(self, good: dict[str, object]) -> tuple[bytes, dict[str, str], str]:
        return json.dumps(good).encode(), {"Content-Type": self.chance.choice(CONTENT_TYPES)}, "odd content type"


def huge(method: str, path: str, headers: dict[str, str], *, megabytes: int = 10) -> Request:
    """A body that nobody means."""
    body = b'{"a":"' + b"x" * (megabytes * 1024 * 1024) + b'"}'
    return Request(method, path, body, {"Content-Type": JSON_TYPE, **headers}, f"{megabytes} MB")


def _with(good: dict[str, object], raw: dict[str, str]) -> bytes:
    """The body in which some values are raw JSON, or what looks like it."""
    pairs = [f"{json.dumps(name)}: {raw.get(name, json.dumps(value))}" for name, value in good.items()]
    return ("{" + ", ".join(pairs) + "}").encode("utf-8", "surrogatepass")
