import asyncio

import pytest

KEY = {"Idempotency-Key": "k1"}
OPERATOR = "bank-operator-key"


async def wish(bank, amount="100.00", headers=KEY):
    return await bank.call(
        "POST", "/deposits", {"customer": "C000001", "amount": amount, "via": "mpesa"}, headers=headers
    )


async def test_a_repeat_is_answered_with_the_first_answer(bank, daraja):
    await bank.customer()
    first = await wish(bank)
    await bank.callback("D000001", bank.paid())
    assert await wish(bank) == first == (202, first[1])
    assert first[1]["state"] == "pending"
    assert len(daraja.asked("push")) == 1


async def test_without_a_key_each_call_is_a_new_wish(bank, daraja):
    await bank.customer()
    assert [(await wish(bank, headers={}))[1]["id"] for _ in range(2)] == ["D000001", "D000002"]


async def test_the_same_key_with_another_body_is_refused(bank, daraja):
    await bank.customer()
    await wish(bank)
    status, problem = await wish(bank, amount="101.00")
    assert (status, problem["field"]) == (422, "Idempotency-Key")
    assert len(daraja.asked("push")) == 1


async def test_the_same_wish_in_other_words_is_the_same_wish(bank):
    await bank.customer()
    first = await wish(bank)
    raw = b'{ "via": "mpesa", "amount": "100", "customer": "C000001" }'
    assert await bank.call("POST", "/deposits", raw=raw, headers=KEY) == first


async def test_a_repeat_of_one_still_running_is_a_conflict(bank, daraja):
    await bank.customer()
    daraja.answer("push", "hang")
    running = asyncio.create_task(wish(bank))
    await daraja.reached["push"].wait()
    assert (await wish(bank))[0] == 409
    assert (await wish(bank, amount="101.00"))[0] == 422
    daraja.release.set()
    assert await running == await wish(bank)


async def test_repeats_at_once_have_one_effect(bank, daraja):
    await bank.customer()
    answers = await asyncio.gather(*(wish(bank) for _ in range(20)))
    assert {status for status, _ in answers} <= {202, 409}
    assert len({made["id"] for status, made in answers if status == 202}) == 1
    assert (await wish(bank))[0] == 202
    assert len(daraja.asked("push")) == 1


@pytest.mark.parametrize("answer", ["reset", (503, b""), (400, {"errorCode": "400.002.02"})], ids=str)
async def test_a_repeat_after_a_bad_end_sends_nothing_again(bank, daraja, answer):
    await bank.customer()
    daraja.answer("push", answer)
    first = await wish(bank)
    assert await wish(bank) == first
    assert len(daraja.asked("push")) == 1


async def test_a_process_that_died_leaves_no_key_running(start_bank, daraja):
    daraja.answer("push", "hang")
    async with start_bank() as bank:
        await bank.customer()
        lost = asyncio.create_task(wish(bank))
        await daraja.reached["push"].wait()
        lost.cancel()
    async with start_bank() as bank:
        status, made = await wish(bank)
        assert (status, made["id"], made["state"]) == (202, "D000001", "pending")
        assert await wish(bank) == (status, made)
        assert len(daraja.asked("push")) == 1


async def test_a_refused_wish_takes_no_key(bank):
    await bank.customer()
    assert (await wish(bank, amount="0"))[0] == 422
    assert (await bank.call("POST", "/deposits", {"customer": "C9", "amount": "1", "via": "mpesa"}, headers=KEY))[
        0
    ] == 422
    assert (await wish(bank))[0] == 202


async def test_a_key_belongs_to_its_route(bank):
    body = {"name": "Ann", "msisdn": "254708374149"}
    first = await bank.call("POST", "/customers", body, headers=KEY)
    assert first[0] == 201
    assert await bank.call("POST", "/customers", body, headers=KEY) == first
    assert (await bank.call("POST", "/customers", body))[0] == 200
    assert (await wish(bank))[0] == 202
    report = await bank.call("POST", "/reconcile", bearer=OPERATOR, headers=KEY)
    assert report[0] == 200
    assert await bank.call("POST", "/reconcile", {}, bearer=OPERATOR, headers=KEY) == report


@pytest.mark.parametrize("key", ["", "a b", "k" * 256, "é"], ids=["empty", "blank", "long", "not ASCII"])
async def test_a_key_that_is_none_is_refused(bank, key):
    await bank.customer()
    status, problem = await wish(bank, headers={"Idempotency-Key": key})
    assert (status, problem["field"]) == (422, "Idempotency-Key")
