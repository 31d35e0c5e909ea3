"""An app's profile, read from a YAML file; everything that is wrong with it is told with file, line and column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as File

from pydantic import ValidationError

from harness.app_profile import AppProfile
from harness.data import explain, without_echoes
from harness.invariants import INVARIANTS
from harness.matching import show
from harness.problems import Mistakes, Problem, nearest
from harness.yaml_lines import Document, read


def load_profile(file: File) -> AppProfile:
    document = read(file)
    if not isinstance(document.value, dict):
        raise Mistakes([document.problem((), f"expected an app's profile, a mapping, not {show(document.value)}")])
    try:
        profile = AppProfile.model_validate(document.value)
    except ValidationError as error:
        raise Mistakes(_told(document, error)) from None
    known = [one.id for one in INVARIANTS]
    unknown = [one for one in profile.switched_off if one not in known]
    if unknown:
        raise Mistakes(
            document.key_problem(("switched_off", one), f'unknown invariant "{one}"{nearest(one, known)}')
            for one in unknown
        )
    return profile


def _told(document: Document, error: ValidationError) -> Iterator[Problem]:
    for found in without_echoes(error.errors()):
        path, is_key = tuple(found["loc"]), found["type"] == "extra_forbidden"
        if path[-1:] == ("[key]",):  # pydantic's mark for a mapping's key
            path, is_key = path[:-1], True
        told = document.key_problem if is_key else document.problem
        yield told(path, explain(found, AppProfile))
