"""The switch: the payer first, then the payee's bank; and everything that it may answer."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from simulator.core import switch
from simulator.core.banks import AccountState, Bank, BankAccount, Hours, clearing_code, linked_accounts
from simulator.core.errors import AccountMissing, InsufficientFunds, NothingToReturn
from simulator.core.jobs import Job
from simulator.core.ledger import Entry, audit
from simulator.core.money import Money
from simulator.core.payments import Payment, State
from simulator.core.switch import Incoming, Transfer, give_back, messages, outcome_of, receive

CLIENT, PENNILESS, PAYEE = "11:1000", "11:2000", "68:5555"


@pytest.mark.parametrize(
    ("told", "code"),
    [
        pytest.param("68", "68", id="two digits"),
        pytest.param("0068", "68", id="a participant of the switch"),
        pytest.param("68000", "68", id="bank and branch"),
        pytest.param("68175", "68", id="another branch"),
        pytest.param("40468000", "68", id="with the country"),
        pytest.param("1", "01", id="without its zero"),
        pytest.param("01000", "01", id="a branch of a bank with a zero"),
        pytest.param(" 68 ", "68", id="spaces"),
        pytest.param("MPESA", "", id="letters"),
        pytest.param("", "", id="nothing"),
        pytest.param("12345678", "", id="another country"),
        pytest.param("٦٨", "", id="other digits"),
    ],
)
def test_every_spelling_of_a_code_means_one_bank(told, code):
    assert clearing_code(told) == code


@pytest.fixture
async def world(rail):
    return await rail()


@pytest.fixture
def balance():
    async def read(world, *names):
        return [str(await world.run(lambda tx, name=name: tx.balance(name).balance)) for name in names]

    return read


@pytest.fixture
def told(record):
    """What a payment has come to: its state and why, or its receipt."""

    async def read(world, key):
        payment = await record(world, Payment, key)
        why = payment.failure and (payment.failure.code or payment.failure.reason)
        return payment.state, why or payment.receipt

    return read


async def books(world):
    """Balanced, with open payments known to be open."""
    accounts = {account.name: account for account in await world.store.accounts(world.name)}
    payments = await world.run(lambda tx: tx.find(Payment))
    settled = {payment.key: payment.amount for payment in payments if payment.state is State.SUCCEEDED}
    under_way = {payment.key for payment in payments if not payment.is_decided}
    entries = await world.run(lambda tx: tx.find(Entry, limit=10_000))
    found = audit(accounts, entries, settled, under_way)
    assert found.is_balanced, found.problems


# The order of things.


async def test_the_payer_is_debited_first_and_the_payee_then_paid(world, transfer, balance, told):
    key = await transfer(world, "1000.00")
    assert await balance(world, "bank:11:1000", "switch:transit") == ["10000.00", "0.00"]
    await world.clock.advance()
    assert await balance(world, "bank:11:1000", "switch:transit", f"bank:{PAYEE}") == ["8960.00", "1000.00", "50000.00"]
    assert await told(world, key) == (State.PENDING, "")
    await books(world)
    await world.clock.advance(seconds=2)
    assert await balance(world, "bank:11:1000", "switch:transit", f"bank:{PAYEE}") == ["8960.00", "0.00", "51000.00"]
    assert await balance(world, "bank:11:fees", "switch:11", "switch:68") == ["40.00", "-1000.00", "1000.00"]
    assert await told(world, key) == (State.SUCCEEDED, "RECEIPT1")
    assert await world.run(lambda tx: tx.find(Job)) == []
    await books(world)


async def test_a_payer_without_money_pays_nothing_and_the_switch_never_hears_of_it(world, transfer, balance, told):
    key = await transfer(world, by=PENNILESS)
    await world.clock.advance(seconds=60)
    assert await told(world, key) == (State.FAILED, "InsufficientFunds")
    assert await balance(world, "bank:11:2000", "switch:transit", f"bank:{PAYEE}") == ["0.00", "0.00", "50000.00"]
    assert await world.run(lambda tx: tx.find(Job)) == []
    await books(world)


async def test_a_payer_pays_the_fee_too_or_nothing(world, transfer, balance, told):
    key = await transfer(world, "9960.01")
    await world.clock.advance(seconds=60)
    assert (await told(world, key))[1] == "InsufficientFunds"
    assert await balance(world, "bank:11:1000", "bank:11:fees") == ["10000.00", "0.00"]
    await transfer(world, "9960.00")
    await world.clock.advance(seconds=60)
    assert await balance(world, "bank:11:1000", "bank:11:fees") == ["0.00", "40.00"]


@pytest.mark.parametrize(("amount", "fee"), [("500.00", "0.00"), ("500.01", "40.00")])
async def test_the_fee_is_the_tariffs(world, transfer, balance, record, amount, fee):
    key = await transfer(world, amount)
    await world.clock.advance(seconds=60)
    assert await balance(world, "bank:11:fees") == [fee]
    assert str((await record(world, Transfer, key)).fee) == fee


async def test_a_payer_whose_account_refuses_debits_fails_with_its_own_code(world, transfer, told):
    await world.run(lambda tx: tx.put(BankAccount(CLIENT, "CLIENT", surface="fake", refuses_debits="-77")))
    key = await transfer(world)
    await world.clock.advance(seconds=60)
    assert await told(world, key) == (State.FAILED, "-77")
    await books(world)


# What the payee's bank answers.

REFUSED = {
    AccountState.MISSING: "AccountMissing",
    AccountState.CLOSED: "AccountClosed",
    AccountState.BLOCKED: "AccountBlocked",
    AccountState.DORMANT: "AccountDormant",
    AccountState.BANK_OFFLINE: "BankOffline",
    AccountState.CUT_OVER: "BankCutOver",
    AccountState.LATE_REFUSAL: "SwitchTimeOut",
}
PAID = {AccountState.ACTIVE: 1, AccountState.LATE: 1, AccountState.SILENT: 0, AccountState.TWICE: 2}


def test_every_state_of_an_account_is_answered_with_something():
    assert REFUSED.keys() | PAID.keys() == set(AccountState)


@pytest.mark.parametrize("state", REFUSED)
@pytest.mark.parametrize("is_by_ending", [False, True], ids=["set up", "by its number"])
async def test_a_refused_transfer_is_taken_back_with_its_fee(world, transfer, balance, told, state, is_by_ending):
    number = f"77{list(AccountState).index(state):04}" if is_by_ending else "5555"
    if not is_by_ending:
        await world.run(lambda tx: tx.put(BankAccount(PAYEE, "ZOLA", state=state)))
    key = await transfer(world, "1000.00", f"68:{number}")
    await world.clock.advance()
    assert await balance(world, "bank:11:1000") == ["8960.00"]
    await world.clock.advance(seconds=60)
    assert await told(world, key) == (State.FAILED, REFUSED[state])
    held = await balance(world, "bank:11:1000", "switch:transit", "bank:11:fees", f"bank:68:{number}", "switch:68")
    assert held == ["10000.00", "0.00", "0.00", "50000.00", "0.00"]
    assert await world.run(lambda tx: tx.find(Job)) == []
    await books(world)


@pytest.mark.parametrize("state", PAID)
async def test_the_others_arrive_and_are_told_as_often_as_they_stand_for(world, transfer, told, record, state):
    await world.run(lambda tx: tx.put(BankAccount(PAYEE, "ZOLA", state=state)))
    key = await transfer(world)
    await world.clock.advance(seconds=60)
    assert (await told(world, key))[0] is State.SUCCEEDED
    known = await record(world, Transfer, key)
    assert await world.run(lambda tx: messages(tx, world, known)) == PAID[state]


async def test_a_payee_whose_account_refuses_credits_fails_with_its_own_code(world, transfer, balance, told):
    await world.run(lambda tx: tx.put(BankAccount(PAYEE, "ZOLA", surface="fake", refuses_credits="-9")))
    key = await transfer(world)
    await world.clock.advance(seconds=60)
    assert await told(world, key) == (State.FAILED, "-9")
    assert await balance(world, "bank:11:1000", "switch:transit") == ["10000.00", "0.00"]


async def test_a_fault_rule_decides_with_a_code(world, transfer, balance, told):
    key = await transfer(world, forced="-42")
    await world.clock.advance(seconds=60)
    assert await told(world, key) == (State.FAILED, "-42")
    assert await balance(world, "bank:11:1000", "switch:transit") == ["10000.00", "0.00"]
    await books(world)


@pytest.mark.parametrize("bank", ["30", "99"])
async def test_a_bank_that_is_no_member_takes_nothing(world, transfer, told, bank):
    key = await transfer(world, to=f"{bank}:5555")
    await world.clock.advance(seconds=60)
    assert await told(world, key) == (State.FAILED, "NotAMember")
    await books(world)


async def test_a_bank_that_is_offline_takes_nothing(world, transfer, told):
    await world.run(lambda tx: tx.put(Bank("68", "Payees' Bank", is_online=False)))
    key = await transfer(world)
    await world.clock.advance(seconds=60)
    assert await told(world, key) == (State.FAILED, "BankOffline")


@pytest.mark.parametrize(
    ("seconds", "state"),
    [
        pytest.param(0, State.SUCCEEDED, id="in the morning"),
        pytest.param(8 * 3600, State.FAILED, id="in the evening"),
        pytest.param(2 * 86_400, State.FAILED, id="on Saturday"),
        pytest.param(4 * 86_400, State.SUCCEEDED, id="on Monday"),
    ],
)
async def test_a_bank_of_business_hours_answers_on_weekdays(world, transfer, told, seconds, state):
    await world.run(lambda tx: tx.put(Bank("68", "Payees' Bank", hours=Hours.BUSINESS)))
    await world.clock.advance(seconds=seconds)
    key = await transfer(world)
    await world.clock.advance(seconds=60)
    assert (await told(world, key))[0] is state


async def test_within_one_bank_nobody_owes_anything(world, transfer, balance):
    await transfer(world, to="11:5555")
    await world.clock.advance(seconds=60)
    assert await balance(world, "bank:11:5555", "switch:11", "switch:transit") == ["50100.00", "0.00", "0.00"]


# Limits.


@pytest.fixture
async def limited(rail):
    world = await rail()

    def work(tx):
        settings = world.provider_settings(tx, "fake")
        tx.put(replace(settings, limits={"daily": "1000.00"}))

    await world.run(work)
    return world


async def test_a_day_has_a_limit_for_each_account_and_begins_anew(limited, transfer, told):
    keys = [await transfer(limited, amount) for amount in ("600.00", "400.00", "0.01")]
    await limited.clock.advance(seconds=60)
    assert [(await told(limited, key))[0] for key in keys] == [State.SUCCEEDED, State.SUCCEEDED, State.FAILED]
    assert (await told(limited, keys[2]))[1] == "DailyLimitExceeded"
    await limited.clock.advance(seconds=86_400)
    tomorrow = await transfer(limited, "1000.00")
    await limited.clock.advance(seconds=60)
    assert (await told(limited, tomorrow))[0] is State.SUCCEEDED


async def test_what_could_not_be_debited_does_not_count_towards_the_limit(limited, transfer, told):
    await limited.run(lambda tx: tx.put(BankAccount("11:3000", "CLIENT", surface="fake")))
    broke = await transfer(limited, "900.00", by=PENNILESS)
    await limited.clock.advance(seconds=60)
    assert (await told(limited, broke))[1] == "InsufficientFunds"
    spent = await limited.run(lambda tx: tx.get(switch.DaySpend, PENNILESS))
    assert spent is None


async def test_what_was_taken_back_does_not_count_towards_the_limit(limited, transfer, told):
    refused = await transfer(limited, "1000.00", "68:770002")
    await limited.clock.advance(seconds=60)
    assert (await told(limited, refused))[1] == "AccountClosed"
    again = await transfer(limited, "1000.00")
    await limited.clock.advance(seconds=60)
    assert (await told(limited, again))[0] is State.SUCCEEDED


async def test_what_is_taken_back_on_the_next_day_was_spent_on_the_day_before(limited, transfer, told):
    await limited.clock.advance(seconds=13 * 3600 + 29 * 60 + 50)  # ten seconds before midnight
    refused = await transfer(limited, "900.00", "68:770008")
    await limited.clock.advance(seconds=15)
    early = await transfer(limited, "200.00")
    await limited.clock.advance(seconds=60)
    assert [await told(limited, key) for key in (refused, early)] == [
        (State.FAILED, "SwitchTimeOut"),
        (State.SUCCEEDED, "RECEIPT1"),
    ]
    rest = [await transfer(limited, amount) for amount in ("800.00", "0.01")]
    await limited.clock.advance(seconds=60)
    assert [(await told(limited, key))[0] for key in rest] == [State.SUCCEEDED, State.FAILED]


async def test_what_is_debited_after_midnight_is_taken_back_of_that_day(limited, transfer, told):
    """An acknowledgement that is held back holds back the debit: accepted on one day, debited on the next."""
    await limited.clock.advance(seconds=13 * 3600 + 29 * 60 + 50)  # ten seconds before midnight
    limited.open_requests.add("r1")
    refused = await transfer(limited, "1000.00", "68:770002")
    await limited.clock.advance(seconds=15)
    limited.release("r1")
    await limited.clock.advance(seconds=60)
    assert (await told(limited, refused))[1] == "AccountClosed"
    again = await transfer(limited, "1000.00")
    await limited.clock.advance(seconds=60)
    assert (await told(limited, again))[0] is State.SUCCEEDED


# Late, and unclear.


@pytest.fixture
def happened():
    """Whether a request that waits for the transfer's outcome would go on."""

    def expects(world, key):
        return world.expect(outcome_of(key))

    return expects


@pytest.mark.parametrize(
    ("state", "end"), [(AccountState.LATE, State.SUCCEEDED), (AccountState.LATE_REFUSAL, State.FAILED)]
)
async def test_a_late_answer_is_unclear_first(world, transfer, told, happened, state, end):
    await world.run(lambda tx: tx.put(BankAccount(PAYEE, "ZOLA", state=state)))
    key = await transfer(world)
    outcome = happened(world, key)
    await world.clock.advance(seconds=24)
    assert not outcome.is_set()
    await world.clock.advance(seconds=1)
    assert outcome.is_set()
    assert (await told(world, key))[0] is State.PENDING
    decided = happened(world, key)
    await world.clock.advance(seconds=20)
    assert (decided.is_set(), (await told(world, key))[0]) == (True, end)
    await books(world)


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        pytest.param({}, 2, id="arrives"),
        pytest.param({"to": "68:770002"}, 2, id="is refused"),
        pytest.param({"by": PENNILESS}, 0, id="cannot be debited"),
    ],
)
async def test_who_waits_for_the_outcome_goes_on_once_it_is_there(world, transfer, happened, fields, seconds):
    outcome = happened(world, await transfer(world, **fields))
    if seconds:
        await world.clock.advance()
        assert not outcome.is_set()
    await world.clock.advance(seconds=seconds)
    assert outcome.is_set()


async def test_a_delay_makes_it_late_too(world, transfer, told, happened):
    key = await transfer(world, delay_seconds=30.0)
    outcome = happened(world, key)
    await world.clock.advance(seconds=25)
    assert (outcome.is_set(), (await told(world, key))[0]) == (True, State.PENDING)
    await world.clock.advance(seconds=7)
    assert (await told(world, key))[0] is State.SUCCEEDED


# Returns.


@pytest.fixture
async def paid(world, transfer):
    """A settled transfer of 1000.00."""
    key = await transfer(world, "1000.00")
    await world.clock.advance(seconds=60)
    return key


def shillings(*told):
    return [Money.parse(amount) for amount in told]


async def test_a_transfer_is_returned_whole_and_its_fee_stays(world, paid, balance, record):
    back = await give_back(world, paid, Money.parse("1000.00"))
    sent = await record(world, Payment, paid)
    assert (back.state, back.what, back.operation) == (State.SUCCEEDED, "return", "fake.credit")
    assert (back.reference, back.account, back.merchant) == (sent.reference, "bank:11:1000", "1000")
    assert back.provider_reference != sent.provider_reference
    assert await balance(world, "bank:11:1000", f"bank:{PAYEE}", "switch:11") == ["9960.00", "50000.00", "0.00"]
    assert (await record(world, Payment, paid)).state is State.SUCCEEDED
    assert (await record(world, Transfer, back.key)).narration == f"RETURN {sent.provider_reference}"
    await books(world)


async def test_a_transfer_is_returned_in_parts_but_never_more_than_it_was(world, paid, record):
    part, rest, more = shillings("400.00", "600.00", "0.01")
    with pytest.raises(NothingToReturn):
        await give_back(world, paid, part + part + part)
    await give_back(world, paid, part)
    with pytest.raises(NothingToReturn):
        await give_back(world, paid, rest + more)
    await give_back(world, paid, rest)
    with pytest.raises(NothingToReturn):
        await give_back(world, paid, more)
    assert (await record(world, Transfer, paid)).returned == part + rest
    await books(world)


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
async def test_nothing_is_no_return(world, paid, amount):
    with pytest.raises(NothingToReturn):
        await give_back(world, paid, Money.parse(amount))


async def test_a_payee_who_spent_it_returns_nothing(world, paid, balance, record):
    spent = Incoming(PAYEE, CLIENT, Money.parse("50500.00"))
    await receive(world, spent)
    with pytest.raises(InsufficientFunds):
        await give_back(world, paid, Money.parse("1000.00"))
    assert await balance(world, f"bank:{PAYEE}") == ["500.00"]
    assert (await record(world, Transfer, paid)).returned == Money.parse("0.00")
    await books(world)


async def test_only_a_settled_transfer_that_went_out_is_returned(world, transfer):
    part = Money.parse("1.00")
    refused, under_way = await transfer(world, to="68:770002"), await transfer(world, delay_seconds=100.0)
    await world.clock.advance(seconds=10)
    came = await receive(world, Incoming(PAYEE, CLIENT, part))
    for key in (refused, under_way, came.key, "p9999"):
        with pytest.raises(NothingToReturn):
            await give_back(world, key, part)


# Money that comes in.


async def test_money_comes_in_at_once(world, balance):
    payment = await receive(world, Incoming(PAYEE, CLIENT, Money.parse("75.50"), "C000001"))
    assert (payment.state, payment.what, payment.operation) == (State.SUCCEEDED, "transfer", "fake.credit")
    assert (payment.reference, payment.account, payment.receipt) == ("C000001", "bank:11:1000", "RECEIPT1")
    assert await balance(world, "bank:11:1000", f"bank:{PAYEE}", "switch:11") == ["10075.50", "49924.50", "75.50"]
    assert [job.work for job in await world.run(lambda tx: tx.find(Job))] == ["fake.credit.decided"]
    await books(world)


@pytest.mark.parametrize(
    ("incoming", "error"),
    [
        pytest.param(Incoming(PAYEE, "68:6666", Money.parse("1.00")), AccountMissing, id="to nobody's client"),
        pytest.param(Incoming(CLIENT, CLIENT, Money.parse("1.00")), AccountMissing, id="to itself"),
        pytest.param(Incoming(PAYEE, CLIENT, Money.parse("50000.01")), InsufficientFunds, id="more than there is"),
    ],
)
async def test_what_does_not_come_in_leaves_no_trace(world, incoming, error):
    with pytest.raises(error):
        await receive(world, incoming)
    assert await world.run(lambda tx: tx.find(Payment) + tx.find(Transfer) + tx.find(Entry)) == []


# Positions.


async def test_positions_sum_to_nothing_and_are_settled(world, paid, balance):
    await receive(world, Incoming(PAYEE, CLIENT, Money.parse("250.00")))
    await receive(world, Incoming("30:1", CLIENT, Money.parse("50.00")))
    assert await balance(world, "switch:11", "switch:30", "switch:68") == ["-700.00", "-50.00", "750.00"]
    owed = await world.run(lambda tx: switch.clear(tx, world, 1))
    assert {bank: str(amount) for bank, amount in owed.items()} == {"11": "-700.00", "30": "-50.00", "68": "750.00"}
    assert await balance(world, "switch:11", "switch:30", "switch:68") == ["0.00", "0.00", "0.00"]
    assert await world.run(lambda tx: switch.clear(tx, world, 2)) == {}
    await books(world)


async def test_a_phone_is_linked_to_the_same_accounts_in_every_run(rail):
    one, other = [
        await world.run(lambda tx, world=world: linked_accounts(tx, world, "254708374149"))
        for world in (await rail(seed=7), await rail(seed=7))
    ]
    assert one == other
    assert sorted(key.split(":")[0] for key in one) == ["11", "68"]
