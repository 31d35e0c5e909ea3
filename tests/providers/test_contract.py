"""What every provider keeps, whichever it is."""

from __future__ import annotations

from importlib.resources import files

import orjson
import pytest

from simulator.core.errors import Refused, family
from simulator.edge.catalogue import problems_of
from simulator.providers import PROVIDERS

EVERY = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)


@EVERY
def test_its_readme_lists_every_route(provider):
    readme = files(f"simulator.providers.{provider.name}").joinpath("README.md").read_text()
    for operation in provider.operations:
        assert f"`{operation.method} {operation.path}`" in readme
        assert f"`{operation.name}`" in readme


@EVERY
def test_its_error_table_is_total(provider):
    errors = __import__(f"simulator.providers.{provider.name}.errors", fromlist=["errors"])
    core = {error for error in family(Refused) if error.__module__ == Refused.__module__}
    assert set(errors.REFUSALS) == core
    assert set(errors.REFUSALS.values()) <= {error.name for error in provider.errors}


@EVERY
def test_every_error_and_code_may_be_asked_for_by_a_rule(provider):
    for error in provider.errors:
        effect = {"kind": "refuse", "error": error.name}
        assert problems_of({"name": "r", "at": f"{provider.name}.*.request", "effect": effect}, PROVIDERS) == []
    for operation, results in provider.result_codes.items():
        for result in filter(lambda result: result.is_failure, results):
            rule = {
                "name": "r",
                "at": f"{provider.name}.{operation}.processing",
                "effect": {"kind": "fail", "code": result.code},
            }
            assert problems_of(rule, PROVIDERS) == []


@EVERY
async def test_bad_credentials_are_refused_and_journalled(provider, bench):
    for operation in provider.operations:
        answer = await bench.call(operation.method, operation.path)
        assert answer.status >= 400
    events = (await bench.control("GET", "/journal?kind=request"))["items"]
    assert [event["operation"] for event in events] == [f"{provider.name}.{o.name}" for o in provider.operations]
    assert all(event["why"] for event in events)


@EVERY
async def test_it_knows_no_field_by_our_own_name(provider, bench):
    ours = {"shortcode": "174379", "msisdn": "254708374149", "shillings": 1, "timestamp": "20260115103000"}
    bench.bearer = await bench.bearer_of(provider.name)
    for operation in provider.operations:
        if operation.method == "POST":
            is_asked_by_bearer = operation.path != "/token"
            assert (await bench.post(operation.path, ours)).status == (400 if is_asked_by_bearer else 401)


@EVERY
async def test_it_answers_under_its_name_too(provider, bench):
    for operation in provider.operations:
        plain = await bench.call(operation.method, operation.path)
        prefixed = await bench.call(operation.method, f"/{provider.name}{operation.path}")
        assert plain.status == prefixed.status
        assert (await bench.call("GET", f"/{provider.name}/_sim/health")).status == 404


async def test_every_callback_is_journalled(bench):
    await bench.result_of()
    events = (await bench.control("GET", "/journal?kind=callback"))["items"]
    assert [event["body"]["Body"]["stkCallback"]["ResultCode"] for event in events] == [0]
    assert events[0]["answer"] == '{"ResultCode": 0, "ResultDesc": "Success"}'


async def test_many_callbacks_may_wait_for_the_provider_at_once(bench):
    """An app that asks the provider from each callback, while the provider takes its time."""
    rule = {"name": "slow", "at": "daraja.stk_query.request", "effect": {"kind": "delay", "seconds": 3}}
    await bench.control("POST", "/faults", rule)

    async def asks_back(body):
        checkout = orjson.loads(body)["Body"]["stkCallback"]["CheckoutRequestID"]
        assert (await bench.query(checkout)).json["ResultCode"] == "0"

    bench.on_callback = asks_back
    for number in range(20):
        await bench.push(PhoneNumber=f"2547110000{number:02d}")
    await bench.advance(60)
    assert len(bench.received) == 20


@EVERY
async def test_under_its_name_there_is_no_other(provider, bench):
    for other in PROVIDERS:
        for operation in other.operations if other is not provider else ():
            answer = await bench.call(operation.method, f"/{provider.name}{operation.path}")
            assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")
