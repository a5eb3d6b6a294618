"""Hold many rows in little memory: packed in parts, and unpacked as they are asked for.

What is too much even so waits on the disk.
"""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from peelflow.errors import StoreUnavailable

if TYPE_CHECKING:
    from typing import Self

PART = 128
"""How many rows are packed together: more takes less room, and longer to read one of them."""
_Row_co = TypeVar("_Row_co", bound=tuple[Any, ...], covariant=True)


class SeenKeys:
    """Keys that were seen, by one bit of each: in two megabytes, however many they are.

    One that was not seen is told as that, but for one in a hundred where there are many.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)

    def add(self, key: Hashable) -> None:
        """Take a key as seen."""
        place = hash(key) % _BITS
        self._bits[place >> 3] |= 1 << (place & 7)

    def forget_all(self) -> None:
        """Let go of what was seen, which nothing asks for any more."""
        self._bits = bytearray()

    def may_be_known(self, key: Hashable) -> bool:
        """Return whether a key may have been seen; False where it was not."""
        place = hash(key) % _BITS
        return bool(self._bits[place >> 3] >> (place & 7) & 1)


_BITS = 1 << 24


class PackedRows(Iterable[_Row_co]):
    """Rows of texts and numbers in order, to be read as often as one likes.

    Args:
        kind: What each row is: a tuple, or one with names.
    """

    def __init__(self, kind: type[_Row_co]) -> None:
        # INVARIANT: a row that was packed has the values of its kind, so nothing counts them again.
        self._make: Callable[[Sequence[Any]], _Row_co] = partial(tuple.__new__, kind)
        self._parts: list[bytes] = []
        self._count = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> int:
        """Pack rows as one part; return its number."""
        # INVARIANT: marshal takes plain tuples alone, and reads what this process wrote itself.
        self._parts.append(zlib.compress(marshal.dumps(list(map(tuple, rows))), 1))
        self._count += len(rows)
        return len(self._parts) - 1

    def part(self, number: int) -> Iterator[_Row_co]:
        """Yield the rows of one part."""
        rows = marshal.loads(zlib.decompress(self._parts[number]))  # noqa: S302 - its own
        return map(self._make, rows)

    def forget(self, number: int) -> None:
        """Let go of the rows of one part."""
        self._parts[number] = b""

    @property
    def count(self) -> int:
        """How many parts there are."""
        return len(self._parts)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[_Row_co]:
        return chain.from_iterable(map(self.part, range(len(self._parts))))


class TextsOnDisk:
    """Texts by a number, too many to hold: in a file of this process's own that nobody else finds.

    It is gone as soon as this is closed, as at the end of its block.
    """

    def __init__(self) -> None:
        from sqlite3 import connect  # where nothing is kept in a file nothing else loads it

        # INVARIANT: what SQLite opens without a name it puts in a file that it has removed already.
        self._database = connect("", isolation_level=None)
        self._database.execute("CREATE TABLE texts (number INTEGER NOT NULL, text TEXT NOT NULL)")
        self._database.execute("BEGIN")
        self._last: list[tuple[int, str]] = []

    def add(self, number: int, text: str) -> None:
        """Take a text.

        Args:
            number: What stands for the texts that it belongs to.
            text: The text.

        Raises:
            StoreUnavailable: The disk is full.
        """
        self._last.append((number, text))
        if len(self._last) >= PART:
            self._write()

    def _write(self) -> None:
        from sqlite3 import Error

        try:
            self._database.executemany("INSERT INTO texts VALUES (?, ?)", self._last)
        except Error as fault:
            where = "the folder of temporary files"
            raise StoreUnavailable(where, str(fault), instead=_ROOM) from fault
        self._last.clear()

    def __iter__(self) -> Iterator[list[str]]:
        """Yield the texts of each number, by the numbers, and each in the order they came in."""
        self._write()
        rows = self._database.execute("SELECT number, text FROM texts ORDER BY number, rowid")
        for _, group in groupby(rows, itemgetter(0)):
            yield [text for _, text in group]

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *ended: object) -> None:
        """Let go of the texts."""
        self._database.close()


_ROOM = "make room there, or name another folder in TMPDIR"
