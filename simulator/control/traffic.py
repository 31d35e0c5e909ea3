"""What passes through: fault rules, the journal, payments, callbacks, and the ledger."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any

from simulator.control.api import Call, ControlError, listed, page
from simulator.core import outbox
from simulator.core.faults import FaultRule, forget_counts
from simulator.core.journal import Event, EventKind
from simulator.core.ledger import Account, AccountName, Entry, audit
from simulator.core.outbox import Attempt, Callback
from simulator.core.payments import Payment, State
from simulator.core.store import Transaction
from simulator.core.virtual_clock import VirtualClock
from simulator.core.worlds import NoSuchWorld, World
from simulator.edge.catalogue import problems_of, problems_of_profile

LONGEST_WAIT_SECONDS = 300
EVENTS_AT_ONCE = 1000
ACCOUNTS = ("subscriber:2547…", "merchant:600000:utility", "bank:68:1450160649886", "bank:68:fees", "switch:68")
ACCOUNT = re.compile(
    r"outside|subscriber:[^:]+|merchant:[^:]+:(utility|working|charges)"
    r"|bank:[0-9]{2}:([0-9A-Z]{1,34}|fees)|switch:([0-9]{2}|transit)"
)


async def list_faults(call: Call) -> dict[str, Any]:
    return listed(call, list(call.world.rules), lambda rule: str(rule.name), _rule_view)


def _rule_view(rule: FaultRule) -> dict[str, Any]:
    return rule.model_dump(mode="json", exclude_defaults=True)


async def add_faults(call: Call) -> Any:
    """One rule, or a chaos profile: a list of them. A rule of the same name is replaced."""
    told, world = await call.json(), call.world
    check = problems_of_profile if isinstance(told, list) else problems_of
    problems = check(told, call.providers)
    if problems:
        path, message = problems[0]
        raise ControlError(422, "invalid", message, ".".join(map(str, path)) or None)
    rules = [FaultRule.model_validate(rule) for rule in (told if isinstance(told, list) else [told])]

    def work(tx: Transaction) -> None:
        for rule in rules:
            tx.put(rule)
            forget_counts(tx, rule.name)

    await world.run(work)
    await _reload(world)
    views = [_rule_view(rule) for rule in rules]
    return {"items": views, "next": None} if isinstance(told, list) else views[0]


async def clear_faults(call: Call) -> None:
    await _drop_faults(call.world, [rule.name for rule in call.world.rules])


async def drop_fault(call: Call) -> None:
    name = call.part("name")
    if name not in [rule.name for rule in call.world.rules]:
        raise ControlError(404, "not_found", f"there is no fault rule {name!r}")
    await _drop_faults(call.world, [name])


async def _drop_faults(world: World, names: list[str]) -> None:
    def work(tx: Transaction) -> None:
        for name in names:
            tx.drop(FaultRule, name)
            forget_counts(tx, name)

    await world.run(work)
    await _reload(world)


async def _reload(world: World) -> None:
    world.rules = tuple(await world.run(lambda tx: tx.find(FaultRule)))


async def journal(call: Call) -> dict[str, Any]:
    """Events after a cursor; with `wait` it answers as soon as one matches, or empty when the seconds are over."""
    world, kind = call.world, call.query("kind")
    if kind and kind not in list(EventKind):
        raise ControlError(422, "invalid", f"{kind!r} is no kind of event: {', '.join(EventKind)}", "kind")
    after = call.whole("after", 0, at_least=0, at_most=10**12)
    wait = call.whole("wait", 0, at_least=0, at_most=LONGEST_WAIT_SECONDS)
    changed = asyncio.Event()
    world.watch(changed)
    try:
        events, seen = await _matching(call, world, after)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait or None):
                while wait and not events:
                    await changed.wait()
                    changed.clear()
                    events, seen = await _matching(call, world, seen)
    finally:
        world.unwatch(changed)
    return page(events, call.limit, lambda event: str(event.sequence), _event_view)


async def _matching(call: Call, world: World, after: int) -> tuple[list[Event], int]:
    """The events that are asked for, one more than the page holds at most; and the last that was looked at."""
    kind, payment, found = call.query("kind"), call.query("payment"), []
    if world.is_closed:
        raise NoSuchWorld(f"the world {world.name!r} was reset or deleted")
    while True:
        events = await world.store.events(world.name, after=after, limit=EVENTS_AT_ONCE)
        found += [event for event in events if kind in ("", str(event.kind)) and payment in ("", event.payment)]
        after = events[-1].sequence if events else after
        if len(events) < EVENTS_AT_ONCE or len(found) > call.limit:
            return found[: call.limit + 1], after


def _event_view(event: Event) -> dict[str, Any]:
    about = {"sequence": event.sequence, "at": event.at.isoformat(), "kind": event.kind}
    return about | {"correlation": event.correlation, "payment": event.payment} | dict(event.data)


async def list_payments(call: Call) -> dict[str, Any]:
    after = call.query("after") or None
    found = await call.world.run(lambda tx: tx.find(Payment, after=after, limit=call.limit + 1))
    return page(found, call.limit, lambda payment: str(payment.key), payment_view)


async def get_payment(call: Call) -> dict[str, Any]:
    key = call.part("id")
    payment = await call.world.run(lambda tx: tx.get(Payment, key))
    if payment is None:
        raise ControlError(404, "not_found", f"there is no payment {key!r}")
    return payment_view(payment)


def payment_view(payment: Payment) -> dict[str, Any]:
    return {
        "id": payment.key,
        "state": payment.state,
        "kind": payment.what,
        "operation": payment.operation,
        "amount": str(payment.amount),
        "msisdn": payment.msisdn,
        "merchant": payment.merchant,
        "account": payment.account or None,
        "reference": payment.reference,
        "receipt": payment.receipt or None,
        "provider_reference": payment.provider_reference,
        "reason": (payment.failure.code or payment.failure.reason) if payment.failure is not None else None,
        "timeline": [{"at": at.isoformat(), "state": state} for at, state in payment.timeline],
    }


async def list_callbacks(call: Call) -> dict[str, Any]:
    after = call.query("after") or None
    found = await call.world.run(lambda tx: tx.find(Callback, after=after, limit=call.limit + 1))
    return page(found, call.limit, lambda callback: str(callback.key), _callback_view)


async def redeliver(call: Call) -> dict[str, Any]:
    """Answers with the callback once it was delivered; on the virtual clock, with all else that is due now."""
    key, world = call.part("id"), call.world
    number = await world.take("redelivery")

    def work(tx: Transaction) -> str:
        return outbox.redeliver(tx, world, _callback(tx, key), number).key

    delivered = world.expect(await world.run(work))
    if isinstance(world.clock, VirtualClock):
        await world.clock.advance()
    else:
        await delivered.wait()
    return _callback_view(await world.run(lambda tx: _callback(tx, key)))


def _callback(tx: Transaction, key: str) -> Callback:
    callback = tx.get(Callback, key)
    if callback is None:
        raise ControlError(404, "not_found", f"there is no callback {key!r}")
    return callback


def _callback_view(callback: Callback) -> dict[str, Any]:
    return {
        "id": callback.key,
        "payment": callback.payment,
        "operation": callback.operation,
        "url": callback.url,
        "headers": dict(callback.headers),
        "body": callback.body.decode(),
        "attempts": [_attempt_view(attempt) for attempt in callback.attempts],
    }


def _attempt_view(attempt: Attempt) -> dict[str, Any]:
    """`url` and `body` are shown where something else was sent than the callback's."""
    delivery = attempt.delivery
    about: dict[str, Any] = {"forged": True} if attempt.is_forged else {"number": attempt.number}
    if attempt.url:
        about["url"] = attempt.url
    if attempt.body is not None:
        about["body"] = attempt.body.decode("utf-8", "replace")
    return about | {
        "at": attempt.at.isoformat(),
        "outcome": delivery.outcome,
        "status": delivery.status or None,
        "answer": delivery.answer,
        "latency_ms": round(delivery.seconds * 1000, 3),
        "fault": attempt.fault or None,
    }


async def list_accounts(call: Call) -> dict[str, Any]:
    """Accounts that money touched, by first use; with `account=NAME` that one, touched or not."""
    world, name = call.world, call.query("account")
    if name:
        accounts = [await world.run(lambda tx: tx.balance(_account_name(name)))]
        return {"items": [_account_view(account) for account in accounts], "next": None}
    accounts = await world.store.accounts(world.name)
    return listed(call, accounts, lambda account: str(account.name), _account_view)


def _account_name(told: str) -> AccountName:
    if not ACCOUNT.fullmatch(told):
        raise ControlError(422, "invalid", f"{told!r} is no account: {', '.join(ACCOUNTS)}", "account")
    return AccountName(told)


def _account_view(account: Account) -> dict[str, Any]:
    return {"account": account.name, "balance": str(account.balance)}


async def list_entries(call: Call) -> dict[str, Any]:
    after = call.query("after") or None
    found = await call.world.run(lambda tx: tx.find(Entry, after=after, limit=call.limit + 1))
    return page(found, call.limit, lambda entry: str(entry.key), _entry_view)


def _entry_view(entry: Entry) -> dict[str, Any]:
    postings = [{"account": posting.account, "amount": str(posting.amount)} for posting in entry.postings]
    return {"id": entry.key, "at": entry.at.isoformat(), "payment": entry.payment or None, "postings": postings}


async def audit_ledger(call: Call) -> dict[str, Any]:
    """Recomputed from the entries, not remembered."""
    world = call.world
    accounts = {account.name: account for account in await world.store.accounts(world.name)}

    def work(tx: Transaction) -> dict[str, Any]:
        payments = tx.find(Payment)
        settled = {payment.key: payment.amount for payment in payments if payment.state is State.SUCCEEDED}
        open_payments = {payment.key for payment in payments if not payment.is_decided}
        told = audit(accounts, tx.find(Entry), settled, open_payments)
        return {
            "balanced": told.is_balanced,
            "accounts": told.accounts,
            "entries": told.entries,
            "difference": str(told.difference),
            "problems": list(told.problems),
        }

    return await world.run(work)
