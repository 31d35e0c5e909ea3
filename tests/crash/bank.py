"""The bank as a process of its own on a file, what its customers wish, and what both sides' books say of that."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import aiohttp

from tests.crash.conftest import Process, begun, ended

COMMAND = (sys.executable, "-m", "harness.cli", "bank", "--port", "0")
CHANNEL, OPERATOR = {"Authorization": "Bearer bank-channel-key"}, {"Authorization": "Bearer bank-operator-key"}
SHORTCODE = "600000"
# what each phone does when it is asked; all of them are paid out
PHONES = [f"2547220000{number:02d}" for number in range(6)] + [f"2547000000{number:02d}" for number in (2, 4)]
ROUTES = {"deposit": "/deposits", "withdrawal": "/withdrawals"}
OPENING = Decimal("20000.00")


@dataclass
class Bank:
    """A file, and the processes that follow each other on it."""

    http: aiohttp.ClientSession
    command: tuple[str, ...]
    url: str = ""
    child: asyncio.subprocess.Process | None = None
    log: str = ""

    async def start(self) -> None:
        self.child, self.url = await begun(*self.command)

    async def kill(self) -> None:
        child, self.child = self.child, None
        if child is not None:
            await ended(child)
            assert child.stderr is not None
            self.log += (await child.stderr.read()).decode()

    async def call(self, method: str, path: str, headers: dict[str, str], body: object = None) -> Any:
        async with self.http.request(method, self.url + path, json=body, headers=headers) as response:
            text = await response.text()
            assert response.status < 300, (method, path, response.status, text)
            return json.loads(text)


@dataclass
class Wish:
    """To pay in, to be paid out, or a payment to the paybill; the amount is nobody else's. `id` is the bank's."""

    kind: str
    key: str
    customer: str
    phone: str
    amount: str
    id: str | None = None

    @property
    def body(self) -> dict[str, object]:
        to: dict[str, object] = {"via": "mpesa"} if self.kind == "deposit" else {"to": {"msisdn": self.phone}}
        return {"customer": self.customer, "amount": self.amount, **to}

    async def ask(self, bank: Bank) -> None:
        """Raises `ClientError` where nobody answers."""
        answer = await bank.call("POST", ROUTES[self.kind], CHANNEL | {"Idempotency-Key": self.key}, self.body)
        assert self.id in (None, answer["id"]), "one wish has one id"
        self.id = answer["id"]


@dataclass
class Customers:
    """Who they are, by phone, and all that they have wished so far."""

    bank: Bank
    provider: Process
    ids: dict[str, str] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)  # as the bank showed them last
    shillings: Iterator[int] = field(default_factory=lambda: count(11))

    async def register(self) -> None:
        """Each pays in enough to take out of."""
        for phone in PHONES:
            wish = {"name": "Somebody", "msisdn": phone}
            self.ids[phone] = (await self.bank.call("POST", "/customers", CHANNEL, wish))["id"]
            await self.provider.call("PATCH", f"/subscribers/{phone}", json={"balance": "100000.00"})
            await self.pay(phone, f"{OPENING}")
        await self.provider.quiet()

    async def pay(self, phone: str, amount: str) -> None:
        wish = {"shortcode": SHORTCODE, "reference": self.ids[phone], "amount": amount, "pin": "1234"}
        await self.provider.call("POST", f"/subscribers/{phone}/pay", json=wish)

    async def rush(self, draws: random.Random, size: int, *, at_once: int) -> None:
        """So many new wishes; those that nobody answers any more are asked again another time."""
        new = iter([self._wish(draws) for _ in range(size)])

        async def client() -> None:
            for wish in new:
                if wish.kind == "paybill":
                    await self.pay(wish.phone, wish.amount)
                    continue
                self.wishes.append(wish)
                try:
                    await wish.ask(self.bank)
                except aiohttp.ClientError:
                    continue

        await asyncio.gather(*[client() for _ in range(at_once)])

    def _wish(self, draws: random.Random) -> Wish:
        kind, phone = draws.choices(["deposit", "withdrawal", "paybill"], [5, 4, 1])[0], draws.choice(PHONES)
        number = next(self.shillings)
        return Wish(kind, f"wish-{number}", self.ids[phone], phone, f"{number}.00")

    async def ask_again(self) -> None:
        """What was not answered, once more under the same key: it is done, or begins now."""
        for wish in self.wishes:
            if wish.id is None:
                await wish.ask(self.bank)

    async def look(self) -> None:
        """At what was not proven when it was looked at before."""
        for wish in self.wishes:
            if wish.id is not None and not self.shown.get(wish.id, {}).get("proven"):
                self.shown[wish.id] = await self.bank.call("GET", f"{ROUTES[wish.kind]}/{wish.id}", CHANNEL)


@dataclass(frozen=True)
class Books:
    """What both sides know of all wishes at one moment. Of the provider's payments in `told` the bank was told."""

    wishes: list[Wish]
    shown: dict[str, dict[str, Any]]
    customers: dict[str, dict[str, Any]]
    statements: dict[str, list[dict[str, Any]]]
    audit: dict[str, Any]
    undecided: frozenset[str]
    payments: list[dict[str, Any]]
    told: frozenset[str]
    provider_audit: dict[str, Any]
    holdings: Decimal

    @classmethod
    async def read(cls, customers: Customers, report: dict[str, Any]) -> Books:
        bank, provider, ids = customers.bank, customers.provider, customers.ids.values()
        await customers.look()
        statements = {one: await bank.call("GET", f"/customers/{one}/statement", CHANNEL) for one in ids}
        callbacks = await provider.listed("/callbacks")
        return cls(
            wishes=customers.wishes,
            shown=customers.shown,
            customers={one: await bank.call("GET", f"/customers/{one}", CHANNEL) for one in ids},
            statements={one: told["items"] for one, told in statements.items()},
            audit=await bank.call("GET", "/ledger/audit", OPERATOR),
            undecided=frozenset(str(one.get("deposit") or one.get("withdrawal")) for one in report["undecided"]),
            payments=await provider.listed("/payments"),
            told=frozenset(one["payment"] for one in callbacks if is_answered(one)),
            provider_audit=await provider.call("GET", "/ledger/audit"),
            holdings=await provider.holdings(SHORTCODE),
        )

    def made_for(self, wish: Wish) -> list[dict[str, Any]]:
        return [one for one in self.payments if one["amount"] == wish.amount]

    def booked(self) -> Counter[str]:
        """How often a receipt, a deposit or a withdrawal is in a statement."""
        return Counter(line["reference"] for lines in self.statements.values() for line in lines)

    def untold(self) -> list[dict[str, Any]]:
        """Settled, and no acknowledgement or answered callback told of it; nor has the bank taken in what it did not
        live to answer."""
        known = {one.get("provider_reference") for one in self.shown.values()} | self.booked().keys()
        names = ("provider_reference", "receipt")
        collections = [one for one in self.payments if one["kind"] == "collection" and one["state"] == "succeeded"]
        return [
            one for one in collections if one["id"] not in self.told and known.isdisjoint(one[name] for name in names)
        ]


def is_answered(callback: dict[str, Any]) -> bool:
    return any(attempt.get("status") == 200 for attempt in callback["attempts"])


def lost(books: Books) -> Iterator[str]:
    """What was accepted, or settled and told, and is not to be found as it must be."""
    untold, booked = books.untold(), books.booked()
    for wish in books.wishes:
        if wish.id is None:
            yield f"{wish.key} was never granted"
            continue
        shown, made = books.shown[wish.id], books.made_for(wish)
        state = shown["state"]
        is_settled = any(one["state"] == "succeeded" and one not in untold for one in made)
        if is_settled != (state == "completed") or is_settled != bool(booked[wish.id]):
            yield f"{wish.id} is {state}, booked {booked[wish.id]} times; at the provider {made}"
        is_told = shown["provider_reference"] is not None or any(one["id"] in books.told for one in made)
        if not (shown["proven"] or (wish.id in books.undecided and not is_told)):
            yield f"{wish.id} is {state} without proof; reconciliation lists {sorted(books.undecided)}"
    for one in books.payments:
        is_paid = one["state"] == "succeeded" and one["operation"].endswith(".c2b") and one not in untold
        if is_paid and not booked[one["receipt"]]:
            yield f"{one['receipt']} of {one['amount']} is booked nowhere"


def doubled(books: Books) -> Iterator[str]:
    """What was done twice: a payment asked for, a receipt or a payment booked."""
    asked = {wish.id: books.made_for(wish) for wish in books.wishes}
    yield from (f"{wish} was asked for {len(made)} times: {made}" for wish, made in asked.items() if len(made) > 1)
    yield from (f"{what} is booked {times} times" for what, times in books.booked().items() if times > 1)


def differences(books: Books) -> Iterator[str]:
    """Where the two ledgers do not agree, but for untold money."""
    untold = books.untold()
    for customer, shown in books.customers.items():
        msisdn, balance = shown["msisdn"], Decimal(shown["balance"])
        worth = sum(
            (_worth(one) for one in books.payments if one["msisdn"] == msisdn and one not in untold), Decimal(0)
        )
        if balance != worth or shown["available"] != shown["balance"]:
            yield f"{customer} has {balance} ({shown['available']} available); the provider moved {worth}"
    audit, missing = books.audit, sum(map(_worth, untold), Decimal(0))
    if not (audit["balanced"] and books.provider_audit["balanced"]):
        yield f"unbalanced: {audit}, {books.provider_audit}"
    if Decimal(audit["held"]) or Decimal(audit["suspense"]):
        yield f"held or in suspense at rest: {audit}"
    if Decimal(audit["float"]) + missing != books.holdings:
        yield f"the bank believes in a float of {audit['float']} without {missing}; the provider has {books.holdings}"


def _worth(payment: dict[str, Any]) -> Decimal:
    if payment["state"] != "succeeded":
        return Decimal(0)
    return Decimal(payment["amount"]) * (-1 if payment["kind"] == "payout" else 1)
