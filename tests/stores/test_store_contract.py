"""What every store promises. A new store is one line in STORES."""

import asyncio
from datetime import timedelta
from typing import ClassVar

import pytest
from msgspec import Struct, field

from simulator.core.errors import AccountFull, InsufficientFunds
from simulator.core.jobs import Job
from simulator.core.journal import Event, EventKind
from simulator.core.ledger import OUTSIDE, AccountName, Entry, Terms, transfer
from simulator.core.money import ZERO, Money
from simulator.core.store import UnknownCursor
from simulator.core.virtual_clock import VIRTUAL_START as NOON
from simulator.stores.memory import MemoryStore
from simulator.stores.sqlite import SqliteStore
from simulator.stores.sqlite_file import open_file

STORES = [
    pytest.param(lambda folder: MemoryStore(chart), id="memory"),
    pytest.param(lambda folder: SqliteStore(open_file(folder / "store.db"), chart), id="sqlite"),
]
ANN, BEN = AccountName("subscriber:254700000001"), AccountName("subscriber:254700000002")


class Note(Struct, frozen=True):
    kind: ClassVar[str] = "note"
    indexes: ClassVar[tuple[str, ...]] = ("colour", "shape")

    key: str
    colour: str = "red"
    shape: str = field(default="round")


class Other(Struct, frozen=True):
    kind: ClassVar[str] = "other"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str


def chart(account):
    if account == OUTSIDE:
        return Terms(floor=None)
    return Terms(Money(1000) if account == ANN else ZERO, ceiling=Money(5000))


@pytest.fixture(params=STORES)
async def store(request, tmp_path):
    store = request.param(tmp_path)
    yield store
    await store.close()


@pytest.fixture
def do(store):
    """Runs one transaction."""

    async def run(work, world="default"):
        return await store.run(world, work)

    return run


def event(number=0, payment=""):
    return Event(EventKind.PAYMENT, NOON, {"number": number}, payment=payment)


def job(key, seconds=0, born_in=""):
    return Job(key, "work", NOON + timedelta(seconds=seconds), "subject", born_in=born_in)


def entry(key, source, destination, minor, payment=""):
    return Entry(key, NOON, payment, transfer(source, destination, Money(minor)))


def put_all(*records):
    def work(tx):
        for record in records:
            tx.put(record)

    return work


async def claim(store, seconds=0, limit=10, held=(), world="default"):
    until = NOON + timedelta(seconds=seconds)
    return [found.key for found in await store.claim(world, until=until, limit=limit, held=held)]


async def snapshot(store, world="default"):
    """All that a world shows of itself, but for its claimed jobs."""

    def work(tx):
        kinds = (Note, Other, Entry, Job)
        return [tx.find(kind) for kind in kinds], [tx.balance(name).balance for name in (ANN, BEN, OUTSIDE)]

    return (
        await store.run(world, work),
        await store.events(world, after=0, limit=100),
        await store.accounts(world),
        await store.next_due(world, held=()),
    )


# Transactions.


async def test_work_gives_its_result(do):
    assert await do(lambda tx: "result") == "result"


def everything(tx):
    tx.put(Note("kept", colour="blue"))
    tx.put(Note("new"))
    tx.drop(Other, "kept")
    tx.put(job("new", 5))
    tx.drop(Job, "kept")
    tx.append(event(9))
    tx.post(entry("e9", ANN, BEN, 300))


def breaks(tx):
    everything(tx)
    raise ZeroDivisionError


def overdraws(tx):
    everything(tx)
    tx.post(entry("e10", ANN, BEN, 900))


def overfills(tx):
    everything(tx)
    tx.post(entry("e10", OUTSIDE, BEN, 4900))


@pytest.mark.parametrize(
    ("work", "error"),
    [
        pytest.param(breaks, ZeroDivisionError, id="it raises"),
        pytest.param(overdraws, InsufficientFunds, id="a floor at commit"),
        pytest.param(overfills, AccountFull, id="a ceiling at commit"),
    ],
)
async def test_a_failed_work_leaves_no_trace(store, do, work, error):
    await do(put_all(Note("kept"), Other("kept"), job("kept", 1)))
    await do(lambda tx: (tx.append(event(1)), tx.post(entry("e1", ANN, BEN, 100))))
    before = await snapshot(store)
    with pytest.raises(error):
        await do(work)
    assert await snapshot(store) == before
    assert await claim(store, seconds=60) == ["kept"]


async def test_a_good_work_does_all_of_it(store, do):
    await do(put_all(Note("kept"), Other("kept"), job("kept", 1)))
    await do(everything)
    (notes, others, _, _), balances = await do(
        lambda tx: ([tx.find(kind) for kind in (Note, Other, Entry, Job)], [tx.balance(ANN), tx.balance(BEN)])
    )
    assert (notes, others) == ([Note("kept", colour="blue"), Note("new")], [])
    assert [account.balance for account in balances] == [Money(700), Money(300)]
    assert [one.data["number"] for one in await store.events("default", after=0, limit=9)] == [9]
    assert await claim(store, seconds=60) == ["new"]


async def test_work_reads_its_own_writes(do):
    def work(tx):
        tx.put(Note("a"))
        put = tx.get(Note, "a")
        tx.put(Note("a", colour="blue"))
        changed = tx.get(Note, "a")
        tx.drop(Note, "a")
        return put, changed, tx.get(Note, "a")

    assert await do(work) == (Note("a"), Note("a", colour="blue"), None)
    assert await do(lambda tx: tx.get(Note, "a")) is None


async def test_what_is_dropped_and_put_again_is_there(do):
    await do(put_all(Note("a")))
    await do(lambda tx: (tx.drop(Note, "a"), tx.put(Note("a", colour="blue"))))
    assert await do(lambda tx: (tx.get(Note, "a"), tx.find(Note, by="colour", value="red"))) == (
        Note("a", colour="blue"),
        [],
    )


async def test_dropping_what_is_not_there_does_no_harm(do):
    await do(lambda tx: (tx.drop(Note, "a"), tx.drop(Job, "a")))
    assert await do(lambda tx: tx.find(Note)) == []


async def test_kinds_with_equal_keys_are_different_records(do):
    await do(put_all(Note("a"), Other("a")))
    await do(lambda tx: tx.drop(Other, "a"))
    assert await do(lambda tx: (tx.get(Note, "a"), tx.get(Other, "a"))) == (Note("a"), None)


# Transactions at once.


def count_up(key):
    """Reads a number and writes the next: a work that must see all that came before it."""

    def work(tx):
        note = tx.get(Note, key)
        tx.put(Note(key, colour=str(int(note.colour) + 1 if note else 1)))
        return tx.find(Note, by="colour", value="1")

    return work


async def test_works_at_once_see_each_other_in_their_order(do):
    found = await asyncio.gather(*[do(count_up("a")) for _ in range(20)])
    assert found[:3] == [[], [Note("a", colour="1")], []]
    assert await do(lambda tx: tx.get(Note, "a")) == Note("a", colour="20")


async def test_a_work_that_fails_undoes_no_other_of_its_time(store, do):
    works = [put_all(Note("a")), breaks, put_all(Note("b")), overdraws, everything]
    told = await asyncio.gather(*[do(work) for work in works], return_exceptions=True)
    assert [type(one) for one in told] == [type(None), ZeroDivisionError, type(None), InsufficientFunds, type(None)]
    assert await do(lambda tx: [note.key for note in tx.find(Note)]) == ["a", "b", "kept", "new"]
    assert [one.data["number"] for one in await store.events("default", after=0, limit=9)] == [9]
    assert {account.name: account.balance.minor for account in await store.accounts("default")}[BEN] == 300


async def test_money_is_judged_in_order_among_works_at_once(do):
    payments = [do(lambda tx, key=f"e{number}": tx.post(entry(key, ANN, BEN, 300))) for number in range(5)]
    told = await asyncio.gather(*payments, return_exceptions=True)
    assert [type(one) for one in told] == [type(None)] * 3 + [InsufficientFunds] * 2
    assert (await do(lambda tx: tx.balance(ANN))).balance == Money(100)


async def test_what_is_put_dropped_and_put_again_at_once_is_there_as_the_youngest(do):
    await do(put_all(Note("a"), Note("b")))
    await asyncio.gather(
        do(lambda tx: tx.drop(Note, "a")), do(put_all(Note("a", "blue"))), do(put_all(Note("a", "green")))
    )
    assert await do(lambda tx: tx.find(Note)) == [Note("b"), Note("a", "green")]
    assert await do(lambda tx: tx.find(Note, after="b")) == [Note("a", "green")]


async def test_a_page_is_full_whatever_else_is_going_on(do):
    await do(put_all(*(Note(key) for key in "abcdef")))
    works = [lambda tx: tx.drop(Note, "b"), put_all(Note("a", "blue"), Note("g")), lambda tx: tx.drop(Note, "d")]
    *_, found = await asyncio.gather(
        *[do(work) for work in works],
        do(lambda tx: (tx.find(Note, limit=4), tx.find(Note, by="colour", value="red", after="c", limit=3))),
    )
    assert [[note.key for note in page] for page in found] == [["a", "c", "e", "f"], ["e", "f", "g"]]


async def test_a_caller_that_is_cancelled_leaves_no_half(store, do):
    await do(put_all(Note("kept"), Other("kept"), job("kept", 1)))
    caller = asyncio.create_task(do(everything))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait([caller])
    assert await do(lambda tx: (tx.get(Note, "new"), tx.get(Other, "kept"), tx.balance(BEN).balance)) == (
        Note("new"),
        None,
        Money(300),
    )
    assert await claim(store, seconds=60) == ["new"]


# Finding.


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        pytest.param({}, "abcde", id="all"),
        pytest.param({"limit": 2}, "ab", id="so many"),
        pytest.param({"after": "b"}, "cde", id="after one"),
        pytest.param({"after": "b", "limit": 2}, "cd", id="so many after one"),
        pytest.param({"after": "e"}, "", id="after the last"),
        pytest.param({"by": "colour", "value": "red"}, "ace", id="by index"),
        pytest.param({"by": "colour", "value": "red", "after": "a", "limit": 1}, "c", id="by index, a page"),
        pytest.param({"by": "shape", "value": "square"}, "d", id="by another index"),
        pytest.param({"by": "colour", "value": "green"}, "", id="by a value that none has"),
        pytest.param({"by": "shape", "value": ""}, "e", id="by an empty value"),
    ],
)
async def test_find(do, asked, keys):
    notes = [Note("a"), Note("b", "blue"), Note("c"), Note("d", "blue", "square"), Note("e", shape="")]
    for note in notes:
        await do(put_all(note))
    assert "".join(found.key for found in await do(lambda tx: tx.find(Note, **asked))) == keys


async def test_a_changed_record_keeps_its_place_and_is_found_by_its_new_value(do):
    await do(put_all(Note("a"), Note("b")))
    await do(put_all(Note("a", colour="blue")))

    def work(tx):
        return tx.find(Note), tx.find(Note, by="colour", value="red"), tx.find(Note, by="colour", value="blue")

    assert await do(work) == ([Note("a", "blue"), Note("b")], [Note("b")], [Note("a", "blue")])


async def test_a_dropped_record_is_found_by_no_index(do):
    await do(put_all(Note("a"), Note("b")))
    await do(lambda tx: tx.drop(Note, "a"))
    assert await do(lambda tx: (tx.find(Note), tx.find(Note, by="colour", value="red"))) == ([Note("b")], [Note("b")])


async def test_records_are_found_oldest_first_however_late_they_came_to_have_the_value(do):
    for note in (Note("a"), Note("b", "blue"), Note("c", "blue"), Note("d"), Note("a", "blue"), Note("d", "blue")):
        await do(put_all(note))
    assert [found.key for found in await do(lambda tx: tx.find(Note, by="colour", value="blue"))] == [
        "a",
        "b",
        "c",
        "d",
    ]


async def test_a_search_goes_on_behind_a_record_that_has_the_value_no_more(do):
    await do(put_all(Note("a"), Note("b"), Note("c"), Note("d", "blue"), Note("e")))
    await do(put_all(Note("b", "blue")))
    found = await do(lambda tx: tx.find(Note, by="colour", value="red", after="b"))
    assert [one.key for one in found] == ["c", "e"]


async def test_what_is_dropped_and_put_again_later_is_the_youngest(do):
    await do(put_all(Note("a"), Note("b")))
    await do(lambda tx: tx.drop(Note, "a"))
    await do(put_all(Note("a", colour="blue")))
    assert await do(lambda tx: tx.find(Note)) == [Note("b"), Note("a", colour="blue")]


@pytest.mark.parametrize("cursor", ["never", "dropped"])
@pytest.mark.parametrize("by", [None, "colour"])
async def test_an_unknown_cursor_is_refused(do, cursor, by):
    await do(put_all(Note("a"), Note("dropped")))
    await do(lambda tx: tx.drop(Note, "dropped"))
    with pytest.raises(UnknownCursor, match=cursor):
        await do(lambda tx: tx.find(Note, by=by, value="red", after=cursor))
    with pytest.raises(UnknownCursor, match=cursor):
        await do(lambda tx: tx.find(Other, after=cursor))


async def test_find_lists_what_is_committed(do):
    assert await do(lambda tx: (tx.put(Note("a")), tx.find(Note))[1]) == []


async def test_worlds_do_not_see_each_other(store, do):
    await do(lambda tx: (everything(tx), tx.append(event(1))), world="one")
    await store.reserve("one", "payment", 10)
    assert await snapshot(store, "other") == await snapshot(store, "another")
    assert await claim(store, seconds=60, world="other") == []
    assert await store.reserve("other", "payment", 10) == 1


# Money.


async def test_the_first_posting_opens_an_account_from_outside(store, do):
    await do(lambda tx: tx.post(entry("e1", ANN, BEN, 300, payment="p1")))
    accounts = {account.name: account.balance.minor for account in await store.accounts("default")}
    assert accounts == {ANN: 700, BEN: 300, OUTSIDE: -1000}
    assert [one.key for one in await do(lambda tx: tx.find(Entry))] == [f"open:{ANN}", "e1"]
    assert [one.key for one in await do(lambda tx: tx.find(Entry, by="payment", value="p1"))] == ["e1"]


async def test_an_account_is_opened_once(store, do):
    for key in ("e1", "e2"):
        await do(lambda tx, key=key: tx.post(entry(key, ANN, BEN, 300)))
    accounts = {account.name: account.balance.minor for account in await store.accounts("default")}
    assert accounts == {ANN: 400, BEN: 600, OUTSIDE: -1000}


async def test_several_entries_of_one_work_are_judged_one_after_the_other(do):
    await do(lambda tx: [tx.post(entry(f"e{number}", ANN, BEN, 500)) for number in range(2)])
    with pytest.raises(InsufficientFunds):
        await do(lambda tx: tx.post(entry("e3", ANN, BEN, 1)))


async def test_an_account_that_was_never_touched_shows_its_opening_balance(store, do):
    assert (await do(lambda tx: tx.balance(ANN))).balance == Money(1000)
    assert await store.accounts("default") == []


async def test_a_balance_is_shown_as_committed(do):
    def work(tx):
        tx.post(entry("e1", ANN, BEN, 300))
        return tx.balance(ANN).balance

    assert await do(work) == Money(1000)
    assert (await do(lambda tx: tx.balance(ANN))).balance == Money(700)


# Jobs.


async def test_jobs_are_claimed_in_order_of_due_time_then_sequence(store, do):
    await do(put_all(job("c", 5), job("a", 2)))
    await do(put_all(job("d", 5), job("b", 2), job("later", 6)))
    assert await store.next_due("default", held=()) == NOON + timedelta(seconds=2)
    assert await claim(store, seconds=5) == ["a", "b", "c", "d"]


async def test_a_claim_is_limited(store, do):
    await do(put_all(*(job(key) for key in "abc")))
    assert await claim(store, limit=2) == ["a", "b"]
    assert await claim(store, limit=2) == ["c"]


async def test_a_job_is_claimed_once_and_stays_until_it_is_done(store, do):
    await do(put_all(job("a")))
    assert await claim(store) == ["a"]
    assert (await claim(store), await store.next_due("default", held=())) == ([], None)
    assert await do(lambda tx: tx.get(Job, "a")) == job("a")
    await do(lambda tx: tx.done(job("a")))
    assert await do(lambda tx: tx.get(Job, "a")) is None


async def test_a_job_that_is_put_again_is_due_at_its_new_time_only(store, do):
    await do(put_all(job("a", 1)))
    await do(put_all(job("a", 9)))
    assert await claim(store, seconds=8) == []
    assert await claim(store, seconds=9) == ["a"]


async def test_a_dropped_job_is_not_claimed(store, do):
    await do(put_all(job("a"), job("b")))
    await do(lambda tx: tx.drop(Job, "a"))
    assert await claim(store) == ["b"]


async def test_held_jobs_are_passed_over_and_keep_their_place(store, do):
    await do(put_all(job("a", 1, "r1"), job("b", 2, "r2"), job("c", 3)))
    assert await store.next_due("default", held={"r1", "r2"}) == NOON + timedelta(seconds=3)
    assert await claim(store, seconds=9, limit=1, held={"r1"}) == ["b"]
    assert await claim(store, seconds=9) == ["a", "c"]


async def test_a_claimed_job_that_is_put_again_is_due_again(store, do):
    await do(put_all(job("a")))
    assert await claim(store) == ["a"]
    await do(put_all(job("a", 5)))
    assert (await claim(store), await claim(store, seconds=5)) == ([], ["a"])


async def test_a_job_that_is_put_off_at_once_with_others_is_not_claimed_at_its_old_time(store, do):
    await do(put_all(job("a"), job("b")))
    off = [asyncio.create_task(do(put_all(job("a", 9)))), asyncio.create_task(do(lambda tx: tx.drop(Job, "b")))]
    await asyncio.sleep(0)
    assert await claim(store) == []
    await asyncio.gather(*off)
    assert await claim(store, seconds=9) == ["a"]


# Sequences.


async def test_a_block_of_numbers_is_nobody_elses(store):
    assert [await store.reserve("default", "payment", 1000) for _ in range(3)] == [1, 1001, 2001]
    assert await store.reserve("default", "receipt", 10) == 1


async def test_blocks_that_are_taken_at_once_do_not_overlap(store):
    assert await asyncio.gather(*[store.reserve("default", "payment", 10) for _ in range(4)]) == [1, 11, 21, 31]


# The journal.


@pytest.mark.parametrize(
    ("after", "limit", "numbers"),
    [
        pytest.param(0, 10, [0, 1, 2, 3, 4], id="all"),
        pytest.param(0, 2, [0, 1], id="the first"),
        pytest.param(2, 10, [2, 3, 4], id="after a cursor"),
        pytest.param(2, 1, [2], id="one after a cursor"),
        pytest.param(5, 10, [], id="after the last"),
        pytest.param(99, 10, [], id="after what is yet to come"),
    ],
)
async def test_events_are_read_in_order(store, do, after, limit, numbers):
    for number in range(5):
        await do(lambda tx, number=number: tx.append(event(number)))
    found = await store.events("default", after=after, limit=limit)
    assert [one.data["number"] for one in found] == numbers
    assert [one.sequence for one in found] == [number + 1 for number in numbers]


async def test_a_world_without_events_has_an_empty_journal(store):
    assert await store.events("default", after=0, limit=10) == []


# The end.


async def test_delete_forgets_all_of_one_world(store, do):
    await do(everything)
    await do(everything, world="other")
    await store.reserve("default", "payment", 10)
    await store.delete("default")
    assert await snapshot(store) == await snapshot(store, "never used")
    assert await store.reserve("default", "payment", 10) == 1
    assert await do(lambda tx: tx.get(Note, "new"), world="other") == Note("new")


async def test_a_deleted_world_begins_anew(store, do):
    await do(lambda tx: (everything(tx), tx.append(event(1))))
    await claim(store, seconds=60)
    await store.delete("default")
    await do(lambda tx: (everything(tx), tx.append(event(1))))
    assert [one.sequence for one in await store.events("default", after=0, limit=9)] == [1, 2]
    assert await claim(store, seconds=60) == ["new"]
    assert (await do(lambda tx: tx.balance(BEN))).balance == Money(300)


async def test_a_world_is_deleted_with_what_is_being_done_in_it(store, do):
    doing = [asyncio.create_task(do(put_all(Note(str(number))))) for number in range(5)]
    await asyncio.sleep(0)
    await store.delete("default")
    await asyncio.gather(*doing)
    assert await snapshot(store) == await snapshot(store, "never used")


async def test_the_worlds_are_those_with_records_by_name(store, do):
    for world in ("b", "a", "c"):
        await do(put_all(Note("a")), world=world)
    await store.delete("b")
    await store.events("read only", after=0, limit=1)
    assert await store.worlds() == ["a", "c"]


async def test_deleting_what_was_never_used_does_no_harm(store):
    await store.delete("nowhere")
