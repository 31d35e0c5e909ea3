import asyncio
from datetime import UTC, datetime

import pytest
from aiohttp import web

from app_under_test.clock import BorrowedClock, ClockUnreachable, SystemClock, stamp


@pytest.fixture
async def simulated(start_bank, served_app):
    """A process whose time is what the test says."""
    told = {"kind": "virtual", "now": "2026-03-01T00:30:00+03:00"}

    async def clock(_):
        return web.json_response(told)

    app = web.Application()
    app.router.add_get("/_sim/clock", clock)
    async with served_app(app) as url:
        yield told, f"{url}/_sim/clock"


async def test_a_borrowed_clock_is_read_once_a_request(start_bank, simulated):
    told, url = simulated
    async with start_bank(clock=BorrowedClock(url)) as bank:
        first = await bank.deposit()
        assert first["created_at"] == "2026-03-01T00:30:00+03:00"
        told["now"] = "2026-02-28T22:00:00Z"
        assert (await bank.deposit())["created_at"] == "2026-03-01T01:00:00+03:00"


@pytest.mark.parametrize("now", ["noon", "2026-03-01T00:30:00", None, 5], ids=str)
async def test_a_borrowed_clock_that_tells_no_time_stops_the_request_and_says_why(start_bank, simulated, now):
    told, url = simulated
    async with start_bank(clock=BorrowedClock(url)) as bank:
        told["now"] = now
        status, problem = await bank.call("GET", "/health")
        assert status == 503
        assert url in problem["detail"]


async def test_a_bank_does_not_start_without_the_time(start_bank):
    with pytest.raises(ClockUnreachable, match="no time from"):
        async with start_bank(clock=BorrowedClock("http://127.0.0.1:1/_sim/clock")):
            pass


async def test_the_systems_time_is_aware_and_its_deadlines_end():
    clock = SystemClock()
    await clock.sleep(0)
    assert abs((datetime.now(UTC) - clock.now()).total_seconds()) < 60
    with pytest.raises(TimeoutError):
        async with clock.timeout(0):
            await asyncio.Event().wait()


def test_a_business_day_is_nairobis():
    assert stamp(datetime(2026, 1, 31, 21, 0, tzinfo=UTC)) == "2026-02-01T00:00:00+03:00"
