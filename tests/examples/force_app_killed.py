"""The example application, killed as it notes a task: the record moved, nothing is committed."""

from __future__ import annotations

import os
import signal

import app as force_app
from sqlalchemy import Connection


def die(connection: Connection, record: str, what: str, who: str) -> None:
    """Stop at once, as a machine does whose power is cut."""
    del connection, record, what, who
    os.kill(os.getpid(), signal.SIGKILL)


force_app.note = die
app = force_app.app
