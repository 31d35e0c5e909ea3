"""What a step may touch: the world, the app, what was saved so far, and what is known of phones and money."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

from harness.app_face import AppFace
from harness.book import Book
from harness.credentials import Credentials
from harness.data import Save
from harness.events import Event
from harness.exchange import Answer, Expect, NoAnswer, Request, StepFailed, verify
from harness.journal import Journal
from harness.matching import Mismatch
from harness.notices import register_notices
from harness.sighting import Sighting
from harness.substitution import fill
from harness.targets.base import OwnApp, World

DEFAULT_PIN = "1234"


class Stage(Struct):
    """One scenario's.

    `foreign` are payments of steps that run beside this one, `own` all that are known to be its own; `glance` judges in
    the middle of a long step what must always hold.
    """

    world: World
    journal: Journal
    credentials: Credentials
    book: Book
    app: AppFace | None = None
    own_app: OwnApp | None = None
    sightings: list[Sighting] = field(default_factory=list)
    names: dict[str, object] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    opening: dict[str, Decimal] = field(default_factory=dict)
    has_faults: bool = False
    foreign: set[str] = field(default_factory=set)
    own: frozenset[str] | None = None
    is_in_flight: bool = False
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    glance: Callable[[], Awaitable[None]] | None = None

    def fill(self, value: object, extra: Mapping[str, object] | None = None) -> object:
        """`value` with the saved names filled in."""
        return fill(value, self.names if extra is None else {**self.names, **extra})

    def text(self, value: str) -> str:
        return str(self.fill(value))

    def pin_of(self, msisdn: str) -> str:
        return self.pins.get(msisdn, DEFAULT_PIN)

    @property
    def the_app(self) -> AppFace:
        assert self.app is not None, "a scenario that uses the app is given one"
        return self.app

    async def ask_app(self, request: Request, expect: Expect) -> Answer | None:
        """One request of the scenario to the app; None where no answer was expected and none came."""
        before = self.journal.last
        with self._flight(f"app {request.method} {request.path}"):
            answer, failure = await _sent(self.the_app.door.send(request), expect)
        await self.read_journal()
        self.book.asked(request, answer, self._ours_since(before))
        if failure is not None:
            raise failure
        return answer

    async def ask_provider(self, request: Request, expect: Expect) -> Answer | None:
        before = self.journal.last
        with self._flight(f"provider {request.method} {request.path}"):
            answer, failure = await _sent(self.world.send(request), expect)
        if self.app is not None:
            await self.read_journal()
            self.book.asked_provider(self._ours_since(before))
        if failure is not None:
            raise failure
        return answer

    def _ours_since(self, sequence: int) -> Iterator[Event]:
        """What happened since then, without what steps that run beside this one have brought about, or may have."""
        known = (event for event in self.journal.since(sequence) if event.payment not in self.foreign)
        return (event for event in known if not event.payment or self.own is None or event.payment in self.own)

    async def register_notices(self) -> None:
        """Tells the provider where the app hears of money that came in."""
        with self._flight("app tells where it takes notices"):
            await register_notices(self.the_app, self.world.control)

    async def register(self, name: str, msisdn: str) -> str:
        """The id of a customer whom the app registers."""
        with self._flight("app registers a customer"):
            customer = await self.the_app.register(name, msisdn)
            if customer.id not in self.book.customers:
                self.book.registered(customer, await self.the_app.statement(customer.id))
        return customer.id

    async def restart_app(self, down: timedelta) -> None:
        """Time passes only while the app is down, not while it is killed and started."""
        assert self.own_app is not None, "a scenario that restarts the app is played with one that can be"
        with self._flight("app is killed"):
            await self.own_app.kill()
            await self._sighted("was killed")
        if down:
            await self.world.control.advance(down)
        with self._flight("app starts again"):
            await self.own_app.start()
            await self._sighted("started again")

    async def _sighted(self, words: str) -> None:
        await self.read_journal()
        self.sightings.append(Sighting(self.journal.last, await self.world.now(), words))

    def _flight(self, name: str) -> AbstractContextManager[object]:
        return nullcontext() if self.is_in_flight else self.world.flight(name)

    def branch(self) -> Stage:
        """This stage for one of several steps that run together, whose flight somebody else keeps."""
        return replace(self, foreign=set(), is_in_flight=True)

    async def goes_on(self, deadline: datetime) -> bool:
        """Waits for what happens next; False when nothing is to come before the deadline."""
        goes_on = await self.world.time.until_next(deadline, after=self.journal.last)
        await self.read_journal()
        return goes_on

    async def read_journal(self) -> None:
        """One reading at a time, or two would both bring what is new."""
        async with self.reading:
            await self.journal.read()

    def judge(self, expect: Expect, save: Save, answer: Answer | None) -> None:
        """Keeps what is to be saved; raises `StepFailed` with every mismatch at once."""
        if answer is not None:
            self.names |= verify(expect.filled(self.fill), save, answer)


async def _sent(sending: Awaitable[Answer], expect: Expect) -> tuple[Answer | None, StepFailed | None]:
    """What came back; where nothing did and something was expected, the failure to tell."""
    try:
        return await sending, None
    except NoAnswer as error:
        failure = None if expect.no_answer else StepFailed(Mismatch("answer", "one", str(error)))
        return None, failure
