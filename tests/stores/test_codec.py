"""Records as text and back. Every record class of the simulator is looked at, none is listed."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, NewType

import pytest
from msgspec import Struct, defstruct, field

import simulator
from simulator.core.clock import EAT
from simulator.core.data import Data
from simulator.core.faults import FaultRule
from simulator.core.journal import Event, EventKind, Json
from simulator.core.ledger import OUTSIDE, AccountName, Entry, transfer
from simulator.core.money import Money
from simulator.core.virtual_clock import VIRTUAL_START as NOON
from simulator.stores.codec import Unreadable, codec_of

GOLDEN = Path(__file__).parent / "golden" / "records.txt"
Name = NewType("Name", str)


class Colour(StrEnum):
    RED = "red"


class Inner(Struct, frozen=True):
    colour: Colour
    money: Money | None = None


class Whole(Struct, frozen=True):
    kind: ClassVar[str] = "whole"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: Name
    body: bytes
    day: date
    at: datetime
    inner: Inner
    told: Json
    headers: Mapping[str, str]
    timeline: tuple[tuple[datetime, Colour], ...] = ()
    pair: tuple[int, str] = (1, "a")
    latency: Mapping[str, float] = field(default_factory=dict)
    later: str = ""


LEAP = datetime(2028, 2, 29, 23, 59, 59, 999_999, tzinfo=EAT)
WHOLE = Whole(
    key=Name('nul \0, quote ", pile 💩, line \u2028'),
    body=bytes(range(256)),
    day=date(2028, 2, 29),
    at=LEAP,
    inner=Inner(Colour.RED, Money(-(2**60))),
    told={"a": [1, 1.5, None, True, {"b": ""}], "state": Colour.RED, "": []},
    headers=MappingProxyType({"Content-Type": "x"}),
    timeline=((NOON, Colour.RED), (NOON + timedelta(microseconds=1), Colour.RED)),
    latency={"a": 0.1, "b": 1e-300},
)
RULE = {
    "name": "r",
    "at": "daraja.*.callback",
    "when": {"amount": "5", "attempt": 2},
    "nth": [1, 3],
    "probability": 0.5,
    "effect": {"kind": "delay", "seconds": 1.5},
}


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(WHOLE, id="every type"),
        pytest.param(Entry("e", NOON, "p", transfer(OUTSIDE, AccountName("a"), Money(5))), id="an entry"),
        pytest.param(FaultRule.model_validate(RULE), id="a rule"),
        pytest.param(
            FaultRule.model_validate({**RULE, "when": {}, "nth": None, "effect": {"kind": "drop"}}), id="a short rule"
        ),
        pytest.param(Event(EventKind.ERROR, NOON, {"traceback": "\x1b[0m"}, "r1", "p1"), id="an event"),
    ],
)
def test_a_record_comes_back_as_it_was(record):
    codec = codec_of(type(record))
    again = codec.decode(codec.encode(record))
    assert again == record
    assert codec.encode(again) == codec.encode(record)


def test_times_come_back_in_nairobi():
    codec = codec_of(Event)
    again = codec.decode(codec.encode(Event(EventKind.ERROR, datetime(2026, 1, 15, 7, 30, tzinfo=UTC), {})))
    assert (again.at, again.at.tzinfo) == (NOON, EAT)


def test_a_field_that_was_not_there_yet_has_its_default():
    codec = codec_of(Whole)
    assert codec.decode(codec.encode(WHOLE).replace(',"later":""', "")) == WHOLE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param('"day":"2028-02-29",', "", id="a field is missing"),
        pytest.param('"later":""', '"much_later":""', id="a field is unknown"),
        pytest.param('"colour":"red"', '"colour":"green"', id="a value is unknown"),
        pytest.param('"2028-02-29"', '"yesterday"', id="a value is malformed"),
        pytest.param('[1,"a"]', "[1]", id="a tuple is short"),
        pytest.param('{"key"', '"key"', id="no object"),
    ],
)
def test_what_another_version_wrote_is_refused(before, after):
    text = codec_of(Whole).encode(WHOLE)
    assert before in text
    with pytest.raises(Unreadable, match="a Whole of another version"):
        codec_of(Whole).decode(text.replace(before, after))


class Model(Data):
    names: set[str]


@pytest.mark.parametrize(
    "hint",
    [set[str], list[str], "dict[int, str]", "str | int", "Mapping[int, str]", "frozenset[str] | None", "complex"],
)
def test_a_type_that_has_no_place_in_a_file_is_refused_by_its_name(hint):
    odd = defstruct("Odd", [("key", str), ("what", hint)], module=__name__)
    with pytest.raises(TypeError, match=r"Odd\.what"):
        codec_of(odd)


def test_a_value_that_is_not_what_its_field_declares_is_refused():
    with pytest.raises(TypeError):
        codec_of(Inner).encode(Inner(Colour.RED, {1, 2}))


# The records of the simulator.


def record_classes():
    names = [module.name for module in pkgutil.walk_packages(simulator.__path__, "simulator.")]
    classes = {one for name in names for one in vars(importlib.import_module(name)).values() if isinstance(one, type)}
    found = [one for one in classes if isinstance(vars(one).get("kind"), str) and "indexes" in vars(one)]
    return sorted(found, key=lambda record: record.kind)


def test_no_two_records_share_a_kind():
    kinds = [kind.kind for kind in record_classes()]
    assert sorted(set(kinds)) == kinds
    assert {"payment", "callback", "token", "daraja_stk_push"} <= set(kinds)


def test_every_record_can_be_kept_and_is_found_by_what_it_keeps():
    for kind in record_classes():
        codec_of(kind)
        assert kind.kind.isidentifier()
        if issubclass(kind, Struct):
            assert set(kind.indexes) <= set(kind.__struct_fields__), f"{kind.__name__} is found by a property"


def test_what_is_kept_changes_knowingly(golden):
    """A field that is new needs a default, so that files of the version before can be read; for anything else
    FORMAT in stores/sqlite_file.py is raised."""
    lines = []
    for kind in [*record_classes(), Event]:
        names = kind.__struct_fields__ if issubclass(kind, Struct) else kind.model_fields
        names = [f"{name}: {kind.__annotations__[name]}" for name in names]
        lines += [kind.kind if isinstance(kind.kind, str) else "event", *(f"  {name}" for name in names)]
    golden(GOLDEN, "\n".join(lines) + "\n")
