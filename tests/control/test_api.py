"""How the control API speaks, on every route: bodies, errors, pages, worlds, its token, its description."""

import io

import pytest

from simulator.control.routes import ROUTES
from simulator.providers import PROVIDERS

ANN = "254708374149"
FILLED = {"name": "nothing", "msisdn": ANN, "shortcode": "600000", "id": "nothing"}
BODIES = {
    "/worlds": {"name": "other"},
    "/reset": {},
    "/clock/advance": {"seconds": 1},
    "/subscribers": {"msisdn": ANN},
    "/subscribers/{msisdn}/pay": {"shortcode": "600000", "reference": "1", "amount": "5.00"},
    "/merchants": {"shortcode": "600001"},
    "/prompts/{id}/answer": {"action": "approve"},
    "/faults": {"name": "r", "at": "*.*.callback", "effect": {"kind": "drop"}},
}
OF_NO_WORLD = {"/health", "/certificate.pem", "/worlds", "/worlds/{name}"}
LISTS = ["worlds", "subscribers", "merchants", "prompts", "faults", "journal", "payments", "callbacks"]
LISTS += ["ledger/accounts", "ledger/entries", f"subscribers/{ANN}/messages"]


def named(routes):
    return [pytest.param(route, id=f"{route.method} {route.path}") for route in routes]


def asked(route):
    """The path and body of a call that the route understands."""
    filled = route.path.replace("{name}", "daraja") if route.path.startswith("/providers") else route.path
    for name, value in FILLED.items():
        filled = filled.replace(f"{{{name}}}", value)
    return filled, BODIES.get(route.path, {} if route.method == "PATCH" else None)


async def test_health_says_what_runs(sim):
    answer = await sim.control("GET", "/health")
    assert (answer.status, answer.body) == (
        200,
        {
            "status": "ok",
            "seed": 1,
            "clock": {"kind": "virtual", "now": "2026-01-15T10:30:00+03:00"},
            "store": "memory",
            "providers": [provider.name for provider in PROVIDERS],
        },
    )


@pytest.mark.parametrize("route", named(ROUTES))
async def test_a_route_answers_json_and_never_with_a_defect(sim, route):
    path, body = asked(route)
    answer = await sim.control(route.method, path, body)
    assert answer.status in (route.status, 404, 409)
    assert answer.body is not None or answer.status == 204 or route.media != "application/json"


@pytest.mark.parametrize("route", named(route for route in ROUTES if route.path not in OF_NO_WORLD))
async def test_a_world_that_nobody_made_is_not_found(sim, route):
    path, body = asked(route)
    answer = await sim.control(route.method, f"{path}?world=nowhere", body)
    assert (answer.status, answer.body["error"]["code"]) == (404, "not_found")
    assert "nowhere" in answer.body["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        pytest.param("GET", "/nothing", 404, "not_found", id="an unknown path"),
        pytest.param("GET", "/", 404, "not_found", id="no path"),
        pytest.param("GET", "/payments/", 404, "not_found", id="a path whose last part is empty"),
        pytest.param("PUT", "/worlds", 405, "method_not_allowed", id="an unknown method"),
        pytest.param("POST", "/health", 405, "method_not_allowed", id="a method of another route"),
    ],
)
async def test_what_is_not_there_is_told_in_the_apis_own_form(sim, method, path, status, code):
    answer = await sim.control(method, path)
    assert (answer.status, answer.body["error"]["code"], answer.body["error"]["field"]) == (status, code, None)
    assert path in answer.body["error"]["message"]


# Bodies.


@pytest.mark.parametrize("route", named(route for route in ROUTES if route.body is not None))
async def test_a_body_that_is_no_json_is_told(sim, route):
    answer = await sim.call(route.method, f"/_sim{asked(route)[0]}", data=b"{not json")
    assert (answer.status, answer.body["error"]["code"]) == (400, "not_json")


@pytest.mark.parametrize("route", named(route for route in ROUTES if route.body is not None))
async def test_an_unknown_key_is_named(sim, route):
    path, body = asked(route)
    answer = await sim.control(route.method, path, (body or {}) | {"colour": "red"})
    assert (answer.status, answer.body["error"]["code"], answer.body["error"]["field"]) == (422, "invalid", "colour")


@pytest.mark.parametrize(
    "route", named(route for route in ROUTES if route.body is not None and route.path != "/faults")
)
async def test_a_body_that_is_no_object_is_told(sim, route):
    answer = await sim.control(route.method, asked(route)[0], [1])
    assert answer.status == 422


async def test_a_body_over_a_megabyte_is_too_large(sim):
    answer = await sim.call("POST", "/_sim/worlds", data=io.BytesIO(b" " * 1024**2 + b"{}"))
    assert (answer.status, answer.body["error"]["code"]) == (413, "request_entity_too_large")


# Pages.


@pytest.fixture
async def busy(sim):
    """A simulator with at least three of everything that is listed."""
    for number in range(3):
        await sim.control("POST", "/worlds", {"name": f"w{number}"})
        await sim.fault("daraja.stk_push.request", name=f"r{number}", when={"occurrence": 99}, kind="reset")
        await sim.push()
        await sim.advance(20)
    for number in range(3):
        msisdn = f"25471100000{number}"
        await sim.control("POST", "/subscribers", {"msisdn": msisdn, "policy": "manual"})
        await sim.push(PhoneNumber=msisdn, PartyA=msisdn)
    return sim


@pytest.mark.parametrize("what", LISTS)
async def test_a_list_is_read_page_by_page(busy, what):
    whole = (await busy.control("GET", f"/{what}?limit=1000")).body
    assert (len(whole["items"]) >= 3, whole["next"]) == (True, None)
    seen, cursor = [], ""
    while cursor is not None:
        after = f"&after={cursor}" if cursor else ""
        page = (await busy.control("GET", f"/{what}?limit=2{after}")).body
        assert len(page["items"]) <= 2
        seen += page["items"]
        cursor = page["next"]
        assert len(seen) <= len(whole["items"])
    assert seen == whole["items"]


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many", "1.5"])
async def test_a_limit_out_of_bounds_is_named(sim, limit):
    for what in ("subscribers", "merchants", "prompts", "journal", "payments", "callbacks", "ledger/entries"):
        answer = await sim.control("GET", f"/{what}?limit={limit}")
        assert (what, answer.status, answer.body.get("error", {}).get("field")) == (what, 422, "limit")


# The token.


async def test_with_a_control_token_everything_but_health_asks_for_it(start):
    sim = await start(control_token="open sesame")
    for route in ROUTES:
        path, body = asked(route)
        for header in ("", "Bearer other", "open sesame", "Bearer opén sesame"):
            answer = await sim.control(route.method, path, body, headers={"Authorization": header} if header else {})
            assert (route.path, answer.status) == (route.path, 200 if route.path == "/health" else 401)
        answer = await sim.control(route.method, path, body, headers={"Authorization": "Bearer open sesame"})
        assert answer.status in (route.status, 404, 409)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "/openapi.json", id="the description"),
        pytest.param("GET", "/nothing", id="an unknown path"),
        pytest.param("DELETE", "/worlds/health", id="a world named health"),
        pytest.param("DELETE", "/faults/health", id="a rule named health"),
        pytest.param("GET", "/payments/health", id="a payment named health"),
    ],
)
async def test_no_path_gets_round_the_token(start, method, path):
    sim = await start(control_token="open sesame")
    answer = await sim.control(method, path)
    assert (answer.status, answer.body["error"]["code"]) == (401, "unauthorized")


async def test_the_token_is_not_asked_of_the_app(start):
    assert (await (await start(control_token="open sesame")).push()).status == 200


# The description.


async def test_the_description_lists_every_route(sim):
    document = (await sim.control("GET", "/openapi.json")).body
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert told == {(route.method, f"/_sim{route.path}") for route in ROUTES}
    assert document["openapi"].startswith("3.1")


async def test_the_description_tells_parameters_body_and_answer(sim):
    paths = (await sim.control("GET", "/openapi.json")).body["paths"]
    for route in ROUTES:
        told = paths[f"/_sim{route.path}"][route.method.lower()]
        assert told["summary"] == route.does
        assert str(route.status) in told["responses"]
        names = {one["name"] for one in told["parameters"] if one["in"] == "path"}
        assert names == {part.strip("{}") for part in route.path.split("/") if part.startswith("{")}
        assert ("requestBody" in told) == (route.body is not None)
