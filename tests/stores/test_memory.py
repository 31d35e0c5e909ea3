"""What the memory store forgets: all that a request brought about, once its jobs are done and others are past."""

from datetime import timedelta
from typing import ClassVar

import pytest
from msgspec import Struct

from simulator.core.jobs import Job
from simulator.core.ledger import OUTSIDE, AccountName, Checkpoint, Entry, Terms, audit, transfer
from simulator.core.money import ZERO, Money
from simulator.core.store import UnknownCursor
from simulator.core.virtual_clock import VIRTUAL_START as NOON
from simulator.stores.memory import MemoryStore

ANN, BEN = AccountName("subscriber:254700000001"), AccountName("subscriber:254700000002")


class Part(Struct, frozen=True):
    kind: ClassVar[str] = "part"
    indexes: ClassVar[tuple[str, ...]] = ("colour",)

    key: str
    correlation: str
    colour: str = "red"


class Lasting(Struct, frozen=True):
    kind: ClassVar[str] = "lasting"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str


class Fading(Struct, frozen=True):
    fades: ClassVar[bool] = True
    kind: ClassVar[str] = "fading"
    indexes: ClassVar[tuple[str, ...]] = ("rule",)

    key: str
    rule: str = "rule"


def chart(account):
    return Terms(floor=None) if account == OUTSIDE else Terms(Money(1000))


@pytest.fixture
def do():
    """Runs one transaction of a store that keeps two requests that are past."""
    store = MemoryStore(chart, retain=2)

    async def run(work):
        return await store.run("default", work)

    run.store = store
    return run


def job(number, what="work"):
    return Job(f"{what}:{number}", what, NOON + timedelta(seconds=number), "subject", born_in=f"r{number}")


async def begin(do, *numbers):
    for number in numbers:
        await do(lambda tx, number=number: (tx.put(Part(f"part {number}", f"r{number}")), tx.put(job(number))))


async def end(do, *numbers):
    for number in numbers:
        await do(lambda tx, number=number: tx.done(job(number)))


async def kept(do, kind=Part, **asked):
    return [record.key for record in await do(lambda tx: tx.find(kind, **asked))]


async def test_what_is_past_is_kept_up_to_a_number(do):
    await begin(do, 1, 2, 3)
    assert await kept(do) == ["part 1", "part 2", "part 3"]
    await end(do, 1, 2)
    assert await kept(do) == ["part 1", "part 2", "part 3"]
    await end(do, 3)
    assert await kept(do) == ["part 2", "part 3"]
    assert await do(lambda tx: tx.get(Part, "part 1")) is None
    assert await kept(do, by="colour", value="red") == ["part 2", "part 3"]


async def test_what_has_an_open_job_is_never_forgotten(do):
    await begin(do, 1, 2, 3, 4)
    await end(do, 2, 3, 4)
    assert await kept(do) == ["part 1", "part 3", "part 4"]


async def test_a_job_that_follows_another_goes_on(do):
    await begin(do, 1, 2, 3)
    await do(lambda tx: (tx.done(job(1)), tx.put(job(1, "deliver"))))
    await end(do, 2, 3)
    assert await kept(do) == ["part 1", "part 2", "part 3"]
    await do(lambda tx: tx.done(job(1, "deliver")))
    assert await kept(do) == ["part 1", "part 3"]


async def test_a_job_that_is_put_again_or_dropped_twice_counts_once(do):
    await begin(do, 1, 2, 3)
    await do(lambda tx: tx.put(job(1)))
    await end(do, 1, 1, 2, 3)
    assert await kept(do) == ["part 2", "part 3"]


async def test_what_gets_another_job_is_present_again(do):
    await begin(do, 1, 2)
    await end(do, 1, 2)
    await do(lambda tx: tx.put(job(1, "redeliver")))
    await begin(do, 3, 4)
    await end(do, 3, 4)
    assert await kept(do) == ["part 1", "part 3", "part 4"]


async def test_what_belongs_to_no_request_stays(do):
    await do(lambda tx: (tx.put(Lasting("a")), tx.put(Part("of nobody", "")), tx.put(Job("j", "work", NOON, "x"))))
    await do(lambda tx: tx.drop(Job, "j"))
    await begin(do, 1, 2, 3)
    await end(do, 1, 2, 3)
    assert (await kept(do, Lasting), await kept(do)) == (["a"], ["of nobody", "part 2", "part 3"])


async def test_a_list_goes_on_behind_what_was_forgotten(do):
    await begin(do, 1, 2, 3)
    with pytest.raises(UnknownCursor):
        await kept(do, after="part 0")
    await end(do, 1, 2, 3)
    assert await kept(do, after="part 1") == ["part 2", "part 3"]
    assert await kept(do, after="part 2") == ["part 3"]


async def pay(do, number, minor):
    """One request that moves money from Ann to Ben, and is past."""

    def work(tx):
        entry = Entry(f"entry:p{number}", NOON, f"p{number}", transfer(ANN, BEN, Money(minor)), f"r{number}")
        tx.post(entry)
        tx.put(job(number))

    await do(work)
    await end(do, number)


async def test_entries_that_go_are_summed_up_in_the_checkpoint(do):
    for number in range(1, 5):
        await pay(do, number, 100 * number)
    checkpoint, *entries = await do(lambda tx: tx.find(Entry))
    assert [entry.key for entry in entries] == ["entry:p3", "entry:p4"]
    assert (checkpoint.key, checkpoint.payment) == (Checkpoint.KEY, "")
    assert {posting.account: posting.amount.minor for posting in checkpoint.postings} == {
        OUTSIDE: -2000,
        ANN: 1000 - 300,
        BEN: 1000 + 300,
    }


async def test_the_books_still_balance(do):
    for number in range(1, 9):
        await pay(do, number, 10 * number)
    accounts = {account.name: account for account in await do.store.accounts("default")}
    assert (accounts[ANN].balance, accounts[BEN].balance) == (Money(640), Money(1360))
    settled = {"p7": Money(70), "p8": Money(80)}
    told = audit(accounts, await do(lambda tx: tx.find(Entry)), settled)
    assert (told.is_balanced, told.difference, told.entries) == (True, ZERO, 3)


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        pytest.param({}, ["checkpoint", "entry:p3", "entry:p4"], id="all"),
        pytest.param({"limit": 1}, ["checkpoint"], id="the first"),
        pytest.param({"after": "checkpoint", "limit": 1}, ["entry:p3"], id="the next"),
        pytest.param({"after": "entry:p3"}, ["entry:p4"], id="behind one that is kept"),
        pytest.param({"after": "entry:p1"}, ["checkpoint", "entry:p3", "entry:p4"], id="behind one that is gone"),
        pytest.param({"by": "payment", "value": "p4"}, ["entry:p4"], id="of a payment"),
        pytest.param({"by": "payment", "value": "p1"}, [], id="of a payment that is gone"),
    ],
)
async def test_the_checkpoint_is_the_first_of_the_entries(do, asked, keys):
    for number in range(1, 5):
        await pay(do, number, 100)
    assert await kept(do, Entry, **asked) == keys


async def test_of_what_fades_those_are_kept_that_were_put_last(do):
    for key in ("a", "b", "a", "c", "c"):
        await do(lambda tx, key=key: tx.put(Fading(key)))
    assert await kept(do, Fading) == ["a", "c"]
    assert await kept(do, Fading, by="rule", value="rule") == ["a", "c"]
