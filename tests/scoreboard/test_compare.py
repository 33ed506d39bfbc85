import json
import subprocess

import pytest

from harness.scoreboard.compare import moved


@pytest.fixture
def repo(bench):
    bench.two()
    assert bench("check").code == 0
    git(bench, "init", "-q", "-b", "main")
    commit(bench)
    return bench


def git(bench, *arguments):
    name = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *name, *arguments], cwd=bench.root, check=True, capture_output=True)


def commit(bench):
    git(bench, "add", "-A")
    git(bench, "commit", "-q", "-m", "one more")


def compare(bench, *arguments):
    said = bench("compare", *arguments, "--format", "json")
    found = {(c["criterion"], c["what"].split()[-1]): c for c in said.json["changes"]}
    return said.code, found


def test_nothing_differs_from_itself(repo):
    said = repo("compare", "HEAD", "HEAD")
    assert (said.code, said.out) == (0, "nothing differs between HEAD and HEAD\n")


def test_a_criterion_that_falls_is_worse_and_one_that_recovers_is_not(repo):
    repo.edit("contracts/demo.yaml", "steps: 20", "steps: 21")
    repo("check")
    code, found = compare(repo, "HEAD")
    assert code == 1
    assert found["SUM", "status"]["worse"]
    assert (found["SUM", "status"]["before"], found["SUM", "status"]["after"]) == ("DISCHARGED", "FALSIFIED")
    commit(repo)
    code, found = compare(repo, "HEAD", "HEAD~1")
    assert code == 0
    assert found["SUM", "status"]["after"] == "DISCHARGED"


def test_measured_numbers_move_by_how_much_and_do_not_fail(repo):
    repo.log([{"step": step, "loss": 5.0 - step / 1.6} for step in range(6)])
    repo("check")
    commit(repo)
    code, found = compare(repo, "HEAD~1", "HEAD")
    assert code == 0
    assert found.keys() == {("FALL", "measured")}
    assert found["FALL", "measured"]["before"].startswith("2.5 ")
    assert found["FALL", "measured"]["note"].startswith("+0.625 (+25.00%)")


@pytest.mark.parametrize(("limit", "word", "code"), [("1.5", "looser", 1), ("2.3", "tighter", 0)])
def test_a_threshold_that_moved_is_named_and_a_looser_one_is_worse(repo, limit, word, code):
    repo.edit("contracts/demo.yaml", "falls_by: 2", f"falls_by: {limit}")
    assert repo("check").code == 0
    ended, found = compare(repo, "HEAD")
    assert ended == code
    threshold = found["FALL", "threshold"]
    assert (threshold["before"], threshold["after"]) == ("final: falls_by 2", f"final: falls_by {limit}")
    assert threshold["note"] == f"{word}: falls_by"


def test_a_limit_that_is_gone_and_upper_limits_know_their_side(repo):
    repo.edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 2\n    at_most: 3")
    repo("check")
    commit(repo)
    repo.edit("contracts/demo.yaml", "at_most: 3", "at_most: 4")
    repo("check")
    assert compare(repo, "HEAD")[1]["FALL", "threshold"]["note"] == "looser: at_most"
    repo.edit("contracts/demo.yaml", "\n    at_most: 4", "")
    repo("check")
    code, found = compare(repo, "HEAD")
    assert code == 1
    assert "looser: at_most 3 is gone" in found["FALL", "threshold"]["note"]


def test_other_fields_that_moved_under_the_same_threshold_are_named(repo):
    repo.edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 2\n    min_rows: 1")
    repo("check")
    code, found = compare(repo, "HEAD")
    assert code == 0
    ((_, change),) = found.items()
    assert "its fields, formulas or inputs changed" in change["note"]


def test_a_criterion_that_is_gone_or_demanded_no_longer_is_worse(repo):
    repo.edit(
        "contracts/demo.yaml",
        "claim: The loss falls by two nats.",
        "claim: It falls.\n    severity: advisory",
    )
    code, found = compare(repo, "HEAD")
    assert code == 1
    assert found["FALL", "severity"]["worse"]
    text = (repo.root / "contracts/demo.yaml").read_text()
    (repo.root / "contracts/demo.yaml").write_text(text.partition("  FALL:")[0])
    code, found = compare(repo, "HEAD")
    assert code == 1
    assert found["FALL", "status"]["after"] == "absent"
    assert found["FALL", "status"]["worse"]


def test_fewer_rows_judged_is_worse(repo):
    repo.log([{"step": step, "loss": 5.0 - step} for step in range(4)])
    repo("check")
    code, found = compare(repo, "HEAD")
    assert code == 1
    assert found["FALL", "judged"]["after"] == "4 of 4 rows"
    assert found["FALL", "judged"]["worse"]


def test_a_new_criterion_is_worse_only_if_it_is_found_false(repo):
    contract = repo.root / "contracts/demo.yaml"
    contract.write_text(contract.read_text() + "  NEW: {metric: loss, falls_by: 4}\n")
    assert compare(repo, "HEAD")[0] == 0
    repo("check")
    code, found = compare(repo, "HEAD")
    assert code == 1
    assert found["NEW", "status"]["before"] == "absent"


def test_a_refuted_claim_that_is_no_longer_found_false_is_worse(repo):
    contract = repo.root / "contracts/demo.yaml"
    body = "  LIE: {severity: refuted, reason: no, metric: loss, falls_by: 4}\n"
    contract.write_text(contract.read_text() + body)
    repo("check")
    commit(repo)
    repo.log([{"step": step, "loss": 5.0 - step} for step in range(6)])
    repo("check")
    code, found = compare(repo, "HEAD")
    assert code == 1
    assert found["LIE", "status"]["worse"]


def test_damage_to_the_evidence_is_worse(repo):
    repo.one("SUM").write_text("{}")
    said = repo("compare", "HEAD")
    assert said.code == 1
    assert "evidence" in said.out


def test_exported_boards_compare_like_revisions(repo):
    repo("scoreboard", "--format", "json", "--output", "before.json")
    repo.edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 1")
    repo("check")
    repo("scoreboard", "--format", "json", "--output", "after.json")
    assert compare(repo, "before.json", "after.json")[1].keys() == compare(repo, "HEAD")[1].keys()
    said = repo("compare", "before.json", "after.json")
    assert said.code == 1
    assert "demo/FALL  metric" in said.out
    assert "final: falls_by 2 → final: falls_by 1  [looser: falls_by]" in said.out


@pytest.mark.parametrize(
    "change",
    [
        lambda told: [],
        lambda told: told | {"contracts": 3},
        lambda told: {"contracts": []},
        lambda told: json.loads(json.dumps(told).replace("DISCHARGED", "FINE")),
        lambda told: json.loads(json.dumps(told).replace('"required"', '"demanded"')),
        lambda told: json.loads(json.dumps(told).replace('"threshold": "', '"threshold": 3, "x": "')),
    ],
)
def test_a_file_that_is_no_exported_board_is_refused(repo, change):
    repo.write("odd.json", json.dumps(change(repo.board())))
    said = repo("compare", "odd.json")
    assert said.code == 4
    assert "not a scoreboard" in said.err


def test_an_unknown_revision_is_wrong_usage_and_no_contracts_are_nothing(repo):
    assert repo("compare", "no-such-revision").code == 4
    repo.write("empty.json", '{"contracts": [], "problems": []}')
    assert repo("compare", "empty.json", "empty.json").code == 5


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("2.500 ± 0.001", "2.501 ± 0.001", "+0.001 (+0.04%), within the printed digits"),
        ("0 findings", "2 findings", "+2"),
        ("1,024 rows", "512 rows", "-512 (-50.00%)"),
        ("no number", "3", ""),
        ("largest deviation 5e-3, at row 3", "largest deviation 5e-3, at row 9", ""),
    ],
)
def test_how_far_a_measurement_moved(before, after, said):
    assert moved(before, after) == said


def test_an_obligation_that_is_gone_is_worse_and_one_that_is_new_is_not(repo):
    repo.contract(
        """
        log: log.jsonl
        criteria:
          - id: BOTH
            claim: It falls and it adds up.
            obligations:
              - {kind: metric, log: log, metric: loss, falls_by: 2}
              - {kind: arithmetic, holds: ["a == b"], numbers: {a: 2, b: 2}}
        """
    )
    repo("check")
    commit(repo)
    text = (repo.root / "contracts/demo.yaml").read_text()
    less = "".join(line for line in text.splitlines(keepends=True) if "arithmetic" not in line)
    (repo.root / "contracts/demo.yaml").write_text(less)
    code, found = compare(repo, "HEAD")
    assert code == 1
    ((_, change),) = found.items()
    assert change["what"].startswith("obligation arithmetic")
    assert (change["before"], change["after"], change["worse"]) == ("present", "absent", True)
    commit(repo)
    (repo.root / "contracts/demo.yaml").write_text(text)
    assert compare(repo, "HEAD")[0] == 0


def test_odd_numbers_in_an_exported_board_break_nothing(repo):
    repo("scoreboard", "--format", "json", "--output", "a.json")
    text = (repo.root / "a.json").read_text()
    repo.write("b.json", text.replace("falls_by 2", "falls_by 1e").replace("2.5 ", "2.5 \\u00b1 e+- "))
    assert repo("compare", "a.json", "b.json").code in (0, 1)
    repo.write("c.json", text.replace("falls_by 2", "falls_by 1e999, at_most 3"))
    said = repo("compare", "a.json", "c.json")
    assert "tighter: falls_by; tighter: at_most 3 is new" in said.out
