"""A store is opened by its URL."""

from __future__ import annotations

import importlib.metadata
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from peelflow.errors import InvalidRequest
from peelflow.stores.memory import MemoryStore
from peelflow.stores.opening import open_store
from peelflow.stores.sqlite import SqliteStore


def test_opens_memory() -> None:
    """S11: `memory:` is a store of this process alone."""
    store = open_store("memory:")

    assert isinstance(store, MemoryStore)
    assert store.url == "memory:"


def test_opens_a_file_by_relative_and_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S11: three slashes are relative to where we stand, four are absolute; both keep their URL."""
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///here.db", f"sqlite:///{tmp_path}/there.db"):
        store = open_store(url)
        assert isinstance(store, SqliteStore)
        assert store.url == url
        store.close()

    assert (tmp_path / "here.db").is_file()
    assert (tmp_path / "there.db").is_file()


def test_a_file_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3: SQLite's special names are names of files here, so nothing is kept in memory unawares."""
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///:memory:").close()

    assert (tmp_path / ":memory:").is_file()


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite://x.db", "register.db", "", "memory:x"])
def test_says_which_urls_there_are(url: str) -> None:
    """S11: an unknown URL is refused with the known ones."""
    with pytest.raises(InvalidRequest) as caught:
        open_store(url)

    assert "`memory:`, `sqlite:///path`" in caught.value.instead


def test_others_plug_in_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """S11: a scheme of an installed package is opened by that package."""
    found = EntryPoints(
        [EntryPoint("tape", "peelflow.stores.memory:MemoryStore", "peelflow.stores")]
    )
    monkeypatch.setattr(importlib.metadata, "entry_points", found.select)

    assert open_store("tape://reel/7").url == "tape://reel/7"
    with pytest.raises(InvalidRequest, match="`tape:`"):
        open_store("drum:")
