"""The fault engine: rules as data, where they may apply, and choosing one. What an effect does is done at its point.

A rule says where (`provider.operation.point`), when (facts, the n-th match, a probability) and what (one effect).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias

from msgspec import Struct
from pydantic import BeforeValidator, Field, JsonValue, field_validator, model_validator

from simulator.core.data import Data
from simulator.core.money import Money

if TYPE_CHECKING:
    from simulator.core.entropy import Entropy
    from simulator.core.store import Transaction
    from simulator.core.worlds import World

Seconds = Annotated[float, Field(ge=0, le=31_536_000, strict=True)]
_PLACE = re.compile(r"(\*|[a-z0-9_]+)\.(\*|[a-z0-9_]+)\.([a-z_]+)")


class Delay(Data):
    """Waits before going on."""

    kind: Literal["delay"]
    seconds: Seconds


class Hang(Data):
    """Answers nothing for so long, then closes the connection unanswered."""

    kind: Literal["hang"]
    seconds: Seconds = 600


class Refuse(Data):
    """Answers with an error of the provider's catalogue, or with any status and body."""

    kind: Literal["refuse"]
    error: str | None = None
    status: Annotated[int, Field(ge=200, le=599, strict=True)] | None = None
    body: str = ""

    @model_validator(mode="after")
    def _one_of_two(self) -> Refuse:
        if (self.error is None) == (self.status is None):
            raise ValueError("refuse takes either `error` or `status`")
        return self


class Reset(Data):
    """Resets the connection."""

    kind: Literal["reset"]


class CallbackFirst(Data):
    """Keeps the acknowledgement back until the callback was delivered."""

    kind: Literal["callback_first"]


class Fail(Data):
    """The payment fails with this result code of the provider."""

    kind: Literal["fail"]
    code: str


class Drop(Data):
    """The delivery never leaves."""

    kind: Literal["drop"]


class Duplicate(Data):
    """Delivers again, so many times, so long after one another."""

    kind: Literal["duplicate"]
    copies: Annotated[int, Field(ge=1, le=100, strict=True)] = 1
    after_seconds: Seconds = 0


class Reorder(Data):
    """Lets so many later callbacks of the world pass, or all that is still to come where there are not so many."""

    kind: Literal["reorder"]
    behind: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1


class Knows(StrEnum):
    """What a forger has seen of the genuine message."""

    URL = "url"
    REFERENCE = "reference"
    EVERYTHING = "everything"


class Forge(Data):
    """Somebody else sends a message first, with some fields altered."""

    kind: Literal["forge"]
    knows: Knows
    changes: Mapping[str, JsonValue] = Field(default_factory=dict)


class How(StrEnum):
    """How a message breaks."""

    TRUNCATED = "truncated"
    NOT_JSON = "not_json"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"


class Corrupt(Data):
    """The message arrives broken, this once."""

    kind: Literal["corrupt"]
    how: How


Effect: TypeAlias = Annotated[
    Delay | Hang | Refuse | Reset | CallbackFirst | Fail | Drop | Duplicate | Reorder | Forge | Corrupt,
    Field(discriminator="kind"),
]

EFFECT_MODELS: Mapping[str, type[Data]] = {
    "delay": Delay,
    "hang": Hang,
    "refuse": Refuse,
    "reset": Reset,
    "callback_first": CallbackFirst,
    "fail": Fail,
    "drop": Drop,
    "duplicate": Duplicate,
    "reorder": Reorder,
    "forge": Forge,
    "corrupt": Corrupt,
}
EFFECTS = {
    "request": frozenset({"delay", "hang", "refuse", "reset"}),
    "processing": frozenset({"delay", "fail"}),
    "acknowledgement": frozenset({"delay", "hang", "refuse", "reset", "callback_first"}),
    "callback": frozenset({"delay", "drop", "duplicate", "reorder", "forge", "corrupt"}),
}
_PAYMENT_FACTS = frozenset({"operation", "occurrence", "msisdn", "amount", "reference"})
FACTS = {
    "request": frozenset({"operation", "occurrence"}),
    "processing": _PAYMENT_FACTS,
    "acknowledgement": _PAYMENT_FACTS,
    "callback": _PAYMENT_FACTS | {"attempt"},
}


class When(Data):
    """Facts that must hold. `occurrence` counts what happened at the rule's place to the same reference or MSISDN."""

    operation: str | None = None
    occurrence: Annotated[int, Field(ge=1, strict=True)] | None = None
    msisdn: str | None = None
    amount: str | None = None
    reference: str | None = None
    attempt: Annotated[int, Field(ge=1, strict=True)] | None = None

    @field_validator("amount")
    @classmethod
    def _is_money(cls, text: str | None) -> str | None:
        return None if text is None else str(Money.parse(text))


class Facts(Struct, frozen=True):
    """What is known of an operation at a point; empty where it is not known yet."""

    operation: str
    msisdn: str = ""
    amount: str = ""
    reference: str = ""
    attempt: int = 0

    @property
    def who(self) -> str:
        return self.reference or self.msisdn


def _numbers(told: object) -> object:
    listed = list(told) if isinstance(told, list | tuple) else [told]
    if told is None:
        return None
    if not listed or not all(type(number) is int and number >= 1 for number in listed):
        raise ValueError("expected a number from 1 on, or a list of such numbers")
    return listed


class FaultRule(Data):
    """One rule of a world. The first that applies at a point wins."""

    kind: ClassVar[str] = "fault_rule"
    indexes: ClassVar[tuple[str, ...]] = ()

    name: Annotated[str, Field(min_length=1, max_length=200)]
    at: str
    when: When = Field(default_factory=When)
    nth: Annotated[tuple[int, ...] | None, BeforeValidator(_numbers)] = None
    probability: Annotated[float, Field(ge=0, le=1, strict=True)] = 1.0
    effect: Effect

    @property
    def key(self) -> str:
        return self.name

    @property
    def point(self) -> str:
        return self.at.rsplit(".", 1)[-1]

    @field_validator("at")
    @classmethod
    def _is_a_place(cls, at: str) -> str:
        found = _PLACE.fullmatch(at)
        if not found or found.group(3) not in EFFECTS:
            near = difflib.get_close_matches(at.rpartition(".")[2], EFFECTS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            points = ", ".join(EFFECTS)
            raise ValueError(f"{at!r} is not provider.operation.point, the point being one of: {points}{hint}")
        return at

    @model_validator(mode="after")
    def _belongs_together(self) -> FaultRule:
        if self.effect.kind not in EFFECTS[self.point]:
            allowed = ", ".join(sorted(EFFECTS[self.point]))
            raise ValueError(f"effect {self.effect.kind!r} cannot happen at the {self.point}: it may be {allowed}")
        odd = self.when.model_fields_set - FACTS[self.point]
        if odd:
            raise ValueError(f"{', '.join(sorted(odd))} is not known at the {self.point}")
        return self

    def is_at(self, place: str) -> bool:
        return all(mine in ("*", theirs) for mine, theirs in zip(self.at.split("."), place.split("."), strict=True))

    def holds(self, facts: Facts, occurrence: int) -> bool:
        when = self.when
        return (
            when.operation in (None, facts.operation)
            and when.occurrence in (None, occurrence)
            and when.msisdn in (None, facts.msisdn)
            and when.amount in (None, facts.amount)
            and when.reference in (None, facts.reference)
            and when.attempt in (None, facts.attempt)
        )

    def is_nth(self, match: int) -> bool:
        return self.nth is None or match in self.nth


class Tally(Struct, frozen=True):
    """How often something happened to a rule in this world."""

    fades: ClassVar[bool] = True
    kind: ClassVar[str] = "tally"
    indexes: ClassVar[tuple[str, ...]] = ("rule",)

    key: str
    rule: str
    count: int


def count(tx: Transaction, rule: FaultRule, what: str = "") -> int:
    """The tally after counting once more."""
    key = f"{rule.name}|{what}"
    tally = tx.get(Tally, key)
    again = Tally(key, rule.name, tally.count + 1 if tally else 1)
    tx.put(again)
    return again.count


def forget_counts(tx: Transaction, rule: str) -> None:
    """A rule that is lifted, or told again, counts from the beginning."""
    for tally in tx.find(Tally, by="rule", value=rule):
        tx.drop(Tally, tally.key)


def choose(tx: Transaction, rules: Iterable[FaultRule], entropy: Entropy, *, at: str, facts: Facts) -> FaultRule | None:
    """The first rule that applies; a draw is keyed by the rule and what the caller knows.

    Every rule counts what happened, whichever applies: one more rule changes nothing about when the others would.
    """
    applying = [rule for rule in rules if rule.is_at(at) and _applies(tx, rule, entropy, facts)]
    return applying[0] if applying else None


def _applies(tx: Transaction, rule: FaultRule, entropy: Entropy, facts: Facts) -> bool:
    occurrence = count(tx, rule, f"{facts.operation}|{facts.who}")
    if not rule.holds(facts, occurrence) or not rule.is_nth(count(tx, rule)):
        return False
    return entropy.draw("fault", rule.name, facts.operation, facts.who, occurrence) < rule.probability


async def choose_fault(world: World, at: str, facts: Facts) -> FaultRule | None:
    """The rule of the world that applies at this place, if any. Costs nothing where there are no rules."""
    rules = [rule for rule in world.rules if rule.is_at(at)]
    if not rules:
        return None
    return await world.run(lambda tx: choose(tx, rules, world.entropy, at=at, facts=facts))
