"""The app under test through its own HTTP face, in the words of its profile."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from harness.app_answers import Answers, AppAudit, AppPaymentSeen, CustomerSeen, StatementLine
from harness.app_profile import AppProfile, PaymentKind
from harness.data import BadFace
from harness.exchange import Answer, Request

BROKEN = 500


class Door(Protocol):
    """Where the app is reached."""

    async def send(self, request: Request) -> Answer: ...


class AppFace(Struct, frozen=True):
    """What the harness itself asks of the app; steps of a scenario use `door` as they are written."""

    door: Door
    profile: AppProfile

    @property
    def answers(self) -> Answers:
        return Answers(self.profile)

    async def register(self, name: str, msisdn: str) -> CustomerSeen:
        wish = self.profile.body("customer", name=name, msisdn=msisdn)
        return self.answers.customer(await self._call("POST", self.profile.customers, "channel", wish))

    async def customer(self, customer: str) -> CustomerSeen:
        return self.answers.customer(await self._call("GET", f"{self.profile.customers}/{customer}", "channel"))

    async def statement(self, customer: str) -> tuple[StatementLine, ...] | None:
        """None where the app has none."""
        route = self.profile.statement_of(customer)
        return None if route is None else self.answers.statement(await self._call("GET", route, "channel"))

    def wish(self, kind: PaymentKind, *, customer: str, amount: str, msisdn: str) -> Request:
        """The request by which a customer asks for such a payment, `msisdn` being paid if it is a withdrawal."""
        body = self.profile.body(kind, customer=customer, amount=amount, msisdn=msisdn)
        return Request("POST", self.profile.route_of(kind), self.profile.authorization("channel"), body)

    async def payment(self, kind: PaymentKind, payment: str) -> AppPaymentSeen:
        route = f"{self.profile.route_of(kind)}/{payment}"
        return self.answers.payment(kind, await self._call("GET", route, "channel"))

    async def reconcile(self) -> frozenset[str] | None:
        """What it says it left undecided; None where it does not say, or there is no such thing."""
        if self.profile.reconcile is None:
            return None
        return self.answers.undecided(await self._call("POST", self.profile.reconcile, "operator"))

    async def audit(self) -> AppAudit | None:
        """None where the app has none."""
        if self.profile.audit is None:
            return None
        return self.answers.audit(await self._call("GET", self.profile.audit, "operator"))

    async def notices(self) -> list[tuple[str, str]]:
        """By provider, the addresses at which it hears of money that came in; none where it tells of none."""
        if self.profile.notices is None:
            return []
        answer = await self._ask("GET", self.profile.notices, "operator")
        if answer.status >= BROKEN:
            raise BadFace(f"GET {self.profile.notices} answered {answer}")
        return self.answers.notices(answer.body) if answer.is_good else []

    async def _call(self, method: str, path: str, who: str, body: object = None) -> object:
        answer = await self._ask(method, path, who, body)
        if not answer.is_good:
            raise BadFace(f"{method} {path} answered {answer}")
        return answer.body

    async def _ask(self, method: str, path: str, who: str, body: object = None) -> Answer:
        return await self.door.send(Request(method, path, self.profile.authorization(who), body))
