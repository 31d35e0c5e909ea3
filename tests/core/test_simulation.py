"""Worlds: made on first use, apart from each other, made afresh, forgotten."""

import asyncio
import contextlib
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from simulator.core.clock import EAT
from simulator.core.faults import FaultRule
from simulator.core.jobs import Job
from simulator.core.journal import Event, EventKind
from simulator.core.ledger import AccountName, Terms, wallet
from simulator.core.merchants import Merchant, ShortcodeKind, merchant_of
from simulator.core.money import Money
from simulator.core.payments import Payment
from simulator.core.simulation import (
    InvalidWorldName,
    NoSuchWorld,
    WorldExists,
    world_named_in,
)
from simulator.core.subscribers import Message, parse_msisdn, send_message, subscriber_of
from simulator.core.template import WorldTemplate
from simulator.core.tokens import Token
from simulator.core.virtual_clock import VIRTUAL_START
from simulator.core.worlds import SEQUENCE_BLOCK

ANN = "254708374149"


@pytest.mark.parametrize(
    ("key", "world"),
    [
        pytest.param("any-key", "default", id="no mark"),
        pytest.param("any-key@shard-3", "shard-3", id="behind the mark"),
        pytest.param("me@example.com@shard-3", "shard-3", id="behind the last mark"),
        pytest.param("any-key@", "", id="nothing behind the mark"),
    ],
)
def test_a_key_names_a_world(key, world):
    assert world_named_in(key) == world


@pytest.mark.parametrize(
    ("key", "secret", "lenient", "strict"),
    [
        pytest.param("key", "secret", True, True, id="a known pair"),
        pytest.param("key", "wrong", False, False, id="a known key with another secret"),
        pytest.param("key@w1", "secret", True, True, id="a known pair in another world"),
        pytest.param("key@w1", "wrong", False, False, id="a wrong secret in another world"),
        pytest.param("mine", "mine", True, False, id="a pair of the app's own"),
    ],
)
def test_credentials(simulate, key, secret, lenient, strict):
    assert simulate().accepts(key, secret) is lenient
    assert simulate(is_strict=True).accepts(key, secret) is strict


@pytest.mark.parametrize("name", ["a", "shard-3", "A.b_c-9", "9", "x" * 64])
async def test_good_names(simulation, name):
    assert (await simulation.open(name)).name == name


@pytest.mark.parametrize("name", ["", "-a", ".a", "a b", "a/b", "ä", "x" * 65, "a\n"])
async def test_bad_names(simulation, name):
    with pytest.raises(InvalidWorldName, match="is not a world's name"):
        await simulation.open(name)
    assert simulation.worlds == []


async def test_a_world_is_made_on_first_use_and_found_again(simulation):
    made = await simulation.world_on_first_use("w")
    assert await simulation.world_on_first_use("w") is made is simulation.world("w")
    assert simulation.worlds == [made]


async def test_a_world_of_that_name_is_there_already(simulation):
    await simulation.open("w")
    with pytest.raises(WorldExists, match="'w'"):
        await simulation.open("w")


async def test_a_world_that_nobody_made_is_not_there(simulation):
    for asks in (simulation.delete, simulation.reset):
        with pytest.raises(NoSuchWorld, match="'w'"):
            await asks("w")


async def test_seeds(simulate):
    simulation, other = simulate(seed=7), simulate(seed=8)
    assert (await simulation.open("default")).seed == 7
    assert (await simulation.open("told", seed=42)).seed == 42
    derived = (await simulation.open("w")).seed
    assert derived not in (7, (await simulation.open("v")).seed, (await other.open("w")).seed)
    assert (await simulate(seed=7).open("w")).seed == derived


async def test_worlds_share_no_state_and_no_time(simulation):
    one, other = await simulation.open("one"), await simulation.open("other")
    await one.run(lambda tx: tx.put(Message("p1", ANN, one.now(), "hello", "r1")))
    await one.clock.advance(seconds=60)
    assert await other.run(lambda tx: tx.get(Message, "p1")) is None
    assert (one.now() - other.now(), await one.take("payment"), await other.take("payment")) == (
        timedelta(seconds=60),
        1,
        1,
    )


async def test_a_deleted_world_is_forgotten_with_its_tokens(simulation):
    world = await simulation.open("w")
    await world.run(lambda tx: tx.put(Message("p1", ANN, world.now(), "hello", "r1")))
    simulation.tokens.add(Token("t", "w", "fake", "key", world.now()))
    await simulation.delete("w")
    assert simulation.worlds == []
    assert simulation.tokens.get("t") is None
    again = await simulation.open("w")
    assert await again.run(lambda tx: tx.get(Message, "p1")) is None


async def test_two_deletions_at_once_delete_once(simulate):
    simulation = simulate(is_virtual=False)
    await simulation.open("w")
    told = await asyncio.gather(simulation.delete("w"), simulation.delete("w"), return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["NoSuchWorld", "NoneType"]


async def test_a_reset_world_is_as_new(simulation, push, events):
    world = await simulation.open("w", seed=42)
    world.hosts["app.test"] = "127.0.0.1:1"
    await world.run(
        lambda tx: tx.put(
            FaultRule.model_validate({"name": "r", "at": "*.*.callback", "effect": {"kind": "drop"}}),
        )
    )
    await push(world)
    await world.clock.advance(seconds=60)
    fresh = await simulation.reset("w")
    assert fresh is simulation.world("w") is not world
    assert (fresh.seed, fresh.now(), fresh.rules, fresh.hosts) == (42, VIRTUAL_START, (), world.hosts)
    assert (await events(fresh), await fresh.take("payment")) == ([], 1)


async def test_a_reset_keeps_the_tokens_of_a_world(simulation):
    world = await simulation.open("w")
    token = Token("t", "w", "fake", "key", world.now())
    simulation.tokens.add(token)
    await simulation.reset("w")
    assert simulation.tokens.get("t") == token


async def test_a_reset_may_give_another_seed(simulation):
    await simulation.open("w", seed=42)
    assert (await simulation.reset("w", seed=43)).seed == 43


async def test_a_reset_world_starts_where_it_started(simulation):
    begins = datetime(2030, 5, 5, 9, 0, tzinfo=EAT)
    await simulation.open("w", starts_at=begins)
    assert (await simulation.reset("w")).now() == begins


async def test_what_is_still_on_its_way_in_a_world_leaves_no_trace_in_the_fresh_one(simulation, events):
    """A request that was parked during the reset belongs to the world that is gone."""
    old = await simulation.open("w")
    fresh = await simulation.reset("w")
    with contextlib.suppress(NoSuchWorld):
        await old.run(lambda tx: tx.append(Event(EventKind.REQUEST, old.now(), {"operation": "late"})))
    assert await events(fresh) == []


async def test_the_driver_of_a_world_that_is_gone_runs_no_job_of_the_fresh_one(simulate):
    """An advance that waits for an answer during the reset goes on in a world that is no more."""
    answered, ran = asyncio.Event(), []

    async def waits(world, job):
        await answered.wait()

    async def note(world, job):
        ran.append(world)

    simulation = simulate(jobs={"waits": waits, "note": note})
    old = await simulation.open("w")
    await old.run(lambda tx: tx.put(Job("slow", "waits", old.now(), "s")))
    advancing = asyncio.create_task(old.clock.advance(seconds=60))
    for _ in range(20):
        await asyncio.sleep(0)
    fresh = await simulation.reset("w")
    await fresh.run(lambda tx: tx.put(Job("mine", "note", fresh.now(), "s")))
    answered.set()
    async with asyncio.timeout(5):
        await asyncio.gather(advancing, return_exceptions=True)
        assert ran == []
        await fresh.clock.advance(seconds=0)
    assert ran == [fresh]


async def test_whoever_watches_is_told_of_every_new_world(simulation):
    told = []
    simulation.on_new_world(told.append)
    made = await simulation.open("w")
    await simulation.reset("w")
    assert told == [made, simulation.world("w")]


async def test_a_deleted_world_on_the_system_clock_runs_no_jobs(simulate):
    ran = []

    async def note(world, job):
        ran.append(job.key)

    simulation = simulate(is_virtual=False, jobs={"note": note})
    world = await simulation.open("w")
    soon = world.now() + timedelta(hours=1)
    await world.run(lambda tx: tx.put(Job("j", "note", soon, "s")))
    await simulation.delete("w")
    with pytest.raises(NoSuchWorld):
        await world.run(lambda tx: tx.put(Job("k", "note", world.now(), "s")))
    for _ in range(20):
        await asyncio.sleep(0)
    assert ran == []


# What a world knows.


async def test_sequences_are_reserved_in_blocks_and_repeat_nothing_after_a_restart(simulation):
    world = await simulation.open("w")
    taken = [await world.take("payment") for _ in range(SEQUENCE_BLOCK + 1)]
    assert taken == list(range(1, SEQUENCE_BLOCK + 2))
    assert await world.take_receipt_number() == 1
    del simulation._worlds["w"]  # as after a restart: the store remembers
    assert await (await simulation.open("w")).take("payment") == 2 * SEQUENCE_BLOCK + 1


async def test_numbers_taken_at_once_are_all_different(world):
    taken = await asyncio.gather(*(world.take("payment") for _ in range(50)))
    assert len(set(taken)) == 50


async def test_whoever_watches_a_world_is_woken_by_a_commit(world):
    changed = asyncio.Event()
    world.watch(changed)
    await world.run(lambda tx: None)
    assert changed.is_set()
    changed.clear()
    world.unwatch(changed)
    await world.run(lambda tx: None)
    assert not changed.is_set()


def test_anybody_is_a_subscriber_by_their_number(template):
    told = template.subscriber("254711000099")
    assert (told.name, told.pin, told.policy) == ("SUBSCRIBER 0099", "1234", "approve")
    assert template.subscriber(ANN).policy == "manual"


def test_a_merchant_is_known_by_the_world_file_alone(template):
    assert template.merchant("600000").name == "Bank"
    assert template.merchant("600001") is None


async def test_a_stored_record_hides_the_template(world):
    stored = Merchant("600000", "Other", ShortcodeKind.TILL, "x")
    await world.run(lambda tx: tx.put(stored))
    assert await world.run(lambda tx: merchant_of(tx, world, "600000")) == stored
    assert (await world.run(lambda tx: subscriber_of(tx, world, ANN))).name == "ANN"


@pytest.mark.parametrize(
    ("account", "terms"),
    [
        pytest.param("outside", Terms(floor=None), id="outside has no floor"),
        pytest.param(wallet(ANN), Terms(Money.parse("1000"), ceiling=Money.parse("500000")), id="a told wallet"),
        pytest.param(
            wallet("254711000099"), Terms(Money.parse("50000"), ceiling=Money.parse("500000")), id="anybody's wallet"
        ),
        pytest.param("merchant:600000:utility", Terms(Money.parse("10000000")), id="utility"),
        pytest.param("merchant:600000:working", Terms(Money.parse("10000000")), id="working"),
        pytest.param("merchant:600000:charges", Terms(floor=None), id="charges, which accrue below zero"),
    ],
)
def test_accounts_open_as_the_world_file_says(template, account, terms):
    assert template.terms(AccountName(account)) == terms


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"subscribers": {"0708374149": {}}}, id="a number of another form"),
        pytest.param({"subscribers": {ANN: {"balance": "lots"}}}, id="a balance that is none"),
        pytest.param({"subscribers": {ANN: {"pin": "12345"}}}, id="a PIN of five digits"),
        pytest.param({"subscribers": {ANN: {"colour": "red"}}}, id="an unknown key"),
        pytest.param({"wallet_ceiling": "high"}, id="a ceiling that is none"),
    ],
)
def test_a_world_file_that_makes_no_sense_is_refused(told):
    with pytest.raises(ValueError, match=r"validation error"):
        WorldTemplate.model_validate(told)


@pytest.mark.parametrize("text", [ANN, "254100000000"])
def test_good_numbers(text):
    assert parse_msisdn(text) == text


@pytest.mark.parametrize(
    "text", ["", "0708374149", "+254708374149", "25470837414", "2547083741490", "254808374149", "25470837414９"]
)
def test_bad_numbers(text):
    with pytest.raises(ValueError, match="is not a Kenyan mobile number"):
        parse_msisdn(text)


async def test_a_phone_shows_its_messages_oldest_first(world, push, record):
    payment = await record(world, Payment, await push(world))
    for number in range(3):
        sent = replace(payment, key=f"p{number}")
        await world.run(lambda tx, sent=sent: send_message(tx, sent, f"about {sent.key}", world.now()))
    kept = await world.run(lambda tx: tx.find(Message, by="msisdn", value=ANN))
    assert [message.text for message in kept] == ["about p0", "about p1", "about p2"]
