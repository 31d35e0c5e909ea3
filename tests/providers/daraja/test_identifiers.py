"""Ids, receipts and dates against dated captures."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from simulator.core.clock import EAT
from simulator.core.entropy import Entropy
from simulator.providers.daraja.identifiers import checkout_request_id, gateway_id, receipt

AT = datetime(2026, 8, 25, 16, 33, 36, 483_000, tzinfo=EAT)


def test_the_gateways_ids_are_a_node_fused_with_a_counter():
    first, second = gateway_id(Entropy(1), 1), gateway_id(Entropy(1), 2)
    assert re.fullmatch(r"[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}[0-9]{4,8}", first)
    assert first[:27] == second[:27]
    assert int(second[27:]) == int(first[27:]) + 1
    assert gateway_id(Entropy(2), 1)[:27] != first[:27]


def test_a_checkout_request_id_tells_time_one_digit_and_the_payer():
    assert checkout_request_id(AT, "254712345678") == "ws_CO_250820261633364712345678"


@pytest.mark.parametrize(
    ("at", "first"),
    [
        pytest.param(datetime(2026, 8, 25, tzinfo=EAT), "UHP", id="25 Aug 2026"),
        pytest.param(datetime(2026, 1, 15, tzinfo=EAT), "UAF", id="15 Jan 2026"),
        pytest.param(datetime(2019, 12, 1, tzinfo=EAT), "NL1", id="1 Dec 2019"),
        pytest.param(datetime(2025, 10, 31, tzinfo=EAT), "TJV", id="31 Oct 2025"),
    ],
)
def test_a_receipt_begins_with_its_date(at, first):
    assert re.fullmatch(r"[A-Z0-9]{10}", receipt(at, 1))
    assert receipt(at, 1)[:3] == first


def test_receipts_do_not_repeat():
    assert len({receipt(AT + timedelta(seconds=number % 3), number) for number in range(5000)}) == 5000
