"""A store that can keep nothing any more: the provider breaks down as providers do, and acknowledges nothing."""

import contextlib
import sqlite3


async def test_a_request_that_cannot_be_kept_is_the_providers_own_internal_error(start, tmp_path):
    file = tmp_path / "store.db"
    sim = await start(store=f"sqlite:///{file}")
    await sim.authorization()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    answer = await sim.push()
    assert (answer.status, answer.body["errorMessage"]) == (500, "Internal Server Error")
    assert str(await sim.simulation.shared.store.broken()) == f"{file}: disk is full"
