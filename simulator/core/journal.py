"""The journal: what crossed our border or changed state, oldest first. Secrets and measured times are not in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


class EventKind(StrEnum):
    REQUEST = "request"  # a provider's API was called; with its answer
    HUNG_UP = "hung_up"  # the caller of a provider's API was gone before it was answered
    PAYMENT = "payment"  # a payment moved to another state
    PROMPT = "prompt"  # a prompt was shown, or went
    ENTRY = "entry"  # money moved
    MESSAGE = "message"  # a phone got an SMS
    CALLBACK = "callback"  # one delivery attempt; with the app's answer
    FAULT = "fault"  # a rule chosen that could not apply
    SUBSCRIBER = "subscriber"  # set up or changed by hand
    MERCHANT = "merchant"  # set up or changed by hand
    BANK = "bank"  # a bank, an account at one or a phone's link set up by hand; or the switch settled
    PROVIDER = "provider"  # its settings changed by hand
    ERROR = "error"  # a defect of pesabox: a traceback


class Event(Struct, frozen=True):
    """One line of the journal. The store gives it its sequence number when it commits."""

    kind: EventKind
    at: datetime
    data: Mapping[str, Json]
    correlation: str = ""
    payment: str = ""
    sequence: int = 0
