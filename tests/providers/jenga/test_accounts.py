"""Balances, search and validation of Equity accounts."""

from __future__ import annotations

import pytest

from tests.providers.jenga.conftest import PAYER, PENNILESS

ANYBODY = "0020100014605"


async def holder(jenga, number=ANYBODY):
    return (await jenga.account("search", number)).json["data"]["customer"][0]["name"]


async def test_a_balance_is_that_of_the_ledger(jenga):
    await jenga.send(transfer__amount="1000.00")
    told = (await jenga.account("accounts/balances")).json["data"]["balances"]
    assert [(balance["type"], balance["amount"]) for balance in told] == [
        ("Available", "9998960.00"),
        ("Current", "9998960.00"),
    ]
    assert (await jenga.account("accounts/balances", PENNILESS)).json["data"]["balances"][0]["amount"] == "0.00"


async def test_a_balance_is_told_to_its_owner(jenga):
    answer = await jenga.account("accounts/balances", ANYBODY)
    assert (answer.status, answer.json["code"]) == (400, 401201)


@pytest.mark.parametrize("path", ["search", "accounts/search"])
async def test_any_account_is_found(jenga, path):
    told = (await jenga.account(path, ANYBODY)).json["data"]
    assert told["account"] == {"branchCode": "002", "number": ANYBODY, "currency": "KES", "status": "Active"}
    (customer,) = told["customer"]
    assert customer["name"].isupper()
    assert (customer["type"], customer["id"].isdecimal()) == ("Retail", True)
    assert (await jenga.account(path)).json["data"]["customer"][0]["type"] == "Corporate"


@pytest.mark.parametrize(
    ("ending", "status"), [("0004", "Closed"), ("0006", "Blocked"), ("0007", "Dormant"), ("0090", "Active")]
)
async def test_the_state_of_an_account_is_told(jenga, ending, status):
    told = (await jenga.account("search", f"002010001{ending}")).json["data"]
    assert told["account"]["status"] == status


@pytest.mark.parametrize(
    ("country", "number", "code"),
    [("UG", PAYER, 400400), ("KE", "14-50", 400400), ("KE", "0020100010001", 104102), ("ke", PAYER, 0)],
)
async def test_what_is_wrong_with_a_look_up(jenga, country, number, code):
    answer = await jenga.account("search", number, country)
    assert (answer.status, answer.json["code"]) == (400 if code else 200, code)


async def test_a_name_is_that_of_the_holder_in_any_case_and_spacing(jenga):
    name = await holder(jenga)
    for told in (name, name.lower(), name.replace(" ", "  ")):
        answer = await jenga.validate(ANYBODY, told)
        assert answer.json["data"]["account"] == {
            "fullNames": name,
            "currency": "KES",
            "accountNumber": "00201XXXX4605",
            "status": "Active",
        }


@pytest.mark.parametrize("ending", ["0001", "0004", "0006", "0007"])
async def test_an_account_that_takes_no_money_is_not_valid(jenga, ending):
    number = f"002010001{ending}"
    name = "Tom Doe" if ending == "0001" else await holder(jenga, number)
    answer = await jenga.validate(number, name)
    assert (answer.status, answer.json["status"], answer.json["code"]) == (200, False, 104101)


async def test_another_name_is_told_with_http_200(jenga):
    answer = await jenga.validate(ANYBODY, "SOMEBODY ELSE")
    assert (answer.status, answer.json["status"], answer.json["code"]) == (200, False, 104101)
