"""Subscribers with their phones, and merchants."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from simulator.control.api import Call, ControlError, listed, page
from simulator.core.data import Data
from simulator.core.journal import Event, EventKind
from simulator.core.ledger import OUTSIDE, AccountName, Entry, merchant_account, transfer, wallet
from simulator.core.merchants import Merchant, ShortcodeKind, merchant_of
from simulator.core.money import ZERO, Money
from simulator.core.prompts import Approve, Cancel, Prompt, answer_prompt
from simulator.core.store import Transaction
from simulator.core.subscribers import DaySpend, Inbox, Policy, Subscriber, parse_msisdn, spent_on, subscriber_of
from simulator.core.worlds import World


def _amount(told: str) -> str:
    amount = Money.parse(told)
    if amount < ZERO:
        raise ValueError(f"{amount} is negative")
    return str(amount)


Amount = Annotated[str, AfterValidator(_amount)]
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


class MerchantPatch(Data):
    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    kind: ShortcodeKind | None = None
    passkey: Annotated[str, Field(min_length=1)] | None = None
    utility: Amount | None = None
    working: Amount | None = None


class NewMerchant(MerchantPatch):
    shortcode: Annotated[str, Field(pattern=r"^[0-9]{4,7}$")]


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


def _msisdn(told: str) -> str:
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
    world, msisdn = call.world, _msisdn(call.part("msisdn"))
    return await world.run(lambda tx: _subscriber_view(tx, world, msisdn))


async def make_subscriber(call: Call) -> dict[str, Any]:
    asked = await call.body(NewSubscriber)
    return await _set_subscriber(call.world, asked.msisdn, asked)


async def patch_subscriber(call: Call) -> dict[str, Any]:
    return await _set_subscriber(call.world, _msisdn(call.part("msisdn")), await call.body(SubscriberPatch))


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
            _set_balance(tx, world, wallet(msisdn), Money.parse(asked.balance), f"set:{number}")
        data = {
            "msisdn": msisdn,
            **asked.model_dump(mode="json", exclude_none=True, exclude={"msisdn", "pin", "types_pin"}),
        }
        tx.append(Event(EventKind.SUBSCRIBER, world.now(), data))

    await world.run(work)
    return await world.run(lambda tx: _subscriber_view(tx, world, msisdn))


def _set_balance(tx: Transaction, world: World, account: AccountName, wanted: Money, key: str) -> None:
    """Money from outside, or back to it, so that the account holds what is wanted."""
    change = wanted - tx.balance(account).balance
    if change != ZERO:
        tx.post(Entry(f"{key}:{account}", world.now(), "", transfer(OUTSIDE, account, change)))


async def messages(call: Call) -> dict[str, Any]:
    msisdn = _msisdn(call.part("msisdn"))
    inbox = await call.world.run(lambda tx: tx.get(Inbox, msisdn))
    told = [{"at": at.isoformat(), "text": text} for at, text in inbox.messages] if inbox is not None else []
    return listed(call, list(enumerate(told)), lambda item: str(item[0]), lambda item: item[1])


def _merchant_view(tx: Transaction, merchant: Merchant) -> dict[str, Any]:
    purses = ("utility", "working", "charges")
    balances = {purse: str(tx.balance(merchant_account(merchant.key, purse)).balance) for purse in purses}
    about = {"shortcode": merchant.key, "name": merchant.name, "kind": merchant.what, "passkey": merchant.passkey}
    return about | balances


async def list_merchants(call: Call) -> dict[str, Any]:
    world = call.world

    def work(tx: Transaction) -> list[dict[str, Any]]:
        stored = [merchant.key for merchant in tx.find(Merchant)]
        known = list(dict.fromkeys([*world.template.merchants, *stored]))
        found = [merchant_of(tx, world, shortcode) for shortcode in known]
        return [_merchant_view(tx, merchant) for merchant in found if merchant is not None]

    return listed(call, await world.run(work), lambda view: str(view["shortcode"]), lambda view: view)


async def get_merchant(call: Call) -> dict[str, Any]:
    world, shortcode = call.world, call.part("shortcode")
    return await world.run(lambda tx: _merchant_view(tx, _known_merchant(tx, world, shortcode)))


async def make_merchant(call: Call) -> dict[str, Any]:
    asked, world = await call.body(NewMerchant), call.world
    fresh = Merchant(asked.shortcode, f"MERCHANT {asked.shortcode}", ShortcodeKind.PAYBILL, world.template.passkey)
    return await _set_merchant(world, asked.shortcode, asked, fresh)


async def patch_merchant(call: Call) -> dict[str, Any]:
    return await _set_merchant(call.world, call.part("shortcode"), await call.body(MerchantPatch), None)


async def _set_merchant(world: World, shortcode: str, asked: MerchantPatch, fresh: Merchant | None) -> dict[str, Any]:
    told = asked.model_dump(exclude_none=True, include={"name", "passkey"})
    if asked.kind is not None:
        told["what"] = asked.kind
    number = await world.take("entry")

    def work(tx: Transaction) -> None:
        merchant = merchant_of(tx, world, shortcode) or fresh or _known_merchant(tx, world, shortcode)
        tx.put(replace(merchant, **told))
        for purse in ("utility", "working"):
            if (wanted := getattr(asked, purse)) is not None:
                _set_balance(tx, world, merchant_account(shortcode, purse), Money.parse(wanted), f"set:{number}")
        data = {
            "shortcode": shortcode,
            **asked.model_dump(mode="json", exclude_none=True, exclude={"shortcode", "passkey"}),
        }
        tx.append(Event(EventKind.MERCHANT, world.now(), data))

    await world.run(work)
    return await world.run(lambda tx: _merchant_view(tx, _known_merchant(tx, world, shortcode)))


def _known_merchant(tx: Transaction, world: World, shortcode: str) -> Merchant:
    merchant = merchant_of(tx, world, shortcode)
    if merchant is None:
        raise ControlError(404, "not_found", f"no merchant has the shortcode {shortcode}")
    return merchant


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
