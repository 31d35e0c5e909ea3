"""The two clocks, to the letter of "Time is data" in the style guide."""

import asyncio
import contextlib
import itertools
from datetime import timedelta

import pytest

from simulator.core.clock import SystemClock, Unanswered
from simulator.core.virtual_clock import VIRTUAL_START, VirtualClock


class Jobs:
    """An agenda of our own: what `add` was told, in order of (due, sequence)."""

    def __init__(self, clock):
        self._clock = clock
        self._rows = []
        self._numbers = itertools.count()

    def add(self, seconds, run, name="job"):
        self._rows.append((self._clock.now() + timedelta(seconds=seconds), next(self._numbers), name, run))
        self._rows.sort(key=lambda row: row[:2])

    async def next_due(self):
        return self._rows[0][0] if self._rows else None

    async def start_next(self, until):
        if not self._rows or self._rows[0][0] > until:
            return None
        _, _, name, run = self._rows.pop(0)
        return name, run


@pytest.fixture
def clock():
    return VirtualClock(answer_timeout_seconds=2)


@pytest.fixture
def hasty():
    """A clock that waits 0.05 s for an answer."""
    return VirtualClock(answer_timeout_seconds=0.05)


@pytest.fixture
def jobs(clock):
    made = Jobs(clock)
    clock.attach(made)
    return made


@pytest.fixture
def log():
    return []


@pytest.fixture
def note(log):
    """Makes a job that notes a word and the time."""

    def make(clock, word):
        async def run():
            log.append(f"{word} at {at(clock):g}")

        return run

    return make


def at(clock):
    """Seconds since the clock started."""
    return (clock.now() - VIRTUAL_START).total_seconds()


async def let_run():
    """Lets every task go on until it waits for something that is not there."""
    for _ in range(20):
        await asyncio.sleep(0)


async def soon(awaitable):
    """Real seconds are only a net for a test that hangs."""
    return await asyncio.wait_for(awaitable, 5)


@contextlib.asynccontextmanager
async def background(*coroutines):
    """Runs what is told beside the test, and ends it with the block."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    await let_run()
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# Wanting.


async def test_nothing_wanted_nothing_moves(clock, jobs, note, log):
    jobs.add(1, note(clock, "job"))
    async with clock.timeout(5):
        await let_run()
    assert (at(clock), log) == (0, [])


@pytest.mark.parametrize(
    ("wanted", "told", "ends_at", "ran"),
    [
        pytest.param({"seconds": 10}, ["a at 3", "b at 3", "c at 7"], 10, 3, id="seconds"),
        pytest.param({"to": VIRTUAL_START + timedelta(seconds=5)}, ["a at 3", "b at 3"], 5, 2, id="to a time"),
        pytest.param({"to": VIRTUAL_START}, [], 0, 0, id="to now"),
        pytest.param({"seconds": 0}, [], 0, 0, id="no seconds"),
        pytest.param({"seconds": 7}, ["a at 3", "b at 3", "c at 7"], 7, 3, id="what is due at the end belongs to it"),
        pytest.param({"jobs": 1}, ["a at 3"], 3, 1, id="one job"),
        pytest.param({"jobs": 2}, ["a at 3", "b at 3"], 3, 2, id="two jobs"),
        pytest.param({"jobs": 9}, ["a at 3", "b at 3", "c at 7"], 7, 3, id="more jobs than there are"),
        pytest.param({"jobs": 0}, [], 0, 0, id="no jobs"),
    ],
)
async def test_an_advance_moves_so_far_and_counts_the_jobs(clock, jobs, note, log, wanted, told, ends_at, ran):
    jobs.add(7, note(clock, "c"))
    jobs.add(3, note(clock, "a"))
    jobs.add(3, note(clock, "b"))
    assert await soon(clock.advance(**wanted)) == ran
    assert (log, at(clock)) == (told, ends_at)


async def test_a_job_made_on_the_way_runs_on_the_way(clock, jobs, note, log):
    async def makes_another():
        jobs.add(2, note(clock, "child"))

    jobs.add(3, makes_another)
    assert await soon(clock.advance(seconds=10)) == 2
    assert log == ["child at 5"]


@pytest.mark.parametrize(
    "back",
    [
        pytest.param({"to": VIRTUAL_START - timedelta(seconds=1)}, id="to a time"),
        pytest.param({"seconds": -1}, id="negative seconds"),
    ],
)
async def test_a_clock_does_not_go_back(clock, back):
    with pytest.raises(ValueError, match="back"):
        await soon(clock.advance(**back))
    assert at(clock) == 0


async def test_an_advance_without_an_agenda_only_moves(clock):
    assert await soon(clock.advance(seconds=5)) == 0
    assert at(clock) == 5


async def test_two_advances_at_once_each_return_with_the_jobs_on_their_way(clock, jobs, note, log):
    jobs.add(3, note(clock, "a"))
    jobs.add(8, note(clock, "b"))
    assert await soon(asyncio.gather(clock.advance(seconds=10), clock.advance(seconds=5))) == [2, 1]
    assert (log, at(clock)) == (["a at 3", "b at 8"], 10)


async def test_the_shorter_of_two_advances_does_not_wait_for_the_longer(clock, jobs):
    answered = asyncio.Event()
    jobs.add(8, answered.wait)
    async with background(clock.advance(seconds=10), clock.advance(seconds=5)) as (longer, shorter):
        assert (shorter.done(), longer.done()) == (True, False)
        answered.set()
        assert await soon(longer) == 1


async def test_an_advance_that_is_cancelled_wants_nothing_any_more(clock, jobs, note, log):
    answered = asyncio.Event()

    jobs.add(1, answered.wait)
    jobs.add(2, note(clock, "later"))
    async with background(clock.advance(seconds=10)):
        assert at(clock) == 1
    answered.set()
    await let_run()
    assert (at(clock), log) == (1, [])
    assert await soon(clock.advance(seconds=1)) == 1
    assert log == ["later at 2"]


async def test_clocks_of_several_worlds_are_independent(clock, jobs, note, log):
    other = VirtualClock()
    others = Jobs(other)
    other.attach(others)
    others.add(1, note(other, "other"))
    jobs.add(1, note(clock, "mine"))
    with other.flight("busy over there"):
        await soon(clock.advance(seconds=4))
    assert (log, at(clock), at(other)) == (["mine at 1"], 4, 0)


# One thing at a time.


async def test_a_job_comes_before_a_timer_of_the_same_time(clock, jobs, note, log):
    async def sleeper():
        with clock.flight("step"):
            await clock.sleep(3)
            await note(clock, "timer")()

    jobs.add(3, note(clock, "job"))
    async with background(sleeper()):
        await soon(clock.advance(seconds=5))
    assert log == ["job at 3", "timer at 3"]


async def test_the_next_thing_fires_only_when_the_last_was_answered(clock, jobs, note, log):
    answered = asyncio.Event()

    async def delivery():
        log.append("sent")
        await answered.wait()
        log.append("answered")

    jobs.add(1, delivery)
    jobs.add(1, note(clock, "next"))
    async with background(clock.advance(seconds=5)) as (advance,):
        assert (log, at(clock)) == (["sent"], 1)
        answered.set()
        assert await soon(advance) == 2
    assert log == ["sent", "answered", "next at 1"]


async def test_nothing_fires_while_a_step_is_in_flight(clock, jobs, note, log):
    jobs.add(1, note(clock, "job"))
    async with background() as _:
        with clock.flight("step"):
            advance = asyncio.create_task(clock.advance(seconds=2))
            await let_run()
            assert (log, at(clock)) == ([], 0)
        await soon(advance)
    assert log == ["job at 1"]


class Vanishing:
    """An agenda whose one job, due in 2 s, is dropped between the look and the claim: a store may let others in."""

    def __init__(self, clock):
        self._found = [clock.now() + timedelta(seconds=2)]

    async def next_due(self):
        return self._found.pop() if self._found else None

    async def start_next(self, until):
        return None


async def test_a_job_that_vanishes_fires_no_timer_early(clock):
    clock.attach(Vanishing(clock))
    await soon(clock.sleep(9))
    assert at(clock) == 9


async def test_a_job_that_vanishes_does_no_harm(clock):
    clock.attach(Vanishing(clock))
    assert await soon(clock.advance(seconds=5)) == 0
    assert at(clock) == 5


# Parking.


async def test_a_parked_request_moves_time_to_its_release(clock, jobs, note, log):
    jobs.add(2, note(clock, "on the way"))
    jobs.add(9, note(clock, "beyond"))
    await soon(clock.sleep(5))
    assert (log, at(clock)) == (["on the way at 2"], 5)


@pytest.mark.parametrize("seconds", [pytest.param(0, id="none"), pytest.param(-1, id="fewer")])
async def test_a_sleep_of_no_time_does_not_park(clock, seconds):
    await soon(clock.sleep(seconds))
    assert at(clock) == 0


async def test_a_request_parked_while_a_delivery_is_unanswered_waits_for_an_advance(clock, jobs, log):
    async def callback_handler():
        await clock.sleep(20)
        log.append(f"handled at {at(clock):g}")

    jobs.add(1, callback_handler)
    await soon(clock.advance(seconds=5))
    await let_run()
    assert (log, at(clock)) == ([], 5)
    await soon(clock.advance(seconds=20))
    assert log == ["handled at 21"]


async def test_a_request_parked_beside_an_unanswered_delivery_wants_nothing_even_when_that_is_answered(clock, jobs):
    answered = asyncio.Event()
    jobs.add(1, answered.wait)
    async with background(clock.advance(seconds=1)) as (advance,), background(clock.sleep(60)) as (sleep,):
        answered.set()
        await soon(advance)
        await let_run()
        assert (sleep.done(), at(clock)) == (False, 1)
        await soon(clock.advance(seconds=60))
        assert sleep.done()


async def test_waiting_for_an_event_during_a_delivery_moves_no_time_beyond_the_advance(clock, jobs, note, log):
    """A request parked while a delivery of its world is unanswered wants nothing, whatever it waits for."""
    happened = asyncio.Event()

    async def callback_handler():
        log.append(f"happened: {await clock.until(happened)}")

    jobs.add(1, callback_handler)
    jobs.add(30, note(clock, "far off"))
    await soon(clock.advance(seconds=5))
    await let_run()
    assert (log, at(clock)) == ([], 5)
    happened.set()


async def test_a_parked_request_that_is_cancelled_is_forgotten(clock):
    with clock.flight("at work"), clock.flight("step"):
        async with background(clock.sleep(60)):
            pass
    assert await soon(clock.advance(seconds=1)) == 0
    await let_run()
    assert at(clock) == 1


async def test_parked_requests_are_released_in_order_each_once_the_world_is_quiet(clock, log):
    async def step(word, seconds):
        with clock.flight(word):
            await clock.sleep(seconds)
            log.append(f"{word} released at {at(clock):g}")
            await let_run()
            log.append(f"{word} ended at {at(clock):g}")

    await soon(asyncio.gather(step("slow", 8), step("fast", 3), step("also fast", 3)))
    assert log == [
        "fast released at 3",
        "fast ended at 3",
        "also fast released at 3",
        "also fast ended at 3",
        "slow released at 8",
        "slow ended at 8",
    ]


async def test_two_parks_in_one_chain_are_both_released(clock):
    with clock.flight("app request"):
        await soon(asyncio.gather(clock.sleep(5), clock.sleep(7)))
    assert at(clock) == 7


async def test_two_parks_in_one_chain_do_not_speak_for_a_step_that_began_later(clock):
    working = asyncio.Event()

    async def later_step():
        with clock.flight("later step"):
            await working.wait()

    with clock.flight("app request"):
        async with background(clock.sleep(5), clock.sleep(7), later_step()) as tasks:
            assert at(clock) == 0
            working.set()
            await soon(asyncio.gather(*tasks))
    assert at(clock) == 7


async def test_two_parks_of_one_chain_after_each_other(clock, log):
    with clock.flight("step"):
        await soon(clock.sleep(2))
        await soon(clock.sleep(3))
    assert at(clock) == 5


async def test_an_orphaned_park_does_not_let_a_later_delivery_count_as_parked(clock, jobs, note, log):
    """The app gave up in real time and answered, the provider's request still parks; the next callback is at work."""
    first, second = asyncio.Event(), asyncio.Event()
    jobs.add(1, first.wait, "first delivery")
    jobs.add(2, second.wait, "second delivery")
    jobs.add(2, note(clock, "third delivery"))
    async with background(clock.advance(seconds=2)) as (advance,), background(clock.sleep(600)):
        first.set()
        await let_run()
        assert (at(clock), log, advance.done()) == (2, [], False)
        second.set()
        assert await soon(advance) == 3
    assert log == ["third delivery at 2"]


# Deadlines.


async def test_a_deadline_costs_no_time_by_itself(clock):
    async with clock.timeout(30):
        await let_run()
    await soon(clock.advance(jobs=1))
    assert at(clock) == 0


async def test_an_answer_before_the_deadline_is_in_time(clock):
    with clock.flight("step"):
        async with clock.timeout(30):
            await soon(clock.sleep(8))
    assert at(clock) == 8


async def test_a_client_gives_up_at_its_deadline(clock):
    async def call():
        with clock.flight("step"):
            async with clock.timeout(30):
                await clock.sleep(600)

    with pytest.raises(TimeoutError, match="30 s"):
        await soon(call())
    assert at(clock) == 30


async def test_the_far_side_that_is_being_given_up_is_waited_for(clock, jobs, note, log):
    async def far_side():
        try:
            await clock.sleep(600)
        except asyncio.CancelledError:
            await let_run()
            log.append(f"far side noticed at {at(clock):g}")
            raise

    async def call():
        with clock.flight("step"), contextlib.suppress(TimeoutError):
            async with clock.timeout(30):
                await asyncio.create_task(far_side())

    jobs.add(30.5, note(clock, "next"))
    await soon(call())
    await soon(clock.advance(seconds=1))
    assert log == ["far side noticed at 30", "next at 30.5"]


@pytest.mark.parametrize(
    ("outer", "inner", "ends_at"),
    [
        pytest.param(30, 10, 10, id="the inner one ends first"),
        pytest.param(10, 30, 10, id="the outer one ends first"),
        pytest.param(10, 10, 10, id="both at once"),
    ],
)
async def test_nested_deadlines(clock, outer, inner, ends_at):
    async def call():
        with clock.flight("step"):
            async with clock.timeout(outer), clock.timeout(inner):
                await clock.sleep(600)

    with pytest.raises(TimeoutError, match=f"{min(outer, inner)} s"):
        await soon(call())
    assert at(clock) == ends_at


async def test_a_cancelled_caller_is_not_told_of_a_time_out(clock):
    async def call():
        async with clock.timeout(30):
            await asyncio.Event().wait()

    async with background(call()) as (task,):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await soon(task)


async def test_a_deadline_that_was_met_is_forgotten(clock):
    async with clock.timeout(3):
        pass
    assert await soon(clock.advance(seconds=10)) == 0
    assert at(clock) == 10


async def test_an_app_calls_the_provider_back_from_a_callback(clock, jobs, log):
    async def callback_handler():
        log.append(f"callback at {at(clock):g}")
        async with clock.timeout(60):
            with contextlib.suppress(TimeoutError):
                async with clock.timeout(3):
                    await clock.sleep(30)
            log.append(f"gave up at {at(clock):g}")
            async with clock.timeout(30):
                await clock.sleep(5)
        log.append(f"handled at {at(clock):g}")

    jobs.add(10, callback_handler)
    await soon(clock.advance(seconds=12))
    log.append(f"returned at {at(clock):g}")
    await soon(clock.advance(seconds=10))
    assert log == ["callback at 10", "returned at 12", "gave up at 13", "handled at 18"]
    assert at(clock) == 22


# What never answers.


async def test_who_does_not_answer_is_named_to_the_advance(hasty):
    jobs, answered = Jobs(hasty), asyncio.Event()
    hasty.attach(jobs)
    jobs.add(3, answered.wait, "deliver c1 to http://app.test/x")
    with pytest.raises(Unanswered, match=r"0\.05 s of real time: deliver c1 to http://app\.test/x"):
        await soon(hasty.advance(seconds=5))
    assert at(hasty) == 3
    answered.set()
    await let_run()
    assert await soon(hasty.advance(seconds=5)) == 0


async def test_every_advance_that_waits_is_told(hasty):
    with hasty.flight("stuck"):
        told = await soon(
            asyncio.gather(hasty.advance(seconds=1), hasty.advance(seconds=2), return_exceptions=True),
        )
    assert [type(one) for one in told] == [Unanswered, Unanswered]


async def test_a_driver_that_fails_while_nobody_waits_tells_the_next_advance_once(hasty):
    with hasty.flight("stuck"), hasty.flight("also stuck"):
        assert await soon(hasty.until(asyncio.Event())) is False
    with pytest.raises(Unanswered, match="also stuck"):
        await soon(hasty.advance(seconds=1))
    assert await soon(hasty.advance(seconds=1)) == 0


async def test_an_agenda_that_fails_fails_the_advance(clock):
    class Broken:
        async def next_due(self):
            raise ConnectionError("the store is gone")

    clock.attach(Broken())
    with pytest.raises(ConnectionError, match="the store is gone"):
        await soon(clock.advance(seconds=1))


# Waiting for an event.


async def test_until_moves_time_to_what_sets_the_event(clock, jobs, note, log):
    happened = asyncio.Event()

    async def sets():
        happened.set()

    jobs.add(3, note(clock, "on the way"))
    jobs.add(4, sets)
    jobs.add(9, note(clock, "beyond"))
    assert await soon(clock.until(happened)) is True
    assert (log, at(clock)) == (["on the way at 3"], 4)


async def test_until_is_false_when_nothing_to_come_could_set_the_event(clock, jobs, note, log):
    jobs.add(3, note(clock, "unrelated"))
    assert await soon(clock.until(asyncio.Event())) is False
    assert (log, at(clock)) == (["unrelated at 3"], 3)


async def test_until_an_event_that_is_set_costs_no_time(clock, jobs, note):
    happened = asyncio.Event()
    happened.set()
    jobs.add(3, note(clock, "job"))
    assert await soon(clock.until(happened)) is True
    assert at(clock) == 0


# The system clock.


async def test_the_system_clock_tells_nairobis_time():
    assert SystemClock().now().utcoffset() == timedelta(hours=3)


async def test_the_system_clock_keeps_the_same_promises():
    clock, happened = SystemClock(), asyncio.Event()
    with clock.flight("step"):
        await clock.sleep(0)
    with pytest.raises(TimeoutError):
        async with clock.timeout(0):
            await happened.wait()
    happened.set()
    assert await clock.until(happened) is True
