"""Steps that move money without the app's doing: a phone that pays, and a day's traffic."""

from datetime import timedelta

import pytest

from harness.exchange import Answer, NoAnswer, StepFailed
from harness.steps import VERBS

PHONE = "254708374149"
PAY = {"phone": "pay", "msisdn": PHONE, "shortcode": "600000", "amount": "50.00"}


async def run(stage, verb, **fields):
    await VERBS[verb].model_validate(fields).run(stage)


class TestPay:
    @pytest.mark.parametrize(
        ("fields", "wish"),
        [
            pytest.param({"reference": "{ann}"}, {"reference": "C1", "pin": "1234"}, id="a paybill"),
            pytest.param({}, {"pin": "1234"}, id="a till"),
            pytest.param({"pin": "0000"}, {"pin": "0000"}, id="with a wrong PIN"),
        ],
    )
    async def test_the_subscriber_pays_from_the_phone(self, stage, world, fields, wish):
        stage.names["ann"] = "C1"
        await run(stage, "phone", **PAY, **fields)
        assert world.control.asked == [("pay", PHONE, {"shortcode": "600000", "amount": "50.00", **wish})]

    async def test_the_payment_can_be_expected_and_saved(self, stage):
        await run(stage, "phone", **PAY, expect={"body": {"state": "pending"}}, save={"payment": "$.id"})
        assert stage.names["payment"] == "p9"
        with pytest.raises(StepFailed, match=r'\$\.state: expected "failed", got "pending"'):
            await run(stage, "phone", **PAY, expect={"body": {"state": "failed"}})


class Bank(dict):
    """Grants every wish, or answers as `says`."""

    def __init__(self, says=None):
        self.says, self.made = says, 0

    def __getitem__(self, line):
        if line.startswith("GET"):
            return []
        self.made += 1
        if line == "POST /customers":
            return {"id": f"C{self.made}", "msisdn": PHONE, "balance": "0.00", "available": "0.00"}
        if self.says is not None:
            return self.says
        return Answer(202, {}, {"id": f"X{self.made}", "customer": "C1", "state": "pending", "amount": "1.00"})


def asked_of(door):
    """What customers asked of the app, leaving out that they were registered."""
    return [(request.path, request.body) for request in door.sent if "/customers" not in request.path]


class TestTraffic:
    async def test_a_day_is_drawn_from_the_seed_and_nothing_else(self, stage, world, door):
        door.answers = Bank()
        await run(stage, "traffic", traffic=40, customers=3)
        day, paid = asked_of(door), world.control.asked[:]
        door.sent.clear()
        world.control.asked.clear()
        door.answers = Bank()
        await run(stage, "traffic", traffic=40, customers=3)
        assert (asked_of(door), [one for one in world.control.asked if one[0] == "pay"]) == (
            day,
            [one for one in paid if one[0] == "pay"],
        )

    async def test_customers_deposit_withdraw_and_pay_by_paybill(self, stage, world, door):
        door.answers = Bank()
        began = world.control.now
        await run(stage, "traffic", traffic=60, customers=3, every="30s", amounts={"least": 20, "most": 30})
        assert {path for path, _ in asked_of(door)} == {"/deposits", "/withdrawals"}
        accounts = {wish["reference"] for verb, *_, wish in world.control.asked if verb == "pay"}
        assert accounts == {"C1", "C2", "C3", "NO-SUCH-ACCOUNT"}
        assert {body["to"]["msisdn"] for path, body in asked_of(door) if path == "/withdrawals"} == {
            "254722100001",
            "254722100002",
            "254722100003",
        }
        amounts = {body["amount"] for _, body in asked_of(door)}
        assert amounts < {f"{shillings}.00" for shillings in range(20, 31)}
        assert world.control.now - began == timedelta(minutes=30)

    async def test_what_must_always_hold_is_judged_on_the_way(self, stage, door):
        door.answers, glances = Bank(), []

        async def glance():
            glances.append(len(stage.book.deposits))

        stage.glance = glance
        await run(stage, "traffic", traffic=25, weights={"deposit": 1})
        assert glances == [10, 20]

    async def test_only_what_has_a_weight_happens(self, stage, world, door):
        door.answers = Bank()
        await run(stage, "traffic", traffic=20, weights={"withdrawal": 1})
        assert {path for path, _ in asked_of(door)} == {"/withdrawals"}
        assert len(stage.book.withdrawals) == 20

    @pytest.mark.parametrize(
        ("says", "told"),
        [
            pytest.param(Answer(503, {}, None), "503 null", id="errors"),
            pytest.param(NoAnswer("gone"), "none", id="silence"),
        ],
    )
    async def test_a_day_on_which_nothing_was_granted_tests_nothing(self, stage, door, says, told):
        door.answers = Bank(says)
        with pytest.raises(StepFailed) as caught:
            await run(stage, "traffic", traffic=5, weights={"deposit": 1})
        assert str(caught.value) == (
            f"traffic: expected at least one wish to be granted, got none, the last answer being {told}"
        )
        assert len(stage.book.unfulfilled) == 5

    async def test_refusals_are_part_of_life(self, stage, door):
        door.answers = Bank(Answer(422, {}, {"title": "too little"}))
        await run(stage, "traffic", traffic=20, weights={"withdrawal": 3, "paybill": 1})
        assert stage.book.withdrawals == {}
