"""Whatever lies at a path is read or refused; nothing makes the reader wait, run on or fail."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

from peelflow.errors import Diagnostic, InvalidRequest, InvalidRules, Span
from peelflow.rulebook import loader
from peelflow.rulebook.loader import read_file
from peelflow.rulebook.national import check, load, shipped_folder
from peelflow.rulebook.rulebook import Rulebook
from peelflow.rulebook.yaml_reader import MAX_BYTES

PLAIN = (Path(__file__).parent / "base" / "plain.yaml").read_bytes()
WORDS = Path(__file__).parent / "base" / "vocabulary.yaml"


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _nowhere(path: Path) -> None:
    path.symlink_to(path.with_name("gone"))


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _kernel(path: Path) -> None:
    path.symlink_to("/proc/self/mem")


KINDS: list[Callable[[Path], None]] = [_pipe, _loop, _nowhere, _device, _kernel]


@pytest.mark.parametrize("make", KINDS)
def test_refuses_what_is_no_file(make: Callable[[Path], None], tmp_path: Path) -> None:
    """A pipe, a device, a link that leads nowhere: a fault, named alone or in a folder."""
    path = tmp_path / "odd.yaml"
    make(path)
    (tmp_path / "vocabulary.yaml").write_bytes(WORDS.read_bytes())
    alone, inside = check(path, base=Rulebook()), check(tmp_path, base=Rulebook())
    assert [("unreadable", Span(str(path)))] == [(one.code, one.span) for one in alone]
    faults = [one for one in inside if one.severity == "error"]
    assert [("unreadable", Span(str(path)))] == [(one.code, one.span) for one in faults]


def test_does_not_wait_for_a_pipe_put_in_a_files_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies there may change between the look and the reading."""
    path = tmp_path / "odd.yaml"
    _pipe(path)
    monkeypatch.setattr(stat, "S_ISREG", lambda _: True)
    assert [one.code for one in check(path, base=Rulebook())] == ["empty"]


@pytest.mark.parametrize("name", ["gone.yaml", "a\0b.yaml", "\ud800.yaml", "x" * 5_000, "a/../.."])
def test_refuses_a_path_that_leads_nowhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No text that can be given as a path raises anything else."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidRules):
        load(name, base=Rulebook())
    with pytest.raises(InvalidRules):
        read_file(Path(name))


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """Give a folder that holds a rule file and that may not be looked into."""
    before = os.geteuid()
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        folder = Path(home, "closed")
        folder.mkdir()
        (folder / "plain.yaml").write_bytes(PLAIN)
        folder.chmod(0)
        os.seteuid(before or 65_534)
        try:
            yield folder
        finally:
            os.seteuid(before)
            folder.chmod(0o700)


def test_refuses_a_folder_without_permission(folder_of_nobody: Path) -> None:
    """What may not be looked into is a fault, and so is what lies within."""
    home, folder, file = folder_of_nobody.parent, folder_of_nobody, folder_of_nobody / "plain.yaml"
    found = [check(path, base=Rulebook()) for path in (home, folder, file)]
    places = [[(one.code, one.span.file) for one in each] for each in found]
    assert places == [[("unreadable", str(path))] for path in (folder, folder, file)]


def test_a_fault_elsewhere_hides_no_empty_folder(tmp_path: Path) -> None:
    """Each folder named is looked at for itself."""
    found = check("x" * 5_000, tmp_path, base=Rulebook())
    assert {"no-rule-files", "unreadable"} == {one.code for one in found}


def test_says_any_name_on_one_plain_line(tmp_path: Path) -> None:
    """A name can hold line breaks, and bytes that are no UTF-8; a terminal must still print it."""
    path = tmp_path / os.fsdecode(b"two\nlines \xff.yaml")
    path.write_bytes(b"")
    (found,) = check(path, base=Rulebook())
    assert (
        str(found).splitlines()[0].endswith(r"two\nlines \udcff.yaml:1:1: empty: " + found.sentence)
    )
    assert str(found).encode("utf-8")


def test_reads_each_file_once_however_it_is_reached(tmp_path: Path) -> None:
    """Links between folders lead round in circles, and no file is read twice."""
    names = [f"folder{number}" for number in range(12)]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.yaml").write_bytes(PLAIN.replace(b"plain", name.encode()))
        for other in names:
            (tmp_path / name / f"to-{other}").symlink_to(tmp_path / other)
    found = loader.find_rule_files([tmp_path, tmp_path / names[0]], [])
    assert sorted(names) == sorted(path.stem for path in found)


def test_reads_no_further_than_the_bound(tmp_path: Path) -> None:
    """A file that grows while it is read is refused for its size, not read to its end."""
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (3 * MAX_BYTES))
    assert len(loader.read_bytes(path)) == MAX_BYTES + 1
    assert [one.code for one in check(path, base=Rulebook())] == ["too-large"]


@pytest.mark.parametrize("target", ["/", ".."])
def test_a_linked_folder_is_not_entered(tmp_path: Path, target: str) -> None:
    """14.37: a link to `/` or `..` leads nowhere; the files beside it are read."""
    folder = tmp_path / "rules"
    folder.mkdir()
    copy(shipped_folder("examples") / "custom_rules" / "refused" / "deputy-signs.yaml", folder)
    (folder / "away").symlink_to(target)

    files = {fault.span.file for fault in check(folder)}

    assert files == {(folder / "deputy-signs.yaml").as_posix()}


def test_a_linked_file_is_read_only_where_it_leads_into_the_folder(tmp_path: Path) -> None:
    """14.37: one that leads out of the folder is told and not read, named by itself it is."""
    folder, away = tmp_path / "rules", tmp_path / "away.yaml"
    folder.mkdir()
    for path, text in ((away, b"away"), (folder / "own.txt", b"own")):
        path.write_bytes(PLAIN.replace(b"plain", text))
    for name, target in (("linked.yaml", away), ("own.yaml", folder / "own.txt")):
        (folder / name).symlink_to(target)
    faults: list[Diagnostic] = []

    assert loader.find_rule_files([folder], faults) == [folder / "own.yaml"]
    (fault,) = faults
    assert (fault.code, fault.span.file) == ("unreadable", (folder / "linked.yaml").as_posix())
    assert "cannot be read: it is a link to a file outside the folder" in fault.sentence
    assert loader.find_rule_files([folder / "linked.yaml"], []) == [folder / "linked.yaml"]


@pytest.mark.parametrize("kind", ["deep", "files", "folders"])
def test_item_37_a_folder_is_walked_with_bounds(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """14.37: how deep rule files may lie, and how many files and folders there may be."""
    monkeypatch.setattr("peelflow.rulebook.loader.MOST_FILES", 20)
    monkeypatch.setattr("peelflow.rulebook.loader.MOST_FOLDERS", 20)
    for number in range(21):
        if kind == "deep":
            (tmp_path / "/".join("d" * (number + 1))).mkdir()
        elif kind == "files":
            (tmp_path / f"{number}.yaml").write_text("x", "utf-8")
        else:
            (tmp_path / str(number)).mkdir()

    (fault,) = check(tmp_path)

    assert fault.code == "unreadable"
    assert "holds more than 20 rule files or folders, or deeper than 16" in fault.sentence


@pytest.mark.parametrize("given", [["rules"], b"rules", None, 3])
@pytest.mark.parametrize("ask", [load, check])
def test_what_is_no_path_is_refused(ask: Callable[..., object], given: Any) -> None:
    """Most of all a list of paths, which each stand by itself."""
    with pytest.raises(InvalidRequest, match=r"are no path; give each path .* `load\(\*paths\)`"):
        ask(given)
