"""What a fresh world holds, as a world file tells it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import Field, field_validator

from simulator.core.banks import AccountState, Bank
from simulator.core.data import Data
from simulator.core.ledger import OUTSIDE, AccountName, Terms
from simulator.core.merchants import Merchant, ShortcodeKind
from simulator.core.money import ZERO, Money
from simulator.core.subscribers import THINKS_SECONDS, Policy, Subscriber, parse_msisdn
from simulator.core.tariffs import Bands

REMEMBERED = 4096


def _amount(text: str) -> str:
    return str(Money.parse(text))


@functools.lru_cache  # the same for thousands of accounts
def _wallet_terms(balance: str, ceiling: str) -> Terms:
    return Terms(Money.parse(balance), ceiling=Money.parse(ceiling))


class SubscriberTemplate(Data):
    """A subscriber as a world file tells it."""

    name: str = ""
    pin: Annotated[str, Field(pattern=r"^[0-9]{4}$")] = "1234"
    balance: str = "50000.00"
    policy: Policy = Policy.APPROVE
    thinks_seconds: Annotated[float, Field(ge=0)] = THINKS_SECONDS
    types_pin: str = ""
    reachable: bool = True
    busy: bool = False
    locked: bool = False
    known: bool = True
    registered: bool = True
    active: bool = True
    spent_today: str = "0.00"

    _amounts = field_validator("balance", "spent_today")(_amount)


class MerchantTemplate(Data):
    """A merchant as a world file tells it."""

    name: str = ""
    kind: ShortcodeKind = ShortcodeKind.PAYBILL
    passkey: str = ""
    utility: str = "10000000.00"
    working: str = "10000000.00"
    initiators: Mapping[str, str] = {}
    validation: bool = False

    _amounts = field_validator("utility", "working")(_amount)


class BankTemplate(Data):
    """A bank as a world file tells it."""

    name: str
    short: str = ""
    swift: str = ""
    member: bool = True


class BankAccountTemplate(Data):
    """An account at a bank as a world file tells it. `surface` is the provider whose clients may debit it."""

    name: str = ""
    balance: str = "50000.00"
    state: AccountState = AccountState.ACTIVE
    surface: str = ""
    refuses_debits: str = ""
    refuses_credits: str = ""

    _amounts = field_validator("balance")(_amount)


class ProviderTemplate(Data):
    """What a world file changes of a provider."""

    latency: Mapping[str, Annotated[float, Field(ge=0)]] = {}
    lifetimes: Mapping[str, Annotated[float, Field(ge=1)]] = {}
    limits: Mapping[str, str] = {}
    strictness: Mapping[str, bool] = {}
    tariff: Mapping[str, Bands] = {}

    @field_validator("limits")
    @classmethod
    def _are_amounts(cls, told: Mapping[str, str]) -> Mapping[str, str]:
        return {name: _amount(text) for name, text in told.items()}


class WorldTemplate(Data):
    """What a fresh world holds: keys with their secrets, merchants by shortcode, subscribers by MSISDN, banks by code,
    accounts by bank and number, changed settings by provider. `initiators` are operators of every merchant that names
    none. `endings` are what accounts are whose numbers end so; `unlinked` are the phones that no bank knows."""

    keys: Mapping[str, str] = {}
    passkey: str = ""
    initiators: Mapping[str, str] = {}
    merchants: Mapping[str, MerchantTemplate] = {}
    subscribers: Mapping[str, SubscriberTemplate] = {}
    providers: Mapping[str, ProviderTemplate] = {}
    anybody: SubscriberTemplate = SubscriberTemplate()
    banks: Mapping[str, BankTemplate] = {}
    accounts: Mapping[str, BankAccountTemplate] = {}
    endings: Mapping[str, AccountState] = {}
    unlinked: frozenset[str] = frozenset()
    wallet_ceiling: str = "500000.00"

    _amounts = field_validator("wallet_ceiling")(_amount)

    @field_validator("subscribers")
    @classmethod
    def _are_numbers(cls, told: Mapping[str, SubscriberTemplate]) -> Mapping[str, SubscriberTemplate]:
        return {parse_msisdn(msisdn): template for msisdn, template in told.items()}

    @functools.cached_property
    def subscriber(self) -> Callable[[str], Subscriber]:
        """Whom a number stands for; those that were looked at last are remembered."""
        return functools.lru_cache(REMEMBERED)(self._subscriber)

    @functools.cached_property
    def merchant(self) -> Callable[[str], Merchant | None]:
        """The merchant of a shortcode, if there is one; those that were looked at last are remembered."""
        return functools.lru_cache(REMEMBERED)(self._merchant)

    def bank(self, code: str) -> Bank | None:
        told = self.banks.get(code)
        return None if told is None else Bank(code, told.name, told.short, told.swift, told.member)

    def bank_account(self, key: str) -> BankAccountTemplate:
        """What is told of an account, or of any whose number ends like this one's."""
        told = self.accounts.get(key)
        if told is not None:
            return told
        state = next((state for ending, state in self.endings.items() if key.endswith(ending)), AccountState.ACTIVE)
        return BankAccountTemplate(state=state)

    def _subscriber(self, msisdn: str) -> Subscriber:
        told = self.subscribers.get(msisdn, self.anybody)
        return Subscriber(
            key=msisdn,
            name=told.name or f"SUBSCRIBER {msisdn[-4:]}",
            pin=told.pin,
            policy=told.policy,
            thinks_seconds=told.thinks_seconds,
            types_pin=told.types_pin,
            is_reachable=told.reachable,
            is_busy=told.busy,
            is_locked=told.locked,
            is_known=told.known,
            is_registered=told.registered,
            is_active=told.active,
            spent_before=Money.parse(told.spent_today),
        )

    def _merchant(self, shortcode: str) -> Merchant | None:
        told = self.merchants.get(shortcode)
        if told is None:
            return None
        return Merchant(
            key=shortcode,
            name=told.name or f"MERCHANT {shortcode}",
            what=told.kind,
            passkey=told.passkey or self.passkey,
            initiators=told.initiators or self.initiators,
            is_validating=told.validation,
        )

    def terms(self, account: AccountName) -> Terms:
        """The opening balance and bounds of an account that was never touched."""
        if account == OUTSIDE:
            return Terms(floor=None)
        owner, name, *purse = account.split(":")
        if owner == "subscriber":
            return _wallet_terms(self.subscribers.get(name, self.anybody).balance, self.wallet_ceiling)
        if owner in ("bank", "switch"):
            return self._terms_at_a_bank(owner, name, *purse)
        told = self.merchants.get(name, MerchantTemplate())
        if purse[0] == "charges":
            return Terms(floor=None)  # what is owed to the provider accrues as a negative balance
        balances = {"utility": told.utility, "working": told.working}
        return Terms(Money.parse(balances.get(purse[0], "0.00")))

    def _terms_at_a_bank(self, owner: str, name: str, *number: str) -> Terms:
        """Positions between banks go either way; what banks earn, and what is in transit, begins with nothing."""
        if owner == "switch":
            return Terms(floor=ZERO if name == "transit" else None)
        if number == ("fees",):
            return Terms()
        return Terms(Money.parse(self.bank_account(f"{name}:{number[0]}").balance))
