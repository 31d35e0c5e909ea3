"""How the control API speaks: a table of routes, checked bodies, pages, errors that name the field, OpenAPI."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from aiohttp import web
from aiohttp.typedefs import Middleware
from pydantic import BaseModel, TypeAdapter, ValidationError
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
HEALTH = "/_sim/health"

log = logging.getLogger(__name__)


class ControlError(Exception):
    """An answer of 4xx or 5xx; `field` is the part of the request that is wrong, where one is."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the control API."""

    request: web.Request
    simulation: Simulation
    providers: tuple[Provider, ...]

    @property
    def world(self) -> World:
        return self.simulation.world(self.query("world", DEFAULT_WORLD))

    def part(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def query(self, name: str, default: str = "") -> str:
        return self.request.query.get(name, default)

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
        body = await self.request.read()
        try:
            return orjson.loads(body) if body else {}
        except orjson.JSONDecodeError as error:
            raise ControlError(400, "not_json", f"the body is not JSON: {error}") from None

    async def body(self, model: type[B]) -> B:
        try:
            return TypeAdapter(model).validate_python(await self.json())
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or None
            raise ControlError(422, "invalid", first["msg"].removeprefix("Value error, "), field) from None


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
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
    media: str = "application/json"


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


def application(
    routes: Iterable[Route], simulation: Simulation, providers: tuple[Provider, ...], *, token: str | None
) -> web.Application:
    """The control API as an application to be mounted. With a token, everything but health asks for it."""
    routes = tuple(routes)

    def serve(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            answer = await route.handler(Call(request, simulation, providers))
            if route.status == 204:
                return web.Response(status=204)
            if route.media != "application/json":
                return web.Response(text=answer, status=route.status, content_type=route.media)
            return _json(answer, route.status)

        return handle

    app = web.Application(middlewares=[_answering(token)])
    for route in routes:
        app.router.add_route(route.method, route.path, serve(route))

    async def describe(request: web.Request) -> web.StreamResponse:
        return _json(openapi(routes), 200)

    app.router.add_get("/openapi.json", describe)
    return app


def _answering(token: str | None) -> Middleware:
    @web.middleware
    async def answering(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            if token is not None and request.path != HEALTH:
                _check_token(request, token)
            answer: web.StreamResponse = await handler(request)
            return answer
        except web.HTTPException as error:
            return _error(ControlError(error.status, error.reason.lower().replace(" ", "_"), _told(error, request)))
        except (ControlError, DomainError, Unanswered) as error:
            return _error(as_control_error(error))
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return _error(ControlError(500, "internal", "a defect of pesabox: its log has the traceback"))

    return answering


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


def _check_token(request: web.Request, token: str) -> None:
    told = request.headers.get("Authorization", "")
    if not hmac.compare_digest(told.encode(), f"Bearer {token}".encode()):
        raise ControlError(401, "unauthorized", "the control API of this simulator asks for its bearer token")


def _told(error: web.HTTPException, request: web.Request) -> str:
    return f"{request.method} {request.path}: {error.reason.lower()}"


def _error(error: ControlError) -> web.Response:
    told = {"error": {"code": error.code, "message": str(error), "field": error.field}}
    return _json(told, error.status)


def _json(told: Any, status: int) -> web.Response:
    return web.Response(body=orjson.dumps(told), status=status, content_type="application/json")
