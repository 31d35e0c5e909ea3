"""A day at the bank: mostly deposits, some payments to the paybill, some withdrawals."""

from __future__ import annotations

import deposit
import paybill
import withdrawal


class Depositor(deposit.Depositor):
    weight = 6


class Payer(paybill.Payer):
    weight = 2


class Withdrawer(withdrawal.Withdrawer):
    weight = 2
