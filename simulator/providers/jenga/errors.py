"""Which errors of Jenga's catalogue our business errors become, and how an error is answered."""

from __future__ import annotations

import orjson

from simulator.core import errors as core
from simulator.core.errors import DomainError
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.provider import CatalogueError, RefusedAs
from simulator.providers.jenga.catalogue import BY_NAME
from simulator.providers.jenga.models import reference_in

REFUSALS: dict[type[DomainError], str] = {
    core.InvalidToken: "not_authorised",
    core.InvalidAuthorization: "not_authorised",
    core.InvalidClient: "no_matching_credentials",
    core.InvalidGrantType: "no_matching_credentials",
    core.MalformedBody: "unparseable",
    core.InvalidField: "missing_parameter",
    core.TooManyRequests: "temporarily_unavailable",
    core.UnknownPath: "unknown_path",
    core.MethodNotAllowed: "method_not_allowed",
    core.UnknownMerchant: "account_not_configured",
    core.WrongPassword: "no_matching_credentials",
    core.PromptAlreadyOpen: "temporarily_unavailable",
    core.DuplicateReference: "duplicate_reference",
    core.AlreadyRegistered: "duplicate_reference",
    core.UnfitUrl: "unparseable",
    core.UnknownPayment: "unknown_reference",
}


def error_reply(exchange: Exchange, error: CatalogueError, *, why: str = "") -> Reply:
    """The envelope: `code` is a number, `status` a boolean. `reference` is the request's own, if it has one."""
    told = {
        "status": False,
        "code": int(error.code),
        "message": error.message,
        "reference": exchange.parts.get("ref") or reference_in(exchange.received.body),
    }
    return Reply(error.status, orjson.dumps(told), why=why)


def refuse(exchange: Exchange, error: DomainError) -> Reply:
    """What Jenga answers to a request that it refuses at once."""
    name = error.name if isinstance(error, RefusedAs) else REFUSALS.get(type(error), "processing_error")
    return error_reply(exchange, BY_NAME[name], why=str(error))
