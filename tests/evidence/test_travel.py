"""Evidence made in one project and taken in by another: what is verified, kept, refused."""

import gzip
import hashlib
import json
import re
import shutil

import pytest
from workbench import LOG, TWO, Bench

from harness.evidence.archive import Part, read_archive, write_archive

TRAIN = """
import json, os, pathlib
seed = int(json.loads(pathlib.Path(os.environ["HARNESS_CONFIG"]).read_text())["seed"])
rows = [json.dumps({"step": s, "loss": 5 - s + seed}) for s in range(4)]
out = pathlib.Path(os.environ["HARNESS_OUTPUT"])
(out / "trace.jsonl").write_text("\\n".join(rows) + "\\n")
"""
RUNS = """
inputs:
  trace: {run: tiny, output: trace}
  log: {file: log.jsonl}
runs:
  tiny: {command: [python3, train.py], code: [train.py], seeds: [1, 2]}
criteria:
  RUN: {metric: loss, log: trace, falls_by: 2}
  LOG: {metric: loss, log: log, falls_by: 2}
"""


@pytest.fixture
def there(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("there"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A project whose two short runs were made and checked, once for the module."""
    made = with_runs(Bench(tmp_path_factory.mktemp("trained")))
    assert made("check", "--allow-code").code == 0
    return made


def copied(trained, bench):
    shutil.copytree(trained.root, bench.root, dirs_exist_ok=True)
    return bench


def pack(bench, *arguments):
    said = bench("evidence", "pack", "e.tgz", *arguments)
    assert said.code == 0, said.err + said.out
    return bench.root / "e.tgz"


def take(bench, file, *arguments):
    return bench("evidence", "import", str(file), *arguments)


def worths(said):
    return {row["criterion"]: row["worth"] for row in said.json["arrived"]}


def tree(bench):
    return {
        path.relative_to(bench.root).as_posix(): path.read_bytes()
        for path in sorted(bench.root.rglob("*"))
        if path.is_file()
    }


def with_runs(bench):
    bench.log()
    bench.write("train.py", TRAIN)
    bench.contract(RUNS)
    return bench


def test_evidence_arrives_is_judged_again_and_counts(bench, there):
    bench.two()("check")
    file = pack(bench)
    there.two()
    said = take(there, file, "--format", "json")
    assert said.code == 0, said.err
    assert worths(said) == {"SUM": "verified", "FALL": "verified"}
    assert there.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "DISCHARGED"}
    assert there("gate").code == 0
    assert "nothing to do" in there("check").err


def test_taking_it_in_twice_changes_nothing(bench, there):
    bench.two()("check")
    file = pack(bench)
    take(there.two(), file)
    before = tree(there)
    said = take(there, file)
    assert said.code == 0
    assert "took in 0 statements, 0 ledger entries and 0 runs; 2 were here already" in said.out
    assert tree(there) == before


def test_packing_twice_gives_equal_bytes(bench):
    bench.two()("check")
    one = pack(bench).read_bytes()
    assert pack(bench).read_bytes() == one


def test_runs_come_along_or_rest_on_their_identity(trained, bench, there):
    copied(trained, bench)
    light = pack(bench)
    said = take(with_runs(there), light, "--format", "json")
    assert worths(said) == {"RUN": "identity only", "LOG": "verified"}
    assert there("gate").code == 1
    said = take(there, pack(bench, "--runs"), "--format", "json")
    assert said.code == 0
    assert worths(said) == {"RUN": "verified", "LOG": "verified"}
    assert "2 runs" in said.json["summary"]
    assert there("gate").code == 0
    assert not list((there.root / ".harness").glob("import-*"))


def test_the_log_comes_along_and_is_judged_again(bench, there):
    bench.two()("check")
    there.contract(TWO)
    said = take(there, pack(bench), "--format", "json")
    assert worths(said) == {"SUM": "verified", "FALL": "stale"}
    assert "input log.jsonl, which is not here" in said.out
    assert there("gate").code == 1
    said = take(there, pack(bench, "--runs"), "--format", "json")
    assert worths(said) == {"SUM": "verified", "FALL": "verified"}
    assert (there.root / "log.jsonl").read_bytes() == (bench.root / "log.jsonl").read_bytes()
    assert there("gate").code == 0


def test_an_attached_run_comes_along_with_its_manifest(bench, there):
    bench.log(name="out/log.jsonl")
    assert bench("attach", "out", "--name", "run1").code == 0
    body = "log: attached:run1/log.jsonl\ncriteria:\n  FALL: {claim: It falls., metric: loss, falls_by: 2}\n"
    bench.contract(body)
    bench("check")
    there.contract(body)
    said = take(there, pack(bench, "--runs"), "--format", "json")
    assert said.code == 0, said.out
    assert worths(said) == {"FALL": "verified"}
    assert there("attach", "--check").code == 0


def test_another_log_here_is_a_conflict_and_keeps_its_bytes(bench, there):
    bench.two()("check")
    there.two().log([*LOG, {"step": 6, "loss": 1.5}])
    before = tree(there)
    said = take(there, pack(bench, "--runs"))
    assert said.code == 1
    assert "log.jsonl: the file here has other bytes" in said.err
    assert tree(there) == before


def test_what_rests_on_other_bytes_here_is_stale_and_says_so(bench, there):
    bench.two()("check")
    there.two().log([*LOG, {"step": 6, "loss": 1.5}])
    said = take(there, pack(bench))
    assert said.code == 1
    assert "changed: input log.jsonl" in said.out
    assert there.statuses()["demo/FALL"] == "STALE"


def test_evidence_that_no_contract_here_asks_for_is_kept_and_named(bench, there):
    bench.two()("check")
    there.contract("criteria:\n  A: {claim: It feels alive., severity: disclaimed}\n", name="other")
    said = take(there, pack(bench), "--format", "json")
    assert worths(said) == {"SUM": "unclaimed", "FALL": "unclaimed"}
    assert said.code == 0
    assert len(there.evidence()) == 2


def test_evidence_of_other_contracts_comes_along_where_the_ledger_names_it(bench, there):
    for one in (bench, there):
        one.two().contract(
            "criteria:\n  B: {claim: Two., holds: 'a == b', numbers: {a: 2, b: 2}}\n", name="else"
        )
    bench("check", "else")
    bench("check", "demo")
    assert take(there, pack(bench, "demo")).code == 0
    assert set(there.statuses().values()) == {"DISCHARGED"}
    assert there.board()["problems"] == []


def test_later_evidence_replaces_earlier_and_never_the_other_way_round(bench, there):
    bench.two()("check")
    old = pack(bench).rename(bench.root / "old.tgz")
    take(there.two(), old)
    for one in (bench, there):
        one.log([*LOG, {"step": 6, "loss": 1.5}])
    bench("check")
    new = pack(bench)
    assert take(there, new).code == 0
    assert there.statuses()["demo/FALL"] == "DISCHARGED"
    latest = there.one("FALL").read_bytes()
    assert latest == bench.one("FALL").read_bytes()
    take(there, old)
    assert there.one("FALL").read_bytes() == latest
    assert there("gate").code == 0


def test_the_same_verdict_judged_on_both_sides_is_no_conflict(bench, there, monkeypatch):
    from harness.cli import check

    monkeypatch.setattr(check, "utc_now", lambda: "2020-01-01T00:00:00Z")
    bench.two()("check")
    monkeypatch.setattr(check, "utc_now", lambda: "2021-01-01T00:00:00Z")
    there.two()("check")
    before = there.one("FALL").read_bytes()
    said = take(there, pack(bench))
    assert said.code == 0, said.err
    assert there.one("FALL").read_bytes() == before
    assert there("gate").code == 0


def test_another_verdict_on_both_sides_is_refused_and_nothing_is_written(bench, there):
    bench.two()("check")
    there.two().log([*LOG, {"step": 6, "loss": 1.5}])
    there("check")
    before = tree(there)
    said = take(there, pack(bench))
    assert said.code == 1
    assert "refused, nothing was taken in" in said.err
    assert "FALL" in said.err
    assert tree(there) == before


def test_other_outputs_of_the_same_run_are_refused(trained, bench, there):
    copied(trained, bench)
    copied(trained, there)
    (record,) = list(there.root.glob(".harness/runs/*/record.json"))[:1]
    trace = record.parent / "out" / "trace.jsonl"
    told = json.loads(record.read_text())
    trace.write_text(trace.read_text().replace("5", "6", 1))
    told["outputs"][0]["sha256"] = hashlib.sha256(trace.read_bytes()).hexdigest()
    record.write_text(json.dumps(told))
    said = take(there, pack(bench, "--runs"))
    assert said.code == 1
    assert "other bytes of the same identity" in said.err


def test_a_damaged_ledger_or_no_evidence_cannot_be_packed(bench):
    said = bench.two()("evidence", "pack", "e.tgz")
    assert said.code == 3
    assert "no evidence" in said.err
    bench("check")
    bench.log([*LOG, {"step": 6, "loss": 1.5}])
    bench("check")
    bench.entries()[0].unlink()
    said = bench("evidence", "pack", "e.tgz")
    assert said.code == 3
    assert "ledger is damaged" in said.err
    assert not list(bench.root.glob("*.tgz*"))


def test_evidence_that_was_altered_and_runs_that_are_gone_stay_behind(trained, bench):
    copied(trained, bench)
    bench.one("LOG").write_text("{}")
    for record in bench.root.glob(".harness/runs/*/record.json"):
        record.unlink()
    said = bench("evidence", "pack", "e.tgz", "--runs")
    assert said.code == 1
    assert said.out.count("left behind") == 3
    assert "its outputs are not here" in said.out


def repacked(bench, change):
    """Packs, lets ``change`` edit the parts (name to bytes) and the manifest, and packs again."""
    file = pack(bench, "--runs")
    folder = bench.root / "parts"
    folder.mkdir()
    archive = read_archive(file, folder)
    files = {name: part.path.read_bytes() for name, part in archive.parts.items()}
    about = dict(archive.about)
    change(files, about)
    found = []
    for number, (name, data) in enumerate(files.items()):
        path = folder / f"new-{number}"
        path.write_bytes(data)
        found.append(Part(name=name, sha256=hashlib.sha256(data).hexdigest(), size=len(data), path=path))
    write_archive(bench.root / "odd.tgz", about, found)
    return bench.root / "odd.tgz"


def first(files, word):
    return next(name for name in files if word in name)


def move(word, to):
    def change(files, about):
        files[to] = files.pop(first(files, word))

    return change


def edit(word, old, new):
    def change(files, about):
        name = first(files, word)
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


def drop(word):
    return lambda files, about: files.pop(first(files, word))


def add(name, data):
    return lambda files, about: files.update({name: data})


def entry(data):
    return {f"evidence/ledger/{hashlib.sha256(data).hexdigest()}.json": data}


def nonsense():
    return entry(b'{"parents": 3}')


def orphan():
    return entry(json.dumps({"parents": ["ab" * 32], "records": [], "time": ""}).encode())


HOSTILE = {
    "a file outside": (add("contracts/evil.yaml", b"contract: evil"), "does not belong"),
    "a file in the evidence that is none": (add("evidence/demo/x.json", b"{}"), "is no evidence"),
    "evidence in another place": (
        move("LOG.", "evidence/demo/demo/LOG.000000000000.json"),
        "holds the evidence",
    ),
    "a better verdict": (edit("LOG.", b'"judged":6', b'"judged":5'), "not what the ledger"),
    "no ledger": (drop("ledger/"), "not what the ledger|which is not there"),
    "an edited entry": (edit("ledger/", b'"event":', b'"Event":'), "its digest is not its name"),
    "an entry of another name": (
        move("ledger/", f"evidence/ledger/{'0' * 64}.json"),
        "its digest is not its name",
    ),
    "an entry in a folder": (move("ledger/", f"evidence/ledger/x/{'0' * 64}.json"), "no ledger entry"),
    "a run without its record": (drop("record.json"), "without its record"),
    "a run with another trace": (edit("trace.jsonl", b"5", b"6"), "not what its record says"),
    "a run with one more file": (add(f"runs/{'ab' * 32}/out/x", b"x"), "no evidence names the run"),
    "a record that is none": (edit("record.json", b"{", b"["), "not a run record"),
    "another identity": (
        edit("record.json", b'"identity": "', b'"identity": "0'),
        "not what its record says",
    ),
    "an entry that is none": (lambda f, about: f.update(nonsense()), "is not whole"),
    "an entry without its parent": (lambda f, about: f.update(orphan()), "which is not there"),
    "an input that no evidence rests on": (add("inputs/notes.txt", b"x"), "no evidence rests on notes.txt"),
    "a contract among the inputs": (
        add("inputs/contracts/evil.yaml", b"contract: e"),
        "no file that evidence may",
    ),
    "evidence among the inputs": (add("inputs/evidence/x.json", b"{}"), "no file that evidence may"),
    "code among the inputs": (add("inputs/data/conftest.py", b"x"), "no file that evidence may"),
    "a hidden file among the inputs": (
        add("inputs/.git/hooks/post-commit", b"x"),
        "no file that evidence may",
    ),
    "settings among the inputs": (add("inputs/harness.toml", b"[trust]"), "no file that evidence may"),
    "another evidence folder": (lambda f, about: about.update(evidence="proof"), "its evidence lies in"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_archives_that_lie_are_refused_and_leave_no_trace(trained, bench, there, name):
    change, said_so = HOSTILE[name]
    copied(trained, bench)
    with_runs(there)
    before = tree(there)
    said = take(there, repacked(bench, change))
    assert said.code == 3, said.out + said.err
    assert re.search(said_so, said.err), said.err
    assert "nothing was taken in" in said.err
    assert tree(there) == before


def test_what_is_no_archive_and_what_is_not_there(bench):
    bench.two()
    assert take(bench, bench.write("odd.tgz", gzip.compress(b"hello"))).code == 3
    assert take(bench, "absent.tgz").code == 4
    assert bench("evidence").code == 4
    assert bench("evidence", "sell", "x").code == 4


def test_an_archive_over_the_limit_is_refused(bench):
    bench.two()("check")
    said = take(bench, pack(bench), "--limit", "100")
    assert said.code == 3
    assert "more than the 100" in said.err


def test_a_verdict_that_is_judged_otherwise_here_disagrees(bench, there, monkeypatch):
    from dataclasses import replace

    from harness.kinds.metric import Metric
    from harness.model.verdict import Outcome, Witness

    honest = Metric.discharge

    def lying(self, context):
        verdict = honest(self, context)
        witness = Witness(where="here", found="1", expected="2")
        return replace(verdict, outcome=Outcome.FALSIFIED, witnesses=(witness,))

    monkeypatch.setattr(Metric, "discharge", lying)
    bench.two()("check")
    monkeypatch.setattr(Metric, "discharge", honest)
    said = take(there.two(), pack(bench), "--format", "json")
    assert said.code == 1
    assert worths(said) == {"SUM": "verified", "FALL": "disagrees"}


def test_evidence_that_a_later_check_here_superseded_does_not_come_back(bench, there):
    bench.two()("check")
    file = pack(bench)
    take(there.two(), file)
    there.log([*LOG, {"step": 6, "loss": 1.5}])
    there("check")
    there.one("FALL").unlink()
    said = take(there, file, "--format", "json")
    assert said.code == 1
    assert worths(said)["FALL"] == "stale"
    assert not there.evidence("FALL")


def test_packing_without_contracts_has_nothing_to_pack(bench):
    assert bench("evidence", "pack", "e.tgz").code == 5
