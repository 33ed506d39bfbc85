"""A web server for tests: serves bytes by range, counts what it serves, and misbehaves on demand."""

from __future__ import annotations

import hashlib
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers from ``self.server.site``; every body goes through ``reply``, which counts it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        return

    def do_HEAD(self):
        self.server.site.answer(self)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD

    def reply(self, status, body=b"", headers=None, claimed=None):
        """Sends a whole answer; ``claimed`` is a length to lie about."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if claimed is None else claimed))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            self.server.site.served += len(body)
        if claimed is not None and self.command != "HEAD":
            self.close_connection = True

    def send_range(self, data, headers, *, ignore=False):
        """Sends the part of ``data`` that the Range header asks for, or all of it."""
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if self.command == "HEAD" or asked is None or ignore:
            self.reply(200, data, headers)
            return
        start, end = int(asked[1]), min(int(asked[2] or len(data)), len(data) - 1)
        if start >= len(data):
            self.reply(416, b"", {"Content-Range": f"bytes */{len(data)}"})
            return
        self.reply(
            206, data[start : end + 1], headers | {"Content-Range": f"bytes {start}-{end}/{len(data)}"}
        )


class Server(ThreadingHTTPServer):
    """One thread a connection; a client that hangs up is no news."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Site:
    """A server of this process: ``served`` counts the bytes of bodies, ``asked`` lists requests."""

    def __init__(self):
        self.served, self.asked, self.down = 0, [], False
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.site = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def secure(self, context):
        """Speaks TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")
        return self

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.down = True  # connections that are kept open go too
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request):
        if self.down:
            request.close_connection = True
            return
        self.asked.append(f"{request.command} {request.path}")
        self.route(request)

    def route(self, request):
        raise NotImplementedError

    def forget(self):
        """Starts counting anew."""
        self.served, self.asked = 0, []


class Files(Site):
    """Serves ``files`` (path to bytes) as a plain web server does; ``mode`` is how it misbehaves."""

    def __init__(self, files=None, mode="", etag=True):
        super().__init__()
        self.files, self.mode, self.etag = dict(files or {}), mode, etag

    def route(self, request):
        name = request.path.lstrip("/")
        if self.mode == "loop":
            request.reply(302, b"", {"Location": f"/{name}x"[:100]})
        elif self.mode.startswith("to "):
            request.reply(302, b"", {"Location": self.mode[3:]})
        elif self.mode == "signed":
            signed = "?sig=" in request.path
            request.reply(403 if signed else 302, b"", {"Location": f"/{name}?sig=s3cret"})
        elif self.mode == "silent":
            time.sleep(1.5)
            request.close_connection = True
        elif name not in self.files:
            request.reply(404, b"no")
        else:
            self._file(request, self.files[name])

    def _file(self, request, data):
        headers = {"ETag": f'"{hashlib.md5(data).hexdigest()}"'} if self.etag else {}
        get = request.command == "GET"
        if self.mode == "truncates" and get:
            request.reply(200, data[: len(data) // 2], headers, claimed=len(data))
        elif self.mode == "shorter" and get:
            request.reply(200, data[:-1], headers)
        elif self.mode == "longer" and get:
            request.reply(200, data + b"x", headers)
        elif self.mode == "short range" and get and request.headers.get("Range"):
            request.reply(206, data[:3], headers)
        elif self.mode == "another range" and get and request.headers.get("Range"):
            request.reply(206, data[8:16], headers | {"Content-Range": f"bytes 8-15/{len(data)}"})
        elif self.mode == "changes" and get:
            self.files[request.path.lstrip("/")] = data[:-1] + bytes([data[-1] ^ 1])
            request.reply(200, data, headers)
        else:
            request.send_range(data, headers, ignore=self.mode == "ignores range")
