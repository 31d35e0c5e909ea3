"""What Daraja sends with every callback, whichever product it is of."""

from __future__ import annotations

from collections.abc import Mapping


def callback_headers(shortcode: str) -> Mapping[str, str]:
    """Type and shortcode [captured sandbox STK, Sep 2026]; of other products' headers nothing is recorded."""
    return {"Content-Type": "application/json;charset=UTF-8", "BusinessShortCode": shortcode}
