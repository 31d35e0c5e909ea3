"""What Daraja may be strict about, each off by default: where the evidence is split, or the sandbox is milder."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from msgspec import Struct
from yarl import URL

from simulator.core.clock import EAT
from simulator.core.errors import InvalidField, TooManyRequests
from simulator.core.store import Transaction
from simulator.core.worlds import World

STRICTNESS = {
    "one_token": "a new token revokes the older ones of its key",
    "fresh_timestamp": "Timestamp lies within ten minutes of now, in EAT",
    "short_texts": "AccountReference has at most 12 characters, TransactionDesc 13, BillRefNumber 20",
    "public_urls": "the URLs of requests are https, to a public host that is no tunnel; C2B URLs may be http",
    "lock_by_callback": "a push to a phone with an open prompt is accepted, and calls back 1001",
    "same_amount": "the same payer and amount within two minutes: result 17",
    "query_limit": "five STK queries a minute, one at a time: HTTP 429",
    "register_once": "C2B URLs are registered once, and not again until they are removed",
    "stk_unconfirmed": "an STK push on a shortcode with C2B URLs sends no C2B confirmation",
    "encrypted_credentials": "SecurityCredential is the initiator's password, encrypted with the simulator's "
    "certificate; on from the start with `--credentials strict`",
    "queue_drops": "a request that is not processed in time never is: it expires, and no result follows",
    "timeout_envelope": "QueueTimeOutURL gets a `Result` envelope instead of the original request",
}
FRESH = timedelta(minutes=10)
REFERENCE_CHARACTERS, DESCRIPTION_CHARACTERS, BILL_CHARACTERS = 12, 13, 20
QUERY_INTERVAL = timedelta(seconds=12)
REPEAT_WINDOW = timedelta(minutes=2)
TUNNELS = ("ngrok", "mockbin", "requestbin")  # said to be blocked [official]


class LastTime(Struct, frozen=True):
    """When something happened last, for limits that look back."""

    fades: ClassVar[bool] = True
    kind: ClassVar[str] = "daraja_last_time"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    at: datetime


def is_strict(tx: Transaction, world: World, about: str) -> bool:
    return strictness(tx, world)[about]


def strictness(tx: Transaction, world: World) -> Mapping[str, bool]:
    return world.provider_settings(tx, "daraja").strictness


def check_timestamp(timestamp: str, now: datetime) -> None:
    try:
        at = datetime.strptime(timestamp, "%Y%m%d%H%M%S").replace(tzinfo=EAT)
    except ValueError:
        raise InvalidField("Timestamp", f"{timestamp} is no time") from None
    if abs(at - now) > FRESH:
        raise InvalidField("Timestamp", f"{timestamp} is not within ten minutes of now, {now:%Y%m%d%H%M%S}")


def check_texts(reference: str, description: str) -> None:
    if len(reference) > REFERENCE_CHARACTERS:
        raise InvalidField("AccountReference", f"more than {REFERENCE_CHARACTERS} characters")
    if len(description) > DESCRIPTION_CHARACTERS:
        raise InvalidField("Remarks", f"TransactionDesc has more than {DESCRIPTION_CHARACTERS} characters")


def check_public(url: str, *, field: str = "CallBackURL", schemes: Collection[str] = ("https",)) -> None:
    told = URL(url)
    host = told.host or ""
    is_public = "." in host and not host.endswith((".test", ".local", ".localhost", ".internal"))
    with contextlib.suppress(ValueError):
        is_public = ipaddress.ip_address(host).is_global
    if told.scheme not in schemes or not is_public or any(tunnel in host for tunnel in TUNNELS):
        raise InvalidField(field, f"{url} is not {' or '.join(schemes)} to a public host")


def is_repeated(tx: Transaction, key: str, now: datetime) -> bool:
    """Whether this happened within the last two minutes; it has now."""
    last = tx.get(LastTime, key)
    tx.put(LastTime(key, now))
    return last is not None and now - last.at < REPEAT_WINDOW


def take_query_turn(tx: Transaction, now: datetime) -> None:
    last = tx.get(LastTime, "query")
    if last is not None and now - last.at < QUERY_INTERVAL:
        raise TooManyRequests(f"the last query was at {last.at:%H:%M:%S}: one every 12 seconds")
    tx.put(LastTime("query", now))
