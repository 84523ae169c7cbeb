"""A local HTTP server that answers as the model hub does, for the few calls of a download."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass
class Hub:
    """One repository of models or datasets; `revisions` maps a commit to the folder with its
    files."""

    repo: str
    revisions: dict[str, Path]
    kind: str = "models"
    url: str = ""
    fetched: list[str] = field(default_factory=list)  # names of the files that were downloaded

    @property
    def environment(self) -> dict[str, str]:
        return {"HF_ENDPOINT": self.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def do_POST(self) -> None:
            self.asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            api = f"/api/{hub.kind}/{hub.repo}"
            home = "" if hub.kind == "models" else f"/{hub.kind}"
            for commit, folder in hub.revisions.items():
                files = sorted(file.name for file in folder.iterdir())
                if path == f"{api}/revision/{commit}":
                    siblings = [{"rfilename": name} for name in files]
                    described = {"id": hub.repo, "sha": commit, "siblings": siblings}
                    return self.send(200, json.dumps(described).encode(), {}, body)
                if path in (f"{api}/tree/{commit}", f"{api}/paths-info/{commit}"):
                    entries = [
                        {"type": "file", "path": name, "size": (folder / name).stat().st_size}
                        | {"oid": hashlib.sha1((folder / name).read_bytes()).hexdigest()}
                        for name in files
                        if "paths-info" not in path or name in self.asked
                    ]
                    return self.send(200, json.dumps(entries).encode(), {}, body)
                prefix = f"{home}/{hub.repo}/resolve/{commit}/"
                if path.startswith(prefix) and path.removeprefix(prefix) in files:
                    name = path.removeprefix(prefix)
                    content = (folder / name).read_bytes()
                    if body:
                        hub.fetched.append(name)
                    etag = hashlib.sha256(content).hexdigest()
                    headers = {"X-Repo-Commit": commit, "ETag": f'"{etag}"'}
                    return self.send(200, content, headers, body)
                if f"/{commit}/" in path:
                    return self.send(404, b"", {"X-Error-Code": "EntryNotFound"}, body)
            self.send(404, b"", {"X-Error-Code": "RevisionNotFound"}, body)

        def send(self, status: int, content: bytes, headers: dict, body: bool) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
