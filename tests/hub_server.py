"""A small Hugging Face Hub for tests: repositories with commits, spoken to by the real client.

The wire format is that of huggingface_hub 2.4: HEAD and GET of ``resolve`` with Range, model_info, tree,
paths-info, refs, and errors that carry ``X-Error-Code``. Set ``HF_ENDPOINT`` to ``url`` and
``HF_HUB_DISABLE_XET=1`` in the process of the client, which reads both when it is imported.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from web_server import Site

LFS = (".safetensors", ".bin", ".gguf", ".h5")


@dataclass
class Repo:
    """One repository: every commit is a whole tree; ``refs`` are branches and tags."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)

    def commit(self, files, ref="main"):
        """Adds a commit with these files on top of ``ref`` (None removes one) and returns its sha."""
        tree = dict(self.commits.get(self.refs.get(ref, ""), {}))
        tree |= {name: data for name, data in files.items() if data is not None}
        tree = {name: data for name, data in tree.items() if files.get(name, b"") is not None}
        told = f"{len(self.commits)}{sorted((n, git_blob(d)) for n, d in tree.items())}"
        sha = hashlib.sha1(told.encode()).hexdigest()
        self.commits[sha], self.refs[ref] = tree, sha
        return sha

    def resolve(self, revision):
        """Returns the commit that a revision means, or None."""
        return self.refs.get(revision) or (revision if revision in self.commits else None)


def git_blob(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def is_lfs(name):
    return name.endswith(LFS)


def pointer(data):
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{_sha(data)}\nsize {len(data)}\n".encode()


def _sha(data):
    return hashlib.sha256(data).hexdigest()


class HubServer(Site):
    """The server; ``repos`` maps ``org/name`` (``datasets/org/name``) to repositories.

    ``lies`` maps a file's name to other bytes than its commit holds; ``ignores_range`` sends whole files;
    ``redirect`` is where it sends those who ask for a file.
    """

    def __init__(self):
        super().__init__()
        self.repos = {}
        self.lies = {}
        self.ignores_range = False
        self.redirect = ""

    def repo(self, name):
        return self.repos.setdefault(name, Repo())

    @property
    def environment(self):
        """What a client's process must find."""
        return {"HF_ENDPOINT": self.url, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}

    def route(self, request):
        if self.redirect and "/resolve/" in request.path:
            request.reply(302, b"", {"Location": self.redirect})
            return
        parts = urlsplit(request.path)
        path = [unquote(part) for part in parts.path.strip("/").split("/")]
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length)
        if path[0] == "api" and path[1] in ("models", "datasets", "spaces"):
            self._api(request, path[1], path[2:], body)
        elif "resolve" in path:
            at = path.index("resolve")
            self._resolve(request, "/".join(path[:at]), path[at + 1], "/".join(path[at + 2 :]))
        else:
            request.reply(404, b"{}", {"Content-Type": "application/json"})

    def _json(self, request, value, status=200, headers=None):
        body = json.dumps(value).encode()
        request.reply(status, body, {"Content-Type": "application/json", **(headers or {})})

    def _missing(self, request, code):
        self._json(request, {"error": code}, 404, {"X-Error-Code": code, "X-Error-Message": code})

    def _api(self, request, kind, rest, body):
        name = "/".join(rest[:2])
        repo = self.repos.get(name if kind == "models" else f"{kind}/{name}")
        if repo is None:
            self._missing(request, "RepoNotFound")
            return
        action, rest = (rest[2] if len(rest) > 2 else "revision"), rest[3:]
        if action == "refs":
            self._refs(request, repo)
            return
        revision = rest[0] if rest else "main"
        sha = repo.resolve(revision)
        if sha is None:
            self._missing(request, "RevisionNotFound")
        elif action == "revision":
            self._info(request, name, sha, repo.commits[sha])
        elif action == "tree":
            self._tree(request, repo.commits[sha], "/".join(rest[1:]))
        elif action == "paths-info":
            wanted = parse_qs(body.decode()).get("paths", [])
            tree = repo.commits[sha]
            self._json(request, [entry(path, tree[path]) for path in wanted if path in tree])
        else:
            self._missing(request, "EntryNotFound")

    def _info(self, request, name, sha, tree):
        files = [
            {"rfilename": path, "size": len(data), "blobId": oid(path, data)}
            | ({"lfs": {"sha256": _sha(data), "size": len(data), "pointerSize": 134}} if is_lfs(path) else {})
            for path, data in sorted(tree.items())
        ]
        told = {"_id": "0", "id": name, "modelId": name, "sha": sha, "siblings": files, "tags": []}
        self._json(request, told | {"private": False, "downloads": 0, "likes": 0})

    def _tree(self, request, tree, folder):
        recursive = "recursive=true" in request.path.lower()
        prefix = f"{folder}/" if folder else ""
        inside = {path: data for path, data in tree.items() if path.startswith(prefix)}
        if not inside:
            self._missing(request, "EntryNotFound")
            return
        found, folders = [], set()
        for path, data in sorted(inside.items()):
            below = path[len(prefix) :].split("/")
            folders |= {prefix + "/".join(below[:depth]) for depth in range(1, len(below))}
            if recursive or len(below) == 1:
                found.append(entry(path, data))
        shown = [one for one in sorted(folders) if recursive or "/" not in one[len(prefix) :]]
        trees = [
            {"type": "directory", "path": one, "size": 0, "oid": git_blob(one.encode())} for one in shown
        ]
        self._json(request, trees + found)

    def _refs(self, request, repo):
        branches = [
            {"name": name, "ref": f"refs/heads/{name}", "targetCommit": sha}
            for name, sha in repo.refs.items()
        ]
        self._json(request, {"branches": branches, "tags": [], "converts": []})

    def _resolve(self, request, name, revision, path):
        repo = self.repos.get(name)
        sha = repo.resolve(revision) if repo else None
        if repo is None or sha is None:
            self._missing(request, "RevisionNotFound" if repo else "RepoNotFound")
            return
        data = repo.commits[sha].get(path)
        if data is None:
            self._missing(request, "EntryNotFound")
            return
        headers = {"X-Repo-Commit": sha, "ETag": f'"{oid(path, data)}"', "Accept-Ranges": "bytes"}
        if is_lfs(path):
            headers |= {"X-Linked-Etag": f'"{_sha(data)}"', "X-Linked-Size": str(len(data))}
        request.send_range(self.lies.get(path, data), headers, ignore=self.ignores_range)


def oid(path, data):
    """Returns git's name of a file: of its pointer, where its bytes are in LFS."""
    return git_blob(pointer(data)) if is_lfs(path) else git_blob(data)


def entry(path, data):
    """Returns one file as the tree lists it."""
    told = {"type": "file", "path": path, "size": len(data), "oid": oid(path, data)}
    if is_lfs(path):
        told["lfs"] = {"oid": _sha(data), "size": len(data), "pointerSize": len(pointer(data))}
    return told
