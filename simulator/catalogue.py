"""What the providers know, for whoever writes fault rules: the harness checks a scenario's without running it."""

from __future__ import annotations

from simulator.edge.catalogue import Problem, problems_of, problems_of_profile
from simulator.providers import PROVIDERS


def check_rule(rule: object) -> list[Problem]:
    """What is wrong with a fault rule: where in it, and what was expected. Empty when it is good."""
    return problems_of(rule, PROVIDERS)


def check_profile(rules: object) -> list[Problem]:
    """The same of a chaos profile: a list of fault rules with names of their own."""
    return problems_of_profile(rules, PROVIDERS)
