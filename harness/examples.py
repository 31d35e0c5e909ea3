"""A scenario file's table of examples: the story is played once a row, with the row's names filled in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from harness.matching import show
from harness.problems import Problem
from harness.substitution import NAME
from harness.yaml_lines import Document, Path

NAMED_BY = "name"


class Row(Struct, frozen=True):
    """One example; `label` is its name, or its number from 1 on."""

    label: str = ""
    names: Mapping[str, object] = field(default_factory=dict)


NO_TABLE = (Row(),)


def rows_of(document: Document) -> tuple[Row, ...]:
    """The rows that can be used; a file without a table has one without names."""
    raw = document.value.get("examples") if isinstance(document.value, dict) else None
    if not isinstance(raw, list):
        return NO_TABLE
    rows = [Row(_label(number, names), names) for number, names in enumerate(raw, start=1) if isinstance(names, dict)]
    return tuple(rows) or NO_TABLE


def _label(number: int, names: Mapping[str, object]) -> str:
    name = names.get(NAMED_BY)
    return name if isinstance(name, str) and name else str(number)


def table_problems(raw: object) -> Iterator[tuple[Path, str]]:
    """What is wrong with a table, each with its path in the file."""
    if not isinstance(raw, list) or not raw:
        yield (
            ("examples",),
            f'expected a list of examples, each a mapping such as {{amount: "100.00"}}, not {show(raw)}',
        )
        return
    labels: set[str] = set()
    for index, names in enumerate(raw):
        at: Path = ("examples", index)
        if not isinstance(names, dict) or not names:
            yield at, f'expected an example, a mapping such as {{amount: "100.00"}}, not {show(names)}'
            continue
        yield from _row_problems(names, at)
        label = _label(index + 1, names)
        if label in labels:
            yield (*at, NAMED_BY), f'another example is named "{label}", too'
        labels.add(label)


def _row_problems(names: Mapping[str, object], at: Path) -> Iterator[tuple[Path, str]]:
    for name in names:
        if not NAME.fullmatch("{" + name + "}"):
            yield (*at, name), f'expected a name of small letters, digits and "_", not {show(name)}'
    if NAMED_BY in names and not isinstance(names[NAMED_BY], str):
        yield (*at, NAMED_BY), f"expected text, not {show(names[NAMED_BY])}; put it in quotes"


def told_once(found: Iterable[tuple[Row, list[Problem]]]) -> list[Problem]:
    """What is wrong whatever the example is told once; what is wrong with some examples only names them."""
    by_row = [(row, dict.fromkeys(problems)) for row, problems in found]
    counts = Counter(problem for _, problems in by_row for problem in problems)
    return [
        problem if counts[problem] == len(by_row) else problem.with_note(f" (example {row.label})")
        for row, problems in by_row
        for problem in problems
    ]
