"""M-PESA Express (STK push): POST /mpesa/stkpush/v1/processrequest, and its callback."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

import orjson
from msgspec import Struct
from pydantic import AliasChoices, Field

from simulator.core import outbox, payments
from simulator.core.errors import (
    Declined,
    Forced,
    InvalidField,
    LineBusy,
    ProductNotPermitted,
    PromptAlreadyOpen,
    PromptTooLong,
    RepeatedTooSoon,
    SubscriberUnreachable,
    UnknownMerchant,
    UnknownParty,
)
from simulator.core.faults import Delay, Effect, Facts, Fail
from simulator.core.jobs import Job
from simulator.core.merchants import Merchant, ShortcodeKind, merchant_of
from simulator.core.money import Money
from simulator.core.payments import Kind, Payment, State
from simulator.core.prompts import Prompt, decline_later, show_prompt
from simulator.core.store import Transaction, subject_of
from simulator.core.subscribers import subscriber_of
from simulator.core.worlds import World
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.wire import Digits, Wire, dumped, read, two_places
from simulator.providers.daraja.access import check_password
from simulator.providers.daraja.headers import callback_headers
from simulator.providers.daraja.identifiers import CHECKOUT_STEP, checkout_request_id, compact_time, gateway_id
from simulator.providers.daraja.messages import tell_payer
from simulator.providers.daraja.models import (
    PAYBILL,
    CustomerCommand,
    Payable,
    Present,
    Shortcode,
    Text,
    Timestamp,
    WireMsisdn,
    WireUrl,
    told_by,
)
from simulator.providers.daraja.products.c2b.notices import confirm
from simulator.providers.daraja.products.stk.codes import OUTCOMES
from simulator.providers.daraja.results import on_the_wire
from simulator.providers.daraja.strictness import (
    check_public,
    check_texts,
    check_timestamp,
    is_repeated,
    is_strict,
    strictness,
)

OPERATION = "daraja.stk_push"
CONFIRMED_BEFORE = timedelta(seconds=1)
PROMPT_CHARACTERS = 182  # longer ones cannot be sent: 1025 [official]
DESCRIPTION_CHARACTERS = 100  # somewhere above 17 and below 279 [captured]


class StkPushRequest(Wire):
    """Fields in documented order: the first bad one is the one that is named."""

    shortcode: Shortcode = Field(alias="BusinessShortCode")
    password: object = Field(alias="Password", default=None)
    timestamp: Timestamp = Field(alias="Timestamp")
    transaction_type: CustomerCommand = Field(alias="TransactionType")
    shillings: Payable = Field(alias="Amount")
    party_a: Present = Field(alias="PartyA")
    party_b: Digits = Field(alias="PartyB")
    msisdn: WireMsisdn = Field(alias="PhoneNumber")
    # Behind the phone: a bad number in both is told of the phone [captured].
    payer: WireMsisdn = Field(validation_alias=AliasChoices("PartyA"))
    callback_url: WireUrl = Field(alias="CallBackURL")
    account_reference: Text = Field(alias="AccountReference")
    description: Annotated[Text, Field(max_length=DESCRIPTION_CHARACTERS)] = Field(alias="TransactionDesc")

    @functools.cached_property
    def amount(self) -> Money:
        return Money.shillings(self.shillings)


class StkPush(Struct, frozen=True):
    """What Daraja remembers of a push, by its CheckoutRequestID."""

    kind: ClassVar[str] = "daraja_stk_push"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    merchant_request_id: str
    payment: str
    shortcode: str
    callback_url: str
    account_reference: str
    correlation: str


async def process_request(exchange: Exchange) -> Reply:
    """Answers at once; the outcome follows as a callback."""
    push = _parse(exchange)
    world = exchange.world
    effect = await _chosen(exchange, push) if world.rules else None
    number = await world.take("payment")
    delay = effect.seconds if isinstance(effect, Delay) else 0.0
    forced = Forced(effect.code) if isinstance(effect, Fail) else None

    def work(tx: Transaction) -> Reply:
        merchant = _check(tx, world, push)
        record, payment = _begin(tx, exchange, push, f"p{number:06d}")
        declined = forced or _unfit(tx, world, push, merchant)
        if declined is None:
            _prompt(tx, world, push, payment, merchant=merchant, delay_seconds=delay)
        else:
            wait = world.wait_seconds(world.provider_settings(tx, "daraja").latency["stk_push.processing"])
            decline_later(tx, payment, declined, world.now() + timedelta(seconds=wait + delay))
        reply = _acknowledgement(record)
        exchange.record(tx, reply, payment.key)
        return reply

    return await world.run(work)


async def _chosen(exchange: Exchange, push: StkPushRequest) -> Effect | None:
    """What fault rules want between acknowledgement and outcome. They count what they meet: nothing that is refused."""
    await exchange.world.run(lambda tx: _check(tx, exchange.world, push))
    facts = Facts("stk_push", push.msisdn, str(push.amount), push.account_reference)
    await exchange.choose_acknowledgement(facts)
    processing = await exchange.choose_fault("processing", facts)
    return processing.effect if processing is not None else None


def _parse(exchange: Exchange) -> StkPushRequest:
    told = told_by(exchange)
    try:
        return read(StkPushRequest, told)
    except InvalidField as error:
        # TransactionDesc is called Remarks, and so is an AccountReference that is not there [captured Aug 2026]
        is_absent = error.field == "AccountReference" and told.get("AccountReference") is None
        if error.field == "TransactionDesc" or is_absent:
            raise InvalidField("Remarks", str(error)) from None
        raise


def _check(tx: Transaction, world: World, push: StkPushRequest) -> Merchant:
    """In Daraja's order: fields, the merchant exists, the password is theirs, the subscriber is free."""
    _check_strictly(tx, world, push)
    merchant = merchant_of(tx, world, push.shortcode)
    if merchant is None:
        raise UnknownMerchant(f"no merchant has the shortcode {push.shortcode}")
    check_password(merchant, push.shortcode, push.password, push.timestamp)
    if tx.get(Prompt, push.msisdn) is not None and not is_strict(tx, world, "lock_by_callback"):
        raise PromptAlreadyOpen(f"{push.msisdn} has another prompt open")
    return merchant


def _check_strictly(tx: Transaction, world: World, push: StkPushRequest) -> None:
    strict = strictness(tx, world)
    if strict["fresh_timestamp"]:
        check_timestamp(push.timestamp, world.now())
    if strict["public_urls"]:
        check_public(push.callback_url)
    if strict["short_texts"]:
        check_texts(push.account_reference, push.description)


def _begin(tx: Transaction, exchange: Exchange, push: StkPushRequest, key: str) -> tuple[StkPush, Payment]:
    world = exchange.world
    at = now = world.now()
    checkout_id = checkout_request_id(at, push.msisdn)
    while tx.get(StkPush, checkout_id) is not None:
        at += CHECKOUT_STEP
        checkout_id = checkout_request_id(at, push.msisdn)
    record = StkPush(
        key=checkout_id,
        merchant_request_id=gateway_id(world.entropy, exchange.number),
        payment=key,
        shortcode=push.shortcode,
        callback_url=push.callback_url,
        account_reference=push.account_reference,
        correlation=exchange.correlation,
    )
    tx.put(record)
    payment = Payment(
        key=key,
        what=Kind.COLLECTION,
        operation=OPERATION,
        amount=push.amount,
        msisdn=push.msisdn,
        merchant=push.party_b,
        reference=push.account_reference,
        provider_reference=record.key,
        correlation=exchange.correlation,
        timeline=payments.beginning(now),
    )
    return record, payment


def _unfit(tx: Transaction, world: World, push: StkPushRequest, merchant: Merchant) -> Declined | None:
    """Why no prompt will be shown, for what Daraja finds out after the acknowledgement only."""
    subscriber = subscriber_of(tx, world, push.msisdn)
    if (unpaired := _pairing(tx, world, push, merchant)) is not None:
        return unpaired
    if not subscriber.has_wallet or not subscriber.is_reachable:
        return SubscriberUnreachable(f"{push.msisdn} is off or out of reach")
    if subscriber.is_busy or tx.get(Prompt, push.msisdn) is not None:
        return LineBusy(f"{push.msisdn} is in another session")
    if is_strict(tx, world, "same_amount") and is_repeated(tx, f"push|{push.msisdn}|{push.amount}", world.now()):
        return RepeatedTooSoon(f"{push.msisdn} was asked for {push.amount} less than two minutes ago")
    if len(_prompt_text(push, merchant)) > PROMPT_CHARACTERS:
        return PromptTooLong(f"the prompt exceeds {PROMPT_CHARACTERS} characters")
    return None


def _pairing(tx: Transaction, world: World, push: StkPushRequest, merchant: Merchant) -> Declined | None:
    """Paybill: PartyB is the shortcode. Buy goods: PartyB is a till, the shortcode its store or head office."""
    if push.transaction_type == PAYBILL:
        is_fit = push.party_b == push.shortcode and merchant.what is ShortcodeKind.PAYBILL
        return (
            None if is_fit else ProductNotPermitted(f"{push.shortcode} may not collect for {push.party_b} as a paybill")
        )
    till = merchant_of(tx, world, push.party_b)
    if till is None:
        return UnknownParty(f"no till {push.party_b}")
    if merchant.what is ShortcodeKind.TILL:
        return UnknownParty(f"{push.shortcode} is a till: expected the number of its store")
    if till.what is not ShortcodeKind.TILL:
        return ProductNotPermitted(f"{push.party_b} is not a till")
    return None


def _prompt(
    tx: Transaction, world: World, push: StkPushRequest, payment: Payment, *, merchant: Merchant, delay_seconds: float
) -> None:
    life = world.provider_settings(tx, "daraja").lifetimes["prompt"]
    now = world.now()
    text = _prompt_text(push, merchant)
    show_prompt(
        tx, world, payment, Prompt(push.msisdn, payment.key, text, now, now + timedelta(seconds=life), delay_seconds)
    )


def _prompt_text(push: StkPushRequest, merchant: Merchant) -> str:
    """Our wording: no capture shows a handset's."""
    return f"Do you want to pay Ksh{push.amount} to {merchant.name} account {push.account_reference}? Enter M-PESA PIN"


def _acknowledgement(record: StkPush) -> Reply:
    accepted = "Success. Request accepted for processing"
    body = {
        "MerchantRequestID": record.merchant_request_id,
        "CheckoutRequestID": record.key,
        "ResponseCode": "0",
        "ResponseDescription": accepted,
        "CustomerMessage": accepted,
    }
    return Reply(200, orjson.dumps(body))


async def send_result(world: World, job: Job) -> None:
    """Job: the payment is decided. Builds the callbacks and freezes them; a payer who paid gets an SMS."""
    number = await world.take("callback")

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        tx.done(job)
        record = tx.get(StkPush, payment.provider_reference)
        assert record is not None, f"{payment.key} has no push"
        if payment.state is State.SUCCEEDED:
            tell_payer(tx, world, payment)
        wait = world.wait_seconds(world.provider_settings(tx, "daraja").latency["stk_push.callback"])
        due = world.now() + timedelta(seconds=wait)
        outbox.post(tx, _callback(f"c{number:06d}", payment, record), due)
        _confirm_too(tx, world, payment, due)

    await world.run(work)


def _confirm_too(tx: Transaction, world: World, payment: Payment, due: datetime) -> None:
    """A push paid on a shortcode with C2B URLs is told there too, as of a second before [captured 2021, 2024]."""
    at = payment.decided_at
    if payment.state is State.SUCCEEDED and at is not None and not is_strict(tx, world, "stk_unconfirmed"):
        confirm(tx, world, payment, at=at - CONFIRMED_BEFORE, due=due)


def _callback(key: str, payment: Payment, record: StkPush) -> outbox.Callback:
    return outbox.Callback(
        key=key,
        payment=payment.key,
        operation=OPERATION,
        correlation=payment.correlation,
        facts=Facts("stk_push", payment.msisdn, str(payment.amount), payment.reference),
        url=record.callback_url,
        body=dumped(_callback_body(payment, record)),
        headers=callback_headers(record.shortcode),
    )


def _callback_body(payment: Payment, record: StkPush) -> dict[str, object]:
    """XML made JSON: digits are numbers, and the item without text has no Value [captured sandbox Oct 2026]."""
    result = OUTCOMES.of(payment.failure)
    told: dict[str, object] = {
        "MerchantRequestID": record.merchant_request_id,
        "CheckoutRequestID": record.key,
        "ResultCode": on_the_wire(result),
        "ResultDesc": result.text,
    }
    if payment.state is State.SUCCEEDED:
        told["CallbackMetadata"] = {"Item": _metadata(payment)}
    return {"Body": {"stkCallback": told}}


def _metadata(payment: Payment) -> list[dict[str, object]]:
    assert payment.decided_at is not None
    return [
        {"Name": "Amount", "Value": two_places(payment.amount)},
        {"Name": "MpesaReceiptNumber", "Value": payment.receipt},
        {"Name": "Balance"},
        {"Name": "TransactionDate", "Value": int(compact_time(payment.decided_at))},
        {"Name": "PhoneNumber", "Value": int(payment.msisdn)},
    ]
