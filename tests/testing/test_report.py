"""The report says which promises a store holds, breaks and does not claim."""

from __future__ import annotations

import pytest

from peelflow.errors import InvalidRequest
from peelflow.stores.memory import MemoryStore
from peelflow.testing import KitTest, Outcome, PromiseResult, promise_results, report
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


KIT = (
    KitTest("test_a", ("S1",)),
    KitTest("test_b", ("S1", "S3"), 2),
    KitTest("test_c", ("S11",)),
    KitTest("test_d", ("S12",)),
)
PASSED_A = Outcome("test_a", ("S1",), "passed")
PASSED_B = tuple(Outcome(f"test_b[{case}]", ("S1", "S3"), "passed") for case in (1, 2))


def verdict(promise: str, *outcomes: Outcome) -> PromiseResult:
    """Return how a store stands to a promise of the small kit."""
    return next(each for each in promise_results(outcomes, KIT) if each.promise == promise)


def test_item_23_a_promise_is_held_where_each_test_passed() -> None:
    """Each case of each of the kit's tests; the report has a line for every promise."""
    assert verdict("S1", PASSED_A, *PASSED_B) == PromiseResult("S1", "held", 2, 2)
    assert [each.promise for each in promise_results((), KIT)] == list(PROMISES)


def test_item_23_a_promise_whose_tests_did_not_run_is_not_tried() -> None:
    """One test is missing, or one case of it, or all; or the kit has none."""
    short = PromiseResult("S1", "not tried", 1, 2, not_run=("test_b",))

    assert verdict("S1", PASSED_A) == short
    assert verdict("S1", PASSED_A, PASSED_B[0]) == short
    assert verdict("S1", PASSED_A, PASSED_B[0], PASSED_B[0]) == short
    assert verdict("S12").verdict == verdict("S2").verdict == "not tried"


def test_item_23_a_promise_one_of_whose_tests_was_skipped_is_not_tried() -> None:
    """Unless the store does not claim what it tries; then all the others hold it in part."""
    skipped = Outcome("test_b[1]", ("S1", "S3"), "skipped", "not tried: `log_of`")
    unclaimed = [
        Outcome(f"test_b[{case}]", ("S1", "S3"), "skipped", "not claimed: durable")
        for case in (1, 2)
    ]

    assert verdict("S1", PASSED_A, skipped, PASSED_B[1]) == PromiseResult(
        "S1", "not tried", 1, 2, (), ("test_b",), ("not tried: `log_of`",)
    )
    assert verdict("S1", PASSED_A, *unclaimed).verdict == "in part"
    assert verdict("S3", *unclaimed).verdict == "not claimed"
    assert verdict("S1", *unclaimed).verdict == "not tried"


def test_item_23_a_promise_one_of_whose_tests_failed_is_broken() -> None:
    """The kit's, or one that somebody wrote beside it; whatever else passed."""
    own = Outcome("test_mine", ("S1",), "failed", "test_mine is expected to fail", of_kit=False)
    failed = Outcome("test_b[1]", ("S1", "S3"), "failed")

    assert verdict("S1", PASSED_A, *PASSED_B, own) == PromiseResult(
        "S1", "broken", 2, 2, ("test_mine",), (), ("test_mine is expected to fail",)
    )
    assert verdict("S3", failed, PASSED_B[1]) == PromiseResult("S3", "broken", 0, 1, ("test_b[1]",))


def test_item_23_a_test_in_the_place_of_the_kits_holds_nothing() -> None:
    """Whoever writes another test of that name has not tried the promise."""
    mine = Outcome("test_a", ("S1",), "passed", of_kit=False)

    assert verdict("S1", mine, *PASSED_B).verdict == "not tried"


def test_the_report_names_what_broke_a_promise_and_what_did_not_run() -> None:
    """A line a promise with its counts, and under it the tests that failed and that did not run."""
    text = report(
        "TestMine",
        (
            verdict("S11", SKIPPED),
            PromiseResult("S1", "broken", 1, 3, ("test_a",), ("test_z",)),
        ),
    )

    assert text.splitlines() == [
        "TestMine",
        f"  S11 not claimed  {PROMISES['S11']} (0 of 1 tests passed; not claimed: shared)",
        "  S1  broken       a batch is kept whole or not at all (1 of 3 tests passed)",
        "                   broken by test_a",
        "                   not run: test_z",
    ]


CASE_32 = """
import pytest
from peelflow.testing import StoreContract
class TestMine(StoreContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path / 'mine.db'}"
    @pytest.mark.xfail(reason="known")
    def test_loses_updates(self):
        \"\"\"S2: a batch whose decisions read what moved is a Conflict.\"\"\"
        assert False
    @pytest.mark.xfail(reason="hangs", run=False)
    def test_hangs(self):
        \"\"\"S11: two processes.\"\"\"
    @pytest.mark.xfail(reason="was broken", strict=False)
    def test_works_again(self):
        \"\"\"S12: another schema.\"\"\"
    def test_a_key_finds_its_event(self):
        \"\"\"S7: put in the place of the kit's.\"\"\"
"""


@pytest.mark.parametrize(
    ("chosen", "line"),
    [
        ("loses_updates or conflict", "  S2  broken *test_loses_updates is expected to fail*"),
        ("disk or space", "  S3  not tried *(1 of 6 tests passed)"),
        ("hangs", "  S11 not tried *(0 of 3 tests passed; test_hangs is not run)"),
        ("works_again", "  S12 not tried *(0 of 1 tests passed)"),
        ("key_finds", "  S7  not tried *(0 of 5 tests passed)"),
        ("nothing_at_all", "  S1  not tried *(0 of * tests passed)"),
    ],
)
def test_item_23_case_32_no_promise_is_held_that_was_not_tried(
    pytester: pytest.Pytester, chosen: str, line: str
) -> None:
    """A test that is expected to fail breaks its promise; of a few tests that ran nothing holds."""
    pytester.makepyfile(CASE_32)

    done = pytester.runpytest_inprocess(
        "-p", "peelflow.testing.plugin", "-q", "--store-report", "-k", chosen
    )

    done.stdout.fnmatch_lines([line])
    done.stdout.no_fnmatch_line("  S* held *")


def test_the_plugin_prints_the_report(pytester: pytest.Pytester) -> None:
    """`--store-report` ends a run with the promises of each store."""
    pytester.makepyfile(ADAPTER)

    done = pytester.runpytest_inprocess("-p", "peelflow.testing.plugin", "-q", "--store-report")

    done.stdout.fnmatch_lines(
        [
            "*promises of a store*",
            "*::TestMine",
            "  S1  * [(]* of * tests passed*",
            "  S3  *",
            "  S4  broken *",
            "*broken by test_lists_records_in_the_order_of_their_ids*",
            "  S11 not claimed *(0 of 3 tests passed; not claimed: shared)",
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
