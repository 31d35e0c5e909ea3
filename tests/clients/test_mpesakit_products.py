"""mpesakit, unmodified, beyond pushes: payouts, paybill URLs, and what became of a payment.

Its models of a successful result expect a list where real traffic has an object around it [captured], so such results
are read as they came.
"""

from __future__ import annotations

import base64

import pytest
from mpesakit import MpesaClient
from mpesakit.b2c import B2CCommandIDType

PAYEE, NOBODY = "254708374149", "254700000011"
CREDENTIAL = base64.b64encode(bytes(256)).decode()
URLS = {"queue_timeout_url": "http://127.0.0.1:9/timeout", "result_url": "http://127.0.0.1:9/result"}


@pytest.fixture
def mpesa(pesabox):
    client = MpesaClient(pesabox.key, pesabox.secret)
    client.http_client.base_url = pesabox.url
    return client


def pay_out(mpesa, payee, reference):
    answer = mpesa.b2c.send_payment(
        originator_conversation_id=reference,
        initiator_name="testapi",
        security_credential=CREDENTIAL,
        command_id=B2CCommandIDType.BusinessPayment,
        amount=100,
        party_a="600000",
        party_b=payee,
        remarks="A withdrawal",
        **URLS,
    )
    assert answer.is_successful()
    return answer


def test_a_payout_is_acknowledged_paid_and_told(pesabox, mpesa):
    answer = pay_out(mpesa, PAYEE, "payout-1")
    told = pesabox.journal.wait("callback").body()["Result"]
    assert (told["ResultCode"], told["OriginatorConversationID"]) == (0, answer.OriginatorConversationID)
    assert pesabox.balance(f"subscriber:{PAYEE}") == 50100


def test_a_payout_that_fails_says_why(pesabox, mpesa):
    pay_out(mpesa, NOBODY, "payout-2")
    told = mpesa.process_b2c_callback(pesabox.journal.wait("callback").body())
    assert told.Result.ResultCode == 2040


def test_the_status_of_a_payout_is_found_by_its_receipt(pesabox, mpesa):
    pay_out(mpesa, PAYEE, "payout-3")
    receipt = pesabox.journal.wait("callback").body()["Result"]["TransactionID"]
    answer = mpesa.transactions.query_status(
        initiator="testapi",
        security_credential=CREDENTIAL,
        transaction_id=receipt,
        party_a=600000,
        identifier_type=4,
        remarks="Where is it",
        **URLS,
    )
    assert answer.is_successful()
    told = pesabox.journal.wait("callback", operation="daraja.transaction_status").body()["Result"]
    assert (told["ResultCode"], told["OriginatorConversationID"]) == (0, answer.OriginatorConversationID)


def test_paybill_urls_are_registered_and_called(pesabox, mpesa):
    answer = mpesa.c2b.register_url(
        short_code=600000,
        response_type="Completed",
        confirmation_url="http://127.0.0.1:9/confirmation",
        validation_url="http://127.0.0.1:9/validation",
    )
    assert answer.is_successful()
    pesabox.phone.pay(PAYEE, shortcode="600000", reference="A1", amount="100.00")
    told = pesabox.journal.wait("callback", operation="daraja.c2b_confirmation").body()
    assert (told["TransAmount"], told["BillRefNumber"]) == ("100.00", "A1")
