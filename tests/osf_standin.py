"""A stand-in for the Open Science Framework: files at /<key>/ on a port of this machine, and its bad days.

A key with a folder, such as ``8260/a.gii``, is served at its own address, as NITRC does.
"""

import os
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from unittest import mock


class Request(NamedTuple):
    """What was asked for: the key, the Range header (or None), and the status of the answer."""

    key: str
    range: str | None
    status: int


class OSFStandIn:
    """Serve files over HTTP while the context lasts.

    Inside the context 127.0.0.1 is exempt from proxies, for this process and the ones it starts.

    Parameters
    ----------
    files : dict of str to bytes
        Content by key, served at ``/<key>/``; may be changed while serving.
    fail_first : int
        So many requests are answered with 503 before the first is served.
    cut_first : int
        So many of the served answers are cut half way.
    ranges : bool
        Whether Range headers are obeyed (206, 416) or ignored.
    lengths : bool
        Whether Content-Length is given; without it an answer ends with the connection.
    delay : float
        Seconds an answer takes, so that requests can meet.
    redirect : bool
        Whether ``/<key>/`` only names the place that serves the file, ``/stored/<key>/``, as OSF does.
    headers : dict of str to str, optional
        Sent with every answer.

    Attributes
    ----------
    requests : list of Request
        All that came, in order.
    most_at_once : int
        The largest number of requests that were under way at one time.
    """

    def __init__(
        self, files, *, fail_first=0, cut_first=0, ranges=True, lengths=True, delay=0.0, redirect=False, headers=None
    ):
        self.files = dict(files)
        self.fail_first = fail_first
        self.cut_first = cut_first
        self.ranges = ranges
        self.lengths = lengths
        self.delay = delay
        self.redirect = redirect
        self.headers = headers or {}
        self.requests = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    @property
    def base_url(self):
        """The address before ``/<key>/``, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        standin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                standin._answer(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self._environment = mock.patch.dict(os.environ, {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"})
        self._environment.start()
        return self

    def __exit__(self, *_):
        self._environment.stop()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, handler):
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            time.sleep(self.delay)
            self._serve(handler)
        except ConnectionError:
            pass
        finally:
            with self._lock:
                self._at_once -= 1

    def _serve(self, handler):
        key = handler.path.strip("/").removeprefix("stored/")
        wanted = handler.headers.get("Range")
        with self._lock:
            status, content, headers = self._choose(handler.path, key, wanted)
            self.requests.append(Request(key, wanted, status))
            cut = status < 300 and self.cut_first > 0
            self.cut_first -= cut
        handler.send_response(status)
        for name, value in (headers | self.headers).items():
            handler.send_header(name, value)
        if self.lengths:
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2] if cut else content)

    def _choose(self, path, key, wanted):
        if self.fail_first > 0:
            self.fail_first -= 1
            return 503, b"busy", {}
        address = f"/{key}" if "/" in key else f"/{key}/"
        if self.redirect and path == address:
            return 302, b"", {"Location": f"/stored{address}"}
        if key not in self.files or path != (f"/stored{address}" if self.redirect else address):
            return 404, b"no such file", {}
        content = self.files[key]
        start = re.fullmatch(r"bytes=(\d+)-", wanted or "")
        if not self.ranges or not start:
            return 200, content, {}
        start = int(start[1])
        if start >= len(content):
            return 416, b"", {"Content-Range": f"bytes */{len(content)}"}
        return 206, content[start:], {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
