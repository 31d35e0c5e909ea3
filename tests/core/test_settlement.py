"""Settlement: money moves with its payment, or neither does."""

import pytest

from simulator.core.errors import AccountFull, DailyLimitExceeded, InsufficientFunds
from simulator.core.ledger import OUTSIDE, audit, merchant_account, wallet
from simulator.core.ledger import Entry as LedgerEntry
from simulator.core.money import Money
from simulator.core.payments import Kind, Payment, State, begun
from simulator.core.payments import record as store_payment
from simulator.core.settlement import collect, decide, pay_out
from tests.conftest import ANN

UTILITY, CHARGES = (merchant_account("600000", purse) for purse in ("utility", "charges"))
FEES = {"payout": (("1000.00", "5.00"),), "customer": (("1000.00", "7.00"),)}


@pytest.fixture
async def world(simulation):
    world = await simulation.open("default")
    await world.run(lambda tx: tx.put(world.provider_settings(tx, "fake").changed("tariff", FEES)))
    return world


@pytest.fixture
def begin(world):
    async def make(amount="100.00", msisdn=ANN):
        number = await world.take("payment")
        key = f"p{number}"
        payment = Payment(
            key,
            Kind.PAYOUT,
            "fake.push",
            Money.parse(amount),
            msisdn,
            "600000",
            f"R{number}",
            f"X{number}",
            f"r{number}",
        )
        await world.run(lambda tx: store_payment(tx, begun(payment, world.now())))
        return key

    return make


async def settle(world, key, move, **about):
    def work(tx):
        move(tx, world, tx.get(Payment, key), receipt=f"RECEIPT {key}", **about)

    await decide(world, key, work, closing=lambda tx, world, payment: None)
    return await world.run(lambda tx: tx.get(Payment, key))


async def balance(world, account):
    return str((await world.run(lambda tx: tx.balance(account))).balance)


async def is_balanced(world):
    accounts = {account.name: account for account in await world.store.accounts("default")}
    entries, payments = await world.run(lambda tx: (tx.find(LedgerEntry), tx.find(Payment)))
    settled = {payment.key: payment.amount for payment in payments if payment.state is State.SUCCEEDED}
    return audit(accounts, entries, settled).is_balanced


async def test_a_payout_is_paid_from_utility_and_its_fee_is_owed(world, begin):
    paid = await settle(world, await begin(), pay_out, tariff="payout")
    assert (paid.state, paid.receipt) == (State.SUCCEEDED, "RECEIPT p1")
    assert await balance(world, wallet(ANN)) == "1100.00"
    assert await balance(world, UTILITY) == "9999900.00"
    assert await balance(world, CHARGES) == "-5.00"
    assert await is_balanced(world)


async def test_a_payout_beyond_the_bands_is_free(world, begin):
    await settle(world, await begin("1000.01"), pay_out, tariff="payout")
    assert await balance(world, CHARGES) == "0.00"


async def test_a_tariff_that_nobody_told_is_free(world, begin):
    await settle(world, await begin(), pay_out, tariff="another")
    assert await balance(world, CHARGES) == "0.00"


async def test_a_collection_costs_the_customer_what_the_tariff_says(world, begin):
    await settle(world, await begin(), collect)
    assert await balance(world, wallet(ANN)) == "893.00"
    assert await balance(world, UTILITY) == "10000100.00"
    assert await is_balanced(world)


async def test_the_fee_must_be_there_as_well(world, begin):
    failed = await settle(world, await begin("995.00"), collect)
    assert failed.failure.reason == InsufficientFunds.__name__
    assert await balance(world, wallet(ANN)) == "1000.00"


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        pytest.param("499500.00", AccountFull, id="the wallet would be too full"),
        pytest.param("500000.01", DailyLimitExceeded, id="beyond the day's limit"),
    ],
)
async def test_a_payout_that_may_not_be_leaves_no_trace_but_the_failure(world, begin, amount, reason):
    failed = await settle(world, await begin(amount), pay_out, tariff="payout")
    assert (failed.state, failed.failure.reason) == (State.FAILED, reason.__name__)
    assert await balance(world, UTILITY) == "10000000.00"
    assert await balance(world, OUTSIDE) == "0.00"
    assert await is_balanced(world)


async def test_a_payout_without_float_fails(world, begin):
    for _ in range(20):
        await begin("1.00")
    for number in range(25):
        last = await settle(world, await begin("400000.00", f"2547110000{number:02d}"), pay_out, tariff="payout")
        assert last.state is State.SUCCEEDED
    failed = await settle(world, await begin("0.01", "254711000099"), pay_out, tariff="payout")
    assert failed.failure.reason == InsufficientFunds.__name__
    assert await is_balanced(world)
