"""A YAML file that somebody wrote: its data, and where in the file each part stands."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml


class BadFile(Exception):
    """A file that the caller must mend: `file:line:column: what is wrong`."""


class YamlFile:
    """Read with the C loader; a duplicate key is an error."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        """`text` is what was read from `path` before."""
        self.path = path
        try:
            text = path.read_text() if text is None else text
            self._root: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
            self.data: Any = yaml.load(text, Loader=yaml.CSafeLoader)
        except OSError as error:
            raise BadFile(f"{path}: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise BadFile(f"{path}: not text: {error.reason}") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
            raise BadFile(f"{place}: {error.problem}") from None
        if self._root is not None:
            self._refuse_duplicates(self._root)

    def place(self, location: Iterable[str | int]) -> str:
        """`file:line:column` of the part, or of the nearest one around it that is there."""
        node = self._root
        for part in location:
            inner = _child(node, part)
            if inner is None:
                break
            node = inner
        return self._at(node)

    def _at(self, node: yaml.Node | None) -> str:
        mark = node.start_mark if node is not None else None
        return f"{self.path}:{mark.line + 1}:{mark.column + 1}" if mark else f"{self.path}:1:1"

    def _refuse_duplicates(self, node: yaml.Node) -> None:
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                if key.value in seen:
                    raise BadFile(f"{self._at(key)}: the key {key.value!r} stands here twice")
                seen.add(key.value)
                self._refuse_duplicates(value)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                self._refuse_duplicates(value)


def _child(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item: yaml.Node = node.value[part]
        return item
    return None
