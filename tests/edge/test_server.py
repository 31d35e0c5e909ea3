"""The provider's face over HTTP: paths, defects of ours, clients that hang up, and what the journal holds."""

import asyncio
import contextlib
import io
import json

import pytest
from aiohttp import web
from yarl import URL

from simulator.core.journal import EventKind
from simulator.core.money import Money
from simulator.core.payments import State
from simulator.core.worlds import ProviderSettings
from simulator.edge.exchange import Reply
from simulator.edge.provider import CatalogueError, Mark, Operation, Provider
from simulator.edge.server import Server

PUSH = "/mpesa/stkpush/v1/processrequest"
ANN = "254708374149"


@pytest.fixture
def raw(sim):
    """Sends bytes as they are; gives what came back, until the connection ends."""

    async def talk(*told):
        host, port = sim.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"".join(told))
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
        return answer

    return talk


# Paths.


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(PUSH, id="the real path"),
        pytest.param("/daraja" + PUSH, id="under the provider's name"),
        pytest.param("/" + PUSH, id="a slash too many in front"),
        pytest.param(PUSH.replace("/v1", "//v1"), id="a slash too many within"),
        pytest.param("//daraja//" + PUSH + "/", id="slashes everywhere"),
    ],
)
async def test_an_operation_answers_however_a_client_joins_urls(sim, path):
    answer = await sim.push(path)
    assert (answer.status, answer.body["ResponseCode"]) == (200, "0")
    assert answer.headers["Content-Type"] == "application/json"
    assert "Pesabox-Why" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        pytest.param("GET", PUSH, 405, "405.001", id="another method"),
        pytest.param("DELETE", "/daraja" + PUSH, 405, "405.001", id="another method, prefixed"),
        pytest.param("POST", "/mpesa/nothing", 404, "404.001.01", id="an unknown path of the provider"),
        pytest.param("POST", "/daraja/mpesa/nothing", 404, "404.001.01", id="an unknown path, prefixed"),
        pytest.param("GET", "/mpesa/%00", 404, "404.001.01", id="a path with a null byte"),
        pytest.param("GET", "/mpesa/%FF", 404, "404.001.01", id="a path that is no text"),
    ],
)
async def test_what_the_provider_does_not_have_it_refuses_in_its_own_words(sim, method, path, status, code):
    answer = await sim.call(method, path)
    assert (answer.status, answer.body["errorCode"]) == (status, code)
    assert answer.headers["Pesabox-Why"].isascii()
    (event,) = await sim.journal("request")
    assert (event["operation"], event["status"], event["method"]) == ("daraja.unknown", status, method)


@pytest.mark.parametrize("path", ["/", "/nothing", "/daraja", "/daraja/nothing", "/daraja/daraja" + PUSH])
async def test_a_path_of_nobody_is_not_found_and_not_journalled(sim, path):
    answer = await sim.call("POST", path)
    assert (answer.status, answer.body["error"]["code"]) == (404, "not_found")
    assert await sim.journal() == []


async def test_the_control_api_is_not_reachable_under_a_providers_path(sim):
    for path in ("/daraja/_sim/health", "//_sim/health", "/daraja//_sim/worlds", "/mpesa/../daraja/_sim/health"):
        assert (await sim.call("GET", path)).status == 404


# Refusals.


async def test_a_refusal_says_why_to_the_developer_and_not_in_the_body(sim):
    answer = await sim.push(Amount="0")
    assert answer.body.keys() == {"requestId", "errorCode", "errorMessage"}
    assert "expected 1 to 250000" in answer.headers["Pesabox-Why"]
    (event,) = await sim.journal("request", after=1)
    assert event["why"].startswith("Amount: expected 1 to 250000")


async def test_a_request_without_a_valid_token_is_journalled_in_the_default_world(sim):
    answer = await sim.call("POST", PUSH, json={}, headers={"Authorization": "Bearer nobody"})
    assert answer.body["errorCode"] == "404.001.03"
    (event,) = await sim.journal("request")
    assert (event["operation"], event["why"]) == (
        "daraja.stk_push",
        "this access token was never given here: ask daraja for one",
    )


async def test_a_request_is_journalled_in_the_world_of_its_token(sim):
    await sim.push(world="shard-3")
    assert [event["operation"] for event in await sim.journal("request", "shard-3")] == [
        "daraja.oauth",
        "daraja.stk_push",
    ]
    assert await sim.journal() == []


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("any-key@", id="no name behind the mark"),
        pytest.param("any-key@a world", id="a name with a space"),
        pytest.param("any-key@" + "x" * 65, id="a long name"),
    ],
)
async def test_a_key_that_names_no_world_is_refused_in_the_providers_words(sim, basic_header, key):
    answer = await sim.call("GET", "/oauth/v1/generate?grant_type=client_credentials", headers=basic_header(key))
    assert answer.status == 400, answer.text
    assert answer.body["errorCode"] == "400.008.01"
    assert "is not a world's name" in answer.headers["Pesabox-Why"]


async def test_credentials_that_are_no_ascii_are_refused_in_the_providers_words(sim, raw):
    head = b"GET /oauth/v1/generate?grant_type=client_credentials HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    answer = await raw(head, "Authorization: Basic é\r\n\r\n".encode())
    assert b" 400 " in answer.splitlines()[0]
    assert b"400.008.01" in answer


async def test_a_body_nested_a_thousand_deep_is_refused_in_the_providers_words(sim):
    body = b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}"
    headers = await sim.authorization() | {"Content-Type": "application/json"}
    answer = await sim.call("POST", PUSH, data=body, headers=headers)
    assert answer.body is not None, answer.text
    assert answer.body["errorCode"].startswith("400.002")


async def test_a_body_over_a_megabyte_is_refused_and_journalled(sim):
    headers = await sim.authorization() | {"Content-Type": "application/json"}
    answer = await sim.call("POST", PUSH, data=io.BytesIO(b"x" * (1024**2 + 1)), headers=headers)
    assert (answer.status, answer.body["errorCode"]) == (400, "400.002.05")
    assert len(await sim.journal("request", after=1)) == 1


async def test_the_why_is_one_line_of_ascii(sim):
    (reply,) = [Reply(400, b"", why="two\nlines of  Kiswahili: ñ " + "x" * 900).response()]
    assert reply.headers["Pesabox-Why"].startswith("two lines of Kiswahili: ? x")
    assert len(reply.headers["Pesabox-Why"]) == 500


# What the tests below serve, and defects of ours.


@pytest.fixture
async def broken(simulate, aiohttp_client):
    """A server whose one provider has defects of ours."""

    async def admit(simulation, received):
        return await simulation.world_on_first_use("default")

    async def breaks_in_admission(simulation, received):
        raise ZeroDivisionError("a defect in admission")

    async def breaks(exchange):
        await exchange.world.run(lambda tx: [][0])

    async def works(exchange):
        reply = Reply(200, b"{}")
        await exchange.world.run(lambda tx: exchange.record(tx, reply))
        return reply

    async def tells(exchange):
        told = {"parts": dict(exchange.parts), "key": exchange.received.headers.get("api-KEY")}
        reply = Reply(200, json.dumps(told).encode())
        await exchange.world.run(lambda tx: exchange.record(tx, reply))
        return reply

    error = CatalogueError("broken", 500, "E1", "Our fault", Mark.INFERRED, "break it")
    provider = Provider(
        name="fake",
        operations=(
            Operation("breaks", "POST", "/breaks", admit, breaks),
            Operation("works", "POST", "/works", admit, works),
            Operation("closed", "POST", "/closed", breaks_in_admission, works),
            Operation("one", "GET", "/of/{country}/{account}", admit, tells),
            Operation("all", "GET", "/of/KE/all", admit, works),
        ),
        jobs={},
        settings=ProviderSettings("fake"),
        receipt=lambda at, number: "",
        errors=(error,),
        result_codes={},
        refuse=lambda exchange, refused: Reply(400, b'{"refused":true}'),
        broken=error,
        error_reply=lambda exchange, told: Reply(told.status, json.dumps({"code": told.code}).encode()),
        prefixes=("/fake-only/",),
        secrets=frozenset(),
    )
    simulation = simulate()
    await simulation.open("default")
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", Server(simulation, [provider]).handle)
    return await aiohttp_client(app), simulation.world("default")


@pytest.mark.parametrize(
    ("path", "defect"),
    [
        pytest.param("/breaks", "IndexError: list index out of range", id="in a handler"),
        pytest.param("/closed", "ZeroDivisionError: a defect in admission", id="in admission"),
    ],
)
async def test_a_defect_of_ours_is_the_providers_internal_error_and_journalled(broken, events, caplog, path, defect):
    client, world = broken
    async with client.post(path, json={"a": 1}) as response:
        assert (response.status, await response.text()) == (500, '{"code": "E1"}')
    (request,) = await events(world, EventKind.REQUEST)
    (error,) = await events(world, EventKind.ERROR)
    assert (request.data["status"], request.data["answer"]) == (500, {"code": "E1"})
    assert error.data["traceback"].strip().endswith(defect)
    assert error.correlation == request.correlation
    assert world.open_requests == set()
    assert "failed" in caplog.text


async def test_a_path_tells_what_its_operation_names(broken):
    client, _ = broken
    for path in ("/of/KE/1450160649886", "/fake/of/KE/1450160649886", "/of/KE/1450160649886/"):
        async with client.get(path, headers={"Api-Key": "mine"}) as response:
            assert await response.json() == {"parts": {"country": "KE", "account": "1450160649886"}, "key": "mine"}


async def test_a_part_of_a_path_may_have_a_slash_in_it(broken):
    client, _ = broken
    async with client.get(URL("/of/KE/INV%2F1", encoded=True)) as response:
        assert (await response.json())["parts"] == {"country": "KE", "account": "INV/1"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/of/KE/all", 200, id="the operation that has just this path"),
        pytest.param("POST", "/of/KE/1450160649886", 400, id="another method"),
        pytest.param("GET", "/of/KE", 404, id="too short"),
        pytest.param("GET", "/of/KE/1/2", 404, id="too long"),
        pytest.param("GET", "/for/KE/1", 404, id="another path"),
    ],
)
async def test_a_path_with_parts_is_one_among_others(broken, method, path, status):
    client, _ = broken
    async with client.request(method, path) as response:
        assert response.status == status


async def test_a_server_goes_on_after_a_defect(broken):
    client, _ = broken
    for path, status in (("/breaks", 500), ("/works", 200), ("/fake/works", 200), ("/fake-only/x", 400)):
        async with client.post(path) as response:
            assert response.status == status


# A client that hangs up.


async def test_a_client_that_hangs_up_lets_its_jobs_go(start):
    sim = await start(clock="system", latency=0)
    await sim.fault("daraja.stk_push.acknowledgement", kind="hang")
    await sim.authorization()
    pushing = asyncio.create_task(sim.push())
    (event,) = await sim.journal("prompt", wait=5)
    assert sim.app.received == []
    pushing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await pushing
    async with asyncio.timeout(5):
        await sim.app.arrived.wait()
    (callback,) = await sim.journal("callback", wait=5)
    assert callback["payment"] == event["payment"]


async def test_a_client_that_hangs_up_before_anything_is_done_has_done_nothing(start):
    sim = await start(clock="system", latency=0)
    await sim.fault("daraja.stk_push.request", kind="delay", seconds=600)
    headers = await sim.authorization()
    world = sim.simulation.world("default")
    pushing = asyncio.create_task(sim.call("POST", PUSH, json=sim.push_body(), headers=headers))
    changed = asyncio.Event()
    world.watch(changed)
    async with asyncio.timeout(5):
        await changed.wait()  # the rule was asked
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)
        while world.open_requests:
            changed.clear()
            await changed.wait()
    assert (await sim.control("GET", "/payments")).items == []


async def test_a_callback_never_overtakes_its_acknowledgement(start):
    sim = await start(clock="system", latency=0)
    order = []

    async def note(request):
        order.append("callback")
        return 200

    sim.app.script.append(note)
    assert (await sim.push()).status == 200
    order.append("acknowledgement")
    async with asyncio.timeout(5):
        await sim.app.arrived.wait()
    assert order == ["acknowledgement", "callback"]


# What the journal holds.


async def test_a_request_is_journalled_with_its_answer(sim):
    answer = await sim.push("/daraja" + PUSH)
    (event,) = await sim.journal("request", after=1)
    body = sim.push_body() | {"Password": f"({len(sim.push_body()['Password'])} characters)"}
    assert event == {
        "sequence": event["sequence"],
        "at": "2026-01-15T10:30:00+03:00",
        "kind": "request",
        "correlation": "r000002",
        "payment": "p000001",
        "operation": "daraja.stk_push",
        "method": "POST",
        "path": "/daraja" + PUSH,
        "headers": {"Content-Type": "application/json", "Authorization": "Bearer (28 characters)"},
        "body": body,
        "status": 200,
        "answer": answer.body,
    }


async def test_a_long_body_is_told_by_its_length(sim):
    await sim.push(TransactionDesc="x" * 20_000)
    (event,) = await sim.journal("request", after=1)
    assert event["body"].endswith(" bytes)")


SECRET = "hush-hush-hush"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param({"Authorization": f"Bearer {SECRET}"}, b"", id="an unknown bearer"),
        pytest.param({"Authorization": f"Basic {SECRET}"}, b"", id="credentials"),
        pytest.param({"Authorization": SECRET}, b"", id="a token without its kind"),
        pytest.param({"Authorization": f"{SECRET} and more"}, b"", id="a token with its kind behind it"),
        pytest.param({"Authorization": f"Bearer: {SECRET}"}, b"", id="another mark"),
        pytest.param({"X-Api-Key": SECRET}, b"", id="another header"),
        pytest.param({}, b'{"Password":"' + SECRET.encode() + b'"}', id="a password"),
        pytest.param({}, b'{"a":[{"SecurityCredential":"' + SECRET.encode() + b'"}]}', id="a nested credential"),
        pytest.param({}, b'{"Password":"' + SECRET.encode() + b'",}', id="a password in a body with a trailing comma"),
        pytest.param(
            {"Content-Type": "application/x-www-form-urlencoded"}, b"Password=" + SECRET.encode(), id="a form"
        ),
    ],
)
async def test_no_secret_of_a_request_is_ever_in_the_journal(sim, headers, body):
    told = {"Content-Type": "application/json"} | await sim.authorization() | headers
    for method in ("GET", "POST"):
        for path in (PUSH, "/mpesa/nothing", "/oauth/v1/generate"):
            await sim.call(method, path, data=body, headers=told)
    journal = json.dumps(await sim.journal())
    assert len(await sim.journal("request")) >= 6
    assert SECRET not in journal
    assert all(token not in journal for token in sim.tokens.values())


async def test_no_secret_of_a_query_is_ever_in_the_journal(sim):
    await sim.call("GET", f"/mpesa/nothing?access_token={SECRET}&Password={SECRET}")
    assert SECRET not in json.dumps(await sim.journal())


async def test_pins_and_passkeys_are_not_in_the_journal(sim):
    await sim.control("PATCH", f"/subscribers/{ANN}", {"pin": "7391", "types_pin": "7392", "policy": "manual"})
    await sim.control("PATCH", "/merchants/600000", {"passkey": SECRET})
    answer = await sim.push()
    prompts = (await sim.control("GET", "/prompts")).items
    await sim.control("POST", f"/prompts/{prompts[0]['id']}/answer", {"action": "approve", "pin": "7393"})
    journal = json.dumps(await sim.journal()).replace(answer.body["CheckoutRequestID"], "")
    assert not [secret for secret in ("7391", "7392", "7393", SECRET) if secret in journal]


@pytest.mark.parametrize("header", ["Content-Type", "Authorization"])
async def test_a_header_that_is_no_text_does_not_spoil_the_journal(sim, raw, header):
    head = f"POST {PUSH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n".encode()
    await raw(head, header.encode(), b": \xff\xfe x\r\n\r\n")
    assert len(await sim.journal("request")) == 1


async def test_one_seed_gives_one_journal(start):
    async def story():
        sim = await start(seed=7)
        sim.simulation.world("default").hosts["app.test"] = sim.app.url.removeprefix("http://")
        for number in range(3):
            await sim.push(CallBackURL="http://app.test/cb", PhoneNumber=f"25470000000{number + 1}")
        await sim.advance(300)
        return (await sim.control("GET", "/journal?limit=1000")).text

    first, second = await story(), await story()
    assert first == second
    assert first.count('"kind":"callback"') == 3


async def test_the_whole_lifecycle_of_a_push(sim):
    sim.simulation.world("default")
    await sim.push()
    assert (await sim.advance(60))["jobs_run"] == 3
    ((path, headers, body),) = sim.app.received
    assert (path, headers["Content-Type"]) == ("/callback", "application/json;charset=UTF-8")
    assert json.loads(body)["Body"]["stkCallback"]["ResultCode"] == 0
    (payment,) = (await sim.control("GET", "/payments")).items
    assert (payment["state"], Money.parse(payment["amount"])) == (State.SUCCEEDED, Money(10_000))
