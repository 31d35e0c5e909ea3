"""A provider's errors and result codes as Markdown, for its page in the docs: made from what the code declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulator.edge.provider import Provider, ResultCode


def error_table(provider: Provider, code: str = "errorCode", text: str = "errorMessage") -> str:
    """Synchronous errors: name, status, code and text as the provider calls them, how to make it happen, how sure we
    are."""
    head = ("name", "HTTP", code, text, "how to make it happen", "known from")
    rows = [
        (f"`{error.name}`", str(error.status), _literal(error.code), _literal(error.message), error.how, error.mark)
        for error in provider.errors
    ]
    return _table(head, rows)


def result_table(provider: Provider, code: str = "ResultCode", text: str = "ResultDesc") -> str:
    """Result codes by operation, or by all those that have the same ones."""
    head = ("operation", code, text, "how to make it happen", "known from")
    rows = [
        (", ".join(f"`{name}`" for name in names), f"`{result.code}`", _literal(result.text), result.how, result.mark)
        for results, names in _sharing(provider.result_codes)
        for result in results
    ]
    return _table(head, rows)


def _sharing(codes: Mapping[str, tuple[ResultCode, ...]]) -> list[tuple[tuple[ResultCode, ...], list[str]]]:
    """Each table of codes once, with the operations that have it."""
    tables = list(dict.fromkeys(codes.values()))
    return [(table, [name for name, told in codes.items() if told == table]) for table in tables]


def _literal(text: str) -> str:
    return f"`{text}`" if text else "(empty)"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"
