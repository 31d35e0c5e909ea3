"""Payments to the paybill, of the customers' own accord: the phone pays, nobody asked for it."""

from __future__ import annotations

from time import monotonic

from bank_user import BankUser, amount
from locust import task


class Payer(BankUser):
    """Pays in from the phone, with the customer's id as account number, and looks until the money is there."""

    may_be_persona = True

    @task
    def pay(self) -> None:
        before, shillings, began = self.balance(), amount(), monotonic()
        payment = self.pay_in(shillings)
        if payment.get("state") not in ("succeeded", "pending"):
            return
        for _ in self.watching():
            if self.balance() >= before + float(shillings):
                self.note("CREDIT", "payment to credit", monotonic() - began)
                return
