"""What an app's answers say, read by its profile into plain values; any other shape is a `BadFace`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from harness.app_profile import AppProfile, PaymentKind, Thing, account_name
from harness.data import BadFace, money
from harness.matching import MISSING, show

NOTHING = Decimal(0)


class CustomerSeen(Struct, frozen=True):
    """A customer as the app shows it; `available` is None where it shows a balance only."""

    id: str
    msisdn: str
    balance: Decimal
    available: Decimal | None = None

    @property
    def held(self) -> Decimal:
        return NOTHING if self.available is None else self.balance - self.available


class AppPaymentSeen(Struct, frozen=True):
    """A deposit or a withdrawal; `references` are the texts by which the provider may know it.

    A withdrawal goes to a phone, `payee`, or to an `account` at a bank, as the provider's ledger names it.
    """

    id: str
    customer: str
    state: str
    amount: Decimal
    fee: Decimal = NOTHING
    payee: str | None = None
    references: frozenset[str] = frozenset()
    account: str | None = None


class StatementLine(Struct, frozen=True):
    """One change of a balance; the receipt and the payment where the app shows them."""

    amount: Decimal
    receipt: str | None = None
    payment: str | None = None


class AppAudit(Struct, frozen=True):
    """The app's own books. `float` is what it believes to hold at the provider, `pesalink_float` at banks besides.

    An app without `pesalink_float` has one float for all.
    """

    balanced: bool
    difference: Decimal
    customers: Decimal
    held: Decimal
    suspense: Decimal
    fees: Decimal
    float: Decimal
    pesalink_float: Decimal | None = None

    @property
    def owed(self) -> Decimal:
        return self.customers + self.held + self.suspense + self.fees


class Answers(Struct, frozen=True):
    """Reads what an app of this profile answers."""

    profile: AppProfile

    def customer(self, body: object) -> CustomerSeen:
        about = self._about("customer", body)
        available = about.money("available") if about.has("available") else None
        return CustomerSeen(about.text("id"), about.text("msisdn"), about.money("balance"), available)

    def payment(self, kind: PaymentKind, body: object) -> AppPaymentSeen:
        about = self._about(kind, body)
        seen = AppPaymentSeen(
            id=about.text("id"),
            customer=about.text("customer"),
            state=self.profile.state(about.text("state")),
            amount=about.money("amount"),
            fee=about.money("fee") if about.has("fee") else NOTHING,
            payee=about.text("payee") if about.has("payee") else None,
            account=about.account("bank", "account_number"),
        )
        ours = {seen.customer, seen.state, seen.payee}
        return replace(seen, references=frozenset(_texts(body)) - ours)

    def statement(self, body: object) -> tuple[StatementLine, ...]:
        """The lines of a statement; a bare list is one, too."""
        lines = body if isinstance(body, list) else self.profile.found("statement", "lines", body)
        if not isinstance(lines, list):
            raise BadFace(f"expected a statement with items, got {show(body)}")
        return tuple(self._line(line) for line in lines)

    def _line(self, body: object) -> StatementLine:
        about = self._about("statement", body)
        return StatementLine(about.money("amount"), about.optional_text("receipt"), about.optional_text("payment"))

    def undecided(self, body: object) -> frozenset[str] | None:
        """What a reconciliation says it left undecided, as the texts of its list; None where it lists nothing."""
        listed = self.profile.found("reconciliation", "undecided", body)
        return frozenset(_texts(listed)) if isinstance(listed, list) else None

    def notices(self, body: object) -> list[tuple[str, str]]:
        """Provider and address of each; an answer of another shape tells of none."""
        items = body.get("items") if isinstance(body, dict) else None
        told = [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []
        return [(str(one["provider"]), str(one["url"])) for one in told if {"provider", "url"} <= one.keys()]

    def audit(self, body: object) -> AppAudit:
        about = self._about("audit", body)
        names = ("difference", "customers", "held", "suspense", "fees", "float")
        at_banks = about.money("pesalink_float") if about.has("pesalink_float") else None
        sums = {name: about.money(name) for name in names}
        return AppAudit(about.value("balanced") is True, **sums, pesalink_float=at_banks)

    def _about(self, thing: Thing, body: object) -> _About:
        if not isinstance(body, dict):
            raise BadFace(f"expected {WHAT[thing]}, got {show(body)}")
        return _About(self.profile, thing, body)


WHAT: dict[Thing, str] = {
    "customer": "a customer",
    "deposit": "a deposit",
    "withdrawal": "a withdrawal",
    "statement": "a statement's line",
    "audit": "an audit",
}


class _About(Struct, frozen=True):
    profile: AppProfile
    thing: Thing
    body: object

    def value(self, name: str) -> object:
        return self.profile.found(self.thing, name, self.body)

    def has(self, name: str) -> bool:
        return self.value(name) not in (MISSING, None)

    def text(self, name: str) -> str:
        if not self.has(name):
            raise BadFace(f'"{name}" is missing in {show(self.body)}')
        return str(self.value(name))

    def optional_text(self, name: str) -> str | None:
        return str(self.value(name)) if self.has(name) else None

    def account(self, bank: str, number: str) -> str | None:
        """An account at a bank, as the provider's ledger names it."""
        if not (self.has(bank) and self.has(number)):
            return None
        return account_name(self.text(bank), self.text(number))

    def money(self, name: str) -> Decimal:
        value = self.value(name)
        return money(None if value is MISSING else value)


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value, keys aside."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)
