"""What must hold after any story of the switch: money is conserved, each transfer ends once, none stays on its way."""

import asyncio
import contextlib
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.core import switch
from simulator.core.errors import AccountMissing, InsufficientFunds, NothingToReturn
from simulator.core.jobs import Job
from simulator.core.journal import EventKind
from simulator.core.ledger import Entry, audit
from simulator.core.money import Money
from simulator.core.payments import Payment, State
from simulator.core.switch import Incoming, Transfer, give_back, receive

CLIENTS, ENDINGS = ["11:1000", "11:2000"], ["5555", *(f"{number:04}" for number in range(1, 11))]
PAYEES = [f"68:77{ending}" for ending in ENDINGS] + ["11:775555", "30:775555", "11:1000"]

amounts = st.sampled_from(["0.01", "75.00", "500.00", "500.01", "4000.00", "9960.00", "60000.00"])
transfers = st.tuples(
    st.just("transfer"),
    st.sampled_from(CLIENTS),
    st.sampled_from(PAYEES),
    amounts,
    st.sampled_from([0.0, 0.0, 30.0]),
    st.sampled_from(["", "", "", "-9"]),
)
credits = st.tuples(st.just("credit"), st.sampled_from(PAYEES), st.sampled_from(CLIENTS), amounts)
returns = st.tuples(st.just("return"), st.integers(0, 5), amounts)
waits = st.tuples(st.just("wait"), st.sampled_from([0, 1, 2, 25, 60, 90_000]))
settlements = st.tuples(st.just("settle"))
stories = st.lists(st.one_of(transfers, transfers, credits, returns, waits, settlements), min_size=1, max_size=15)


async def step(world, transfer, number, kind, *told):
    if kind == "transfer":
        by, to, amount, delay, forced = told
        await transfer(world, amount, to, by=by, delay_seconds=delay, forced=forced)
    elif kind == "credit":
        with contextlib.suppress(AccountMissing, InsufficientFunds):
            await receive(world, Incoming(told[0], told[1], Money.parse(told[2])))
    elif kind == "return":
        payments = await world.run(lambda tx: tx.find(Payment))
        which = payments[told[0] % len(payments)].key if payments else "p1"
        with contextlib.suppress(NothingToReturn, InsufficientFunds):
            await give_back(world, which, Money.parse(told[1]))
    elif kind == "settle":
        await world.run(lambda tx: switch.clear(tx, world, number))
    else:
        await world.clock.advance(seconds=told[0])


async def look(world):
    """The books at this point, in which nothing may be wrong."""
    accounts = {account.name: account for account in await world.store.accounts(world.name)}
    payments = await world.run(lambda tx: tx.find(Payment))
    entries = await world.run(lambda tx: tx.find(Entry, limit=10_000))
    settled = {payment.key: payment.amount for payment in payments if payment.state is State.SUCCEEDED}
    told = audit(accounts, entries, settled, {payment.key for payment in payments if not payment.is_decided})
    assert told.is_balanced, told.problems
    assert all(account.balance.minor >= 0 for name, account in accounts.items() if name[:7] in ("bank:11", "bank:68"))
    positions = [account for name, account in accounts.items() if name.startswith("switch:") and name != switch.TRANSIT]
    assert sum(account.balance.minor for account in positions) == 0
    debited = await world.run(lambda tx: {one.key for one in tx.find(Transfer) if one.debited_at})
    under_way = [one.amount.minor for one in payments if not one.is_decided and one.key in debited]
    transit = accounts[switch.TRANSIT].balance.minor if switch.TRANSIT in accounts else 0
    assert transit == sum(under_way)
    return accounts, payments


@given(story=stories)
@settings(suppress_health_check=["function_scoped_fixture"])
def test_no_story_of_the_switch_makes_or_loses_money(rail, transfer, story):
    async def told():
        world = await rail()
        for number, one in enumerate(story):
            await step(world, transfer, number, *one)
            await look(world)
        await world.clock.advance(jobs=10_000)
        accounts, payments = await look(world)
        assert accounts.get(switch.TRANSIT) is None or accounts[switch.TRANSIT].balance.minor == 0
        assert await world.run(lambda tx: tx.find(Job)) == []
        events = await world.store.events(world.name, after=0, limit=10_000)
        ends = Counter(
            event.payment
            for event in events
            if event.kind is EventKind.PAYMENT and event.data["state"] in ("succeeded", "failed")
        )
        assert ends == Counter(payment.key for payment in payments)

    asyncio.run(told())


@given(story=stories)
@settings(suppress_health_check=["function_scoped_fixture"], max_examples=30)
def test_no_transfer_is_returned_beyond_what_it_brought(rail, transfer, story):
    async def told():
        world = await rail()
        for number, one in enumerate(story):
            await step(world, transfer, number, *one)
        await world.clock.advance(jobs=10_000)
        payments = {one.key: one for one in await world.run(lambda tx: tx.find(Payment))}
        returned = Counter()
        for payment in payments.values():
            if payment.what == "return":
                returned[payment.reference] += payment.amount.minor
        for known in await world.run(lambda tx: tx.find(Transfer)):
            sent = payments[known.key]
            assert known.returned <= sent.amount
            if sent.operation == "fake.transfer":
                assert known.returned.minor == returned[sent.reference]

    asyncio.run(told())
