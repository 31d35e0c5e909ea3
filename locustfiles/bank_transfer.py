"""Withdrawals to accounts at other banks: looked up, held, paid through PesaLink, posted by what the switch proves."""

from __future__ import annotations

import itertools

from bank_user import ANY, amount
from locust import task
from saver import Saver

BANKS = itertools.cycle(["01", "03", "57", "63", "70"])

# Every ninth transfer goes to an account that cannot be paid: missing, closed, blocked, dormant.
UNPAYABLE = itertools.cycle(["0001", "0004", "0006", "0007"])
UNPAYABLE_EVERY = 9
TRANSFERS = itertools.count(1)


class Sender(Saver):
    """Sends the savings to other banks."""

    @task
    def send(self) -> None:
        if not self.can_afford():
            return
        number = next(TRANSFERS)
        is_payable = number % UNPAYABLE_EVERY != 0
        ending = f"{number % 5000 + 1000:04d}" if is_payable else next(UNPAYABLE)
        payee = {"bank": next(BANKS), "account_number": f"77{self.msisdn[-6:]}{ending}"}
        if is_payable:
            self.checked("POST", "/banks/verify", {"name": ANY}, json=payee)
        self.take_out(amount(), {**payee, "name": "LOAD"}, "withdrawal to bank")
