"""Money: integer cents inside, text with two decimals on the HTTP face. Never a float."""

import re
from decimal import Decimal

_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")


def cents_of(text: object) -> int:
    """The cents of an amount such as `100` or `99.50`; ValueError for all else, a JSON number included."""
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        raise ValueError("an amount is text such as '100.00', with at most two decimals")
    return int(Decimal(text) * 100)


def text_of(cents: int) -> str:
    sign, whole = ("-" if cents < 0 else ""), abs(cents)
    return f"{sign}{whole // 100}.{whole % 100:02d}"
