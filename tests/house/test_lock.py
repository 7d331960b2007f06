"""The lock files hold everything that gets imported, for packages are installed without looking further."""

import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.processes import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def needed(requirements: list[str]) -> set[str]:
    """The names of these requirements and of all they need in turn, extras by any spelling included."""
    found: set[str] = set()
    waiting = [(Requirement(line), frozenset({""})) for line in requirements]
    while waiting:
        requirement, extras = waiting.pop()
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        name = canonicalize_name(requirement.name)
        found.add(name)
        distribution = metadata.distribution(name)
        wanted = {canonicalize_name(extra) for extra in requirement.extras}
        offered = distribution.metadata.get_all("Provides-Extra", [])
        spelt = frozenset({"", *(extra for extra in offered if canonicalize_name(extra) in wanted)})
        for line in distribution.requires or []:
            inner = Requirement(line)
            if canonicalize_name(inner.name) not in found or inner.extras:
                waiting.append((inner, spelt))
    return found


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_names_all_that_the_project_needs(lock: str):
    wishes = PROJECT["dependencies"]
    if "dev" in lock:
        wishes = wishes + PROJECT["optional-dependencies"]["dev"]
    locked = {
        canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.M)
    }
    assert needed(wishes) - locked == set()
