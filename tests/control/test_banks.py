"""Banks, their accounts, the switch, and the phones linked to accounts; with the provider `fake` and no HTTP."""

from types import SimpleNamespace

import orjson
import pytest

from simulator.control.routes import control_server

CLIENT, PENNILESS, PAYEE = "/banks/11/accounts/1000", "/banks/11/accounts/2000", "/banks/68/accounts/5555"
ANN = "254708374149"


class Control:
    """The control API of one simulation, past any HTTP."""

    def __init__(self, world, simulation):
        fake = SimpleNamespace(name="fake", registers={"notice_url": str})
        self.world, self._server = world, control_server(simulation, (fake,))

    async def __call__(self, method, path, body=None):
        path, _, query = path.partition("?")
        told = dict(part.split("=") for part in query.split("&") if part)
        answer = await self._server.answer(method, path, told, b"" if body is None else orjson.dumps(body))
        return answer.status, orjson.loads(answer.body)

    async def good(self, method, path, body=None):
        status, told = await self(method, path, body)
        assert status in (200, 201), told
        return told

    async def wrong(self, method, path, body=None):
        status, told = await self(method, path, body)
        return status, told["error"]["code"], told["error"]["field"]


class OneWorld:
    """A simulation as far as the control API asks it for a world."""

    def __init__(self, world):
        self._world = world

    def world(self, name):
        return self._world


@pytest.fixture
async def control(rail):
    world = await rail()
    return Control(world, OneWorld(world))


# Banks.


async def test_banks_are_listed_those_too_that_are_no_members(control):
    told = await control.good("GET", "/banks?limit=2")
    assert [(bank["code"], bank["member"]) for bank in told["items"]] == [("11", True), ("30", False)]
    following = await control.good("GET", f"/banks?limit=2&after={told['next']}")
    assert [bank["code"] for bank in following["items"]] == ["68"]


async def test_a_bank_is_shown_by_any_spelling_of_its_code(control):
    shown = {"code": "68", "name": "Payees' Bank", "short": None, "swift": None}
    shown |= {"member": True, "online": True, "hours": "always"}
    for code in ("68", "0068", "68000", "40468000"):
        assert await control.good("GET", f"/banks/{code}") == shown


async def test_a_bank_that_is_offline_takes_nothing(control, transfer):
    assert (await control.good("PATCH", "/banks/68", {"online": False}))["online"] is False
    payment = await transfer(control.world)
    await control.world.clock.advance(seconds=60)
    told = await control.good("GET", f"/payments/{payment}")
    assert (told["state"], told["reason"]) == ("failed", "BankOffline")
    assert (await control.good("PATCH", "/banks/68", {"online": True, "hours": "business"}))["hours"] == "business"


@pytest.mark.parametrize("code", ["99", "MPESA", "0"])
async def test_what_is_no_bank_is_not_found(control, code):
    for method, path in (("GET", ""), ("PATCH", ""), ("GET", "/accounts/1"), ("PATCH", "/accounts/1")):
        assert await control.wrong(method, f"/banks/{code}{path}", {}) == (404, "not_found", None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"online": "perhaps"}, "online", id="no claim"),
        pytest.param({"hours": "sometimes"}, "hours", id="unknown hours"),
        pytest.param({"name": "KCB"}, "name", id="a field that stays"),
    ],
)
async def test_a_change_of_a_bank_that_makes_no_sense_is_named(control, body, field):
    assert await control.wrong("PATCH", "/banks/68", body) == (422, "invalid", field)


# Accounts.


async def test_any_number_is_an_account(control):
    told = await control.good("GET", PAYEE)
    assert told.pop("name").isupper()
    shown = {"bank": "68", "account_number": "5555", "state": "active", "balance": "50000.00", "surface": None}
    assert told == shown


async def test_an_account_is_set_up(control, events):
    asked = {"name": "ZOLA", "state": "closed", "balance": "12.50"}
    told = await control.good("PATCH", PAYEE, asked)
    assert {name: told[name] for name in asked} == asked
    assert await control.good("GET", PAYEE) == told
    (event,) = await events(control.world, "bank")
    assert event.data == {"bank": "68", "account_number": "5555", **asked}
    assert (await control.good("GET", "/ledger/audit"))["balanced"] is True


async def test_a_client_stays_one_whatever_is_said_of_its_account(control):
    assert (await control.good("PATCH", CLIENT, {"name": "OTHER"}))["surface"] == "fake"
    assert (await control.good("GET", CLIENT))["balance"] == "10000.00"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"name": ""}, "name", id="no name"),
        pytest.param({"state": "odd"}, "state", id="an unknown state"),
        pytest.param({"balance": "-1.00"}, "balance", id="less than nothing"),
        pytest.param({"balance": 5}, "balance", id="an amount that is no text"),
        pytest.param({"surface": "jenga"}, "surface", id="a field that stays"),
    ],
)
async def test_a_change_of_an_account_that_makes_no_sense_is_named(control, body, field):
    before = await control.good("GET", PAYEE)
    assert await control.wrong("PATCH", PAYEE, body) == (422, "invalid", field)
    assert await control.good("GET", PAYEE) == before


@pytest.mark.parametrize("number", ["fees", "1:2", "1%202", "1" * 35])
async def test_what_is_no_number_of_an_account_is_named(control, number):
    assert await control.wrong("GET", f"/banks/68/accounts/{number}") == (422, "invalid", "number")


@pytest.mark.parametrize("account", ["bank:11:1000", "bank:11:fees", "switch:11", "switch:transit"])
async def test_the_ledger_shows_accounts_of_banks(control, account):
    (told,) = (await control.good("GET", f"/ledger/accounts?account={account}"))["items"]
    assert told == {"account": account, "balance": "10000.00" if account.endswith("1000") else "0.00"}


# Money that comes in.


TO_CLIENT = {"bank": "0011", "account_number": "1000"}


async def test_somebody_pays_a_client(control):
    told = await control.good("POST", f"{PAYEE}/pay", {"to": TO_CLIENT, "amount": "75.50", "narration": "C000001"})
    assert (told["state"], told["kind"], told["operation"]) == ("succeeded", "transfer", "fake.credit")
    assert (told["amount"], told["reference"], told["account"]) == ("75.50", "C000001", "bank:11:1000")
    assert (await control.good("GET", CLIENT))["balance"] == "10075.50"
    assert (await control.good("GET", PAYEE))["balance"] == "49924.50"
    assert (await control.good("GET", "/ledger/audit"))["balanced"] is True


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"to": {"bank": "68", "account_number": "1"}}, "to.account_number", id="to nobody's client"),
        pytest.param({"to": {"bank": "99", "account_number": "1"}}, "to.bank", id="to no bank"),
        pytest.param({"to": {"bank": "11", "account_number": ""}}, "to.account_number", id="to no account"),
        pytest.param({"amount": "50000.01"}, "amount", id="more than the payer has"),
        pytest.param({"amount": "0.00"}, "amount", id="nothing"),
        pytest.param({"amount": "-1.00"}, "amount", id="less than nothing"),
        pytest.param({"narration": "x" * 141}, "narration", id="a long narration"),
    ],
)
async def test_a_payment_that_makes_no_sense_is_named_and_moves_nothing(control, change, field):
    wish = {"to": TO_CLIENT, "amount": "75.50"} | change
    assert await control.wrong("POST", f"{PAYEE}/pay", wish) == (422, "invalid", field)
    assert (await control.good("GET", "/payments"))["items"] == []


# Returns.


@pytest.fixture
async def settled(control, transfer):
    payment = await transfer(control.world)
    await control.world.clock.advance(seconds=60)
    return payment


async def test_a_transfer_is_returned_in_parts_and_then_whole(control, settled):
    part = await control.good("POST", f"/payments/{settled}/return", {"amount": "30.00"})
    assert (part["kind"], part["amount"], part["operation"]) == ("return", "30.00", "fake.credit")
    assert part["reference"] == (await control.good("GET", f"/payments/{settled}"))["reference"]
    assert (await control.good("POST", f"/payments/{settled}/return"))["amount"] == "70.00"
    assert (await control.good("GET", CLIENT))["balance"] == "10000.00"
    assert await control.wrong("POST", f"/payments/{settled}/return") == (409, "nothing_to_return", None)
    assert (await control.good("GET", "/ledger/audit"))["balanced"] is True


async def test_no_more_is_returned_than_came(control, settled):
    wish = {"amount": "100.01"}
    assert await control.wrong("POST", f"/payments/{settled}/return", wish) == (409, "nothing_to_return", "amount")


async def test_a_payee_who_has_not_got_it_any_more_returns_nothing(control, settled):
    await control.good("PATCH", PAYEE, {"balance": "99.99"})
    assert await control.wrong("POST", f"/payments/{settled}/return") == (409, "insufficient_funds", None)
    assert (await control.good("POST", f"/payments/{settled}/return", {"amount": "99.99"}))["state"] == "succeeded"


async def test_only_what_a_client_sent_and_is_settled_is_returned(control, transfer):
    assert await control.wrong("POST", "/payments/p9/return") == (404, "not_found", None)
    under_way = await transfer(control.world)
    assert await control.wrong("POST", f"/payments/{under_way}/return") == (409, "nothing_to_return", None)
    came = await control.good("POST", f"{PAYEE}/pay", {"to": TO_CLIENT, "amount": "75.50"})
    assert await control.wrong("POST", f"/payments/{came['id']}/return") == (409, "nothing_to_return", None)


# The switch.


async def test_positions_are_shown_and_settled(control, settled, transfer, events):
    positions = {"11": "-100.00", "68": "100.00"}
    assert await control.good("GET", "/switch") == {"positions": positions, "transit": "0.00"}
    await transfer(control.world, "40.00")
    await control.world.clock.advance(jobs=1)
    assert (await control.good("GET", "/switch"))["transit"] == "40.00"
    assert await control.good("POST", "/switch/settle") == {"settled": positions}
    assert (await control.good("GET", "/switch"))["positions"] == {}
    assert await control.good("POST", "/switch/settle") == {"settled": {}}
    assert [event.data for event in await events(control.world, "bank")] == [{"settled": positions}, {"settled": {}}]
    await control.world.clock.advance(seconds=60)
    assert (await control.good("GET", "/ledger/audit"))["balanced"] is True


# Phones.


async def test_a_phone_is_linked_at_every_member_until_told_otherwise(control, events):
    told = await control.good("GET", f"/phones/{ANN}")
    assert (told["msisdn"], sorted(one["bank"] for one in told["accounts"])) == (ANN, ["11", "68"])
    other = {"accounts": [{"bank": "68", "account_number": "7777"}]}
    assert await control.good("PATCH", f"/phones/{ANN}", other) == {"msisdn": ANN, **other}
    assert await control.good("GET", f"/phones/{ANN}") == {"msisdn": ANN, **other}
    assert [event.data for event in await events(control.world, "bank")] == [{"msisdn": ANN, **other}]
    assert (await control.good("PATCH", f"/phones/{ANN}", {"accounts": []}))["accounts"] == []


@pytest.mark.parametrize(
    ("accounts", "field"),
    [
        pytest.param([{"bank": "99", "account_number": "1"}], "accounts.0.bank", id="no bank"),
        pytest.param([{"bank": "68", "account_number": "x"}], "accounts.0.account_number", id="no number"),
        pytest.param([{"bank": bank, "account_number": "1"} for bank in ("68", "0068")], "accounts", id="twice"),
        pytest.param(None, "accounts", id="nothing"),
    ],
)
async def test_a_link_that_makes_no_sense_is_named(control, accounts, field):
    assert await control.wrong("PATCH", f"/phones/{ANN}", {"accounts": accounts}) == (422, "invalid", field)


async def test_what_is_no_number_of_a_phone_is_named(control):
    assert await control.wrong("GET", "/phones/0708374149") == (422, "invalid", "msisdn")
    assert await control.wrong("PATCH", "/phones/0708374149", {"accounts": []}) == (422, "invalid", "msisdn")


# Where a client hears of it.


async def test_an_address_is_registered_and_its_password_is_not_journalled(control, events):
    url = "http://bank:secret@app.test:8000/credits"
    assert (await control.good("PATCH", "/providers/fake", {"notice_url": url}))["notice_url"] == url
    assert (await control.good("PATCH", "/providers/fake", {"notice_url": None}))["notice_url"] is None
    told = [event.data["notice_url"] for event in await events(control.world, "provider")]
    assert told == ["http://app.test:8000/credits", None]
    assert await control.wrong("PATCH", "/providers/fake", {"public_key": "x"}) == (422, "invalid", "public_key")
