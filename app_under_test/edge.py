"""The HTTP edge: who may call, what a body must look like, how an answer is written."""

import hmac
import json
import re
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, SecretStr, ValidationError

from app_under_test.problems import Problem

Model = TypeVar("Model", bound=BaseModel)


class Role(StrEnum):
    CHANNEL = "channel"
    OPERATOR = "operator"


class Guard:
    """Lets a route's callers in by their bearer key: 401 without a key of ours, 403 with the other role's."""

    def __init__(self, keys: dict[Role, SecretStr]) -> None:
        self._keys = {role: key.get_secret_value().encode() for role, key in keys.items()}

    def only(self, role: Role) -> Callable[[Handler], Handler]:
        def wrap(handler: Handler) -> Handler:
            async def guarded(request: web.Request) -> web.StreamResponse:
                holders = self._holders(request.headers.get("Authorization", ""))
                if not holders:
                    raise Problem(401, "Authorization must be a Bearer key of this bank", field="Authorization")
                if role not in holders:
                    raise Problem(403, f"only the {role} key opens {request.path}", field="Authorization")
                return await handler(request)

            return guarded

        return wrap

    def _holders(self, authorization: str) -> list[Role]:
        scheme, _, key = authorization.partition(" ")
        given = key.strip().encode("utf-8", "surrogateescape") if scheme.lower() == "bearer" else b""
        return [role for role, known in self._keys.items() if hmac.compare_digest(known, given)]


async def body_of(request: web.Request, model: type[Model]) -> Model:
    """The body as a `model`; an empty one counts as `{}`. 400 if it is not a JSON object, 422 naming a wrong field."""
    raw = await request.read()
    try:
        body = json.loads(raw or b"{}", object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"the body is not JSON that this bank reads: {type(error).__name__}: {error}") from None
    if not isinstance(body, dict):
        raise Problem(400, "the body must be a JSON object")
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Problem(422, f"{field}: {first['msg'].removeprefix('Value error, ')}", field=field) from None


def id_of(request: web.Request) -> str:
    """The id in the path; 404 for what cannot be one, and which not every database would take for a text."""
    given = request.match_info["id"]
    if not given.isprintable():
        raise Problem(404, "an id is printable text")
    return given


def seconds_of(request: web.Request, name: str, *, at_most: int) -> int:
    """A whole number of seconds from the query string; 0 if it is not there, 422 if it is something else."""
    given = request.query.get(name, "0")
    if not re.fullmatch(r"[0-9]{1,3}", given) or int(given) > at_most:
        raise Problem(422, f"{name}: expected whole seconds, at most {at_most}", field=name)
    return int(given)


def respond(body: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The standard library's parser asks us about names; orjson silently takes the last of two amounts."""
    names = dict(pairs)
    if len(names) < len(pairs):
        raise ValueError("a name occurs twice in one object")
    return names


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
