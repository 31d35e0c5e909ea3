"""Errors of the HTTP face: RFC 9457 problem documents, whatever went wrong."""

import logging
from http import HTTPStatus

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from app_under_test.clock import ClockUnreachable

_log = logging.getLogger(__name__)


class Problem(Exception):
    """What the caller is told; `field` names the part of the request that is wrong."""

    def __init__(self, status: int, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.field = status, detail, field

    def response(self, headers: dict[str, str] | None = None) -> web.Response:
        document = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.field is not None:
            document["field"] = self.field
        return web.Response(
            body=orjson.dumps(document), status=self.status, headers=headers, content_type="application/problem+json"
        )


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response({"WWW-Authenticate": "Bearer"} if problem.status == 401 else None)
    except web.HTTPException as error:
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return Problem(error.status, error.reason).response(allow)
    except ClockUnreachable as error:
        return Problem(503, str(error)).response()
    except Exception:
        _log.exception("%s %s", request.method, request.path)
        return Problem(500, "the bank failed; it may or may not have done what you asked").response()
