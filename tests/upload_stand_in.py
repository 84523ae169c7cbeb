"""A local HTTP server that takes uploads as the model hub does: repositories, preupload, large files
by LFS, commits, listings."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_of_a_test_and_secret"


@dataclass
class Repository:
    private: bool
    commits: list[tuple[str, str, dict[str, bytes]]] = field(default_factory=list)
    large: set[str] = field(default_factory=set)  # names of files in LFS

    def commit(self, message: str, files: dict[str, bytes]) -> str:
        parent = self.commits[-1][0] if self.commits else ""
        oid = hashlib.sha1((parent + message + repr(sorted(files))).encode()).hexdigest()
        self.commits.append((oid, message, files))
        return oid

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[-1][2]


@dataclass
class Uploads:
    """`refused` maps a part of an address to the status that it is answered with; `spoiled` names a
    file that is listed with another content than it came with."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)  # LFS, by sha256
    refused: dict[str, int] = field(default_factory=dict)
    spoiled: str = ""
    asked: list[str] = field(default_factory=list)  # method and address of each request
    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return {"HF_ENDPOINT": self.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}


@contextmanager
def taking_uploads() -> Iterator[Uploads]:
    hub = Uploads()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            path = unquote(urlsplit(self.path).path)
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hub.asked.append(f"{self.command} {path}")
            for part, status in hub.refused.items():
                if part in path:
                    return self.send(status, {"error": "refused"})
            if path.startswith("/lfs/"):  # as storage does, by an address that is signed
                oid = path.removeprefix("/lfs/")
                assert hashlib.sha256(content).hexdigest() == oid
                hub.stored[oid] = content
                return self.send(200, {})
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                return self.send(401, {"error": "Invalid credentials"})
            if path == "/api/repos/create":
                return self.create(json.loads(content))
            if path == "/api/validate-yaml":
                fine = json.loads(content)["content"].startswith("---\n")
                errors = [] if fine else [{"message": "no head"}]
                return self.send(200 if fine else 400, {"errors": errors, "warnings": []})
            for name, repository in hub.repositories.items():
                if path == f"/{name}.git/info/lfs/objects/batch":
                    return self.batch(json.loads(content))
                place = f"/api/models/{name}"
                if path == place or path.startswith(f"{place}/"):
                    return self.of_repository(
                        name, repository, path.removeprefix(place).strip("/").split("/"), content
                    )
            self.send(404, {"error": "not here"}, {"X-Error-Code": "RepoNotFound"})

        do_GET = do_POST = do_PUT = handle_any

        def create(self, asked: dict[str, Any]) -> None:
            name = f"{asked['organization']}/{asked['name']}"
            if name in hub.repositories:
                there = {"error": "You already created this model repo", "url": f"{hub.url}/{name}"}
                return self.send(409, there)
            hub.repositories[name] = Repository(asked["visibility"] == "private")
            hub.repositories[name].commit("initial commit", {".gitattributes": b"*.safetensors"})
            self.send(200, {"url": f"{hub.url}/{name}"})

        def batch(self, asked: dict[str, Any]) -> None:
            objects = [
                {
                    "oid": one["oid"],
                    "size": one["size"],
                    "actions": {"upload": {"href": f"{hub.url}/lfs/{one['oid']}"}},
                }
                for one in asked["objects"]
            ]
            self.send(200, {"objects": objects, "transfer": "basic"})

        def of_repository(
            self, name: str, repository: Repository, what: list[str], content: bytes
        ) -> None:
            if what[0] in ("", "revision"):
                described = {"id": name, "sha": repository.commits[-1][0], "siblings": []}
                return self.send(200, described | {"private": repository.private})
            if what[0] == "preupload":
                modes = [
                    {
                        "path": one["path"],
                        "uploadMode": "lfs" if one["path"].endswith(".safetensors") else "regular",
                        "shouldIgnore": False,
                    }
                    for one in json.loads(content)["files"]
                ]
                return self.send(200, {"files": modes})
            if what[0] == "commit":
                return self.commit(name, repository, [json.loads(x) for x in content.splitlines()])
            assert what[0] == "tree"
            oid = what[1]
            files = next((f for o, _, f in repository.commits if oid in (o, "main")), None)
            if oid == "main":
                files = repository.files
            assert files is not None
            self.send(200, [self.listed(repository, path, files[path]) for path in sorted(files)])

        def commit(self, name: str, repository: Repository, lines: list[dict[str, Any]]) -> None:
            files, head = dict(repository.files), lines[0]["value"]
            if head.get("parentCommit") not in (None, repository.commits[-1][0]):
                return self.send(412, {"error": "the branch has moved"})
            for line in lines[1:]:
                value = line["value"]
                if line["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    files[value["path"]] = hub.stored[value["oid"]]
                    repository.large.add(value["path"])
                else:
                    assert line["key"] == "deletedFile"
                    del files[value["path"]]
            oid = repository.commit(head["summary"], files)
            self.send(200, {"commitUrl": f"{hub.url}/{name}/commit/{oid}", "commitOid": oid})

        def listed(self, repository: Repository, path: str, content: bytes) -> dict[str, Any]:
            if path == hub.spoiled:
                content = content[:-1] + b"?"
            blob = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
            entry = {"type": "file", "path": path, "size": len(content), "oid": blob}
            if path in repository.large:
                oid = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"oid": oid, "size": len(content), "pointerSize": 134}
            return entry

        def send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

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
