"""Deposits by STK push: `locust -f locustfiles/deposit.py --host http://127.0.0.1:8300` against `make demo`."""

from __future__ import annotations

from bank_user import BankUser
from locust import between, task

FINAL = {"completed", "failed", "cancelled", "expired"}


class Depositor(BankUser):
    """Asks for a deposit, and looks at it until it is decided."""

    wait_time = between(0.5, 1.5)
    open_deposit = ""

    @task
    def deposit(self) -> None:
        if self.open_deposit:
            return
        asked = {"customer": self.customer, "amount": "10.00", "via": "mpesa"}
        self.open_deposit = self.checked("POST", "/deposits", {"id", "state"}, json=asked).get("id", "")

    @task(3)
    def look(self) -> None:
        if not self.open_deposit:
            return
        path = f"/deposits/{self.open_deposit}"
        seen = self.checked("GET", path, {"id", "state", "amount"}, name="/deposits/{id}")
        if seen.get("state") in FINAL:
            self.open_deposit = ""
