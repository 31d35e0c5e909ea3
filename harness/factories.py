"""Finds the app under test by a setting, `module:function`: the harness imports no app by itself."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

from harness.problems import Mistake

if TYPE_CHECKING:
    from harness.targets.hosting import AppFactory

BUNDLED = "app_under_test.app:create_app"


def find_factory(name: str) -> AppFactory:
    """The function that `name` means; a module in the working folder counts, too."""
    module, _, function = name.partition(":")
    if not module or not function:
        raise Mistake(f'"{name}" is no app: expected MODULE:FACTORY, such as {BUNDLED}')
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: AppFactory | None = getattr(importlib.import_module(module), function, None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise Mistake(f'no app "{name}": there is no module {error.name}') from None
    if not callable(found):
        raise Mistake(f'no app "{name}": module {module} has no function {function}')
    return found
