"""How both C2B endpoints say yes. They alone spell the originator's id with one "n" less [official]."""

from __future__ import annotations

import orjson

from simulator.edge.exchange import Exchange, Reply
from simulator.providers.daraja.identifiers import gateway_id


def acknowledgement(exchange: Exchange, *, code: str, description: str) -> Reply:
    body = {
        "OriginatorCoversationID": gateway_id(exchange.world.entropy, exchange.number),
        "ResponseCode": code,
        "ResponseDescription": description,
    }
    return Reply(200, orjson.dumps(body))
