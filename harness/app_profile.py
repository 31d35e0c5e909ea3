"""How an app's HTTP face maps to what the harness needs: keys, routes, and how its answers are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from harness.data import BadFace, money


@dataclass(frozen=True)
class AppProfile:
    """The default is the bundled bank."""

    keys: Mapping[str, str] = field(
        default_factory=lambda: {"channel": "bank-channel-key", "operator": "bank-operator-key"}
    )
    customers: str = "/customers"
    deposits: str = "/deposits"
    reconcile: str = "/reconcile"
    audit: str = "/ledger/audit"
    idempotency_header: str = "Idempotency-Key"
    merchant: str = "600000"

    def authorization(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[who]}"} if who in self.keys else {}

    def statement(self, customer: str) -> str:
        return f"{self.customers}/{customer}/statement"


@dataclass(frozen=True)
class CustomerSeen:
    """A customer as the app shows it."""

    id: str
    msisdn: str
    balance: Decimal
    available: Decimal


@dataclass(frozen=True)
class DepositSeen:
    id: str
    customer: str
    state: str
    amount: Decimal


@dataclass(frozen=True)
class StatementLine:
    """One change of a balance; the receipt and the payment where the app shows them."""

    amount: Decimal
    receipt: str | None = None
    payment: str | None = None


@dataclass(frozen=True)
class AppAudit:
    balanced: bool
    difference: Decimal
    customers: Decimal
    held: Decimal
    suspense: Decimal
    fees: Decimal
    float: Decimal


def read_customer(body: object) -> CustomerSeen:
    found = _mapping(body, "a customer")
    balance = found.get("balance")
    available = found.get("available", balance)
    return CustomerSeen(_text(found, "id"), _text(found, "msisdn"), money(balance), money(available))


def read_deposit(body: object) -> DepositSeen:
    found = _mapping(body, "a deposit")
    return DepositSeen(_text(found, "id"), _text(found, "customer"), _text(found, "state"), money(found.get("amount")))


def read_statement(body: object) -> tuple[StatementLine, ...]:
    """The lines of a statement, be they the body itself or its `items`."""
    lines = body.get("items", body.get("entries")) if isinstance(body, dict) else body
    if not isinstance(lines, list):
        raise BadFace(f"expected a statement with items, got {body!r}")
    return tuple(_statement_line(_mapping(line, "a statement's line")) for line in lines)


def _statement_line(line: Mapping[str, object]) -> StatementLine:
    receipt, reference = line.get("receipt"), line.get("reference")
    return StatementLine(
        money(line.get("amount")),
        receipt=None if receipt is None else str(receipt),
        payment=None if reference is None else str(reference),
    )


def read_audit(body: object) -> AppAudit:
    found = _mapping(body, "an audit")
    sums = {name: money(found.get(name)) for name in ("difference", "customers", "held", "suspense", "fees", "float")}
    return AppAudit(balanced=found.get("balanced") is True, **sums)


def _mapping(body: object, what: str) -> Mapping[str, object]:
    if not isinstance(body, dict):
        raise BadFace(f"expected {what}, got {body!r}")
    return body


def _text(found: Mapping[str, object], name: str) -> str:
    if name not in found:
        raise BadFace(f'"{name}" is missing in {dict(found)!r}')
    return str(found[name])
