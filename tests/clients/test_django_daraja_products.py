"""django-daraja, unmodified, beyond the sandbox's pushes: payouts, as production, and its own demonstration views.

It encrypts the initiator's password with a certificate of the project, whatever certificate that is.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
import trustme

SHOP = "django_daraja_shop.py"
PAYEE, WAITS = "254711223344", "254711223355"
UNREGISTERED, NOBODY, FULL = "254700000011", "254700000012", "254700000013"
WAYS = [
    pytest.param("business_payment", "BusinessPayment", id="business"),
    pytest.param("salary_payment", "SalaryPayment", id="salary"),
    pytest.param("promotion_payment", "PromotionPayment", id="promotion"),
]
ACCEPTED = "Accept the service request successfully."
THEIR_HOST = "api.darajambili.com"  # where the demonstration views want their callbacks
WRONG_INITIATOR = 2001


@pytest.fixture(scope="module")
def foreign():
    """A certificate of somebody else, as Safaricom's is: nobody here can open what it seals."""
    return trustme.CA(key_type=trustme.KeyType.RSA).cert_pem.bytes().decode()


@pytest.fixture(scope="module")
def open_project(tmp_path_factory, open_shop):
    """Opens a shop whose project has this certificate; gives the certificate's file too, read on each payout."""

    def begin(pesabox, certificate, *, environment="sandbox", **variables):
        folder = tmp_path_factory.mktemp("project")
        file = folder / "certs" / f"{environment}.cer"
        file.parent.mkdir()
        file.write_text(certificate)
        variables |= {"SHOP_FOLDER": str(folder), "MPESA_ENVIRONMENT": environment}
        return open_shop(SHOP, pesabox, **variables), file

    return begin


@pytest.fixture(scope="module")
def live(over_tls, open_project, foreign):
    """A shop in production: another host, another certificate, and one shortcode for all."""
    return open_project(over_tls, foreign, environment="production")[0]


@pytest.fixture(scope="module", params=["sandbox", "production"])
def shop(request, over_http, open_project, foreign):
    if request.param == "production":
        return request.getfixturevalue("live")
    return open_project(over_http, foreign)[0]


@pytest.fixture(scope="module")
def strict(serve, open_project, foreign):
    """A shop and its certificate's file, where credentials are decrypted."""
    return open_project(serve("--credentials", "strict"), foreign)


@pytest.fixture(scope="module")
def unhurried(serve, open_project, foreign):
    """A shop on the virtual clock. The host of its demonstration views is a port where nothing listens."""
    pesabox = serve("--clock", "virtual", "--resolve", f"{THEIR_HOST}=127.0.0.1:9")
    return open_project(pesabox, foreign, LNM_PHONE_NUMBER=PAYEE, B2C_PHONE_NUMBER=PAYEE)[0]


def asked(phone, *, shillings=100, by="business_payment"):
    return {"by": by, "phone": phone, "shillings": shillings}


def pay_out(shop, payout):
    """What became of it as the shop's own app was told, and the journal's event of the telling."""
    seen = shop.pesabox.last_callback()
    conversation = shop.post("/pay-out", payout)["conversation"]
    event = shop.pesabox.next_callback(after=seen)
    assert (event["outcome"], event["status"]) == ("answered", 200)
    told = shop.get("/results")["results"][-1]
    assert told.pop("conversation") == conversation
    return told, event


def request_of(event, pesabox):
    """What the payment of an event began with, as the journal tells it."""
    (request,) = pesabox.control("GET", f"/journal?kind=request&payment={event['payment']}")["items"]
    return request


def advance(pesabox, seconds):
    pesabox.control("POST", "/clock/advance", {"seconds": seconds})


@pytest.mark.parametrize(("by", "command"), WAYS)
def test_a_payout_of_each_kind_arrives_and_its_app_is_told(shop, by, command):
    pesabox, purses = shop.pesabox, (f"subscriber:{PAYEE}", "merchant:600000:utility")
    payee, utility = (Decimal(pesabox.balance(purse)) for purse in purses)
    told, event = pay_out(shop, asked("0711223344", by=by))
    assert (told["code"], told["shillings"]) == (0, 100)
    assert told["receipt"].isalnum()
    assert [Decimal(pesabox.balance(purse)) for purse in purses] == [payee + 100, utility - 100]
    request = request_of(event, pesabox)
    assert (request["path"], request["body"]["CommandID"]) == ("/mpesa/b2c/v1/paymentrequest", command)


def test_a_push_in_production_is_paid_to_the_shortcode_of_payouts(live):
    checkout, event = live.pay_to_the_end(PAYEE)
    assert live.get(f"/paid/{checkout}")["code"] == 0
    assert request_of(event, live.pesabox)["body"]["BusinessShortCode"] == "600000"


@pytest.mark.parametrize(
    ("payout", "code"),
    [
        pytest.param(asked(UNREGISTERED), 2040, id="not registered"),
        pytest.param(asked(UNREGISTERED, by="salary_payment"), 2040, id="not registered, a salary"),
        pytest.param(asked(NOBODY), "SFC_IC0003", id="nobody's number"),
        pytest.param(asked(FULL), 8, id="a full wallet"),
        pytest.param(asked(PAYEE, shillings=1), 2, id="too little"),
    ],
)
def test_a_payout_that_fails_moves_no_money_and_its_app_is_told_why(shop, payout, code):
    utility = shop.pesabox.balance("merchant:600000:utility")
    told, _ = pay_out(shop, payout)
    assert told == {"code": code, "receipt": None, "shillings": None}
    assert shop.pesabox.balance("merchant:600000:utility") == utility


def test_a_payout_that_is_refused_at_once_says_so_in_its_answer(shop):
    told = shop.post("/pay-out", asked(PAYEE, shillings=0))
    assert told == {"by": "MpesaResponse", "refused": "400.002.02", "message": "Bad Request - Invalid Amount"}


def test_strict_credentials_are_opened_when_sealed_with_the_simulators_certificate(strict):
    shop, certificate = strict
    certificate.write_text(shop.pesabox.certificate())
    told, _ = pay_out(shop, asked(PAYEE))
    assert told["code"] == 0
    assert shop.pesabox.balance(f"subscriber:{PAYEE}") == "50100.00"


def test_strict_credentials_sealed_with_another_certificate_are_no_credentials(strict, foreign):
    shop, certificate = strict
    certificate.write_text(foreign)
    told, _ = pay_out(shop, asked(PAYEE))
    assert told["code"] == WRONG_INITIATOR


def test_a_queue_that_times_out_and_the_result_after_it_reach_the_same_url(unhurried):
    rule = {"name": "the queue stands", "at": "daraja.b2c.processing", "effect": {"kind": "delay", "seconds": 90}}
    unhurried.pesabox.control("POST", "/faults", rule | {"when": {"msisdn": WAITS}})
    conversation = unhurried.post("/pay-out", asked(WAITS))["conversation"]
    advance(unhurried.pesabox, 70)
    assert unhurried.get("/results")["results"] == [{"timed_out": WAITS}]
    advance(unhurried.pesabox, 30)
    _, told = unhurried.get("/results")["results"]
    assert (told["conversation"], told["code"]) == (conversation, 0)


def test_its_demonstration_views_get_what_their_authors_expect(unhurried):
    assert len(unhurried.get("/daraja/tests/oauth/success")) == 28
    assert unhurried.get("/daraja/tests/stk-push/success") == "Success. Request accepted for processing"
    for way in ("business", "salary", "promotion"):
        assert unhurried.get(f"/daraja/tests/{way}-payment/success") == ACCEPTED
