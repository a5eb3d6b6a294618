"""The report says which promises a store holds, breaks and does not claim."""

from __future__ import annotations

import pytest

from peelflow.errors import InvalidRequest
from peelflow.stores.memory import MemoryStore
from peelflow.testing import Outcome, PromiseResult, promise_results, report
from peelflow.testing.contract import Contract
from peelflow.testing.promises import PROMISES, cited_promises
from peelflow.testing.worker import open_with

pytest_plugins = ["pytester"]
ADAPTER = """
import pytest
from peelflow.testing import StoreContract

class TestMine(StoreContract):
    opener = "tests.testing.broken_stores:open_broken"
    @pytest.fixture
    def url(self):
        return "ListsByWord:"
"""
SKIPPED = Outcome("test_c", ("S11",), "skipped", "not claimed: shared")


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("S1: a batch", ("S1",)),
        ("S10, S12: texts", ("S10", "S12")),
        ("A batch, S1: no", ()),
        (None, ()),
    ],
)
def test_a_test_cites_promises_at_its_docstrings_beginning(
    docstring: str | None, expected: tuple[str, ...]
) -> None:
    """The docstring is the one place that says what a test holds a store to."""
    assert cited_promises(docstring) == expected


def test_a_promise_is_held_broken_not_claimed_or_not_tried() -> None:
    """One failure breaks a promise; one that passes holds it, whatever else was skipped."""
    found = promise_results(
        [
            Outcome("test_a", ("S1", "S3"), "passed"),
            Outcome("test_b", ("S3",), "failed"),
            SKIPPED,
            Outcome("test_d", ("S1",), "skipped", "not tried: `log_of`"),
            Outcome("test_e", ("S12",), "skipped", "not tried: `make_newer`"),
        ]
    )
    verdicts = {each.promise: each.verdict for each in found}

    assert list(verdicts) == list(PROMISES)
    assert {name: verdict for name, verdict in verdicts.items() if verdict != "not tried"} == {
        "S1": "held",
        "S3": "broken",
        "S11": "not claimed",
    }
    assert found[0] == PromiseResult("S1", "held", (), ("not tried: `log_of`",))


def test_the_report_names_what_broke_a_promise() -> None:
    """A line a promise, and under it the tests that failed."""
    text = report(
        "TestMine", (*promise_results([SKIPPED])[10:11], PromiseResult("S1", "broken", ("test_a",)))
    )

    assert text.splitlines() == [
        "TestMine",
        "  S11 not claimed  two processes may open one store (not claimed: shared)",
        "  S1  broken       a batch is kept whole or not at all",
        "                   broken by test_a",
    ]


def test_the_plugin_prints_the_report(pytester: pytest.Pytester) -> None:
    """`--store-report` ends a run with the promises of each store."""
    pytester.makepyfile(ADAPTER)

    done = pytester.runpytest_inprocess("-p", "peelflow.testing.plugin", "-q", "--store-report")

    done.stdout.fnmatch_lines(
        [
            "*promises of a store*",
            "*::TestMine",
            "  S1  held  *",
            "  S3  *",
            "  S4  broken *",
            "*broken by test_lists_records_in_the_order_of_their_ids*",
            "  S11 not claimed *(not claimed: shared)",
        ]
    )


def test_the_plugin_is_silent_unless_asked(pytester: pytest.Pytester) -> None:
    """Without the option, and for tests that are none of the kit's, nothing is printed."""
    pytester.makepyfile("def test_mine():\n    assert True\n")

    done = pytester.runpytest_inprocess("-p", "peelflow.testing.plugin", "-q")

    done.assert_outcomes(passed=1)
    done.stdout.no_fnmatch_line("*promises of a store*")


def test_a_contract_without_a_url_says_what_to_write(pytester: pytest.Pytester) -> None:
    """S11: forgetting the fixture is an error that names it."""
    pytester.makepyfile(
        "from peelflow.testing import StoreContract\nclass TestMine(StoreContract):\n    pass\n"
    )

    done = pytester.runpytest_inprocess("-q", "-k", "a_key_finds_its_event")

    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*TestMine: says no URL to test; write a fixture `url`*"])


def test_a_disk_that_is_another_machines_is_not_filled(pytester: pytest.Pytester) -> None:
    """S1: a full disk is tried only where this process writes the files itself."""
    pytester.makepyfile(
        ADAPTER.replace('"ListsByWord:"', 'f"Elsewhere:{tmp_path}/x"').replace(
            "self", "self, tmp_path"
        )
    )

    done = pytester.runpytest_inprocess("-q", "-rs", "-k", "full_disk")

    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["*not claimed: embedded"])


def test_what_an_adapter_does_not_write_is_not_tried() -> None:
    """S12: without `make_newer` and `log_of` a promise is not tried, and the reason is told."""
    with pytest.raises(pytest.skip.Exception, match="`make_newer` is not written for mine"):
        Contract().make_newer("mine:///x")
    with pytest.raises(pytest.skip.Exception, match="`log_of` is not written for mine"):
        Contract().log_of("mine:///x")


def test_an_opener_is_named_by_module_and_function() -> None:
    """S11: a child process imports it by that name."""
    assert isinstance(open_with("peelflow.stores.opening:open_store", "memory:"), MemoryStore)


@pytest.mark.parametrize("opener", ["", "nowhere:open", "peelflow.stores.opening:no", "peelflow"])
def test_an_opener_that_is_none_is_named(opener: str) -> None:
    """S11: a slip in the name says what to write."""
    with pytest.raises(InvalidRequest, match="write `module:function`"):
        open_with(opener, "memory:")
