"""Reading scenario files: what they may say, and every mistake in them with its place."""

from datetime import timedelta

import pytest

from harness.paths import load_all
from harness.problems import Mistakes
from harness.reading import load
from harness.requirements import unlisted
from harness.scenario import Profile, world_name

GOOD = """\
name: a story
seed: 7
requires: [phones]
starts_at: "2026-01-15T23:50:00+03:00"
settle: 5m
given:
  - subscriber: {msisdn: "254708374149", pin: "1234", balance: "500.00", thinks: 45s, busy: false}
    customer: {name: Ann, msisdn: "254708374149", save: ann}
  - merchant: {shortcode: "600000", validation: true}
    provider: {lifetimes: {token: 60s}, latency: {stk_push.callback: 2}, limits: {daily: "1000.00"}}
    fault: {name: lost, at: daraja.stk_push.callback, effect: {kind: drop}}
steps:
  - app: POST /deposits
    as: channel
    idempotency_key: wish-1
    body: {customer: "{ann}", amount: "100.00", via: mpesa}
    expect: {status: 202, body: {state: {one_of: [pending, completed]}}, headers: {Content-Type: {matches: json}}}
    save: {deposit: $.id}
  - provider: POST /mpesa/stkpush/v1/processrequest
    auth: none
    body: {Password: "{password}", Timestamp: "{timestamp}", CallBackURL: "{callback}"}
  - phone: approve
    msisdn: "254708374149"
    pin: "1234"
  - fault: {name: "{deposit}", at: daraja.*.request, effect: {kind: hang}}
  - fault: lift
    name: lost
  - clock: 90s
  - clock: {to: "2026-01-16T00:00:00+03:00"}
  - wait: callback
    within: 2d
    for: "{deposit}"
    count: 2
    expect: {body: {a: 1}, status: 200, answer: {exists: true}}
  - ledger: {"outside": {matches: "^-"}, change: {"merchant:600000:utility": "+100"}}
"""


def mistakes(write, rules, text):
    with pytest.raises(Mistakes) as caught:
        load(write(text), rules)
    return [f"{one.line}:{one.column}: {one.message}" for one in caught.value.problems]


def test_a_scenario_is_read_with_all_it_may_say(write, rules):
    (scenario,) = load(write(GOOD), rules)
    assert (scenario.name, scenario.seed, scenario.settle) == ("a story", 7, timedelta(minutes=5))
    assert [placed.title for placed in scenario.steps] == [
        "given",
        "app POST /deposits",
        "provider POST /mpesa/stkpush/v1/processrequest",
        "phone approve",
        "fault {deposit}",
        "fault lift",
        "clock 90s",
        "clock",
        "wait callback",
        "ledger",
    ]
    assert scenario.needs_app
    assert scenario.waits
    assert scenario.changing_accounts == ("merchant:600000:utility",)


def test_a_scenario_without_name_and_seed_takes_them_from_its_file(write, rules):
    text = "steps:\n  - clock: 1s\n"
    one, other = (load(write(text, name), rules)[0] for name in ("late_callback.yaml", "other.yaml"))
    assert (one.name, one.world) == ("late callback", "late_callback")
    assert one.seed != other.seed
    assert one.seed == load(write(text, "elsewhere/late_callback.yaml"), rules)[0].seed
    assert not one.needs_app


@pytest.mark.parametrize(("file", "name"), [("a/b c.v2.yaml", "b-c-v2"), ("ünï.yaml", "-n-"), (".yaml", "-yaml")])
def test_a_world_is_named_for_its_file(file, name):
    assert world_name(file) == name


def test_a_registered_customer_needs_an_app(write, rules):
    text = 'given: {customer: {name: Ann, msisdn: "254708374149"}}\nsteps:\n  - clock: 1s\n'
    assert load(write(text), rules)[0].needs_app


def test_a_bare_list_is_a_chaos_profile(write, rules):
    text = "- {name: a, at: daraja.*.callback, effect: {kind: drop}}\n"
    assert isinstance(load(write(text), rules), Profile)
    assert load_all([write(text)], rules) == []


def test_a_scenario_begins_with_the_rules_of_its_profile(write, rules):
    rule = "- {name: a, at: daraja.*.callback, effect: {kind: drop}}\n"
    write(rule, "chaos/bad_day.yaml")
    story = write("chaos: ../chaos/bad_day.yaml\nsteps:\n  - provider: GET /x\n", "daraja/story.yaml")
    (scenario,) = load(story, rules)
    assert [one["name"] for one in scenario.chaos] == ["a"]
    assert [str(one) for one in unlisted(scenario)] == [
        f'{story}:1:8: this needs "faults", which "requires" does not list'
    ]


def test_an_example_may_name_its_profile(write, rules):
    for name in ("bad", "worse"):
        write(f"- {{name: {name}, at: daraja.*.callback, effect: {{kind: drop}}}}\n", f"{name}_day.yaml")
    text = "chaos: '{day}_day.yaml'\nexamples: [{day: bad}, {day: worse}]\nsteps:\n  - clock: 1s\n"
    assert [one.chaos[0]["name"] for one in load(write(text), rules)] == ["bad", "worse"]


VERBS = (
    '"given", "app", "provider", "phone", "bank", "fault", "clock", "wait", "ledger", "traffic", "restart",'
    ' "together" or "include"'
)
CAPABILITIES = '"faults", "clock", "deadlines", "phones", "ledger", "fresh", "restart" or "app_settings"'
STEP = "steps:\n  - {}\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(STEP.format("ap: GET /x"), ['2:5: unknown verb "ap"; did you mean "app"?'], id="unknown verb"),
        pytest.param(
            STEP.format("expect: {status: 200}\n    ap: GET /x"),
            ['3:5: unknown verb "ap"; did you mean "app"?'],
            id="unknown verb after another key",
        ),
        pytest.param(
            STEP.format("app: GET /x\n    clock: 1s"),
            ['3:5: one verb a step; here are "app" and "clock"'],
            id="two verbs",
        ),
        pytest.param(
            STEP.format("app: GET /x\n    expct: {status: 200}"),
            ['3:5: unknown key "expct"; did you mean "expect"?'],
            id="misspelt key",
        ),
        pytest.param(
            STEP.format("app: GET /x\n    expect: {staus: 200}"),
            ['3:14: unknown key "staus"; did you mean "status"?'],
            id="misspelt key inside",
        ),
        pytest.param(STEP.format("phone: approve"), ['2:5: "msisdn" is missing'], id="missing key"),
        pytest.param(
            STEP.format("phone: aprove\n    msisdn: 254708374149"),
            [
                '2:12: expected "approve", "cancel", "ignore" or "pay", not "aprove"; did you mean "approve"?',
                "3:13: expected text, not 254708374149; put it in quotes",
            ],
            id="all mistakes of a step",
        ),
        pytest.param(
            STEP.format('phone: cancel\n    msisdn: "254708374149"\n    pin: "1234"'),
            ['4:10: a PIN is typed to approve or to pay; "cancel" takes none'],
            id="a PIN to cancel",
        ),
        pytest.param(
            STEP.format('phone: cancel\n    msisdn: "0708374149"'),
            ['3:13: expected a Kenyan number such as "254708374149", not "0708374149"'],
            id="no MSISDN",
        ),
        pytest.param(STEP.format("app: POTS /x"), ['2:10: unknown method "POTS"; did you mean "POST"?'], id="method"),
        pytest.param(
            STEP.format("app: GET x"),
            ['2:10: expected a method and a path, such as "POST /deposits", not "GET x"'],
            id="path",
        ),
        pytest.param(
            STEP.format("app: GET /x\n    expect: {status: ok}"),
            ['3:22: expected a whole number, not "ok"'],
            id="wrong type",
        ),
        pytest.param(
            STEP.format("app: GET /x\n    headers: [a]"), ['3:14: expected a mapping, not ["a"]'], id="no mapping"
        ),
        pytest.param(
            STEP.format("app: GET /x\n    expect: {status: 200, body: {a: {exist: true}}, no_answer: 1}"),
            ['3:45: unknown matcher "exist"; did you mean "exists"?', "3:64: expected true or false, not 1"],
            id="bad matcher beside a wrong type",
        ),
        pytest.param(
            STEP.format("app: GET /x\n    save: {Id: id}"),
            [
                '3:12: expected a name of small letters, digits and "_", not "Id"',
                '3:16: expected a JSON path, such as $.a.b[0], not "id"',
            ],
            id="bad save",
        ),
        pytest.param(
            STEP.format("clock: 5 min"),
            ['2:12: expected a duration such as 60s, 5m, 2h or 1d, not "5 min"'],
            id="duration",
        ),
        pytest.param(
            STEP.format("clock: {}"),
            ['2:12: expected a duration such as 90s, or {to: "a time with its zone"}'],
            id="clock",
        ),
        pytest.param(
            STEP.format("clock: {to: noon}"),
            ['2:17: expected a time with its zone, such as "2026-01-15T10:30:00+03:00", not "noon"'],
            id="time",
        ),
        pytest.param(
            STEP.format("wait: callback\n    expect: {body: {matches: 1}}"),
            ["3:30: matches: expected a regular expression as text, not 1"],
            id="bad matcher of a wait",
        ),
        pytest.param(
            STEP.format('ledger: {a: 1, b: {x: 1}, change: {c: "1.000"}}'),
            [
                '2:17: expected an amount as text, such as "400.00", not 1',
                '2:23: expected an amount as text or a matcher, not {"x":1}',
                '2:43: expected an amount as text, such as "400.00", not "1.000"',
            ],
            id="amounts of the ledger",
        ),
        pytest.param(
            STEP.format("ledger: {change: 5}"),
            ['2:22: expected accounts with their change, such as {outside: "-100.00"}, not 5'],
            id="change",
        ),
        pytest.param(STEP.format("ledger: [a]"), ['2:13: expected a mapping, not ["a"]'], id="no accounts"),
        pytest.param(
            STEP.format("fault: {name: x, effect: {kind: dorp}}"),
            ['2:37: unknown effect "dorp"'],
            id="impossible effect",
        ),
        pytest.param(
            STEP.format("fault: remove"),
            ['2:12: expected a fault rule (a mapping with "name", "at" and "effect") or "lift"'],
            id="no rule",
        ),
        pytest.param(
            STEP.format("fault: {name: x, effect: {kind: drop}}\n    name: y"),
            ['3:11: "name" beside "fault" says which rule to lift; a rule has its name inside'],
            id="a name beside a rule",
        ),
        pytest.param(
            "given: {fault: {effect: {kind: dorp}}}\nsteps: [{clock: 1s}]\n",
            ['1:32: unknown effect "dorp"'],
            id="impossible effect at first",
        ),
        pytest.param(
            "given:\n  - subscriber: {msisdn: 1, polcy: x}\n  - custmer: {}\nsteps: [{clock: 1s}]\n",
            [
                "2:26: expected text, not 1; put it in quotes",
                '2:29: unknown key "polcy"; did you mean "policy"?',
                '3:5: unknown key "custmer"; did you mean "customer"?',
            ],
            id="given as a list",
        ),
        pytest.param(
            "given: {subscriber: {}}\nsteps: [{clock: 1s}]\n", ['1:21: "msisdn" is missing'], id="given as a mapping"
        ),
        pytest.param(
            "given: {provider: {lifetimes: {tokn: 60s}, latency: {a: x}}}\nsteps: [{clock: 1s}]\n",
            [
                '1:32: expected "token", "prompt", "queue" or "validation", not "tokn"; did you mean "token"?',
                '1:57: expected a number, not "x"',
            ],
            id="settings of the provider",
        ),
        pytest.param(
            "given: []\nsteps: [{clock: 1s}]\n", ["1:8: expected at least 1 in this list"], id="nothing given"
        ),
        pytest.param(
            STEP.format('app: GET /x/{nobody}\n    body: {a: ["{nothing}"]}\n    save: {x: $.id}'),
            ['2:10: nothing before this step saves "{nobody}"', '3:16: nothing before this step saves "{nothing}"'],
            id="a name never saved",
        ),
        pytest.param(
            "steps:\n  - {app: GET /x, save: {deposit: $.id}}\n  - app: GET /x/{deposti}\n  - app: GET /{password}\n",
            [
                '3:10: nothing before this step saves "{deposti}"; did you mean "deposit"?',
                '4:10: nothing before this step saves "{password}"; expected "deposit"',
            ],
            id="a name misspelt, and a credential outside of provider steps",
        ),
        pytest.param(
            "steps:\n  - {app: GETT /x, save: {deposit: $.id}}\n  - app: GET /x/{deposit}\n",
            ['2:11: unknown method "GETT"; did you mean "GET"?'],
            id="one mistake is told once",
        ),
        pytest.param(
            STEP.format("just text"),
            [f"2:5: expected a step: a mapping with one of {VERBS}"],
            id="no mapping as a step",
        ),
        pytest.param("steps:\n", ["1:7: expected a list, not null"], id="no steps"),
        pytest.param("name: x\n", ['1:1: a scenario needs "steps", a list with at least one'], id="nothing but a name"),
        pytest.param("steps: []\n", ['1:8: a scenario needs "steps", a list with at least one'], id="empty steps"),
        pytest.param(
            "nmae: x\nrequires: [phone]\nseed: -1\nsteps: [{clok: 1s}]\n",
            [
                '1:1: unknown key "nmae"; did you mean "name"?',
                f'2:12: expected {CAPABILITIES}, not "phone"; did you mean "phones"?',
                "3:7: expected a number from 0 on, not -1",
                '4:10: unknown verb "clok"; did you mean "clock"?',
            ],
            id="mistakes at the top beside mistakes in steps",
        ),
        pytest.param(
            "just text\n",
            ['1:1: expected a scenario (a mapping with steps) or a list of fault rules, not "just text"'],
            id="text",
        ),
        pytest.param("[]\n", ["1:1: expected a list of fault rules; this one is empty"], id="empty profile"),
        pytest.param(
            "- {effect: {kind: drop}}\n- {effect: {kind: dorp}}\n- text\n",
            [
                '2:19: unknown effect "dorp"',
                '3:3: expected a fault rule (a mapping with "name", "at" and "effect") or "lift"',
            ],
            id="profile",
        ),
    ],
)
def test_every_mistake_is_told_with_its_place(write, rules, text, found):
    assert mistakes(write, rules, text) == found


def test_a_rule_is_not_blamed_for_a_name_that_is_filled_in_later(write, rules):
    text = STEP.format("app: GET /x\n    save: {how: $.id}") + '  - fault: {name: x, effect: {kind: "{how}"}}\n'
    assert load(write(text), rules)[0].steps[1].title == "fault x"


def test_the_mistakes_of_all_files_are_told(write, rules):
    files = [write("steps: [{clok: 1s}]\n", "a.yaml"), write("\t- x", "b.yaml"), write(GOOD, "c.yaml")]
    with pytest.raises(Mistakes) as caught:
        load_all(files, rules)
    assert [one.file for one in caught.value.problems] == [str(files[0]), str(files[1])]
