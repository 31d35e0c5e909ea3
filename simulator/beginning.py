"""What the file of a store was begun with, and goes on with: a seed, a clock, and the text of a world file."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from simulator.core.data import Data
from simulator.settings import BadSetting, Settings, local_time, read_text
from simulator.stores.sqlite_file import BadStoreFile, SqliteFile, open_file


class Beginning(Data):
    """`world` is the text of the world file, so that it may move, or go."""

    seed: int
    clock: Literal["system", "virtual"]
    starts_at: datetime
    world: str | None


def opened(settings: Settings) -> SqliteFile | None:
    """The file that `--store` names; None of the memory store."""
    if settings.store_file is None:
        return None
    try:
        return open_file(settings.store_file, is_fresh=settings.fresh, is_power_safe=settings.is_power_safe)
    except BadStoreFile as error:
        raise BadSetting(str(error)) from None


def begun(settings: Settings, file: SqliteFile | None) -> tuple[Settings, Beginning]:
    """What the file was begun with, where the settings do not say otherwise; of a new file, or none, what they say."""
    told = _told_by(settings)
    if file is None or file.beginning is None:
        return settings, told
    known = Beginning.model_validate_json(file.beginning)
    for name in Beginning.model_fields.keys() & settings.model_fields_set:
        if getattr(told, name) != getattr(known, name):
            raise BadSetting(f"--{name.replace('_', '-')}: {_differs(file, name, known)}; --fresh starts it over")
    world = None if known.world is None else settings.world or file.path
    going_on = {"seed": known.seed, "clock": known.clock, "starts_at": local_time(known.starts_at), "world": world}
    return settings.model_copy(update=going_on), known


def _told_by(settings: Settings) -> Beginning:
    text = read_text(settings.world) if settings.world is not None else None
    return Beginning(seed=settings.seed, clock=settings.clock, starts_at=settings.starts_at, world=text)


def _differs(file: SqliteFile, name: str, known: Beginning) -> str:
    if name == "world":
        return f"{file.path} was begun with {'no world file' if known.world is None else 'another world file'}"
    value = getattr(known, name)
    return f"{file.path} was begun with {value.isoformat() if isinstance(value, datetime) else value}"


def remember(file: SqliteFile, beginning: Beginning) -> None:
    if file.beginning is None:
        file.begin(beginning.model_dump_json())
