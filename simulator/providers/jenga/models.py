"""Jenga's requests. A body is read with its numbers as they are written, which is what clients sign, and flat: a field
is called by its whole path, `transfer.amount`.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from simulator.core.banks import account_number
from simulator.core.errors import DomainError, MalformedBody
from simulator.core.subscribers import Msisdn, parse_msisdn
from simulator.edge.exchange import Exchange
from simulator.edge.provider import RefusedAs
from simulator.edge.wire import W, Wire, load_object, read

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PHONE = re.compile(r"\+?(?:254|0)(?P<rest>[0-9]{9})")
COUNTRY = "KE"


class Literal(str):
    """A JSON number by its text: `500.00` is not `500`."""


def _text(value: object) -> str:
    if not isinstance(value, str) or isinstance(value, Literal) or not value.strip():
        raise ValueError("expected text")
    return value


def _amount(value: object) -> str:
    """Text; from a JSON number its literal."""
    return str(value) if isinstance(value, Literal) else _text(value)


Text = Annotated[str, BeforeValidator(_text)]
Amount = Annotated[str, BeforeValidator(_amount)]


class TransferRequest(Wire):
    """What every transfer has. The values are the body's own, to the letter: they are signed so."""

    source_country: Text = Field(alias="source.countryCode")
    source_name: Text = Field(alias="source.name")
    payer: Text = Field(alias="source.accountNumber")
    destination_type: Text = Field(alias="destination.type")
    destination_country: Text = Field(alias="destination.countryCode")
    payee_name: Text = Field(alias="destination.name")
    transfer_type: Text = Field(alias="transfer.type")
    amount: Amount = Field(alias="transfer.amount")
    currency: Text = Field(alias="transfer.currencyCode")
    reference: Text = Field(alias="transfer.reference")
    date: Text = Field(alias="transfer.date")
    description: Text = Field(alias="transfer.description")


class ToAccount(TransferRequest):
    account: Text = Field(alias="destination.accountNumber")


class PesalinkAccount(ToAccount):
    bank: Text = Field(alias="destination.bankCode")


class PesalinkMobile(TransferRequest):
    bank: Text = Field(alias="destination.bankCode")
    phone: Text = Field(alias="destination.mobileNumber")


class ValidateRequest(Wire):
    country: Text = Field(alias="countryCode")
    account: Text = Field(alias="accountNumber")
    name: Text = Field(alias="accountFullName")


class Credentials(Wire):
    merchant_code: Text = Field(alias="merchantCode")
    consumer_secret: Text = Field(alias="consumerSecret")


def parse(exchange: Exchange, model: type[W]) -> W:
    """The request, whatever its content type says: `MalformedBody`, or `InvalidField` for what is missing."""
    return read(model, flat(load(exchange.received.body)))


def load(body: bytes) -> dict[str, Any]:
    load_object(body)
    try:
        told: dict[str, Any] = json.loads(body, parse_int=Literal, parse_float=Literal)
    except (ValueError, RecursionError) as error:
        raise MalformedBody(f"the body is not JSON that Jenga reads: {error}") from None
    return told


def flat(told: dict[str, Any]) -> dict[str, Any]:
    """Fields by their whole path; what is null is not there, and a name with a dot in it is nobody's."""
    inner = {name: value for name, value in told.items() if isinstance(value, dict)}
    fields = {f"{part}.{name}": value for part, members in inner.items() for name, value in members.items()}
    return {name: value for name, value in told.items() if name not in inner and "." not in name} | fields


def reference_in(body: bytes) -> str:
    """The reference that a request names, empty if it names none."""
    try:
        told = flat(load(body)).get("transfer.reference")
    except MalformedBody:
        return ""
    return told if isinstance(told, str) else ""


def check_transfer(asked: TransferRequest, *, destination: str, is_pesalink: bool) -> None:
    """The values that have one form only. Of the types, clients write that of the transfer in any case."""
    check_country(asked.source_country)
    check_country(asked.destination_country)
    check_account(asked.payer)
    if isinstance(asked, ToAccount):
        check_account(asked.account)
    if asked.destination_type.lower() != destination:
        raise unfit("destination.type", asked.destination_type, f"{destination!r}")
    if is_pesalink and asked.transfer_type.lower() != "pesalink":
        raise unfit("transfer.type", asked.transfer_type, "'PesaLink'")
    if not _is_date(asked.date):
        raise unfit("transfer.date", asked.date, "YYYY-MM-DD")


def check_country(told: str) -> None:
    if told.upper() != COUNTRY:
        raise unfit("countryCode", told, f"{COUNTRY!r}")


def check_account(told: str) -> None:
    try:
        account_number(told)
    except ValueError as error:
        raise RefusedAs("unparseable", f"accountNumber: {error}") from None


def phone_of(told: str) -> Msisdn:
    """`07…`, `2547…`, `+2547…` and `+254-7…` are in use [SDKs agree], and 01 numbers likewise."""
    found = _PHONE.fullmatch(re.sub(r"[\s-]", "", told))
    try:
        return parse_msisdn(f"254{found['rest']}" if found else told)
    except ValueError as error:
        raise RefusedAs("unparseable", f"destination.mobileNumber: {error}") from None


def _is_date(told: str) -> bool:
    try:
        return _DATE.fullmatch(told) is not None and bool(date.fromisoformat(told))
    except ValueError:
        return False


def unfit(field: str, told: str, expected: str) -> DomainError:
    return RefusedAs("unparseable", f"{field} is {told!r}, expected {expected}")
