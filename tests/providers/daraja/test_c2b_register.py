"""Registering C2B URLs: what is refused, what is kept, and for whom."""

from __future__ import annotations

import pytest

ABSENT = object()


async def refusal(call):
    answer = await call
    assert answer.headers["Pesabox-Why"]
    return answer.status, answer.json["errorCode"], answer.json["errorMessage"]


async def urls_of(c2b):
    view = await c2b.bench.control("GET", f"/merchants/{c2b.shortcode}")
    return [view[name] for name in ("confirmation_url", "validation_url", "response_type")]


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_it_is_acknowledged_with_zeros(c2b, version):
    answer = await c2b.register(version)
    assert answer.status == 200
    assert list(answer.json) == ["OriginatorCoversationID", "ResponseCode", "ResponseDescription"]
    assert (answer.json["ResponseCode"], answer.json["ResponseDescription"]) == ("00000000", "Success")


async def test_the_urls_are_the_merchants_from_then_on(c2b):
    assert await urls_of(c2b) == [None, None, None]
    await c2b.register(ResponseType="Cancelled")
    app = c2b.bench.app_url
    assert await urls_of(c2b) == [f"{app}/confirm", f"{app}/validate", "Cancelled"]


async def test_a_second_registration_replaces_the_first(paybill):
    await paybill.register("v1", ConfirmationURL=f"{paybill.bench.app_url}/other")
    await paybill.simulate()
    await paybill.bench.advance(5)
    (told,) = paybill.told("/other")
    assert len(told["MSISDN"]) == 64


@pytest.mark.parametrize("value", [ABSENT, None, "", [], True], ids=["missing", "null", "empty", "list", "boolean"])
@pytest.mark.parametrize("field", ["ShortCode", "ResponseType", "ConfirmationURL", "ValidationURL"])
async def test_a_field_that_is_not_there_is_named(c2b, field, value):
    body = {name: told for name, told in c2b.registration(**{field: value}).items() if told is not ABSENT}
    told = await refusal(c2b.bench.post("/mpesa/c2b/v2/registerurl", body))
    assert told == (400, "400.002.02", f"Bad Request - Invalid {field}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("ResponseType", "completed", id="lower case"),
        pytest.param("ResponseType", "Canceled", id="American"),
        pytest.param("ResponseType", "Complete", id="another word"),
        pytest.param("ShortCode", "999999", id="nobody's shortcode"),
        pytest.param("ShortCode", "123", id="a short shortcode"),
        pytest.param("ShortCode", "12345678", id="a long shortcode"),
        pytest.param("ConfirmationURL", "/relative", id="relative"),
        pytest.param("ConfirmationURL", "ftp://app.test/x", id="scheme"),
        pytest.param("ValidationURL", "http://app.test/a b", id="spaces"),
    ],
)
async def test_a_malformed_field_is_named(c2b, field, value):
    told = await refusal(c2b.register(**{field: value}))
    assert told == (400, "400.002.02", f"Bad Request - Invalid {field}")
    assert await urls_of(c2b) == [None, None, None]


async def test_the_first_bad_field_in_documented_order_is_named(c2b):
    told = await refusal(c2b.register(ValidationURL="", ConfirmationURL="", ResponseType="x"))
    assert told[2] == "Bad Request - Invalid ResponseType"


@pytest.mark.parametrize(
    ("url", "word"),
    [
        pytest.param("https://app.test/mpesa", "MPESA", id="mpesa"),
        pytest.param("https://app.test/MPesa/confirm", "MPESA", id="in another letter case"),
        pytest.param("https://m-pesa.test/", "M-PESA", id="m-pesa, in the host"),
        pytest.param("https://safaricom.test/", "SAFARICOM", id="safaricom"),
        pytest.param("https://app.test/x.exe", "EXE", id="exe"),
        pytest.param("https://app.test/exec", "EXEC", id="exec"),
        pytest.param("https://app.test/cmd", "CMD", id="cmd"),
        pytest.param("https://app.test/mysql", "SQL", id="sql, in a longer word"),
        pytest.param("https://app.test/?query=1", "QUERY", id="query"),
    ],
)
@pytest.mark.parametrize("field", ["ConfirmationURL", "ValidationURL"])
async def test_a_url_with_a_forbidden_word_is_refused(c2b, field, url, word):
    told = await refusal(c2b.register(**{field: url}))
    assert told == (400, "400.003.02", f"Bad Request - Invalid {field} - URL has the word {word}")
    assert await urls_of(c2b) == [None, None, None]


@pytest.mark.parametrize("shortcode", [600000, "600000", 174379, "5000"], ids=repr)
async def test_any_shortcode_of_the_world_may_register(c2b, shortcode):
    c2b.shortcode = shortcode
    assert (await c2b.register()).status == 200


async def test_urls_that_do_not_resolve_are_accepted(c2b):
    assert (await c2b.register(ConfirmationURL="https://nowhere.test/c")).status == 200


async def test_under_register_once_the_first_registration_stays(c2b):
    await c2b.bench.control("PATCH", "/providers/daraja", {"strictness": {"register_once": True}})
    assert (await c2b.register()).status == 200
    told = await refusal(c2b.register(ConfirmationURL="https://other.test/c"))
    assert told == (500, "500.003.1001", "Urls are already registered.")
    assert (await urls_of(c2b))[0] == f"{c2b.bench.app_url}/confirm"
    await c2b.bench.control("PATCH", "/merchants/600000", {"confirmation_url": None})
    assert (await c2b.register()).status == 200


@pytest.mark.parametrize(
    ("url", "status"),
    [
        pytest.param("https://shop.example.co.ke/c", 200, id="public"),
        pytest.param("http://shop.example.co.ke/c", 200, id="plain, which is allowed here"),
        pytest.param("http://localhost/c", 400, id="this machine"),
        pytest.param("https://abc.ngrok.io/c", 400, id="a tunnel"),
    ],
)
async def test_under_public_urls_the_host_is_public(c2b, url, status):
    await c2b.bench.control("PATCH", "/providers/daraja", {"strictness": {"public_urls": True}})
    answer = await c2b.register(ConfirmationURL=url, ValidationURL="https://shop.example.co.ke/v")
    assert answer.status == status
    assert status == 200 or answer.json["errorMessage"] == "Bad Request - Invalid ConfirmationURL"


async def test_a_registration_whose_answer_is_lost_is_done(c2b):
    effect = {"kind": "refuse", "error": "internal_server_error"}
    rule = {"name": "lost", "at": "daraja.c2b_register.acknowledgement", "effect": effect}
    await c2b.bench.control("POST", "/faults", rule)
    assert (await c2b.register()).status == 500
    assert (await urls_of(c2b))[2] == "Completed"
