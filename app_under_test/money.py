"""Money: integer cents inside, text with two decimals on the HTTP face. Never a float."""

import re
from collections.abc import Callable
from decimal import Decimal

_MPESA_LIMIT, _LEAST_BY_PESALINK, MOST_BY_PESALINK = 250_000_00, 10_00, 999_999_00
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")


def cents_of(text: object) -> int:
    """The cents of an amount such as `100` or `99.50`; ValueError for all else, a JSON number included."""
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        raise ValueError("an amount is text such as '100.00', with at most two decimals")
    return int(Decimal(text) * 100)


def text_of(cents: int) -> str:
    sign, whole = ("-" if cents < 0 else ""), abs(cents)
    return f"{sign}{whole // 100}.{whole % 100:02d}"


def carried_by_mpesa(*, at_least: int) -> Callable[[int], int]:
    """Lets an amount pass that M-PESA carries in one piece; ValueError for any other."""

    def check(cents: int) -> int:
        if not at_least <= cents <= _MPESA_LIMIT or cents % 100:
            raise ValueError(f"M-PESA carries whole shillings from {text_of(at_least)} to {text_of(_MPESA_LIMIT)}")
        return cents

    return check


def carried_by_pesalink(cents: int) -> int:
    """The amount, if PesaLink carries it in one piece; ValueError if not."""
    if not _LEAST_BY_PESALINK <= cents <= MOST_BY_PESALINK:
        raise ValueError(f"PesaLink carries from {text_of(_LEAST_BY_PESALINK)} to {text_of(MOST_BY_PESALINK)}")
    return cents
