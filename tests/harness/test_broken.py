"""Every broken file of `broken/` gives exactly these messages: the place, what was expected, the nearest right word."""

from pathlib import Path

import pytest

from harness.cli import outcome

FOLDER = Path(__file__).parent / "broken"

BROKEN = {
    "alias": [
        "4:5: an alias (*) is not allowed here; write the value out",
    ],
    "amount_beside_approve": [
        '4:13: "amount" goes with "pay" only',
    ],
    "bad_amount": [
        "2:49: expected text, not 500.0; put it in quotes",
        '4:41: expected an amount as text, such as "400.00", not "KES 500"',
    ],
    "bad_answer_of_the_phone": [
        '2:12: expected "approve", "cancel", "ignore" or "pay", not "aprove"; did you mean "approve"?',
    ],
    "bad_duration": [
        '2:12: expected a duration such as 60s, 5m, 2h or 1d, not "5 minutes"',
    ],
    "bad_json_path": [
        '3:21: expected a JSON path, such as $.a.b[0], not "deposit.id"',
    ],
    "bad_json_path_in_an_expectation": [
        '3:33: "$.[0].id" is not a JSON path; expected something like $.a.b[0]',
    ],
    "bad_matcher": [
        '3:37: unknown matcher "matchs"; did you mean "matches"?',
    ],
    "bad_method": [
        '2:10: unknown method "PSOT"; did you mean "POST"?',
    ],
    "bad_msisdn": [
        '3:13: expected a Kenyan number such as "254708374149", not "0708374149"',
    ],
    "bad_path": [
        '2:10: expected a method and a path, such as "POST /deposits", not "GET deposits"',
    ],
    "bad_regular_expression": [
        '3:38: matches: "(completed" is not a regular expression: missing ), unterminated subpattern at position 0',
    ],
    "bad_time": [
        '1:12: expected a time with its zone, such as "2026-01-15T10:30:00+03:00", not "2026-01-15 10:30"',
    ],
    "bank_does_what_no_bank_does": [
        "2:21: expected text, not 68; put it in quotes",
        '2:56: expected "active", "missing", "closed", "blocked", "dormant", "bank_offline", "cut_over", "late",'
        ' "late_refusal", "silent" or "twice", not "dorment"; did you mean "dormant"?',
        '3:31: expected "always" or "business", not "bussiness"; did you mean "business"?',
        '5:11: expected "pays", "returns" or "settles", not "return"; did you mean "returns"?',
        '7:13: "amount" does not go with "settles"',
        '10:16: "narration" does not go with "returns"',
    ],
    "bank_pays_without_an_amount": [
        '2:5: "amount" is missing: "pays" takes one',
        '4:22: unknown key "account_nmber"; did you mean "account_number"?',
    ],
    "chaos_is_no_text": [
        '1:8: expected text, not ["bad_day.yaml"]; put it in quotes',
    ],
    "chaos_of_a_broken_profile": [
        "profile_with_an_unknown_effect.yaml:2:55: unknown effect 'duplicat'; did you mean 'duplicate'?",
    ],
    "chaos_of_a_scenario": [
        '1:8: "missing_key.yaml" is no chaos profile: expected a list of fault rules',
    ],
    "chaos_profile_that_is_missing": [
        '1:8: there is no file "../chaos/rainy_day.yaml"',
    ],
    "chaos_profile_that_is_misspelt": [
        '2:8: there is no file "empty_profil.yaml"; did you mean "empty_profile.yaml"?',
    ],
    "duplicate_key": [
        '4:1: the key "name" is here twice (first on line 1)',
    ],
    "empty": [
        "1:1: the file is empty; expected a scenario or a list of fault rules",
    ],
    "empty_profile": [
        "1:1: expected a list of fault rules; this one is empty",
    ],
    "eventually_on_a_post": [
        '3:17: only a GET may be repeated, not "POST /deposits"',
    ],
    "eventually_on_a_wait": [
        '3:5: "eventually" does not belong here; it goes with "app", "provider" or "ledger"',
    ],
    "eventually_without_a_duration": [
        '3:18: unknown key "witin"; did you mean "within"?',
    ],
    "example_and_saved_name": [
        '5:12: the examples have a "deposit" already; save it by another name',
    ],
    "examples_are_no_list": [
        '1:11: expected a list of examples, each a mapping such as {amount: "100.00"}, not {"amount":"100.00"}',
    ],
    "examples_of_one_name": [
        '3:12: another example is named "small", too',
    ],
    "examples_with_a_bad_value": [
        '5:12: expected a duration such as 60s, 5m, 2h or 1d, not "five" (example bad)',
    ],
    "examples_without_the_name": [
        '5:23: nothing before this step saves "{amount}"; did you mean "amuont"? (example 2)',
    ],
    "fact_that_is_not_known_yet": [
        "2:12: amount is not known at the request",
    ],
    "impossible_effect": [
        "3:7: effect 'drop' cannot happen at the request: it may be delay, hang, refuse, reset",
    ],
    "include_in_a_circle": [
        "_half_of_a_circle.yaml:2:14: include_in_a_circle.yaml includes itself: include_in_a_circle.yaml → "
        "_half_of_a_circle.yaml → include_in_a_circle.yaml",
    ],
    "include_of_a_broken_file": [
        'bad_path.yaml:2:10: expected a method and a path, such as "POST /deposits", not "GET deposits"',
    ],
    "include_of_a_missing_file": [
        '2:14: there is no file "unknown_vreb.yaml"; did you mean "unknown_verb.yaml"?',
    ],
    "include_of_a_profile": [
        '2:14: "empty_profile.yaml" is no scenario: expected a mapping with steps, not []',
    ],
    "include_of_itself": [
        "2:14: include_of_itself.yaml includes itself",
    ],
    "list_instead_of_a_mapping": [
        '3:14: expected a mapping, not ["Accept"]',
    ],
    "missing_key": [
        '2:5: "msisdn" is missing',
    ],
    "misspelt_key_at_the_top": [
        '1:1: unknown key "nmae"; did you mean "name"?',
    ],
    "misspelt_key_of_a_rule": [
        "3:15: unknown key 'probabilty'; did you mean 'probability'?",
    ],
    "misspelt_key_of_a_step": [
        '3:5: unknown key "expct"; did you mean "expect"?',
    ],
    "misspelt_key_of_an_effect": [
        "3:11: 'seconds' is missing",
        "3:33: unknown key 'secnds'; did you mean 'seconds'?",
    ],
    "misspelt_key_of_an_expectation": [
        '4:7: unknown key "staus"; did you mean "status"?',
    ],
    "misspelt_key_of_given": [
        '4:5: unknown key "polcy"; did you mean "policy"?',
    ],
    "name_that_is_misspelt": [
        '4:10: nothing before this step saves "{depsit}"; did you mean "deposit"?',
    ],
    "name_that_is_never_saved": [
        '2:10: nothing before this step saves "{deposit}"',
    ],
    "name_that_is_saved_beside": [
        '5:14: nothing before this step saves "{deposit}"',
    ],
    "name_that_is_saved_later": [
        '2:10: nothing before this step saves "{deposit}"',
    ],
    "no_steps": [
        '1:1: a scenario needs "steps", a list with at least one',
    ],
    "not_yaml": [
        "4:1: not YAML: while parsing a flow mapping did not find expected ',' or '}'",
    ],
    "pay_without_an_amount": [
        '2:5: "amount" is missing: it takes one to pay',
    ],
    "profile_with_an_unknown_effect": [
        "2:55: unknown effect 'duplicat'; did you mean 'duplicate'?",
    ],
    "soft_in_the_wrong_place": [
        '4:5: "soft" does not belong here; it goes with "app", "provider", "wait" or "ledger"',
    ],
    "soft_step_that_saves": [
        "3:11: a soft step saves nothing: the story goes on without what it did not find",
    ],
    "step_is_no_mapping": [
        '2:5: expected a step: a mapping with one of "given", "app", "provider", "phone", "bank", "fault", "clock", '
        '"wait", "ledger", "traffic", "restart", "together" or "include"',
    ],
    "steps_are_no_list": [
        '2:3: expected a list, not {"clock":"5m"}',
    ],
    "tab": [
        "2:1: a tab; indent with spaces",
    ],
    "text_instead_of_a_mapping": [
        '1:1: expected a scenario (a mapping with steps) or a list of fault rules, not "steps"',
    ],
    "together_alone": [
        "3:7: expected at least 2 in this list",
    ],
    "traffic_of_a_misspelt_kind": [
        '3:15: expected "deposit", "withdrawal", "paybill" or "misdirected", not "deposits"; did you mean "deposit"?',
        "4:14: the least, 500, is more than the most, 100",
    ],
    "traffic_without_a_weight": [
        "3:14: at least one kind needs a weight above 0",
    ],
    "two_matchers": [
        '3:55: one matcher a value; here are "matches" and "exists"',
    ],
    "two_verbs": [
        '3:5: one verb a step; here are "clock" and "wait"',
    ],
    "unknown_capability": [
        '1:12: expected "faults", "clock", "deadlines", "phones", "ledger", "fresh", "restart" or "app_settings", '
        'not "phone"; '
        'did you mean "phones"?',
    ],
    "unknown_effect": [
        "2:63: unknown effect 'dorp'; did you mean 'drop'?",
    ],
    "unknown_error_of_the_catalogue": [
        "2:84: unknown error 'SystemBusi'; did you mean 'system_busy'?",
    ],
    "unknown_fact": [
        "2:69: unknown key 'mssdn'; did you mean 'msisdn'?",
    ],
    "unknown_operation": [
        "2:29: unknown operation 'stk_psh'; did you mean 'stk_push'?",
    ],
    "unknown_point": [
        "2:29: 'daraja.stk_push.calback' is not provider.operation.point, the point being one of: request, "
        "processing, acknowledgement, callback; did you mean 'callback'?",
    ],
    "unknown_provider": [
        "2:29: unknown provider 'darja'; did you mean 'daraja'?",
    ],
    "unknown_result_code": [
        "2:82: unknown result code '103'; did you mean '1037'?",
    ],
    "unknown_verb": [
        '2:5: unknown verb "aap"; did you mean "app"?',
    ],
    "wait_for_an_unknown_operation": [
        "3:16: unknown operation 'stk_psh'; did you mean 'stk_push'?",
    ],
    "wait_inside_together": [
        '4:9: expected "app", "provider", "phone", "bank" or "restart" here, not "wait"',
    ],
    "wrong_type_of_seed": [
        '1:7: expected a whole number, not "seven"',
    ],
    "wrong_type_of_status": [
        '3:22: expected a whole number, not "200"',
    ],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_told_with_place_and_right_word(capsys, monkeypatch, name):
    monkeypatch.chdir(FOLDER)
    assert outcome(["check", f"{name}.yaml"]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.splitlines()) == ("", [_line(name, one) for one in BROKEN[name]])


def _line(name, message):
    """A message of another file, one that is included, begins with its name."""
    return message if message.partition(":")[0].endswith(".yaml") else f"{name}.yaml:{message}"


def test_every_broken_file_is_in_the_table():
    assert {file.stem for file in FOLDER.glob("[a-z]*.yaml")} == BROKEN.keys()


def test_a_folder_of_broken_files_tells_the_mistakes_of_all(capsys):
    assert outcome(["check", str(FOLDER)]) == 2
    told = capsys.readouterr().err
    elsewhere = {"include_of_a_broken_file", "include_in_a_circle", "chaos_of_a_broken_profile"}
    assert all(f"{name}.yaml:" in told for name in BROKEN.keys() - elsewhere)
    assert "Traceback" not in told
