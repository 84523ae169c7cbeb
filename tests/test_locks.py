"""The locks and what pyproject.toml says of Python."""

import tomllib
from importlib.metadata import distributions

from packaging.specifiers import SpecifierSet

from stages.release.locked import locked
from tests.micro import ROOT


def test_each_package_takes_the_oldest_python():
    """One that needs 3.11.5 cannot be installed by the Python of Debian 12, which is 3.11.2."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        oldest = tomllib.load(file)["project"]["requires-python"].removeprefix(">=") + ".0"
    asked = {
        each.name: each.metadata["Requires-Python"]
        for each in distributions()
        if "Requires-Python" in each.metadata
    }
    packages = list(locked(sorted(ROOT.glob("requirements*.lock"))))
    needed = {each.name: asked.get(each.name, "") for each in packages}
    assert any(needed.values())
    assert [name for name, python in needed.items() if oldest not in SpecifierSet(python)] == []
