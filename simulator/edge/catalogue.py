"""Whether fault rules make sense: their form, and whether their provider knows operation, error and result code."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import TypeAlias

from pydantic import ValidationError

from simulator.core.data import Data
from simulator.core.faults import EFFECT_MODELS, Fail, FaultRule, Refuse, When
from simulator.edge.provider import Provider

Problem: TypeAlias = tuple[tuple[str | int, ...], str]


def problems_of(rule: object, providers: Iterable[Provider]) -> list[Problem]:
    """What is wrong with a rule: where in it, and what was expected. Empty when it is good."""
    try:
        told = FaultRule.model_validate(rule)
    except ValidationError as error:
        details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] == "missing")
        return [(_path(detail["loc"]), _message(dict(detail))) for detail in details]  # a misspelt key is told first
    name, operation, point = told.at.split(".")
    known = {provider.name: provider for provider in providers}
    if name != "*" and name not in known:
        return [(("at",), _unknown("provider", name, known))]
    asked = list(known.values()) if name == "*" else [known[name]]
    operations = [place for provider in asked for place in provider.places]
    if operation not in ("*", *operations):
        return [(("at",), _unknown("operation", operation, operations))]
    met = [(provider, place) for provider in asked for place in provider.places if operation in ("*", place)]
    met = [(provider, place) for provider, place in met if point in provider.points_of(place)]
    if not met:
        return [(("at",), f"{operation!r} has no {point}")]
    return _unknown_codes(told, asked, [provider.failure_codes(place) for provider, place in met])


def problems_of_profile(rules: object, providers: Iterable[Provider]) -> list[Problem]:
    """What is wrong with a list of rules: beside each rule's own problems, that two have one name."""
    if not isinstance(rules, list):
        return [((), "expected a chaos profile: a list of fault rules")]
    providers, seen, problems = tuple(providers), set[str](), list[Problem]()
    for index, rule in enumerate(rules):
        problems += [((index, *path), told) for path, told in problems_of(rule, providers)]
        name = rule.get("name") if isinstance(rule, dict) else None
        if isinstance(name, str) and name in seen:
            problems.append(((index, "name"), f"another rule is called {name!r}: a name is told once"))
        seen.add(str(name))
    return problems


def _unknown_codes(rule: FaultRule, providers: list[Provider], failures: list[frozenset[str]]) -> list[Problem]:
    """An error must be in the catalogue of every provider, a result code be every payment's that the rule may meet."""
    effect = rule.effect
    if isinstance(effect, Refuse) and effect.error is not None and not all(p.error(effect.error) for p in providers):
        names = [error.name for provider in providers for error in provider.errors]
        return [(("effect", "error"), _unknown("error", effect.error, names))]
    if isinstance(effect, Fail) and not all(effect.code in codes for codes in failures):
        return [(("effect", "code"), _unknown_code(effect.code, frozenset.intersection(*failures)))]
    return []


def _unknown_code(code: str, shared: frozenset[str]) -> str:
    told = _unknown("result code", code, sorted(shared))
    return told if shared else f"{told}: no code is known to all that the rule meets, so name one operation"


def _path(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Without the name of the union's member, which is no key in the file."""
    return location[:1] + location[2:] if location[:1] == ("effect",) else location


def _message(detail: dict[str, object]) -> str:
    location = detail["loc"]
    assert isinstance(location, tuple)
    if detail["type"] == "extra_forbidden":
        return _unknown("key", str(location[-1]), _keys_beside(location))
    if detail["type"] == "missing":
        return f"{location[-1]!r} is missing"
    if detail["type"] in ("literal_error", "enum"):
        context = detail["ctx"]
        assert isinstance(context, dict)
        return _unknown(str(location[-1]), str(detail["input"]), re.findall(r"'([^']+)'", context["expected"]))
    if detail["type"] == "union_tag_invalid":
        given = detail["input"]
        kind = str(given.get("kind")) if isinstance(given, dict) else str(given)
        return _unknown("effect", kind, EFFECT_MODELS)
    return str(detail["msg"]).removeprefix("Value error, ")


def _keys_beside(location: tuple[str | int, ...]) -> Iterable[str]:
    """The keys that may stand where an unknown one does."""
    model: type[Data] = When if location[0] == "when" else FaultRule
    if location[0] == "effect":
        model = EFFECT_MODELS[str(location[1])]
    return model.model_fields


def _unknown(what: str, word: str, known: Iterable[str]) -> str:
    words = list(dict.fromkeys(known))
    near = difflib.get_close_matches(word, words, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f": expected one of {', '.join(words)}" if words else ""
    return f"unknown {what} {word!r}{hint}"
