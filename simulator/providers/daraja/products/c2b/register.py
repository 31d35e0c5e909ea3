"""C2B register URL: POST /mpesa/c2b/v1/registerurl and /mpesa/c2b/v2/registerurl."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace
from pydantic import Field

from simulator.core.errors import AlreadyRegistered, InvalidField, UnfitUrl
from simulator.core.faults import Facts
from simulator.core.merchants import CallbackUrls, Merchant, merchant_of
from simulator.core.store import Transaction
from simulator.core.worlds import World
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.wire import Wire
from simulator.providers.daraja.models import PaidShortcode, WireUrl, parse
from simulator.providers.daraja.products.c2b.acknowledgement import acknowledgement
from simulator.providers.daraja.strictness import check_public, is_strict

# In any letter case [official]. What holds `exec` holds `exe` too: the longer word is told.
FORBIDDEN_WORDS = ("mpesa", "m-pesa", "safaricom", "exec", "exe", "cmd", "sql", "query")
ALL_ZEROS = "00000000"  # the sandbox of Sep 2026 [captured]


class RegisterRequest(Wire):
    """Fields in documented order: the first bad one is the one that is named."""

    shortcode: PaidShortcode = Field(alias="ShortCode")
    response_type: Literal["Completed", "Cancelled"] = Field(alias="ResponseType")
    confirmation_url: WireUrl = Field(alias="ConfirmationURL")
    validation_url: WireUrl = Field(alias="ValidationURL")

    @property
    def urls(self) -> dict[str, str]:
        """By the name of the field."""
        return {"ConfirmationURL": self.confirmation_url, "ValidationURL": self.validation_url}


async def register(exchange: Exchange) -> Reply:
    """The URLs replace those registered before. The version of the path is that of their callbacks."""
    asked, world = parse(exchange, RegisterRequest), exchange.world
    version = exchange.received.path.split("/")[-2]
    await world.run(lambda tx: _check(tx, world, asked))
    await exchange.choose_acknowledgement(Facts("c2b_register"))

    def work(tx: Transaction) -> Reply:
        merchant = _check(tx, world, asked)
        completes = asked.response_type == "Completed"
        urls = CallbackUrls(asked.confirmation_url, asked.validation_url, completes=completes, version=version)
        tx.put(replace(merchant, urls=urls))
        reply = acknowledgement(exchange, code=ALL_ZEROS, description="Success")
        exchange.record(tx, reply)
        return reply

    return await world.run(work)


def _check(tx: Transaction, world: World, asked: RegisterRequest) -> Merchant:
    for field, url in asked.urls.items():
        _check_words(field, url)
        if is_strict(tx, world, "public_urls"):
            check_public(url, field=field, schemes=("https", "http"))  # plain HTTP is allowed here [official]
    merchant = merchant_of(tx, world, asked.shortcode)
    if merchant is None:
        raise InvalidField("ShortCode", f"no merchant has the shortcode {asked.shortcode}")
    if merchant.urls is not None and is_strict(tx, world, "register_once"):
        raise AlreadyRegistered(f"{asked.shortcode} has {merchant.urls.confirmation}")
    return merchant


def _check_words(field: str, url: str) -> None:
    word = next((word for word in FORBIDDEN_WORDS if word in url.lower()), None)
    if word is not None:
        raise UnfitUrl(f"{field} - URL has the word {word.upper()}", url)
