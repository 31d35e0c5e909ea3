"""Withdrawals to a phone: money is held, paid out, and posted or released by what the provider proves."""

from __future__ import annotations

import itertools
from time import monotonic

from bank_user import ANY, STATES, BankUser, amount
from locust import task

SAVINGS = "20000.00"
NOT_PAID = {"failed", "cancelled", "expired"}
LONG_POLL_SECONDS = 5

# Every seventh withdrawal goes to somebody who cannot be paid: not registered, not known, with a full wallet.
UNPAYABLE = itertools.cycle(["254700000011", "254700000012", "254700000013"])
UNPAYABLE_EVERY = 7
WITHDRAWALS = itertools.count(1)


class Withdrawer(BankUser):
    """Has some savings, and takes them out."""

    def on_start(self) -> None:
        super().on_start()
        if self.balance() < float(SAVINGS) / 2:
            self.pay_in(SAVINGS)

    @task
    def withdraw(self) -> None:
        if not self._can_afford():
            return
        shillings, began = amount(), monotonic()
        to = next(UNPAYABLE) if next(WITHDRAWALS) % UNPAYABLE_EVERY == 0 else self.msisdn
        asked = {"customer": self.customer, "amount": shillings, "to": {"msisdn": to}}
        expected = {"id": ANY, "state": STATES, "amount": shillings, "customer": self.customer}
        made = self.checked("POST", "/withdrawals", expected, statuses=(202,), json=asked)
        if not made:
            return
        path, name = f"/withdrawals/{made['id']}?wait={LONG_POLL_SECONDS}", "/withdrawals/{id}?wait"
        for _ in self.watching():
            state = self.checked("GET", path, expected, name=name).get("state")
            if state == "completed":
                self.note("CREDIT", "withdrawal to payout", monotonic() - began)
            if state == "completed" or state in NOT_PAID:
                return

    def _can_afford(self) -> bool:
        path, expected = f"/customers/{self.customer}", {"id": self.customer, "balance": ANY, "available": ANY}
        shown = self.checked("GET", path, expected, name="/customers/{id}")
        return float(shown.get("available", 0)) >= 100
