"""What is wrong with a fault rule: where in it, and the nearest word."""

import pytest

from simulator.core.faults import EFFECTS
from simulator.edge.catalogue import problems_of, problems_of_profile
from simulator.providers import PROVIDERS

GOOD = {"name": "r", "at": "daraja.stk_push.callback", "effect": {"kind": "drop"}}
REQUEST = {"name": "r", "at": "daraja.stk_push.request"}
PROCESSING = {"name": "r", "at": "daraja.stk_push.processing"}


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(GOOD, id="plain"),
        pytest.param(GOOD | {"at": "*.*.callback"}, id="anywhere"),
        pytest.param(GOOD | {"at": "*.stk_push.callback"}, id="any provider"),
        pytest.param(GOOD | {"nth": [1, 2], "probability": 0.5, "when": {"amount": "1"}}, id="with everything"),
        pytest.param(REQUEST | {"effect": {"kind": "refuse", "error": "spike_arrest"}}, id="an error by name"),
        pytest.param(REQUEST | {"effect": {"kind": "refuse", "error": "500.003.02"}}, id="an error by code"),
        pytest.param(REQUEST | {"effect": {"kind": "refuse", "status": 503, "body": "x"}}, id="any status"),
        pytest.param(PROCESSING | {"effect": {"kind": "fail", "code": "1037"}}, id="a result code"),
        pytest.param(GOOD | {"effect": {"kind": "reorder", "behind": 2}}, id="another order"),
        pytest.param(GOOD | {"effect": {"kind": "corrupt", "how": "wrong_type"}}, id="a broken message"),
        pytest.param(
            GOOD | {"effect": {"kind": "forge", "knows": "url", "changes": {"Amount": 5, "x": [None]}}}, id="a forger"
        ),
    ],
)
def test_a_good_rule_has_no_problems(rule):
    assert problems_of(rule, PROVIDERS) == []


@pytest.mark.parametrize(
    ("rule", "path", "told"),
    [
        pytest.param(GOOD | {"nmae": "x"}, ("nmae",), "unknown key 'nmae'; did you mean 'name'?", id="a misspelt key"),
        pytest.param(
            GOOD | {"when": {"msisd": "1"}}, ("when", "msisd"), "unknown key 'msisd'; did you mean 'msisdn'?", id="fact"
        ),
        pytest.param(GOOD | {"colour": 1}, ("colour",), "expected one of name, at, when", id="a key like no other"),
        pytest.param({"name": "r", "at": GOOD["at"]}, ("effect",), "'effect' is missing", id="no effect"),
        pytest.param({"at": GOOD["at"], "effect": {"kind": "drop"}}, ("name",), "'name' is missing", id="no name"),
        pytest.param(
            GOOD | {"effect": {"kind": "dropp"}},
            ("effect",),
            "unknown effect 'dropp'; did you mean 'drop'?",
            id="effect",
        ),
        pytest.param(GOOD | {"effect": "drop"}, ("effect",), "", id="an effect that is a word"),
        pytest.param(GOOD | {"effect": {"kind": "delay"}}, ("effect", "seconds"), "'seconds' is missing", id="seconds"),
        pytest.param(
            GOOD | {"effect": {"kind": "delay", "seconds": "5"}}, ("effect", "seconds"), "number", id="seconds as text"
        ),
        pytest.param(
            GOOD | {"effect": {"kind": "delay", "seconds": 1, "secnds": 5}},
            ("effect", "secnds"),
            "did you mean 'seconds'?",
            id="a misspelt field of an effect",
        ),
        pytest.param(
            GOOD | {"effect": {"kind": "forge", "knows": "evrything"}},
            ("effect", "knows"),
            "unknown knows 'evrything'; did you mean 'everything'?",
            id="what a forger knows",
        ),
        pytest.param(
            GOOD | {"effect": {"kind": "corrupt", "how": "truncate"}},
            ("effect", "how"),
            "unknown how 'truncate'; did you mean 'truncated'?",
            id="how a message breaks",
        ),
        pytest.param(
            GOOD | {"effect": {"kind": "forge", "knows": "url", "changes": [1]}},
            ("effect", "changes"),
            "should be a valid dictionary",
            id="changes that are a list",
        ),
        pytest.param(
            GOOD | {"effect": {"kind": "forge", "knows": "url", "chnges": {}}},
            ("effect", "chnges"),
            "did you mean 'changes'?",
            id="misspelt changes",
        ),
        pytest.param(
            GOOD | {"at": "daraja.stk_push.calback"}, ("at",), "did you mean 'callback'?", id="a misspelt point"
        ),
        pytest.param(GOOD | {"probability": 2}, ("probability",), "less than or equal to 1", id="too probable"),
        pytest.param(GOOD | {"when": {"amount": "lots"}}, ("when", "amount"), "is not an amount", id="no amount"),
        pytest.param(GOOD | {"at": "daraja.stk_push"}, ("at",), "is not provider.operation.point", id="no point"),
        pytest.param(
            GOOD | {"at": "darja.stk_push.callback"}, ("at",), "provider 'darja'; did you mean 'daraja'?", id="provider"
        ),
        pytest.param(
            GOOD | {"at": "daraja.stk_pusch.callback"},
            ("at",),
            "unknown operation 'stk_pusch'; did you mean 'stk_push'?",
            id="operation",
        ),
        pytest.param(
            GOOD | {"at": "*.stk_pusch.callback"}, ("at",), "did you mean 'stk_push'?", id="operation of any provider"
        ),
        pytest.param(
            REQUEST | {"effect": {"kind": "refuse", "error": "spike_arest"}},
            ("effect", "error"),
            "unknown error 'spike_arest'; did you mean 'spike_arrest'?",
            id="error",
        ),
        pytest.param(
            PROCESSING | {"effect": {"kind": "fail", "code": "10377"}},
            ("effect", "code"),
            "unknown result code '10377'; did you mean '1037'?",
            id="result code",
        ),
        pytest.param(
            PROCESSING | {"at": "daraja.stk_query.processing", "effect": {"kind": "fail", "code": "1037"}},
            ("at",),
            "'stk_query' has no processing",
            id="an operation without an outcome",
        ),
        pytest.param(
            PROCESSING | {"effect": {"kind": "fail", "code": "0"}},
            ("effect", "code"),
            "unknown result code '0'",
            id="a code that is no failure",
        ),
        pytest.param(
            PROCESSING | {"at": "*.*.processing", "effect": {"kind": "fail", "code": "4999"}},
            ("effect", "code"),
            "unknown result code '4999'",
            id="a code of the query only",
        ),
        pytest.param(
            PROCESSING | {"at": "daraja.*.processing", "effect": {"kind": "fail", "code": "1037"}},
            ("effect", "code"),
            "unknown result code '1037': no code is known to all that the rule meets, so name one operation",
            id="a code of one of several operations",
        ),
    ],
)
def test_each_mistake_is_told_where_it_is(rule, path, told):
    ((where, message),) = problems_of(rule, PROVIDERS)
    assert where == path
    assert told in message


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        pytest.param(
            REQUEST | {"effect": {"kind": "drop"}},
            "effect 'drop' cannot happen at the request: it may be delay, hang, refuse, reset",
            id="effect and point",
        ),
        pytest.param(
            REQUEST | {"effect": {"kind": "reset"}, "when": {"attempt": 1}},
            "attempt is not known at the request",
            id="fact and point",
        ),
        pytest.param(
            REQUEST | {"effect": {"kind": "refuse"}},
            "refuse takes either `error` or `status`",
            id="refuse with neither",
        ),
    ],
)
def test_parts_that_do_not_belong_together(rule, told):
    ((_, message),) = problems_of(rule, PROVIDERS)
    assert message == told


@pytest.mark.parametrize("nth", [pytest.param(0, id="the noughth"), pytest.param([1, "2"], id="text in a list")])
def test_a_value_that_may_have_two_forms_is_told_once_by_its_key(nth):
    ((path, _),) = problems_of(GOOD | {"nth": nth}, PROVIDERS)
    assert path[0] == "nth"
    assert all(part in ("nth", 1) for part in path)


@pytest.mark.parametrize("rule", [[], "drop", 5, None], ids=repr)
def test_what_is_no_rule_at_all(rule):
    ((path, message),) = problems_of(rule, PROVIDERS)
    assert path == ()
    assert "FaultRule" in message or "dictionary" in message


def test_several_mistakes_are_told_at_once():
    found = problems_of({"name": "", "at": "x", "effect": {"kind": "drop"}, "colour": 1}, PROVIDERS)
    assert [path for path, _ in found] == [("name",), ("at",), ("colour",)]


# Every pair of point and effect.

FIELDS = {
    "delay": {"seconds": 1},
    "refuse": {"error": "spike_arrest"},
    "fail": {"code": "1037"},
    "forge": {"knows": "url"},
    "corrupt": {"how": "truncated"},
}
KINDS = sorted(frozenset().union(*EFFECTS.values()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("point", EFFECTS)
def test_the_table_of_points_and_effects(point, kind):
    effect = {"kind": kind, **FIELDS.get(kind, {})}
    found = problems_of({"name": "r", "at": f"daraja.stk_push.{point}", "effect": effect}, PROVIDERS)
    allowed = ", ".join(sorted(EFFECTS[point]))
    told = f"effect {kind!r} cannot happen at the {point}: it may be {allowed}"
    assert found == ([] if kind in EFFECTS[point] else [((), told)])


@pytest.mark.parametrize(
    ("provider", "operation"),
    [pytest.param(one, place, id=f"{one.name}.{place}") for one in PROVIDERS for place in one.places],
)
@pytest.mark.parametrize("point", EFFECTS)
def test_every_operation_takes_rules_at_its_points_and_at_no_others(provider, operation, point):
    kind = "hang" if "hang" in EFFECTS[point] else "delay"
    effect = {"kind": kind, "seconds": 1}
    found = problems_of({"name": "r", "at": f"{provider.name}.{operation}.{point}", "effect": effect}, PROVIDERS)
    is_there = point in provider.points_of(operation)
    assert found == ([] if is_there else [(("at",), f"{operation!r} has no {point}")])


# Chaos profiles.


def test_a_profile_is_good_when_its_rules_are():
    assert problems_of_profile([GOOD, GOOD | {"name": "another"}], PROVIDERS) == []
    assert problems_of_profile([], PROVIDERS) == []


@pytest.mark.parametrize("told", [None, {}, GOOD, "rules"], ids=["nothing", "empty", "one rule", "text"])
def test_a_profile_is_a_list(told):
    assert problems_of_profile(told, PROVIDERS) == [((), "expected a chaos profile: a list of fault rules")]


def test_a_mistake_in_a_profile_is_told_with_the_place_of_its_rule():
    bad = GOOD | {"name": "bad", "effect": {"kind": "dropp"}}
    assert [path for path, _ in problems_of_profile([GOOD, bad, 7], PROVIDERS)] == [(1, "effect"), (2,)]


def test_two_rules_of_a_profile_have_two_names():
    told = "another rule is called 'r': a name is told once"
    assert problems_of_profile([GOOD, GOOD], PROVIDERS) == [((1, "name"), told)]
