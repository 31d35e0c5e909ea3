"""What the app was told of the provider's payments: which it has a handle of, and when it heard of a no."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from msgspec import Struct

from harness.attribution import goes_out, is_transfer
from harness.events import Event, scalars
from harness.evidence import UNDECIDED, Asked, Notice
from harness.targets.base import Json

VALIDATION, CONFIRMATION, CREDIT = "c2b_validation", "c2b_confirmation", ".credit"
IDEMPOTENCY_ID = "OriginatorConversationID"
ANSWERED = "answered"


def told_payments(events: Iterable[Event], rows: Iterable[Json], foreign: Container[str] = ()) -> frozenset[str]:
    """Payments of which a message with a handle was taken by the app: an acknowledgement or a callback.

    A paybill payment is told by a confirmation that was answered with a 2xx, or a validation that accepted it; money
    that came in at a bank by a notice that was. An acknowledgement says nothing to a caller who hung up before it came,
    nor to the app if it went to the scenario (`foreign`). Who chose the handle, as in B2C v3 or for a transfer, has it
    anyway.
    """
    known = list(events)
    unheard = {event.text("correlation") for event in known if event.kind == "hung_up"}
    rows = list(rows)
    handles = {str(row["id"]): _handles(row) for row in rows}
    named_by_the_app = {str(row["id"]) for row in rows if is_transfer(row) and row["id"] not in foreign}
    return frozenset(named_by_the_app) | frozenset(
        event.payment
        for event in known
        if event.payment in handles and event.payment and _tells(event, handles[event.payment], unheard, foreign)
    )


def _handles(row: Json) -> frozenset[str]:
    names = ["provider_reference", "receipt"] + (["reference"] if goes_out(row) else [])
    return frozenset(str(row[name]) for name in names if row.get(name))


def _tells(
    event: Event, handles: frozenset[str], unheard: Container[str | None], foreign: Container[str | None]
) -> bool:
    if event.kind == "request" and event.payment not in foreign:
        if idempotency_id(event) in handles:
            return True
        is_heard = event.raw.get("status") == 200 and event.text("correlation") not in unheard
        return is_heard and _carries(event.body("answer"), handles)
    if event.kind != "callback" or event.text("outcome") != ANSWERED or event.raw.get("forged"):
        return False
    notice = _notice(event)
    if _operation(event).endswith(VALIDATION):
        return notice.accepts and _carries(event.body(), handles)
    needs_a_yes = event.payment in foreign or _operation(event).endswith((CONFIRMATION, CREDIT))
    return (notice.is_taken or not needs_a_yes) and _carries(event.body(), handles)


def _carries(body: object, handles: frozenset[str]) -> bool:
    return isinstance(body, dict | list) and any(str(one) in handles for one in scalars(body))


def idempotency_id(event: Event) -> str | None:
    """The id in a request by which the provider knows a repeat."""
    body = event.body()
    found = body.get(IDEMPOTENCY_ID) if isinstance(body, dict) else None
    return None if found is None else str(found)


def _key(event: Event, references: Container[object]) -> str | None:
    """The same; of a transfer that is the client's reference, which is one of these."""
    found = idempotency_id(event)
    if found is not None or event.text("method") == "GET":
        return found
    return next((str(one) for one in scalars(event.body()) if one in references), None)


def asked_for(events: Iterable[Event], rows: Iterable[Json], names: Mapping[int | str, str]) -> Iterator[Asked]:
    """The requests that were to move money. `names` tell by payment or by event's number what they were made for.

    One that reached no payment and stands in no call is known by its idempotency id.
    """
    rows = list(rows)
    references = {row.get("reference") for row in rows if is_transfer(row)}
    moving = {str(row["operation"]) for row in rows if row.get("operation")}
    requests = [event for event in events if event.kind == "request" and _operation(event) in moving]
    by_key = {_key(event, references): _name(event, names) for event in requests if _name(event, names)}
    for event in requests:
        key = _key(event, references)
        name = _name(event, names) or (by_key.get(key) if key is not None else None)
        if name is not None:
            yield Asked(event.sequence, name, int(event.text("status") or 0), event.payment or None, key)


def _name(event: Event, names: Mapping[int | str, str]) -> str | None:
    return names.get(event.payment) if event.payment else names.get(event.sequence)


class Decision(Struct, frozen=True):
    """The events by which a payment was decided, and by which the app heard that it will not be."""

    decided: int | None
    no_heard: int | None = None


def decisions(events: Iterable[Event]) -> Mapping[str, Decision]:
    """By payment. A no is heard by a callback that was answered, or by an answer to a question, after it fell."""
    found: dict[str, Decision] = {}
    for event in events:
        payment = event.payment
        if not payment:
            continue
        if event.kind == "payment" and event.text("state") not in UNDECIDED and payment not in found:
            found[payment] = Decision(event.sequence)
        elif payment in found and found[payment].no_heard is None and _is_message(event):
            found[payment] = Decision(found[payment].decided, event.sequence)
    return found


def _is_message(event: Event) -> bool:
    if event.kind == "callback":
        return event.text("outcome") == ANSWERED and not event.raw.get("forged")
    return event.kind == "request" and bool(event.raw.get("status"))


def notices(events: Iterable[Event]) -> Iterator[Notice]:
    """Every delivery of a callback."""
    return (_notice(event) for event in events if event.kind == "callback")


def _notice(event: Event) -> Notice:
    return Notice(
        payment=event.payment or None,
        operation=_operation(event),
        outcome=event.text("outcome") or "",
        status=int(event.text("status") or 0),
        answer=event.body("answer"),
        is_faulty=bool(event.text("fault")),
        is_forged=bool(event.raw.get("forged")),
    )


def _operation(event: Event) -> str:
    return event.text("operation") or ""
