"""Daraja's published tariffs, as bands of whole shillings: up to this amount, this fee."""

from __future__ import annotations

from simulator.core.tariffs import Tariff

# What a payout costs the organisation: the tariff form of August 2023 [official].
B2C: Tariff = (
    ("100.00", "0.00"),
    ("1500.00", "5.00"),
    ("5000.00", "9.00"),
    ("20000.00", "11.00"),
    ("250000.00", "13.00"),
)
# What a payment costs the customer, 2023-2025 [SDKs agree].
CUSTOMER: Tariff = (
    ("100.00", "0.00"),
    ("500.00", "7.00"),
    ("1000.00", "13.00"),
    ("1500.00", "23.00"),
    ("2500.00", "33.00"),
    ("3500.00", "53.00"),
    ("5000.00", "57.00"),
    ("7500.00", "78.00"),
    ("10000.00", "90.00"),
    ("15000.00", "100.00"),
    ("20000.00", "105.00"),
    ("250000.00", "108.00"),
)
PUBLISHED = {"b2c": B2C, "customer": CUSTOMER}
IN_FORCE = {"b2c": B2C, "customer": ()}  # customers pay nothing until told otherwise
