"""How the control API speaks: a table of routes, checked bodies, pages, errors that name the field, OpenAPI."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import unquote

import orjson
from aiohttp import web
from msgspec import Struct
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import models_json_schema

from simulator.core.clock import Unanswered
from simulator.core.errors import AccountFull, DomainError
from simulator.core.prompts import NoSuchPrompt
from simulator.core.simulation import DEFAULT_WORLD, InvalidWorldName, Simulation, TooManyWorlds, WorldExists
from simulator.core.store import UnknownCursor
from simulator.core.worlds import NoSuchWorld, World
from simulator.edge.provider import Provider

B = TypeVar("B", bound=BaseModel)

PAGE, LARGEST_PAGE = 100, 1000
JSON, NO_CONTENT = "application/json", 204
PREFIX = "/_sim"
HEALTH = f"{PREFIX}/health"

log = logging.getLogger(__name__)


class ControlError(Exception):
    """An answer of 4xx or 5xx; `field` is the part of the request that is wrong, where one is."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field


class Call(Struct, frozen=True):
    """One call of the control API: the parts of its path that the route names, its query, its body."""

    simulation: Simulation
    providers: tuple[Provider, ...]
    parts: Mapping[str, str]
    asked: Mapping[str, str]
    content: bytes

    @property
    def world(self) -> World:
        return self.simulation.world(self.query("world", DEFAULT_WORLD))

    def part(self, name: str) -> str:
        """A part of the path."""
        return self.parts[name]

    def query(self, name: str, default: str = "") -> str:
        return self.asked.get(name, default)

    def whole(self, name: str, default: int, *, at_least: int, at_most: int) -> int:
        """A whole number of the query."""
        told = self.query(name) or str(default)
        if not told.isdecimal() or len(told) > 15 or not at_least <= int(told) <= at_most:
            raise ControlError(422, "invalid", f"{name} is {told!r}, expected {at_least} to {at_most}", name)
        return int(told)

    @property
    def limit(self) -> int:
        return self.whole("limit", PAGE, at_least=1, at_most=LARGEST_PAGE)

    async def json(self) -> Any:
        """The body, whatever JSON it is; an empty one is an empty object."""
        try:
            return orjson.loads(self.content) if self.content else {}
        except orjson.JSONDecodeError as error:
            raise ControlError(400, "not_json", f"the body is not JSON: {error}") from None

    async def body(self, model: type[B]) -> B:
        try:
            return model.model_validate(await self.json())
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or None
            raise ControlError(422, "invalid", first["msg"].removeprefix("Value error, "), field) from None


Handler = Callable[[Call], Awaitable[Any]]


class Route(Struct, frozen=True):
    """One route: what it does in a few words, the model of its body, the status of success, what its query may say.

    One that answers in another `media` type than JSON gives its text.
    """

    method: str
    path: str
    does: str
    handler: Handler
    body: type[BaseModel] | None = None
    status: int = 200
    query: tuple[str, ...] = ()
    takes_list: bool = False
    media: str = JSON


def page(items: list[Any], limit: int, cursor: Callable[[Any], str], view: Callable[[Any], Any]) -> dict[str, Any]:
    """A page of `items`, of which there may be one more than `limit`, to tell that there is a next page."""
    shown = items[:limit]
    following = cursor(shown[-1]) if len(items) > limit else None
    return {"items": [view(item) for item in shown], "next": following}


def listed(call: Call, items: list[Any], cursor: Callable[[Any], str], view: Callable[[Any], Any]) -> dict[str, Any]:
    """The page of a whole list that begins behind the caller's cursor."""
    after, cursors = call.query("after"), [cursor(item) for item in items]
    if after and after not in cursors:
        raise UnknownCursor(f"{after!r} is not in this list")
    start = cursors.index(after) + 1 if after else 0
    return page(items[start : start + call.limit + 1], call.limit, cursor, view)


class Answered(Struct, frozen=True):
    """What a call is answered with."""

    status: int
    body: bytes = b""
    media: str = JSON


class ControlServer:
    """Answers the calls of the control API, be they HTTP requests or made in this process."""

    def __init__(self, routes: Iterable[Route], simulation: Simulation, providers: tuple[Provider, ...]) -> None:
        self._simulation = simulation
        self._providers = providers
        self._routes = tuple(routes)
        self._table: dict[str, dict[str, Route]] = {}
        for route in (*self._routes, Route("GET", "/openapi.json", "this description", self._describe)):
            self._table.setdefault(route.path, {})[route.method] = route

    async def answer(self, method: str, path: str, query: Mapping[str, str], content: bytes) -> Answered:
        """`path` is what follows `/_sim`, quoted as in a URL."""
        try:
            route, parts = self._find(method, path)
            answer = await route.handler(Call(self._simulation, self._providers, parts, query, content))
        except (ControlError, DomainError, Unanswered) as error:
            return _refusal(as_control_error(error))
        except Exception:
            log.exception("%s %s%s failed", method, PREFIX, path)
            return _refusal(ControlError(500, "internal", "a defect of pesabox: its log has the traceback"))
        if route.status == NO_CONTENT:
            return Answered(NO_CONTENT)
        body = orjson.dumps(answer) if route.media == JSON else answer.encode()
        return Answered(route.status, body, route.media)

    def _find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        methods, parts = self._table.get(path), dict[str, str]()
        if methods is None:
            found = ((told, _parts(template, path)) for template, told in self._table.items())
            methods, parts = next(((told, parts) for told, parts in found if parts), ({}, {}))
        if method in methods:
            return methods[method], parts
        status = HTTPStatus.METHOD_NOT_ALLOWED if methods else HTTPStatus.NOT_FOUND
        raise _reason(status, status.phrase, f"{method} {PREFIX}{unquote(path)}")

    async def _describe(self, call: Call) -> dict[str, Any]:
        return openapi(self._routes)


def _parts(template: str, path: str) -> dict[str, str]:
    """The parts of `path` that `template` names; none where it is another path."""
    told, asked = template.split("/"), path.split("/")
    if len(told) != len(asked) or not all(asked[1:]):
        return {}
    named = [name.startswith("{") for name in told]
    if any(name != one for name, one, is_named in zip(told, asked, named, strict=True) if not is_named):
        return {}
    return {name[1:-1]: unquote(one) for name, one, is_named in zip(told, asked, named, strict=True) if is_named}


def over_http(server: ControlServer, token: str | None) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """A handler of everything under `/_sim`. With a token, everything but health asks for it."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            if token is not None and request.path != HEALTH:
                _check_token(request, token)
            content = await request.read()
        except ControlError as error:
            told = _refusal(error)
        except web.HTTPRequestEntityTooLarge as error:
            told = _refusal(_reason(error.status, error.reason, f"{request.method} {request.path}"))
        else:
            path = request.rel_url.raw_path.removeprefix(PREFIX)
            told = await server.answer(request.method, path, request.query, content)
        return web.Response(status=told.status, body=told.body or None, content_type=told.media if told.body else None)

    return handle


def as_control_error(error: Exception) -> ControlError:
    """What the control API answers when the rules say no."""
    if isinstance(error, ControlError):
        return error
    for kind, (status, code, field) in REFUSALS.items():
        if isinstance(error, kind):
            return ControlError(status, code, str(error), field)
    return ControlError(422, "invalid", str(error))


REFUSALS: dict[type[Exception], tuple[int, str, str | None]] = {
    Unanswered: (504, "unanswered", None),
    NoSuchWorld: (404, "not_found", None),
    NoSuchPrompt: (404, "not_found", None),
    WorldExists: (409, "exists", "name"),
    InvalidWorldName: (422, "invalid", "name"),
    TooManyWorlds: (409, "too_many", None),
    UnknownCursor: (422, "invalid", "after"),
    AccountFull: (422, "invalid", "balance"),
}


def openapi(routes: Iterable[Route]) -> dict[str, Any]:
    """An OpenAPI 3.1 document of the routes."""
    routes = tuple(routes)
    models = [(route.body, "validation") for route in routes if route.body is not None]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(f"/_sim{route.path}", {})[route.method.lower()] = _described(route)
    about = {"title": "pesabox control API", "version": "1"}
    return {"openapi": "3.1.0", "info": about, "paths": paths, "components": {"schemas": schemas.get("$defs", {})}}


def _described(route: Route) -> dict[str, Any]:
    named = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in named]
    asked = ("world", *route.query)
    parameters += [{"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in asked]
    told: dict[str, Any] = {
        "summary": route.does,
        "parameters": parameters,
        "responses": {str(route.status): {"description": "done"}},
    }
    if route.body is not None:
        schema: dict[str, Any] = {"$ref": f"#/components/schemas/{route.body.__name__}"}
        if route.takes_list:
            schema = {"oneOf": [schema, {"type": "array", "items": schema}]}
        told["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return told


def _check_token(request: web.BaseRequest, token: str) -> None:
    told = request.headers.get("Authorization", "")
    if not hmac.compare_digest(told.encode(), f"Bearer {token}".encode()):
        raise ControlError(401, "unauthorized", "the control API of this simulator asks for its bearer token")


def _reason(status: int, reason: str, asked: str) -> ControlError:
    """A refusal in HTTP's own words."""
    return ControlError(status, reason.lower().replace(" ", "_"), f"{asked}: {reason.lower()}")


def _refusal(error: ControlError) -> Answered:
    told = {"error": {"code": error.code, "message": str(error), "field": error.field}}
    return Answered(error.status, orjson.dumps(told))
