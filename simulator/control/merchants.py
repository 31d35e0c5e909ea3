"""Merchants: their shortcodes, money, operators and C2B URLs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec.structs import replace
from pydantic import Field, StrictBool

from simulator.control.api import Call, ControlError, listed
from simulator.control.balances import Amount, set_balance
from simulator.core.data import Data
from simulator.core.journal import Event, EventKind
from simulator.core.ledger import merchant_account
from simulator.core.merchants import CallbackUrls, Merchant, ShortcodeKind, merchant_of, unlocked
from simulator.core.money import Money
from simulator.core.store import Transaction
from simulator.core.worlds import World

PURSES = ("utility", "working", "charges")
SECRETS = {"passkey", "initiators"}
URL_FIELDS = {"confirmation_url", "validation_url", "response_type"}
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+\S*$")]


class MerchantPatch(Data):
    """What may be said of a merchant. `confirmation_url` null removes the C2B URLs, all of them."""

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    kind: ShortcodeKind | None = None
    passkey: Annotated[str, Field(min_length=1)] | None = None
    utility: Amount | None = None
    working: Amount | None = None
    validation: StrictBool | None = None
    locked: StrictBool | None = None
    active: StrictBool | None = None
    initiators: dict[Annotated[str, Field(min_length=1)], Annotated[str, Field(min_length=1)]] | None = None
    confirmation_url: Url | None = None
    validation_url: Url | None = None
    response_type: Literal["Completed", "Cancelled"] | None = None


class NewMerchant(MerchantPatch):
    shortcode: Annotated[str, Field(pattern=r"^[0-9]{4,7}$")]


FIELDS = {"name": "name", "passkey": "passkey", "initiators": "initiators", "kind": "what"}
FIELDS |= {"validation": "is_validating", "active": "is_active"}


def _view(tx: Transaction, merchant: Merchant) -> dict[str, Any]:
    balances = {purse: str(tx.balance(merchant_account(merchant.key, purse)).balance) for purse in PURSES}
    about = {"shortcode": merchant.key, "name": merchant.name, "kind": merchant.what, "passkey": merchant.passkey}
    return {
        **about,
        **balances,
        "validation": merchant.is_validating,
        "locked": merchant.is_locked,
        "active": merchant.is_active,
        "initiators": dict(merchant.initiators),
        **_urls_view(merchant.urls),
    }


def _urls_view(urls: CallbackUrls | None) -> dict[str, Any]:
    if urls is None:
        return dict.fromkeys(("confirmation_url", "validation_url", "response_type"))
    return {
        "confirmation_url": urls.confirmation,
        "validation_url": urls.validation or None,
        "response_type": "Completed" if urls.completes else "Cancelled",
    }


async def list_merchants(call: Call) -> dict[str, Any]:
    world = call.world

    def work(tx: Transaction) -> list[dict[str, Any]]:
        stored = [merchant.key for merchant in tx.find(Merchant)]
        known = list(dict.fromkeys([*world.template.merchants, *stored]))
        found = [merchant_of(tx, world, shortcode) for shortcode in known]
        return [_view(tx, merchant) for merchant in found if merchant is not None]

    return listed(call, await world.run(work), lambda view: str(view["shortcode"]), lambda view: view)


async def get_merchant(call: Call) -> dict[str, Any]:
    world, shortcode = call.world, call.part("shortcode")
    return await world.run(lambda tx: _view(tx, _known(tx, world, shortcode)))


async def make_merchant(call: Call) -> dict[str, Any]:
    asked, template = await call.body(NewMerchant), call.world.template
    name = f"MERCHANT {asked.shortcode}"
    fresh = Merchant(asked.shortcode, name, ShortcodeKind.PAYBILL, template.passkey, template.initiators)
    return await _set(call.world, asked.shortcode, asked, fresh)


async def patch_merchant(call: Call) -> dict[str, Any]:
    return await _set(call.world, call.part("shortcode"), await call.body(MerchantPatch), None)


async def _set(world: World, shortcode: str, asked: MerchantPatch, fresh: Merchant | None) -> dict[str, Any]:
    number = await world.take("entry")

    def work(tx: Transaction) -> None:
        merchant = merchant_of(tx, world, shortcode) or fresh or _known(tx, world, shortcode)
        tx.put(_changed(merchant, asked))
        for purse in ("utility", "working"):
            if (wanted := getattr(asked, purse)) is not None:
                set_balance(tx, world, merchant_account(shortcode, purse), Money.parse(wanted), f"set:{number}")
        told = asked.model_dump(mode="json", exclude_unset=True, exclude={"shortcode", *SECRETS})
        tx.append(Event(EventKind.MERCHANT, world.now(), {"shortcode": shortcode, **told}))

    await world.run(work)
    return await world.run(lambda tx: _view(tx, _known(tx, world, shortcode)))


def _changed(merchant: Merchant, asked: MerchantPatch) -> Merchant:
    told = asked.model_dump(exclude_none=True)
    merchant = replace(merchant, **{FIELDS[name]: value for name, value in told.items() if name in FIELDS})
    if asked.locked is not None:
        merchant = replace(merchant, is_locked=True) if asked.locked else unlocked(merchant)
    return replace(merchant, urls=_changed_urls(merchant.urls, asked))


def _changed_urls(urls: CallbackUrls | None, asked: MerchantPatch) -> CallbackUrls | None:
    told = asked.model_fields_set & URL_FIELDS
    if not told:
        return urls
    if "confirmation_url" in told or urls is None:
        if asked.confirmation_url is None:
            _check_none(asked)
            return None
        urls = replace(urls or CallbackUrls(""), confirmation=asked.confirmation_url)
    if "validation_url" in told:
        urls = replace(urls, validation=asked.validation_url or "")
    return replace(urls, completes=asked.response_type == "Completed") if asked.response_type is not None else urls


def _check_none(asked: MerchantPatch) -> None:
    for field in ("validation_url", "response_type"):
        if getattr(asked, field) is not None:
            raise ControlError(422, "invalid", f"{field} needs a confirmation_url, and there is none", field)


def _known(tx: Transaction, world: World, shortcode: str) -> Merchant:
    merchant = merchant_of(tx, world, shortcode)
    if merchant is None:
        raise ControlError(404, "not_found", f"no merchant has the shortcode {shortcode}")
    return merchant
