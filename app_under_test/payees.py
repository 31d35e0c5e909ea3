"""Whom a withdrawal pays, as a customer says it: a phone by M-PESA, or by PesaLink a phone or an account at a bank."""

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from aiohttp import web
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from app_under_test.customers import Msisdn, Name
from app_under_test.edge import respond


@cache
def banks() -> dict[str, str]:
    """The names of PesaLink's members, by clearing code."""
    lines = files("app_under_test").joinpath("banks.csv").read_text("utf-8").splitlines()[1:]
    return {code: name.strip('"') for code, _, name in (line.partition(",") for line in lines)}


async def list_banks(_: web.Request) -> web.Response:
    return respond({"items": [{"bank": code, "name": name} for code, name in banks().items()]})


def _member(code: str) -> str:
    if code not in banks():
        raise ValueError("no bank of that code takes part in PesaLink: GET /banks lists them")
    return code


BankCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$"), AfterValidator(_member)]
AccountNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{4,30}$")]


class _Payee(BaseModel):
    model_config = ConfigDict(extra="forbid")  # what says more means another way to pay


class Phone(_Payee):
    msisdn: Msisdn


class LinkedPhone(_Payee):
    msisdn: Msisdn
    via: Literal["pesalink"]


class BankAccount(_Payee):
    bank: BankCode
    account_number: AccountNumber
    name: Name


def _as_its_kind(told: object) -> object:
    """By what is there, so that what is missing is named."""
    kind: type[_Payee] = Phone
    if isinstance(told, dict) and "msisdn" not in told and told:
        kind = BankAccount
    elif isinstance(told, dict) and "via" in told:
        kind = LinkedPhone
    return kind.model_validate(told)


class AccountQuestion(BaseModel):
    bank: BankCode
    account_number: AccountNumber
    name: Name | None = None


Payee = Annotated[Phone | LinkedPhone | BankAccount, BeforeValidator(_as_its_kind)]
