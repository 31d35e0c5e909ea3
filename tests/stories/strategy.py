"""Stories at random: people, faults and steps, as the mapping that a scenario file holds, from which it replays."""

from __future__ import annotations

from hypothesis import strategies as st

PEOPLE = ("254711000001", "254711000002", "254711000003")
AMOUNTS = ("101.00", "203.00", "407.00", "815.00", "60000.00")  # no sum of some is another one
WAITS = ("1s", "8s", "25s", "61s", "3m", "7m")

REFUSALS = {
    "oauth": ("invalid_authentication", "service_unreachable"),
    "stk_push": ("invalid_access_token", "system_busy", "internal_server_error", "spike_arrest"),
    "stk_query": ("empty_error", "transaction_being_processed", "invalid_access_token"),
    "b2c": ("internal_server_error", "spike_arrest", "service_unreachable", "duplicate_originator_conversation_id"),
    "transaction_status": ("internal_server_error", "spike_arrest"),
}
FAILURES = {"stk_push": ("1", "17", "1019", "1037", "9999"), "b2c": ("1", "17", "21", "2001", "2040", "8006")}
FAILURES |= {"transaction_status": ("2032", "2033", "21"), "c2b": ("C2B00016",)}
# Said once all is done, these would be lies and no faults: they tell that nothing was.
DENIALS = frozenset({"invalid_access_token", "invalid_authentication", "spike_arrest"})
ANSWERING = ("stk_push", "stk_query", "b2c", "transaction_status", "oauth")
DECIDING = ("stk_push", "b2c", "c2b", "transaction_status")
TELLING = ("*", "stk_push", "b2c", "transaction_status", "c2b_confirmation", "c2b_validation")
FORGERS = ("url", "reference", "everything")
FORGERIES = ({}, {"Amount": 9}, {"TransAmount": "9.00"}, {"TransactionAmount": 9}, {"ResultCode": 0}, {"ResultCode": 1})


def _effects(*effects):
    return st.sampled_from([{"kind": kind, **fields} for kind, fields in effects])


def _refusing(operation, *, but=frozenset()):
    errors = [("refuse", {"error": error}) for error in REFUSALS[operation] if error not in but]
    raw = [("refuse", {"status": 503, "body": "<html>busy</html>"}), ("refuse", {"status": 200, "body": "{}"})]
    return _effects(*errors, *raw, ("reset", {}), ("hang", {}), ("delay", {"seconds": 4}), ("delay", {"seconds": 40}))


def _deciding(operation):
    late = [("delay", {"seconds": seconds}) for seconds in (3, 70, 400)]
    return _effects(*late, *[("fail", {"code": code}) for code in FAILURES[operation]])


forging = [("forge", {"knows": knows, "changes": told}) for knows in FORGERS for told in FORGERIES]
telling = st.one_of(  # by kind, so that the many ways to forge do not crowd out the others
    _effects(("drop", {})),
    _effects(("delay", {"seconds": 20}), ("delay", {"seconds": 400})),
    _effects(("duplicate", {}), ("duplicate", {"copies": 2, "after_seconds": 30})),
    _effects(("reorder", {})),
    _effects(*[("corrupt", {"how": how}) for how in ("truncated", "not_json", "missing_field", "wrong_type")]),
    _effects(*forging),
)
places = st.one_of(
    st.sampled_from(ANSWERING).flatmap(lambda name: st.tuples(st.just(f"{name}.request"), _refusing(name))),
    st.sampled_from(ANSWERING).flatmap(
        lambda name: st.tuples(st.just(f"{name}.acknowledgement"), _refusing(name, but=DENIALS))
    ),
    st.sampled_from(DECIDING).flatmap(lambda name: st.tuples(st.just(f"{name}.processing"), _deciding(name))),
    st.sampled_from(TELLING).flatmap(lambda name: st.tuples(st.just(f"{name}.callback"), telling)),
    st.sampled_from(("stk_push", "b2c")).map(lambda name: (f"{name}.acknowledgement", {"kind": "callback_first"})),
)
when = st.sampled_from([{}, {}, {"nth": 1}, {"nth": 2}, {"nth": [1, 3]}, {"probability": 0.5}])
rules = st.lists(st.tuples(places, when), min_size=1, max_size=4).map(
    lambda found: [
        {"name": f"rule {number}", "at": f"daraja.{place}", "effect": effect, **often}
        for number, ((place, effect), often) in enumerate(found, start=1)
    ]
)

ANY = {"status": {"one_of": [202, 409, 422]}}  # a wish may be refused, and never fails

someone = st.integers(0, len(PEOPLE) - 1)
amounts = st.sampled_from(AMOUNTS)
deposits = st.builds(
    lambda who, amount, key: {
        "app": "POST /deposits",
        "body": {"customer": f"{{c{who}}}", "amount": amount, "via": "mpesa"},
        "expect": ANY,
        **({"idempotency_key": key} if key else {}),
    },
    someone,
    amounts,
    st.sampled_from([None, None, "k1", "k2"]),
)
withdrawals = st.builds(
    lambda who, amount, key: {
        "app": "POST /withdrawals",
        "body": {"customer": f"{{c{who}}}", "amount": amount, "to": {"msisdn": PEOPLE[who]}},
        "expect": ANY,
        **({"idempotency_key": key} if key else {}),
    },
    someone,
    amounts,
    st.sampled_from([None, None, "k3", "k4"]),
)
paybills = st.builds(
    lambda who, account, amount: {
        "phone": "pay",
        "msisdn": PEOPLE[who],
        "shortcode": "600000",
        "reference": account,
        "amount": amount,
    },
    someone,
    st.sampled_from(["{c0}", "{c1}", "NOBODY"]),
    amounts,
)
waits = st.sampled_from(WAITS).map(lambda seconds: {"clock": seconds})
reconciliations = st.just({"app": "POST /reconcile", "as": "operator"})
steps = st.lists(
    st.one_of(deposits, deposits, withdrawals, withdrawals, paybills, waits, waits, reconciliations),
    min_size=3,
    max_size=10,
)

policies = st.sampled_from(["approve", "approve", "approve", "cancel", "ignore"])
balances = st.sampled_from(["50000.00", "50000.00", "300.00", "0.00", "499999.00"])
subscribers = st.tuples(*[st.tuples(policies, balances, st.sampled_from(["1s", "7s", "55s"])) for _ in PEOPLE])


def _given(people, validation):
    settings = [{"merchant": {"shortcode": "600000", "validation": True}}] if validation else []
    for who, (policy, balance, thinks) in enumerate(people):
        subscriber = {"msisdn": PEOPLE[who], "policy": policy, "balance": balance, "thinks": thinks}
        customer = {"name": f"C{who}", "msisdn": PEOPLE[who], "save": f"c{who}"}
        settings.append({"subscriber": subscriber, "customer": customer})
    return settings


stories = st.builds(
    lambda people, validation, faults, played, seed: {
        "name": "a story at random",
        "seed": seed,
        "given": [*_given(people, validation), *[{"fault": rule} for rule in faults]],
        "steps": played,
    },
    subscribers,
    st.booleans(),
    rules,
    steps,
    st.integers(0, 999),
)
