"""Run transitions' own tests with our event class: `python -m bench.transitions_suite SOURCES`.

SOURCES is a folder of its sources, as the release or the repository has them. Its tests are run
on its own code, every machine of which makes its events by our class; nothing of it is kept here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType
from unittest import TestCase, TestResult, defaultTestLoader

CORE = ("test_core", "test_add_remove", "test_enum", "test_states", "test_threading", "test_reuse")
DIAGRAMS = ("test_graphviz", "test_mermaid", "test_markup", "test_factory")
BY_DESIGN = "test_repr"
"""Says `<Event(…)>`, where an event of ours says that it is one."""


def main(sources: Path) -> int:
    """Print how many tests pass and which fail; return how many fail that should not."""
    sys.path.insert(0, str(sources))  # before peelflow loads it, so that it is this transitions
    unexpected = 0
    for title, modules in (("core", CORE), ("diagrams", DIAGRAMS)):
        tests = [test for module in modules for test in sorted(_tests_of(module), key=TestCase.id)]
        results = {test: _result(test) for test in tests}
        ran = [test for test, result in results.items() if not result.skipped]
        failed = [test for test in ran if not results[test].wasSuccessful()]
        print(f"{title}: {len(ran) - len(failed)} of {len(ran)} pass")
        for test in failed:
            ours = _result(test, ours=False).wasSuccessful()
            unexpected += ours and not test.id().endswith(BY_DESIGN)
            print(f"  fails: {test.id()}{'' if ours else ', with its own events too'}")
    return unexpected


def _result(test: TestCase, *, ours: bool = True) -> TestResult:
    """Run a test, with our events or with those of transitions."""
    import transitions.core

    from peelflow.engine.machine import RuleEvent

    transitions.core.Machine.event_cls = RuleEvent if ours else transitions.core.Event
    result = TestResult()
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        test(result)
    return result


def _tests_of(module: str) -> Iterator[TestCase]:
    """Yield the tests of a module's own classes: those it imports run where they are written."""
    loaded: ModuleType = __import__(f"tests.{module}", fromlist=["*"])
    for value in vars(loaded).values():
        if isinstance(value, type) and issubclass(value, TestCase):
            suite = defaultTestLoader.loadTestsFromTestCase(value)
            if value.__module__ == loaded.__name__:
                yield from (test for test in suite if isinstance(test, TestCase))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
