"""`fault:` things begin to go wrong at the provider, or stop."""

from __future__ import annotations

from collections.abc import Iterator

from harness.data import CheckRule, Data, Raw
from harness.stage import Stage
from harness.substitution import names_in
from harness.yaml_lines import Path

LIFT = "lift"


class FaultStep(Data):
    """`fault: {a rule}` adds one; `fault: lift` removes the one with this `name`, or all."""

    fault: object
    name: str | None = None

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        if raw["fault"] != LIFT:
            yield from rule_problems(raw["fault"], ("fault",), check_rule)
            if "name" in raw:
                yield ("name",), '"name" beside "fault" says which rule to lift; a rule has its name inside'

    async def run(self, stage: Stage) -> None:
        if self.fault == LIFT:
            await self._lift(stage)
        else:
            await add_fault(stage, self.fault)

    async def _lift(self, stage: Stage) -> None:
        if self.name is None:
            await stage.world.control.lift_faults()
        else:
            await stage.world.control.lift_fault(stage.text(self.name))


async def add_fault(stage: Stage, rule: object) -> None:
    filled = stage.fill(rule)
    assert isinstance(filled, dict)
    stage.has_faults = True
    await stage.world.control.add_fault(filled)


def rule_problems(rule: object, at: Path, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
    """What is wrong with a fault rule, except where a saved name is still to be filled in."""
    if not isinstance(rule, dict):
        yield at, 'expected a fault rule (a mapping with "name", "at" and "effect") or "lift"'
        return
    open_paths = [path for path, _ in names_in(rule)]
    for path, message in check_rule(rule):
        if path not in open_paths:
            yield (*at, *path), message
