"""From a run's first request to its verdict: chaos, both ledgers before and after, thresholds, the exit code.

Imported by every journey. In a distributed run only the master judges.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import gevent
import yaml
from books import Books, Opening, Standing
from locust import events
from locust.env import Environment
from locust.rpc.protocol import Message
from locust.runners import MasterRunner, WorkerRunner
from provider import Api, Unreadable

LOOK_EVERY_SECONDS = 2.0
WORKERS_STOP_WITHIN_SECONDS = 30.0
CREDITS = ("push to credit", "payment to credit")
WATCHED = (*CREDITS, "withdrawal to payout", "withdrawal to bank")
FIGURES = (*WATCHED, "not decided while watched")


@dataclass
class Verdict:
    """What is wrong with a run, and what to tell of it. Kept with its environment."""

    opening: Opening | None = None
    standing: Standing | None = None
    problems: list[str] = field(default_factory=list)


def _is_worker(environment: Environment) -> bool:
    return isinstance(environment.runner, WorkerRunner)


def _books(environment: Environment) -> Books:
    told = environment.parsed_options
    provider = Api(told.provider.rstrip("/"), told.control_token)
    accounts = tuple(account.strip() for account in told.bank_accounts.split(",") if account.strip())
    return Books(Api((environment.host or "").rstrip("/"), told.operator_key), provider, told.shortcode, accounts)


@events.init.add_listener
def _no_verdict_yet(environment: Any, **_: Any) -> None:
    environment.verdict = Verdict()


@events.test_start.add_listener
def _open(environment: Any, **_: Any) -> None:
    """Looks at both ledgers and lets the chaos loose; one that cannot be judged ends at once."""
    if _is_worker(environment):
        return
    environment.verdict = Verdict()
    books, profile = _books(environment), environment.parsed_options.chaos
    try:
        environment.verdict.opening = books.opened()
        if profile:
            with open(profile) as file:
                books.provider.call("POST", "/_sim/faults", yaml.safe_load(file))
    except (Unreadable, OSError) as error:
        environment.verdict.problems.append(f"the run cannot be judged: {error}")
        gevent.spawn(environment.runner.quit)  # not from here, in the midst of its start


@events.test_stop.add_listener
def _settle(environment: Any, **_: Any) -> None:
    """Ends the chaos, waits until nothing is open, reconciles; until both ledgers agree or the time is over."""
    verdict = environment.verdict
    if _is_worker(environment) or verdict.opening is None:
        return
    if isinstance(environment.runner, MasterRunner):
        _stop_workers(environment.runner)
    books, until = _books(environment), monotonic() + environment.parsed_options.settle
    try:
        if environment.parsed_options.chaos:
            books.provider.call("DELETE", "/_sim/faults")
        while verdict.standing is None or (verdict.standing.problems and monotonic() < until):
            _wait_until_quiet(books, verdict.opening, until)
            books.bank.call("POST", "/reconcile")
            _wait_until_quiet(books, verdict.opening, until)
            verdict.standing = books.standing(verdict.opening)
            gevent.sleep(LOOK_EVERY_SECONDS if verdict.standing.problems else 0)
        verdict.problems.extend(verdict.standing.problems)
    except Unreadable as error:
        verdict.problems.append(f"the ledgers could not be read: {error}")


def _stop_workers(master: MasterRunner) -> None:
    """At the end of a headless run locust tells its workers to stop only once this is over."""
    for worker in master.clients.all:
        master.server.send_to_client(Message("stop", None, worker.id))
    until = monotonic() + master.environment.stop_timeout + WORKERS_STOP_WITHIN_SECONDS
    while master.user_count and monotonic() < until:
        gevent.sleep(0.1)


def _wait_until_quiet(books: Books, opening: Opening, until: float) -> None:
    while not books.is_quiet(opening) and monotonic() < until:
        gevent.sleep(LOOK_EVERY_SECONDS)


@events.quitting.add_listener
def _judge(environment: Any, **_: Any) -> None:
    """The table, what is wrong, and the exit code."""
    if _is_worker(environment):
        return
    verdict = environment.verdict
    problems = [*verdict.problems, *_missed(environment)]
    for line in _table(environment) + (verdict.standing.lines() if verdict.standing else []):
        print(line)
    for problem in problems:
        print(f"FAILED: {problem}")
    print("verdict: failed" if problems else "verdict: passed")
    sys.stdout.flush()
    environment.process_exit_code = 1 if problems else 0


def _missed(environment: Any) -> list[str]:
    """The thresholds that the run did not keep."""
    told, total, missed = environment.parsed_options, environment.stats.total, []
    if total.num_requests == 0:
        missed.append("nothing was asked")
    if total.num_failures > told.max_failures:
        missed.append(f"{total.num_failures} requests failed, {told.max_failures} may:")
        missed += [f"  {error.occurrences} times {error.to_name()}" for error in environment.stats.errors.values()]
    for name in CREDITS if told.p95_credit else ():
        credit = environment.stats.entries.get((name, "CREDIT"))
        if credit is not None and (p95 := _seconds(credit, 0.95)) > told.p95_credit:
            missed.append(f"p95 of {name} is {p95:.2f} s, {told.p95_credit:g} s were allowed")
    if told.p95_credit and not any((name, "CREDIT") in environment.stats.entries for name in WATCHED):
        missed.append("nobody was credited or paid while somebody watched")
    return missed


def _table(environment: Any) -> list[str]:
    entries = environment.stats.entries
    lines = ["", f"{'':28}{'times':>8}{'p50':>9}{'p95':>9}{'worst':>9}"]
    noted = {name: entry for (name, _), entry in entries.items()}
    for name in FIGURES:
        if (entry := noted.get(name)) is not None:
            figures = [_seconds(entry, 0.5), _seconds(entry, 0.95), entry.max_response_time / 1000]
            lines.append(f"{name:28}{entry.num_requests:8}" + "".join(f"{one:7.2f} s" for one in figures))
    asked = sum(entry.num_requests for (name, _), entry in entries.items() if name not in FIGURES)
    total = environment.stats.total
    return [*lines, f"{'requests':28}{asked:8}", f"{'failures':28}{total.num_failures:8}", ""]


def _seconds(entry: Any, share: float) -> float:
    return float(entry.get_response_time_percentile(share) or 0) / 1000
