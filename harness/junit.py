"""The report of a run as JUnit, which CI servers read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as File
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from harness.report import details

if TYPE_CHECKING:
    from harness.runner import Verdict

ILLEGAL_IN_XML = {code: "?" for code in range(32) if chr(code) not in "\t\n\r"}


def write_junit(verdicts: Sequence[Verdict], file: File) -> None:
    """One case a scenario."""
    suite = ElementTree.Element(
        "testsuite",
        name="pesabox",
        tests=str(len(verdicts)),
        failures=str(sum(not verdict.is_good for verdict in verdicts)),
        errors="0",
        skipped=str(sum(bool(verdict.skipped) for verdict in verdicts)),
        time=f"{sum(verdict.seconds for verdict in verdicts):.3f}",
    )
    for verdict in verdicts:
        _case(suite, verdict)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    tree = ElementTree.ElementTree(root)
    ElementTree.indent(tree)
    tree.write(file, encoding="utf-8", xml_declaration=True)


def _case(suite: ElementTree.Element, verdict: Verdict) -> None:
    scenario = verdict.scenario
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=".".join(File(scenario.file).parent.parts).strip("/.") or "scenarios",
        name=scenario.name.translate(ILLEGAL_IN_XML),
        file=scenario.file,
        time=f"{verdict.seconds:.3f}",
    )
    if verdict.skipped:
        ElementTree.SubElement(case, "skipped", message=verdict.skipped)
    elif verdict.is_good and verdict.notes:
        ElementTree.SubElement(case, "system-out").text = "\n".join(verdict.notes).translate(ILLEGAL_IN_XML)
    elif not verdict.is_good:
        told = list(details(verdict))
        failure = ElementTree.SubElement(case, "failure", message=told[0].translate(ILLEGAL_IN_XML))
        failure.text = "\n".join([*told, f"seed {scenario.seed}"]).translate(ILLEGAL_IN_XML)
