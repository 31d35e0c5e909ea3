"""Subscribers with their phones."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec.structs import replace
from pydantic import AfterValidator, Field, field_validator

from simulator.control.api import Call, ControlError, listed, page
from simulator.control.balances import Amount, Payable, set_balance
from simulator.control.traffic import payment_view
from simulator.core.data import Data
from simulator.core.errors import InvalidField, UnknownMerchant
from simulator.core.journal import Event, EventKind
from simulator.core.ledger import wallet
from simulator.core.money import Money
from simulator.core.prompts import Approve, Cancel, Prompt, answer_prompt
from simulator.core.store import Transaction
from simulator.core.subscribers import DaySpend, Message, Policy, Subscriber, parse_msisdn, spent_on, subscriber_of
from simulator.core.worlds import World
from simulator.edge.provider import PhonePayment

Pin = Annotated[str, Field(pattern=r"^[0-9]{4}$")]


class SubscriberPatch(Data):
    """What may be said of a subscriber: shillings as text; `types_pin` is what they type to approve."""

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    pin: Pin | None = None
    balance: Amount | None = None
    policy: Policy | None = None
    thinks_seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None
    types_pin: Pin | None = None
    reachable: bool | None = None
    busy: bool | None = None
    locked: bool | None = None
    known: bool | None = None
    registered: bool | None = None
    active: bool | None = None
    spent_today: Amount | None = None


class NewSubscriber(SubscriberPatch):
    msisdn: Annotated[str, AfterValidator(parse_msisdn)]


class PhonePay(Data):
    """What the customer types; without a PIN it is the subscriber's own habit."""

    shortcode: Annotated[str, Field(pattern=r"^[0-9]{4,7}$")]
    reference: str = ""
    amount: Payable
    pin: Pin | None = None


class PromptAnswer(Data):
    action: str
    pin: Pin | None = None

    @field_validator("action")
    @classmethod
    def _is_known(cls, action: str) -> str:
        if action not in ("approve", "cancel"):
            raise ValueError(f"{action!r} is not an action: expected approve or cancel")
        return action


FIELDS = {name: f"is_{name}" for name in ("reachable", "busy", "locked", "known", "registered", "active")}


def told_msisdn(told: str) -> str:
    """The number that a path names, or the refusal of what is none."""
    try:
        return parse_msisdn(told)
    except ValueError as error:
        raise ControlError(422, "invalid", str(error), "msisdn") from None


def _subscriber_view(tx: Transaction, world: World, msisdn: str) -> dict[str, Any]:
    subscriber = subscriber_of(tx, world, msisdn)
    return {
        "msisdn": msisdn,
        "name": subscriber.name,
        "pin": subscriber.pin,
        "balance": str(tx.balance(wallet(msisdn)).balance),
        "policy": subscriber.policy,
        "thinks_seconds": subscriber.thinks_seconds,
        "types_pin": subscriber.types_pin or None,
        "reachable": subscriber.is_reachable,
        "busy": subscriber.is_busy,
        "locked": subscriber.is_locked,
        "known": subscriber.is_known,
        "registered": subscriber.is_registered,
        "active": subscriber.is_active,
        "spent_today": str(spent_on(tx, subscriber, world.now().date())),
    }


async def list_subscribers(call: Call) -> dict[str, Any]:
    """Those of the world file, and whoever was set up or paid."""
    world = call.world
    touched = [account.name.split(":")[1] for account in await world.store.accounts(world.name) if ":" in account.name]
    stored = await world.run(lambda tx: [subscriber.key for subscriber in tx.find(Subscriber)])
    known = [name for name in dict.fromkeys([*world.template.subscribers, *stored, *touched]) if name.startswith("254")]
    views = await world.run(lambda tx: {msisdn: _subscriber_view(tx, world, msisdn) for msisdn in known})
    return listed(call, known, str, views.__getitem__)


async def get_subscriber(call: Call) -> dict[str, Any]:
    world, msisdn = call.world, told_msisdn(call.part("msisdn"))
    return await world.run(lambda tx: _subscriber_view(tx, world, msisdn))


async def make_subscriber(call: Call) -> dict[str, Any]:
    asked = await call.body(NewSubscriber)
    return await _set_subscriber(call.world, asked.msisdn, asked)


async def patch_subscriber(call: Call) -> dict[str, Any]:
    return await _set_subscriber(call.world, told_msisdn(call.part("msisdn")), await call.body(SubscriberPatch))


async def _set_subscriber(world: World, msisdn: str, asked: SubscriberPatch) -> dict[str, Any]:
    told = asked.model_dump(exclude_unset=True, exclude={"msisdn", "balance", "spent_today"})
    changes = {FIELDS.get(name, name): value for name, value in told.items() if value is not None}
    if "types_pin" in told:
        changes["types_pin"] = asked.types_pin or ""
    number = await world.take("entry")

    def work(tx: Transaction) -> None:
        subscriber = replace(subscriber_of(tx, world, msisdn), **changes)
        if asked.spent_today is not None:
            today = world.now().date()
            tx.put(DaySpend(msisdn, today, Money.parse(asked.spent_today) - subscriber.spent_before))
        tx.put(subscriber)
        if asked.balance is not None:
            set_balance(tx, world, wallet(msisdn), Money.parse(asked.balance), f"set:{number}")
        data = {
            "msisdn": msisdn,
            **asked.model_dump(mode="json", exclude_none=True, exclude={"msisdn", "pin", "types_pin"}),
        }
        tx.append(Event(EventKind.SUBSCRIBER, world.now(), data))

    await world.run(work)
    return await world.run(lambda tx: _subscriber_view(tx, world, msisdn))


async def messages(call: Call) -> dict[str, Any]:
    msisdn, after = told_msisdn(call.part("msisdn")), call.query("after") or None

    def work(tx: Transaction) -> list[Message]:
        return tx.find(Message, by="msisdn", value=msisdn, after=after, limit=call.limit + 1)

    def view(message: Message) -> dict[str, Any]:
        return {"at": message.at.isoformat(), "text": message.text}

    return page(await call.world.run(work), call.limit, lambda message: str(message.key), view)


async def pay(call: Call) -> dict[str, Any]:
    """The customer pays a merchant from the phone. A payment that the rules decline is one too, and says why."""
    msisdn, asked = told_msisdn(call.part("msisdn")), await call.body(PhonePay)
    typed = PhonePayment(msisdn, asked.shortcode, asked.reference, Money.parse(asked.amount), asked.pin)
    pay = next(provider.pay for provider in call.providers if provider.pay is not None)
    try:
        return payment_view(await pay(call.world, typed))
    except UnknownMerchant as error:
        raise ControlError(404, "not_found", str(error), "shortcode") from None
    except InvalidField as error:
        raise ControlError(422, "invalid", str(error), error.field) from None


async def list_prompts(call: Call) -> dict[str, Any]:
    """Open prompts, oldest first; of one phone with `msisdn`."""
    msisdn, after = call.query("msisdn"), call.query("after") or None

    def work(tx: Transaction) -> list[Prompt]:
        if msisdn:
            prompt = tx.get(Prompt, msisdn)
            return [prompt] if prompt is not None else []
        return tx.find(Prompt, after=after, limit=call.limit + 1)

    def view(prompt: Prompt) -> dict[str, Any]:
        expires = prompt.expires_at.isoformat()
        return {"id": prompt.payment, "msisdn": prompt.key, "text": prompt.text, "expires": expires}

    return page(await call.world.run(work), call.limit, lambda prompt: str(prompt.key), view)


async def answer(call: Call) -> dict[str, Any]:
    """A prompt's id is its payment's."""
    asked, key, world = await call.body(PromptAnswer), call.part("id"), call.world
    open_prompts = await world.run(lambda tx: tx.find(Prompt, by="payment", value=key))
    if not open_prompts:
        raise ControlError(404, "not_found", f"no prompt {key} is open: it was answered, it expired, or it never was")
    handset = Cancel() if asked.action == "cancel" else Approve(asked.pin)
    await answer_prompt(world, open_prompts[0].key, key, handset)
    return {"id": key, "action": asked.action}
