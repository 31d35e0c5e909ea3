"""Whose a provider's payment is."""

import pytest

from harness.app_answers import CustomerSeen
from harness.app_profile import AppProfile, account_name
from harness.attribution import Attribution, moved
from harness.book import Book
from harness.exchange import Answer, Request

ANN, BRIAN, STRANGER = "254708374149", "254711000002", "254799999999"


@pytest.fixture
def book():
    book = Book(AppProfile())
    for number, msisdn in enumerate((ANN, BRIAN), start=1):
        book.registered(CustomerSeen(f"C{number}", msisdn, 0, 0))
    return book


@pytest.fixture
def asked(book, make_event):
    """Notes a call for a deposit or withdrawal, and the payments that were born while it ran."""

    def asked(kind, *payments, id="D1", status=202, msisdn=ANN, **more):
        request = Request("POST", f"/{kind}s", {}, {"customer": "C1", "amount": "100.00"})
        to = {"to": {"msisdn": msisdn}} if kind == "withdrawal" else {}
        body = {"id": id, "customer": "C1", "state": "pending", "amount": "100.00", **to, **more}
        answer = None if status is None else Answer(status, {}, body)
        events = [make_event(number, "request", payment=one) for number, one in enumerate(payments, start=1)]
        book.asked(request, answer, events)

    return asked


def row(id="p1", **more):
    usual = {"kind": "collection", "operation": "daraja.stk_push", "amount": "100.00", "msisdn": ANN, "reference": "x"}
    return {"id": id, **usual, **more}


def payout(id="p1", **more):
    return row(id, **{"kind": "payout", "operation": "daraja.b2c", "reference": "X-1", **more})


def paybill(account, **more):
    return row(operation="daraja.c2b", reference=account, **more)


def whose(book, *rows):
    return [(asker and asker.name, customer) for asker, customer in Attribution.of(book, rows).values()]


def test_a_payment_belongs_to_the_call_it_arrived_in(book, asked):
    asked("deposit", "p1")
    asked("withdrawal", "p2", id="W1", msisdn=STRANGER)
    rows = row(msisdn=STRANGER, amount="7.00"), payout("p2", msisdn=STRANGER, amount="7.00")
    assert whose(book, *rows) == [("deposit D1", "C1"), ("withdrawal W1", "C1")]


def test_a_payment_is_attributed_once(book, asked):
    asked("deposit", "p1")
    asked("deposit", "p1", id="D2")
    assert [one.payments for one in book.deposits.values()] == [["p1"], []]


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param({"reference": "W1"}, id="the app's own id as the provider's reference"),
        pytest.param({"reference": "X-9"}, id="the provider's idempotency id, shown by the app"),
        pytest.param({"provider_reference": "X-9"}, id="the provider's reference, shown by the app"),
    ],
)
def test_a_payment_of_a_later_request_is_known_by_its_references(book, asked, shown):
    asked("withdrawal", id="W0", msisdn=STRANGER)
    asked("withdrawal", id="W1", provider_reference="X-9")
    assert whose(book, payout(amount="7.00", **shown)) == [("withdrawal W1", "C1")]


def test_else_by_phone_and_amount_first_come_first_served(book, asked):
    asked("withdrawal", id="W1")
    asked("withdrawal", id="W2")
    assert whose(book, payout("p1"), payout("p2"), payout("p3", amount="7.00")) == [
        ("withdrawal W1", "C1"),
        ("withdrawal W2", "C1"),
        (None, None),
    ]


def test_a_deposit_is_never_a_payout_nor_a_withdrawal_a_collection(book, asked):
    asked("deposit", "p1")
    asked("withdrawal", "p2", id="W1")
    assert whose(book, payout("p1", msisdn=STRANGER), row("p2", msisdn=STRANGER, amount="7.00")) == [
        (None, None),
        (None, None),
    ]


@pytest.mark.parametrize("status", [pytest.param(500, id="broken"), pytest.param(None, id="unanswered")])
def test_a_call_that_broke_still_says_whose_money_it_was(book, asked, status):
    asked("deposit", "p1", status=status)
    assert whose(book, row(msisdn=STRANGER)) == [(None, "C1")]
    assert [(call.status, call.is_refused) for call in book.unfulfilled] == [(status or 0, False)]


@pytest.mark.parametrize(("status", "is_refused"), [(422, True), (404, True), (409, False)])
def test_a_no_is_a_no_but_for_one_that_is_still_running(book, asked, status, is_refused):
    asked("withdrawal", "p1", status=status)
    assert [call.is_refused for call in book.unfulfilled] == [is_refused]
    assert book.withdrawals == {}


@pytest.mark.parametrize(
    ("payment", "customer"),
    [
        pytest.param(paybill("C2"), "C2", id="the account that was typed"),
        pytest.param(paybill(" c2 "), "C2", id="however it was typed"),
        pytest.param(paybill("C9"), None, id="an account that nobody has, though a customer's phone"),
        pytest.param(row(), "C1", id="a push to a customer's phone"),
        pytest.param(row(msisdn=STRANGER), None, id="a push to another phone"),
        pytest.param(row(msisdn=STRANGER, reference="C2"), "C2", id="a push with a customer's account"),
        pytest.param(payout(), None, id="a payout that nobody asked for"),
    ],
)
def test_what_no_call_made_belongs_to_the_account_or_the_payer(book, payment, customer):
    assert whose(book, payment) == [(None, customer)]


def test_what_the_scenario_itself_asked_of_the_provider_is_nobodys_deposit(book, asked, make_event):
    asked("deposit")
    book.asked_provider([make_event(9, "request", payment="p1")])
    assert whose(book, row()) == [(None, None)]
    assert whose(book, row(reference="C2")) == [(None, "C2")]


def test_opening_balances_and_charges_do_not_count_as_moved():
    legs = [
        {"account": "merchant:600000:utility", "amount": "10.00"},
        {"account": "merchant:600000:charges", "amount": "-2.00"},
        {"account": "merchant:6:utility", "amount": "1.00"},
    ]
    entries = [{"payment": None, "postings": legs}, {"payment": "p1", "postings": legs}]
    assert moved(entries, AppProfile().purses) == 10
    assert moved(entries, AppProfile().purses, but={"p1"}) == 0


# At banks.


def transfer(id="p1", **more):
    usual = {"kind": "transfer", "operation": "jenga.pesalink_account", "reference": "X-1", "msisdn": ""}
    return row(id, **{**usual, "account": "bank:03:5555", **more})


def credit(id="p1", **more):
    return transfer(id, **{"operation": "jenga.credit", "account": "bank:68:145", **more})


def to_a_bank(asked, *payments, id="W1", **more):
    to = {"bank": "0003", "account_number": "5555", "name": "ZOLA"}
    asked("withdrawal", *payments, id=id, to=to, **more)


def test_a_transfer_belongs_to_the_call_it_arrived_in(book, asked):
    to_a_bank(asked, "p1", id="W0")
    to_a_bank(asked, "p2")
    assert whose(book, transfer("p2", account="bank:03:6666"), transfer()) == [
        ("withdrawal W1", "C1"),
        ("withdrawal W0", "C1"),
    ]


def test_a_transfer_that_arrived_later_belongs_to_the_call_that_sent_its_reference(book, make_event):
    request = Request("POST", "/withdrawals", {}, {"customer": "C1", "amount": "100.00"})
    for number in (1, 2):
        body = {"id": f"W{number}", "customer": "C1", "state": "pending", "amount": "100.00"}
        sent = {"transfer": {"reference": f"X-{number}", "amount": "100.00"}}
        book.asked(request, Answer(202, {}, body), [make_event(number, "request", body=sent, status=0)])
    assert whose(book, transfer(reference="X-2", account="bank:03:7")) == [("withdrawal W2", "C1")]


def test_else_by_account_and_amount(book, asked):
    to_a_bank(asked)
    asked("withdrawal", id="W2")
    assert whose(book, transfer(account="bank:03:6666"), transfer("p2"), transfer("p3", msisdn=ANN)) == [
        (None, None),
        ("withdrawal W1", "C1"),
        ("withdrawal W2", "C1"),
    ]


def test_a_transfer_to_a_phone_is_known_by_the_phone(book, asked):
    asked("withdrawal", id="W1", to={"msisdn": BRIAN, "via": "pesalink"})
    assert whose(book, transfer(msisdn=BRIAN)) == [("withdrawal W1", "C1")]


def test_what_comes_back_belongs_to_the_transfer_that_it_returns(book, asked, make_event):
    to_a_bank(asked, "p1")
    book.asked_provider([make_event(9, "request", payment="p2")])
    back = credit("p3", kind="return", reference="X-1"), credit("p4", kind="return", reference="X-2")
    assert whose(book, transfer(), transfer("p2", reference="X-2"), *back, credit("p5", kind="return")) == [
        ("withdrawal W1", "C1"),
        (None, None),
        ("withdrawal W1", "C1"),
        (None, None),
        ("withdrawal W1", "C1"),
    ]


def test_what_comes_back_of_nothing_is_nobodys(book, asked):
    to_a_bank(asked, "p1")
    assert whose(book, credit(kind="return", reference="X-9")) == [(None, None)]


@pytest.mark.parametrize(
    ("narration", "customer"),
    [
        pytest.param("C2", "C2", id="an id"),
        pytest.param(" c2", "C2", id="in small letters"),
        ("SALARY", None),
        ("", None),
    ],
)
def test_money_that_comes_in_belongs_to_whom_its_narration_names(book, asked, narration, customer):
    asked("deposit", id="D1")
    assert whose(book, credit(reference=narration, msisdn=ANN)) == [(None, customer)]


def test_an_accounts_moves_are_told_apart_from_others():
    legs = [
        {"account": "bank:68:1450160649886", "amount": "-640.00"},
        {"account": "bank:68:fees", "amount": "40.00"},
        {"account": "bank:11:36001873000", "amount": "7.00"},
    ]
    profile = AppProfile()
    assert moved([{"payment": "p1", "postings": legs}], profile.accounts) == -633
    assert (profile.owns("1450160649886"), profile.owns("600000"), profile.owns("1450160649002")) == (True, True, False)


@pytest.mark.parametrize("bank", ["3", "03", "0003", "03000", "40403000", " 03 "])
def test_an_account_has_one_name_however_its_bank_is_spelt(bank):
    assert account_name(bank, "5555") == "bank:03:5555"
