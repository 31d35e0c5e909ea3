"""The order of due jobs, when most of them are dropped before they are due, as the ends of prompts are."""

from datetime import timedelta

from simulator.core.jobs import Job
from simulator.core.virtual_clock import VIRTUAL_START as NOON
from simulator.stores.due import STALE_AT_MOST, DueJobs


def test_thousands_of_dropped_jobs_leave_the_others_in_order():
    due, jobs = DueJobs(), {}
    for number in range(3 * STALE_AT_MOST):
        job = Job(f"j{number}", "work", NOON + timedelta(seconds=-number), "subject")
        due.add(job, due.renumber(job.key))
        if number % STALE_AT_MOST:
            due.drop(job.key)
        else:
            jobs[job.key] = job
    found = due.claim(NOON, 10, (), jobs.__getitem__)
    assert [job.key for job in found] == [f"j{2 * STALE_AT_MOST}", f"j{STALE_AT_MOST}", "j0"]
