"""What a provider declares: its operations, jobs, settings and errors. The server reads it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from simulator.core.errors import DomainError, Refused
from simulator.core.job_runner import JobHandler
from simulator.core.money import Money
from simulator.core.payments import Payment
from simulator.core.simulation import Simulation
from simulator.core.tampering import WireNames
from simulator.core.worlds import ProviderSettings, World
from simulator.edge.exchange import Exchange, Received, Reply


class Mark(StrEnum):
    """How sure we are of a fact of the wire."""

    OFFICIAL = "official"
    CAPTURED = "captured"
    SDKS_AGREE = "SDKs agree"
    ONE_SOURCE = "one source"
    INFERRED = "inferred"


class CatalogueError(Struct, frozen=True):
    """A synchronous error that the provider may answer. `name` is ours, since codes are shared between texts.

    `body` is told where it has another shape than the provider's envelope: an empty one is no body at all.
    """

    name: str
    status: int
    code: str
    message: str
    mark: Mark
    how: str
    body: str | None = None
    content_type: str = "application/json"


class RefusedAs(Refused):
    """A refusal that only this provider knows, by the name that it has in its catalogue."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name = name


class ResultCode(Struct, frozen=True):
    """A result code. `code` is text here; the wire may write it as a number. Not each of them is a failure's."""

    code: str
    text: str
    mark: Mark
    how: str
    is_failure: bool = True


class Operation(Struct, frozen=True):
    """One endpoint. `admit` finds the world of a request, or raises why it is refused.

    Segments of the path in braces are the request's own, by that name.
    """

    name: str
    method: str
    path: str
    admit: Callable[[Simulation, Received], Awaitable[World]]
    handle: Callable[[Exchange], Awaitable[Reply]]


class PhonePayment(Struct, frozen=True):
    """What a subscriber types on the phone to pay a merchant. PIN None is the subscriber's own habit."""

    msisdn: str
    shortcode: str
    reference: str
    amount: Money
    pin: str | None = None


ENDPOINT = frozenset({"request", "acknowledgement"})
ALL_POINTS = ENDPOINT | {"processing", "callback"}


class Provider(Struct, frozen=True):
    """`refuse` turns a business error into the wire error of the exchange's operation, `broken` is said when we fail.

    Paths under `prefixes` that no operation has are the provider's to refuse; `secrets` are wire names of what the
    journal must not hold. `points` are those of an operation's life at which fault rules may act, for operations with
    an outcome and those that nobody calls; plain endpoints have `ENDPOINT`. `pay` is what a phone can do by itself;
    `wire_names` are what a forger may not know. `registers` reads what a client may register with it, by name: a key,
    say; a `ValueError` says what was expected. `publishes` are files that it gives to developers, by name.
    """

    name: str
    operations: tuple[Operation, ...]
    jobs: Mapping[str, JobHandler]
    settings: ProviderSettings
    receipt: Callable[[datetime, int], str]
    errors: tuple[CatalogueError, ...]
    result_codes: Mapping[str, tuple[ResultCode, ...]]
    refuse: Callable[[Exchange, DomainError], Reply]
    broken: CatalogueError
    error_reply: Callable[[Exchange, CatalogueError], Reply]
    prefixes: tuple[str, ...]
    secrets: frozenset[str]
    points: Mapping[str, frozenset[str]] = field(default_factory=dict)
    pay: Callable[[World, PhonePayment], Awaitable[Payment]] | None = None
    wire_names: WireNames = field(default_factory=WireNames)
    registers: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    publishes: Mapping[str, Callable[[], str]] = field(default_factory=dict)

    def points_of(self, operation: str) -> frozenset[str]:
        """Where fault rules may act in an operation's life; empty where there is no such operation."""
        is_endpoint = any(operation == known.name for known in self.operations)
        return self.points.get(operation, ENDPOINT if is_endpoint else frozenset())

    @property
    def places(self) -> tuple[str, ...]:
        """The names of all operations, those included that nobody calls."""
        return tuple(dict.fromkeys([*(operation.name for operation in self.operations), *self.points]))

    def failure_codes(self, operation: str) -> frozenset[str]:
        """The codes that a payment of this operation may fail with; none where it makes no payment."""
        return frozenset(result.code for result in self.result_codes.get(operation, ()) if result.is_failure)

    def error(self, name_or_code: str) -> CatalogueError | None:
        """By its name, or the first that has this code."""
        named = (error for error in self.errors if error.name == name_or_code)
        coded = (error for error in self.errors if error.code == name_or_code)
        return next(named, None) or next(coded, None)
