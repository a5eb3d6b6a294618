"""Items 25 and 32, and 16 of the audit: what is declared works, is needed, and is carried whole."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_string
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from shutil import which

import pytest
from attrs import frozen
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = {
    name: [Requirement(line) for line in lines]
    for name, lines in PROJECT["optional-dependencies"].items()
}
CORE = [Requirement(line) for line in PROJECT["dependencies"]]
DECLARED = [
    *CORE,
    *(each for lines in EXTRAS.values() for each in lines if each.name != PROJECT["name"]),
]
FIXED_IN = {
    "pyyaml": "5.4",  # CVE-2020-14343: a loader that runs what a file says
    "sqlalchemy": "1.3.0",  # CVE-2019-7548: `order_by` took text for SQL
    "jinja2": "3.1.6",  # CVE-2025-27516: a template out of its sandbox
    "lxml": "4.9.1",  # CVE-2022-2309
    "requests": "2.32.4",  # CVE-2024-47081
    "pytest": "9.0.3",  # CVE-2025-71176: a folder for files of tests that others can foresee
    "cryptography": "44.0.1",  # CVE-2024-12797
    "starlette": "0.49.1",  # CVE-2025-62727
}
"""The first version without a known vulnerability, of what we declare or might."""
NEVER_IMPORTED = {
    "tzdata": "the time zones that `zoneinfo` reads where a system has none",
    "psycopg": "SQLAlchemy imports it for `postgresql+psycopg://`",
}
"""What is needed though no line imports it, and why."""


def floor_of(requirement: Requirement) -> Version:
    """Return the lowest version that a requirement admits."""
    (floor,) = (part.version for part in requirement.specifier if part.operator == ">=")
    return Version(floor)


@cache
def imported_packages() -> set[str]:
    """Return the distributions that some module of the library imports, in small letters."""
    named = {
        name.partition(".")[0]
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    owners = packages_distributions()
    return {owner.lower() for name in named for owner in owners.get(name, ())}


@pytest.mark.parametrize("requirement", DECLARED, ids=str)
def test_item_16_no_floor_admits_a_version_with_a_known_vulnerability(
    requirement: Requirement,
) -> None:
    """Each dependency has a lowest version, and it is one without a known fault."""
    assert floor_of(requirement) >= Version(FIXED_IN.get(requirement.name.lower(), "0"))


@pytest.mark.parametrize("requirement", DECLARED, ids=str)
def test_item_16_a_dependency_that_nothing_imports_goes(requirement: Requirement) -> None:
    """Each is imported by the library, or it is said here what needs it."""
    name = requirement.name.lower()
    assert (name in imported_packages()) is not (name in NEVER_IMPORTED)


def test_item_25_the_command_needs_a_typer_that_tells_its_help() -> None:
    """0.15 to 0.18 crash on `--help`; `make lowest` runs every test with what is declared."""
    (typer,) = (each for each in EXTRAS["cli"] if each.name == "typer")
    assert floor_of(typer) >= Version("0.19")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "--resolution lowest-direct -e '.[all]'" in makefile
    assert {each.name for each in EXTRAS["all"]} == {PROJECT["name"]}
    (everything,) = EXTRAS["all"]
    assert everything.extras == {*EXTRAS} - {"all"}


@frozen
class Built:
    """What is built: the files of the source, those of the wheel, and what the wheel says of it."""

    source: frozenset[str]
    wheel: frozenset[str]
    metadata: str


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the source's archive, and the wheel from what is in it alone."""
    folder = tmp_path_factory.mktemp("built")
    build = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder), "--target"]
    subprocess.run([*build, "sdist"], cwd=ROOT, check=True, capture_output=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as source:
        inside = frozenset(member.name.partition("/")[2] for member in source if member.isfile())
        source.extractall(folder, filter="data")
    unpacked = folder / archive.name.removesuffix(".tar.gz")
    subprocess.run([*build, "wheel"], cwd=unpacked, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as carried:
        (metadata,) = (name for name in carried.namelist() if name.endswith("/METADATA"))
        told = carried.read(metadata).decode("utf-8")
        return Built(inside, frozenset(carried.namelist()), told)


def tracked_files() -> set[str]:
    """Return the files of the checkout that are under version control, but for what serves it."""
    git = which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout: nothing tells which files are its own")
    listed = subprocess.run(
        [git, "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return {name for name in listed if not name.startswith(".") and (ROOT / name).exists()}


def test_item_32_the_sdist_carries_what_it_says(built: Built) -> None:
    """Both commands of README work in it: it has every file of the checkout that they need."""
    assert tracked_files() - built.source == set()


def test_item_32_every_link_of_readme_leads_to_a_file_of_the_sdist(built: Built) -> None:
    """A reader of the archive finds each page that README names."""
    links = re.findall(r"\]\((?![a-z]+:|#)([^)#]+)", (ROOT / "README.md").read_text("utf-8"))
    assert len(links) > 15
    for link in links:
        assert any(name == link or name.startswith(f"{link}/") for name in built.source), link


def test_item_32_a_wheels_page_has_links_that_work(built: Built) -> None:
    """A page that shows README has no file beside it: each link is whole, from the project's."""
    metadata = message_from_string(built.metadata)
    page = str(metadata.get_payload())
    links = re.findall(r"\]\(([^)]+)\)", page)
    home = PROJECT["urls"]["Repository"]
    outside = [link for link in links if not link.startswith(f"{home}/blob/main/")]
    assert (len(links) > 15, outside) == (True, [])
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_item_32_the_project_says_whose_it_is_and_where(built: Built) -> None:
    """Author and addresses stand in what a wheel says of itself; one address leads the others."""
    metadata = message_from_string(built.metadata)
    assert metadata["Author"] == "The peelflow authors"
    assert metadata["Author"] in (ROOT / "LICENSE").read_text("utf-8")
    urls = {line.partition(", ")[0] for line in metadata.get_all("Project-URL", [])}
    assert urls == {"Repository", "Documentation", "Changelog"}
    assert all(url.startswith(PROJECT["urls"]["Repository"]) for url in PROJECT["urls"].values())


def test_item_32_the_wheel_carries_rules_and_examples(built: Built) -> None:
    """Built from the archive alone, it has all that `peelflow demo` needs."""
    for folder in ("rules", "examples"):
        wanted = {
            f"peelflow/_shipped/{name}" for name in tracked_files() if name.startswith(folder)
        }
        assert wanted <= built.wheel
