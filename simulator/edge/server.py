"""The provider's face: finds the operation and the world, asks the fault rules, journals, answers, lets jobs go."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Iterable

from aiohttp import web

from simulator.core.errors import DomainError
from simulator.core.faults import CallbackFirst, Delay, Facts, FaultRule, Hang, Reset
from simulator.core.jobs import Job
from simulator.core.journal import Event, EventKind
from simulator.core.payments import Payment
from simulator.core.prompts import answers_by_itself
from simulator.core.simulation import DEFAULT_WORLD, Simulation
from simulator.core.store import StoreBroken, Transaction
from simulator.core.worlds import NoSuchWorld
from simulator.edge.exchange import NOTHING, Exchange, Received, Reply, why_header
from simulator.edge.paths import Paths, Target, joined
from simulator.edge.provider import Operation, Provider

log = logging.getLogger(__name__)

UNKNOWN_OPERATION = "unknown"


class Server:
    """Serves all providers, from the root and under their names."""

    def __init__(self, simulation: Simulation, providers: Iterable[Provider]) -> None:
        self._simulation = simulation
        providers = tuple(providers)
        self._from_root = Paths(providers)
        self._by_name = {provider.name: Paths((provider,)) for provider in providers}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        segments = [segment for segment in request.rel_url.parts[1:] if segment]
        path, target = joined(segments), self._find(request.method, segments)
        if target is None:
            why = f"no provider has the path {path}"
            told = {"error": {"code": "not_found", "message": why, "field": None}}
            return web.json_response(told, status=404, headers={"Pesabox-Why": why_header(why)})
        exchange = await self._admit(target, await Received.of(request, path))
        world = exchange.world
        world.open_requests.add(exchange.correlation)
        try:
            reply = await self._answer(exchange, target)
            return await self._send(request, exchange, reply)
        except asyncio.CancelledError:
            if not world.is_closed:
                await world.run(lambda tx: _hung_up(tx, exchange))
            raise
        except NoSuchWorld as error:
            return Reply(503, b"", why=str(error)).response()
        except StoreBroken:
            return target.provider.error_reply(exchange, target.provider.broken).response()
        finally:
            world.request_over(exchange.correlation)

    def _find(self, method: str, segments: list[str]) -> Target | None:
        """Under a provider's name there is that provider alone."""
        own = self._by_name.get(segments[0]) if segments else None
        return self._from_root.find(method, segments) if own is None else own.find(method, segments[1:])

    async def _admit(self, target: Target, received: Received) -> Exchange:
        """The exchange in the world that its credentials name; what no world admits happens in the default one."""
        world, problem = None, target.refusal
        if target.operation is not None:
            try:
                world = await target.operation.admit(self._simulation, received)
            except Exception as error:
                problem = error
        world = world or await self._simulation.world_on_first_use(DEFAULT_WORLD)
        return Exchange(
            world=world,
            tokens=self._simulation.tokens,
            provider=target.provider,
            operation=target.operation.name if target.operation is not None else UNKNOWN_OPERATION,
            number=await world.take("request"),
            received=received,
            at=world.now(),
            parts=target.parts,
            problem=problem,
        )

    async def _answer(self, exchange: Exchange, target: Target) -> Reply:
        try:
            if exchange.problem is not None:
                raise exchange.problem
            assert target.operation is not None
            exchange.fault = await exchange.choose_fault("request", Facts(exchange.operation))
            if exchange.fault is not None:
                return await self._early(exchange, target.operation)
            return await target.operation.handle(exchange)
        except (NoSuchWorld, StoreBroken):
            raise
        except DomainError as error:
            reply = exchange.provider.refuse(exchange, error)
        except Exception:
            return await self._broken(exchange, traceback.format_exc())
        await exchange.world.run(lambda tx: exchange.record(tx, reply))
        return reply

    async def _early(self, exchange: Exchange, operation: Operation) -> Reply:
        """A fault rule acts before anything is done."""
        rule = exchange.fault
        assert rule is not None
        if isinstance(rule.effect, Delay):
            await exchange.world.clock.sleep(rule.effect.seconds)
            exchange.fault = None
            exchange.fault_before = rule
            return await operation.handle(exchange)
        await exchange.world.run(lambda tx: exchange.record(tx, NOTHING))
        return exchange.sent_instead(NOTHING)

    async def _broken(self, exchange: Exchange, told: str) -> Reply:
        """A defect of ours: the provider's own internal error, and a traceback in the journal."""
        log.exception("%s failed", exchange.place)
        reply = exchange.provider.error_reply(exchange, exchange.provider.broken)

        def record(tx: Transaction) -> None:
            exchange.record(tx, reply)
            data = {"operation": exchange.place, "traceback": told}
            tx.append(Event(EventKind.ERROR, exchange.world.now(), data, correlation=exchange.correlation))

        await exchange.world.run(record)
        return reply

    async def _send(self, request: web.BaseRequest, exchange: Exchange, reply: Reply) -> web.StreamResponse:
        """Sends what the fault rule leaves of the reply. The request is over when this returns."""
        rule = exchange.fault
        if rule is not None:
            await self._before_sending(exchange, rule)
            reply = exchange.sent_instead(reply)
        response = reply.response() if reply is not NOTHING else web.Response()
        if reply is NOTHING:
            _close(request, is_reset=rule is not None and isinstance(rule.effect, Reset))
            return response
        await response.prepare(request)
        await response.write_eof()
        return response

    async def _before_sending(self, exchange: Exchange, rule: FaultRule) -> None:
        clock = exchange.world.clock
        if isinstance(rule.effect, Delay | Hang):
            await clock.sleep(rule.effect.seconds)
        elif isinstance(rule.effect, CallbackFirst):
            await _callback_first(exchange, rule)


def _hung_up(tx: Transaction, exchange: Exchange) -> None:
    """The caller is gone; what was not done yet will not be."""
    if not exchange.is_recorded:
        exchange.record(tx, NOTHING)
    at = exchange.world.now()
    tx.append(Event(EventKind.HUNG_UP, at, {"operation": exchange.place}, correlation=exchange.correlation))


async def _callback_first(exchange: Exchange, rule: FaultRule) -> None:
    """Lets the jobs go and waits for the first delivery; on a phone that waits for a person it does not apply."""
    world = exchange.world

    def applies(tx: Transaction) -> bool:
        if _decides_by_itself(tx, exchange):
            return True
        data = {"fault": rule.name, "why": "callback_first does not apply: nothing decides this request by itself"}
        tx.append(Event(EventKind.FAULT, world.now(), data, correlation=exchange.correlation))
        return False

    if await world.run(applies):
        delivered = world.expect(exchange.correlation)
        world.release(exchange.correlation)
        await world.clock.until(delivered)


def _decides_by_itself(tx: Transaction, exchange: Exchange) -> bool:
    """Whether what was accepted comes to its callback without a person: the payment, or what waits in its place."""
    if exchange.payment:
        return False  # it was waited for: the answer tells of it, and no callback
    payments = tx.find(Payment, by="correlation", value=exchange.correlation)
    if payments:
        return not payments[0].is_decided and answers_by_itself(tx, exchange.world, payments[0])
    return any(job.born_in == exchange.correlation for job in tx.find(Job))


def _close(request: web.BaseRequest, *, is_reset: bool) -> None:
    transport = request.transport
    if transport is not None:
        transport.abort() if is_reset else transport.close()
