"""The layout of the repository: what the linters do not look at."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ["api", "schema", "realtime", "models", "matching"]
MOST_LINES = 300

# Names that say nothing of what a module holds: everything ends up there.
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "services", "service", "managers", "manager", "common", "misc"}

MODULES = sorted(path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_the_five_packages_are_there() -> None:
    assert {path.parts[0] for path in MODULES} == set(PACKAGES)


def test_no_module_has_more_than_300_lines() -> None:
    long = {str(path): lines for path in MODULES if (lines := len((ROOT / path).read_text().splitlines())) > MOST_LINES}
    assert not long, f"Give these modules' parts names of their own: {long}"


def test_no_module_or_folder_has_a_name_that_says_nothing() -> None:
    named = [str(path) for path in MODULES if EMPTY_NAMES & {*path.parent.parts, path.stem.strip("_")}]
    assert not named, f"Name these for what they hold: {named}"


@pytest.mark.parametrize("package", [*PACKAGES, "migrations"])
def test_a_package_is_ours_and_not_a_foreign_one_of_the_same_name(package: str) -> None:
    module = importlib.import_module(package)
    found = [Path(folder).resolve() for folder in module.__path__]
    assert found == [ROOT / package], (
        f"`import {package}` finds {found}, not this repository's package. PyPI has a foreign package named"
        f" {package!r}: uninstall it, or make the environment anew with `make clean install`."
    )


def test_the_pins_name_no_address() -> None:
    """An index, a link or a path in a pin would send every installation there."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pin = re.compile(r"[a-z0-9][a-z0-9._-]*==[A-Za-z0-9.+!]+( ; .+)?")
    assert lines
    assert [line for line in lines if not pin.fullmatch(line)] == []
    assert not [line for line in lines if "://" in line or "@" in line or line.startswith("-")]


def loaded_by(module: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after importing this module."""
    script = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def test_the_server_starts_without_loading_aiortc() -> None:
    """It takes over a second and 51 MB; the first description loads it, in the parser's thread."""
    loaded = loaded_by("api.app")
    assert {"starlette", "strawberry", "tortoise", "realtime"} <= loaded
    assert not loaded & {"aiortc", "av", "aioice"}


def test_the_server_starts_without_loading_what_only_files_need() -> None:
    """The first picture loads Pillow, in its own thread; the library for S3 is not even installed everywhere."""
    assert not loaded_by("api.app") & {"PIL", "obstore"}


def test_matching_loads_neither_the_orm_nor_a_server() -> None:
    loaded = set()
    for path in MODULES:
        if path.parts[0] == "matching" and path.stem != "__init__":
            loaded |= loaded_by(".".join(path.with_suffix("").parts))
    assert "matching" in loaded
    assert not loaded & {"tortoise", "asyncpg", "aiosqlite", "starlette", "strawberry", "graphql", "models"}
