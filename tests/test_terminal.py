"""What a person sees: one line an exchange."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from simulator.core.clock import EAT
from simulator.core.journal import Event, EventKind
from simulator.terminal import line_of, told_to

AT = datetime(2026, 1, 15, 10, 30, tzinfo=EAT)
REQUEST = {"operation": "daraja.stk_push", "status": 200, "answer": {"ResponseDescription": "Success."}}
CALLBACK = {"operation": "daraja.stk_push", "url": "http://app.test/x", "outcome": "answered", "status": 200}


@pytest.mark.parametrize(
    ("kind", "data", "line"),
    [
        pytest.param(EventKind.REQUEST, REQUEST, "app → daraja.stk_push  200  Success.", id="accepted"),
        pytest.param(
            EventKind.REQUEST,
            REQUEST | {"status": 404, "why": "no token", "answer": {"errorMessage": "Invalid Access Token"}},
            "app → daraja.stk_push  404: no token  Invalid Access Token",
            id="refused",
        ),
        pytest.param(
            EventKind.REQUEST,
            REQUEST | {"status": 0, "answer": "", "fault": "hangs"},
            "app → daraja.stk_push  nothing  (fault: hangs)",
            id="hung",
        ),
        pytest.param(
            EventKind.CALLBACK,
            CALLBACK | {"answer": "ok"},
            "daraja.stk_push → app  200 ok  http://app.test/x",
            id="told",
        ),
        pytest.param(
            EventKind.CALLBACK,
            CALLBACK | {"outcome": "dropped", "fault": "lost"},
            "daraja.stk_push → app  dropped  (fault: lost)  http://app.test/x",
            id="dropped",
        ),
        pytest.param(
            EventKind.CALLBACK,
            CALLBACK | {"outcome": "answered", "status": 403, "answer": "no", "fault": "forger", "forged": True},
            "forged daraja.stk_push → app  403 no  (fault: forger)  http://app.test/x",
            id="forged",
        ),
        pytest.param(
            EventKind.ERROR,
            {"traceback": "Traceback\n  x\nKeyError: 1\n"},
            "pesabox failed: KeyError: 1",
            id="a defect",
        ),
    ],
)
def test_an_exchange_is_one_line(kind, data, line):
    assert line_of("default", Event(kind, AT, data)) == f"10:30:00  default  {line}"


def test_what_is_no_exchange_is_no_line():
    assert line_of("default", Event(EventKind.PAYMENT, AT, {})) == ""


async def test_exchanges_are_written_as_they_happen(simulation):
    lines: list[str] = []
    written = asyncio.Event()

    def write(line: str) -> None:
        lines.append(line)
        written.set()

    with told_to(write, simulation):
        world = await simulation.open("one")
        await world.run(lambda tx: tx.append(Event(EventKind.REQUEST, AT, REQUEST)))
        await written.wait()
    assert lines == ["10:30:00  one  app → daraja.stk_push  200  Success."]


@pytest.fixture
async def simulation():
    from simulator.app import build
    from simulator.edge.sender import HttpSender
    from simulator.settings import Settings

    built = build(Settings(clock="virtual"), HttpSender())
    yield built
    await built.close()
