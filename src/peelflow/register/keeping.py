"""The verbs that carry a register on: its feed, its seal, its check, its export.

What they need is loaded when one of them is asked for: a step does without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from peelflow.errors import RequestRefused
from peelflow.stores.protocol import Documents, Placed, Snapshot, Store

if TYPE_CHECKING:
    from peelflow.stores.findings import Finding
    from peelflow.stores.folder import Shelf
    from peelflow.stores.seal import Heads, Seal

CHUNK = 500
LAST = 2**63 - 1  # what a database counts to


class Keeping:
    """feed, seal, verify, export, restore."""

    store: Store
    documents: Documents

    def feed(self, *, after: int = 0) -> Iterator[Placed]:
        """Yield every event behind a position, in the one order of the feed, up to the last kept.

        Ask again with the last position seen for what came since.

        Args:
            after: A position, counted from 1; 0 begins at the first event.

        Raises:
            RequestRefused: It is no position.
        """
        _check_position(after)
        while placed := self.store.feed(after, CHUNK):
            after = placed[-1].position
            yield from placed

    def position(self) -> int:
        """Return the position of the last event kept, 0 where there is none."""
        return self.store.position()

    def seal(self) -> tuple[Seal, Heads]:
        """Return the seal of everything kept until now, and every record's head beside it."""
        from peelflow.stores.seal import seal

        self.store.position()  # gives every event that has none its position
        with self.store.snapshot() as kept:
            return seal(kept.feed())

    def verify(
        self, *, sealed: Seal | None = None, heads: Heads | None = None
    ) -> tuple[Finding, ...]:
        """Return everything that does not fit (S10); nothing when all is as it was written.

        Without a seal, changes that do not make the chain anew are found; with one, every change
        and removal before it.

        Raises:
            RequestRefused: The heads are not those of the seal.
        """
        from peelflow.stores.seal import broken_seal
        from peelflow.stores.verify import verify

        self.store.position()
        with self.store.snapshot() as kept:
            found = list(verify(kept, self._shelf(kept).documents()))
            if sealed is not None:
                found += broken_seal(kept.feed(), sealed, heads)
        return tuple(found)

    def export(self) -> Iterator[str]:
        """Yield the register as lines of JSON, without line ends, in one reading."""
        from peelflow.stores.export import export_lines

        self.store.position()
        with self.store.snapshot() as kept:
            yield from export_lines(kept, self._shelf(kept).documents())

    def restore(self, path: str | Path, *, seen: Callable[[int], None] = lambda _: None) -> int:
        """Take in an export file, and return how many events were new.

        The file is checked whole before anything is kept. What was cut off goes on where it
        stopped.

        Args:
            path: The file that `export` was written to.
            seen: Told now and then how many events are kept by now.

        Raises:
            RequestRefused: The file cannot be read, is no export or does not verify, or this
                register holds other events.
            Conflict: Somebody else writes to the register meanwhile.
        """
        from peelflow.stores.export import verify_export
        from peelflow.stores.restore import restore_into

        file = Path(path)
        with opened_lines(file) as lines:
            for finding in verify_export(lines):
                raise RequestRefused(f"the export {file}", str(finding), "export it again")
        with opened_lines(file) as lines:
            return restore_into(self.store, lines, keep=self.documents.keep_document, seen=seen)

    def _shelf(self, kept: Snapshot) -> Shelf:
        from peelflow.stores.folder import DocumentFolder, Shelf

        folder = self.documents
        return Shelf(kept, folder if isinstance(folder, DocumentFolder) else None)


def check_known(register: Keeping, known: int | None) -> None:
    """Refuse a position that the feed has not come to."""
    if known is None:
        return
    _check_position(known)
    if known > (last := register.position()):
        why = f"lies beyond the last event, at {last}"
        raise RequestRefused(f"the position {known}", why, "give one that was printed")


def _check_position(position: int) -> None:
    if type(position) is not int or not 0 <= position <= LAST:
        what, instead = f"the position {position!r}", "give a whole number, 0 or more"
        raise RequestRefused(what, "is no position", instead)


@contextmanager
def opened_lines(path: Path) -> Iterator[Iterable[str]]:
    """Open a file of JSON lines.

    Raises:
        RequestRefused: It is no regular file, cannot be read, or is no UTF-8.
    """
    try:
        if not path.is_file():
            why = "is no file that can be read"
            raise RequestRefused(f"the file {path}", why, "check the path and its permissions")
        with path.open(encoding="utf-8", newline="\n") as stream:
            yield stream
    except UnicodeDecodeError:
        raise RequestRefused(f"the file {path}", "is no UTF-8 text", "export it again") from None
    except OSError as fault:
        why = f"cannot be read: {fault.strerror}"
        instead = "check the path and its permissions"
        raise RequestRefused(f"the file {path}", why, instead) from None
