import io

import orjson
import pytest
from sqlalchemy import text

from app_under_test.databases import database_of

CHANNEL, OPERATOR = "bank-channel-key", "bank-operator-key"
ROUTES = [
    ("POST", "/customers", CHANNEL),
    ("GET", "/customers/C000001", CHANNEL),
    ("GET", "/customers/C000001/statement", CHANNEL),
    ("POST", "/deposits", CHANNEL),
    ("GET", "/deposits/D000001", CHANNEL),
    ("POST", "/withdrawals", CHANNEL),
    ("GET", "/withdrawals/W000001", CHANNEL),
    ("POST", "/reconcile", OPERATOR),
    ("GET", "/reconcile/R000001", OPERATOR),
    ("GET", "/ledger/audit", OPERATOR),
]


@pytest.mark.parametrize(("method", "path", "key"), ROUTES)
async def test_each_route_opens_to_its_own_key_only(bank, method, path, key):
    other = OPERATOR if key == CHANNEL else CHANNEL
    assert (await bank.call(method, path, bearer=None))[0] == 401
    assert (await bank.call(method, path, bearer="wrong"))[0] == 401
    assert (await bank.call(method, path, bearer=None, headers={"Authorization": f"Basic {key}"}))[0] == 401
    assert (await bank.call(method, path, bearer="é"))[0] == 401
    assert (await bank.call(method, path, bearer=other))[0] == 403
    assert (await bank.call(method, path, bearer=key))[0] not in (401, 403)


async def test_health_is_open(bank):
    assert await bank.call("GET", "/health", bearer=None) == (200, {"status": "ok"})


async def test_an_error_is_a_problem_document(bank, session):
    async with session.get(bank.url + "/ledger/audit") as response:
        assert response.content_type == "application/problem+json"
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert orjson.loads(await response.read()) == {
            "type": "about:blank",
            "title": "Unauthorized",
            "status": 401,
            "detail": "Authorization must be a Bearer key of this bank",
            "field": "Authorization",
        }


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/customers", 405)])
async def test_the_servers_own_errors_are_problems_too(bank, method, path, status):
    assert (await bank.call(method, path))[1]["status"] == status


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"{", id="truncated"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"7", id="a number"),
        pytest.param(b"\xff", id="not text"),
        pytest.param(b"[" * 200_000, id="deep"),
        pytest.param(b'{"a":' * 100_000, id="deep objects"),
        pytest.param(b'{"name":NaN}', id="NaN"),
        pytest.param(b'{"name":"a","name":"b"}', id="a name twice"),
        pytest.param(b'{"name":' + b"9" * 5000 + b"}", id="a number without end"),
    ],
)
@pytest.mark.parametrize(
    ("path", "key"),
    [("/customers", CHANNEL), ("/deposits", CHANNEL), ("/withdrawals", CHANNEL), ("/reconcile", OPERATOR)],
)
async def test_a_body_that_cannot_be_read_is_a_bad_request(bank, path, key, raw):
    status, problem = await bank.call("POST", path, raw=raw, bearer=key)
    assert (status, problem["title"]) == (400, "Bad Request")


@pytest.mark.parametrize(
    ("path", "field"), [("/customers", "name"), ("/deposits", "customer"), ("/withdrawals", "customer")]
)
async def test_an_empty_body_lacks_its_fields(bank, path, field):
    status, problem = await bank.call("POST", path)
    assert (status, problem["field"]) == (422, field)


async def test_a_body_over_a_megabyte_is_too_large(bank):
    deposit = await bank.deposit()
    large = b'{"name":"' + b"x" * 1024 * 1024 + b'"}'
    callbacks = (deposit["id"], "stk/D000001"), ("W000001", "b2c/W000001/timeout"), ("paybill 600000", "c2b/validation")
    own = [(f"/callbacks/daraja/{bank.token(named)}/{what}", None) for named, what in callbacks]
    ours = [("/customers", CHANNEL), ("/deposits", CHANNEL), ("/withdrawals", CHANNEL), ("/reconcile", OPERATOR)]
    for path, key in ours + own:
        status, problem = await bank.call("POST", path, raw=io.BytesIO(large), bearer=key)
        assert (status, problem["status"]) == (413, 413)


async def test_a_failure_of_the_bank_says_so_and_is_logged(bank, caplog, database):
    await bank.customer()
    engine = database_of(database).engine
    with engine.begin() as damage:
        damage.execute(text("DROP TABLE postings"))
    engine.dispose()
    status, problem = await bank.call("GET", "/customers/C000001/statement")
    assert (status, problem["title"]) == (500, "Internal Server Error")
    assert "postings" in caplog.text
    assert "postings" not in problem["detail"]


async def test_the_audit_shows_what_the_bank_has_and_owes(bank):
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.paid())
    assert await bank.audit() == {
        "balanced": True,
        "difference": "0.00",
        "customers": "100.00",
        "held": "0.00",
        "suspense": "0.00",
        "fees": "0.00",
        "float": "20000100.00",
        "pesalink_float": "10000000.00",
    }


async def test_a_restart_changes_nothing(start_bank):
    async with start_bank() as bank:
        deposit = await bank.deposit()
        await bank.callback(deposit["id"], bank.paid())
        before = await bank.audit()
    async with start_bank(opening_float="1.00") as bank:
        assert await bank.audit() == before
        assert await bank.callback(deposit["id"], bank.paid()) == (200, {"ResultCode": 0, "ResultDesc": "Success"})
        assert await bank.balance() == "100.00"
