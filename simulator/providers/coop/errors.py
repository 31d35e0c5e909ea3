"""Which errors of Co-op's catalogue our business errors become, and how an error is answered."""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable

import orjson
from msgspec.structs import replace

from simulator.core import errors as core
from simulator.core.errors import DomainError, MalformedBody
from simulator.core.store import Transaction
from simulator.core.worlds import NoSuchWorld
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.provider import CatalogueError, RefusedAs
from simulator.edge.wire import load_object
from simulator.providers.coop.catalogue import ACKNOWLEDGED, BY_NAME
from simulator.providers.coop.identifiers import wire_time
from simulator.providers.coop.strictness import is_strict

_PLACE = re.compile(r"\{(code|message|time|path|reference|account|method)\}")

REFUSALS: dict[type[DomainError], str] = {
    core.InvalidToken: "invalid_credentials",
    core.InvalidAuthorization: "missing_credentials",
    core.InvalidClient: "invalid_client",
    core.InvalidGrantType: "unsupported_grant_type",
    core.MalformedBody: "invalid_parameter",
    core.InvalidField: "invalid_parameter",
    core.UnknownPath: "not_found",
    core.MethodNotAllowed: "method_not_allowed",
    core.DuplicateReference: "duplicate_message_reference",
    core.UnknownPayment: "unknown_message_reference",
    core.UnfitUrl: "invalid_parameter",
    # What no product of Co-op's raises.
    core.TooManyRequests: "service_unavailable",
    core.UnknownMerchant: "debit_account_authorization_failure",
    core.WrongPassword: "invalid_credentials",
    core.PromptAlreadyOpen: "internal_server_error",
    core.AlreadyRegistered: "internal_server_error",
}


def error_reply(exchange: Exchange, error: CatalogueError, *, why: str = "") -> Reply:
    """In the shape of an acknowledgement, unless the catalogue tells another."""
    shape = f"{{{ACKNOWLEDGED}}}" if error.body is None else error.body
    values = {"code": error.code, "time": wire_time(exchange.at), **_asked(exchange)}
    values["message"] = error.message.replace("{method}", values["method"])
    body = _PLACE.sub(lambda found: orjson.dumps(values[found[1]]).decode()[1:-1], shape)
    return Reply(error.status, body.encode(), error.content_type, why=why)


def _asked(exchange: Exchange) -> dict[str, str]:
    """What of the request an error repeats."""
    received = exchange.received
    try:
        told = load_object(received.body)
    except MalformedBody:
        told = {}
    repeated = {"reference": told.get("MessageReference"), "account": told.get("AccountNumber")}
    texts = {name: value if isinstance(value, str) else "" for name, value in repeated.items()}
    return {**texts, "path": received.path, "method": received.method}


def refuse(exchange: Exchange, error: DomainError) -> Reply:
    """What Co-op answers to a request that it refuses at once."""
    name = error.name if isinstance(error, RefusedAs) else REFUSALS.get(type(error), "internal_server_error")
    return error_reply(exchange, BY_NAME[name], why=str(error))


Handler = Callable[[Exchange], Awaitable[Reply]]


def in_business(handle: Handler) -> Handler:
    """The handler of an operation behind the gateway: under `always_200` its errors have that status."""

    @functools.wraps(handle)
    async def answer(exchange: Exchange) -> Reply:
        try:
            return await handle(exchange)
        except NoSuchWorld:
            raise
        except DomainError as error:
            refusal = refuse(exchange, error)
        return await answered(exchange, lambda tx: refusal)

    return answer


async def answered(exchange: Exchange, work: Callable[[Transaction], Reply]) -> Reply:
    """Answers and journals what `work` says, in its transaction."""

    def recorded(tx: Transaction) -> Reply:
        reply = work(tx)
        if is_strict(tx, exchange.world, "always_200"):
            reply = replace(reply, status=200)
        exchange.record(tx, reply)
        return reply

    return await exchange.world.run(recorded)
