"""Deposits by STK push: `locust -f locustfiles/deposit.py --host http://127.0.0.1:8300` against `make demo`."""

from __future__ import annotations

from time import monotonic

from bank_user import ANY, STATES, BankUser, amount
from locust import task

NOT_PAID = {"failed", "cancelled", "expired"}


class Depositor(BankUser):
    """Asks for a deposit, and looks until it is decided; once it is completed the money must be there."""

    may_be_persona = True

    @task
    def deposit(self) -> None:
        before, shillings, began = self.balance(), amount(), monotonic()
        asked = {"customer": self.customer, "amount": shillings, "via": "mpesa"}
        expected = {"id": ANY, "state": STATES, "amount": shillings, "customer": self.customer}
        made = self.checked("POST", "/deposits", expected, statuses=(202,), json=asked)
        if not made:
            return
        for _ in self.watching():
            state = self.checked("GET", f"/deposits/{made['id']}", expected, name="/deposits/{id}").get("state")
            if state in NOT_PAID:
                return
            if state == "completed":
                self._check_credit(made["id"], before + float(shillings), began)
                return

    def _check_credit(self, deposit: str, expected: float, began: float) -> None:
        """The first look at the balance decides: completed and credited are one."""
        balance, seconds = self.balance(), monotonic() - began
        told = f"{deposit} is completed, and its money is not there: {balance:.2f} < {expected:.2f}"
        self.note("CREDIT", "push to credit", seconds, ValueError(told) if balance < expected else None)
