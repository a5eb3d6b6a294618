"""The page of the API is made from the code's own signatures and docstrings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.api import page, public_callables, undescribed

PAGE = Path(__file__).parents[2] / "docs/api.md"


def test_the_page_is_what_the_docstrings_make_it(*, rewrite_golden: bool) -> None:
    """`--rewrite-golden` makes it anew, for a human to look at."""
    if rewrite_golden:
        PAGE.write_text(page(), "utf-8")

    assert PAGE.read_text("utf-8") == page()


@pytest.mark.parametrize("name", list(public_callables()))
def test_each_argument_result_and_error_is_described(name: str) -> None:
    """A verb says what each argument means, and what comes of it."""
    function = public_callables()[name]

    assert undescribed(function) == []
