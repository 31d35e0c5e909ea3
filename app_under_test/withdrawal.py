"""One withdrawal: as a customer wishes it, and as the bank keeps it."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, BeforeValidator, ValidationInfo
from sqlalchemy import RowMapping

from app_under_test import ledger, money
from app_under_test.clock import seconds_between
from app_under_test.customers import CustomerId
from app_under_test.payees import BankAccount, LinkedPhone, Payee
from app_under_test.states import State

DARAJA = "daraja"
_carried_by_mpesa = money.carried_by_mpesa(at_least=10_00)


def _carried(cents: int, asked: ValidationInfo) -> int:
    is_transfer = isinstance(asked.data.get("to"), LinkedPhone | BankAccount)
    return money.carried_by_pesalink(cents) if is_transfer else _carried_by_mpesa(cents)


class WithdrawalRequest(BaseModel):
    customer: CustomerId
    to: Payee
    amount: Annotated[int, BeforeValidator(money.cents_of), AfterValidator(_carried)]


class Way(Struct, frozen=True):
    """By which provider, what it calls the payment, made of id and time, and what it charges the bank."""

    provider: str
    name: Callable[[str, str], str]
    fee: int = 0


class Withdrawal(Struct, frozen=True):
    id: str
    customer: str
    provider: str
    msisdn: str | None
    bank: str | None
    account_number: str | None
    name: str | None
    amount: int
    fee: int
    returned: int
    state: State
    proven: bool  # by the provider's word; what is not is held
    client_reference: str
    provider_reference: str | None
    receipt: str | None
    reason: str | None
    created_at: str

    @classmethod
    def of(cls, row: RowMapping) -> "Withdrawal":
        return cls(**{**row, "state": State(row["state"])})

    @property
    def is_transfer(self) -> bool:
        """Over PesaLink, that is."""
        return self.provider != DARAJA

    @property
    def paid_from(self) -> str:
        return ledger.PESALINK if self.is_transfer else ledger.FLOAT

    def age(self, now: str) -> float:
        return seconds_between(self.created_at, now)

    def shown(self) -> dict[str, object]:
        """Without the client reference: that is a secret between the bank and the provider."""
        names = ("id", "customer", "state", "proven", "provider_reference", "receipt", "reason", "created_at")
        told: dict[str, object] = {name: getattr(self, name) for name in names}
        told |= {"amount": money.text_of(self.amount), "to": self._payee()}
        return told | ({"returned": money.text_of(self.returned)} if self.is_transfer else {})

    def _payee(self) -> dict[str, object]:
        if self.bank is not None:
            return {"bank": self.bank, "account_number": self.account_number, "name": self.name}
        return {"msisdn": self.msisdn, **({"via": "pesalink"} if self.is_transfer else {})}
