"""`phone:` the subscriber does something on the handset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from harness.data import CheckRule, Data, Msisdn, Raw
from harness.exchange import StepFailed
from harness.matching import Mismatch
from harness.stage import Stage
from harness.yaml_lines import Path


class PhoneStep(Data):
    """Answers the prompt that is open; the PIN is the subscriber's own unless the step names another."""

    phone: Literal["approve", "cancel", "ignore"]
    msisdn: Msisdn
    pin: str | None = None

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        if "pin" in raw and raw["phone"] in ("cancel", "ignore"):
            yield ("pin",), f'a PIN is typed to approve; "{raw["phone"]}" takes none'

    async def run(self, stage: Stage) -> None:
        msisdn = stage.text(self.msisdn)
        prompts = await stage.world.control.prompts(msisdn)
        if not prompts:
            raise StepFailed(Mismatch("phone", f"a prompt on {msisdn}", "none", ("phone",)))
        if self.phone == "ignore":
            return
        answer: dict[str, object] = {"action": self.phone}
        if self.phone == "approve":
            answer["pin"] = stage.text(self.pin) if self.pin is not None else stage.pin_of(msisdn)
        await stage.world.control.answer_prompt(str(prompts[0]["id"]), answer)
