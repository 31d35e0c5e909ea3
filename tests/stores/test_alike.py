"""Whatever is done to them, at once or one after the other, the stores show the same; a file also after it was opened
again."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.core.jobs import Job
from simulator.core.ledger import Entry
from simulator.core.store import UnknownCursor
from simulator.stores.memory import MemoryStore
from simulator.stores.sqlite import SqliteStore
from simulator.stores.sqlite_file import open_file
from tests.stores.test_store_contract import ANN, BEN, OUTSIDE, Note, Other, chart, claim, entry, event, job

KEYS, COLOURS = "abcd", ("red", "blue", "green")
keys, colours = st.sampled_from(KEYS), st.sampled_from(COLOURS)
STEPS = st.one_of(
    st.builds(lambda key, colour: lambda tx: tx.put(Note(key, colour)), keys, colours),
    st.builds(lambda key: lambda tx: tx.drop(Note, key), keys),
    st.builds(lambda key: lambda tx: tx.put(Other(key)), keys),
    st.builds(lambda key: lambda tx: tx.drop(Other, key), keys),
    st.builds(lambda key, due: lambda tx: tx.put(job(key, due)), keys, st.integers(0, 20)),
    st.builds(lambda key: lambda tx: tx.drop(Job, key), keys),
    st.builds(lambda number: lambda tx: tx.append(event(number)), st.integers(0, 9)),
    st.builds(lambda key, minor: lambda tx: tx.post(entry(key, ANN, BEN, minor)), keys, st.integers(1, 600)),
    st.just(lambda tx: 1 / 0),
)
WORKS = st.lists(STEPS, min_size=1, max_size=3)
AT_ONCE = st.lists(WORKS, min_size=1, max_size=4)


def seen(tx):
    """All that a transaction can see."""

    def find(kind, **about):
        try:
            return tx.find(kind, **about)
        except UnknownCursor:
            return "unknown"

    notes = [
        find(Note, by=by, value=value, after=after, limit=limit)
        for by, value in ((None, None), *(("colour", colour) for colour in COLOURS))
        for after in (None, *KEYS)
        for limit in (None, 2)
    ]
    records = [tx.get(kind, key) for kind in (Note, Other, Job, Entry) for key in KEYS]
    balances = [tx.balance(name) for name in (ANN, BEN, OUTSIDE)]
    return notes, records, balances, find(Other), find(Entry)


async def outcomes_of(store, works):
    """What became of works at once, and what another sees that comes right behind them."""

    def work_of(steps):
        return lambda tx: [step(tx) for step in steps]

    running = [store.run("default", work_of(steps)) for steps in works]
    told = await asyncio.gather(*running, store.run("default", seen), return_exceptions=True)
    return [repr(one) if isinstance(one, Exception) else one for one in told]


async def all_of(store):
    jobs = await claim(store, seconds=60)
    told = await store.run("default", lambda tx: (seen(tx), sorted((tx.get(Job, key).due, key) for key in jobs)))
    return told, await store.events("default", after=0, limit=99), await store.accounts("default")


@settings(max_examples=60, deadline=None)
@given(st.lists(AT_ONCE, max_size=5), st.integers(0, 5))
def test_the_file_is_like_the_memory(story, opened_again_after):
    async def tell(folder):
        memory, sqlite = MemoryStore(chart), SqliteStore(open_file(folder / "x.db"), chart)
        for number, works in enumerate(story):
            assert await outcomes_of(sqlite, works) == await outcomes_of(memory, works)
            if number == opened_again_after:
                await sqlite.close()
                sqlite = SqliteStore(open_file(folder / "x.db"), chart)
        assert await all_of(sqlite) == await all_of(memory)
        await sqlite.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(tell(Path(folder)))
