"""The control API of one world, `/_sim?world=NAME`: the same for every simulator, in process or remote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

from msgspec import Struct

from harness.data import money
from harness.events import Event
from harness.exchange import Answer, Request
from harness.targets.base import Advanced, Consumer, Json, Opening, Refused
from harness.targets.http import Sends
from harness.targets.loan import Loan

PAGE = 1000


class ControlApi(Struct, frozen=True):
    """In a world on `loan`, what was there before is left out, and what is changed is noted, to be undone."""

    http: Sends
    url: str
    world: str
    token: str | None = None
    loan: Loan | None = None

    async def open(self, opening: Opening, *, hosts: Mapping[str, str]) -> Consumer:
        """Makes the world; its name must be free. `hosts` maps the name of a callback's host to its address."""
        wish: dict[str, object] = {"name": self.world, "seed": opening.seed, "hosts": dict(hosts)}
        if opening.starts_at is not None:
            wish["starts_at"] = opening.starts_at.isoformat()
        return _consumer(await self._call("POST", "/worlds", wish))

    async def find(self) -> Consumer:
        """The world that is there already, or one of that name, made now."""
        view = await self._view()
        return _consumer(await self._call("POST", "/worlds", {"name": self.world}) if view is None else view)

    async def open_jobs(self) -> int:
        """How many jobs the world has not run yet."""
        view = await self._view()
        return 0 if view is None else int(str(view["open_jobs"]))

    async def _view(self) -> Json | None:
        return next((one for one in await self._items("/worlds") if one["name"] == self.world), None)

    async def resolve(self, host: str, address: str) -> None:
        await self._call("PATCH", f"/worlds/{_quoted(self.world)}", {"hosts": {host: address}})

    async def close(self) -> None:
        await self._call("DELETE", f"/worlds/{_quoted(self.world)}")

    async def now(self) -> datetime:
        return _instant((await self._call("GET", "/clock"))["now"])

    async def advance(self, by: timedelta) -> Advanced:
        return await self._advance({"seconds": by.total_seconds()})

    async def advance_to(self, instant: datetime) -> Advanced:
        return await self._advance({"to": instant.isoformat()})

    async def advance_jobs(self, jobs: int, to: datetime) -> Advanced:
        return await self._advance({"jobs": jobs, "to": to.isoformat()})

    async def _advance(self, wish: Json) -> Advanced:
        answer = await self._call("POST", "/clock/advance", wish)
        return Advanced(_instant(answer["now"]), int(str(answer["jobs_run"])))

    async def add_subscriber(self, subscriber: Json) -> None:
        await self._call("POST", "/subscribers", subscriber)

    async def pay(self, msisdn: str, payment: Json) -> Json:
        return await self._call("POST", f"/subscribers/{_quoted(msisdn)}/pay", payment)

    async def change_merchant(self, shortcode: str, changes: Json) -> None:
        await self._change(f"/merchants/{_quoted(shortcode)}", changes)

    async def change_provider(self, name: str, changes: Json) -> None:
        await self._change(f"/providers/{_quoted(name)}", changes)

    async def account(self, bank: str, number: str) -> Json:
        return await self._call("GET", _account(bank, number))

    async def change_account(self, bank: str, number: str, changes: Json) -> None:
        await self._change(_account(bank, number), changes)

    async def change_bank(self, code: str, changes: Json) -> None:
        await self._change(f"/banks/{_quoted(code)}", changes)

    async def pay_from(self, bank: str, number: str, payment: Json) -> Json:
        return await self._call("POST", f"{_account(bank, number)}/pay", payment)

    async def return_payment(self, payment: str, wish: Json) -> Json:
        return await self._call("POST", f"/payments/{_quoted(payment)}/return", wish)

    async def jenga_key(self) -> str:
        return str(await self._answer("GET", "/jenga-key.pem"))

    async def settle(self) -> Json:
        return await self._call("POST", "/switch/settle")

    async def _change(self, path: str, changes: Json) -> None:
        if self.loan is not None:
            before = await self._call("GET", path)
            self.loan.changed.append((path, {name: before[name] for name in changes if name in before}))
        await self._call("PATCH", path, changes)

    async def prompts(self, msisdn: str) -> list[Json]:
        return await self._items("/prompts", f"&msisdn={_quoted(msisdn)}")

    async def answer_prompt(self, prompt: str, answer: Json) -> None:
        await self._call("POST", f"/prompts/{_quoted(prompt)}/answer", answer)

    async def add_fault(self, rule: Json) -> None:
        await self._call("POST", "/faults", rule)
        if self.loan is not None:
            self.loan.faults.add(str(rule["name"]))

    async def lift_fault(self, name: str) -> None:
        await self._call("DELETE", f"/faults/{_quoted(name)}")

    async def lift_faults(self) -> None:
        if self.loan is None:
            await self._call("DELETE", "/faults")
            return
        for rule in await self._items("/faults"):
            if rule["name"] in self.loan.faults:
                await self.lift_fault(str(rule["name"]))

    async def borrow(self, since: Loan) -> Loan:
        """A loan that begins now; nothing that `since` had left out is looked at again."""
        events = await self._items("/journal", after=since.events)
        payments = await self._items("/payments", after=since.payments)
        entries = await self._items("/ledger/entries", after=since.entries)
        return Loan(
            events=int(str(events[-1]["sequence"])) if events else since.events,
            payments=str(payments[-1]["id"]) if payments else since.payments,
            entries=str(entries[-1]["id"]) if entries else since.entries,
            prompts=frozenset(str(prompt["id"]) for prompt in await self._items("/prompts")),
        )

    async def give_back(self) -> None:
        """Lifts the loan's own faults, cancels its open prompts, and sets back what it changed."""
        assert self.loan is not None
        await self.lift_faults()
        for prompt in await self._items("/prompts"):
            if prompt["id"] not in self.loan.prompts:
                await self.answer_prompt(str(prompt["id"]), {"action": "cancel"})
        while self.loan.changed:
            path, before = self.loan.changed.pop()
            await self._call("PATCH", path, before)

    async def journal(self, after: int) -> list[Event]:
        known = after if self.loan is None else max(after, self.loan.events)
        return [Event(item) for item in await self._items("/journal", after=known)]

    async def await_event(self, after: int, seconds: int) -> None:
        """Until there is an event after that one, or the seconds are over."""
        await self._call("GET", "/journal", query=f"&after={after}&wait={seconds}&limit=1")

    async def payments(self) -> list[Json]:
        return await self._items("/payments", after=self.loan and self.loan.payments)

    async def entries(self) -> list[Json]:
        return await self._items("/ledger/entries", after=self.loan and self.loan.entries)

    async def balance(self, account: str) -> Decimal:
        (item,) = await self._items("/ledger/accounts", f"&account={_quoted(account)}")
        return money(item["balance"])

    async def audit(self) -> Json:
        return await self._call("GET", "/ledger/audit")

    async def _items(self, path: str, query: str = "", after: object = None) -> list[Json]:
        """All items of a list, page by page."""
        items: list[Json] = []
        while True:
            cursor = "" if after in (None, 0) else f"&after={_quoted(str(after))}"
            page = await self._call("GET", path, query=f"{query}&limit={PAGE}{cursor}")
            found = page["items"]
            assert isinstance(found, list)
            items += found
            after = page.get("next")
            if after is None or not found:
                return items

    async def _call(self, method: str, path: str, body: object = None, query: str = "") -> Json:
        told = await self._answer(method, path, body, query)
        return _mapping({} if told is None else told)

    async def _answer(self, method: str, path: str, body: object = None, query: str = "") -> object:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        line = f"/_sim{path}?world={_quoted(self.world)}{query}"
        answer = await self.http.send(self.url, Request(method, line, headers, body))
        if not answer.is_good:
            raise Refused(f"{method} /_sim{path}: {_reason(answer)}")
        return answer.body


def _consumer(view: Json) -> Consumer:
    daraja = _mapping(_mapping(view["credentials"])["daraja"])
    return Consumer(str(daraja["consumer_key"]), str(daraja["consumer_secret"]))


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Refused(f"the control API answered {value!r} where a mapping was expected")
    return value


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _account(bank: str, number: str) -> str:
    return f"/banks/{_quoted(bank)}/accounts/{_quoted(number)}"


def _instant(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


def _reason(answer: Answer) -> str:
    """The API's own message, or the whole answer where there is none."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    return str(error["message"]) if isinstance(error, dict) and "message" in error else str(answer)
