"""Processes that are process 1, each of a container of its own as far as numbers go."""

from __future__ import annotations

import ctypes
import os
import signal
import traceback
from collections.abc import Callable

import pytest
from attrs import frozen

_NEW_NUMBERS = 0x20000000  # Linux: CLONE_NEWPID
_CANNOT, _FAILED = 77, 70


def renumber() -> bool:
    """Have the next fork make the process 1 of a new namespace; say whether that is allowed."""
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    return unshare is not None and unshare(_NEW_NUMBERS) == 0


@frozen
class ProcessOne:
    """A process that is process 1 for itself.

    Attributes:
        outside: Its number as the tests see it.
        parent: Who waits for it, and ends with its code.
    """

    outside: int
    parent: int

    def code(self) -> int:
        """Wait for it, and return its code; one above 128 where a signal ended it."""
        code = os.waitstatus_to_exitcode(os.waitpid(self.parent, 0)[1])
        if code == _CANNOT:
            pytest.skip("no namespaces of process numbers can be made here")
        return code

    def kill(self) -> None:
        """Kill it, at once and for good."""
        os.kill(self.outside, signal.SIGKILL)
        assert self.code() == 128 + signal.SIGKILL


def process_one(work: Callable[[], int], said: int = 2) -> ProcessOne:
    """Start some work as process 1; what it prints goes to the file `said`."""
    told, tell = os.pipe()
    parent = os.fork()
    if parent == 0:
        os.close(told)
        if not renumber():
            os._exit(_CANNOT)
        one = os.fork()
        if one == 0:
            os._exit(_code_of(work, said))
        os.write(tell, b"%d\n" % one)
        os.close(tell)
        code = os.waitstatus_to_exitcode(os.waitpid(one, 0)[1])
        os._exit(code if code >= 0 else 128 - code)
    os.close(tell)
    with os.fdopen(told) as numbers:
        number = numbers.readline()
    return ProcessOne(int(number or parent), parent)


def _code_of(work: Callable[[], int], said: int) -> int:
    os.dup2(said, 1)
    os.dup2(said, 2)
    try:
        return work() if os.getpid() == 1 else _FAILED
    except BaseException:  # noqa: BLE001 (whatever comes is told by the code)
        os.write(2, traceback.format_exc().encode())
        return _FAILED
