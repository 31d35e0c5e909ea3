"""The app under test through its own HTTP face, in the words of its profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from harness.app_profile import (
    AppAudit,
    AppProfile,
    CustomerSeen,
    DepositSeen,
    StatementLine,
    read_audit,
    read_customer,
    read_deposit,
    read_statement,
)
from harness.data import BadFace
from harness.exchange import Answer, Request


class Door(Protocol):
    """Where the app is reached."""

    async def send(self, request: Request) -> Answer: ...


@dataclass(frozen=True)
class AppFace:
    """What the harness itself asks of the app; steps of a scenario use `door` as they are written."""

    door: Door
    profile: AppProfile

    async def register(self, name: str, msisdn: str) -> CustomerSeen:
        wish = {"name": name, "msisdn": msisdn}
        return read_customer(await self._call("POST", self.profile.customers, "channel", wish))

    async def customer(self, customer: str) -> CustomerSeen:
        return read_customer(await self._call("GET", f"{self.profile.customers}/{customer}", "channel"))

    async def statement(self, customer: str) -> tuple[StatementLine, ...]:
        return read_statement(await self._call("GET", self.profile.statement(customer), "channel"))

    async def deposit(self, deposit: str) -> DepositSeen:
        return read_deposit(await self._call("GET", f"{self.profile.deposits}/{deposit}", "channel"))

    async def reconcile(self) -> None:
        await self._call("POST", self.profile.reconcile, "operator")

    async def audit(self) -> AppAudit:
        return read_audit(await self._call("GET", self.profile.audit, "operator"))

    async def _call(self, method: str, path: str, who: str, body: object = None) -> object:
        answer = await self.door.send(Request(method, path, self.profile.authorization(who), body))
        if not answer.is_good:
            raise BadFace(f"{method} {path} answered {answer}")
        return answer.body
