"""A Lambda Runtime API for one process: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.local.progress import Problem

_ARN = "arn:aws:lambda:us-east-1:000000000000:function:measured"
# Seconds that a function may take for one event, under valgrind too.
_LIMIT = 120


class RuntimeApi:
    """Serves events to one function. `on_ready` is called whenever the function asks for its next event: it has answered
    the one before by then, and works no more."""

    def __init__(self, on_ready: Callable[[], None]) -> None:
        self.answers: list[bytes] = []
        self.on_ready = on_ready
        self.wanted = threading.Semaphore(0)
        self.ready = threading.Semaphore(0)
        self.failure = ""
        self._event = b""
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # An answer is written in parts; waiting for their acknowledgement would count as the function's time.
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self) -> None:
                api.on_ready()
                api.ready.release()
                api.wanted.acquire()
                self.send_response(200)
                number = len(api.answers) + 1
                self.send_header(
                    "Lambda-Runtime-Aws-Request-Id",
                    f"8476a536-e9f4-11e8-9739-{number:012}",
                )
                self.send_header(
                    "Lambda-Runtime-Deadline-Ms",
                    str(int((time.time() + _LIMIT) * 1000)),
                )
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", _ARN)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(api._event)))
                self.end_headers()
                self.wfile.write(api._event)

            def do_POST(self) -> None:
                body = self._body()
                if self.path.endswith("/response"):
                    api.answers.append(body)
                else:
                    api.failure = body.decode(errors="replace")
                    api.ready.release()
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _body(self) -> bytes:
                if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = []
                while size := int(self.rfile.readline().strip(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                while self.rfile.readline().strip():
                    pass
                return b"".join(parts)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def wait(self) -> None:
        """Returns when the function asks for an event."""
        if not self.ready.acquire(timeout=_LIMIT):
            raise Problem("The function did not answer in time.")
        if self.failure:
            raise Problem(f"The function failed: {self.failure[:1000]}")

    def send(self, event: dict[str, Any]) -> bytes:
        """Gives the waiting function an event; returns its answer when it asks for the next one."""
        self._event = json.dumps(event).encode()
        self.wanted.release()
        self.wait()
        return self.answers[-1]

    def close(self) -> None:
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()
