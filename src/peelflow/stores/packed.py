"""Hold many rows in little memory: packed in parts, and unpacked as they are asked for."""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, TypeVar

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
