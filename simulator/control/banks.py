"""Banks, the accounts that they hold, the switch between them, and the phones that are linked to accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec.structs import replace
from pydantic import AfterValidator, Field, StrictBool

from simulator.control.api import Call, ControlError, listed
from simulator.control.balances import Amount, Payable, set_balance
from simulator.control.people import told_msisdn
from simulator.control.traffic import payment_view
from simulator.core import switch
from simulator.core.banks import (
    AccountState,
    Bank,
    Hours,
    PhoneLink,
    account_key,
    account_number,
    account_of,
    bank_of,
    clearing_code,
    ledger_account,
    linked_accounts,
)
from simulator.core.data import Data
from simulator.core.errors import AccountMissing, InsufficientFunds, NothingToReturn
from simulator.core.journal import Event, EventKind, Json
from simulator.core.money import ZERO, Money
from simulator.core.payments import Payment
from simulator.core.store import Transaction
from simulator.core.worlds import World


class BankPatch(Data):
    """Whether the bank answers the switch at all, and when it does."""

    online: StrictBool | None = None
    hours: Hours | None = None


class AccountPatch(Data):
    """What may be said of an account: whose it is, what becomes of a transfer to it, what it holds."""

    name: Annotated[str, Field(min_length=1, max_length=140)] | None = None
    state: AccountState | None = None
    balance: Amount | None = None


class AccountAt(Data):
    """An account, by any spelling of its bank's code."""

    bank: str
    account_number: Annotated[str, AfterValidator(account_number)]


class BankPay(Data):
    """Somebody pays an account of a provider's client."""

    to: AccountAt
    amount: Payable
    narration: Annotated[str, Field(max_length=140)] = ""


class Giveback(Data):
    """How much of a transfer is returned; all that is left of it unless told."""

    amount: Payable | None = None


def _unique(accounts: list[AccountAt]) -> list[AccountAt]:
    if len({clearing_code(one.bank) for one in accounts}) < len(accounts):
        raise ValueError("a phone is linked to one account at a bank, the default one first")
    return accounts


class PhonePatch(Data):
    """The accounts that a phone is linked to, the default one first; none unlinks it."""

    accounts: Annotated[list[AccountAt], AfterValidator(_unique)]


def _known_bank(tx: Transaction, world: World, told: str) -> Bank:
    bank = bank_of(tx, world, clearing_code(told))
    if bank is None:
        raise ControlError(404, "not_found", f"no bank has the code {told!r}")
    return bank


def _named(tx: Transaction, world: World, told: AccountAt, field: str) -> str:
    """The key of an account that a body names."""
    bank = bank_of(tx, world, clearing_code(told.bank))
    if bank is None:
        raise ControlError(422, "invalid", f"no bank has the code {told.bank!r}", f"{field}.bank")
    return account_key(bank.key, told.account_number)


def _bank_view(bank: Bank) -> dict[str, Any]:
    return {
        "code": bank.key,
        "name": bank.name,
        "short": bank.short_name or None,
        "swift": bank.swift or None,
        "member": bank.is_member,
        "online": bank.is_online,
        "hours": bank.hours,
    }


async def list_banks(call: Call) -> dict[str, Any]:
    """By code, those too that are no members."""
    world = call.world
    views = await world.run(
        lambda tx: [_bank_view(_known_bank(tx, world, code)) for code in sorted(world.template.banks)]
    )
    return listed(call, views, lambda view: str(view["code"]), lambda view: view)


async def get_bank(call: Call) -> dict[str, Any]:
    world, code = call.world, call.part("code")
    return await world.run(lambda tx: _bank_view(_known_bank(tx, world, code)))


async def patch_bank(call: Call) -> dict[str, Any]:
    world, code, asked = call.world, call.part("code"), await call.body(BankPatch)

    def work(tx: Transaction) -> dict[str, Any]:
        bank = _known_bank(tx, world, code)
        bank = replace(
            bank,
            is_online=bank.is_online if asked.online is None else asked.online,
            hours=asked.hours or bank.hours,
        )
        tx.put(bank)
        _note(tx, world, {"bank": bank.key, **_told(asked)})
        return _bank_view(bank)

    return await world.run(work)


def _told(asked: BankPatch | AccountPatch) -> Mapping[str, Json]:
    return asked.model_dump(mode="json", exclude_none=True)


def _note(tx: Transaction, world: World, data: Mapping[str, Json]) -> None:
    tx.append(Event(EventKind.BANK, world.now(), data))


def _account_at(tx: Transaction, call: Call) -> str:
    """The key of the account that a path names."""
    bank = _known_bank(tx, call.world, call.part("code"))
    try:
        return account_key(bank.key, call.part("number"))
    except ValueError as error:
        raise ControlError(422, "invalid", str(error), "number") from None


def _account_view(tx: Transaction, world: World, key: str) -> dict[str, Any]:
    account = account_of(tx, world, key)
    return {
        "bank": account.bank,
        "account_number": account.number,
        "name": account.name,
        "state": account.state,
        "balance": str(tx.balance(ledger_account(key)).balance),
        "surface": account.surface or None,
    }


async def get_account(call: Call) -> dict[str, Any]:
    return await call.world.run(lambda tx: _account_view(tx, call.world, _account_at(tx, call)))


async def patch_account(call: Call) -> dict[str, Any]:
    world, asked = call.world, await call.body(AccountPatch)
    number = await world.take("entry")

    def work(tx: Transaction) -> str:
        key = _account_at(tx, call)
        account = account_of(tx, world, key)
        account = replace(account, name=asked.name or account.name, state=asked.state or account.state)
        tx.put(account)
        if asked.balance is not None:
            set_balance(tx, world, ledger_account(key), Money.parse(asked.balance), f"set:{number}")
        _note(tx, world, {"bank": account.bank, "account_number": account.number, **_told(asked)})
        return key

    key = await world.run(work)
    return await world.run(lambda tx: _account_view(tx, world, key))


async def pay(call: Call) -> dict[str, Any]:
    """The holder of the account pays one of a provider's client, who is told of it as the provider tells."""
    world, asked = call.world, await call.body(BankPay)

    def read(tx: Transaction) -> switch.Incoming:
        payer = _account_at(tx, call)
        payee = _named(tx, world, asked.to, "to")
        return switch.Incoming(payer, payee, Money.parse(asked.amount), asked.narration)

    try:
        return payment_view(await switch.receive(world, await world.run(read)))
    except AccountMissing as error:
        raise ControlError(422, "invalid", str(error), "to.account_number") from None
    except InsufficientFunds as error:
        raise ControlError(422, "invalid", str(error), "amount") from None


async def give_back(call: Call) -> dict[str, Any]:
    """The payee returns a settled transfer, or part of it."""
    world, key, asked = call.world, call.part("id"), await call.body(Giveback)

    def left(tx: Transaction) -> Money:
        payment, told = tx.get(Payment, key), tx.get(switch.Transfer, key)
        if payment is None:
            raise ControlError(404, "not_found", f"there is no payment {key!r}")
        return ZERO if told is None else payment.amount - told.returned

    amount = await world.run(left)
    try:
        return payment_view(await switch.give_back(world, key, Money.parse(asked.amount) if asked.amount else amount))
    except NothingToReturn as error:
        raise ControlError(409, "nothing_to_return", str(error), "amount" if asked.amount else None) from None
    except InsufficientFunds as error:
        raise ControlError(409, "insufficient_funds", f"the payee has not got it any more: {error}") from None


async def get_switch(call: Call) -> dict[str, Any]:
    """What the banks owe each other since the last settlement, and what is in between."""
    world = call.world

    def work(tx: Transaction) -> dict[str, Any]:
        owed = {bank: str(amount) for bank, amount in switch.positions(tx, world).items()}
        return {"positions": owed, "transit": str(tx.balance(switch.TRANSIT).balance)}

    return await world.run(work)


async def settle(call: Call) -> dict[str, Any]:
    """The central bank settles every position: each is paid, and starts again from nothing."""
    world = call.world
    number = await world.take("settlement")

    def work(tx: Transaction) -> dict[str, str]:
        settled = {bank: str(amount) for bank, amount in switch.clear(tx, world, number).items()}
        _note(tx, world, {"settled": settled})
        return settled

    return {"settled": await world.run(work)}


def _phone_view(tx: Transaction, world: World, msisdn: str) -> dict[str, Any]:
    keys = (key.split(":") for key in linked_accounts(tx, world, msisdn))
    return {"msisdn": msisdn, "accounts": [{"bank": bank, "account_number": number} for bank, number in keys]}


async def get_phone(call: Call) -> dict[str, Any]:
    world, msisdn = call.world, told_msisdn(call.part("msisdn"))
    return await world.run(lambda tx: _phone_view(tx, world, msisdn))


async def patch_phone(call: Call) -> dict[str, Any]:
    world, msisdn, asked = call.world, told_msisdn(call.part("msisdn")), await call.body(PhonePatch)

    def work(tx: Transaction) -> dict[str, Any]:
        keys = [_named(tx, world, told, f"accounts.{at}") for at, told in enumerate(asked.accounts)]
        tx.put(PhoneLink(msisdn, tuple(keys)))
        view = _phone_view(tx, world, msisdn)
        _note(tx, world, view)
        return view

    return await world.run(work)
