"""Who is admitted, and to which world: what a client's own key, or its token, names."""

from __future__ import annotations

from simulator.core.errors import InvalidClient, InvalidToken
from simulator.core.simulation import InvalidWorldName, Simulation, TooManyWorlds, world_named_in
from simulator.core.worlds import World


async def world_of_client(simulation: Simulation, key: str, secret: str) -> World:
    """The world that the key names, made on first use; `InvalidClient` where the pair opens none."""
    if not key or not secret or not simulation.accepts(key, secret):
        raise InvalidClient(f"the key {key!r} is not known with this secret")
    try:
        return await simulation.world_on_first_use(world_named_in(key))
    except (InvalidWorldName, TooManyWorlds) as error:
        raise InvalidClient(str(error)) from None


def world_of_token(simulation: Simulation, provider: str, value: str) -> World:
    """The world of a token that this provider gave, and that is still good; else `InvalidToken`."""
    token = simulation.tokens.get(value)
    if token is None or token.provider != provider:
        raise InvalidToken(f"this access token was never given here: ask {provider} for one")
    world = simulation.world(token.world)
    if world.now() >= token.expires_at:
        raise InvalidToken(f"this access token expired at {token.expires_at.isoformat()}")
    return world
