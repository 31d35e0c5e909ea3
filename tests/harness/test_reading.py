"""Stories of several files, tables of examples, tags, and what stands together."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.cli import outcome
from harness.paths import Selection, files_in, load_all
from harness.problems import Mistake, Mistakes
from harness.reading import load

DEPOSIT = "steps:\n  - app: POST /deposits\n    save: {deposit: $.id}\n"


class TestInclude:
    def test_the_steps_of_the_other_file_stand_in_its_place(self, write, rules):
        write(
            "requires: [phones]\nname: not regarded\ngiven: {fault: {effect: {kind: drop}}}\n" + DEPOSIT,
            "parts/_a.yaml",
        )
        text = (
            "requires: [clock]\nsteps:\n  - clock: 1s\n  - include: parts/_a.yaml\n  - app: GET /deposits/{deposit}\n"
        )
        (scenario,) = load(write(text), rules)
        titles = [placed.title for placed in scenario.steps]
        assert titles == ["clock 1s", "given", "app POST /deposits", "app GET /deposits/{deposit}"]
        assert (scenario.name, scenario.requires) == ("story", ("clock", "phones"))
        assert Path(scenario.steps[2].document.file).name == "_a.yaml"
        assert scenario.steps[2].mark().line == 5

    def test_it_is_looked_for_beside_the_including_file(self, write, rules):
        write(DEPOSIT, "a/b/_inner.yaml")
        write("steps:\n  - include: b/_inner.yaml\n", "a/_outer.yaml")
        (scenario,) = load(write("steps:\n  - include: a/_outer.yaml\n"), rules)
        assert [placed.title for placed in scenario.steps] == ["app POST /deposits"]

    def test_a_name_that_the_including_file_saves_is_known(self, write, rules):
        write("steps:\n  - app: GET /deposits/{deposit}\n", "_part.yaml")
        assert load(write(DEPOSIT + "  - include: _part.yaml\n"), rules)
        with pytest.raises(Mistakes, match=r'_part.yaml:2:10: nothing before this step saves "{deposit}"'):
            load(write("steps:\n  - include: _part.yaml\n"), rules)

    def test_one_file_may_be_included_twice(self, write, rules):
        write("steps:\n  - clock: 1s\n", "_part.yaml")
        (scenario,) = load(write("steps:\n  - include: _part.yaml\n  - include: _part.yaml\n"), rules)
        assert len(scenario.steps) == 2

    def test_a_file_with_examples_is_not_included(self, write, rules):
        write("examples: [{a: 1}]\nsteps:\n  - clock: 1s\n", "_part.yaml")
        with pytest.raises(Mistakes, match=r'story.yaml:2:14: "_part.yaml" has examples'):
            load(write("steps:\n  - include: _part.yaml\n"), rules)

    def test_what_is_no_yaml_is_told_in_its_own_place(self, write, rules):
        write("steps: [", "_part.yaml")
        with pytest.raises(Mistakes, match=r"_part.yaml:2:1: not YAML"):
            load(write("steps:\n  - include: _part.yaml\n"), rules)

    def test_a_folder_passes_over_parts(self, write, tmp_path):
        story = write(DEPOSIT)
        write(DEPOSIT, "_part.yaml")
        write(DEPOSIT, "_parts/x.yaml")
        assert files_in([str(tmp_path)]) == [story]
        assert files_in([str(tmp_path / "_part.yaml")]) == [tmp_path / "_part.yaml"]


TABLE = """\
name: a story
tags: [smoke]
examples:
  - {name: short one, time: 5s, status: 201}
  - {time: 5m, status: 202}
steps:
  - clock: "{time}"
  - app: GET /x/{time}
    expect: {status: "{status}"}
"""


class TestExamples:
    def test_each_row_is_a_scenario(self, write, rules):
        one, other = load(write(TABLE), rules)
        assert [(it.name, it.world, it.example) for it in (one, other)] == [
            ("a story (short one)", "story-short-one", "short one"),
            ("a story (2)", "story-2", "2"),
        ]
        assert one.seed != other.seed
        assert [placed.title for placed in other.steps] == ["clock 5m", "app GET /x/5m"]
        assert [it.steps[1].step.expect.status for it in (one, other)] == [201, 202]

    def test_a_seed_that_is_written_is_that_of_all(self, write, rules):
        assert {it.seed for it in load(write("seed: 4\n" + TABLE), rules)} == {4}

    def test_a_row_reaches_the_files_that_are_included(self, write, rules):
        write("steps:\n  - clock: '{time}'\n", "_part.yaml")
        (scenario,) = load(write("examples: [{time: 7s}]\nsteps:\n  - include: _part.yaml\n"), rules)
        assert scenario.steps[0].title == "clock 7s"

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            pytest.param("[]", r"1:11: expected a list of examples", id="empty"),
            pytest.param("[5]", r"1:12: expected an example, a mapping", id="no mapping"),
            pytest.param("[{Time: 1s}]", r"1:19: expected a name of small letters", id="bad name"),
            pytest.param("[{name: 5}]", r"1:19: expected text, not 5; put it in quotes", id="no text"),
        ],
    )
    def test_a_bad_table_is_told(self, write, rules, table, message):
        with pytest.raises(Mistakes, match=message):
            load(write(f"examples: {table}\nsteps:\n  - clock: 1s\n"), rules)

    def test_what_is_wrong_with_all_rows_is_told_once(self, write, rules):
        with pytest.raises(Mistakes) as caught:
            load(write(TABLE + "  - clokc: '{time}'\n"), rules)
        assert [one.message for one in caught.value.problems] == ['unknown verb "clokc"; did you mean "clock"?']


class TestTogether:
    def test_steps_stand_together(self, write, rules):
        text = (
            "steps:\n  - together:\n      - app: POST /a\n        save: {a: $.id}\n      - provider: GET /{timestamp}\n"
        )
        (scenario,) = load(write(text + "  - app: GET /{a}\n"), rules)
        assert [member.title for member in scenario.steps[0].step.members] == [
            "app POST /a",
            "provider GET /{timestamp}",
        ]
        assert scenario.needs_app

    @pytest.mark.parametrize(
        ("member", "message"),
        [
            pytest.param(
                "include: x.yaml",
                '4:9: expected "app", "provider", "phone", "bank" or "restart" here, not "include"',
                id="verb",
            ),
            pytest.param("app: GET /a\n        soft: true", '5:15: "soft" does not go with steps that run', id="soft"),
            pytest.param("app: GET /a\n        eventually: 5s", '5:21: "eventually" does not go', id="eventually"),
            pytest.param("just text", "4:9: expected a step", id="no step"),
        ],
    )
    def test_what_cannot_run_at_the_same_time_is_told(self, write, rules, member, message):
        with pytest.raises(Mistakes, match=message):
            load(write(f"steps:\n  - together:\n      - app: GET /b\n      - {member}\n"), rules)

    def test_a_mapping_is_no_list_of_steps(self, write, rules):
        with pytest.raises(Mistakes, match="2:15: expected a list, not"):
            load(write("steps:\n  - together: {app: GET /a}\n"), rules)


class TestSelection:
    @pytest.fixture
    def scenarios(self, write, rules):
        write(TABLE, "a.yaml")
        write("tags: [slow, Nightly]\n" + DEPOSIT, "b.yaml")
        return load_all(files_in([str(write(DEPOSIT, "c.yaml").parent)]), rules)

    @pytest.mark.parametrize(
        ("word", "tags", "names"),
        [
            pytest.param(None, [], ["a story (short one)", "a story (2)", "b", "c"], id="all"),
            pytest.param(None, ["smoke"], ["a story (short one)", "a story (2)"], id="a tag"),
            pytest.param(None, ["smoke", "slow"], ["a story (short one)", "a story (2)", "b"], id="one of two tags"),
            pytest.param("short", ["smoke"], ["a story (short one)"], id="both"),
            pytest.param("nightly", [], ["b"], id="a word among the tags"),
        ],
    )
    def test_tags_and_words_choose(self, scenarios, word, tags, names):
        selection = Selection(word, tags)
        assert [one.name for one in scenarios if selection.takes(one)] == names
        selection.check()

    @pytest.mark.parametrize(
        ("word", "tags", "message"),
        [
            pytest.param(None, ["smok"], 'no scenario has the tag "smok"; did you mean "smoke"?', id="unknown tag"),
            pytest.param("x y", [], 'no scenario has "x y" in its file, name or tags', id="unknown word"),
        ],
    )
    def test_nothing_chosen_is_a_mistake(self, scenarios, word, tags, message):
        selection = Selection(word, tags)
        for scenario in scenarios:
            selection.takes(scenario)
        with pytest.raises(Mistake) as caught:
            selection.check()
        assert str(caught.value) == message


def test_each_example_has_its_verdict_journal_and_case(write, tmp_path, capsys):
    text = "examples: [{name: short, time: 1s}, {time: 1h}]\nsteps:\n  - clock: '{time}'\n"
    file, junit = write(text), tmp_path / "junit.xml"
    assert outcome(["run", str(file), "--journal", str(tmp_path), "--junit", str(junit)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [f"ok    {file}: story (short)", f"ok    {file}: story (2)", "2 passed"]
    assert {one.name for one in tmp_path.glob("*.jsonl")} == {"story-short.jsonl", "story-2.jsonl"}
    cases = ElementTree.parse(junit).getroot().iter("testcase")
    assert [case.get("name") for case in cases] == ["story (short)", "story (2)"]


def test_only_scenarios_with_a_tag_are_run(write, capsys):
    folder = write("tags: [smoke]\nsteps:\n  - clock: 1s\n", "a.yaml").parent
    write("steps:\n  - clock: 1s\n", "b.yaml")
    assert outcome(["run", str(folder), "--tag", "smoke"]) == 0
    assert capsys.readouterr().out.endswith("a.yaml: a\n1 passed\n")
