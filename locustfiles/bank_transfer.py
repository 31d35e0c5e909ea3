"""Withdrawals to accounts at other banks: looked up, held, paid through PesaLink, posted by what the switch proves."""

from __future__ import annotations

import itertools
from time import monotonic

from bank_user import ANY, STATES, BankUser, amount
from locust import task

SAVINGS = "20000.00"
NOT_PAID = {"failed", "cancelled", "expired"}
LONG_POLL_SECONDS = 5
BANKS = itertools.cycle(["01", "03", "57", "63", "70"])

# Every ninth transfer goes to an account that cannot be paid: missing, closed, blocked, dormant.
UNPAYABLE = itertools.cycle(["0001", "0004", "0006", "0007"])
UNPAYABLE_EVERY = 9
TRANSFERS = itertools.count(1)


class Sender(BankUser):
    """Has some savings, and sends them to other banks."""

    def on_start(self) -> None:
        super().on_start()
        if self.balance() < float(SAVINGS) / 2:
            self.pay_in(SAVINGS)

    @task
    def send(self) -> None:
        shillings, number = amount(), next(TRANSFERS)
        ending = next(UNPAYABLE) if number % UNPAYABLE_EVERY == 0 else f"{number % 5000 + 1000:04d}"
        payee = {"bank": next(BANKS), "account_number": f"77{self.msisdn[-6:]}{ending}"}
        if number % UNPAYABLE_EVERY:
            self.checked("POST", "/banks/verify", {"name": ANY}, json=payee)
        began = monotonic()
        asked = {"customer": self.customer, "amount": shillings, "to": {**payee, "name": "LOAD"}}
        expected = {"id": ANY, "state": STATES, "amount": shillings, "customer": self.customer}
        made = self.checked("POST", "/withdrawals", expected, statuses=(202, 422), json=asked)
        if "id" in made:
            self._watch(made["id"], expected, began)

    def _watch(self, withdrawal: str, expected: dict[str, object], began: float) -> None:
        path, name = f"/withdrawals/{withdrawal}?wait={LONG_POLL_SECONDS}", "/withdrawals/{id}?wait"
        for _ in self.watching():
            state = self.checked("GET", path, expected, name=name).get("state")
            if state == "completed":
                self.note("CREDIT", "withdrawal to bank", monotonic() - began)
            if state == "completed" or state in NOT_PAID:
                return
