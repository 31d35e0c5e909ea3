"""The result envelope of requests to the core. It is XML made JSON: digits become numbers, no text is no `Value`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import orjson
from msgspec import Struct

from simulator.core.money import Money
from simulator.edge.provider import ResultCode
from simulator.edge.wire import dumped

# Two decimals or none, as captured; not what would lose digits in a client's number.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{2})?")


class Item(Struct, frozen=True):
    """A parameter, or an item of reference; `text` is what the core's XML holds."""

    key: str
    text: str = ""


class Result(Struct, frozen=True):
    """What the core says of a request. Without `parameters` the envelope has none."""

    code: ResultCode
    originator_id: str
    conversation_id: str
    transaction_id: str
    parameters: Sequence[Item] = ()
    references: Sequence[Item] = ()
    type: int = 0

    def body(self) -> bytes:
        told: dict[str, object] = {
            "ResultType": self.type,
            "ResultCode": on_the_wire(self.code),
            "ResultDesc": self.code.text,
            "OriginatorConversationID": self.originator_id,
            "ConversationID": self.conversation_id,
            "TransactionID": self.transaction_id,
        }
        if self.parameters:
            told["ResultParameters"] = {"ResultParameter": _children(self.parameters)}
        if self.references:
            told["ReferenceData"] = {"ReferenceItem": _children(self.references)}
        return dumped({"Result": told})


def _children(items: Sequence[Item]) -> object:
    """A list with one child is that child [captured]."""
    children = [_child(item) for item in items]
    return children if len(children) > 1 else children[0]


def _child(item: Item) -> dict[str, object]:
    return {"Key": item.key, "Value": converted(item.text)} if item.text else {"Key": item.key}


def converted(text: str) -> object:
    """What the converter makes of a text: a number wherever it looks like one, as it is written."""
    return orjson.Fragment(text.encode()) if _NUMBER.fullmatch(text) else text


def whole(amount: Money) -> str:
    """An amount as the core writes it: without decimals where there are no cents."""
    return str(amount).removesuffix(".00")


def on_the_wire(result: ResultCode) -> int | str:
    """In callbacks a code of digits is a number, any other text [captured]."""
    return int(result.code) if result.code.isdecimal() else result.code
