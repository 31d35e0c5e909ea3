"""Expectations: literals, mappings, matchers, and every mismatch at once."""

import pytest

from harness.matching import MISSING, check, find, match

ANSWER = {"state": "pending", "amount": "100.00", "items": [{"id": 1}, {"id": 2}], "none": None, "yes": True}


def mismatches(expected, actual=ANSWER):
    return [str(one) for one in match(expected, actual)]


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param({"state": "pending"}, id="a part"),
        pytest.param({}, id="nothing asked"),
        pytest.param({"items": [{"id": 1}, {"id": 2}]}, id="a list, item by item"),
        pytest.param({"$.items[1].id": 2}, id="a path as a key"),
        pytest.param({"$.items[-1]": {"id": 2}}, id="the last item"),
        pytest.param({"items": [{"$.id": 1}, {}]}, id="a path within"),
        pytest.param({"none": None}, id="null"),
        pytest.param({"yes": True}, id="true"),
        pytest.param({"state": {"equals": "pending"}}, id="equals"),
        pytest.param({"amount": {"matches": r"^\d+\.\d\d$"}}, id="matches"),
        pytest.param({"$.items[0].id": {"matches": "^1$"}}, id="matches a number's text"),
        pytest.param({"none": {"exists": True}, "other": {"exists": False}}, id="exists"),
        pytest.param({"state": {"one_of": ["completed", "pending"]}}, id="one_of"),
        pytest.param({"items": {"equals": [{"id": 1}, {"id": 2}]}}, id="equals a whole list"),
        pytest.param({"$.items[0].id": 1.0}, id="1 is 1.0"),
        pytest.param({"equals": ANSWER}, id="equals the whole"),
    ],
)
def test_what_is_as_expected(expected):
    assert mismatches(expected) == []


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        pytest.param({"state": "done"}, '$.state: expected "done", got "pending"', id="literal"),
        pytest.param({"other": 1}, "$.other: expected 1, got nothing", id="absent"),
        pytest.param({"other": None}, "$.other: expected null, got nothing", id="absent is not null"),
        pytest.param({"yes": 1}, "$.yes: expected 1, got true", id="true is not 1"),
        pytest.param({"amount": 100}, '$.amount: expected 100, got "100.00"', id="text is no number"),
        pytest.param({"state": {"a": 1}}, '$.state: expected a mapping, got "pending"', id="no mapping"),
        pytest.param({"state": []}, '$.state: expected a list, got "pending"', id="no list"),
        pytest.param({"items": [{}]}, '$.items: expected a list of 1, got 2: [{"id":1},{"id":2}]', id="length"),
        pytest.param({"items": [{"id": 1}, {"id": 3}]}, "$.items[1].id: expected 3, got 2", id="inside a list"),
        pytest.param({"$.items[7].id": 1}, "$.items[7].id: expected 1, got nothing", id="beyond the list"),
        pytest.param({"$.state[0]": 1}, "$.state[0]: expected 1, got nothing", id="index into text"),
        pytest.param(
            {"state": {"matches": "^x"}}, '$.state: expected text that matches ^x, got "pending"', id="matches"
        ),
        pytest.param(
            {"zzz": {"matches": "n"}}, "$.zzz: expected text that matches n, got nothing", id="nothing matches"
        ),
        pytest.param({"zzz": {"exists": True}}, "$.zzz: expected something, got nothing", id="exists"),
        pytest.param({"none": {"exists": False}}, "$.none: expected nothing, got null", id="exists not"),
        pytest.param({"state": {"one_of": ["a"]}}, '$.state: expected one of ["a"], got "pending"', id="one_of"),
        pytest.param({"$.items[0]": {"equals": {}}}, '$.items[0]: expected exactly {}, got {"id":1}', id="equals"),
        pytest.param(
            {"items": {"equals": [{"id": 1}, {"id": 2.5}]}},
            '$.items: expected exactly [{"id":1},{"id":2.5}], got [{"id":1},{"id":2}]',
            id="equals a list",
        ),
    ],
)
def test_what_is_not_as_expected_is_told(expected, found):
    assert mismatches(expected) == [found]


def test_all_mismatches_are_told_at_once_with_the_path_of_each_expectation():
    found = list(match({"state": "x", "items": [{"id": 9}, {"id": {"exists": False}}]}, ANSWER))
    assert [one.path for one in found] == [("state",), ("items", 0, "id"), ("items", 1, "id", "exists")]


@pytest.mark.parametrize(
    ("expected", "path", "message"),
    [
        pytest.param({"a": {"equal": 1}}, ("a", "equal"), 'unknown matcher "equal"; did you mean "equals"?', id="near"),
        pytest.param(
            {"a": {"regex": "x"}}, ("a", "regex"), 'unknown matcher "regex"; did you mean "matches"?', id="foreign"
        ),
        pytest.param(
            {"a": {"exists": "yes"}}, ("a", "exists"), 'exists: expected true or false, not "yes"', id="exists"
        ),
        pytest.param({"a": {"one_of": 1}}, ("a", "one_of"), "one_of: expected a list of values, not 1", id="one_of"),
        pytest.param(
            {"a": {"matches": 1}},
            ("a", "matches"),
            "matches: expected a regular expression as text, not 1",
            id="matches",
        ),
        pytest.param(
            {"$.a[x]": 1}, ("$.a[x]",), '"$.a[x]" is not a JSON path; expected something like $.a.b[0]', id="path"
        ),
        pytest.param(
            [{"exist": True}], (0, "exist"), 'unknown matcher "exist"; did you mean "exists"?', id="in a list"
        ),
        pytest.param(
            {"equals": 1, "b": 2},
            ("equals",),
            'the matcher "equals" stands alone; here it stands beside "b"',
            id="not alone",
        ),
        pytest.param(
            {"exists": True, "equals": 1, "b": 2},
            ("equals",),
            'one matcher a value; here are "exists" and "equals"',
            id="two",
        ),
    ],
)
def test_a_bad_expectation_is_found_before_anything_runs(expected, path, message):
    assert list(check(expected)) == [(path, message)]


def test_a_bad_regular_expression_is_told():
    ((path, message),) = check({"a": {"matches": "("}})
    assert path == ("a", "matches")
    assert message.startswith('matches: "(" is not a regular expression: missing )')


def test_an_ordinary_body_is_no_bad_expectation():
    assert (
        list(check({"state": {"one_of": ["a"]}, "Body": {"stkCallback": {"ResultCode": 0}}, "x": [1, {"y": None}]}))
        == []
    )


def test_find_tells_nothing_from_null():
    assert find(ANSWER, "$.none") is None
    assert find(ANSWER, "$.other.deep") is MISSING
    assert find(ANSWER, "$") is ANSWER
