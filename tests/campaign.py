"""Many random misfortunes for a signed release: processes killed at any moment, single bytes changed."""

import collections
import json
import random
import shutil
import signal
import time
from pathlib import Path

from faults import drive
from forging import Signed
from hub_server import HubServer
from releasing import TOKEN, make_release
from workbench import LOG

from harness.evidence.digests import bytes_digest

PUBLISHED = {"model.safetensors", "README.md", "claims/policy.yaml"}


class Kills:
    """A release whose commands are killed at random moments, and what must hold after each kill."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random, self.folder = random.Random(seed), folder
        self.bench = make_release(folder / "project", folder / "keys")
        self.keys, self.round = folder / "keys", 0
        self.took: dict[str, float] = {}
        self.tally: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
        self.hub = HubServer().__enter__()
        self.archive = folder / "packed.tgz"
        assert self.bench("evidence", "pack", str(self.archive)).code == 0

    @property
    def publish(self):
        """Returns the command that publishes the release, signed."""
        return ("publish", "out", "--repo", "me/model", "--key", str(self.keys / "reviewer"), "--yes")

    @property
    def commands(self):
        """Returns every command by its name with what must happen before it."""
        heads = str(self.bench.root / "keys/heads")
        return {
            "check": (("check",), self.change),
            "check --all": (("check", "--all"), nothing),
            "sign": (("sign", "--key", str(self.keys / "reviewer"), "--heads", heads), nothing),
            "lock": (("lock",), self.another),
            "retract": (("retract", "demo/SHAPE", "--reason", "a try"), nothing),
            "publish": (self.publish, nothing),
            "pack": (("evidence", "pack", str(self.archive)), nothing),
            "import": (("evidence", "import", str(self.archive)), self.forget),
        }

    def change(self):
        self.round += 1
        self.bench.log([*LOG, {"step": 6, "loss": 1.0 + self.round / 1e6}])

    def another(self):
        """Adds a contract that was never locked, judged or signed."""
        self.round += 1
        self.bench.contract(
            "criteria:\n  A:\n    claim: Sums add.\n    holds: 'a + a == b'\n    numbers: {a: 1, b: 2}\n",
            "again",
        )
        shutil.rmtree(self.bench.root / "evidence/again", ignore_errors=True)

    def forget(self):
        shutil.rmtree(self.bench.root / "evidence/demo", ignore_errors=True)

    def drive(self, *arguments, kill_after=None):
        variables = {**self.hub.environment, "HF_TOKEN": TOKEN, "HF_HOME": str(self.folder / "home")}
        return drive(self.bench.root, 0, "kill", *arguments, variables=variables, kill_after=kill_after)

    def one(self):
        """Kills one command at a random moment and holds everything that must hold."""
        name = self.random.choice(sorted(self.commands))
        arguments, before = self.commands[name]
        if name not in self.took:
            before()
            start = time.monotonic()
            self.drive(*arguments)
            self.took[name] = time.monotonic() - start
            self.mended()
        before()
        counted = self.counted()
        ended = self.drive(*arguments, kill_after=self.random.uniform(0, 1.1 * self.took[name]))
        self.tally[name]["kills" if ended.code == -signal.SIGKILL else "ended before"] += 1
        self.whole(name, counted if before is nothing and name != "retract" else set())
        self.mended(name)

    def counted(self):
        """Returns what is discharged now."""
        return {name for name, status in self.bench.statuses().items() if status == "DISCHARGED"}

    def whole(self, name, counted):
        """Holds that no file is torn and, for what was not touched, that the next command finds it again."""
        root = self.bench.root
        for path in root.glob("evidence/**/*.json"):
            if not path.name.startswith("."):
                json.loads(path.read_bytes())
                assert path.parent.name != "ledger" or bytes_digest(path.read_bytes()) == path.stem
        for repo in self.hub.repos.values():
            tree = repo.commits[repo.refs["main"]].keys() - {".gitattributes"}
            assert not tree or tree >= PUBLISHED, f"half a release: {sorted(tree)}"
        if name == "pack" and self.archive.exists():
            assert self.bench("evidence", "import", str(self.archive)).code in (0, 1)
        said = self.bench("check", "--format", "json")
        if counted:
            assert counted <= self.counted(), said
            self.tally[name]["taken up"] += "taken up" in said.err

    def mended(self, name=""):
        """Brings the project to its end, as the next person would, and holds that it gets there."""
        said = self.bench("check")
        assert said.code == 0 or ("withdrawn" in said.err and self.bench("check", "--all").code == 0), said
        assert self.bench("lock").code in (0, 1)
        assert not self.bench.board()["problems"]
        shutil.rmtree(self.bench.root / "evidence/again", ignore_errors=True)
        (self.bench.root / "contracts/again.yaml").unlink(missing_ok=True)
        arguments, _ = self.commands["sign"]
        assert self.bench(*arguments).code == 0
        assert self.bench("verify", "--key", str(self.keys / "reviewer.pub")).code == 0
        said = self.bench("gate")
        assert said.code == 0, said
        if name == "publish":
            again = self.drive(*self.publish)
            assert "published and verified" in again.err, again.err[-900:]
        if not self.archive.exists() or self.random.random() < 0.1:
            assert self.bench("evidence", "pack", str(self.archive)).code == 0
        if len(self.bench.entries()) > 60:
            self.fresh()

    def fresh(self):
        """Begins anew: a ledger of thousands of entries would make every command slower."""
        shutil.rmtree(self.bench.root)
        shutil.rmtree(self.keys)
        self.bench = make_release(self.folder / "project", self.keys)
        assert self.bench("evidence", "pack", str(self.archive)).code == 0

    def run(self, count):
        """Kills until ``count`` commands died before their end, and returns the tally by command."""
        while sum(found["kills"] for found in self.tally.values()) < count:
            self.one()
        self.hub.stop()
        return self.tally


def nothing():
    """Changes nothing."""


def flips(folder: Path, count: int, seed: int):
    """Flips ``count`` single bytes of a signed scoreboard and its materials; returns how many were found."""
    dice = random.Random(seed)
    (folder / "project").mkdir()
    signed = Signed(folder / "project", folder / "keys")
    sealed = [signed.root / item["name"] for item in signed.payload()["subject"]]
    files = [signed.envelope, signed.root / "log.jsonl", *sealed]
    found, of = collections.Counter(), collections.Counter()
    missed = []
    for _ in range(count):
        path = dice.choice(files)
        whole = path.read_bytes()
        place, other = dice.randrange(len(whole)), dice.randrange(1, 256)
        signed.touch_like(path, whole[:place] + bytes([whole[place] ^ other]) + whole[place + 1 :])
        name = path.relative_to(signed.root).parts[0]
        of[name] += 1
        if signed.verify().code != 0:
            found[name] += 1
        else:
            missed.append((str(path), place, other))
        path.write_bytes(whole)
    assert signed.verify().code == 0, "what was put back is verified"
    return of, found, missed
