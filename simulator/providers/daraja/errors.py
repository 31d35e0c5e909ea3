"""Which errors of Daraja's catalogue our business errors become, by product, and how an error is answered."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from simulator.core import errors as core
from simulator.core.errors import DomainError
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.provider import CatalogueError
from simulator.providers.daraja.catalogue import BY_NAME
from simulator.providers.daraja.identifiers import gateway_id

REFUSALS: dict[type[DomainError], str] = {
    core.InvalidToken: "invalid_access_token",
    core.InvalidAuthorization: "invalid_access_token",
    core.InvalidClient: "invalid_authentication",
    core.InvalidGrantType: "invalid_grant_type",
    core.MalformedBody: "invalid_payload",
    core.InvalidField: "invalid_field",
    core.TooManyRequests: "query_spike_arrest",
    core.UnknownPath: "resource_not_found",
    core.MethodNotAllowed: "method_not_allowed",
    core.UnknownMerchant: "merchant_does_not_exist",
    core.WrongPassword: "wrong_credentials",
    core.PromptAlreadyOpen: "unable_to_lock_subscriber",
    core.DuplicateReference: "duplicate_originator_conversation_id",
    core.AlreadyRegistered: "urls_already_registered",
    core.UnfitUrl: "unfit_url",
    core.UnknownPayment: "transaction_does_not_exist",
}

# Products differ in how they refuse the same thing. Those that stand here differ from the others.
BY_PREFIX: dict[str, dict[type[DomainError], str]] = {
    "/mpesa/b2c/": {
        core.InvalidToken: "invalid_access_token_401",
        core.InvalidAuthorization: "invalid_access_token_401",
        core.UnknownPath: "resource_not_found_b2c",
    },
    "/mpesa/transactionstatus/": {
        core.InvalidToken: "invalid_access_token_401",
        core.InvalidAuthorization: "invalid_authentication_header",
        core.UnknownPath: "resource_not_found_c2b",
        core.MethodNotAllowed: "invalid_authentication_header",
    },
    "/mpesa/c2b/": {
        core.InvalidToken: "product_not_matched",
        core.InvalidAuthorization: "invalid_authenticator_header",
        core.UnknownPath: "resource_not_found_c2b",
        core.MethodNotAllowed: "invalid_authenticator_header",
    },
}


def error_reply(exchange: Exchange, error: CatalogueError, *, field: str = "", why: str = "") -> Reply:
    """The gateway's error envelope: three strings. `field` is the part of the text that varies."""
    if error.body is not None:
        told = error.body.replace("{message}", error.message).replace("{code}", error.code)
        return Reply(error.status, told.encode(), error.content_type, why=why)
    field = field or (exchange.received.method if error.name == "method_not_allowed" else "BusinessShortCode")
    envelope = {
        "requestId": gateway_id(exchange.world.entropy, exchange.number),
        "errorCode": error.code,
        "errorMessage": error.message.replace("{field}", field),
    }
    return Reply(error.status, orjson.dumps(envelope), why=why)


def refuse(exchange: Exchange, error: DomainError) -> Reply:
    """What Daraja answers to a request that it refuses at once."""
    field = error.field if isinstance(error, core.InvalidField | core.UnfitUrl) else ""
    name = _of_product(exchange).get(type(error)) or REFUSALS.get(type(error), "internal_server_error")
    return error_reply(exchange, BY_NAME[name], field=field, why=str(error))


def _of_product(exchange: Exchange) -> Mapping[type[DomainError], str]:
    path = exchange.received.path.removeprefix("/daraja")
    return next((table for prefix, table in BY_PREFIX.items() if path.startswith(prefix)), {})
