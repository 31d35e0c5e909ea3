"""`bank:` somebody at a bank pays an account of the app's, or returns a transfer; or the switch settles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from harness.data import Amount, CheckRule, Data, Raw, Save
from harness.exchange import StepFailed, expect_problems, saved
from harness.matching import MISSING, Mismatch, match
from harness.stage import Stage
from harness.targets.base import Json
from harness.yaml_lines import Path

PAYS, RETURNS, SETTLES = "pays", "returns", "settles"
NEEDED: Mapping[str, tuple[str, ...]] = {PAYS: ("from", "to", "amount"), RETURNS: ("from",), SETTLES: ()}
USELESS: Mapping[str, tuple[str, ...]] = {
    PAYS: (),
    RETURNS: ("to", "narration"),
    SETTLES: ("from", "to", "amount", "narration"),
}
INCOMING = ".credit"


class AccountAt(Data):
    """An account, by any spelling of its bank's code."""

    bank: str
    account_number: str


class BankExpect(Data):
    """What the payment must be, as the provider shows it; of `settles`, what the positions were."""

    body: object = MISSING


class BankStep(Data):
    """`pays` an account of the app's; `returns` the latest settled transfer to an account, or part of it; `settles`."""

    bank: Literal["pays", "returns", "settles"]
    source: AccountAt | None = Field(None, alias="from")
    to: AccountAt | None = None
    amount: Amount | None = None
    narration: str | None = None
    expect: BankExpect = Field(default_factory=BankExpect)
    save: Save = Field(default_factory=dict)

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        does = str(raw["bank"])
        for name in NEEDED.get(does, ()):
            if name not in raw:
                yield (name,), f'"{name}" is missing: "{does}" takes one'
        for name in USELESS.get(does, ()):
            if name in raw:
                yield (name,), f'"{name}" does not go with "{does}"'
        yield from expect_problems(raw.get("expect"), ("body",))

    async def run(self, stage: Stage) -> None:
        told = await self._told(stage)
        if self.expect.body is not MISSING:
            wrong = list(match(stage.fill(self.expect.body), told, path=("expect", "body")))
            if wrong:
                raise StepFailed(*wrong)
        stage.names |= saved(self.save, told)

    async def _told(self, stage: Stage) -> Json:
        """What the control API answers."""
        if self.bank == SETTLES:
            return await stage.world.control.settle()
        assert self.source is not None, "who pays or returns is checked when the file is read"
        bank, number = _at(stage, self.source)
        if self.bank == PAYS:
            return await stage.world.control.pay_from(bank, number, self._wish(stage))
        payment = await _latest_transfer(stage, bank, number)
        return await stage.world.control.return_payment(payment, self._wish(stage))

    def _wish(self, stage: Stage) -> Json:
        named = self.model_dump(include={"to", "amount", "narration"}, exclude_none=True)
        wish = stage.fill(named)
        assert isinstance(wish, dict)
        return wish


def _at(stage: Stage, account: AccountAt) -> tuple[str, str]:
    return stage.text(account.bank), stage.text(account.account_number)


async def _latest_transfer(stage: Stage, bank: str, number: str) -> str:
    """The payment by which the account was paid last; money that came in is none."""
    account = await stage.world.control.account(bank, number)
    name = f"bank:{account['bank']}:{account['account_number']}"
    for row in reversed(await stage.world.control.payments()):
        is_outgoing = row.get("kind") == "transfer" and not str(row.get("operation")).endswith(INCOMING)
        if is_outgoing and (row.get("account"), row.get("state")) == (name, "succeeded"):
            return str(row["id"])
    raise StepFailed(Mismatch("bank", f"a settled transfer to {number} at bank {bank}", "none", ("bank",)))
