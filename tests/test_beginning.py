"""What a file was begun with, it goes on with; whoever says otherwise is told so."""

import sqlite3

import pytest

from simulator.app import running
from simulator.settings import BadSetting, parse_settings

WORLD = 'subscribers: {"254700000010": {name: KEPT}}\n'


@pytest.fixture
def serve(tmp_path):
    """Starts a simulator on one file, with these flags."""

    def begin(**flags):
        store = f"sqlite:///{tmp_path / 'store.db'}"
        return running(parse_settings({"port": 0, "store": store, **flags}))

    return begin


@pytest.fixture
def world_file(tmp_path):
    path = tmp_path / "world.yaml"
    path.write_text(WORLD)
    return path


def seen(simulator):
    simulation = simulator.simulation
    world = simulation.world("default")
    name = simulation.shared.template.subscriber("254700000010").name
    return simulation.seed, world.clock.kind, world.now().year, name


async def test_a_file_goes_on_with_what_it_was_begun_with(serve, world_file):
    begun = {"seed": 7, "clock": "virtual", "starts_at": "2031-05-05T09:00:00"}
    async with serve(**begun, world=world_file) as simulator:
        assert seen(simulator) == (7, "virtual", 2031, "KEPT")
    world_file.rename(world_file.with_name("moved.yaml"))
    for flags in ({}, {"seed": 7}, begun, {"world": world_file.with_name("moved.yaml")}):
        async with serve(**flags) as simulator:
            assert seen(simulator) == (7, "virtual", 2031, "KEPT")


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        pytest.param({"seed": 8}, "--seed: {} was begun with 7; --fresh starts it over", id="another seed"),
        pytest.param(
            {"clock": "system"}, "--clock: {} was begun with virtual; --fresh starts it over", id="another clock"
        ),
        pytest.param(
            {"starts_at": "2032-01-01T00:00:00"},
            "--starts-at: {} was begun with 2026-01-15T10:30:00+03:00; --fresh starts it over",
            id="another time",
        ),
        pytest.param(
            {"world": "other.yaml"},
            "--world: {} was begun with another world file; --fresh starts it over",
            id="another world",
        ),
    ],
)
async def test_another_beginning_is_refused_and_begins_a_fresh_file(serve, world_file, tmp_path, flags, told):
    other = tmp_path / "other.yaml"
    other.write_text(WORLD + "keys: {a: b}\n")
    flags = {name: other if value == "other.yaml" else value for name, value in flags.items()}
    async with serve(seed=7, clock="virtual", world=world_file) as simulator:
        await simulator.simulation.open("made")
    with pytest.raises(BadSetting) as caught:
        await serve(**flags).__aenter__()
    assert str(caught.value) == told.format(tmp_path / "store.db")
    async with serve(**flags, fresh=True) as simulator:
        assert [world.name for world in simulator.simulation.worlds] == ["default"]


async def test_a_world_file_for_a_file_that_was_begun_without_is_refused(serve, world_file):
    async with serve():
        pass
    with pytest.raises(BadSetting, match="was begun with no world file"):
        await serve(world=world_file).__aenter__()


async def test_a_world_file_with_a_mistake_begins_nothing(serve, world_file):
    world_file.write_text("merchnts: {}")
    with pytest.raises(BadSetting, match="merchnts"):
        await serve(world=world_file, seed=7).__aenter__()
    world_file.write_text(WORLD)
    async with serve(world=world_file, seed=8) as simulator:
        assert seen(simulator)[0] == 8


async def test_a_remembered_world_file_that_reads_no_more_is_named_by_the_store(serve, world_file, tmp_path):
    async with serve(world=world_file):
        pass
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("UPDATE beginning SET told = replace(told, 'subscribers', 'subscriberz')")
    connection.close()
    with pytest.raises(BadSetting, match=r"store\.db:1:14: subscriberz"):
        await serve().__aenter__()


@pytest.mark.parametrize("told", ["sqlite:", "sqlite://", "sqlite:///", "sqlite:///a?mode=ro", "redis:", "memory"])
def test_a_store_that_there_is_not_is_refused(told):
    with pytest.raises(BadSetting, match=r"--store: .* is neither memory: nor sqlite:///FILE"):
        parse_settings({"store": told})


@pytest.mark.parametrize(
    ("told", "path", "is_power_safe"),
    [
        pytest.param("memory:", None, False, id="memory"),
        pytest.param("sqlite:///a b.db", "a b.db", False, id="relative"),
        pytest.param("sqlite:////var/lib/x.db?synchronous=full", "/var/lib/x.db", True, id="absolute, power safe"),
        pytest.param("sqlite:///x.db?synchronous=normal", "x.db", False, id="said to be normal"),
    ],
)
def test_a_store_names_its_file(told, path, is_power_safe):
    settings = parse_settings({"store": told})
    assert (settings.store_file and str(settings.store_file), settings.is_power_safe) == (path, is_power_safe)
