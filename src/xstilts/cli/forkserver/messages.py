"""What client and server tell each other over their socket.

The client sends a :class:`Request` with its standard input, output and error. The server answers with :data:`STARTED`
once it has forked, and with the status of the child, as of ``waitpid``, when that has ended. In between the client
sends the number of each signal that it gets, as one byte.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import NamedTuple

STARTED = b"+"

_STATUS = struct.Struct("!i")
_CREDENTIALS = struct.Struct("3i")
_STREAMS = (0, 1, 2)


class Request(NamedTuple):
    """A command, and what its process had when it was started.

    Attributes:
        arguments: ``sys.argv``.
        environment: All of its variables.
        ignored: The signals that it ignores.
        pid: The id of the client.
    """

    arguments: list[str]
    folder: str
    environment: dict[str, str]
    umask: int
    ignored: list[int]
    pid: int

    def send(self, connection: socket.socket) -> None:
        """Send it, with this process's standard input, output and error."""
        content = json.dumps(self._asdict()).encode()
        socket.send_fds(connection, [len(content).to_bytes(4, "big")], _STREAMS)
        connection.sendall(content)

    @classmethod
    def receive(cls, connection: socket.socket) -> tuple[Request, Sequence[int]]:
        """Receive one, and the client's standard input, output and error as file descriptors of this process.

        Raises:
            OSError: There is none.
        """
        length, streams, _, _ = socket.recv_fds(connection, 4, len(_STREAMS))
        try:
            if len(length) != 4 or len(streams) != len(_STREAMS):
                raise ConnectionError("no request")
            return cls(**json.loads(_receive(connection, int.from_bytes(length, "big")))), streams
        except OSError:
            for stream in streams:
                os.close(stream)
            raise


def send_status(connection: socket.socket, status: int) -> None:
    """Send the status of a child that has ended."""
    connection.sendall(_STATUS.pack(status))


def receive_status(connection: socket.socket) -> int:
    """Wait for the status of the child.

    Raises:
        OSError: The server has ended.
    """
    return int(_STATUS.unpack(_receive(connection, _STATUS.size))[0])


def is_of_this_user(connection: socket.socket) -> bool:
    """Whether the process at the other end belongs to the user of this one."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(credentials)[1] == os.geteuid())


def _receive(connection: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        part = connection.recv(size - len(content))
        if not part:
            raise ConnectionError("the other end has closed the connection")
        content += part
    return content
