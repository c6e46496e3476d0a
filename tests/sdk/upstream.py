"""A scripted upstream: answers what it is told to, and remembers what it was asked."""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections import deque
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from proxy import LIMIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def text(self) -> str:
        """Everything that was sent, to search for what should not be in it."""
        headers = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return f"{self.method} {self.path}\n{headers}\n\n{self.body.decode(errors='replace')}"


class Feed:
    """A body that is sent piece by piece, as the test gives them."""

    def __init__(self) -> None:
        self._pieces: queue.Queue[bytes | None] = queue.Queue()
        self._abandoned = threading.Event()
        self.breaks_off = False

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._pieces.put(piece)

    def send_until(self, events: Iterator[bytes], *texts: str) -> None:
        """Sends events, through the one that holds each of these texts in turn."""
        for text in texts:
            for event in events:
                self.send(event)
                if text.encode() in event:
                    break

    def end(self) -> None:
        self._pieces.put(None)

    def break_off(self) -> None:
        self.breaks_off = True
        self.end()

    def next(self) -> bytes | None:
        return self._pieces.get(timeout=LIMIT_SECONDS)

    def wait_until_nobody_listens(self) -> None:
        """Waits for the other side to close the connection in mid-answer, and ends."""
        assert self._abandoned.wait(LIMIT_SECONDS), "the connection is still open"
        self.end()

    def watch(self, connection: socket.socket) -> None:
        """Reads while an answer is under way, when clients send nothing, to see the end at once."""
        try:
            is_over = not connection.recv(1, socket.MSG_PEEK)
        except OSError:
            is_over = True
        if is_over:
            self._abandoned.set()


@dataclass(frozen=True)
class Reply:
    body: bytes | Feed
    status: int = HTTPStatus.OK
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: object, status: int = HTTPStatus.OK, **headers: str) -> Self:
        return cls(json.dumps(value).encode(), status, headers=headers)


class Upstream:
    """Serves on a port of its own until the end of its `with` block."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._script: deque[Reply] = deque()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.upstream = self
        self.root = f"http://127.0.0.1:{self._server.server_port}"

    def answers(self, *replies: Reply) -> None:
        """Answers with these in turn; the last one stays."""
        self._script = deque(replies)

    def next_reply(self) -> Reply:
        return self._script.popleft() if len(self._script) > 1 else self._script[0]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    upstream: Upstream
    # A connection that the other side keeps open does not keep the tests waiting.
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.upstream.seen.append(Seen(self.command, self.path, headers, body))
        reply = self.server.upstream.next_reply()
        self.send_response(reply.status)
        self.send_header("content-type", reply.content_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        match reply.body:
            case bytes(whole):
                self.send_header("content-length", str(len(whole)))
                self.end_headers()
                self.wfile.write(whole)
            case feed:
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                self._send_fed(feed)

    def _send_fed(self, feed: Feed) -> None:
        threading.Thread(target=feed.watch, args=(self.connection,), daemon=True).start()
        while (piece := feed.next()) is not None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if feed.breaks_off:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.wfile.write(b"0\r\n\r\n")
