# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The other end of a connection, which does what no HTTP server does: says a byte now and then, or nothing at all.

Each way to behave is a function of the connected socket. It goes on for much longer than any time-out of these tests,
so that a test fails, instead of hanging, where nothing ends it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import repeat as repeated

Behavior = Callable[[socket.socket], None]

# Far more often than any time-out of these tests, which a library would begin anew each time.
PAUSE = 0.05
OFTEN = 100
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@contextmanager
def peer(behavior: Behavior) -> Iterator[str]:
    """Listen as long as the context lasts, and yield the address as ``127.0.0.1:port``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, behavior), daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def _accept(listener: socket.socket, behavior: Behavior) -> None:
    with suppress(OSError):
        while True:
            connection, _address = listener.accept()
            threading.Thread(target=_serve, args=(connection, behavior), daemon=True).start()


def _serve(connection: socket.socket, behavior: Behavior) -> None:
    with connection, suppress(OSError):
        behavior(connection)


def say(connection: socket.socket, said: bytes, then: Iterable[bytes] = (), pause: float = PAUSE) -> None:
    """Read what can be read at once, say something, and then piece by piece."""
    connection.recv(64 * 1024)
    connection.sendall(said)
    for piece in then:
        time.sleep(pause)
        connection.sendall(piece)


def drips_its_head(connection: socket.socket) -> None:
    say(connection, b"HTTP/1.1 200 OK\r\nX-Drip: ", repeated(b"x", OFTEN))


def drips_headers(connection: socket.socket) -> None:
    say(connection, b"HTTP/1.1 200 OK\r\n", repeated(b"X-Drip: x\r\n", OFTEN))


def drips_its_body(connection: socket.socket) -> None:
    say(connection, HEAD + b"Content-Length: 1000000\r\n\r\n", repeated(b" ", OFTEN))


def drips_chunks(connection: socket.socket) -> None:
    say(connection, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", repeated(b"1\r\n \r\n", OFTEN))


def drips_trailers(connection: socket.socket) -> None:
    say(connection, HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n0\r\n", repeated(b"X-Drip: x\r\n", OFTEN))


def continues_for_ever(connection: socket.socket) -> None:
    say(connection, CONTINUE, repeated(CONTINUE, OFTEN))


def continues_without_a_pause(connection: socket.socket) -> None:
    say(connection, b"", repeated(CONTINUE * 1000, 5000), pause=0.001)


def says_nothing(connection: socket.socket) -> None:
    while connection.recv(64 * 1024):
        pass


DRIPPING: dict[str, Behavior] = {
    "a byte of a header": drips_its_head,
    "header by header": drips_headers,
    "a byte of the body": drips_its_body,
    "chunk by chunk": drips_chunks,
    "trailer by trailer": drips_trailers,
    "100 Continue": continues_for_ever,
    "100 Continue, at once": continues_without_a_pause,
    "nothing": says_nothing,
}
