"""Paths: which operation a request is for, by its path and method, or which provider has to refuse it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from simulator.core.errors import MethodNotAllowed, UnknownPath
from simulator.edge.provider import Operation, Provider


class Target(Struct, frozen=True):
    """What a request is for: an operation, or only a provider that must refuse it. `parts` are the path's own."""

    provider: Provider
    operation: Operation | None
    refusal: Exception | None
    parts: Mapping[str, str] = field(default_factory=dict)


class Paths:
    """Those of some providers. A path is told by its segments, each decoded: one may have a slash in it."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = tuple(providers)
        self._targets = {
            (operation.path, operation.method): Target(provider, operation, refusal=None)
            for provider in self._providers
            for operation in provider.operations
        }
        self._by_path = {path: target.provider for (path, _), target in self._targets.items()}
        self._templates = tuple(path for path in self._by_path if "{" in path)

    def find(self, method: str, segments: Sequence[str]) -> Target | None:
        path = joined(segments)
        found = self._targets.get((path, method))
        return found or self._template(method, segments) or self._refusing(method, segments, path)

    def _template(self, method: str, segments: Sequence[str]) -> Target | None:
        """The operation whose path this one is an instance of."""
        for template in self._templates:
            parts = _parts(template, segments)
            found = self._targets.get((template, method)) if parts else None
            if found is not None:
                return replace(found, parts=parts)
        return None

    def _refusing(self, method: str, segments: Sequence[str], path: str) -> Target | None:
        """Whose paths it is among, to say no."""
        known = next((known for known in self._by_path if known == path or _parts(known, segments)), None)
        if known is not None:
            return Target(self._by_path[known], None, MethodNotAllowed(method, f"{path} has no method {method}"))
        owner = next((provider for provider in self._providers if path.startswith(provider.prefixes)), None)
        return Target(owner, None, UnknownPath(f"{owner.name} has no path {path}")) if owner is not None else None


def joined(segments: Sequence[str]) -> str:
    return "/" + "/".join(segments)


def _parts(template: str, segments: Sequence[str]) -> dict[str, str]:
    """What stands where the template names something; nothing where it is another path, or names nothing."""
    named = template.split("/")[1:]
    if len(named) != len(segments):
        return {}
    pairs = list(zip(named, segments, strict=True))
    if any(name != one for name, one in pairs if not name.startswith("{")):
        return {}
    return {name[1:-1]: one for name, one in pairs if name.startswith("{")}
