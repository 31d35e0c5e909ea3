"""Reordering: deliveries that a rule keeps behind later ones, and when they may leave after all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from simulator.core.jobs import Job
from simulator.core.store import Transaction

if TYPE_CHECKING:
    from simulator.core.worlds import World

LOOKS_AGAIN = timedelta(seconds=1)  # while all that is still to come is on its way or held by an open request


class KeptBack(Struct, frozen=True):
    """A delivery whose job waits for so many of other callbacks."""

    kind: ClassVar[str] = "kept_back"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str  # the job's
    callback: str
    behind: int


def keep_back(tx: Transaction, job: Job, *, behind: int) -> None:
    tx.put(job)
    tx.put(KeptBack(job.key, job.subject, behind))


def must_wait(tx: Transaction, world: World, job: Job, *, regardless_of: str) -> bool:
    """Whether the job is kept back and something else is due in its world: it then waits for the last of that.

    Jobs that are kept back do not wait for each other, nor for the one that is named.
    """
    if tx.get(KeptBack, job.key) is None:
        return False
    others = [other for other in tx.find(Job) if other.key != regardless_of and tx.get(KeptBack, other.key) is None]
    if not others:
        tx.drop(KeptBack, job.key)
        return False
    last, now = max(other.due for other in others), world.now()
    tx.put(replace(job, due=last if last > now else now + LOOKS_AGAIN))
    return True


def let_pass(tx: Transaction, world: World, callback: str) -> None:
    """One more delivery of this callback went by those that are kept back: some may leave now."""
    for kept in tx.find(KeptBack):
        if kept.callback == callback:
            continue
        if kept.behind > 1:
            tx.put(replace(kept, behind=kept.behind - 1))
            continue
        tx.drop(KeptBack, kept.key)
        job = tx.get(Job, kept.key)
        if job is not None and job.due > world.now():  # else it is on its way already, or about to be
            tx.put(replace(job, due=world.now()))
