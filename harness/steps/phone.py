"""`phone:` the subscriber does something on the handset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from harness.data import Amount, CheckRule, Data, Msisdn, Raw, Save
from harness.exchange import StepFailed, expect_problems, saved
from harness.matching import MISSING, Mismatch, match
from harness.stage import Stage
from harness.yaml_lines import Path

PAY = "pay"
NEEDED_TO_PAY = ("shortcode", "amount")
ONLY_TO_PAY = (*NEEDED_TO_PAY, "reference", "expect", "save")


class PaymentExpect(Data):
    """What the payment must be, as the provider shows it right after it was made."""

    body: object = MISSING


class PhoneStep(Data):
    """Answers the prompt that is open, or pays a paybill or till; with the subscriber's own PIN unless one is named."""

    phone: Literal["approve", "cancel", "ignore", "pay"]
    msisdn: Msisdn
    pin: str | None = None
    shortcode: str | None = None
    reference: str | None = None
    amount: Amount | None = None
    expect: PaymentExpect = Field(default_factory=PaymentExpect)
    save: Save = Field(default_factory=dict)

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        if "pin" in raw and raw["phone"] in ("cancel", "ignore"):
            yield ("pin",), f'a PIN is typed to approve or to pay; "{raw["phone"]}" takes none'
        if raw["phone"] == PAY:
            yield from (
                ((name,), f'"{name}" is missing: it takes one to pay') for name in NEEDED_TO_PAY if name not in raw
            )
            yield from expect_problems(raw.get("expect"), ("body",))
        else:
            yield from (((name,), f'"{name}" goes with "pay" only') for name in ONLY_TO_PAY if name in raw)

    async def run(self, stage: Stage) -> None:
        msisdn = stage.text(self.msisdn)
        if self.phone == PAY:
            await self._pay(stage, msisdn)
            return
        prompts = await stage.world.control.prompts(msisdn)
        if not prompts:
            raise StepFailed(Mismatch("phone", f"a prompt on {msisdn}", "none", ("phone",)))
        if self.phone == "ignore":
            return
        answer: dict[str, object] = {"action": self.phone}
        if self.phone == "approve":
            answer["pin"] = self._pin(stage, msisdn)
        await stage.world.control.answer_prompt(str(prompts[0]["id"]), answer)

    async def _pay(self, stage: Stage, msisdn: str) -> None:
        named = {"shortcode": self.shortcode, "amount": self.amount, "reference": self.reference}
        wish = {name: stage.text(value) for name, value in named.items() if value is not None}
        payment = await stage.world.control.pay(msisdn, {**wish, "pin": self._pin(stage, msisdn)})
        if self.expect.body is not MISSING:
            wrong = list(match(stage.fill(self.expect.body), payment, path=("expect", "body")))
            if wrong:
                raise StepFailed(*wrong)
        stage.names |= saved(self.save, payment)

    def _pin(self, stage: Stage, msisdn: str) -> str:
        return stage.pin_of(msisdn) if self.pin is None else stage.text(self.pin)
