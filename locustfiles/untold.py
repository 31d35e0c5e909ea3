"""Untold money: settled at the provider, while no message with a handle that the app could use was answered by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Json = dict[str, Any]

NEEDING_A_YES = ("c2b_validation", "c2b_confirmation", ".credit")
CHOSEN_BY_THE_APP = "OriginatorConversationID"


def untold(payments: Iterable[Json], events: Iterable[Json]) -> list[Json]:
    """Those of the settled payments that no event of the journal told the app of; never a transfer, which it named."""
    known = list(events)
    unheard = {event["correlation"] for event in known if event["kind"] == "hung_up"}
    by_payment: dict[str, list[Json]] = {}
    for event in known:
        by_payment.setdefault(event["payment"], []).append(event)
    settled = (payment for payment in payments if payment["state"] == "succeeded" and not is_transfer(payment))
    return [
        payment
        for payment in settled
        if not any(_tells(event, _handles(payment), unheard) for event in by_payment.get(payment["id"], ()))
    ]


def is_transfer(payment: Json) -> bool:
    """Money that the app sends from an account at a bank."""
    return payment["kind"] == "transfer" and not payment["operation"].endswith(".credit")


def goes_out(payment: Json) -> bool:
    return payment["kind"] == "payout" or is_transfer(payment)


def _handles(payment: Json) -> set[str]:
    """What the app can ask with. Of a payout it chose one itself."""
    names = ["provider_reference", "receipt", *(["reference"] if payment["kind"] == "payout" else [])]
    return {str(payment[name]) for name in names if payment[name]}


def _tells(event: Json, handles: set[str], unheard: set[str]) -> bool:
    if event["kind"] == "request":
        asked = event["body"]
        if isinstance(asked, dict) and str(asked.get(CHOSEN_BY_THE_APP)) in handles:
            return True
        is_heard = event["status"] == 200 and event["correlation"] not in unheard
        return is_heard and _carries(event["answer"], handles)
    if event["kind"] != "callback" or event["outcome"] != "answered" or event.get("forged"):
        return False
    is_taken = 200 <= event["status"] < 300
    needs_a_yes = event["operation"].endswith(NEEDING_A_YES)
    return (is_taken or not needs_a_yes) and _carries(event["body"], handles)


def _carries(body: object, handles: set[str]) -> bool:
    return isinstance(body, dict | list) and any(str(value) in handles for value in _values(body))


def _values(body: object) -> Iterator[object]:
    if isinstance(body, dict | list):
        for part in body.values() if isinstance(body, dict) else body:
            yield from _values(part)
    else:
        yield body
