"""A proxy before a PostgreSQL server that cuts a connection at the statement a test names."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Literal

from attrs import define, field
from sqlalchemy.engine import make_url

When = Literal["before", "after"]
CHUNK = 1 << 20
SIMPLE, SYNC = b"Q", b"S\0\0\0\4"
"""PostgreSQL's messages: a statement alone; the end of one that is told in several."""


@define(eq=False)
class Cutter:
    """Passes on what is said until a statement that holds `text` comes, and cuts that connection.

    Attributes:
        url: Where to connect.
        text: What the statement holds; empty while everything is passed on.
        when: Whether it is cut `before` the server gets the statement, or `after` it answered.
        cuts: How many connections were cut.
    """

    url: str
    text: bytes = b""
    when: When = "after"
    cuts: int = 0
    _open: list[socket.socket] = field(factory=list)
    _unheard: set[socket.socket] = field(factory=set)

    def cut(self, text: bytes, when: When) -> None:
        """Cut the next connection that says `text`, once."""
        self.text, self.when = text, when

    def serve(self, listener: socket.socket, server: str) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                behind = socket.socket(socket.AF_UNIX)
                behind.connect(server)
                self._open += [client, behind]
                Thread(target=self._ask, args=(client, behind), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what the client says."""
        answering = Thread(target=self._answer, args=(server, client), daemon=True)
        answering.start()
        with suppress(OSError):
            while said := client.recv(CHUNK):
                if self.text and self.text in said:
                    self.text, self.cuts = b"", self.cuts + 1
                    self._unheard.add(client)
                    while not said.startswith(SIMPLE) and not said.endswith(SYNC):
                        said += client.recv(CHUNK)
                    if self.when == "after":
                        server.sendall(said)
                        server.shutdown(socket.SHUT_WR)  # the server ends when all is done
                        answering.join()
                    break
                server.sendall(said)
        _hang_up(server)
        _hang_up(client)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        """Pass on what the server answers, until its client is cut off."""
        with suppress(OSError):
            while answered := server.recv(CHUNK):
                if client not in self._unheard:
                    client.sendall(answered)

    def close(self) -> None:
        """Close every connection."""
        for each in self._open:
            _hang_up(each)


def _hang_up(side: socket.socket) -> None:
    """End a connection, also where somebody still waits for what it says."""
    with suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)
    side.close()


@contextmanager
def cutting(url: str) -> Iterator[Cutter]:
    """Give a cutter before the server of a database, which listens on a socket of its own."""
    named = make_url(url)
    folder = named.host or str(named.query["host"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = named.set(host="127.0.0.1", port=listener.getsockname()[1], query={})
        cutter = Cutter(made.render_as_string(hide_password=False))
        server = str(Path(folder) / f".s.PGSQL.{named.port or 5432}")
        Thread(target=cutter.serve, args=(listener, server), daemon=True).start()
        try:
            yield cutter
        finally:
            cutter.close()
