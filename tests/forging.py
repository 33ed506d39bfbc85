"""A signed project, and the tools of somebody who would like another scoreboard."""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path

from workbench import Bench

from harness.evidence.digests import bytes_digest
from harness.evidence.dsse import sign
from harness.evidence.keys import read_public
from harness.evidence.statement import canonical

FLAT = [{"step": step, "loss": 5.0} for step in range(6)]
POLICY = """\
policy: 1
signers: [keys/reviewer.pub]
authors: [keys/author.pub]
heads: keys/heads
demands: {signatures: 1, locked: true, fresh_days: 30}
"""


class Signed:
    """A project that was locked, checked and signed; ``keys`` of the reviewer lie outside it.

    ``bench`` drives the command line, and every method is something that an attacker can do with files.
    """

    def __init__(self, root: Path, keys: Path, policy: str = POLICY) -> None:
        self.bench, self.root, self.keys = Bench(root), root, keys
        for name in ("reviewer", "author", "stranger"):
            self.bench("key", "new", str(keys / name))
        (root / "keys").mkdir()
        for name in ("reviewer", "author"):
            shutil.copy(keys / f"{name}.pub", root / "keys" / f"{name}.pub")
        self.bench.write("policy.yaml", policy)
        self.bench.two()
        self.bench.write("keys/heads", "")
        assert self.bench("lock").code == 0
        assert self.bench("check").code == 0
        self.sign("reviewer")

    def sign(self, name: str) -> None:
        said = self.bench("sign", "--key", str(self.keys / name), "--heads", str(self.root / "keys/heads"))
        assert said.code == 0, said

    def verify(self, *more: str):
        return self.bench("verify", "--key", str(self.keys / "reviewer.pub"), *more)

    @property
    def envelope(self) -> Path:
        return self.envelope_of("reviewer")

    def envelope_of(self, name: str) -> Path:
        key = read_public(self.keys / f"{name}.pub")
        return self.root / f"evidence/signed/{key.id[:16]}.dsse.json"

    def edit_envelope(self, change) -> None:
        """Changes the outside of the envelope: what is not signed."""
        told = json.loads(self.envelope.read_bytes())
        change(told)
        self.envelope.write_bytes(canonical(told))

    def edit_payload(self, change, key: str | None = None, name: str = "reviewer") -> None:
        """Changes what is signed; without a key the signature stays that of the old payload."""
        told = json.loads(self.envelope.read_bytes())
        payload = json.loads(base64.b64decode(told["payload"]))
        change(payload)
        data = canonical(payload)
        if key is None:
            told["payload"] = base64.b64encode(data).decode()
            self.envelope.write_bytes(canonical(told))
        else:
            self.envelope_of(name).write_bytes(sign(data, self.keys / key)[0])

    def raw_payload(self, data: bytes, key: str = "reviewer") -> None:
        self.envelope.write_bytes(sign(data, self.keys / key)[0])

    def payload(self) -> dict:
        return json.loads(base64.b64decode(json.loads(self.envelope.read_bytes())["payload"]))

    def evidence(self, criterion: str = "FALL") -> Path:
        return self.bench.one(criterion)

    def edit_evidence(self, change, criterion: str = "FALL") -> bytes:
        told = json.loads(self.evidence(criterion).read_bytes())
        change(told["predicate"])
        data = canonical(told)
        self.evidence(criterion).write_bytes(data)
        return data

    def vouch(self, *criteria: str, parents: bool = True, **changes) -> None:
        """Writes a ledger entry that says the evidence as it lies there is right: re-chaining."""
        head = self.bench.entries()[-1]
        value = json.loads(head.read_bytes())
        value["parents"] = [head.stem] if parents else []
        records = [r for path in self.bench.entries() for r in json.loads(path.read_bytes())["records"]]
        latest = {r["path"]: r for r in records if (self.root / r["path"]).exists()}
        value["records"] = [
            r | {"sha256": bytes_digest((self.root / r["path"]).read_bytes())} | changes
            for r in latest.values()
            if not criteria or r["criterion"] in criteria
        ]
        self.entry(value)

    def entry(self, value: dict) -> Path:
        data = canonical(value)
        return self.bench.write(f"evidence/ledger/{bytes_digest(data)}.json", data)

    def fail(self) -> None:
        """Makes the log one that falsifies the claim, checked and recorded."""
        self.bench.log(FLAT)
        assert self.bench("check").code == 1

    def keep(self, *names: str) -> dict[str, bytes]:
        """Takes a copy of files or folders, to be put back later."""
        found = {}
        for name in names:
            path = self.root / name
            files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
            found |= {p.relative_to(self.root).as_posix(): p.read_bytes() for p in files}
        return found

    def put_back(self, kept: dict[str, bytes]) -> None:
        for name, data in kept.items():
            self.bench.write(name, data)

    def wipe(self, name: str) -> None:
        shutil.rmtree(self.root / name)

    def touch_like(self, path: Path, data: bytes) -> None:
        """Writes other bytes and sets the times back."""
        times = path.stat()
        path.write_bytes(data)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
