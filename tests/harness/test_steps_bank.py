"""`bank:` steps, and what is given of banks, their accounts and providers."""

import pytest

from harness.cli import outcome
from harness.exchange import StepFailed
from harness.steps import VERBS

PAYER, CLIENT = ({"bank": bank, "account_number": number} for bank, number in (("03", "{number}"), ("68", "145")))
STORY = """\
requires: [ledger, phones]
given:
  - bank: {code: "0057", online: false}
  - account: {bank: "57", account_number: "5555", name: ZOLA, state: closed, balance: "7.50"}
steps:
  - bank: settles
    expect: {body: {settled: {equals: {}}}}
  - ledger: {"bank:57:5555": "7.50", "switch:57": "0.00", "switch:transit": "0.00"}
"""


async def run(stage, verb, **fields):
    await VERBS[verb].model_validate(fields).run(stage)


def row(id, account="bank:03:5555", **more):
    usual = {"kind": "transfer", "operation": "jenga.pesalink_account", "state": "succeeded", "account": account}
    return {"id": id, **usual, **more}


async def test_somebody_at_a_bank_pays(stage, world):
    stage.names |= {"number": "5555", "ann": "C1"}
    payment = {"to": CLIENT, "amount": "50.00", "narration": "{ann}"}
    await run(stage, "bank", bank="pays", save={"payment": "$.id"}, **{"from": PAYER}, **payment)
    assert world.control.asked == [("pay_from", "03", "5555", {**payment, "narration": "C1"})]
    assert stage.names["payment"] == "p9"


async def test_the_payment_can_be_expected(stage):
    stage.names["number"] = "5555"
    fields = {"from": PAYER, "to": CLIENT, "amount": "50.00", "expect": {"body": {"state": "failed"}}}
    with pytest.raises(StepFailed, match=r'\$\.state: expected "failed", got "succeeded"'):
        await run(stage, "bank", bank="pays", **fields)


async def test_the_latest_settled_transfer_to_an_account_is_returned(stage, world):
    stage.names["number"] = "5555"
    world.control.payment_rows = [
        row("p1"),
        row("p2"),
        row("p3", state="failed"),
        row("p4", account="bank:03:6666"),
        row("p5", operation="jenga.credit"),
        row("p6", kind="payout"),
    ]
    await run(stage, "bank", bank="returns", amount="5.00", **{"from": PAYER})
    await run(stage, "bank", bank="returns", save={"back": "$.id"}, **{"from": PAYER})
    assert [one for one in world.control.asked if one[0] == "return_payment"] == [
        ("return_payment", "p2", {"amount": "5.00"}),
        ("return_payment", "p2", {}),
    ]
    assert stage.names["back"] == "p10"


async def test_an_account_that_got_nothing_returns_nothing(stage):
    stage.names["number"] = "5555"
    with pytest.raises(StepFailed, match="bank: expected a settled transfer to 5555 at bank 03, got none"):
        await run(stage, "bank", bank="returns", **{"from": PAYER})


async def test_the_switch_settles(stage, world):
    await run(stage, "bank", bank="settles", save={"owed": "$.settled"})
    assert (world.control.asked, stage.names["owed"]) == ([("settle",)], {"68": "1.00"})


async def test_banks_accounts_and_providers_are_set_up(stage, world):
    given = [
        {"bank": {"code": "68", "online": False, "hours": "business"}},
        {"account": {"bank": "68", "account_number": "1", "name": "ZOLA", "state": "closed", "balance": "1.00"}},
        {"provider": {"name": "jenga", "tariff": {"pesalink": [["500.00", "0.00"]]}, "public_key": None}},
        {"provider": {"name": "coop", "tariff": {"pesalink": "published"}, "notice_url": "http://app.test/n"}},
    ]
    await run(stage, "given", given=given)
    assert world.control.asked == [
        ("change_bank", "68", {"online": False, "hours": "business"}),
        ("change_account", "68", "1", {"name": "ZOLA", "state": "closed", "balance": "1.00"}),
        ("change_provider", "jenga", {"tariff": {"pesalink": [("500.00", "0.00")]}, "public_key": None}),
        ("change_provider", "coop", {"tariff": {"pesalink": "published"}, "notice_url": "http://app.test/n"}),
    ]


def test_a_story_of_banks_is_played_in_process(tmp_path):
    (tmp_path / "story.yaml").write_text(STORY)
    assert outcome(["check", str(tmp_path / "story.yaml")]) == 0
    assert outcome(["run", str(tmp_path / "story.yaml")]) == 0
