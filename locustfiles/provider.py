"""The simulator's control API and the bank's operator routes, as far as a run needs them to be judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

Json = dict[str, Any]

PAGE = 1000
PATIENCE_SECONDS = 120


class Unreadable(Exception):
    """One of the two did not answer as it should: the run cannot be judged."""


@dataclass(frozen=True)
class Api:
    """One of the two: where it is, and the key that opens it."""

    url: str
    key: str

    def call(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            answer = requests.request(method, self.url + path, json=body, headers=headers, timeout=PATIENCE_SECONDS)
        except requests.RequestException as error:
            raise Unreadable(f"{method} {self.url}{path}: {error}") from None
        if not answer.ok:
            raise Unreadable(f"{method} {self.url}{path}: {answer.status_code} {answer.text[:200]}")
        return answer.json() if answer.content else None

    def pages(self, path: str, after: str = "") -> Iterator[Json]:
        """All items of a list behind a cursor, oldest first."""
        while True:
            page = self.call("GET", f"{path}?limit={PAGE}&after={after}")
            yield from page["items"]
            if not page["next"]:
                return
            after = page["next"]
