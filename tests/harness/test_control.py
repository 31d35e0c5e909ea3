"""The control API's client, against a server that answers as the interface says."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from aiohttp import web

from harness.exchange import NoAnswer, Request
from harness.targets.base import Opening, Refused
from harness.targets.control import ControlApi
from harness.targets.hosting import callback_answerer, listening, serving
from harness.targets.http import http

NOW = "2026-01-15T10:30:00+03:00"


@pytest.fixture
async def api():
    asked, answers = [], {}

    async def handle(request):
        body = await request.json() if request.can_read_body else None
        asked.append((f"{request.method} {request.path_qs}", body))
        answer = answers.get(f"{request.method} {request.path}", {})
        answer = answer.pop(0) if isinstance(answer, list) else answer
        return answer if isinstance(answer, web.Response) else web.json_response(answer)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    with listening() as listener:
        async with serving(app, listener) as address, http() as client:
            yield ControlApi(client, f"http://{address}", "a-world"), asked, answers


async def test_a_world_is_opened_and_closed(api):
    control, asked, answers = api
    answers["POST /_sim/worlds"] = {"credentials": {"daraja": {"consumer_key": "k@a-world", "consumer_secret": "s"}}}
    consumer = await control.open(Opening("a-world", 7, datetime.fromisoformat(NOW)), hosts={})
    await control.open(Opening("a-world", 7), hosts={"app.test": "127.0.0.1:1"})
    await control.close()
    assert (consumer.key, consumer.secret) == ("k@a-world", "s")
    assert asked == [
        ("POST /_sim/worlds?world=a-world", {"name": "a-world", "seed": 7, "hosts": {}, "starts_at": NOW}),
        ("POST /_sim/worlds?world=a-world", {"name": "a-world", "seed": 7, "hosts": {"app.test": "127.0.0.1:1"}}),
        ("DELETE /_sim/worlds/a-world?world=a-world", None),
    ]


async def test_the_clock_is_read_and_moved(api):
    control, asked, answers = api
    answers["GET /_sim/clock"] = {"now": NOW}
    answers["POST /_sim/clock/advance"] = {"now": NOW, "jobs_run": 3}
    assert (await control.now()).isoformat() == NOW
    assert (await control.advance(timedelta(minutes=1))).jobs_run == 3
    await control.advance_to(datetime.fromisoformat(NOW))
    await control.advance_jobs(1, datetime.fromisoformat(NOW))
    assert [body for _, body in asked[1:]] == [{"seconds": 60.0}, {"to": NOW}, {"jobs": 1, "to": NOW}]


async def test_every_call_names_its_world_and_what_it_is_about(api):
    control, asked, answers = api
    answers["GET /_sim/prompts"] = {"items": [{"id": "p1"}], "next": None}
    answers["GET /_sim/ledger/accounts"] = {"items": [{"balance": "4.00"}], "next": None}
    await control.add_subscriber({"msisdn": "1"})
    await control.change_merchant("600000", {"locked": True})
    await control.change_provider("daraja", {})
    await control.account("68", "1")
    await control.change_account("0068", "1", {"state": "closed"})
    await control.change_bank("68", {"online": False})
    await control.pay_from("68", "1", {"amount": "1.00"})
    await control.return_payment("p1", {})
    await control.settle()
    assert await control.prompts("254708374149") == [{"id": "p1"}]
    await control.answer_prompt("p1", {"action": "cancel"})
    await control.add_fault({"name": "a"})
    await control.lift_fault("a b/c")
    await control.lift_faults()
    assert await control.balance("subscriber:1") == Decimal("4.00")
    await control.audit()
    assert [line for line, _ in asked] == [
        "POST /_sim/subscribers?world=a-world",
        "PATCH /_sim/merchants/600000?world=a-world",
        "PATCH /_sim/providers/daraja?world=a-world",
        "GET /_sim/banks/68/accounts/1?world=a-world",
        "PATCH /_sim/banks/0068/accounts/1?world=a-world",
        "PATCH /_sim/banks/68?world=a-world",
        "POST /_sim/banks/68/accounts/1/pay?world=a-world",
        "POST /_sim/payments/p1/return?world=a-world",
        "POST /_sim/switch/settle?world=a-world",
        "GET /_sim/prompts?world=a-world&msisdn=254708374149&limit=1000",
        "POST /_sim/prompts/p1/answer?world=a-world",
        "POST /_sim/faults?world=a-world",
        "DELETE /_sim/faults/a%20b%2Fc?world=a-world",
        "DELETE /_sim/faults?world=a-world",
        "GET /_sim/ledger/accounts?world=a-world&account=subscriber%3A1&limit=1000",
        "GET /_sim/ledger/audit?world=a-world",
    ]


async def test_lists_are_read_page_by_page(api):
    control, asked, answers = api
    pages = [{"items": [{"sequence": 4}], "next": 4}, {"items": [{"sequence": 5}], "next": None}]
    answers["GET /_sim/journal"] = list(pages)
    assert [event.sequence for event in await control.journal(3)] == [4, 5]
    answers["GET /_sim/payments"] = {"items": [], "next": None}
    answers["GET /_sim/ledger/entries"] = {"items": [{"id": "e"}], "next": None}
    assert (await control.payments(), await control.entries()) == ([], [{"id": "e"}])
    assert [line for line, _ in asked[:2]] == [
        "GET /_sim/journal?world=a-world&limit=1000&after=3",
        "GET /_sim/journal?world=a-world&limit=1000&after=4",
    ]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(
            web.json_response({"error": {"code": "unanswered", "message": "c1 was not answered"}}, status=504),
            "GET /_sim/ledger/audit: c1 was not answered",
            id="its own words",
        ),
        pytest.param(web.Response(status=500, text="oops"), 'GET /_sim/ledger/audit: 500 "oops"', id="no words"),
        pytest.param(web.json_response([]), "answered \\[\\]", id="another shape"),
    ],
)
async def test_a_refusal_is_told(api, answer, message):
    control, _, answers = api
    answers["GET /_sim/ledger/audit"] = answer
    with pytest.raises(Refused, match=message):
        await control.audit()


async def test_a_control_token_is_sent():
    told = []

    async def handle(request):
        told.append(request.headers["Authorization"])
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    with listening() as listener:
        async with serving(app, listener) as address, http() as client:
            await ControlApi(client, f"http://{address}", "w", token="secret").audit()
    assert told == ["Bearer secret"]


async def test_a_closed_connection_is_no_answer():
    async def hang_up(request):
        request.transport.abort()
        return web.Response()

    app = web.Application()
    app.router.add_get("/", hang_up)
    with listening() as listener:
        async with serving(app, listener) as address, http() as client:
            with pytest.raises(NoAnswer, match="no answer: "):
                await client.send(f"http://{address}", Request("GET", "/"))


async def test_nobody_there_is_no_answer():
    with listening() as listener:
        host, port = listener.getsockname()
    async with http() as client:
        with pytest.raises(NoAnswer, match="no answer: "):
            await client.send(f"http://{host}:{port}", Request("GET", "/"))


async def test_whoever_answers_too_late_in_real_time_is_given_up():
    stop = asyncio.Event()

    async def never(request):
        await stop.wait()

    app = web.Application()
    app.router.add_get("/", never)
    with listening() as listener:
        async with serving(app, listener) as address, http(real_seconds=0.05) as client:
            with pytest.raises(NoAnswer, match="of real time"):
                await client.send(f"http://{address}", Request("GET", "/"))


async def test_without_an_app_callbacks_are_answered_as_the_provider_expects():
    with listening() as listener:
        async with serving(callback_answerer(), listener) as address, http() as client:
            answer = await client.send(f"http://{address}", Request("POST", "/callback/anything", body={"Body": {}}))
    assert (answer.status, answer.body) == (200, {"ResultCode": 0, "ResultDesc": "Success"})
