"""Plays scenarios on several cores. A player is a process forked from this one, with a simulator of its own."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
from collections import deque
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path as File

from msgspec import Struct
from msgspec.structs import asdict, replace

from harness.app_profile import AppProfile
from harness.data import CheckRule
from harness.factories import find_factory
from harness.loop import run_loop
from harness.problems import Mistake
from harness.reading import load
from harness.runner import Failure, Setting, Verdict, play
from harness.scenario import Profile, Scenario
from harness.targets.choice import IN_PROCESS, opened
from harness.yaml_lines import Mark


class Errand(Struct, frozen=True):
    """A scenario as a player finds it: in which file, and the how manieth there."""

    file: File
    number: int


class Orders(Struct, frozen=True):
    """What holds for all errands. Of a good scenario the events are kept only if somebody wants them."""

    app: str
    profile: AppProfile
    seed: int | None
    keeps_events: bool
    check_rule: CheckRule


def cores() -> int:
    """How many of this machine's this process may use; one where a process cannot be forked."""
    if not hasattr(os, "fork"):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Player(Struct, eq=False):
    """`place` is the turn of the scenario that it plays."""

    process: ForkProcess
    connection: Connection
    place: int | None = None


class Players:
    """Whoever is free takes the next scenario; verdicts are told in the order in which the scenarios were given.

    The first begins alone, since the first verdict comes sooner that way; with each verdict another joins.

    At the end, whatever the reason, each plays its scenario out and goes, so that nothing of it is left on the disk.
    """

    def __init__(self, count: int, orders: Orders) -> None:
        gc.freeze()  # what is here is theirs too, without a copy
        self._orders = orders
        self._scenarios: list[Scenario] = []
        self._waiting: deque[tuple[int, Errand]] = deque()
        self._known: dict[int, Verdict] = {}
        self.told = 0
        self._count = count
        self._players = [_Player(*self._start())]

    def __enter__(self) -> Players:
        return self

    def __exit__(self, *_: object) -> None:
        for player in self._players:
            player.connection.close()
        for player in self._players:
            player.process.join()

    def give(self, scenario: Scenario, errand: Errand) -> None:
        self._waiting.append((len(self._scenarios), errand))
        self._scenarios.append(scenario)
        self._hand_out()

    @property
    def given(self) -> int:
        return len(self._scenarios)

    @property
    def awaited(self) -> Scenario | None:
        """Whose verdict is the next to be told."""
        return self._scenarios[self.told] if self.told < len(self._scenarios) else None

    def next(self) -> Verdict:
        """That of the awaited one, once it is known; raises `Mistake` when a player met one."""
        while self.told not in self._known:
            self._collect(None)
        self.told += 1
        return self._known.pop(self.told - 1)

    def known(self) -> Iterator[Verdict]:
        """Those that can be told without waiting; raises `Mistake` when a player met one."""
        self._collect(0)
        while self.told in self._known:
            yield self.next()

    def _hand_out(self) -> None:
        for player in self._players:
            if player.place is None and self._waiting:
                player.place, errand = self._waiting.popleft()
                with contextlib.suppress(ConnectionError):  # gone already: found out when it is listened to
                    player.connection.send(errand)

    def _collect(self, timeout: float | None) -> None:
        busy = [player for player in self._players if player.place is not None]
        spoken = wait([player.connection for player in busy], timeout)
        for player in busy:
            if player.connection not in spoken:
                continue
            try:
                told = player.connection.recv()
            except (EOFError, ConnectionError):
                told = self._replace(player)
            if isinstance(told, Mistake):
                raise told
            assert player.place is not None
            self._known[player.place] = Verdict(self._as_played(self._scenarios[player.place]), **told)
            player.place = None
        if spoken and self._waiting and len(self._players) < self._count:
            self._players.append(_Player(*self._start()))
        self._hand_out()

    def _as_played(self, scenario: Scenario) -> Scenario:
        return scenario if self._orders.seed is None else replace(scenario, seed=self._orders.seed)

    def _replace(self, player: _Player) -> dict[str, object]:
        """A scenario that took its whole process with it has failed; somebody else plays the next one."""
        player.connection.close()
        player.process.join()
        note = f"the process that played it ended with exit code {player.process.exitcode}"
        player.process, player.connection = self._start()
        return {"failures": (Failure("unexpected error", Mark(1, 1), note=note),)}

    def _start(self) -> tuple[ForkProcess, Connection]:
        context = get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(target=_play_errands, args=(ours, theirs, self._orders))
        process.start()
        theirs.close()
        return process, ours


def _play_errands(asker: Connection, connection: Connection, orders: Orders) -> None:
    """The life of a player: until nobody asks any more, or Ctrl-C."""
    asker.close()  # the fork's copy: with it open, the end would never be seen
    with contextlib.suppress(EOFError, ConnectionError, KeyboardInterrupt):
        run_loop(_play_as_told(connection, orders))


async def _play_as_told(connection: Connection, orders: Orders) -> None:
    async with opened(IN_PROCESS, None) as target:
        factory = functools.partial(find_factory, orders.app)
        setting = Setting(target, target.http, factory, profile=orders.profile, seed=orders.seed)
        while True:
            errand = connection.recv()  # nothing else is to be done here meanwhile
            connection.send(await _outcome(errand, setting, orders))


async def _outcome(errand: Errand, setting: Setting, orders: Orders) -> dict[str, object] | Mistake:
    """The verdict without its scenario, which they know who asked for it."""
    try:
        scenarios = load(errand.file, orders.check_rule)
        assert not isinstance(scenarios, Profile)
        verdict = await play(scenarios[errand.number], setting)
    except Mistake as mistake:
        return Mistake(str(mistake))
    told = asdict(verdict)
    del told["scenario"]
    return told if orders.keeps_events or not verdict.is_good else {**told, "events": (), "sightings": ()}
