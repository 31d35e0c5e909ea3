"""How Co-op writes what it names by itself: times, transaction ids, tokens."""

from __future__ import annotations

from datetime import UTC, datetime

from simulator.core.entropy import BASE36, Entropy


def wire_time(at: datetime) -> str:
    """RFC 3339 with milliseconds and `Z`: the one spelling that every known client reads [SDKs agree]."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def receipt(at: datetime, number: int) -> str:
    """The TransactionID of a settled leg: `FT`, year and day of the year, five characters or more [inferred]."""
    letters = ""
    while number or len(letters) < 5:
        number, digit = divmod(number, len(BASE36))
        letters = BASE36[digit] + letters
    return f"FT{at:%y%j}{letters}"


def token_value(entropy: Entropy, *key: object) -> str:
    """In the form of a UUID, as the gateway's product gives them [inferred]."""
    told = f"{entropy.number('token', *key):032x}"
    return "-".join((told[:8], told[8:12], told[12:16], told[16:20], told[20:]))
