"""The one door out: where it goes, what it says, and what it makes of the far side."""

import asyncio

import pytest
from aiohttp import web
from yarl import URL

from simulator.core.clock import SystemClock
from simulator.core.outbox import Outcome
from simulator.core.tampering import FORGER_ADDRESS
from simulator.core.virtual_clock import VIRTUAL_START, VirtualClock
from simulator.edge.sender import (
    ANSWER_KEPT_BYTES,
    DELIVERIES_PER_HOST,
    HttpSender,
    NearResolver,
    PublicAddress,
    can_bind,
    is_loopback,
    is_near,
)


class FarSide:
    """An HTTP server of ours, on a free port of 127.0.0.1."""

    def __init__(self):
        self.requests = []
        self.answer = lambda request: web.Response(text="thanks")
        self.stream = None
        self.port = 0

    async def handle(self, request):
        self.requests.append((request, await request.read()))
        return await self.stream(request) if self.stream else self.answer(request)


@pytest.fixture
async def far():
    side = FarSide()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", side.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    side.port = runner.addresses[0][1]
    yield side
    await runner.cleanup()


@pytest.fixture
async def make_sender():
    made = []

    def make(**told):
        made.append(HttpSender(**told))
        return made[-1]

    yield make
    for sender in made:
        await sender.close()


@pytest.fixture
def send(make_sender, callback):
    """Sends one callback to a URL."""

    async def one(url, hosts=None, **told):
        async with asyncio.timeout(5):
            return await make_sender(**told).send(callback("c1", url=url), hosts or {}, SystemClock())

    return one


async def test_a_callback_is_posted_as_it_was_frozen(far, send):
    delivery = await send(f"http://127.0.0.1:{far.port}/callback?token=x")
    assert (delivery.outcome, delivery.status, delivery.answer) == (Outcome.ANSWERED, 200, "thanks")
    assert delivery.seconds > 0
    ((request, body),) = far.requests
    assert (request.method, request.path_qs, body) == ("POST", "/callback?token=x", b'{"result":0}')
    assert (request.content_type, request.headers["User-Agent"]) == ("application/json", "pesabox")
    assert request.headers["Host"] == f"127.0.0.1:{far.port}"


@pytest.mark.parametrize("status", [201, 400, 404, 500, 503])
async def test_whatever_the_app_answers_is_an_answer(far, send, status):
    far.answer = lambda request: web.Response(status=status, text="told")
    delivery = await send(f"http://127.0.0.1:{far.port}/")
    assert (delivery.outcome, delivery.status, delivery.answer) == (Outcome.ANSWERED, status, "told")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(far, send, status):
    far.answer = lambda request: web.Response(status=status, headers={"Location": "/elsewhere"})
    delivery = await send(f"http://127.0.0.1:{far.port}/here")
    assert (delivery.outcome, delivery.status) == (Outcome.ANSWERED, status)
    assert [request.path for request, _ in far.requests] == ["/here"]


async def test_a_long_answer_is_cut(far, send):
    far.answer = lambda request: web.Response(body=b"x" * (3 * ANSWER_KEPT_BYTES))
    delivery = await send(f"http://127.0.0.1:{far.port}/")
    assert 0 < len(delivery.answer) <= ANSWER_KEPT_BYTES


async def test_an_answer_that_comes_in_pieces_is_kept_whole(far, send):
    """What is journalled must not depend on how the network cuts it."""

    async def in_pieces(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in (b"first ", b"second ", b"third"):
            await response.write(piece)
            for _ in range(50):
                await asyncio.sleep(0)
        return response

    far.stream = in_pieces
    assert (await send(f"http://127.0.0.1:{far.port}/")).answer == "first second third"


async def test_an_answer_that_is_no_text_is_told_as_far_as_it_is(far, send):
    far.answer = lambda request: web.Response(body=b"\xffok")
    assert (await send(f"http://127.0.0.1:{far.port}/")).answer == "\ufffdok"


async def test_no_cookies_are_kept(far, make_sender, callback):
    def with_cookie(request):
        response = web.Response()
        response.set_cookie("session", "x")
        return response

    far.answer = with_cookie
    sender = make_sender()
    for _ in range(2):
        await sender.send(callback("c1", url=f"http://127.0.0.1:{far.port}/"), {}, SystemClock())
    assert all("Cookie" not in request.headers for request, _ in far.requests)


# Who cannot be reached.


async def test_a_port_where_nobody_listens_is_unreachable(far, send, unused_tcp_port):
    delivery = await send(f"http://127.0.0.1:{unused_tcp_port}/")
    assert (delivery.outcome, delivery.status) == (Outcome.UNREACHABLE, 0)
    assert delivery.answer.startswith("Client")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://nobody.invalid/", id="a name that nobody has"),
        pytest.param("http:///callback", id="no host"),
        pytest.param("http://127.0.0.1:99999/", id="a port that is none"),
        pytest.param("ftp://127.0.0.1/", id="another protocol"),
        pytest.param("http://[::1/", id="no URL"),
    ],
)
async def test_what_cannot_be_called_is_unreachable(send, url):
    assert (await send(url)).outcome is Outcome.UNREACHABLE


async def test_a_connection_that_is_cut_is_unreachable(far, send):
    def cuts(request):
        request.transport.abort()
        return web.Response()

    far.answer = cuts
    assert (await send(f"http://127.0.0.1:{far.port}/")).outcome is Outcome.UNREACHABLE


# Who may not be called.


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("8.8.8.8", id="version 4"),
        pytest.param("[2001:4860:4860::8888]", id="version 6"),
        pytest.param("[::ffff:8.8.8.8]", id="version 4 written as 6"),
    ],
)
async def test_a_public_address_is_refused_and_the_flag_is_named(send, host):
    delivery = await send(f"http://{host}/callback")
    assert (delivery.outcome, delivery.status) == (Outcome.REFUSED, 0)
    assert f"--allow-callbacks {URL(f'http://{host}').host}" in delivery.answer


async def test_a_public_address_written_as_one_number_is_not_called(send):
    delivery = await send("http://134744072/callback")
    assert delivery.outcome in (Outcome.REFUSED, Outcome.UNREACHABLE)


class FixedResolver:
    """Answers every name with the same addresses."""

    def __init__(self, *addresses):
        self._addresses = addresses

    async def resolve(self, host, port=0, family=0):
        return [{"hostname": host, "host": address, "port": port} for address in self._addresses]

    async def close(self):
        pass


@pytest.mark.parametrize(
    ("addresses", "is_refused"),
    [
        pytest.param(["127.0.0.1"], False, id="loopback"),
        pytest.param(["10.0.0.7", "fd00::1"], False, id="private"),
        pytest.param(["8.8.8.8"], True, id="public"),
        pytest.param(["127.0.0.1", "8.8.8.8"], True, id="one of them public"),
    ],
)
async def test_a_name_that_leads_to_a_public_address_is_refused(addresses, is_refused):
    resolver = NearResolver(allowed=["friend.test"])
    await resolver.close()
    resolver._resolver = FixedResolver(*addresses)
    if is_refused:
        with pytest.raises(PublicAddress, match=r"--allow-callbacks staging\.test"):
            await resolver.resolve("staging.test")
    else:
        assert [found["host"] for found in await resolver.resolve("staging.test")] == addresses
    assert len(await resolver.resolve("friend.test")) == len(addresses)


async def test_a_refused_name_is_told_like_a_refused_address(make_sender, callback):
    sender = make_sender()
    session = sender._open()
    resolver = session.connector._resolver
    await resolver.close()
    resolver._resolver = FixedResolver("8.8.8.8")
    delivery = await sender.send(callback("c1", url="http://staging.test/"), {}, SystemClock())
    assert (delivery.outcome, "--allow-callbacks staging.test" in delivery.answer) == (Outcome.REFUSED, True)


@pytest.mark.parametrize(
    ("host", "is_refused"),
    [
        pytest.param("203.0.114.7", True, id="not told"),
        pytest.param("203.0.114.9", False, id="told"),
    ],
)
async def test_a_public_address_that_is_allowed_passes_the_door(make_sender, host, is_refused):
    """Only the door is tried, as nothing outside of 127.0.0.1 is called here."""
    sender = make_sender(allowed=["203.0.114.9"])
    if is_refused:
        with pytest.raises(PublicAddress):
            sender._addressed(URL(f"http://{host}/x"), {})
    else:
        assert sender._addressed(URL(f"http://{host}/x"), {}) == (URL(f"http://{host}/x"), {})


@pytest.mark.parametrize(
    ("address", "is_so"),
    [
        pytest.param("127.0.0.1", True, id="loopback"),
        pytest.param("127.0.0.66", True, id="all of loopback"),
        pytest.param("::1", True, id="loopback 6"),
        pytest.param("10.1.2.3", True, id="10"),
        pytest.param("172.16.0.1", True, id="172.16"),
        pytest.param("192.168.1.1", True, id="192.168"),
        pytest.param("169.254.1.1", True, id="link-local"),
        pytest.param("fd00::1", True, id="unique local 6"),
        pytest.param("172.32.0.1", False, id="172.32"),
        pytest.param("8.8.8.8", False, id="public"),
        pytest.param("2001:4860:4860::8888", False, id="public 6"),
    ],
)
def test_which_addresses_are_near(address, is_so):
    assert is_near(address) is is_so


# Names that lead elsewhere.


@pytest.mark.parametrize("where", ["setting", "world"])
async def test_a_name_leads_where_it_was_told_to_and_stays_the_name(far, make_sender, callback, where):
    told = {"app.test": f"127.0.0.1:{far.port}"}
    sender = make_sender(hosts=told if where == "setting" else {})
    delivery = await sender.send(
        callback("c1", url="http://app.test/cb?a=1"), told if where == "world" else {}, SystemClock()
    )
    assert delivery.outcome is Outcome.ANSWERED
    ((request, _),) = far.requests
    assert (request.headers["Host"], request.path_qs) == ("app.test", "/cb?a=1")


async def test_the_world_knows_better_than_the_setting(far, make_sender, callback, unused_tcp_port):
    sender = make_sender(hosts={"app.test": f"127.0.0.1:{unused_tcp_port}"})
    delivery = await sender.send(
        callback("c1", url="http://app.test/"), {"app.test": f"127.0.0.1:{far.port}"}, SystemClock()
    )
    assert delivery.outcome is Outcome.ANSWERED


async def test_the_port_of_the_name_stays_in_the_host_header(far, make_sender, callback):
    sender = make_sender(hosts={"app.test": f"127.0.0.1:{far.port}"})
    await sender.send(callback("c1", url="http://app.test:8080/"), {}, SystemClock())
    assert far.requests[0][0].headers["Host"] == "app.test:8080"


async def test_closing_a_sender_that_never_sent_does_no_harm():
    await HttpSender().close()


# Forged callbacks.


@pytest.fixture
def send_forged(make_sender, callback):
    """Sends one forged callback to a URL."""

    async def one(url, hosts=None, **told):
        forged = callback("c1", url=url, is_forged=True)
        async with asyncio.timeout(5):
            return await make_sender(**told).send(forged, hosts or {}, SystemClock())

    return one


@pytest.mark.skipif(not can_bind(FORGER_ADDRESS), reason="this system binds no other address of 127.0.0.0/8")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "app.test"])
async def test_a_forged_callback_leaves_from_the_forgers_address(far, send_forged, host):
    delivery = await send_forged(f"http://{host}:{far.port}/", {"app.test": f"127.0.0.1:{far.port}"})
    assert delivery.outcome is Outcome.ANSWERED
    ((request, body),) = far.requests
    assert (request.remote, body) == (FORGER_ADDRESS, b'{"result":0}')
    assert "X-Forwarded-For" not in request.headers


@pytest.mark.skipif(not can_bind("127.0.0.67"), reason="this system binds no other address of 127.0.0.0/8")
async def test_the_forger_may_live_elsewhere(far, send_forged):
    await send_forged(f"http://127.0.0.1:{far.port}/", forger_address="127.0.0.67")
    assert [request.remote for request, _ in far.requests] == ["127.0.0.67"]


async def test_an_address_that_cannot_be_bound_is_told_in_a_header(far, send_forged):
    """As on systems that know one address of 127.0.0.0/8; here it is one of nobody's."""
    delivery = await send_forged(f"http://127.0.0.1:{far.port}/", forger_address="203.0.113.66")
    assert delivery.outcome is Outcome.ANSWERED
    ((request, _),) = far.requests
    assert (request.remote, request.headers["X-Forwarded-For"]) == ("127.0.0.1", "203.0.113.66")


async def test_a_genuine_callback_says_nothing_of_forgers(far, send):
    await send(f"http://127.0.0.1:{far.port}/")
    ((request, _),) = far.requests
    assert (request.remote, "X-Forwarded-For" in request.headers) == ("127.0.0.1", False)


@pytest.mark.parametrize(
    ("host", "is_so"),
    [
        pytest.param("127.0.0.1", True, id="127.0.0.1"),
        pytest.param("127.9.9.9", True, id="all of 127"),
        pytest.param("localhost", True, id="localhost"),
        pytest.param("::1", False, id="version 6 has one address"),
        pytest.param("10.0.0.7", False, id="private"),
        pytest.param("app.test", False, id="a name"),
    ],
)
def test_where_the_forgers_address_reaches(host, is_so):
    assert is_loopback(host) is is_so


# How many at once, and for how long.


async def test_eight_leave_for_one_host_at_once_and_another_host_does_not_wait(far, make_sender, callback):
    """A slow app holds up its own callbacks and nobody else's."""
    waiting, may_end, is_full = [], asyncio.Event(), asyncio.Event()

    async def slow(request):
        waiting.append(request)
        if len(waiting) == DELIVERIES_PER_HOST + 1:
            is_full.set()
        await may_end.wait()
        return web.Response()

    far.stream = slow
    sender = make_sender(hosts={"quick.test": f"127.0.0.1:{far.port}"})
    slow_url = f"http://127.0.0.1:{far.port}/"
    clock = SystemClock()
    sent = [asyncio.create_task(sender.send(callback(f"c{n}", url=slow_url), {}, clock)) for n in range(20)]
    quick = asyncio.create_task(sender.send(callback("q", url="http://quick.test/"), {}, clock))
    async with asyncio.timeout(5):
        await is_full.wait()
        assert len(waiting) == DELIVERIES_PER_HOST + 1
        may_end.set()
        assert {delivery.status for delivery in await asyncio.gather(quick, *sent)} == {200}


async def test_a_delivery_that_is_never_answered_times_out(far, make_sender, callback):
    clock = VirtualClock()

    async def hangs(request):
        await clock.sleep(600)

    far.stream = hangs

    async def deliver():
        with clock.flight("the callback"):
            return await make_sender().send(callback("c", url=f"http://127.0.0.1:{far.port}/"), {}, clock)

    async with asyncio.timeout(5):
        delivery = await deliver()
    assert (delivery.outcome, delivery.seconds) == (Outcome.TIMED_OUT, 30)
    assert (clock.now() - VIRTUAL_START).total_seconds() == 30
