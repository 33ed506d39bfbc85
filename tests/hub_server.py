"""A small Hugging Face Hub for tests: repositories with commits, spoken to by the real client.

The wire format is that of huggingface_hub 2.4: HEAD and GET of ``resolve`` with Range, model_info, tree,
paths-info, refs, and errors that carry ``X-Error-Code``; to write: create, preupload, Git LFS and commit.
Set ``HF_ENDPOINT`` to ``url`` and ``HF_HUB_DISABLE_XET=1`` in the process of the client, which reads both
when it is imported.
"""

from __future__ import annotations

import base64
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
    private: bool = False

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
    ``redirect`` is where it sends those who ask for a file. ``failing`` answers so many requests to write
    with 503 first; ``tokens`` are those it was shown; ``meddle`` is called with a repository and the files of
    a commit before it is kept, and returns what is kept instead.
    """

    def __init__(self):
        super().__init__()
        self.repos = {}
        self.lies = {}
        self.ignores_range = False
        self.redirect = ""
        self.failing, self.tokens, self.large = 0, set(), {}
        self.meddle = lambda repo, files: files

    def repo(self, name):
        return self.repos.setdefault(name, Repo())

    @property
    def environment(self):
        """What a client's process must find."""
        return {"HF_ENDPOINT": self.url, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}

    def _write(self, request, path, body):
        """Answers what only those who publish ask; tells whether it was such a request."""
        self.tokens.add(request.headers.get("Authorization"))
        if self.failing and request.command in ("POST", "PUT"):
            self.failing -= 1
            self._json(request, {"error": "later"}, 503)
        elif path[:3] == ["api", "repos", "create"]:
            self._create(request, json.loads(body))
        elif path[:2] == ["api", "validate-yaml"]:
            self._json(request, {"warnings": [], "errors": []})
        elif path[-3:] == ["lfs", "objects", "batch"]:
            self._batch(request, json.loads(body))
        elif path[0] == "large" and request.command == "PUT":
            self.large[path[1]] = body
            request.reply(200 if _sha(body) == path[1] else 400)
        elif path[0] == "large":
            request.reply(200 if json.loads(body)["oid"] in self.large else 404)
        elif path[:2] == ["api", "models"] and path[4:5] in (["preupload"], ["commit"]):
            repo = self.repos.get("/".join(path[2:4]))
            if repo is None:
                self._missing(request, "RepoNotFound")
            else:
                (self._preupload if path[4] == "preupload" else self._commit)(request, repo, body)
        else:
            return False
        return True

    def _create(self, request, told):
        name = f"{told.get('organization') or 'me'}/{told['name']}"
        status = 409 if name in self.repos else 200
        if status == 200:
            self.repos[name] = Repo(private=told.get("visibility") == "private" or bool(told.get("private")))
            self.repos[name].commit({".gitattributes": b"*.safetensors filter=lfs\n"})
        self._json(request, {"url": f"{self.url}/{name}", "name": name, "id": name}, status)

    def _batch(self, request, told):
        objects = []
        for item in told["objects"]:
            place = f"{self.url}/large/{item['oid']}"
            actions = {"upload": {"href": place}, "verify": {"href": place}}
            known = {} if item["oid"] in self.large else {"actions": actions}
            objects.append({"oid": item["oid"], "size": item["size"], **known})
        self._json(request, {"transfer": "basic", "objects": objects})

    def _preupload(self, request, repo, body):
        tree = repo.commits.get(repo.refs.get("main", ""), {})
        files = [
            {
                "path": item["path"],
                "uploadMode": "lfs" if is_lfs(item["path"]) else "regular",
                "shouldIgnore": False,
                "oid": oid(item["path"], tree[item["path"]]) if item["path"] in tree else None,
            }
            for item in json.loads(body)["files"]
        ]
        self._json(request, {"files": files})

    def _commit(self, request, repo, body):
        name = next(name for name, one in self.repos.items() if one is repo)
        lines = [json.loads(line) for line in body.splitlines()]
        head = repo.refs.get("main")
        if lines[0]["value"].get("parentCommit") not in (None, head):
            self._json(request, {"error": "stale parent"}, 412)
            return
        files = {}
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.large[value["oid"]]
            elif line["key"] == "deletedFile":
                files[value["path"]] = None
        sha = repo.commit(self.meddle(repo, files))
        self._json(
            request, {"success": True, "commitOid": sha, "commitUrl": f"{self.url}/{name}/commit/{sha}"}
        )

    def route(self, request):
        if self.redirect and "/resolve/" in request.path:
            request.reply(302, b"", {"Location": self.redirect})
            return
        parts = urlsplit(request.path)
        path = [unquote(part) for part in parts.path.strip("/").split("/")]
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length)
        if self._write(request, path, body):
            return
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
            self._info(request, name, sha, repo.commits[sha], private=repo.private)
        elif action == "tree":
            self._tree(request, repo.commits[sha], "/".join(rest[1:]))
        elif action == "paths-info":
            wanted = parse_qs(body.decode()).get("paths", [])
            tree = repo.commits[sha]
            self._json(request, [entry(path, tree[path]) for path in wanted if path in tree])
        else:
            self._missing(request, "EntryNotFound")

    def _info(self, request, name, sha, tree, *, private):
        files = [
            {"rfilename": path, "size": len(data), "blobId": oid(path, data)}
            | ({"lfs": {"sha256": _sha(data), "size": len(data), "pointerSize": 134}} if is_lfs(path) else {})
            for path, data in sorted(tree.items())
        ]
        told = {"_id": "0", "id": name, "modelId": name, "sha": sha, "siblings": files, "tags": []}
        self._json(request, told | {"private": private, "downloads": 0, "likes": 0})

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
