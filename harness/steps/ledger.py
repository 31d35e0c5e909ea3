"""`ledger:` what the provider's accounts hold, or by how much they changed since the scenario began."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

from harness.data import CheckRule, Raw, money
from harness.exchange import StepFailed
from harness.matching import Mismatch, check, match, matcher_of, show
from harness.stage import Stage
from harness.steps.expecting import RepeatableStep
from harness.yaml_lines import Path

CHANGE = "change"
AMOUNT = re.compile(r"[-+]?[0-9]+(\.[0-9]{1,2})?|\{[a-z][a-z0-9_]*\}")


class LedgerStep(RepeatableStep):
    """`ledger: {account: "400.00"}`; under `change`, accounts with how much more or less they hold."""

    ledger: dict[str, object]

    @property
    def changes(self) -> dict[str, object]:
        changes = self.ledger.get(CHANGE, {})
        return changes if isinstance(changes, dict) else {}

    @property
    def balances(self) -> dict[str, object]:
        return {account: expected for account, expected in self.ledger.items() if account != CHANGE}

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        ledger = raw["ledger"] if isinstance(raw["ledger"], dict) else {}
        changes = ledger.get(CHANGE, {})
        for account, expected in ledger.items():
            if account != CHANGE:
                yield from _check(expected, ("ledger", account))
        if not isinstance(changes, dict):
            yield (
                ("ledger", CHANGE),
                f'expected accounts with their change, such as {{outside: "-100.00"}}, not {show(changes)}',
            )
            return
        for account, expected in changes.items():
            yield from _check(expected, ("ledger", CHANGE, account))

    async def run(self, stage: Stage) -> None:
        await self.until_it_holds(stage, lambda: self._compare(stage))

    async def _compare(self, stage: Stage) -> None:
        wrong = [one async for one in self._mismatches(stage)]
        if wrong:
            raise StepFailed(*wrong)

    async def _mismatches(self, stage: Stage) -> AsyncIterator[Mismatch]:
        for account, expected in self.balances.items():
            balance = await stage.world.control.balance(stage.text(account))
            for one in match(_exact(stage.fill(expected)), f"{balance:.2f}", account, ("ledger", account)):
                yield one
        for account, expected in self.changes.items():
            change = await stage.world.control.balance(stage.text(account)) - stage.opening[account]
            where = f"change of {account}"
            for one in match(_exact(stage.fill(expected)), f"{change:.2f}", where, ("ledger", CHANGE, account)):
                yield one


def _exact(expected: object) -> object:
    """An amount as the ledger writes it: `+100` is `100.00`. Matchers stay as they are."""
    return f"{money(expected.removeprefix('+')):.2f}" if isinstance(expected, str) else expected


def _check(expected: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(expected, dict):
        yield from check(expected, path)
        if matcher_of(expected) is None:
            yield path, f"expected an amount as text or a matcher, not {show(expected)}"
    elif not isinstance(expected, str) or not AMOUNT.fullmatch(expected):
        yield path, f'expected an amount as text, such as "400.00", not {show(expected)}'
