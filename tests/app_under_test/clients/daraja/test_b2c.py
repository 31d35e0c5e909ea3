"""The bodies are those of the provider's documentation and of captures, as they came over the wire."""

import pytest

from app_under_test.clients.daraja.b2c import B2c
from app_under_test.clients.gateway import Finding, Notice, Outcome

PAID = b"""{"Result":{"ResultType":0,"ResultCode":0,"ResultDesc":"The service request is processed successfully.",
"OriginatorConversationID":"my-unique-id-0001","ConversationID":"AG_20260115_201012ab34cd56ef7890",
"TransactionID":"UAF5AB12CD","ResultParameters":{"ResultParameter":[{"Key":"TransactionAmount","Value":10},
{"Key":"TransactionReceipt","Value":"UAF5AB12CD"},
{"Key":"ReceiverPartyPublicName","Value":"254708374149 - JANE TEST PAYEE"},
{"Key":"TransactionCompletedDateTime","Value":"15.01.2026 10:30:52"},
{"Key":"B2CUtilityAccountAvailableFunds","Value":8959269.60},{"Key":"B2CChargesPaidAccountAvailableFunds","Value":-1980.00}]},
"ReferenceData":{"ReferenceItem":{"Key":"QueueTimeoutURL","Value":"https:\\/\\/internalsandbox.safaricom.co.ke\\/mpesa"}}}}"""
NOT_PAID = b"""{"Result":{"ResultType":0,"ResultCode":2001,"ResultDesc":"The initiator information is invalid.",
"OriginatorConversationID":"my-unique-id-0002","ConversationID":"AG_20260115_201012ab34cd56ef7891",
"TransactionID":"UAF5AB12CG","ReferenceData":{"ReferenceItem":{"Key":"QueueTimeoutURL","Value":"https://x"}}}}"""
FOUND = b"""{"Result":{"ResultType":0,"ResultCode":0,"ResultDesc":"The service request is processed successfully.",
"OriginatorConversationID":"6e86-45dd-91ac-fd5d4178ab523408731","ConversationID":"AG_20260115_201012ab34cd56ef7894",
"TransactionID":"UAF0000000","ResultParameters":{"ResultParameter":[
{"Key":"DebitPartyName","Value":"600310 - Test Organisation"},
{"Key":"CreditPartyName","Value":"0708374149 - JANE TEST PAYEE"},
{"Key":"OriginatorConversationID","Value":"my-unique-id-0001"},{"Key":"InitiatedTime","Value":20260115103050},
{"Key":"DebitPartyCharges","Value":"Fee For B2C Payment|KES|22.40"},{"Key":"TransactionReason"},
{"Key":"TransactionStatus","Value":"Completed"},{"Key":"FinalisedTime","Value":20260115103052},
{"Key":"Amount","Value":300},{"Key":"ConversationID","Value":"AG_20260115_201012ab34cd56ef7889"},
{"Key":"ReceiptNo","Value":"UAF5AB12CB"}]},"ReferenceData":{"ReferenceItem":{"Key":"Occasion"}}}}"""
ABSENT = b"""{"Result":{"ResultType":0,"ResultCode":2033,"ResultDesc":"The transaction receipt number cannot be found.",
"OriginatorConversationID":"6e86","ConversationID":"AG_5","TransactionID":"UAF0000000",
"ReferenceData":{"ReferenceItem":{"Key":"Occasion"}}}}"""


@pytest.fixture
def b2c():
    return B2c(None, None)  # who reads needs neither settings nor a provider


def test_a_result_is_read(b2c):
    assert b2c.read_result(PAID) == Notice(
        outcome=Outcome.COMPLETED,
        reason="0 The service request is processed successfully.",
        client_reference="my-unique-id-0001",
        provider_reference="AG_20260115_201012ab34cd56ef7890",
        amount=10_00,
        msisdn="254708374149",
        receipt="UAF5AB12CD",
    )


def test_a_failure_is_read(b2c):
    assert b2c.read_result(NOT_PAID) == Notice(
        outcome=Outcome.FAILED,
        reason="2001 The initiator information is invalid.",
        client_reference="my-unique-id-0002",
        provider_reference="AG_20260115_201012ab34cd56ef7891",
    )


@pytest.mark.parametrize("result_type", [b"1", b'"1"', b"null", b"true"])
def test_what_is_not_the_last_message_decides_nothing(b2c, result_type):
    assert b2c.read_result(NOT_PAID.replace(b'"ResultType":0', b'"ResultType":' + result_type)).outcome is None


def test_a_finding_is_read(b2c):
    assert b2c.read_finding(FOUND) == Finding(
        question="AG_20260115_201012ab34cd56ef7894",
        told=Notice(
            outcome=Outcome.COMPLETED,
            reason="Transaction Status: Completed",
            client_reference="my-unique-id-0001",
            provider_reference="AG_20260115_201012ab34cd56ef7889",
            amount=300_00,
            msisdn="254708374149",
            receipt="UAF5AB12CB",
        ),
    )


def test_that_there_is_no_such_payment_is_read(b2c):
    told = Notice(reason="2033 The transaction receipt number cannot be found.")
    assert b2c.read_finding(ABSENT) == Finding("AG_5", told, is_absent=True)


def test_that_there_is_no_such_payment_and_what_became_of_it_contradict_each_other(b2c):
    finding = b2c.read_finding(FOUND.replace(b'"ResultCode":0', b'"ResultCode":2033'))
    assert (finding.is_absent, finding.told.outcome) == (False, None)
