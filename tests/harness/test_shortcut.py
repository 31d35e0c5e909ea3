"""The control API past its socket answers what it answers over HTTP."""

import asyncio

import pytest

from harness.exchange import NoAnswer, Request
from harness.targets import simulator as in_process
from harness.targets.base import Opening
from harness.targets.simulator import Shortcut, simulator


@pytest.fixture
async def target():
    async with simulator() as target, target.world(Opening("a-world", 7)):
        yield target


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("GET", "/health", None, id="no query"),
        pytest.param("GET", "/journal?kind=payment&limit=1", None, id="a query"),
        pytest.param("GET", "/ledger/accounts?account=merchant%3A600000%3Autility", None, id="a quoted query"),
        pytest.param("GET", "/subscribers/%32547%3008374149", None, id="a quoted part"),
        pytest.param("GET", "/payments/a%2Fb", None, id="a quoted slash"),
        pytest.param("GET", "/payments/", None, id="an empty part"),
        pytest.param("PATCH", "/subscribers/254708374149", {"name": "ÀNN"}, id="a body"),
        pytest.param("PATCH", "/subscribers/254708374149", {"colour": "red"}, id="a wrong body"),
        pytest.param("POST", "/clock/advance", {"seconds": 0}, id="an advance"),
        pytest.param("DELETE", "/faults", None, id="nothing to answer"),
        pytest.param("PUT", "/faults", None, id="an unknown method"),
        pytest.param("GET", "/nothing?world=x", None, id="an unknown path"),
        pytest.param("GET", "", None, id="no path"),
        pytest.param("GET", "/openapi.json", None, id="the description"),
    ],
)
async def test_a_call_is_answered_as_over_http(target, method, path, body):
    request = Request(method, f"/_sim{path}", body=body)
    over_http = await target.http.send(target.running.url, request)
    past_it = await Shortcut(target.running.control).send(target.running.url, request)
    assert (past_it.status, past_it.body) == (over_http.status, over_http.body)


async def test_it_is_no_more_patient_than_over_http(target, monkeypatch):
    async def never(method, path, query, content):
        await asyncio.Event().wait()

    monkeypatch.setattr(in_process, "REAL_SECONDS", 0.01)
    monkeypatch.setattr(target.running.control, "answer", never)
    with pytest.raises(NoAnswer, match=r"within 0\.01 s of real time"):
        await Shortcut(target.running.control).send(target.running.url, Request("GET", "/_sim/health"))
