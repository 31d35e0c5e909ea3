import pytest


async def test_a_customer_is_opened_with_nothing(bank):
    status, made = await bank.call("POST", "/customers", {"name": " Ann Wanjirũ ", "msisdn": "254110000001"})
    ann = {"id": "C000001", "name": "Ann Wanjirũ", "msisdn": "254110000001", "balance": "0.00", "available": "0.00"}
    assert (status, made) == (201, ann)
    assert await bank.get("/customers/C000001") == ann


async def test_a_known_number_is_the_customer_that_it_was(bank):
    await bank.customer()
    status, known = await bank.call("POST", "/customers", {"name": "Somebody else", "msisdn": "254708374149"})
    assert (status, known["id"], known["name"]) == (200, "C000001", "Ann")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"msisdn": "0708374149"}, "msisdn", id="local form"),
        pytest.param({"msisdn": "+254708374149"}, "msisdn", id="plus"),
        pytest.param({"msisdn": 254708374149}, "msisdn", id="a number"),
        pytest.param({"msisdn": "254208374149"}, "msisdn", id="a landline"),
        pytest.param({"msisdn": "2547083741490"}, "msisdn", id="too long"),
        pytest.param({"msisdn": "254708374149\n"}, "msisdn", id="a newline"),
        pytest.param({"msisdn": "25470837414٩"}, "msisdn", id="other digits"),
        pytest.param({"name": "  "}, "name", id="blank"),
        pytest.param({"name": "x" * 101}, "name", id="long"),
        pytest.param({"name": "a\0b"}, "name", id="control character"),
        pytest.param({"name": "\ud800"}, "name", id="half a character"),
        pytest.param({"name": None}, "name", id="null"),
    ],
)
async def test_bad_input_is_named(bank, changes, field):
    raw = ascii({"name": "Ann", "msisdn": "254708374149"} | changes)
    raw = raw.replace("'", '"').replace("None", "null").replace("\\x", "\\u00").encode()
    status, problem = await bank.call("POST", "/customers", raw=raw)
    assert (status, problem["field"]) == (422, field)


@pytest.mark.parametrize("path", ["/customers/C9", "/customers/C9/statement", "/customers/%FF", "/customers/%00"])
async def test_an_unknown_customer_is_not_found(bank, path):
    status, problem = await bank.call("GET", path)
    assert (status, problem["status"]) == (404, 404)


async def test_the_statement_sums_to_the_balance(bank, clock):
    first = await bank.deposit("100.00")
    second = await bank.deposit("203.00")
    await bank.callback(second["id"], bank.paid("ws_CO_2", amount=203, receipt="UAF5000002"))
    clock.move(60)
    await bank.callback(first["id"], bank.paid())
    assert await bank.get("/customers/C000001/statement") == {
        "customer": "C000001",
        "balance": "303.00",
        "items": [
            {
                "id": "E000002",
                "at": "2026-01-15T10:30:00+03:00",
                "amount": "203.00",
                "kind": "deposit",
                "reference": "D000002",
                "balance": "203.00",
            },
            {
                "id": "E000003",
                "at": "2026-01-15T10:31:00+03:00",
                "amount": "100.00",
                "kind": "deposit",
                "reference": "D000001",
                "balance": "303.00",
            },
        ],
    }


async def test_a_payment_changes_its_own_customer_only(bank):
    await bank.customer("254700000001", "Ben")
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.paid())
    assert (await bank.balance("C000001"), await bank.balance("C000002")) == ("0.00", "100.00")
