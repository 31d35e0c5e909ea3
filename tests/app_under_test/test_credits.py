"""Money that comes in over PesaLink: booked once, to whom its words name; what returns a transfer to that customer."""

import asyncio

import pytest

from tests.app_under_test.fake_banks import coop_notice, jenga_notice

OPERATOR = "bank-operator-key"
OK = (200, {"ResultCode": 0, "ResultDesc": "Success"})
NOTICES = [pytest.param("jenga", jenga_notice, id="jenga"), pytest.param("coop", coop_notice, id="coop")]
RETURN = "RETURN 00680001202601151030ABCDEFGH"


async def sums(bank):
    audit = await bank.audit()
    assert audit["balanced"] is True
    return audit["customers"], audit["suspense"], audit["pesalink_float"]


async def test_an_operator_sees_which_addresses_to_register(bank):
    secrets = {provider: bank.token(f"credits {provider}") for provider in ("jenga", "coop")}
    own = "http://pesabox-bank:bank-notice-password@app.test/callbacks"
    assert await bank.get("/notices", bearer=OPERATOR) == {
        "items": [{"provider": name, "url": f"{own}/{name}/{secret}/credits"} for name, secret in secrets.items()]
    }
    assert (await bank.call("GET", "/notices"))[0] == 403


async def test_what_stands_before_the_host_is_escaped(start_bank):
    async with start_bank(notice_user="us/er", notice_password="p@ss:word", public_url="https://192.168.1.4/x") as bank:
        (first, _) = (await bank.get("/notices", bearer=OPERATOR))["items"]
        assert first["url"].startswith("https://us%2Fer:p%40ss%3Aword@192.168.1.4/x/callbacks/jenga/")
        await bank.customer()
        assert await bank.credit("jenga", jenga_notice(), user="us/er:p@ss:word") == OK
        assert await bank.balance() == "250.00"


@pytest.mark.parametrize(("provider", "notice"), NOTICES)
async def test_words_that_name_a_customer_credit_that_customer_once(bank, provider, notice):
    await bank.customer()
    answers = await asyncio.gather(*(bank.credit(provider, notice(words="c000001")) for _ in range(5)))
    assert answers == [OK] * 5
    assert await sums(bank) == ("250.00", "0.00", "10000250.00")
    (line,) = (await bank.get("/customers/C000001/statement"))["items"]
    assert (line["amount"], line["kind"], line["reference"]) == ("250.00", f"{provider}_credit", "CR0001")


@pytest.mark.parametrize(("provider", "notice"), NOTICES)
async def test_what_names_nobody_is_in_suspense(bank, provider, notice):
    await bank.customer()
    for number, words in enumerate(["rent", "C000009", "", RETURN]):
        assert await bank.credit(provider, notice(f"CR{number}", words=words)) == OK
    assert await sums(bank) == ("0.00", "1000.00", "10001000.00")


async def test_one_receipt_of_two_banks_is_two_credits(bank):
    await bank.customer()
    await bank.credit("jenga", jenga_notice())
    await bank.credit("coop", coop_notice())
    assert await sums(bank) == ("500.00", "0.00", "10000500.00")


FORGERIES = [
    pytest.param({"token": "0" * 64}, id="wrong secret"),
    pytest.param({"headers": {"X-Forwarded-For": "127.0.0.66"}}, id="wrong address"),
    pytest.param({"user": None}, id="no password"),
    pytest.param({"user": "pesabox-bank:guess"}, id="wrong password"),
    pytest.param({"headers": {"Authorization": "Bearer é"}}, id="another scheme"),
]


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize(("provider", "notice"), NOTICES)
async def test_a_forged_notice_is_refused_and_the_genuine_one_still_counts(bank, provider, notice, forgery):
    await bank.customer()
    assert (await bank.credit(provider, notice(), **forgery))[0] == 403
    assert await bank.balance() == "0.00"
    assert await bank.credit(provider, notice()) == OK
    assert await bank.balance() == "250.00"


async def test_the_secret_of_one_bank_opens_nothing_for_another(bank):
    await bank.customer()
    assert (await bank.credit("jenga", jenga_notice(), token=bank.token("credits coop")))[0] == 403
    assert (await bank.credit("buni", jenga_notice()))[0] == 404


NOT_OURS = [
    ("jenga", jenga_notice(account="999")),
    ("jenga", jenga_notice(amount="0.00")),
    ("jenga", jenga_notice(amount="-5")),
    ("jenga", jenga_notice(receipt=None)),
    ("jenga", jenga_notice(transaction={"currency": "USD"})),
    ("jenga", b"<html>"),
    ("coop", coop_notice(AcctNo="999")),
    ("coop", coop_notice(amount=0)),
    ("coop", coop_notice(Currency="USD")),
    ("coop", coop_notice(receipt=None)),
    ("coop", coop_notice(receipt="NULL")),
    ("coop", b"[]"),
]


@pytest.mark.parametrize(("provider", "notice"), NOT_OURS)
async def test_what_tells_of_no_money_of_ours_is_refused(bank, provider, notice):
    await bank.customer()
    assert (await bank.credit(provider, notice))[0] == 400
    assert await sums(bank) == ("0.00", "0.00", "10000000.00")


@pytest.mark.parametrize(
    ("provider", "notice"),
    [
        ("jenga", jenga_notice(transactionType="D")),
        ("jenga", jenga_notice(transaction={"status": "FAILED"})),
        ("coop", coop_notice(EventType="DEBIT")),
    ],
)
async def test_a_debit_is_heard_and_books_nothing(bank, provider, notice):
    await bank.customer()
    assert await bank.credit(provider, notice) == OK
    assert await sums(bank) == ("0.00", "0.00", "10000000.00")


class Sender:
    """One withdrawal of 300.00 that is on its way, and what its bank tells of it."""

    def __init__(self, provider, bank, fake):
        self.provider, self.bank, self.fake = provider, bank, fake

    @property
    def name(self):
        (asked,) = self.fake.asked("account")
        return asked["transfer"]["reference"] if self.provider == "jenga" else asked["MessageReference"]

    def returns(self, receipt="RT1", amount=300, name=None):
        notice = jenga_notice if self.provider == "jenga" else coop_notice
        return self.bank.credit(self.provider, notice(receipt, amount, RETURN, name or self.name))

    def decides(self, *, is_paid):
        """The next answer to a question."""
        if self.provider == "jenga":
            self.fake.answer("details", self.fake.found(2 if is_paid else -1))
        else:
            told = (200, self.fake.outcome()) if is_paid else self.fake.ack(self.name, "S_001")
            self.fake.answer("status", told)

    async def shown(self):
        shown = await self.bank.get("/withdrawals/W000001")
        return shown["state"], shown["returned"]


@pytest.fixture(params=["jenga", "coop"])
async def sender(request, start_bank, jenga, coop):
    fake = {"jenga": jenga, "coop": coop}[request.param]
    async with start_bank(pesalink=request.param) as bank:
        await bank.customer_with("1000.00")
        if request.param == "jenga":
            jenga.answer("account", jenga.paid("", code=-1, data={}))
        await bank.send("300.00")
        yield Sender(request.param, bank, fake)


async def test_a_return_gives_the_customer_the_money_back_once(sender):
    sender.decides(is_paid=True)
    await sender.bank.get("/withdrawals/W000001?wait=5")
    assert [await sender.returns() for _ in range(3)] == [OK] * 3
    assert await sender.shown() == ("completed", "300.00")
    assert await sender.bank.money() == ("1000.00", "1000.00")
    assert await sums(sender.bank) == ("1000.00", "0.00", "10000000.00")
    kinds = [line["kind"] for line in (await sender.bank.get("/customers/C000001/statement"))["items"]]
    assert kinds == ["deposit", "withdrawal", f"{sender.provider}_return"]


async def test_parts_are_returned_and_never_more_than_was_paid(sender):
    sender.decides(is_paid=True)
    await sender.bank.get("/withdrawals/W000001?wait=5")
    for number, amount in enumerate([100, 150, 100]):
        await sender.returns(f"RT{number}", amount)
    assert await sender.shown() == ("completed", "250.00")
    assert await sums(sender.bank) == ("950.00", "100.00", "10000050.00")


async def test_a_return_before_the_outcome_is_known_makes_the_bank_ask(sender):
    sender.decides(is_paid=True)
    assert await sender.returns() == OK
    assert await sender.shown() == ("completed", "300.00")
    assert await sums(sender.bank) == ("1000.00", "0.00", "10000000.00")


async def test_a_return_waits_in_suspense_until_the_transfer_is_proven(sender, clock):
    sender.decides(is_paid=False)
    assert await sender.returns() == OK
    assert await sender.shown() == ("pending", "0.00")
    assert await sums(sender.bank) == ("700.00", "300.00", "10000300.00")
    clock.move(90)
    sender.decides(is_paid=True)
    await sender.bank.reconcile()
    assert await sender.shown() == ("completed", "300.00")
    assert await sums(sender.bank) == ("1000.00", "0.00", "10000000.00")
    await sender.returns()
    assert await sums(sender.bank) == ("1000.00", "0.00", "10000000.00")


async def test_a_return_of_an_unknown_reference_is_in_suspense(sender):
    sender.decides(is_paid=True)
    await sender.bank.get("/withdrawals/W000001?wait=5")
    await sender.returns(name="W000001")
    assert await sender.shown() == ("completed", "0.00")
    assert await sums(sender.bank) == ("700.00", "300.00", "10000000.00")


async def test_a_return_told_by_another_bank_is_in_suspense(sender):
    sender.decides(is_paid=True)
    await sender.bank.get("/withdrawals/W000001?wait=5")
    other, notice = ("coop", coop_notice) if sender.provider == "jenga" else ("jenga", jenga_notice)
    await sender.bank.credit(other, notice("RT1", 300, RETURN, sender.name))
    assert await sender.shown() == ("completed", "0.00")


async def test_what_the_customer_had_spent_meanwhile_is_returned_to_the_bank(start_bank, coop):
    async with start_bank(pesalink="coop") as bank:
        await bank.customer_with("1000.00")
        await bank.send("700.00")
        await bank.coop_result(coop.outcome("2", "40000126"))
        await bank.withdraw("600.00")
        await bank.coop_result(coop.outcome())
        assert (await bank.audit())["suspense"] == "-700.00"
        name = coop.asked("account")[0]["MessageReference"]
        await bank.credit("coop", coop_notice("RT1", 700, RETURN, name))
        shown, audit = await bank.get("/withdrawals/W000001"), await bank.audit()
        assert (shown["returned"], await bank.money()) == ("700.00", ("1000.00", "400.00"))
        assert (audit["balanced"], audit["suspense"], audit["pesalink_float"]) == (True, "0.00", "9999960.00")
