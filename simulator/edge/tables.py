"""A provider's errors and result codes as Markdown, for its page in the docs: made from what the code declares."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.edge.provider import Provider


def error_table(provider: Provider) -> str:
    """Synchronous errors: name, status, code, text, how to make it happen, how sure we are."""
    head = ("name", "HTTP", "errorCode", "errorMessage", "how to make it happen", "known from")
    rows = [
        (f"`{error.name}`", str(error.status), _literal(error.code), _literal(error.message), error.how, error.mark)
        for error in provider.errors
    ]
    return _table(head, rows)


def result_table(provider: Provider) -> str:
    """Result codes by operation."""
    head = ("operation", "ResultCode", "ResultDesc", "how to make it happen", "known from")
    rows = [
        (f"`{operation}`", f"`{result.code}`", _literal(result.text), result.how, result.mark)
        for operation, results in provider.result_codes.items()
        for result in results
    ]
    return _table(head, rows)


def _literal(text: str) -> str:
    return f"`{text}`" if text else "(empty)"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"
