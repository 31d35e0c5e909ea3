"""What the providers know, for whoever writes fault rules: the harness checks a scenario's without running it."""

from __future__ import annotations

from simulator.edge.catalogue import Problem, problems_of
from simulator.providers import PROVIDERS


def check_rule(rule: object) -> list[Problem]:
    """What is wrong with a fault rule: where in it, and what was expected. Empty when it is good."""
    return problems_of(rule, PROVIDERS)
