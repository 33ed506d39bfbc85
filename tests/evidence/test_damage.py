"""Evidence and ledger that somebody deleted, edited, emptied or rolled back never count as discharged."""

import json
import os
import shutil

import pytest
from workbench import LOG, criteria

from harness.evidence.digests import bytes_digest
from harness.evidence.statement import canonical


def shown(path, bench):
    return path.relative_to(bench.root).as_posix()


def check_named(bench, path, name=None):
    """The file is named by every form of the scoreboard, the gate refuses, and the next check mends it."""
    name = name or shown(path, bench)
    for form in ("table", "markdown", "json"):
        assert name in bench("scoreboard", "--format", form).out
    gate = bench("gate")
    assert gate.code == 1
    assert name in gate.out


def remove(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"")


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def append_space(path):
    path.write_bytes(path.read_bytes() + b" ")


def reformat(path):
    path.write_text(json.dumps(json.loads(path.read_bytes()), indent=1))


def better_number(path):
    path.write_bytes(
        path.read_bytes().replace(b'"falls_by 2"', b'"falls_by 1"').replace(b'"margin":"', b'"margin":"9')
    )


def other_file(path):
    path.write_bytes(next(p for p in path.parent.iterdir() if p != path).read_bytes())


def a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage", [remove, empty, truncate, append_space, reformat, better_number, other_file, a_folder]
)
@pytest.mark.parametrize("criterion", ["SUM", "FALL"])
def test_a_damaged_evidence_file_counts_as_absent_and_is_named(bench, damage, criterion):
    bench.two()("check")
    path = bench.one(criterion)
    damage(path)
    rest = {"demo/SUM", "demo/FALL"} - {f"demo/{criterion}"}
    statuses = bench.statuses()
    assert statuses.pop(f"demo/{criterion}") == "STALE"
    assert statuses == dict.fromkeys(rest, "DISCHARGED")
    check_named(bench, path)
    if damage is not a_folder:
        assert "1 obligation discharged anew, 1 fresh" in bench("check").err
        assert bench("gate").code == 0


@pytest.mark.parametrize("remembered", [False, True], ids=["afresh", "with a memo"])
def test_no_single_byte_of_evidence_can_be_edited(bench, remembered):
    bench.two()("check")
    path = bench.one("FALL")
    whole, times = path.read_bytes(), path.stat()
    places = range(0, len(whole), 31) if remembered else range(0, len(whole), 5)
    for place in places:
        path.write_bytes(whole)
        if remembered and place % 4 == 0:
            bench.settle()
        assert bench.statuses()["demo/FALL"] == "DISCHARGED"
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        board = bench.board()
        assert board["contracts"][0]["criteria"][1]["status"] == "STALE", place
        assert any(shown(path, bench) in problem for problem in board["problems"])


@pytest.mark.parametrize("remembered", [False, True], ids=["afresh", "with a memo"])
def test_no_single_byte_of_the_ledger_can_be_edited(bench, remembered):
    bench.two()("check")
    (entry,) = bench.entries()
    whole, times = entry.read_bytes(), entry.stat()
    for place in range(0, len(whole), 97 if remembered else 11):
        entry.write_bytes(whole)
        if remembered:
            bench.settle()
        assert set(bench.statuses().values()) == {"DISCHARGED"}
        entry.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        os.utime(entry, ns=(times.st_atime_ns, times.st_mtime_ns))
        board = bench.board()
        assert {row["status"] for row in board["contracts"][0]["criteria"]} == {"STALE"}, place
        assert any(entry.name in problem for problem in board["problems"])


def test_without_its_ledger_no_evidence_counts(bench):
    bench.two()("check")
    shutil.rmtree(bench.root / "evidence/ledger")
    assert set(bench.statuses().values()) == {"STALE"}
    check_named(bench, bench.one("FALL"))
    assert "2 obligations discharged anew" in bench("check").err
    assert bench("gate").code == 0


def test_a_missing_entry_is_named_by_its_child(bench):
    bench.two()("check")
    (first,) = bench.entries()
    bench.log([*LOG, {"step": 6, "loss": 1.0}])
    bench("check")
    first.unlink()
    statuses = bench.statuses()
    assert (statuses["demo/SUM"], statuses["demo/FALL"]) == ("STALE", "DISCHARGED")
    check_named(bench, bench.one("SUM"), first.stem[:12])


def test_an_entry_that_is_not_json_or_lacks_its_fields_is_named_and_ignored(bench):
    bench.two()("check")
    forged = [
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"parents":5,"records":[]}',
        b'{"parents":[],"records":[{}]}',
        b'{"parents":[[]],"records":[]}',
        b'{"parents":[],"records":[{"path":[],"sha256":1,"pins":2,"outcome":3}]}',
        b"[" * 100_000,
    ]
    for data in forged:
        bench.write(f"evidence/ledger/{bytes_digest(data)}.json", data)
    board = bench.board()
    for data in forged:
        assert any(bytes_digest(data) in problem for problem in board["problems"]), data[:60]
    assert set(bench.statuses().values()) == {"DISCHARGED"}
    assert bench("gate").code == 1
    assert "nothing to do" in bench("check").err


def test_evidence_that_was_superseded_does_not_come_back(bench):
    bench.two()("check")
    path, log = bench.one("FALL"), (bench.root / "log.jsonl").read_bytes()
    good = path.read_bytes()
    bench.log([{"step": step, "loss": 5.0} for step in range(6)])
    assert bench("check").code == 1
    assert bench.statuses()["demo/FALL"] == "FALSIFIED"
    path.write_bytes(good)
    bench.write("log.jsonl", log)
    assert bench.statuses()["demo/FALL"] == "STALE", "the ledger has recorded a later verdict for this file"
    check_named(bench, path)


def test_a_gap_in_the_ledger_does_not_bring_superseded_evidence_back(bench):
    bench.two()("check")
    path, good = bench.one("FALL"), bench.one("FALL").read_bytes()
    log = (bench.root / "log.jsonl").read_bytes()
    for losses in ((5.0, 5.0, 5.0), (4.0, 4.0, 4.0)):
        bench.log([{"step": step, "loss": loss} for step, loss in enumerate(losses)])
        assert bench("check").code == 1
    bench.entries()[1].unlink()
    path.write_bytes(good)
    bench.write("log.jsonl", log)
    assert bench.statuses()["demo/FALL"] == "STALE"
    assert bench("gate").code == 1
    assert bench("check").code == 0


def test_evidence_copied_to_another_obligation_does_not_count_even_under_a_forged_ledger(bench):
    bench.contract(criteria(("required", "A", "DISCHARGED+FALSIFIED")))
    bench("check")
    data = {
        json.loads(path.read_bytes())["predicate"]["verdict"]["outcome"]: path for path in bench.evidence("A")
    }
    good, target = data["DISCHARGED"].read_bytes(), data["FALSIFIED"]
    target.write_bytes(good)
    value = json.loads(bench.entries()[-1].read_bytes())
    value["parents"] = [bench.entries()[-1].stem]
    value["records"] = [
        r | {"sha256": bytes_digest(good)} for r in value["records"] if r["path"] == shown(target, bench)
    ]
    forged = canonical(value)
    bench.write(f"evidence/ledger/{bytes_digest(forged)}.json", forged)
    assert sorted(item["status"] for item in bench.rows()["demo/A"]["obligations"]) == ["DISCHARGED", "STALE"]


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "DISCHARGED", "denominator": {"judged": 0, "total": 0, "unit": "rows"}},
        {"basis": "stated"},
        {"reason": "vacuous"},
        {"outcome": "FALSIFIED", "witnesses": []},
        {"outcome": "PASSED"},
        {"denominator": {"judged": "6", "total": 6, "unit": "rows"}},
        {"denominator": {"judged": True, "total": 6, "unit": "rows"}},
        {"denominator": {"judged": 7, "total": 6, "unit": "rows"}},
        {"denominator": {"judged": 6, "total": 6, "unit": "rows", "extra": 1}},
        {"detail": None},
    ],
    ids=str,
)
def test_a_recorded_verdict_that_no_discharge_could_give_does_not_count(bench, change):
    bench.two()("check")
    path = bench.one("FALL")
    told = json.loads(path.read_bytes())
    told["predicate"]["verdict"] |= change
    data = canonical(told)
    path.write_bytes(data)
    value = json.loads(bench.entries()[-1].read_bytes())
    value["parents"] = [bench.entries()[-1].stem]
    value["records"] = [r | {"sha256": bytes_digest(data)} for r in value["records"] if "/FALL." in r["path"]]
    forged = canonical(value)
    bench.write(f"evidence/ledger/{bytes_digest(forged)}.json", forged)
    assert bench.statuses()["demo/FALL"] in ("STALE", "UNTRIED")
    assert bench("gate").code == 1


def test_evidence_of_duplicate_keys_or_a_foreign_type_is_refused_with_its_reason(bench):
    bench.two()("check")
    path = bench.one("FALL")
    whole = path.read_bytes()
    for data, why in (
        (whole.replace(b'{"_type"', b'{"_type":"x","_type"', 1), "duplicate key"),
        (whole.replace(b"Statement/v1", b"Statement/v9"), "not an in-toto Statement v1"),
        (whole.replace(b"training-claim/v1", b"training-claim/v9"), "not a training claim"),
        (b'{"a":NaN}', "NaN is not a JSON number"),
        (b'{"_type":1', "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ):
        assert data != whole
        path.write_bytes(data)
        assert any(why in problem for problem in bench.board()["problems"]), why
