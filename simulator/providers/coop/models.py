"""Co-op's requests as they are spelt on the wire, and what is read of them. What they may say is `checks`."""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias, TypeVar

from pydantic import AliasChoices, BeforeValidator, Field, InstanceOf, ValidationError

from simulator.core.banks import account_number
from simulator.core.errors import InvalidField
from simulator.core.money import Money
from simulator.edge.addresses import web_address
from simulator.edge.exchange import Exchange
from simulator.edge.wire import Wire, load_object

COOP = "11"
NARRATION_CHARACTERS = 25
NESTED = 3  # a request, its legs, one of these


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected text")
    return value


def _present(value: object) -> str:
    """Text, or a number of somebody who forgot the quotes."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def _narration(value: object) -> str:
    told = _text(value)
    if len(told) > NARRATION_CHARACTERS:
        raise ValueError(f"expected at most {NARRATION_CHARACTERS} characters")
    return told


def _amount(value: object) -> Money:
    """A number or a numeric text, with two decimals at most. Whether it is positive is told apart: -3."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("expected a number, or text such as '500.00'")
    return Money.parse(str(value).removesuffix(".0") if isinstance(value, float) else str(value))


def _account(value: object) -> str:
    return account_number(_present(value).strip())


def _country(value: object) -> str:
    if value != "KE":
        raise ValueError("expected KE")
    return "KE"


Text = Annotated[str, BeforeValidator(_text)]
Present = Annotated[str, BeforeValidator(_present)]
Narration = Annotated[str, BeforeValidator(_narration)]
Amount = Annotated[InstanceOf[Money], BeforeValidator(_amount)]
AccountNumber = Annotated[str, BeforeValidator(_account)]
Country = Annotated[str, BeforeValidator(_country)]
WireUrl = Annotated[str, BeforeValidator(web_address)]
UserId = Annotated[Present, Field(validation_alias=AliasChoices("UserId", "UserID"))]


class Source(Wire):
    """What is debited."""

    account: AccountNumber = Field(alias="AccountNumber")
    amount: Amount = Field(alias="Amount")
    currency: Text = Field(alias="TransactionCurrency")
    narration: Narration = Field(alias="Narration")


class Destination(Wire):
    """A leg. Which of account, bank and phone it names is its operation's; other fields are tolerated."""

    reference: Text = Field(alias="ReferenceNumber")
    amount: Amount = Field(alias="Amount")
    currency: Text = Field(alias="TransactionCurrency")
    narration: Narration = Field(alias="Narration")


class AccountDestination(Destination):
    account: AccountNumber = Field(alias="AccountNumber")
    bank_code: Present = Field(alias="BankCode")
    phone: ClassVar[str] = ""


class InternalDestination(Destination):
    """Clients name a bank here too, or a branch: it is repeated, and means nothing."""

    account: AccountNumber = Field(alias="AccountNumber")
    bank_code: Present = Field(alias="BankCode", default=COOP)
    phone: ClassVar[str] = ""


class PhoneDestination(Destination):
    account: ClassVar[str] = ""
    bank_code: ClassVar[str] = ""
    phone: Present = Field(alias="PhoneNumber")


AnyDestination: TypeAlias = AccountDestination | InternalDestination | PhoneDestination


class TransferOrder(Wire):
    """Version 1: nobody says who he is."""

    reference: Text = Field(alias="MessageReference")
    callback_url: WireUrl = Field(alias="CallBackUrl")
    country: Country = Field(alias="ISO2CountryCode", default="KE")
    source: Source = Field(alias="Source")
    legs: tuple[AnyDestination, ...] = Field(alias="Destinations", min_length=1)


class AccountOrder(TransferOrder):
    legs: tuple[AccountDestination, ...] = Field(alias="Destinations", min_length=1)


class AccountOrderV2(AccountOrder):
    user: UserId


class InternalOrder(TransferOrder):
    legs: tuple[InternalDestination, ...] = Field(alias="Destinations", min_length=1)


class InternalOrderV2(InternalOrder):
    user: UserId


class PhoneOrder(TransferOrder):
    legs: tuple[PhoneDestination, ...] = Field(alias="Destinations", min_length=1)


class StatusEnquiry(Wire):
    """`UserId` is tolerated, here and in the other enquiries: clients of version 1 send none."""

    reference: Text = Field(alias="MessageReference")


class AccountEnquiry(StatusEnquiry):
    account: AccountNumber = Field(alias="AccountNumber")


class RecipientEnquiry(AccountEnquiry):
    bank: Present = Field(alias="RecipientBankIdentifier")


W = TypeVar("W", bound=Wire)


def parse(exchange: Exchange, model: type[W]) -> W:
    """The request; `InvalidField` names the first bad field with its place. Null is absent, wherever a field is."""
    try:
        return model.model_validate(_without_nulls(load_object(exchange.received.body)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidField(place, first["msg"].removeprefix("Value error, ")) from None


def _without_nulls(told: object, depth: int = NESTED) -> object:
    if isinstance(told, dict) and depth:
        return {name: _without_nulls(value, depth - 1) for name, value in told.items() if value is not None}
    if isinstance(told, list) and depth:
        return [_without_nulls(value, depth - 1) for value in told]
    return told
