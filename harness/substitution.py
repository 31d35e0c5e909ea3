"""`{name}` in texts. A whole-string `{name}` keeps the type of what was saved; there are no expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.yaml_lines import Path

NAME = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def fill(value: object, names: Mapping[str, object]) -> object:
    """`value` with every `{name}` replaced; a name that nobody saved is a `KeyError`."""
    if isinstance(value, str):
        return fill_text(value, names)
    if isinstance(value, dict):
        return {str(fill(key, names)): fill(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, names) for item in value]
    return value


def fill_text(text: str, names: Mapping[str, object]) -> object:
    whole = NAME.fullmatch(text)
    if whole:
        return names[whole[1]]
    return NAME.sub(lambda found: str(names[found[1]]), text)


def fill_known(value: object, names: Mapping[str, object]) -> object:
    """`value` with those names filled in that `names` has; the others stay as they are written."""
    return fill(value, _Known(names)) if names else value


class _Known(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def names_in(value: object, path: Path = ()) -> list[tuple[Path, str]]:
    """Every `{name}` in `value`, keys included, with the path of the text that holds it."""
    found: list[tuple[Path, str]] = []
    _collect(value, path, found)
    return found


def _collect(value: object, path: Path, found: list[tuple[Path, str]]) -> None:
    if isinstance(value, str):
        if "{" in value:
            found += [(path, name[1]) for name in NAME.finditer(value)]
    elif isinstance(value, dict):
        for key, item in value.items():
            inside = (*path, key)
            _collect(key, inside, found)
            _collect(item, inside, found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _collect(item, (*path, index), found)
