"""What a run tells of its verdicts, and JUnit."""

from datetime import datetime, timedelta, timezone
from xml.etree import ElementTree

import pytest

from harness.invariants import INVARIANTS, Violation
from harness.junit import write_junit
from harness.matching import Mismatch
from harness.report import lines, summary, told, write_journal
from harness.runner import Failure, Verdict
from harness.sighting import Sighting
from harness.yaml_lines import Mark

NOON = datetime(2026, 1, 15, 12, tzinfo=timezone(timedelta(hours=3)))


@pytest.fixture
def scenario(story):
    return story("name: a story\nseed: 7\nsteps:\n  - clock: 1s\n")


@pytest.fixture
def red(scenario, make_event):
    mismatch = Mismatch("$.state", '"completed"', '"pending"', ("expect", "body", "state"))
    failure = Failure("app GET /x", Mark(4, 5), (mismatch,), (Mark(5, 9),), "the answer was 200\nand more")
    violation = Violation(INVARIANTS[0], "customer C1 shows 1.00", "phone approve")
    return Verdict(
        scenario,
        (failure,),
        (violation,),
        (make_event(1, "prompt", msisdn="254708374149", state="cancelled"),),
        (Sighting(1, NOON, "customer C1 has 1.00"),),
        ("untold money: p1",),
    )


def test_a_good_verdict_is_one_line(scenario):
    assert list(lines(Verdict(scenario))) == [f"ok    {scenario.file}: a story"]


def test_what_is_worth_knowing_of_a_good_one_stands_below_it(scenario):
    assert list(lines(Verdict(scenario, notes=("untold money: p1",)))) == [
        f"ok    {scenario.file}: a story",
        "      untold money: p1",
    ]


def test_what_the_apps_profile_switches_off_is_said_once(scenario):
    verdict = Verdict(scenario, unchecked=("I9 hold ends once: this app pays nobody",))
    assert summary([verdict, verdict]).splitlines() == [
        "2 passed",
        "switched off by the app's profile: I9 hold ends once: this app pays nobody",
    ]


def test_a_skipped_one_says_why(scenario):
    assert list(lines(Verdict(scenario, skipped="no phones"))) == [f"skip  {scenario.file}: no phones"]


def test_a_red_one_tells_everything_that_helps(red, scenario):
    file = scenario.file
    assert list(lines(red, ("--app", "my.app:make app"))) == [
        f"FAIL  {file}: a story",
        f"      {file}:4:5: app GET /x",
        '          $.state: expected "completed", got "pending"  (line 5)',
        "          the answer was 200",
        "          and more",
        "      I1 conservation: customer C1 shows 1.00 (phone approve)",
        "      untold money: p1",
        "      what happened:",
        "        2026-01-15",
        "        12:00:00  phone           254708374149 cancelled",
        "        12:00:00  app             customer C1 has 1.00",
        f"      seed 7; replay: pesabox run {file} --seed 7 --app 'my.app:make app'",
    ]


def test_an_empty_journal_is_said_to_be_so(scenario):
    assert "      nothing happened at the provider" in lines(Verdict(scenario, (Failure("clock", Mark(1, 1)),)))


def test_an_example_is_replayed_alone(story):
    scenario = story("name: a story\nseed: 7\nexamples: [{time: 1s}]\nsteps:\n  - clock: '{time}'\n")
    told = list(lines(Verdict(scenario, (Failure("clock", Mark(1, 1)),))))
    assert told[0] == f"FAIL  {scenario.file}: a story (1)"
    assert told[-1] == f"      seed 7; replay: pesabox run {scenario.file} -k 'a story (1)' --seed 7"


def test_a_failure_in_an_included_file_names_that_file(scenario):
    failure = Failure("clock", Mark(2, 5), file="parts/_wait.yaml")
    assert "      parts/_wait.yaml:2:5: clock" in lines(Verdict(scenario, (failure,)))


def test_an_event_is_told_in_one_line_of_bounded_length(make_event):
    line = told(make_event(3, "callback", status=200, outcome="answered", body={"a": "x" * 500}, answer="ok", fault=""))
    assert line.startswith('   3 12:00:00 callback outcome=answered status=200 {"a":"xxx')
    assert (len(line), line[-1]) == (160, "…")


def test_the_summary_counts(scenario, red):
    assert summary([Verdict(scenario), red, red, Verdict(scenario, skipped="x")]) == "1 passed, 2 failed, 1 skipped"
    assert summary([Verdict(scenario)]) == "1 passed"
    assert summary([red]) == "0 passed, 1 failed"


def test_junit_has_one_case_a_scenario(tmp_path, scenario, red):
    file = tmp_path / "junit.xml"
    write_junit([Verdict(scenario, seconds=0.5), red, Verdict(scenario, skipped="no phones")], file)
    (suite,) = ElementTree.parse(file).getroot()
    assert {name: suite.get(name) for name in ("tests", "failures", "skipped", "time")} == {
        "tests": "3",
        "failures": "1",
        "skipped": "1",
        "time": "0.500",
    }
    good, bad, skipped = suite
    assert (good.get("name"), good.get("time"), len(good)) == ("a story", "0.500", 0)
    assert bad.find("failure").get("message") == f"{scenario.file}:4:5: app GET /x"
    assert "I1 conservation" in bad.find("failure").text
    assert skipped.find("skipped").get("message") == "no phones"


def test_junit_tells_what_is_worth_knowing_of_a_good_one(tmp_path, scenario):
    file = tmp_path / "junit.xml"
    write_junit([Verdict(scenario, notes=("untold money: p1",))], file)
    assert ElementTree.parse(file).getroot().find(".//system-out").text == "untold money: p1"


def test_junit_survives_characters_that_xml_has_not(tmp_path, scenario):
    file = tmp_path / "junit.xml"
    write_junit([Verdict(scenario, (Failure("clock", Mark(1, 1), note="a \x00 b \x1b[0m"),))], file)
    assert "a ? b ?[0m" in ElementTree.parse(file).getroot().find(".//failure").text


def test_a_journal_is_one_event_a_line(tmp_path, scenario, make_event):
    file = tmp_path / "j.jsonl"
    write_journal(Verdict(scenario, events=(make_event(1), make_event(2, "payment"))), file)
    assert [line[:14] for line in file.read_text().splitlines()] == ['{"sequence":1,', '{"sequence":2,']
