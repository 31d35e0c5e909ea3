"""Clients of other people, unmodified, are served by pesabox: by an attribute, or as the host that they insist on."""

from __future__ import annotations

import pytest

APPROVES, CANCELS, WAITS = "254708374149", "254700000002", "254700000010"
IN_PROGRESS, CANCELLED = 4999, 1032

MPESAKIT, DJANGO = "mpesakit_shop.py", "django_daraja_shop.py"
MPESA_NODE, MPESA_API = "mpesa_node_shop.js", "mpesa_api_shop.js"
SHOPS = [
    pytest.param(MPESAKIT, "over_http", id="mpesakit"),
    pytest.param(DJANGO, "over_http", id="django-daraja"),
    pytest.param(MPESA_NODE, "over_http", id="mpesa-node"),
    pytest.param(MPESAKIT, "over_tls", id="mpesakit-fixed-host"),
    pytest.param(DJANGO, "over_tls", id="django-daraja-fixed-host"),
    pytest.param(MPESA_NODE, "over_tls", id="mpesa-node-fixed-host"),
    pytest.param(MPESA_API, "over_tls", id="mpesa-api-fixed-host"),
]
WITH_A_QUERY = [shop for shop in SHOPS if DJANGO not in shop.values]
RAISES = {MPESAKIT: "MpesaApiException", DJANGO: "MpesaResponse", MPESA_NODE: "Error", MPESA_API: "Object"}


@pytest.fixture(scope="session")
def shops(request, open_shop):
    """The shops that are open, each once."""
    found = {}

    def find(file, pesabox):
        if (file, pesabox) not in found:
            found[file, pesabox] = open_shop(file, request.getfixturevalue(pesabox))
        return found[file, pesabox]

    return find


@pytest.mark.parametrize(("file", "pesabox"), SHOPS)
def test_it_gets_a_token(shops, file, pesabox):
    assert len(shops(file, pesabox).get("/token")["token"]) == 28


@pytest.mark.parametrize(("file", "pesabox"), SHOPS)
def test_its_push_is_paid_and_its_app_reads_the_callback(shops, file, pesabox):
    shop = shops(file, pesabox)
    checkout, event = shop.pay_to_the_end(APPROVES)
    assert (event["outcome"], event["status"]) == ("answered", 200)
    paid = shop.get(f"/paid/{checkout}")
    assert (paid["code"], paid["shillings"]) == (0, 100)
    assert paid["receipt"].isalnum()


@pytest.mark.parametrize(("file", "pesabox"), SHOPS)
def test_its_app_reads_a_callback_that_says_no(shops, file, pesabox):
    shop = shops(file, pesabox)
    checkout, event = shop.pay_to_the_end(CANCELS)
    assert (event["outcome"], event["status"]) == ("answered", 200)
    assert shop.get(f"/paid/{checkout}") == {"code": CANCELLED, "receipt": None, "shillings": None}


@pytest.mark.parametrize(("file", "pesabox"), WITH_A_QUERY)
@pytest.mark.parametrize(("phone", "code"), [(APPROVES, 0), (CANCELS, CANCELLED)])
def test_its_query_tells_what_was_decided(shops, file, pesabox, phone, code):
    shop = shops(file, pesabox)
    checkout, _ = shop.pay_to_the_end(phone)
    assert shop.get(f"/query/{checkout}") == {"code": code}


@pytest.mark.parametrize(("file", "pesabox"), WITH_A_QUERY)
def test_its_query_tells_that_nothing_is_decided(shops, file, pesabox):
    shop = shops(file, pesabox)
    checkout = shop.pay(WAITS)["checkout"]
    assert shop.get(f"/query/{checkout}") == {"code": IN_PROGRESS}
    seen = shop.pesabox.last_callback()
    (prompt,) = shop.pesabox.control("GET", f"/prompts?msisdn={WAITS}")["items"]
    shop.pesabox.control("POST", f"/prompts/{prompt['id']}/answer", {"action": "approve"})
    assert shop.pesabox.next_callback(after=seen)["status"] == 200
    assert shop.get(f"/query/{checkout}") == {"code": 0}


@pytest.mark.parametrize(("file", "pesabox"), SHOPS)
def test_a_refusal_reaches_its_caller_in_the_clients_own_way(shops, file, pesabox):
    told = shops(file, pesabox).pay(APPROVES, shillings=0)
    assert told == {"by": RAISES[file], "refused": "400.002.02", "message": "Bad Request - Invalid Amount"}
