"""Banks: who takes part in the switch, the accounts that they hold, and the phones that are linked to these.

An account is named by bank and number (`68:1450160649886`). Its balance is the ledger's.
"""

from __future__ import annotations

import re
from datetime import datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

from simulator.core.ledger import AccountName
from simulator.core.names import FAMILY_NAMES, GIVEN_NAMES

if TYPE_CHECKING:
    from simulator.core.store import Transaction
    from simulator.core.worlds import World

COUNTRY = "404"  # Kenya, before the five digits of bank and branch
OPENS, CLOSES = time(8), time(17)
SATURDAY = 5
PHONE_ACCOUNT_DIGITS = 9
_SPELLING = re.compile(r"[0-9]{1,8}")
_NUMBER = re.compile(r"[0-9A-Z]{1,34}")  # an IBAN is the longest


class AccountState(StrEnum):
    """What becomes of a transfer to the account. The last five are a bank's, or the switch's, doing."""

    ACTIVE = "active"
    MISSING = "missing"
    CLOSED = "closed"
    BLOCKED = "blocked"
    DORMANT = "dormant"
    BANK_OFFLINE = "bank_offline"
    CUT_OVER = "cut_over"
    LATE = "late"
    LATE_REFUSAL = "late_refusal"
    SILENT = "silent"
    TWICE = "twice"


class Hours(StrEnum):
    ALWAYS = "always"
    BUSINESS = "business"


class Bank(Struct, frozen=True):
    """A bank by its two-digit clearing code. One that is no member is known, and takes nothing."""

    kind: ClassVar[str] = "bank"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    name: str
    short_name: str = ""
    swift: str = ""
    is_member: bool = True
    is_online: bool = True
    hours: Hours = Hours.ALWAYS

    def takes_at(self, now: datetime) -> bool:
        """Whether it answers the switch: some banks do in business hours only [official, Choice]."""
        is_day = now.weekday() < SATURDAY and OPENS <= now.timetz().replace(tzinfo=None) < CLOSES
        return self.is_online and (self.hours is Hours.ALWAYS or is_day)


class BankAccount(Struct, frozen=True):
    """Stored once it differs from what its number says. `surface` is the provider whose clients may debit it.

    `refuses_debits` and `refuses_credits` are codes of that provider, empty where the account does neither.
    """

    kind: ClassVar[str] = "bank_account"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    name: str
    state: AccountState = AccountState.ACTIVE
    surface: str = ""
    refuses_debits: str = ""
    refuses_credits: str = ""

    @property
    def bank(self) -> str:
        return self.key.split(":")[0]

    @property
    def number(self) -> str:
        return self.key.split(":")[1]


class PhoneLink(Struct, frozen=True):
    """The accounts that a number is linked to, the default one first; stored once they differ from everybody's."""

    kind: ClassVar[str] = "phone_link"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    accounts: tuple[str, ...]


def account_number(told: str) -> str:
    """What was told, if it is the number of an account: else a `ValueError`.

    It has no small letters, so that none is the name of what the ledger keeps beside accounts, such as `68:fees`.
    """
    if not _NUMBER.fullmatch(told):
        raise ValueError(f"expected an account number of 1 to 34 digits and capital letters, not {told!r}")
    return told


def account_key(bank: str, number: str) -> str:
    return f"{bank}:{account_number(number)}"


def ledger_account(key: str) -> AccountName:
    return AccountName(f"bank:{key}")


def fee_account(bank: str) -> AccountName:
    """What a bank earns by transfers."""
    return AccountName(f"bank:{bank}:fees")


def clearing_code(told: str) -> str:
    """The two-digit code, whichever of its spellings was told: `1`, `68`, `0068`, `68000`, `40468000`. Empty for none.

    All of them are in use, each on another surface [SDKs agree].
    """
    digits = told.replace(" ", "")
    if not _SPELLING.fullmatch(digits) or not digits.isascii():
        return ""
    if len(digits) == 8 and digits.startswith(COUNTRY):
        digits = digits.removeprefix(COUNTRY)
    code = int(digits[:2] if len(digits) == 5 else digits)
    return f"{code:02d}" if len(digits) <= 5 else ""


def bank_of(tx: Transaction, world: World, code: str) -> Bank | None:
    """The bank of a clearing code, as stored or as every fresh world knows it."""
    return tx.get(Bank, code) or world.template.bank(code)


def members(tx: Transaction, world: World) -> list[Bank]:
    """The banks that may be paid to, by code."""
    known = (bank_of(tx, world, code) for code in sorted(world.template.banks))
    return [bank for bank in known if bank is not None and bank.is_member]


def account_of(tx: Transaction, world: World, key: str) -> BankAccount:
    """The stored account, or the one that its number stands for: any number is somebody's account."""
    stored = tx.get(BankAccount, key)
    if stored is not None:
        return stored
    told = world.template.bank_account(key)
    bank, number = key.split(":")
    return BankAccount(
        key=key,
        name=told.name or holder_name(world, bank, number),
        state=told.state,
        surface=told.surface,
        refuses_debits=told.refuses_debits,
        refuses_credits=told.refuses_credits,
    )


def holder_name(world: World, bank: str, number: str) -> str:
    """Upper case, as banks tell names; the same on every surface."""
    given, family = (world.entropy.number("holder", part, bank, number) for part in ("given", "family"))
    return f"{GIVEN_NAMES[given % len(GIVEN_NAMES)]} {FAMILY_NAMES[family % len(FAMILY_NAMES)]}"


def linked_accounts(tx: Transaction, world: World, msisdn: str) -> tuple[str, ...]:
    """The accounts of a phone, the default one first. Everybody's is linked at every member bank."""
    stored = tx.get(PhoneLink, msisdn)
    if stored is not None:
        return stored.accounts
    if msisdn in world.template.unlinked:
        return ()
    banks = members(tx, world)
    if not banks:
        return ()
    first = world.entropy.number("default bank", msisdn) % len(banks)
    return tuple(account_key(bank.key, _number_of(world, bank.key, msisdn)) for bank in banks[first:] + banks[:first])


def linked_at(tx: Transaction, world: World, msisdn: str, bank: str) -> str | None:
    """The account of a phone at one bank."""
    return next((key for key in linked_accounts(tx, world, msisdn) if key.split(":")[0] == bank), None)


def _number_of(world: World, bank: str, msisdn: str) -> str:
    """Ends in a digit that no number with a meaning ends in."""
    return f"{world.entropy.text('0123456789', PHONE_ACCOUNT_DIGITS, 'linked', bank, msisdn)}5555"
