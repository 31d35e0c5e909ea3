"""Plays scenarios on several cores. A player is a process forked from this one, with a simulator of its own."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
from collections import deque
from collections.abc import Iterator
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path as File
from types import TracebackType

from msgspec import Struct
from msgspec.structs import replace

from harness.app_profile import AppProfile
from harness.data import CheckRule
from harness.factories import find_factory
from harness.loop import run_loop
from harness.problems import Mistake
from harness.reading import load
from harness.runner import Failure, Setting, Verdict, play
from harness.scenario import Profile, Scenario
from harness.targets.choice import IN_PROCESS, opened
from harness.targets.hosting import clear_after
from harness.yaml_lines import Mark

GRACE_SECONDS = 5.0  # for a player to end by itself
CAN_FORK = "fork" in get_all_start_methods()


class Errand(Struct, frozen=True):
    """A scenario as a player finds it, which reads its file again: what stands where in it is much to send."""

    file: str
    number: int
    seed: int


class Orders(Struct, frozen=True):
    """What holds for all scenarios. Of a good one the events are kept only if somebody wants them."""

    app: str
    profile: AppProfile
    keeps_events: bool
    check_rule: CheckRule
    folder: str


def cores() -> int:
    """How many players this machine bears unasked: one where no process can be forked, or not safely, as on macOS."""
    if not CAN_FORK or sys.platform == "darwin":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Player(Struct, eq=False):
    """`end` is readable once the process is gone. `scenario` is what it plays, and `place` the turn of that."""

    process: BaseProcess
    connection: Connection
    end: int
    scenario: Scenario | None = None
    place: int = 0


class Players:
    """Whoever is free takes the next scenario; verdicts are told in the order in which the scenarios were given.

    The first begins alone, since the first verdict comes sooner that way; with each verdict another joins, and all do
    when nothing is left to do but to wait. At the end, whatever the reason, each plays its scenario out and goes.
    """

    def __init__(self, most: int, orders: Orders) -> None:
        self._most, self._orders = most, orders
        self._players: list[_Player] = []
        self._files: list[str] = []
        self._waiting: deque[tuple[int, Scenario]] = deque()
        self._known: dict[int, Verdict | Mistake] = {}
        self.told = 0

    def __enter__(self) -> Players:
        self._join()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for player in self._players:
            player.connection.close()
        for player in self._players:
            _end(player)

    def give(self, scenario: Scenario) -> None:
        self._waiting.append((len(self._files), scenario))
        self._files.append(scenario.file)
        self._hand_out()

    @property
    def given(self) -> int:
        return len(self._files)

    @property
    def awaited(self) -> str | None:
        """The file of the scenario whose verdict is the next to be told."""
        return self._files[self.told] if self.told < len(self._files) else None

    def next(self) -> Verdict:
        """That of the awaited one, once it is known; raises `Mistake` when its player met one."""
        while self.told not in self._known:
            while self._needs_another():
                self._join()
            self._collect(None)
        known = self._known.pop(self.told)
        self.told += 1
        if isinstance(known, Mistake):
            raise known
        return known

    def known(self) -> Iterator[Verdict]:
        """Those that can be told without waiting; raises `Mistake` when a player met one."""
        self._collect(0)
        while self.told in self._known:
            yield self.next()

    def _hand_out(self) -> None:
        for player in self._players:
            if player.scenario is None and self._waiting:
                player.place, player.scenario = self._waiting.popleft()
                with contextlib.suppress(OSError):  # gone already: found out when it is listened to
                    player.connection.send(Errand(player.scenario.file, player.scenario.number, player.scenario.seed))

    def _collect(self, timeout: float | None) -> None:
        busy = [player for player in self._players if player.scenario is not None]
        heard = wait([end for player in busy for end in (player.connection, player.end)], timeout)
        for player in busy:
            is_gone = player.end in heard
            if is_gone or player.connection in heard:
                self._known[player.place] = self._heard(player, is_gone)
                player.scenario = None
        if heard and self._needs_another():
            self._join()
        self._hand_out()

    def _heard(self, player: _Player, is_gone: bool) -> Verdict | Mistake:
        """A scenario that took its process along has failed; another player takes the place of who played it."""
        told: Verdict | Mistake | None = None
        with contextlib.suppress(EOFError, OSError):
            if player.connection.poll():
                told = player.connection.recv()
        if told is None or is_gone:
            code = self._renew(player)
            told = told or _cut_short(player, code)
        return told

    def _needs_another(self) -> bool:
        return bool(self._waiting) and len(self._players) < self._most

    def _join(self) -> None:
        self._players.append(_Player(*self._start()))
        self._hand_out()

    def _renew(self, player: _Player) -> int | None:
        """What the old process ended with."""
        player.connection.close()
        _end(player)
        code = player.process.exitcode
        player.process, player.connection, player.end = self._start()
        return code

    def _start(self) -> tuple[BaseProcess, Connection, int]:
        context = get_context("fork")
        ours, theirs = context.Pipe()
        inherited = [ours, *(player.connection for player in self._players if not player.connection.closed)]
        process = context.Process(target=_play_as_told, args=(theirs, inherited, self._orders))
        process.start()
        theirs.close()
        assert process.pid is not None
        # The sentinel is a pipe: a child that a player leaves behind keeps it open.
        return process, ours, os.pidfd_open(process.pid) if hasattr(os, "pidfd_open") else process.sentinel


def _end(player: _Player) -> None:
    """Waits for a player to end, and ends it if that takes too long."""
    process = player.process
    for end in (process.terminate, process.kill):
        if process.is_alive() and not wait([player.end], GRACE_SECONDS):
            end()
    process.join()
    if player.end != process.sentinel:
        os.close(player.end)
    clear_after(process.pid)


def _cut_short(player: _Player, code: int | None) -> Verdict:
    assert player.scenario is not None
    how = f"by {signal.Signals(-code).name}" if code and code < 0 else f"with exit code {code}"
    failure = Failure("unexpected error", Mark(1, 1), note=f"the process that played it ended {how}")
    return Verdict(player.scenario, (failure,), is_cut_short=True)


def _play_as_told(connection: Connection, inherited: list[Connection], orders: Orders) -> None:
    """The life of a player: until nobody asks any more, or Ctrl-C."""
    for other in inherited:
        other.close()  # an end of a pipe that stays open here would hide from others that it is closed
    with contextlib.suppress(EOFError, ConnectionError, KeyboardInterrupt):
        run_loop(_play_all(connection, orders))


async def _play_all(connection: Connection, orders: Orders) -> None:
    async with opened(IN_PROCESS, None) as target:
        setting = Setting(target, target.http, functools.partial(find_factory, orders.app), profile=orders.profile)
        while True:
            errand = connection.recv()  # nothing else is to be done here meanwhile
            connection.send(await _outcome(errand, setting, orders))


async def _outcome(errand: Errand, setting: Setting, orders: Orders) -> Verdict | Mistake:
    try:
        scenario = _found(errand, orders)
        verdict = replace(await play(scenario, setting), scenario=scenario.in_brief())
    except Mistake as mistake:
        return Mistake(str(mistake))
    return verdict if orders.keeps_events or not verdict.is_good else replace(verdict, events=(), sightings=())


def _found(errand: Errand, orders: Orders) -> Scenario:
    with contextlib.chdir(orders.folder):  # an app may have gone elsewhere
        scenarios = _read(errand.file, orders.check_rule)
    if errand.number >= len(scenarios):
        raise Mistake(f"{errand.file}: changed while it was played")
    return replace(scenarios[errand.number], seed=errand.seed)


@functools.lru_cache(maxsize=1)  # the rows of a table follow one another
def _read(file: str, check_rule: CheckRule) -> tuple[Scenario, ...]:
    scenarios = load(File(file), check_rule)
    return () if isinstance(scenarios, Profile) else scenarios
