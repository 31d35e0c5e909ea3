"""What each verb does on the stage, told by fakes that remember."""

from decimal import Decimal

import pytest

from harness.exchange import Answer, NoAnswer, Request, StepFailed
from harness.steps import VERBS

PHONE = "254708374149"
ANN = {
    "POST /customers": {"id": "C1", "msisdn": PHONE, "balance": "5.00"},
    "GET /customers/C1/statement": {"items": [{"amount": "5.00"}]},
}


async def play(stage, verb, **fields):
    await VERBS[verb].model_validate(fields).run(stage)


async def failure(stage, verb, **fields):
    with pytest.raises(StepFailed) as caught:
        await play(stage, verb, **fields)
    return [str(one) for one in caught.value.mismatches]


class TestApp:
    @pytest.mark.parametrize(
        ("fields", "headers"),
        [
            pytest.param({}, {"Authorization": "Bearer bank-channel-key"}, id="the channel's key"),
            pytest.param({"as": "operator"}, {"Authorization": "Bearer bank-operator-key"}, id="the operator's"),
            pytest.param({"as": "nobody"}, {}, id="none"),
            pytest.param({"headers": {"X": "{name}"}}, {"X": "value"}, id="headers take the place of both"),
            pytest.param(
                {"idempotency_key": "k-{name}", "as": "nobody"}, {"Idempotency-Key": "k-value"}, id="idempotency key"
            ),
        ],
    )
    async def test_sends_the_key_that_is_asked_for(self, stage, door, fields, headers):
        stage.names["name"] = "value"
        door.answers = {"GET /x/value": {}}
        await play(stage, "app", app="GET /x/{name}", **fields)
        assert door.sent[0].headers == headers

    async def test_saves_from_the_answer_and_fills_in_what_was_saved(self, stage, door):
        door.answers = {"POST /a": {"id": 7}, "POST /b": {"got": 7}}
        await play(stage, "app", app="POST /a", save={"number": "$.id"})
        await play(stage, "app", app="POST /b", body={"n": "{number}"}, expect={"body": {"got": "{number}"}})
        assert door.sent[1].body == {"n": 7}

    async def test_tells_all_mismatches_at_once(self, stage, door):
        door.answers = {"GET /a": Answer(404, {"Content-Type": "text/plain"}, {"state": "x"})}
        expect = {
            "status": 200,
            "body": {"state": "y", "id": {"exists": True}},
            "headers": {"content-type": "a", "b": 1},
        }
        assert await failure(stage, "app", app="GET /a", expect=expect) == [
            "status: expected 200, got 404",
            '$.state: expected "y", got "x"',
            "$.id: expected something, got nothing",
            'content-type: expected "a", got "text/plain"',
            "b: expected 1, got nothing",
        ]

    async def test_a_status_may_be_one_of_several(self, stage, door):
        door.answers = {"GET /a": Answer(409, {}, None), "GET /b": Answer(500, {}, None)}
        expect = {"status": {"one_of": [202, 409]}}
        await play(stage, "app", app="GET /a", expect=expect)
        assert await failure(stage, "app", app="GET /b", expect=expect) == [
            "status: expected one of [202,409], got 500"
        ]

    async def test_expects_a_good_status_where_none_is_named(self, stage, door):
        door.answers = {"GET /a": Answer(422, {}, None)}
        assert await failure(stage, "app", app="GET /a") == ["status: expected 2xx, got 422"]

    async def test_cannot_save_what_is_not_there(self, stage, door):
        door.answers = {"GET /a": {"id": 1}}
        found = await failure(stage, "app", app="GET /a", save={"a": "$.a", "id": "$.id", "b": "$.b[0]"})
        assert found == [
            "$.a: expected something to save, got nothing",
            "$.b[0]: expected something to save, got nothing",
        ]

    async def test_no_answer_is_a_mismatch_unless_expected(self, stage, door):
        door.answers = {"GET /a": NoAnswer("connection closed")}
        assert await failure(stage, "app", app="GET /a") == ["answer: expected one, got connection closed"]
        await play(stage, "app", app="GET /a", expect={"no_answer": True})

    async def test_an_answer_where_none_was_expected_is_a_mismatch(self, stage, door):
        door.answers = {"GET /a": {"long": "x" * 1000}}
        (found,) = await failure(stage, "app", app="GET /a", expect={"no_answer": True})
        assert found.startswith('answer: expected none, got 200 {"long":"xxx')
        assert found.endswith("…")

    async def test_is_in_flight_while_its_request_is_open(self, stage, door, world):
        door.answers = {"GET /a": {}}
        await play(stage, "app", app="GET /a")
        assert world.flights == ["app GET /a"]


class TestProvider:
    async def test_fetches_one_bearer_for_many_requests(self, stage, world):
        await play(stage, "provider", provider="POST /a", body={})
        await play(stage, "provider", provider="POST /b", body={})
        assert [one.path.split("?")[0] for one in world.sent] == ["/oauth/v1/generate", "/a", "/b"]
        assert world.sent[1].headers == {"Authorization": "Bearer a-token"}
        assert world.sent[0].headers == {"Authorization": "Basic a2V5OnNlY3JldA=="}

    async def test_takes_a_new_bearer_before_the_old_one_expires(self, stage, world):
        await play(stage, "provider", provider="POST /a", body={})
        await play(stage, "clock", clock="59m")
        await play(stage, "provider", provider="POST /a", body={})
        assert len(world.sent) == 3
        await play(stage, "clock", clock="1m")
        await play(stage, "provider", provider="POST /a", body={})
        assert [one.path.split("?")[0] for one in world.sent[3:]] == ["/oauth/v1/generate", "/a"]

    @pytest.mark.parametrize(
        ("auth", "headers"),
        [
            pytest.param("none", {"X": "1"}, id="none"),
            pytest.param("basic", {"Authorization": "Basic a2V5OnNlY3JldA==", "X": "1"}, id="basic"),
        ],
    )
    async def test_other_authorizations(self, stage, world, auth, headers):
        await play(stage, "provider", provider="GET /a", auth=auth, headers={"X": "1"})
        assert world.sent[0].headers == headers

    async def test_fills_in_credentials_as_of_now(self, stage, world):
        body = {"BusinessShortCode": 174379, "Password": "{password}", "Timestamp": "{timestamp}", "Url": "{callback}"}
        await play(stage, "provider", provider="POST /a", body=body, auth="none")
        assert world.sent[0].body == {
            "BusinessShortCode": 174379,
            "Password": "MTc0Mzc5YmZiMjc5ZjlhYTliZGJjZjE1OGU5N2RkNzFhNDY3Y2QyZTBjODkzMDU5YjEwZjc4ZTZi"
            "NzJhZGExZWQyYzkxOTIwMjYwMTE1MTIwMDAw",
            "Timestamp": "20260115120000",
            "Url": "http://app.test/callback",
        }

    async def test_a_merchants_own_passkey_is_in_the_password(self, stage, world):
        await play(stage, "given", given={"merchant": {"shortcode": "600000", "passkey": "abc"}})
        body = {"BusinessShortCode": "600000", "Password": "{password}"}
        await play(stage, "provider", provider="POST /a", body=body, auth="none")
        assert world.sent[0].body["Password"] == "NjAwMDAwYWJjMjAyNjAxMTUxMjAwMDA="

    async def test_a_provider_that_gives_no_token_is_told(self, stage, world):
        world.answers = [Answer(400, {}, {"errorCode": "400.008.01"})]
        with pytest.raises(NoAnswer, match=r"gave no token: 400 .*400\.008\.01"):
            await play(stage, "provider", provider="POST /a")

    async def test_a_closed_connection_can_be_expected(self, stage, world):
        world.answers = [NoAnswer("reset")]
        await play(stage, "provider", provider="GET /a", auth="none", expect={"no_answer": True})


class TestPhone:
    @pytest.mark.parametrize(
        ("fields", "answer"),
        [
            pytest.param({"phone": "approve"}, {"action": "approve", "pin": "4321"}, id="the PIN that was given"),
            pytest.param({"phone": "approve", "pin": "1"}, {"action": "approve", "pin": "1"}, id="another PIN"),
            pytest.param({"phone": "cancel"}, {"action": "cancel"}, id="cancel"),
        ],
    )
    async def test_answers_the_open_prompt(self, stage, world, fields, answer):
        world.control.open_prompts[PHONE] = "p1"
        await play(stage, "given", given={"subscriber": {"msisdn": PHONE, "pin": "4321"}})
        await play(stage, "phone", msisdn=PHONE, **fields)
        assert world.control.asked[-1] == ("answer_prompt", "p1", answer)

    async def test_ignoring_needs_a_prompt_and_does_nothing(self, stage, world):
        assert await failure(stage, "phone", phone="ignore", msisdn=PHONE) == [
            f"phone: expected a prompt on {PHONE}, got none"
        ]
        world.control.open_prompts[PHONE] = "p1"
        await play(stage, "phone", phone="ignore", msisdn=PHONE)
        assert world.control.asked == []


class TestGiven:
    async def test_sets_up_everything_in_its_order(self, stage, world, door):
        door.answers = ANN
        rule = {"name": "lost", "at": "daraja.*.callback", "effect": {"kind": "drop"}}
        given = [
            {"fault": rule, "customer": {"name": "Ann", "msisdn": PHONE, "save": "ann"}},
            {"subscriber": {"msisdn": PHONE, "thinks": "45s", "busy": False}},
            {
                "provider": {
                    "lifetimes": {"token": "1m"},
                    "limits": {"daily": "1.00"},
                    "strictness": {"one_token": True},
                }
            },
            {"merchant": {"shortcode": "600000", "validation": True, "utility": "5.00", "response_type": "Cancelled"}},
        ]
        await play(stage, "given", given=given)
        assert world.control.asked == [
            ("add_fault", rule),
            ("add_subscriber", {"msisdn": PHONE, "policy": "manual", "busy": False, "thinks_seconds": 45}),
            (
                "change_provider",
                "daraja",
                {"limits": {"daily": "1.00"}, "lifetimes": {"token": 60}, "strictness": {"one_token": True}},
            ),
            ("change_merchant", "600000", {"utility": "5.00", "validation": True, "response_type": "Cancelled"}),
        ]
        assert stage.names == {"ann": "C1"}
        assert stage.book.customers["C1"].opening.balance == 5
        assert [line.amount for line in stage.book.customers["C1"].statement] == [5]
        assert stage.has_faults

    async def test_a_customer_who_is_known_stays_as_they_were_seen_first(self, stage, door):
        door.answers = dict(ANN)
        given = {"customer": {"name": "Ann", "msisdn": PHONE}}
        await play(stage, "given", given=given)
        door.answers["POST /customers"] = {"id": "C1", "msisdn": PHONE, "balance": "7.00"}
        await play(stage, "given", given=given)
        assert stage.book.customers["C1"].opening.balance == 5

    async def test_a_customer_need_not_be_saved(self, stage, door):
        door.answers = ANN
        await play(stage, "given", given={"customer": {"name": "Ann", "msisdn": PHONE}})
        assert stage.names == {}


class TestFault:
    async def test_adds_and_lifts(self, stage, world):
        stage.names["kind"] = "drop"
        await play(stage, "fault", fault={"name": "a", "effect": {"kind": "{kind}"}})
        await play(stage, "fault", fault="lift", name="a")
        await play(stage, "fault", fault="lift")
        asked = [("add_fault", {"name": "a", "effect": {"kind": "drop"}}), ("lift_fault", "a"), ("lift_faults",)]
        assert world.control.asked == asked


class TestClock:
    async def test_goes_on_and_to_a_time(self, stage, world):
        await play(stage, "clock", clock="90s")
        await play(stage, "clock", clock={"to": "2026-01-15T10:00:00+00:00"})
        assert world.control.now.isoformat() == "2026-01-15T10:00:00+00:00"

    async def test_does_not_go_back(self, stage):
        (found,) = await failure(stage, "clock", clock={"to": "2026-01-15T11:00:00+03:00"})
        assert found == "clock: expected a time after 2026-01-15T12:00:00+03:00, got 2026-01-15T11:00:00+03:00"


def callback(outcome="answered", payment="p1", **more):
    return {"kind": "callback", "payment": payment, "outcome": outcome, "status": 200, **more}


class TestWait:
    async def test_moves_from_job_to_job_until_a_callback_was_answered(self, stage, world):
        world.control.coming = [{"kind": "payment"}, callback("dropped"), callback(), callback()]
        await play(stage, "wait", wait="callback")
        assert world.control.now.isoformat() == "2026-01-15T12:00:30+03:00"

    async def test_one_that_came_during_the_step_before_counts_once(self, stage, world):
        world.control.coming = [callback()]
        await play(stage, "clock", clock="1m")
        await play(stage, "wait", wait="callback")
        assert await failure(stage, "wait", wait="callback", within="5m") == [
            "callback: expected 1 answered within 5m, got none; sent meanwhile: nothing"
        ]

    async def test_one_that_came_before_its_cause_does_not_count(self, stage, world):
        world.control.coming = [callback()]
        await play(stage, "clock", clock="1m")
        await stage.journal.read()
        stage.journal.cause()
        await failure(stage, "wait", wait="callback")

    async def test_says_what_came_instead(self, stage, world):
        world.control.coming = [callback("dropped", status=None), callback("answered"), callback()]
        world.control.seconds = 25
        assert await failure(stage, "wait", wait="callback", count=2) == [
            "callback: expected 2 answered within 1m, got 1; sent meanwhile: dropped (no status), answered (200)"
        ]

    @pytest.mark.parametrize(
        "about",
        [
            pytest.param("p2", id="the payment"),
            pytest.param(PHONE, id="the phone"),
            pytest.param("ws_CO_2", id="a reference in its body"),
        ],
    )
    async def test_waits_for_what_it_is_about(self, stage, world, about):
        told = {"Body": [{"CheckoutRequestID": "ws_CO_2"}]}
        world.control.coming = [
            callback(),
            {"kind": "payment", "payment": "p2", "msisdn": PHONE},
            callback(payment="p2", body=told),
        ]
        await play(stage, "wait", wait="callback", **{"for": about})
        assert stage.journal.floor == 3

    async def test_a_withdrawals_payment_is_known_by_the_withdrawal(self, stage, world, make_event):
        body = {"id": "W1", "customer": "C1", "state": "pending", "amount": "1.00"}
        stage.book.asked(
            Request("POST", "/withdrawals"), Answer(202, {}, body), [make_event(1, "request", payment="p2")]
        )
        world.control.coming = [callback(), callback(payment="p2")]
        await play(stage, "wait", wait="callback", **{"for": "W1"})
        assert stage.journal.floor == 2

    @pytest.mark.parametrize(
        ("told", "counts"),
        [
            pytest.param("answered", False, id="after the answer it is an echo"),
            pytest.param("dropped", True, id="without the answer it is one"),
        ],
    )
    async def test_an_echo_is_not_waited_for(self, stage, world, told, counts):
        push, confirmation = "daraja.stk_push", "daraja.c2b_confirmation"
        request = {"kind": "request", "payment": "p1", "operation": push}
        world.control.coming = [request, callback(told, operation=push), callback(operation=confirmation)]
        waited = {"wait": "callback", "count": 1 if counts else 2}
        if counts:
            await play(stage, "wait", **waited)
        else:
            (found,) = await failure(stage, "wait", **waited)
            assert found.startswith("callback: expected 2 answered within 1m, got 1")

    async def test_callbacks_of_one_operation_are_waited_for(self, stage, world):
        kinds = ("daraja.c2b_validation", "daraja.c2b_confirmation")
        world.control.coming = [callback(operation=one, body={"BillRefNumber": "C1"}) for one in kinds]
        await play(stage, "wait", wait="callback", operation="daraja.c2b_confirmation", **{"for": "C1"})
        assert stage.journal.floor == 2
        (found,) = await failure(stage, "wait", wait="callback", operation="daraja.b2c", **{"for": "C1"})
        assert (
            found == "callback: expected 1 answered within 1m of daraja.b2c for C1, got none; sent meanwhile: nothing"
        )

    async def test_says_what_it_waited_for(self, stage, world):
        world.control.coming = [callback()]
        (found,) = await failure(stage, "wait", wait="callback", within="1d", **{"for": "p9"})
        assert found == "callback: expected 1 answered within 1d for p9, got none; sent meanwhile: answered (200)"

    async def test_the_callback_and_its_answer_can_be_expected_and_saved(self, stage, world):
        said = callback(body={"code": 0, "receipt": "U1"}, answer='{"ResultCode":0}')
        world.control.coming = [said, dict(said), dict(said, answer="not json")]
        expect = {"body": {"code": 0}, "status": 200, "answer": {"ResultCode": 0}}
        await play(stage, "wait", wait="callback", expect=expect, save={"receipt": "$.receipt"})
        assert stage.names == {"receipt": "U1"}
        expect = {"body": {"code": 1}, "status": 500, "answer": {"ResultCode": 1}}
        assert await failure(stage, "wait", wait="callback", expect=expect) == [
            "$.code: expected 1, got 0",
            "answer.ResultCode: expected 1, got 0",
            "status: expected 500, got 200",
        ]
        assert await failure(stage, "wait", wait="callback", expect={"answer": "json"}) == [
            'answer: expected "json", got "not json"'
        ]


class TestLedger:
    async def test_compares_balances_and_changes(self, stage, world):
        world.control.balances = {"a": "400.00", "b": "90.00", "c": "-1.50"}
        stage.opening = {"b": Decimal(100), "c": Decimal(0)}
        await play(stage, "ledger", ledger={"a": "400", "c": {"matches": "^-"}, "change": {"b": "-10.00", "c": "-1.5"}})
        assert await failure(stage, "ledger", ledger={"a": "1", "change": {"b": "+10"}}) == [
            'a: expected "1.00", got "400.00"',
            'change of b: expected "10.00", got "-10.00"',
        ]
