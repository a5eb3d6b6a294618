"""Steps: what `with` makes of a draft, so that a refused act leaves no trace."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peelflow.register.draft import Draft


class Step:
    """One step of a draft, as a `with` block."""

    def __init__(self, draft: Draft) -> None:
        """Take a draft whose step begins with the block."""
        self._draft = draft

    def __enter__(self) -> Draft:
        self._begun, self._outer = self._draft.begin_step()
        return self._draft

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._draft.end_step(self._begun, self._outer, refused=error is not None)


class Alone:
    """One verb as a batch of its own: kept when its block ends, forgotten when it is refused."""

    def __init__(self, draft: Draft) -> None:
        """Take an empty draft."""
        self._draft = draft

    def __enter__(self) -> Draft:
        return self._draft

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._draft.commit()
