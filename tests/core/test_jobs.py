"""Jobs: order, holding, defects, and the loop of the system clock."""

import asyncio
from datetime import timedelta

import pytest

from simulator.core import job_runner
from simulator.core.job_runner import JobRunner
from simulator.core.jobs import Job
from simulator.core.journal import EventKind

SOON = 5  # real seconds, as a net


@pytest.fixture
def ran():
    return []


@pytest.fixture
def handlers(ran):
    async def note(world, job):
        if await world.run(lambda tx: tx.get(Job, job.key)) is not None:
            ran.append(job.key)
            await world.run(lambda tx: tx.done(job))

    async def breaks(world, job):
        ran.append(job.key)
        raise ZeroDivisionError("a defect of ours")

    return {"note": note, "breaks": breaks}


@pytest.fixture
async def world(simulate, handlers):
    return await simulate(jobs=handlers).open("default")


@pytest.fixture
async def real(simulate, handlers):
    """A world on the system clock."""
    return await simulate(jobs=handlers, is_virtual=False).open("default")


async def put(world, key, seconds=0.0, work="note", born_in=""):
    job = Job(key, work, world.now() + timedelta(seconds=seconds), "subject", born_in=born_in)
    await world.run(lambda tx: tx.put(job))
    return job


async def test_jobs_run_in_order_of_due_time_then_sequence(world, ran):
    for key, seconds in (("c", 5), ("a", 2), ("d", 5), ("b", 2)):
        await put(world, key, seconds)
    assert await world.clock.advance(seconds=10) == 4
    assert ran == ["a", "b", "c", "d"]


async def test_a_job_is_held_while_the_request_that_made_it_is_open(world, ran):
    world.open_requests.add("r1")
    await put(world, "held", 1, born_in="r1")
    await put(world, "free", 2, born_in="r2")
    await world.clock.advance(seconds=5)
    assert ran == ["free"]
    world.release("r1")
    await world.clock.advance(seconds=0)
    assert ran == ["free", "held"]


async def test_a_request_that_is_over_lets_its_jobs_go(world, ran):
    world.open_requests.add("r1")
    await put(world, "held", born_in="r1")
    world.request_over("r1")
    world.request_over("r1")
    await asyncio.sleep(0)
    await world.clock.advance(seconds=0)
    assert ran == ["held"]


async def test_a_dropped_job_never_runs(world, ran):
    await put(world, "dropped", 1)
    await world.run(lambda tx: tx.drop(Job, "dropped"))
    assert await world.clock.advance(seconds=5) == 0
    assert ran == []


@pytest.mark.parametrize(
    ("work", "told"),
    [
        pytest.param("breaks", "ZeroDivisionError: a defect of ours", id="its handler raises"),
        pytest.param("unheard of", "KeyError: 'unheard of'", id="it has no handler"),
    ],
)
async def test_a_defect_is_journalled_and_the_job_is_not_repeated(world, ran, events, record, caplog, work, told):
    await put(world, "broken", 1, work=work)
    await put(world, "next", 2)
    assert await world.clock.advance(seconds=5) == 2
    (error,) = await events(world, EventKind.ERROR)
    assert error.data["job"] == "broken"
    assert error.data["traceback"].strip().endswith(told)
    assert await record(world, Job, "broken") is None
    assert ran[-1] == "next"
    assert "job broken of world default failed" in caplog.text


async def test_a_job_is_named_for_its_work_subject_and_destination(simulate):
    world = await simulate().open("default")
    runner = JobRunner(world, {})
    await world.run(lambda tx: tx.put(Job("j", "deliver", world.now(), "c1", {"to": "http://app.test/x"})))
    name, _ = await runner.start_next(world.now())
    assert name == "deliver c1 to http://app.test/x"
    assert await runner.start_next(world.now()) is None


# The system clock's loop.


@pytest.fixture
def ended(real):
    """Waits until a condition holds, looking whenever the world changes."""

    async def wait(condition):
        changed = asyncio.Event()
        real.watch(changed)
        async with asyncio.timeout(SOON):
            while not condition():
                await changed.wait()
                changed.clear()
        real.unwatch(changed)

    return wait


async def test_the_loop_runs_what_is_due_in_order(real, ran, ended):
    await real.run(
        lambda tx: [tx.put(Job(key, "note", real.now() - timedelta(seconds=9 - n), "s")) for n, key in enumerate("abc")]
    )
    await ended(lambda: len(ran) == 3)
    assert ran == ["a", "b", "c"]


async def test_the_loop_wakes_for_a_job_that_comes_before_what_it_waits_for(real, ran, ended):
    await put(real, "tomorrow", 86_400)
    await put(real, "today")
    await ended(lambda: ran)
    assert ran == ["today"]


async def test_the_loop_waits_for_what_is_not_yet_due(real, ran, ended):
    job = await put(real, "soon", 0.02)
    await ended(lambda: ran)
    assert real.now() >= job.due


async def test_the_loop_holds_back_what_was_born_in_an_open_request(real, ran, ended):
    real.open_requests.add("r1")
    await put(real, "held", born_in="r1")
    await put(real, "free")
    await ended(lambda: ran)
    assert ran == ["free"]
    real.request_over("r1")
    await ended(lambda: len(ran) == 2)


async def test_a_job_that_waits_holds_up_no_other(simulate):
    running, may_end, all_run = set(), asyncio.Event(), asyncio.Event()

    async def waits(world, job):
        running.add(job.key)
        if len(running) == count:
            all_run.set()
        await may_end.wait()
        await world.run(lambda tx: tx.done(job))

    count = 2 * job_runner.JOBS_AT_A_TIME + 1
    world = await simulate(is_virtual=False, jobs={"waits": waits}).open("default")
    for number in range(count):
        await put(world, f"j{number}", work="waits")
    async with asyncio.timeout(SOON):
        await all_run.wait()
    may_end.set()


async def test_the_loop_survives_a_defect(real, ran, ended):
    await put(real, "broken", work="breaks")
    await ended(lambda: ran)
    await put(real, "next")
    await ended(lambda: "next" in ran)


async def test_closing_the_simulation_cancels_what_runs(simulate):
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def waits(world, job):
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    simulation = simulate(is_virtual=False, jobs={"waits": waits})
    world = await simulation.open("default")
    await put(world, "j", work="waits")
    async with asyncio.timeout(SOON):
        await began.wait()
        await simulation.close()
        await cancelled.wait()
