"""The checked HTTP user that the journeys share: a wrong body is a failure, whatever its status."""

from __future__ import annotations

import itertools
from typing import Any

from locust import HttpUser

CHANNEL = {"Authorization": "Bearer bank-channel-key"}
NUMBERS = itertools.count(711_000_000)


class BankUser(HttpUser):
    """A customer of the bank, with a phone that approves by itself."""

    abstract = True
    customer = ""

    def on_start(self) -> None:
        asked = {"name": "Load", "msisdn": f"254{next(NUMBERS)}"}
        self.customer = str(self.checked("POST", "/customers", {"id", "balance"}, json=asked)["id"])

    def checked(self, method: str, path: str, expected: set[str], *, name: str | None = None, **about: Any) -> Any:
        """The answer's body, which must have the expected fields; otherwise the request counts as failed."""
        with self.client.request(
            method, path, name=name or path, headers=CHANNEL, catch_response=True, **about
        ) as response:
            body = response.json() if response.ok else {}
            if not expected <= body.keys():
                response.failure(f"{response.status_code}: expected {sorted(expected)}, got {response.text[:200]}")
            return body
