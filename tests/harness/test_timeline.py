"""A journal as a story."""

from datetime import datetime, timedelta, timezone

import pytest

from harness.sighting import Sighting
from harness.timeline import MOST, WIDTH, names_in, own_words, timeline

NOON = datetime(2026, 1, 15, 12, tzinfo=timezone(timedelta(hours=3)))
PHONE = "254708374149"
PUSH = {"operation": "daraja.stk_push", "correlation": "r1", "payment": "p1"}


ASKS = "provider → app"
C2B = {"TransID": "U1", "TransAmount": "50.00", "BillRefNumber": "C1"}
YES, NO = '{"ResultCode": "0"}', '{"ResultCode":"C2B00012"}'


def told(*events):
    return [line.strip() for line in timeline(events)][2:]


def test_a_deposit_reads_as_a_story(make_event):
    about = {"correlation": "r1", "payment": "p1", "msisdn": PHONE}
    legs = [{"account": f"subscriber:{PHONE}", "amount": "-100.00"}]
    legs += [{"account": "merchant:600000:utility", "amount": "100.00"}]
    events = [
        make_event(1, "subscriber", msisdn=PHONE, policy="manual", correlation="", payment=""),
        make_event(2, "payment", state="prompted", amount="100.00", **about),
        make_event(3, "prompt", state="shown", text="Pay Ksh100.00?", **about),
        make_event(4, "request", status=200, answer={"ResponseCode": "0", "Told": "Accepted for processing"}, **PUSH),
        make_event(5, "prompt", state="answered", **about),
        make_event(6, "entry", postings=legs, **about),
        make_event(7, "payment", state="succeeded", amount="100.00", receipt="U1", **about),
        make_event(8, "message", text="U1 Confirmed.", **about),
        make_event(
            9, "callback", body={"a": {"ResultCode": 0, "ResultDesc": "It went well."}}, attempt=1, outcome="answered",
            status=200, answer="{}", fault="twice", **PUSH
        ),
        make_event(10, "request", operation="daraja.stk_query", payment="p1", correlation="r2", status=200, answer={}),
    ]  # fmt: skip
    assert list(timeline(events)) == [
        "what happened:",
        "  2026-01-15",
        "  12:00:00  set up          subscriber msisdn=254708374149 policy=manual",
        "  12:00:00  app → provider  STK push of 100.00 to 254708374149    accepted",
        "  12:00:00  phone           254708374149 is asked: Pay Ksh100.00?",
        "  12:00:00  phone           254708374149 approved with a PIN",
        "  12:00:00  money           254708374149 -100.00, merchant 600000 utility +100.00",
        "  12:00:00  provider        payment of 100.00 by 254708374149 succeeded, receipt U1",
        "  12:00:00  phone           254708374149 reads: U1 Confirmed.",
        "  12:00:00  provider → app  callback: 0 It went well.    answered 200  [fault: twice]",
        "  12:00:00  app → provider  STK query for 254708374149    answered 200",
    ]


@pytest.mark.parametrize(
    ("kind", "fields", "line"),
    [
        pytest.param(
            "request",
            {
                "operation": "daraja.b2c_payment",
                "status": 404,
                "answer": {"errorCode": "404.001", "m": "Invalid Token"},
            },
            "app → provider  B2C payment    refused with 404: 404.001 Invalid Token",
            id="refused",
        ),
        pytest.param("request", {**PUSH, "status": 0}, "app → provider  STK push    no answer", id="no answer"),
        pytest.param(
            "hung_up",
            {"operation": "daraja.stk_push"},
            "app → provider  STK push    the app hung up before it was answered",
            id="hung up",
        ),
        pytest.param(
            "callback",
            {"body": "not json", "attempt": 2, "outcome": "answered", "status": 500, "answer": "oh no"},
            'provider → app  callback, attempt 2: "not json"    answered 500: "oh no"',
            id="an app that says no",
        ),
        pytest.param(
            "callback",
            {"operation": "daraja.c2b_validation", "body": C2B, "outcome": "answered", "status": 200, "answer": YES},
            f'{ASKS}  validation: 50.00 for account "C1", receipt U1    answered 200: accepted',
            id="a validation, accepted",
        ),
        pytest.param(
            "callback",
            {"operation": "daraja.c2b_validation", "body": C2B, "outcome": "answered", "status": 200, "answer": NO},
            f'{ASKS}  validation: 50.00 for account "C1", receipt U1    answered 200: not accepted: {NO}',
            id="a validation, refused",
        ),
        pytest.param(
            "callback",
            {"operation": "daraja.c2b_confirmation", "body": C2B, "outcome": "answered", "status": 200, "answer": YES},
            f'{ASKS}  confirmation: 50.00 for account "C1", receipt U1    answered 200',
            id="a confirmation",
        ),
        pytest.param(
            "callback",
            {"operation": "daraja.b2c", "body": {"QueueTimeOutURL": "http://x"}, "outcome": "answered", "status": 200},
            f"{ASKS}  queue time-out: the request comes back unanswered    answered 200",
            id="a queue time-out",
        ),
        pytest.param(
            "callback",
            {
                "body": {"Result": {"ResultCode": 0, "Told": "It is done."}},
                "forged": True,
                "outcome": "answered",
                "status": 403,
                "answer": '{"detail": "Who are you?"}',
            },
            "forger → app    callback: 0 It is done.    answered 403: Who are you?",
            id="a forgery",
        ),
        pytest.param(
            "callback",
            {"body": {"a": 1}, "outcome": "dropped", "fault": "lost"},
            'provider → app  callback: {"a":1}    dropped  [fault: lost]',
            id="dropped",
        ),
        pytest.param(
            "payment",
            {"state": "failed", "amount": "1.00", "msisdn": PHONE, "reason": "WrongPin"},
            f"provider        payment of 1.00 by {PHONE} failed: WrongPin",
            id="failed",
        ),
        pytest.param("prompt", {"state": "new", "msisdn": "1"}, "phone           1 new", id="a state of tomorrow"),
        pytest.param("fault", {"rule": "x", "why": 1}, "fault           rule=x why=1", id="a rule that cannot apply"),
        pytest.param(
            "error", {"traceback": "a\nKeyError: 1\n"}, "pesabox         a defect of pesabox: KeyError: 1", id="defect"
        ),
        pytest.param("error", {}, "pesabox         a defect of pesabox: no more is known", id="a defect without words"),
    ],
)
def test_what_happened_is_one_line(make_event, kind, fields, line):
    assert told(make_event(1, kind, **fields)) == [f"12:00:00  {line}"]


def test_a_payout_goes_the_other_way(make_event):
    about = {"payment": "p1", "msisdn": PHONE, "amount": "40.00"}
    events = [
        make_event(1, "request", operation="daraja.b2c", payment="p1", status=200, answer={}),
        make_event(2, "payment", state="succeeded", receipt="U2", **about),
    ]
    assert told(*events) == [
        f"12:00:00  app → provider  B2C of 40.00 to {PHONE}    accepted",
        f"12:00:00  provider        payout of 40.00 to {PHONE} succeeded, receipt U2",
    ]


def test_what_the_app_showed_stands_where_it_was_seen(make_event):
    events = [make_event(1, "message", msisdn=PHONE, text="a"), make_event(5, "message", msisdn=PHONE, text="b")]
    seen = [Sighting(1, NOON, "customer C1 has 5.00"), Sighting(5, NOON, "withdrawal W1 of 40.00 is pending")]
    assert [line.split("  ")[-1].strip() for line in list(timeline(events, seen))[2:]] == [
        f"{PHONE} reads: a",
        "customer C1 has 5.00",
        f"{PHONE} reads: b",
        "withdrawal W1 of 40.00 is pending",
    ]


def test_of_a_long_story_only_that_is_told_which_concerns_what_is_wrong(make_event):
    events = [make_event(number, "message", payment=f"p{number}", text="x") for number in range(1, MOST + 6)]
    seen = [Sighting(3, NOON, "customer C1 has 5.00"), Sighting(3, NOON, "customer C2 has 5.00")]
    lines = list(timeline(events, seen, names_in(["customer C1 shows 5.00; the provider settled p2 (5.00), p9"])))
    assert lines[0] == "what happened to those named above:"
    assert len(lines) == 5
    assert next(timeline(events, seen, {"p999"})) == f"what happened, the last {MOST} of {MOST + 7}:"


def test_nothing_is_said_to_be_so(make_event):
    assert list(timeline([])) == ["nothing happened at the provider"]
    assert list(timeline([make_event(1, "payment", state="pending")])) == ["nothing happened at the provider"]


def test_a_long_story_is_told_from_its_end_in_lines_of_bounded_length(make_event):
    lines = list(timeline([make_event(number, "message", text="x" * 200) for number in range(1, MOST + 6)]))
    assert lines[0] == f"what happened, the last {MOST} of {MOST + 5}:"
    assert len(lines) == MOST + 2
    assert {len(line) for line in lines[2:]} == {WIDTH + 2}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param({"a": [{"code": 7, "text": "It is so."}]}, "7 It is so.", id="deep inside"),
        pytest.param({"token": "(28 characters)"}, "", id="a secret's length is no sentence"),
        pytest.param("text", "", id="no mapping"),
    ],
)
def test_a_body_speaks_for_itself(body, words):
    assert own_words(body) == words


def test_transfers_are_told_by_account_or_phone(make_event):
    about = {"payment": "p1", "amount": "600.00", "msisdn": "", "account": "bank:03:5555"}
    sent = {"operation": "jenga.pesalink_account", "status": 200, "answer": {"status": True, "message": "success"}}
    legs = [{"account": "bank:68:145", "amount": "-600.00"}, {"account": "switch:transit", "amount": "600.00"}]
    events = [
        make_event(1, "payment", state="pending", **about),
        make_event(2, "entry", payment="p1", postings=legs),
        make_event(3, "payment", state="succeeded", receipt="R1", **about),
        make_event(4, "request", payment="p1", **sent),
    ]
    assert [line[12:] for line in timeline(events)][2:] == [
        "money           bank 68 145 -600.00, switch transit +600.00",
        "provider        transfer of 600.00 to bank 03 5555 succeeded, receipt R1",
        "app → provider  pesalink account of 600.00 to bank 03 5555    accepted",
    ]
