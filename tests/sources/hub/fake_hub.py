"""A server with the API of the Hugging Face Hub, for a folder of repositories at one commit.

It supports the requests that ``datasets`` and ``huggingface_hub`` make to list and read files.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_API = re.compile(r"/api/(?:datasets|models)/([^/]+/[^/]+)/(revision|tree|paths-info)/([^/]+)/?(.*)")
_FILE = re.compile(r"/(?:datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


@contextmanager
def serving(root: Path, commit: str, refused: dict[str, int] | None = None) -> Iterator[str]:
    """Serve the repositories ``{root}/{namespace}/{name}``.

    Args:
        root: The folder of the repositories.
        commit: The only revision that the repositories have.
        refused: By repository, an HTTP status to answer all requests about it with.

    Yields:
        The endpoint.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            if api := _API.fullmatch(path):
                self._metadata(*api.groups())
            elif file := _FILE.fullmatch(path):
                self._file(*file.groups())
            else:
                self._answer(200 if path == "/" else 404)

        do_HEAD = do_POST = do_GET

        def _metadata(self, repository: str, kind: str, revision: str, inside: str) -> None:
            request_body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not self._check_repository(repository, revision):
                return
            folder = root / repository
            if kind == "revision":
                body: Any = {"id": repository, "sha": commit, "siblings": []}
            elif kind == "tree":
                paths = sorted((folder / inside).rglob("*") if "recursive=true" in self.path.lower() else
                               (folder / inside).glob("*"))  # fmt: skip
                body = [_entry(folder, path) for path in paths]
            else:
                requested = (
                    json.loads(request_body)["paths"]
                    if request_body.startswith(b"{")
                    else re.findall(rb"paths=([^&]*)", request_body)
                )
                names = [name if isinstance(name, str) else unquote(name.decode()) for name in requested]
                body = [_entry(folder, folder / name) for name in names if (folder / name).exists()]
            self._answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

        def _file(self, repository: str, revision: str, name: str) -> None:
            if not self._check_repository(repository, revision):
                return
            path = root / repository / name
            if not path.is_file():
                self._answer(404, headers={"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
                return
            content, status, headers = path.read_bytes(), 200, {"X-Repo-Commit": commit, "ETag": f'"{_checksum(path)}"'}
            headers["Accept-Ranges"] = "bytes"
            if requested_range := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
                first, last = int(requested_range[1]), min(int(requested_range[2] or len(content)), len(content) - 1)
                headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
                content, status = content[first : last + 1], 206
            self._answer(status, content, headers)

        def _check_repository(self, repository: str, revision: str) -> bool:
            if status := (refused or {}).get(repository):
                self._answer(status)
            elif not (root / repository).is_dir():
                self._answer(404, headers={"X-Error-Code": "RepoNotFound"})
            elif revision != commit:
                self._answer(404, headers={"X-Error-Code": "RevisionNotFound"})
            else:
                return True
            return False

        def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _entry(folder: Path, path: Path) -> dict[str, Any]:
    name = path.relative_to(folder).as_posix()
    if path.is_dir():
        return {"type": "directory", "path": name, "oid": "0" * 40}
    return {"type": "file", "path": name, "size": path.stat().st_size, "oid": _checksum(path)}


def _checksum(path: Path) -> str:
    return hashlib.sha1(path.read_bytes()).hexdigest()
