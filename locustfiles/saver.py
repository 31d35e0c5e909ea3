"""A customer with savings, who takes them out and watches until it is decided: what the journeys of money out share."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from bank_user import ANY, STATES, BankUser

SAVINGS = "20000.00"
NOT_PAID = {"failed", "cancelled", "expired"}
LONG_POLL_SECONDS = 5
DEAREST = 100  # no wish costs as much


class Saver(BankUser):
    """Has some savings; they may be on their way at first."""

    abstract = True

    def on_start(self) -> None:
        super().on_start()
        if self.balance() < float(SAVINGS) / 2:
            self.pay_in(SAVINGS)

    def can_afford(self) -> bool:
        path, expected = f"/customers/{self.customer}", {"id": self.customer, "balance": ANY, "available": ANY}
        shown = self.checked("GET", path, expected, name="/customers/{id}")
        return float(shown.get("available", 0)) >= DEAREST

    def take_out(self, shillings: str, to: Mapping[str, str], figure: str) -> None:
        """Asks for it and watches; how long it took until it was paid is noted as `figure`."""
        began = monotonic()
        asked = {"customer": self.customer, "amount": shillings, "to": to}
        expected = {"id": ANY, "state": STATES, "amount": shillings, "customer": self.customer}
        made = self.checked("POST", "/withdrawals", expected, statuses=(202,), json=asked)
        if not made:
            return
        path, name = f"/withdrawals/{made['id']}?wait={LONG_POLL_SECONDS}", "/withdrawals/{id}?wait"
        for _ in self.watching():
            state = self.checked("GET", path, expected, name=name).get("state")
            if state == "completed":
                self.note("CREDIT", figure, monotonic() - began)
            if state == "completed" or state in NOT_PAID:
                return
