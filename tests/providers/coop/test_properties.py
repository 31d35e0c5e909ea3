"""Whatever legs a request has, and whatever a rule does to them, money is neither made nor lost, and all are told."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ENDINGS = ["5555", "0001", "0004", "0006", "0007", "0008", "0009", "0090", "0091", "0093"]
OPENED = "50000.00"
CODES = [None, "40421536", "-5"]

legs = st.lists(
    st.tuples(st.sampled_from(ENDINGS), st.sampled_from(["01", "68", "11"]), st.integers(1_000, 99_999_900)),
    min_size=1,
    max_size=5,
)


def amount(cents):
    return f"{cents // 100}.{cents % 100:02d}"


def cents(text):
    return int(text.replace(".", ""))


@given(requests=st.lists(legs, min_size=1, max_size=3), code=st.sampled_from(CODES), nth=st.integers(1, 4))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_legs_conserve_money(coop, requests, code, nth):
    coop.bench.received.clear()
    coop.bearer = ""
    await coop.bench.control("POST", "/reset", {})
    if code is not None:
        rule = {"name": "r", "at": "coop.*.processing", "nth": nth, "effect": {"kind": "fail", "code": code}}
        await coop.bench.control("POST", "/faults", rule)
    for number, told in enumerate(requests):
        body = [
            coop.leg(
                ReferenceNumber=f"M{number}_{leg}", AccountNumber=f"07000{ending}", BankCode=bank, Amount=amount(of)
            )
            for leg, (ending, bank, of) in enumerate(told)
        ]
        total = amount(sum(of for _, _, of in told))
        await coop.accepted(*body, path="bulk", MessageReference=f"M{number}", source={"Amount": total})
    await coop.bench.advance(300)

    payments = await coop.payments()
    assert {payment["state"] for payment in payments} <= {"succeeded", "failed"}
    paid = sum(cents(payment["amount"]) for payment in payments if payment["state"] == "succeeded")
    items = (await coop.bench.control("GET", "/ledger/accounts?limit=1000"))["items"]
    balances = {item["account"]: cents(item["balance"]) for item in items}
    gained = sum(
        balance - cents(OPENED)
        for account, balance in balances.items()
        if account.startswith("bank:") and account not in ("bank:11:36001873000", "bank:11:fees")
    )
    assert gained == paid
    spent = cents("10000000.00") - balances.get("bank:11:36001873000", cents("10000000.00"))
    assert spent == paid + balances.get("bank:11:fees", 0)
    assert balances.get("switch:transit", 0) == 0
    assert await coop.is_balanced()

    paid_by_leg = [payment["state"] == "succeeded" for payment in payments]  # in the order of requests and legs
    named = [f"M{number}_{leg}" for number, told in enumerate(requests) for leg, _ in enumerate(told)]
    by_reference = dict(zip(named, paid_by_leg, strict=True))
    assert {told["MessageReference"] for told in coop.callbacks} == {f"M{number}" for number in range(len(requests))}
    for told in coop.callbacks:
        outcomes = {leg["ReferenceNumber"]: leg["ResponseCode"] == "0" for leg in told["Destinations"]}
        assert outcomes == {reference: by_reference[reference] for reference in outcomes}
        assert told["MessageCode"] == ("0" if all(outcomes.values()) else "1" if any(outcomes.values()) else "2")
