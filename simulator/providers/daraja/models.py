"""Wire types that Daraja's products share."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator

from simulator.core.subscribers import parse_msisdn
from simulator.edge.addresses import web_address
from simulator.edge.exchange import Exchange
from simulator.edge.wire import Digits, W, Whole, load_object, read

_TIMESTAMP = re.compile(r"[0-9]{14}")
_SHORTCODE = re.compile(r"[0-9]{5,7}")
_PAID_SHORTCODE = re.compile(r"[0-9]{4,7}")

PAYBILL, BUY_GOODS = "CustomerPayBillOnline", "CustomerBuyGoodsOnline"
MAXIMUM_SHILLINGS = 250_000


def _timestamp(value: object) -> str:
    """Fourteen digits; a number is tolerated. Freshness is not checked: some clients send UTC [SDKs agree]."""
    told = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(told, str) or not _TIMESTAMP.fullmatch(told):
        raise ValueError("expected yyyyMMddHHmmss")
    return told


def _shortcode(value: str) -> str:
    if not _SHORTCODE.fullmatch(value):
        raise ValueError("expected 5 to 7 digits")
    return value


def _paid_shortcode(value: str) -> str:
    if not _PAID_SHORTCODE.fullmatch(value):
        raise ValueError("expected 4 to 7 digits")
    return value


def _payable(shillings: int) -> int:
    if not 1 <= shillings <= MAXIMUM_SHILLINGS:
        raise ValueError(f"expected 1 to {MAXIMUM_SHILLINGS} whole shillings, not {shillings}")
    return shillings


def _credential(value: object) -> str:
    return "".join(_text(value).split())  # base64 comes in lines from some tools


def _optional(value: object) -> str:
    """Text or a number; empty counts as absent: clients send it."""
    return "" if isinstance(value, str) and not value.strip() else _present(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected text")
    return value


def _present(value: object) -> str:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else _text(value)


Present = Annotated[str, BeforeValidator(_present)]
Timestamp = Annotated[str, BeforeValidator(_timestamp)]
Shortcode = Annotated[Digits, AfterValidator(_shortcode)]
PaidShortcode = Annotated[Digits, AfterValidator(_paid_shortcode)]  # tills are shorter
Payable = Annotated[Whole, AfterValidator(_payable)]
CustomerCommand: TypeAlias = Literal["CustomerPayBillOnline", "CustomerBuyGoodsOnline"]
WireMsisdn = Annotated[Digits, AfterValidator(parse_msisdn)]
WireUrl = Annotated[str, BeforeValidator(web_address)]
Text = Annotated[str, BeforeValidator(_text)]
Credential = Annotated[str, BeforeValidator(_credential)]
OptionalText = Annotated[str, BeforeValidator(_optional)]


def parse(exchange: Exchange, model: type[W]) -> W:
    """The request. With another content type the gateway sees no field at all, and names the first [official]."""
    return read(model, told_by(exchange))


def told_by(exchange: Exchange) -> dict[str, object]:
    received = exchange.received
    return load_object(received.body) if received.is_json else {}
