"""Daraja's identifiers, dates and receipts (environment `sandbox`, its wire of 2026)."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta

from simulator.core.entropy import BASE36, Entropy

HEX = "0123456789abcdef"
CORE_NODES = ("0000", "2010", "2040", "2050")  # seen [captured]
FIRST_COUNTER = 1_071_872  # captured counters have four to eight digits
COUNTER_DIGITS = 8
FIRST_OF_PHONES = 50_000_000  # payments that no request started
FIRST_RECEIPT = 11_000_000_000
CHECKOUT_STEP = timedelta(milliseconds=100)  # the one digit behind the seconds


def gateway_id(entropy: Entropy, number: int) -> str:
    """`requestId`, `MerchantRequestID`: the last four groups of a gateway node's UUID, fused with a counter [captured].

    The node is the world's and stays; only the counter grows.
    """
    return f"{_gateway_node(entropy)}{FIRST_COUNTER + number}"


@functools.lru_cache
def _gateway_node(entropy: Entropy) -> str:
    node = entropy.text(HEX, 22, "gateway node")
    variant = "89ab"[entropy.number("gateway node", "variant") % 4]
    return f"{node[:4]}-4{node[4:7]}-{variant}{node[7:10]}-{node[10:22]}"


def request_of(entropy: Entropy, told: str) -> str:
    """The correlation of the request that the gateway called so; empty when this is no id of the gateway's."""
    node = _gateway_node(entropy)
    counter = told.removeprefix(node)
    if counter == told or not counter.isascii() or not counter.isdecimal() or len(counter) > COUNTER_DIGITS:
        return ""
    return f"r{int(counter) - FIRST_COUNTER:06d}"


def number_of(correlation: str) -> int:
    """The number under which the gateway made a payment's id: its request's, or one far from all of those."""
    number = int(correlation[1:])
    return number if correlation.startswith("r") else FIRST_OF_PHONES + number


def conversation_id(entropy: Entropy, at: datetime, *key: object) -> str:
    """`AG_` + yyyyMMdd + `_` + 20 hex digits, the first four a node of the core [captured until mid-2026]."""
    node = CORE_NODES[entropy.number("core node") % len(CORE_NODES)]
    return f"AG_{at:%Y%m%d}_{node}{entropy.text(HEX, 16, 'conversation', *key)}"


def checkout_request_id(at: datetime, msisdn: str) -> str:
    """`ws_CO_` + ddMMyyyyHHmmss + one digit + the payer's last nine [captured since Aug 2026]."""
    date = (at.day * 100 + at.month) * 10_000 + at.year
    return f"ws_CO_{date:08d}{_time_of_day(at) * 10 + at.microsecond // 100_000:07d}{msisdn[-9:]}"


def receipt(at: datetime, number: int) -> str:
    """Year letter (A is 2006), month letter, day, seven base-36 characters [captured, rule inferred]."""
    letters, rest = "", FIRST_RECEIPT + number
    for _ in range(7):
        rest, digit = divmod(rest, 36)
        letters = BASE36[digit] + letters
    year = chr(ord("A") + (at.year - 2006) % 26)  # nobody knows what follows Z, in 2032
    return f"{year}{BASE36[9 + at.month]}{BASE36[at.day]}{letters}"


def placeholder_receipt(at: datetime) -> str:
    """What stands where a request without money has no receipt: the three letters of the day, and zeros [captured]."""
    return f"{receipt(at, 0)[:3]}0000000"


def compact_time(at: datetime) -> str:
    """yyyyMMddHHmmss, in EAT."""
    date = (at.year * 100 + at.month) * 100 + at.day
    return f"{date:08d}{_time_of_day(at):06d}"


def _time_of_day(at: datetime) -> int:
    """HHmmss. Every push needs it, and `strftime` takes several times as long."""
    return (at.hour * 100 + at.minute) * 100 + at.second
