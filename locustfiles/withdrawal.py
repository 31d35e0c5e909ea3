"""Withdrawals to a phone: money is held, paid out, and posted or released by what the provider proves."""

from __future__ import annotations

import itertools

from bank_user import amount
from locust import task
from saver import Saver

# Every seventh withdrawal goes to somebody who cannot be paid: not registered, not known, with a full wallet.
UNPAYABLE = itertools.cycle(["254700000011", "254700000012", "254700000013"])
UNPAYABLE_EVERY = 7
WITHDRAWALS = itertools.count(1)


class Withdrawer(Saver):
    """Takes the savings out."""

    @task
    def withdraw(self) -> None:
        if self.can_afford():
            to = next(UNPAYABLE) if next(WITHDRAWALS) % UNPAYABLE_EVERY == 0 else self.msisdn
            self.take_out(amount(), {"msisdn": to}, "withdrawal to payout")
