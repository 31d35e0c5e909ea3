"""What a run tells: verdict lines, what went wrong and how to replay it. No wall time."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path as File
from typing import TYPE_CHECKING

from harness.events import Event
from harness.matching import show
from harness.timeline import names_in, timeline

if TYPE_CHECKING:
    from harness.runner import Failure, Verdict

WIDTH = 160
SHOWN_FIRST = ("operation", "msisdn", "state", "amount", "receipt", "reason", "attempt", "outcome", "status", "fault")


def lines(verdict: Verdict, replay_flags: Sequence[str] = ()) -> Iterator[str]:
    """One line for a good verdict; for a bad one everything that helps to understand and to replay it."""
    scenario = verdict.scenario
    if verdict.skipped:
        yield f"skip  {scenario.file}: {verdict.skipped}"
    elif verdict.is_good:
        yield f"ok    {scenario.file}: {scenario.name}"
        yield from _indented(verdict.notes)
    else:
        yield f"FAIL  {scenario.file}: {scenario.name}"
        yield from _indented(details(verdict))
        example = ["-k", scenario.name] if scenario.example else []
        flags = shlex.join([scenario.file, *example, "--seed", str(scenario.seed), *replay_flags])
        yield f"      seed {scenario.seed}; replay: pesabox run {flags}"


def summary(verdicts: Sequence[Verdict]) -> str:
    """`17 passed, 1 failed, 2 skipped`, and the invariants that were not checked."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for verdict in verdicts:
        counts["skipped" if verdict.skipped else "passed" if verdict.is_good else "failed"] += 1
    told = [f"{count} {word}" for word, count in counts.items() if count or word == "passed"]
    return "\n".join([", ".join(told), *_unchecked(verdicts)])


def _unchecked(verdicts: Iterable[Verdict]) -> Iterator[str]:
    for what in dict.fromkeys(what for verdict in verdicts for what in verdict.unchecked):
        yield f"switched off by the app's profile: {what}"


def details(verdict: Verdict) -> Iterator[str]:
    """Of a bad verdict: what failed, which invariants do not hold, and the story."""
    for failure in verdict.failures:
        yield from _failure(verdict, failure)
    for violation in verdict.violations:
        yield f"{violation} ({violation.after})" if violation.after else str(violation)
    yield from verdict.notes
    if verdict.is_cut_short:
        yield "what happened at the provider is not known: its journal went with the process"
        return
    about = names_in(violation.message for violation in verdict.violations)
    yield from timeline(verdict.events, verdict.sightings, about)


def _failure(verdict: Verdict, failure: Failure) -> Iterator[str]:
    file = failure.file or verdict.scenario.file
    yield f"{file}:{failure.mark.line}:{failure.mark.column}: {failure.title}"
    for mismatch, mark in zip(failure.mismatches, failure.marks, strict=True):
        yield f"    {mismatch}  (line {mark.line})"
    yield from (f"    {line}" for line in failure.note.splitlines())


def told(event: Event) -> str:
    """An event in one line: number, time of day, kind, and what is most telling about it."""
    facts = [f"{name}={event.raw[name]}" for name in SHOWN_FIRST if event.raw.get(name) not in (None, "")]
    if event.kind in ("request", "callback"):
        facts.append(f"{show(event.raw.get('body'))} -> {show(event.raw.get('answer'))}")
    line = f"{event.sequence:>4} {event.at:%H:%M:%S} {event.kind:<8} {' '.join(facts)}"
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _indented(found: Iterable[str]) -> Iterator[str]:
    return (f"      {line}" for line in found)


def write_journal(verdict: Verdict, file: File) -> None:
    """One event a line: byte for byte the same whenever the scenario is played with this seed."""
    file.write_bytes(b"".join(event.line for event in verdict.events))
