"""Whenever the bank is killed: nothing that it accepted or answered is lost, nothing is done twice (I17, I19).

`pytest --bank-kills 200` kills as often. What is asked, where the kill comes and when is drawn from the kill's number.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter
from datetime import timedelta

import pytest
from aiohttp import web

from tests.crash.bank import CHANNEL, COMMAND, OPERATOR, Bank, Books, Customers, differences, doubled, is_answered, lost
from tests.crash.gate import Blow, Gate, Point

WISHES, AT_ONCE = 10, 5
LONGER_THAN_ANY_LIMIT = timedelta(minutes=10)
AT_WORK_SECONDS = 0.015  # the bank answers most callbacks within twice that
POINTS = [Point.CALLBACK, Point.UNSENT, Point.UNHEARD, Point.CALLBACK, Point.SENT, Point.HEARD]
OUTCOME = re.compile(r"/callbacks/daraja/[^/]+/(?:stk|b2c)/([DW][0-9]+)(?:/result)?")
REAL_SECONDS = 20


@pytest.fixture
async def provider(simulator):
    return await simulator.start()


@pytest.fixture
async def gate(http, provider):
    gate = Gate(http, provider.url)
    served = web.Application()
    served.add_routes(gate.routes())
    runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gate.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield gate
    await runner.cleanup()


@pytest.fixture
async def bank(http, gate, tmp_path):
    about = {
        "--provider-url": f"{gate.url}/provider",
        "--public-url": gate.url,
        "--database": f"sqlite:///{tmp_path}/bank.db",
        "--clock": f"{gate.url}/clock",
    }
    bank = Bank(http, (*COMMAND, *(word for option in about.items() for word in option)))
    gate.kill = bank.kill
    yield bank
    await bank.kill()


def blow_of(draws, number):
    return Blow(POINTS[number % len(POINTS)], draws.randrange(1, 6), draws.uniform(0, AT_WORK_SECONDS))


async def killed_at(blow, gate, customers, draws):
    gate.aim(blow)
    rush = asyncio.create_task(customers.rush(draws, WISHES, at_once=AT_ONCE))
    async with asyncio.timeout(REAL_SECONDS):
        await gate.fallen.wait()
    await rush


async def restarted(bank, gate):
    await bank.start()
    gate.bank = bank.url


async def broken_promises(promises, bank):
    """Outcomes that were answered with a 2xx and have no effect, though nobody has repeated anything."""
    for promise in promises:
        found, told = OUTCOME.fullmatch(promise.path), json.loads(promise.body)
        if found is not None:
            outcome = told["Body"]["stkCallback"] if "Body" in told else told["Result"]
            kind = "deposits" if found[1].startswith("D") else "withdrawals"
            shown = await bank.call("GET", f"/{kind}/{found[1]}", CHANNEL)
            is_success = str(outcome["ResultCode"]) == "0"
            if not shown["proven"] or (shown["state"] == "completed") != is_success:
                yield f"{found[1]} is {shown['state']}, and was answered: {outcome}"
        elif promise.path.endswith("/c2b/confirmation") and told["BillRefNumber"].startswith("C"):
            statement = await bank.call("GET", f"/customers/{told['BillRefNumber']}/statement", CHANNEL)
            if told["TransID"] not in [line["reference"] for line in statement["items"]]:
                yield f"{told['TransID']} is in no statement, and was answered"


async def redelivered(provider):
    """The provider's repeats of what was not answered; how many."""
    unanswered = [one["id"] for one in await provider.listed("/callbacks") if not is_answered(one)]
    for callback in unanswered:
        await provider.call("POST", f"/callbacks/{callback}/redeliver")
    await provider.quiet()
    return len(unanswered)


async def reconciled(bank, provider, gate):
    """Once, when all that is open is older than the bank's limits; the report after the answers have come."""
    gate.ahead += LONGER_THAN_ANY_LIMIT
    report = await bank.call("POST", "/reconcile", OPERATOR)
    await provider.quiet()
    return await bank.call("GET", f"/reconcile/{report['id']}", OPERATOR)


async def wrong(customers, report):
    books = await Books.read(customers, report)
    return books, [*lost(books)], [*doubled(books)], [*differences(books)]


async def test_whenever_it_is_killed_nothing_is_lost_or_done_twice(provider, gate, bank, pytestconfig, capsys):
    kills, points, repeats, repaired = pytestconfig.getoption("--bank-kills"), Counter(), 0, 0
    await restarted(bank, gate)
    customers = Customers(bank, provider)
    await customers.register()
    for number in range(kills):
        draws = random.Random(number)
        blow = blow_of(draws, number)
        await killed_at(blow, gate, customers, draws)
        points[blow.point] += 1
        await restarted(bank, gate)
        assert [one async for one in broken_promises(gate.promises, bank)] == [], f"after kill {number}: {blow}"
        gate.promises.clear()
        await customers.ask_again()
        await provider.quiet()
        if draws.random() < 0.5:
            repeats += await redelivered(provider)
        report = await reconciled(bank, provider, gate)
        repaired += len(report["repaired"])
        _, *found = await wrong(customers, report)
        assert found == [[], [], []], f"after kill {number}: {blow}"
    repeats += await redelivered(provider)
    customers.shown.clear()
    books, *found = await wrong(customers, await reconciled(bank, provider, gate))
    assert (books.untold(), found) == ([], [[], [], []])
    completed = sum(shown["state"] == "completed" for shown in books.shown.values())
    assert "Traceback" not in bank.log
    by_point = {point.name.lower(): times for point, times in points.items()}
    with capsys.disabled():
        print(f"\n{kills} kills of the bank: {by_point}; {gate.in_time} of the first before the callback's answer")
        print(f"{len(books.shown)} accepted, {completed} completed, {gate.unanswered} callbacks not answered")
        print(f"{repeats} told again, {repaired} found by asking; {len(found[0])} lost, {len(found[1])} double")
