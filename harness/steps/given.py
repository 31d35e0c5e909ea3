"""`given:` what the story begins with: people, merchants, banks, providers' settings, customers of the app, faults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, StrictBool, StrictFloat, field_validator

from harness.data import Amount, CheckRule, Data, Duration, Msisdn, Name, Raw
from harness.stage import Stage
from harness.steps.fault import add_fault, rule_problems
from harness.yaml_lines import Path


class GivenSubscriber(Data):
    """A person with a phone and a wallet. The phone waits for a `phone:` step unless a policy is named."""

    msisdn: Msisdn
    name: str | None = None
    pin: str | None = None
    balance: Amount | None = None
    policy: Literal["manual", "approve", "cancel", "ignore"] = "manual"
    thinks: Duration | None = None
    types_pin: str | None = None
    reachable: StrictBool | None = None
    busy: StrictBool | None = None
    locked: StrictBool | None = None
    registered: StrictBool | None = None
    known: StrictBool | None = None
    active: StrictBool | None = None

    async def apply(self, stage: Stage) -> None:
        fields = self.model_dump(exclude_none=True, exclude={"thinks"})
        if self.thinks is not None:
            fields["thinks_seconds"] = self.thinks.total_seconds()
        filled = stage.fill(fields)
        assert isinstance(filled, dict)
        await stage.world.control.add_subscriber(filled)
        if self.pin is not None:
            stage.pins[str(filled["msisdn"])] = str(filled["pin"])


class GivenMerchant(Data):
    """Changes one of the provider's merchants: what it may do, what its accounts hold, where its callbacks go."""

    shortcode: str
    name: str | None = None
    passkey: str | None = None
    active: StrictBool | None = None
    locked: StrictBool | None = None
    utility: Amount | None = None
    working: Amount | None = None
    validation: StrictBool | None = None
    response_type: Literal["Completed", "Cancelled"] | None = None
    confirmation_url: str | None = None
    validation_url: str | None = None

    async def apply(self, stage: Stage) -> None:
        changes = stage.fill(self.model_dump(exclude_none=True, exclude={"shortcode"}))
        assert isinstance(changes, dict)
        await stage.world.control.change_merchant(self.shortcode, changes)
        if self.passkey is not None:
            stage.credentials.passkeys[self.shortcode] = self.passkey


class GivenBank(Data):
    """Changes a bank: whether it answers the switch, and when."""

    code: str
    online: StrictBool | None = None
    hours: Literal["always", "business"] | None = None

    async def apply(self, stage: Stage) -> None:
        changes = stage.fill(self.model_dump(exclude_none=True, exclude={"code"}))
        assert isinstance(changes, dict)
        await stage.world.control.change_bank(stage.text(self.code), changes)


AccountState = Literal[
    "active",
    "missing",
    "closed",
    "blocked",
    "dormant",
    "bank_offline",
    "cut_over",
    "late",
    "late_refusal",
    "silent",
    "twice",
]


class GivenAccount(Data):
    """Changes an account at a bank: whose it is, what becomes of a transfer to it, what it holds."""

    bank: str
    account_number: str
    name: str | None = None
    state: AccountState | None = None
    balance: Amount | None = None

    async def apply(self, stage: Stage) -> None:
        changes = stage.fill(self.model_dump(exclude_none=True, exclude={"bank", "account_number"}))
        assert isinstance(changes, dict)
        number = stage.text(self.account_number)
        await stage.world.control.change_account(stage.text(self.bank), number, changes)


REGISTERED = ("public_key", "notice_url")


class GivenProvider(Data):
    """Changes a provider's settings: seconds of latency by operation, how long things live, what it is strict about,
    what it charges, and what the app has registered with it."""

    name: str = "daraja"
    latency: dict[str, StrictFloat] | None = None
    lifetimes: dict[Literal["token", "prompt", "queue", "validation"], Duration] | None = None
    strictness: dict[str, StrictBool] | None = None
    limits: dict[str, Amount] | None = None
    tariff: dict[str, list[tuple[Amount, Amount]] | Literal["published"]] | None = None
    public_key: str | None = None
    notice_url: str | None = None

    async def apply(self, stage: Stage) -> None:
        changes: dict[str, object] = self.model_dump(exclude_none=True, exclude={"name", "lifetimes", *REGISTERED})
        changes |= {name: getattr(self, name) for name in REGISTERED if name in self.model_fields_set}
        if self.lifetimes is not None:
            changes["lifetimes"] = {name: life.total_seconds() for name, life in self.lifetimes.items()}
        await stage.world.control.change_provider(self.name, changes)


class GivenCustomer(Data):
    """A customer whom the app registers; `save` names their id."""

    name: str
    msisdn: Msisdn
    save: Name | None = None

    async def apply(self, stage: Stage) -> None:
        customer = await stage.register(stage.text(self.name), stage.text(self.msisdn))
        if self.save is not None:
            stage.names[self.save] = customer


class Given(Data):
    """One of each kind; several of a kind stand in a list of these."""

    subscriber: GivenSubscriber | None = None
    merchant: GivenMerchant | None = None
    provider: GivenProvider | None = None
    bank: GivenBank | None = None
    account: GivenAccount | None = None
    customer: GivenCustomer | None = None
    fault: object = None

    async def apply(self, stage: Stage) -> None:
        for thing in (self.subscriber, self.merchant, self.provider, self.bank, self.account, self.customer):
            if thing is not None:
                await thing.apply(stage)
        if self.fault is not None:
            await add_fault(stage, self.fault)


class GivenStep(Data):
    """`given: {…}` or a list of such mappings, in their order."""

    given: list[Given] = Field(min_length=1)

    @field_validator("given", mode="before", json_schema_input_type=Given | list[Given])
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, dict) else value

    @staticmethod
    def problems(raw: Raw, check_rule: CheckRule) -> Iterator[tuple[Path, str]]:
        given = raw["given"]
        for index, one in enumerate(given if isinstance(given, list) else [given]):
            if isinstance(one, dict) and "fault" in one:
                yield from rule_problems(one["fault"], ("given", index, "fault"), check_rule)

    async def run(self, stage: Stage) -> None:
        for one in self.given:
            await one.apply(stage)
