"""`traffic:` a day's mixed business: customers pay in, withdraw and pay by paybill, drawn by the scenario's seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal

from msgspec import Struct, field
from pydantic import Field, StrictFloat, StrictInt

from harness.app_profile import PaymentKind
from harness.chance import Chance
from harness.data import CheckRule, Data, Duration, Raw
from harness.evidence import UNCLEAR
from harness.exchange import Answer, Expect, StepFailed
from harness.matching import Mismatch
from harness.stage import DEFAULT_PIN, Stage
from harness.yaml_lines import Path

Kind = Literal["deposit", "withdrawal", "paybill", "misdirected"]
Weight = Annotated[StrictFloat, Field(ge=0)]
Shillings = Annotated[StrictInt, Field(ge=1, le=250_000)]

USUAL: Mapping[Kind, float] = {"deposit": 4, "withdrawal": 3, "paybill": 2, "misdirected": 1}
FIRST_PHONE = 254722100001
LOOKS, LOOK_EVERY = 10, 10
NOBODYS_ACCOUNT = "NO-SUCH-ACCOUNT"
KINDS: Mapping[str, PaymentKind] = {"deposit": "deposit", "withdrawal": "withdrawal"}


class Amounts(Data):
    """Whole shillings, the least and the most."""

    least: Shillings = 10
    most: Shillings = 1000


class TrafficStep(Data):
    """So many wishes, one after another, `every` so long. Refusals are part of life.

    What must always hold is judged now and then and after each wish that has an outcome at once, the rest at the end.
    """

    traffic: StrictInt = Field(ge=1, le=10_000)
    customers: StrictInt = Field(5, ge=1, le=1000)
    every: Duration = timedelta(seconds=30)
    amounts: Amounts = Field(default_factory=Amounts)
    weights: dict[Kind, Weight] = Field(default_factory=lambda: dict(USUAL))

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        weights, amounts = raw.get("weights"), raw.get("amounts")
        if isinstance(weights, dict) and not any(weights.values()):
            yield ("weights",), "at least one kind needs a weight above 0"
        if isinstance(amounts, dict):
            least, most = amounts.get("least", 10), amounts.get("most", 1000)
            if isinstance(least, int) and isinstance(most, int) and least > most:
                yield ("amounts",), f"the least, {least}, is more than the most, {most}"

    async def run(self, stage: Stage) -> None:
        phones = [str(FIRST_PHONE + number) for number in range(self.customers)]
        ids = [await stage.register(f"Customer {number}", phone) for number, phone in enumerate(phones, start=1)]
        day = _Day(self, stage, Chance(stage.world.seed), tuple(zip(ids, phones, strict=True)))
        for number in range(self.traffic):
            await day.wish(number)
            await stage.world.control.advance(self.every)
            if (number + 1) % max(LOOK_EVERY, self.traffic // LOOKS) == 0:
                await day.look()
        day.judge()


class _Day(Struct):
    """What is drawn for the n-th wish depends on n alone."""

    step: TrafficStep
    stage: Stage
    chance: Chance
    customers: tuple[tuple[str, str], ...]
    granted: int = 0
    refused: list[Answer | None] = field(default_factory=list)

    async def wish(self, number: int) -> None:
        kind = self.chance.weighted(self.step.weights, "kind", number)
        customer, phone = self.chance.one_of(self.customers, "customer", number)
        amounts = self.step.amounts
        amount = f"{self.chance.whole(amounts.least, amounts.most, 'amount', number)}.00"
        if kind in KINDS:
            await self._ask_app(KINDS[kind], customer, amount, phone)
        else:
            await self._pay(phone, customer if kind == "paybill" else NOBODYS_ACCOUNT, amount)

    async def _ask_app(self, kind: PaymentKind, customer: str, amount: str, phone: str) -> None:
        request = self.stage.the_app.wish(kind, customer=customer, amount=amount, msisdn=phone)
        answer = await self.stage.ask_app(request, Expect(no_answer=True))
        if answer is None or not answer.is_good:
            self.refused.append(answer)
            return
        self.granted += 1
        made = self.stage.the_app.answers.payment(kind, answer.body)
        if made.state not in UNCLEAR:  # an outcome that was guessed may be put right before the next look
            await self.look()

    async def _pay(self, phone: str, account: str, amount: str) -> None:
        wish = {"shortcode": self.stage.book.profile.merchant, "reference": account, "amount": amount}
        await self.stage.world.control.pay(phone, {**wish, "pin": DEFAULT_PIN})
        self.granted += 1

    async def look(self) -> None:
        if self.stage.glance is not None:
            await self.stage.glance()

    def judge(self) -> None:
        """A day on which the app granted nothing at all tests nothing."""
        if not self.granted:
            actual = f"none, the last answer being {self.refused[-1] or 'none'}"
            raise StepFailed(Mismatch("traffic", "at least one wish to be granted", actual, ("traffic",)))
