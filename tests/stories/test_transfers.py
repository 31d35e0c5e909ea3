"""A transfer whose answer is lost, then found by a status query, never pays twice: under every fault that the catalogue
of a bank's surface holds, at every point of its life, to accounts of every kind.

`pytest --stories 2000` plays a fifth as many of these; a failing one prints as the scenario file that replays it.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st

from simulator.providers import PROVIDERS
from tests.stories.test_stories import FINAL, play_at_random

SURFACES = {provider.name: provider for provider in PROVIDERS if provider.name in ("jenga", "coop")}
OPERATIONS = {"jenga": ("pesalink_account", "transaction_details"), "coop": ("pesalink_account", "status")}
TELLING = {"coop": "pesalink_account"}
ENDINGS = ("5555", "5555", "0001", "0004", "0006", "0007", "0008", "0009", "0090", "0091", "0092", "0093")
RAW = (
    {"kind": "refuse", "status": 200, "body": "<html><body>Security Notice</body></html>"},
    {"kind": "refuse", "status": 200, "body": "{}"},
    {"kind": "refuse", "status": 502, "body": ""},
    {"kind": "reset"},
    {"kind": "hang"},
    {"kind": "delay", "seconds": 3},
    {"kind": "delay", "seconds": 50},
)
CALLBACKS = (
    {"kind": "drop"},
    {"kind": "duplicate", "copies": 2, "after_seconds": 5},
    {"kind": "delay", "seconds": 400},
    {"kind": "reorder"},
    *({"kind": "corrupt", "how": how} for how in ("truncated", "not_json", "missing_field", "wrong_type")),
    *({"kind": "forge", "knows": knows, "changes": {"MessageCode": "2"}} for knows in ("url", "reference")),
)
WRITTEN_BEFORE = 500  # an answer below this says what was done, so that after the deed it would be a lie, and no fault


def _rules(name):
    surface = SURFACES[name]
    refused = [{"kind": "refuse", "error": error.name} for error in surface.errors]
    unclear = [{"kind": "refuse", "error": error.name} for error in surface.errors if _is_unclear(error)]
    for operation in OPERATIONS[name]:
        yield from ((f"{name}.{operation}.request", effect) for effect in (*RAW, *refused))
        yield from ((f"{name}.{operation}.acknowledgement", effect) for effect in (*RAW, *unclear))
    codes = sorted(surface.failure_codes("pesalink_account"))
    late = [{"kind": "delay", "seconds": seconds} for seconds in (3, 40, 70, 400)]
    failing = [{"kind": "fail", "code": code} for code in codes]
    yield from ((f"{name}.pesalink_account.processing", effect) for effect in (*late, *failing))
    if name in TELLING:
        yield from ((f"{name}.{TELLING[name]}.callback", effect) for effect in CALLBACKS)


def _is_unclear(error):
    return error.status >= WRITTEN_BEFORE or error.status == 408 or error.code in ("400105", "-1", "500200")


def _story(name, placed, often, ending, seed):
    rules = [
        {"fault": {"name": f"rule {number}", "at": at, "effect": effect, **often}}
        for number, (at, effect) in enumerate(placed, start=1)
    ]
    payee = {"bank": "57", "account_number": f"55667788{ending}", "name": "Mercy Karanja"}
    wish = {
        "app": "POST /withdrawals",
        "idempotency_key": "one",
        "body": {"customer": "{ann}", "amount": "600.00", "to": payee},
        "expect": {"status": {"one_of": [202, 409, 422]}},
    }
    asked = {"app": "POST /reconcile", "as": "operator"}
    return {
        "name": "a transfer at random",
        "seed": seed,
        "app_settings": {"pesalink": name},
        "given": [
            {"subscriber": {"msisdn": "254711000001", "policy": "approve"}},
            {"customer": {"name": "Ann", "msisdn": "254711000001", "save": "ann"}},
            *rules,
        ],
        "steps": [
            {
                "phone": "pay",
                "msisdn": "254711000001",
                "shortcode": "600000",
                "reference": "{ann}",
                "amount": "1000.00",
            },
            {"clock": "10s"},
            wish,
            {"clock": "20s"},
            asked,
            wish,
            {"clock": "2m"},
            asked,
        ],
    }


stories = st.sampled_from(sorted(SURFACES)).flatmap(
    lambda name: st.builds(
        _story,
        st.just(name),
        st.lists(st.sampled_from(list(_rules(name))), min_size=1, max_size=2),
        st.sampled_from([{"nth": 1}, {"nth": 1}, {"nth": [1, 2]}, {}]),
        st.sampled_from(ENDINGS),
        st.integers(0, 99),
    )
)


def problems_of(verdict):
    """What the provider did wrong, and whether money left twice."""
    paid = Counter(
        event.text("account")
        for event in verdict.events
        if event.kind == "payment" and event.text("state") == "succeeded"
    )
    paid.pop("", None)
    yield from (f"{account} was paid {times} times" for account, times in paid.items() if times > 1)
    states = [(event.payment, event.text("state")) for event in verdict.events if event.kind == "payment"]
    ends = Counter(payment for payment, state in states if state in FINAL)
    yield from (f"{payment} ended {ends[payment]} times" for payment in dict(states) if ends[payment] != 1)
    yield from (event.text("traceback") for event in verdict.events if event.kind == "error")


def test_no_transfer_pays_twice(tmp_path, pytestconfig):
    count, as_found = max(1, pytestconfig.getoption("--stories") // 5), pytestconfig.getoption("--as-found")
    play_at_random(stories, problems_of, file=tmp_path / "story.yaml", count=count, as_found=as_found)
