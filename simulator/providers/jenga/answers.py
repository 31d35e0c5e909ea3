"""How an endpoint that changes nothing answers: what it looks up, under the fault rules at its acknowledgement."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from simulator.core.faults import Facts
from simulator.core.store import Transaction
from simulator.edge.exchange import Exchange, Reply


async def answered(exchange: Exchange, look: Callable[[Transaction], dict[str, object]], reference: str = "") -> Reply:
    """`look` gives the answer's `data`, or refuses. Rules count what they meet: nothing that is refused."""
    world = exchange.world
    if world.rules:
        await world.run(look)
    await exchange.choose_acknowledgement(Facts(exchange.operation, reference=reference))

    def work(tx: Transaction) -> Reply:
        reply = Reply(200, orjson.dumps({"status": True, "code": 0, "message": "success", "data": look(tx)}))
        exchange.record(tx, reply)
        return reply

    return await world.run(work)
