"""`pesabox schema`: the JSON Schema of scenario files and chaos profiles, made from the models that read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import click
import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from harness.data import METHODS
from harness.scenario import Head
from harness.steps import VERBS
from harness.steps.bank import NEEDED, USELESS
from harness.steps.fault import LIFT
from harness.steps.phone import NEEDED_TO_PAY, ONLY_TO_PAY, PAY
from harness.steps.together import MEMBERS
from harness.substitution import NAME

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Node: TypeAlias = dict[str, Any]
UNTOLD = ("title", "default", "discriminator")
FILLED: Node = {"type": "string", "pattern": NAME.pattern, "description": "A name that was saved, or an example's."}
STEP, PROFILE, RULE = "step", "chaos_profile", "FaultRule"


@click.command()
def schema() -> None:
    """Prints the JSON Schema (draft 2020-12) of scenario files and chaos profiles.

    In a file: # yaml-language-server: $schema=PATH
    """
    click.echo(orjson.dumps(file_schema(), option=orjson.OPT_INDENT_2).decode())


def file_schema() -> Node:
    """A file is a scenario or a chaos profile; a step is one of the verbs."""
    from harness.targets.simulator import FaultRule

    defs = _defs([Head, *VERBS.values(), FaultRule])
    defs = {name: node if name == Head.__name__ else _fillable(node) for name, node in defs.items()}
    _link(defs)
    return {
        "$schema": DIALECT,
        "title": "pesabox scenario or chaos profile",
        "oneOf": [_ref(Head.__name__), _ref(PROFILE)],
        "$defs": defs,
    }


def _defs(models: Iterable[type[BaseModel]]) -> dict[str, Node]:
    _, found = models_json_schema([(model, "validation") for model in models])
    plain: dict[str, Node] = _plain(found["$defs"])
    return plain


def _plain(node: Any, *, names_keys: bool = True) -> Any:
    """Without what only pydantic has a use for. Where keys are names, all of them stay."""
    if isinstance(node, list):
        return [_plain(item, names_keys=False) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _plain(item, names_keys=key in ("properties", "$defs") and not names_keys)
        for key, item in node.items()
        if names_keys or key not in UNTOLD
    }


def _fillable(node: Node) -> Node:
    """Wherever a certain text, a number or a word is expected, a `{name}` will do that is filled in later."""
    inner = {key: _fillable_part(key, item) for key, item in node.items()}
    is_certain = node.get("type") in ("integer", "number", "boolean") or "pattern" in node or "format" in node
    if is_certain or "enum" in node or "const" in node:
        return {"anyOf": [inner, _ref("filled")]}
    return inner


def _fillable_part(key: str, part: Any) -> Any:
    if key == "properties":
        return {name: _fillable(node) for name, node in part.items()}
    if key in ("anyOf", "oneOf"):
        return [_fillable(node) for node in part]
    return _fillable(part) if key in ("items", "additionalProperties") and isinstance(part, dict) else part


def _link(defs: dict[str, Node]) -> None:
    """Says what the models leave open, because it is read piece by piece: which steps, rules and examples fit."""
    names = {verb: model.__name__ for verb, model in VERBS.items()}
    given, rule = defs[names["given"]]["properties"]["given"], _ref(RULE)
    top = defs[Head.__name__]
    top["properties"] |= {"given": given, "examples": _examples()}
    top["properties"]["steps"] = {"type": "array", "minItems": 1, "items": _ref(STEP)}
    top["required"] = ["steps"]
    defs[names["together"]]["properties"]["together"]["items"] = {"oneOf": [_ref(names[verb]) for verb in MEMBERS]}
    defs[names["fault"]]["properties"]["fault"] = {"anyOf": [{"const": LIFT}, rule]}
    defs["Given"]["properties"]["fault"] = rule
    for verb in ("app", "provider"):
        defs[names[verb]]["allOf"] = [_only_get_is_repeated(verb)]
    defs[names["phone"]] |= _what_it_takes_to_pay()
    defs[names["bank"]]["allOf"] = [_what_a_bank_takes(does) for does in NEEDED]
    number = defs[RULE]["properties"]["nth"]
    defs[RULE]["properties"]["nth"] = {"anyOf": [{"type": "integer", "minimum": 1}, number]}
    effect = defs[RULE]["properties"]["effect"]
    defs[RULE]["properties"]["effect"] = {"anyOf": effect.pop("oneOf"), **effect}
    defs |= {
        STEP: {"oneOf": [_ref(name) for name in names.values()]},
        PROFILE: {"type": "array", "minItems": 1, "items": rule},
        "filled": FILLED,
    }


def _examples() -> Node:
    row = {"type": "object", "minProperties": 1, "properties": {"name": {"type": "string"}}}
    row["propertyNames"] = {"pattern": f"^{NAME.pattern[2:-2]}$"}
    return {"type": "array", "minItems": 1, "items": row}


def _only_get_is_repeated(verb: str) -> Node:
    changing = "|".join(method for method in METHODS if method != "GET")
    changes = {"required": [verb], "properties": {verb: {"type": "string", "pattern": f"^({changing}) "}}}
    return {"if": changes, "then": {"properties": {"eventually": False}}}


def _what_it_takes_to_pay() -> Node:
    pays = {"properties": {"phone": {"const": PAY}}}
    needed, useless = {"required": list(NEEDED_TO_PAY)}, {"properties": dict.fromkeys(ONLY_TO_PAY, False)}
    return {"if": pays, "then": needed, "else": useless}


def _what_a_bank_takes(does: str) -> Node:
    needed, useless = {"required": list(NEEDED[does])}, {"properties": dict.fromkeys(USELESS[does], False)}
    return {"if": {"properties": {"bank": {"const": does}}}, "then": needed | useless}


def _ref(name: str) -> Node:
    return {"$ref": f"#/$defs/{name}"}
