"""slicer.packaging: what was asked for is written down, nothing is ever installed."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

host_requests: list[tuple[str, tuple[str, ...]]] = []
host_failure: list[Exception] = []


def load_requirements(path) -> list[Requirement]:
    lines = (line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def pip_check(requirements) -> bool:
    return all(_installed(requirement) for requirement in _as_list(requirements))


def pip_ensure(requirements, constraints=None, skip_packages=None, prompt_install=True, prompt_restart=True,
               requester=None, skip_in_testing=True, show_progress=True) -> None:  # fmt: skip
    _record("pip_ensure", requirements)


def pip_install(requirements, constraints=None, no_deps_requirements=None, skip_packages=None, blocking=True,
                show_progress=True, requester=None, logCallback=None, completedCallback=None) -> None:  # fmt: skip
    _record("pip_install", requirements)
    if completedCallback is not None:
        completedCallback(0)


def pip_uninstall(requirements, blocking=True, **options) -> None:
    _record("pip_uninstall", requirements)


def _record(what: str, requirements) -> None:
    host_requests.append((what, tuple(str(r) for r in _as_list(requirements))))
    if host_failure:
        raise host_failure.pop()


def _as_list(requirements) -> list[Requirement]:
    if isinstance(requirements, str):
        return [Requirement(text) for text in ([requirements] if ";" in requirements else requirements.split())]
    if isinstance(requirements, Iterable):
        return [r if isinstance(r, Requirement) else Requirement(r) for r in requirements]
    return [requirements]


def _installed(requirement: Requirement) -> bool:
    if requirement.marker and not requirement.marker.evaluate():
        return True
    try:
        return requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False
