"""How an app's HTTP face maps to what the harness needs: keys, routes, bodies, fields, states.

What a profile does not say is as in the bundled bank.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from harness.data import Data, JsonPath
from harness.matching import find
from harness.substitution import fill

Thing = Literal["customer", "deposit", "withdrawal", "statement", "reconciliation", "audit"]
PaymentKind = Literal["deposit", "withdrawal"]

BANK_KEYS = {"channel": "bank-channel-key", "operator": "bank-operator-key"}
BANK_BODIES: Mapping[str, object] = {
    "customer": {"name": "{name}", "msisdn": "{msisdn}"},
    "deposit": {"customer": "{customer}", "amount": "{amount}", "via": "mpesa"},
    "withdrawal": {"customer": "{customer}", "amount": "{amount}", "to": {"msisdn": "{msisdn}"}},
}
BANK_FIELDS: Mapping[Thing, Mapping[str, str]] = {
    "withdrawal": {"payee": "$.to.msisdn", "bank": "$.to.bank", "account_number": "$.to.account_number"},
    "statement": {"lines": "$.items", "payment": "$.reference"},
    "reconciliation": {"undecided": "$.undecided"},
}


BANK_ACCOUNTS = ("68:1450160649886", "11:36001873000")


class AppProfile(Data):
    """A route that the app does not have is null, and what is checked with it is left out.

    `bank_accounts` are its own at banks, by bank and number.
    """

    keys: dict[str, str] = BANK_KEYS
    customers: str = "/customers"
    deposits: str = "/deposits"
    withdrawals: str | None = "/withdrawals"
    statement: str | None = "/customers/{customer}/statement"
    reconcile: str | None = "/reconcile"
    audit: str | None = "/ledger/audit"
    notices: str | None = "/notices"
    idempotency_header: str = "Idempotency-Key"
    merchant: str = "600000"
    bank_accounts: tuple[Annotated[str, Field(pattern=r"^[0-9]{1,8}:[0-9A-Z]{1,34}$")], ...] = BANK_ACCOUNTS
    bodies: dict[str, object] = Field(default_factory=dict)
    fields: dict[Thing, dict[str, JsonPath]] = Field(default_factory=dict)
    states: dict[str, str] = Field(default_factory=dict)
    switched_off: dict[str, str] = Field(default_factory=dict)

    def authorization(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[who]}"} if who in self.keys else {}

    def owns(self, merchant: str) -> bool:
        """Whether the provider's payments of this merchant are the app's: its paybill, or an account of its own."""
        return merchant == self.merchant or merchant in {one.split(":")[1] for one in self.bank_accounts}

    @property
    def purses(self) -> frozenset[str]:
        """What it holds at M-PESA, as the provider's ledger names accounts."""
        return frozenset(f"merchant:{self.merchant}:{purse}" for purse in ("utility", "working"))

    @property
    def accounts(self) -> frozenset[str]:
        """Those at banks."""
        return frozenset(account_name(*one.split(":")) for one in self.bank_accounts)

    def statement_of(self, customer: str) -> str | None:
        return None if self.statement is None else str(fill(self.statement, {"customer": customer}))

    def route_of(self, kind: PaymentKind) -> str:
        """Where such a payment is asked for; one of it stands below."""
        route = self.deposits if kind == "deposit" else self.withdrawals
        assert route is not None, f"an app without {kind}s is not asked for one"
        return route

    def kind_at(self, path: str) -> PaymentKind | None:
        """What is asked for by a POST there."""
        routes: dict[str | None, PaymentKind] = {self.deposits: "deposit", self.withdrawals: "withdrawal"}
        return routes.get(path)

    def body(self, thing: str, **facts: str) -> object:
        """What to send in order to get one."""
        return fill({**BANK_BODIES, **self.bodies}[thing], facts)

    def found(self, thing: Thing, name: str, body: object) -> object:
        """What an answer about a thing says under one of our names, or `MISSING`."""
        return find(body, self._paths.get(thing, {}).get(name, f"$.{name}"))

    @functools.cached_property
    def _paths(self) -> Mapping[str, Mapping[str, str]]:
        things = {*BANK_FIELDS, *self.fields}
        return {thing: {**BANK_FIELDS.get(thing, {}), **self.fields.get(thing, {})} for thing in things}

    def state(self, word: str) -> str:
        """The app's word in ours: `pending completed failed cancelled expired unknown`."""
        return self.states.get(word, word)


def account_name(bank: str, number: str) -> str:
    """An account as the provider's ledger names it, whichever spelling of its bank's code was told."""
    digits = bank.replace(" ", "")
    digits = digits.removeprefix("404") if len(digits) == 8 else digits
    code = digits[:2] if len(digits) == 5 else digits.lstrip("0").zfill(2)
    return f"bank:{code}:{number}"
