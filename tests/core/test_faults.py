"""Fault rules: which are refused, and which one applies."""

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from simulator.core.entropy import Entropy
from simulator.core.faults import EFFECTS, FACTS, Facts, FaultRule, When, choose, choose_fault, count

PLACE = "daraja.stk_push.callback"
DETAILS = {
    "delay": {"seconds": 1},
    "refuse": {"error": "x"},
    "fail": {"code": "1"},
    "forge": {"knows": "url"},
    "corrupt": {"how": "truncated"},
}
KINDS = sorted(frozenset().union(*EFFECTS.values()))
ANN = Facts("stk_push", "254700000001", "100.00", "A1", attempt=1)
BEN = Facts("stk_push", "254700000002", "250.00", "B1", attempt=1)


def rule(at=PLACE, *, name="rule", kind="drop", **told):
    return FaultRule.model_validate({"name": name, "at": at, "effect": {"kind": kind, **DETAILS.get(kind, {})}} | told)


@pytest.fixture
async def chosen(world):
    """Asks the rules once for each of the facts; the names of those that applied."""

    async def ask(rules, *facts, at=PLACE, seed=1):
        found = []
        for told in facts:
            one = await world.run(lambda tx, told=told: choose(tx, rules, Entropy(seed), at=at, facts=told))
            found.append(one.name if one else None)
        return found

    return ask


# Which rules are refused.


@pytest.mark.parametrize(
    ("point", "kind"),
    [
        pytest.param(point, kind, id=f"{kind} at the {point}")
        for point, kind in itertools.product(EFFECTS, KINDS)
        if kind not in EFFECTS[point]
    ],
)
def test_every_pair_of_point_and_effect_outside_the_table_is_refused(point, kind):
    with pytest.raises(ValidationError, match=f"cannot happen at the {point}"):
        rule(f"daraja.stk_push.{point}", kind=kind)


@pytest.mark.parametrize(
    ("point", "kind"), [pytest.param(p, k, id=f"{k} at the {p}") for p, kinds in EFFECTS.items() for k in sorted(kinds)]
)
def test_every_pair_of_the_table_is_accepted(point, kind):
    assert rule(f"daraja.stk_push.{point}", kind=kind).point == point


@pytest.mark.parametrize(
    ("point", "fact"),
    [
        pytest.param(point, fact, id=f"{fact} at the {point}")
        for point, fact in itertools.product(FACTS, When.model_fields)
        if fact not in FACTS[point]
    ],
)
def test_a_fact_that_is_not_known_at_the_point_is_refused(point, fact):
    with pytest.raises(ValidationError, match=f"{fact} is not known at the {point}"):
        rule(f"daraja.stk_push.{point}", kind="delay", when={fact: 1 if fact == "attempt" else "1"})


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"at": "daraja.stk_push"}, id="no point"),
        pytest.param({"at": "daraja.stk_push.calback"}, id="an unknown point"),
        pytest.param({"at": "daraja.stk_push.*"}, id="any point"),
        pytest.param({"at": "Daraja.stk_push.callback"}, id="upper case"),
        pytest.param({"at": "daraja.stk_push.callback.x"}, id="a part too many"),
        pytest.param({"name": ""}, id="no name"),
        pytest.param({"nth": 0}, id="the noughth"),
        pytest.param({"nth": True}, id="a boolean nth"),
        pytest.param({"nth": [1, 0]}, id="the noughth in a list"),
        pytest.param({"probability": 1.1}, id="more than certain"),
        pytest.param({"probability": "0.5"}, id="a probability as text"),
        pytest.param({"when": {"amount": "lots"}}, id="an amount that is none"),
        pytest.param({"when": {"colour": "red"}}, id="an unknown fact"),
        pytest.param({"when": {"occurrence": 0}}, id="the noughth occurrence"),
        pytest.param({"effect": {"kind": "explode"}}, id="an unknown effect"),
        pytest.param({"effect": {"kind": "delay"}}, id="a delay of no seconds"),
        pytest.param({"effect": {"kind": "delay", "seconds": -1}}, id="a delay back"),
        pytest.param({"effect": {"kind": "delay", "seconds": "5"}}, id="seconds as text"),
        pytest.param({"effect": {"kind": "duplicate", "copies": 0}}, id="no copies"),
        pytest.param({"effect": {"kind": "drop", "seconds": 1}}, id="a field of another effect"),
        pytest.param({"effect": {"kind": "duplicate", "after_seconds": 32_000_000}}, id="a copy next year"),
        pytest.param({"effect": {"kind": "reorder", "behind": 0}}, id="behind none"),
        pytest.param({"effect": {"kind": "forge"}}, id="a forger of whom nothing is known"),
        pytest.param({"effect": {"kind": "forge", "knows": "nothing"}}, id="a forger who knows nothing"),
        pytest.param(
            {"effect": {"kind": "forge", "knows": "url", "changes": ["Amount"]}}, id="changes that are a list"
        ),
        pytest.param({"effect": {"kind": "corrupt", "how": "badly"}}, id="broken in an unknown way"),
        pytest.param({"colour": "red"}, id="an unknown key"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(told):
    with pytest.raises(ValidationError):
        rule(**told)


@pytest.mark.parametrize(
    "effect",
    [
        pytest.param({}, id="neither"),
        pytest.param({"error": "x", "status": 500}, id="both"),
        pytest.param({"status": 99}, id="a status that is none"),
    ],
)
def test_refuse_takes_an_error_or_a_status(effect):
    with pytest.raises(ValidationError):
        rule("daraja.stk_push.request", effect={"kind": "refuse", **effect})


def test_defaults_are_those_of_the_interface():
    assert rule("a.b.request", kind="hang").effect.seconds == 600
    assert (rule(kind="duplicate").effect.copies, rule(kind="duplicate").effect.after_seconds) == (1, 0)
    assert rule(kind="reorder").effect.behind == 1
    assert rule(kind="forge").effect.changes == {}
    assert (rule().probability, rule().nth, rule().key) == (1, None, "rule")


# Which rule applies.


@pytest.mark.parametrize(
    ("at", "is_there"),
    [
        pytest.param(PLACE, True, id="the very place"),
        pytest.param("*.stk_push.callback", True, id="any provider"),
        pytest.param("daraja.*.callback", True, id="any operation"),
        pytest.param("*.*.callback", True, id="anywhere at that point"),
        pytest.param("daraja.stk_query.callback", False, id="another operation"),
        pytest.param("jenga.*.callback", False, id="another provider"),
        pytest.param("*.*.request", False, id="another point"),
    ],
)
async def test_a_rule_applies_at_its_place(chosen, at, is_there):
    kind = "delay" if at.endswith("request") else "drop"
    assert await chosen([rule(at, kind=kind)], ANN) == ["rule" if is_there else None]


@pytest.mark.parametrize(
    ("when", "found"),
    [
        pytest.param({"msisdn": ANN.msisdn}, ["rule", None], id="msisdn"),
        pytest.param({"amount": "250"}, [None, "rule"], id="amount, however it is written"),
        pytest.param({"reference": "A1"}, ["rule", None], id="reference"),
        pytest.param({"operation": "stk_push"}, ["rule", "rule"], id="operation"),
        pytest.param({"attempt": 2}, [None, None], id="attempt"),
        pytest.param({"msisdn": ANN.msisdn, "amount": "250"}, [None, None], id="all facts must hold"),
    ],
)
async def test_a_rule_tests_its_facts(chosen, when, found):
    assert await chosen([rule(when=when)], ANN, BEN) == found


async def test_occurrence_counts_what_happened_to_the_same_reference(chosen):
    asked = [ANN, BEN, ANN, BEN, BEN]
    assert await chosen([rule(when={"occurrence": 2})], *asked) == [None, None, "rule", "rule", None]


@pytest.mark.parametrize(
    ("nth", "found"),
    [
        pytest.param(2, [None, "rule", None, None], id="one number"),
        pytest.param([1, 4], ["rule", None, None, "rule"], id="a list"),
    ],
)
async def test_nth_counts_the_matches_of_a_rule(chosen, nth, found):
    assert await chosen([rule(nth=nth)], ANN, BEN, ANN, BEN) == found


async def test_nth_counts_only_what_matches_the_facts(chosen):
    rules = [rule(nth=2, when={"msisdn": BEN.msisdn})]
    assert await chosen(rules, ANN, BEN, ANN, BEN) == [None, None, None, "rule"]


async def test_the_first_rule_that_applies_wins(chosen):
    rules = [rule(name="elsewhere", when={"msisdn": "1"}), rule(name="first"), rule(name="second")]
    assert await chosen(rules, ANN) == ["first"]


async def test_where_no_rule_applies_none_is_chosen(chosen):
    assert await chosen([], ANN) == [None]


async def test_a_probability_is_drawn_by_key_and_not_by_order(simulate):
    people = [Facts("stk_push", reference=f"R{number}") for number in range(40)]
    rules = [rule(probability=0.5)]

    async def hit(order, seed=1):
        one = await simulate(seed=seed).open("default")
        found = [await one.run(lambda tx, f=f: choose(tx, rules, one.entropy, at=PLACE, facts=f)) for f in order]
        return {facts.reference for facts, chosen in zip(order, found, strict=True) if chosen}

    forwards = await hit(people)
    assert 8 < len(forwards) < 32
    assert await hit(people[::-1]) == forwards
    assert await hit(people, seed=2) != forwards


@pytest.mark.parametrize(
    ("probability", "found"), [pytest.param(0, None, id="never"), pytest.param(1, "rule", id="always")]
)
async def test_a_probability_at_its_ends(chosen, probability, found):
    assert await chosen([rule(probability=probability)], *[ANN] * 20) == [found] * 20


async def test_a_world_without_rules_at_the_place_commits_nothing(world):
    world.rules = (rule("daraja.stk_push.request", kind="delay"),)
    assert await choose_fault(world, PLACE, ANN) is None
    assert await choose_fault(world, "daraja.stk_push.request", ANN) is world.rules[0]


async def test_a_tally_counts_within_its_transaction(world):
    a, b = (
        FaultRule.model_validate({"name": name, "at": "daraja.*.callback", "effect": {"kind": "drop"}}) for name in "ab"
    )
    assert await world.run(lambda tx: [count(tx, a), count(tx, b), count(tx, a), count(tx, a, "x")]) == [1, 1, 2, 1]


# A rule does not change when others apply.

other_rules = st.fixed_dictionaries(
    {
        "probability": st.sampled_from([0.0, 0.4, 1.0]),
        "nth": st.sampled_from([None, 2, [1, 3]]),
        "when": st.sampled_from([{}, {"occurrence": 2}, {"msisdn": ANN.msisdn}]),
        "at": st.sampled_from([PLACE, "*.*.callback"]),
    }
)


@given(told=other_rules, other=other_rules, order=st.lists(st.sampled_from([ANN, BEN]), max_size=20))
@settings(suppress_health_check=["function_scoped_fixture"])
def test_one_more_rule_changes_nothing_about_when_the_others_apply(simulate, told, other, order):
    mine, added = rule(name="mine", **told), rule(name="added", **other)

    async def chosen_by(*rules):
        world = await simulate().open("default")
        found = [await world.run(lambda tx, f=f: choose(tx, rules, world.entropy, at=PLACE, facts=f)) for f in order]
        return [one.name if one else None for one in found]

    async def told_of_both():
        return await chosen_by(mine), await chosen_by(added), await chosen_by(mine, added), await chosen_by(added, mine)

    alone, of_the_other, first, second = asyncio.run(told_of_both())
    assert first == [one or two for one, two in zip(alone, of_the_other, strict=True)]
    assert second == [two or one for one, two in zip(alone, of_the_other, strict=True)]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"name": "another"}, id="the rule"),
        pytest.param({"operation": "b2c"}, id="the operation"),
        pytest.param({"reference": "B1"}, id="the reference"),
        pytest.param({"reference": "", "msisdn": "254700000009"}, id="the phone, where there is no reference"),
    ],
)
async def test_a_draw_depends_on_what_the_caller_knows(simulate, changed):
    """Forty occurrences each; what is not changed is drawn the same, what is changed otherwise."""

    async def hits(*, name="rule", operation="stk_push", reference="A1", msisdn="254700000001"):
        world = await simulate().open("default")
        rules, facts = [rule(name=name, probability=0.5)], Facts(operation, msisdn, reference=reference)
        return [
            bool(await world.run(lambda tx: choose(tx, rules, world.entropy, at=PLACE, facts=facts))) for _ in range(40)
        ]

    assert await hits() == await hits()
    assert await hits() != await hits(**changed)
    assert 8 < sum(await hits()) < 32
