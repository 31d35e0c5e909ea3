"""How a product tells outcomes: its result codes, and which of them our business errors become."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from simulator.core.errors import Declined
from simulator.core.payments import Failure
from simulator.edge.provider import ResultCode

SUCCESS = "0"


class Outcomes(Struct, frozen=True):
    """`table` names every error that this product's rules may raise; one that brings a code of its own tells that."""

    codes: tuple[ResultCode, ...]
    table: Mapping[type[Declined], str]

    def of(self, failure: Failure | None) -> ResultCode:
        """The result code of what was decided."""
        code = SUCCESS if failure is None else failure.code or self._code(failure.reason)
        return next(result for result in self.codes if result.code == code)

    def _code(self, reason: str) -> str:
        return next(code for error, code in self.table.items() if error.__name__ == reason)
