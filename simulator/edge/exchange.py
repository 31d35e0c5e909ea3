"""One exchange: a request that a provider's API received, in its world, and the reply that it gets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from aiohttp import web
from msgspec import Struct, field

from simulator.core.faults import Facts, FaultRule, Hang, Refuse, Reset, choose_fault
from simulator.core.journal import Event, EventKind, Json
from simulator.core.store import Transaction
from simulator.core.switch import outcome_of
from simulator.core.tokens import Tokens
from simulator.core.worlds import World
from simulator.edge.wire import hidden, told_in_journal, told_query

if TYPE_CHECKING:
    from simulator.edge.provider import Provider

JOURNALLED_BODY_BYTES = 16_384
TOO_LARGE = b"(a body of more than 1 MiB)"
SCHEMES = ("Basic", "Bearer")


class Received(Struct, frozen=True):
    """A request as it came, read whole."""

    method: str
    path: str
    query: str
    content_type: str
    authorization: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    async def of(cls, request: web.BaseRequest, path: str) -> Received:
        headers = request.headers
        return cls(
            method=request.method,
            path=path,
            query=request.query_string,
            content_type=_text(headers.get("Content-Type", "")),
            authorization=_text(headers.get("Authorization", "")),
            body=await _read(request),
            headers=headers,
        )

    @property
    def is_json(self) -> bool:
        return self.content_type.partition(";")[0].strip().lower() == "application/json"

    def credential(self, scheme: str) -> str | None:
        """What follows `scheme` in the Authorization header, or None when it is of another form."""
        told, _, rest = self.authorization.partition(" ")
        return rest.strip() if told.lower() == scheme.lower() and rest.strip() else None


class Reply(Struct, frozen=True):
    """An answer in the provider's words. `why` is for the developer, and goes into a header of ours."""

    status: int
    body: bytes
    content_type: str = "application/json"
    why: str = ""

    def response(self) -> web.Response:
        headers = {"Content-Type": self.content_type}
        if self.why:
            headers["Pesabox-Why"] = why_header(self.why)
        return web.Response(status=self.status, body=self.body, headers=headers)


async def _read(request: web.BaseRequest) -> bytes:
    """The body; one that is too large is not kept."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        return TOO_LARGE


def why_header(why: str) -> str:
    """A reason as a header may carry it: printable ASCII on one line."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in " ".join(why.split()))[:500]


def _text(header: str) -> str:
    """A header as text: bytes that are none become question marks."""
    return header.encode("utf-8", "replace").decode()


NOTHING = Reply(0, b"")


class Exchange(Struct):
    """What a handler works with. It is recorded in the transaction that does what was asked.

    `place` is the operation as fault rules and payments name it, `parts` what its path names. `problem` is why no world
    admits it; `fault_before` the rule that delayed it before anything was done, `fault` the one that decides about its
    answer. `payment` is what it has brought about, where it is recorded only once that is decided.
    """

    world: World
    tokens: Tokens
    provider: Provider
    operation: str
    number: int
    received: Received
    at: datetime
    parts: Mapping[str, str] = field(default_factory=dict)
    problem: Exception | None = None
    fault: FaultRule | None = None
    fault_before: FaultRule | None = None
    is_recorded: bool = False
    payment: str = ""

    @property
    def correlation(self) -> str:
        return f"r{self.number:06d}"

    @property
    def place(self) -> str:
        return f"{self.provider.name}.{self.operation}"

    async def choose_fault(self, point: str, facts: Facts) -> FaultRule | None:
        if not self.world.rules:
            return None
        return await choose_fault(self.world, f"{self.place}.{point}", facts)

    async def choose_acknowledgement(self, facts: Facts) -> None:
        """Asks the fault rules what becomes of the acknowledgement, before anything is done."""
        self.fault = await self.choose_fault("acknowledgement", facts)

    def sent_instead(self, reply: Reply) -> Reply:
        """What really leaves when the exchange's fault rule has its way; the same reply where it changes none."""
        if self.fault is None:
            return reply
        effect = self.fault.effect
        if isinstance(effect, Hang | Reset):
            return NOTHING
        if isinstance(effect, Refuse):
            return self._refused(effect)
        return reply

    def _refused(self, effect: Refuse) -> Reply:
        if effect.error is not None:
            error = self.provider.error(effect.error)
            assert error is not None, f"{effect.error} was checked when the rule was made"
            return self.provider.error_reply(self, error)
        is_json = effect.body.lstrip().startswith(("{", "["))
        content_type = "application/json" if is_json or not effect.body else "text/html"
        return Reply(effect.status or 200, effect.body.encode(), content_type)

    async def transferred(self, payment: str) -> None:
        """Waits until the transfer that was accepted is decided, or known to be unclear: a caller that waits for it
        holds back nothing."""
        self.payment = payment
        decided = self.world.expect(outcome_of(payment))
        self.world.release(self.correlation)
        await self.world.clock.until(decided)

    def record(self, tx: Transaction, reply: Reply, payment: str = "") -> None:
        """Journals the request and what is really sent, in the transaction of what it did."""
        self.is_recorded = True
        sent = self.sent_instead(reply)
        data: dict[str, Json] = {
            "operation": self.place,
            "method": self.received.method,
            "path": self.received.path,
            **({"query": told_query(self.received.query, self.provider.secrets)} if self.received.query else {}),
            "headers": self._headers(),
            "body": self._told(self.received.body),
            "status": sent.status,
            "answer": self._answered(sent),
        }
        if reply.why:
            data["why"] = reply.why
        faults = [rule.name for rule in (self.fault_before, self.fault) if rule is not None]
        if faults:
            data["fault"] = " + ".join(faults)
        if sent is not reply and reply is not NOTHING:
            data["instead_of"] = {"status": reply.status, "answer": self._answered(reply)}
        about = payment or self.payment
        tx.append(Event(EventKind.REQUEST, self.at, data, correlation=self.correlation, payment=about))

    def _headers(self) -> Json:
        told = {"Content-Type": self.received.content_type} if self.received.content_type else {}
        authorization = self.received.authorization
        kind, _, secret = authorization.partition(" ")
        if kind in SCHEMES:
            return told | {"Authorization": f"{kind} {hidden(secret)}"}
        return told | ({"Authorization": hidden(authorization)} if authorization else {})

    def _told(self, body: bytes) -> Json:
        if len(body) > JOURNALLED_BODY_BYTES:
            return f"({len(body)} bytes)"
        return told_in_journal(body, self.provider.secrets) if body else ""

    def _answered(self, reply: Reply) -> Json:
        """What is ours to tell: HTML that a rule sent too."""
        return self._told(reply.body) if reply.content_type == "application/json" else reply.body.decode()
