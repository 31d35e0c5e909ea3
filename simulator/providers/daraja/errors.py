"""Daraja's catalogue of synchronous errors, and which of them our business errors become.

Texts are literal. `how` tells a developer how to make the error happen; docs/daraja.md prints it.
"""

from __future__ import annotations

import orjson

from simulator.core import errors as core
from simulator.core.errors import DomainError
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.provider import CatalogueError, Mark
from simulator.providers.daraja.identifiers import gateway_id

ANY_REQUEST = "rule `daraja.*.request`, `refuse` with this name"

CATALOGUE = (
    CatalogueError(
        "invalid_authentication",
        400,
        "400.008.01",
        "Invalid Authentication passed",
        Mark.CAPTURED,
        "ask for a token without a Basic header, or with a key or secret that is unknown",
    ),
    CatalogueError(
        "invalid_grant_type",
        400,
        "400.008.02",
        "Invalid grant type passed",
        Mark.OFFICIAL,
        "ask for a token without `grant_type=client_credentials`",
    ),
    CatalogueError(
        "invalid_field",
        400,
        "400.002.02",
        "Bad Request - Invalid {field}",
        Mark.CAPTURED,
        "leave a field out, or send it empty or malformed; the first bad one in documented order is named",
    ),
    CatalogueError(
        "invalid_payload",
        400,
        "400.002.05",
        "Invalid Request Payload",
        Mark.OFFICIAL,
        "send a body that is not a JSON object, as `application/json`",
    ),
    CatalogueError(
        "product_not_matched",
        401,
        "401.003.01",
        "Error Occurred - Invalid Access Token - Invalid API call as no apiproduct match found",
        Mark.CAPTURED,
        ANY_REQUEST,
    ),
    CatalogueError(
        "resource_not_found",
        404,
        "404.001.01",
        "Resource not found",
        Mark.OFFICIAL,
        "call a path that STK push and query do not have",
    ),
    CatalogueError(
        "invalid_access_token",
        404,
        "404.001.03",
        "Invalid Access Token",
        Mark.CAPTURED,
        "call without a bearer token, or with one that is unknown or expired; the status is 404, not 401",
    ),
    CatalogueError(
        "method_not_allowed",
        405,
        "405.001",
        "{field} Method Not Allowed",
        Mark.OFFICIAL,
        "call with another method",
    ),
    CatalogueError(
        "merchant_does_not_exist",
        500,
        "500.001.1001",
        "Merchant does not exist",
        Mark.OFFICIAL,
        "push for a shortcode that no merchant of the world has",
    ),
    CatalogueError(
        "wrong_credentials",
        500,
        "500.001.1001",
        "Wrong credentials",
        Mark.CAPTURED,
        "leave `Password` out, or make it from another shortcode, passkey or timestamp than the body's",
    ),
    CatalogueError(
        "unable_to_lock_subscriber",
        500,
        "500.001.1001",
        "Unable to lock subscriber, a transaction is already in process for the current subscriber",
        Mark.OFFICIAL,
        "push to a phone on which a prompt is open",
    ),
    CatalogueError(
        "transaction_does_not_exist",
        500,
        "500.001.1001",
        "The transaction does not Exist",
        Mark.CAPTURED,
        "query a CheckoutRequestID that was never given",
    ),
    CatalogueError(
        "transaction_being_processed",
        500,
        "500.001.1001",
        "The transaction is being processed",
        Mark.CAPTURED,
        "rule `daraja.stk_query.request`, `refuse` with this name (last seen in 2018; now it is HTTP 200 with 4999)",
    ),
    CatalogueError(
        "empty_error",
        500,
        "500.001.1001",
        "",
        Mark.CAPTURED,
        "rule `daraja.stk_query.request`, `refuse` with this name (about a fifth of polls on the sandbox of 2026)",
    ),
    CatalogueError(
        "duplicate_originator_conversation_id",
        500,
        "500.002.1001",
        "Duplicate OriginatorConversationID.",
        Mark.OFFICIAL,
        "send a B2C v3 request with the OriginatorConversationID of an earlier one",
    ),
    CatalogueError(
        "unfit_url",
        400,
        "400.003.02",
        "Bad Request - Invalid {field}",
        Mark.CAPTURED,
        "register a C2B URL that holds a word that is not allowed, such as `mpesa`",
    ),
    CatalogueError(
        "urls_already_registered",
        500,
        "500.003.1001",
        "Urls are already registered.",
        Mark.OFFICIAL,
        "register C2B URLs a second time under `strictness: {register_once: true}`",
    ),
    CatalogueError("internal_server_error", 500, "500.003.1001", "Internal Server Error", Mark.OFFICIAL, ANY_REQUEST),
    CatalogueError(
        "service_unreachable",
        500,
        "500.003.1001",
        "Service is currently unreachable. Please try again later.",
        Mark.ONE_SOURCE,
        ANY_REQUEST,
    ),
    CatalogueError(
        "query_spike_arrest",
        429,
        "policies.ratelimit.SpikeArrestViolation",
        "Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod=5, periodInMicroseconds=60000000, "
        "maxBurstMessageCount=1.0}",
        Mark.CAPTURED,
        "query twice within 12 seconds under `strictness: {query_limit: true}`; it has a shape of its own, `fault`",
        body='{"fault":{"faultstring":"{message}","detail":{"errorcode":"{code}"}}}',
    ),
    CatalogueError(
        "spike_arrest", 500, "500.003.02", "Error Occurred: Spike Arrest Violation", Mark.OFFICIAL, ANY_REQUEST
    ),
    CatalogueError(
        "system_busy",
        500,
        "500.003.02",
        "System is busy. Please try again in few minutes.",
        Mark.OFFICIAL,
        ANY_REQUEST,
    ),
    CatalogueError("quota_violation", 500, "500.003.03", "Error Occurred: Quota Violation", Mark.OFFICIAL, ANY_REQUEST),
)
BY_NAME = {error.name: error for error in CATALOGUE}

REFUSALS: dict[type[DomainError], str] = {
    core.InvalidToken: "invalid_access_token",
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


def error_reply(exchange: Exchange, error: CatalogueError, *, field: str = "", why: str = "") -> Reply:
    """The gateway's error envelope: three strings. `field` is the part of the text that varies."""
    if error.body:
        told = error.body.replace("{message}", error.message).replace("{code}", error.code)
        return Reply(error.status, told.encode(), why=why)
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
    name = REFUSALS.get(type(error), "internal_server_error")
    return error_reply(exchange, BY_NAME[name], field=field, why=str(error))
