"""Take in an export: it is judged whole, as `verify` judges it, before anything of it is kept.

What does not fit never comes in. What fits, and was done as no rules or verbs let anybody do it,
comes in only where somebody asks for it as it was found: then `verify` finds it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

from attrs import evolve, field

from peelflow.errors import Unverified
from peelflow.register.context import Services
from peelflow.register.judgement import Verification, judge_events
from peelflow.register.kept_documents import DocumentWords
from peelflow.register.kept_rules import with_kept_words
from peelflow.register.session import Session
from peelflow.results import Result, frozen
from peelflow.stores.copy_rows import copy_documents, copy_events
from peelflow.stores.export import (
    RESTORE_CHUNK,
    check_beginning_held,
    documents_of_export,
    private_lines,
    restore_export,
    verify_export,
)
from peelflow.stores.integrity import Discrepancy
from peelflow.stores.sqlite import SqliteStore


@frozen
class Restored(Result):
    """What came of taking in an export.

    Attributes:
        events: How many events were new.
        found: What was done as no rules or verbs let anybody do it, and was taken in all the same.
        assumed: The predicates that were taken to hold, as no function was given for them.
        unjudged: What nobody can tell here, in words, as `Verification` says it.
    """

    events: int
    found: tuple[Discrepancy, ...] = field(default=())
    assumed: tuple[str, ...] = field(default=())
    unjudged: tuple[str, ...] = field(default=())


def restore_register(
    services: Services,
    path: str | Path,
    *,
    as_found: bool,
    progress: Callable[[int], None],
) -> Restored:
    """Take in an export file, all of it or nothing.

    It is read into a copy that nobody else can reach: what is kept is what was judged.

    Args:
        services: What the register works with: its store is to keep the events.
        path: The file.
        as_found: Whether what no rules or verbs let anybody do is taken in too, and told.
        progress: Told now and then how many events are kept by now.

    Raises:
        Unverified: The file does not verify; with every discrepancy.
        InvalidRequest: The file is no export, or the store holds other events or is of one force.
    """
    file = Path(path)
    with private_lines(file) as lines:
        _refuse(file, tuple(verify_export(_anew(lines))), "export it again")
        check_beginning_held(services.store, _anew(lines))
        with _store_on_disk() as alone:
            judged = _judge_in(alone, services, _anew(lines))
            if not as_found:
                _refuse(file, judged.discrepancies, _AS_FOUND)
            kept = _keep(services, _anew(lines), alone, progress)
    return Restored(kept, judged.discrepancies, judged.assumed, judged.unjudged)


_AS_FOUND = "mend it where it was made; or take it in as it was found, to be found again"


def _keep(
    services: Services, lines: TextIO, judged: SqliteStore, progress: Callable[[int], None]
) -> int:
    """Keep what an export tells; in a file of its own by the rows that it was judged by."""
    store, documents = services.store, services.documents
    if not isinstance(store, SqliteStore):
        keep = documents.keep_document
        return restore_export(store, lines, keep=keep, progress=progress)
    if documents is store:
        copy_documents(documents_of_export(lines), store)
    else:
        for digest, content in documents_of_export(lines):
            documents.keep_document(digest, content)
    return copy_events(judged, store, at_once=RESTORE_CHUNK, progress=progress)


def _anew(lines: TextIO) -> TextIO:
    lines.seek(0)
    return lines


def _refuse(file: Path, found: tuple[Discrepancy, ...], instead: str) -> None:
    if found:
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise Unverified(f"the export {file}", f"{found[0]}{more}", instead, found)


def with_restored_words(services: Services) -> Services:
    """Return a register's services with the words that the rules need which came in.

    Args:
        services: Those of before.
    """
    return evolve(services, rulebook=with_kept_words(services.store, services.rulebook))


def judge_export(services: Services, lines: Iterable[str]) -> Verification:
    """Judge every event of an export that fits, in a store of its own.

    Args:
        services: The rulebook, the clock and the functions to judge it by.
        lines: The export's lines.
    """
    with _store_on_disk() as store:
        return _judge_in(store, services, lines)


def _judge_in(store: SqliteStore, services: Services, lines: Iterable[str]) -> Verification:
    """Restore an export to an empty store of its own, and judge every event there."""
    words = DocumentWords()
    # INVARIANT: no document is held: `verify_export` has looked at each, and no rule reads one.
    restore_export(store, lines, keep=words.keep_document)
    rulebook = with_kept_words(store, services.rulebook)
    alone = evolve(services, store=store, documents=words, rulebook=rulebook, force=None)
    return judge_events(store, partial(Session, alone))


@contextmanager
def _store_on_disk() -> Iterator[SqliteStore]:
    """Give an empty store that holds nothing in memory, and is gone at the end."""
    from tempfile import TemporaryDirectory  # slow to load, and seldom needed

    with TemporaryDirectory() as folder, closing(SqliteStore(Path(folder) / "export.db")) as store:
        store.url = "the export"  # so that nobody is told of a file that is gone
        yield store
