"""What the memory store does differently from what every store promises: it forgets."""

import pytest

from simulator.stores.memory import MemoryStore
from tests.stores.test_store_contract import chart, event


@pytest.mark.parametrize(
    ("after", "numbers"),
    [
        pytest.param(0, [4, 5, 6], id="from the oldest that is kept"),
        pytest.param(2, [4, 5, 6], id="after one that is gone"),
        pytest.param(5, [5, 6], id="after one that is kept"),
    ],
)
async def test_the_journal_is_a_ring_that_keeps_the_last_events(after, numbers):
    store = MemoryStore(chart, events_kept=3)
    for number in range(7):
        await store.run("default", lambda tx, number=number: tx.append(event(number)))
    found = await store.events("default", after=after, limit=10)
    assert [(one.sequence, one.data["number"]) for one in found] == [(number + 1, number) for number in numbers]
