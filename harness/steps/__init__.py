"""The verbs of a scenario file: one module and one small model each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from harness.steps.app import AppStep
from harness.steps.bank import BankStep
from harness.steps.clock import ClockStep
from harness.steps.fault import FaultStep
from harness.steps.given import GivenStep
from harness.steps.include import IncludeStep
from harness.steps.ledger import LedgerStep
from harness.steps.phone import PhoneStep
from harness.steps.provider import ProviderStep
from harness.steps.restart import RestartStep
from harness.steps.together import Together, TogetherStep
from harness.steps.traffic import TrafficStep
from harness.steps.wait import WaitStep

SimpleStep: TypeAlias = (
    AppStep
    | BankStep
    | ClockStep
    | FaultStep
    | GivenStep
    | LedgerStep
    | PhoneStep
    | ProviderStep
    | RestartStep
    | TrafficStep
    | WaitStep
)
Step: TypeAlias = SimpleStep | Together

VERBS: Mapping[str, type[SimpleStep | IncludeStep | TogetherStep]] = {
    "given": GivenStep,
    "app": AppStep,
    "provider": ProviderStep,
    "phone": PhoneStep,
    "bank": BankStep,
    "fault": FaultStep,
    "clock": ClockStep,
    "wait": WaitStep,
    "ledger": LedgerStep,
    "traffic": TrafficStep,
    "restart": RestartStep,
    "together": TogetherStep,
    "include": IncludeStep,
}
