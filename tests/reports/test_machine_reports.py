import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pytest
from every import ERRORS, FAILED, NASTY, PASSED, SKIPPED, lay_out, line_of

from harness.evidence.memo import write_atomically


@pytest.fixture
def every(bench):
    return lay_out(bench)


def junit(bench):
    said = bench("scoreboard", "--format", "junit")
    assert said.code == 0, said.err
    return ElementTree.fromstring(said.out.encode())


def marks(tree):
    found = {}
    for case in tree.iter("testcase"):
        (kind,) = {child.tag for child in case} or {"passed"}
        found.setdefault(kind, set()).add(case.get("classname").partition(".")[2])
    return found


def test_junit_has_a_case_for_every_obligation_and_says_how_each_ended(every):
    tree = junit(every)
    assert marks(tree) == {
        "passed": PASSED | {"SCALE"},
        "failure": FAILED,
        "error": ERRORS,
        "skipped": SKIPPED,
    }
    (suite,) = tree
    for one in (tree, suite):
        counted = [int(one.get(name)) for name in ("tests", "failures", "errors", "skipped")]
        assert counted == [12, 5, 1, 3]


def test_a_junit_failure_carries_the_witness_and_a_skip_its_reason(every):
    cases = {case.get("classname"): case for case in junit(every).iter("testcase") if len(case)}
    failure = cases["demo.ROWS"].find("failure")
    assert failure.get("type") == "FALSIFIED"
    assert "witness: log.jsonl:1: 5" in failure.text
    assert failure.text.startswith(f"contracts/demo.yaml:{line_of(every, 'ROWS:')}")
    assert "not in this version" in cases["demo.LATER"].find("skipped").get("message")
    assert "witness" in cases["demo.ASIDE"].find("skipped").get("message")


def test_junit_reports_damaged_evidence_as_errors(every):
    path = every.one("HOLDS")
    path.write_bytes(path.read_bytes().replace(b"falls_by 2", b"falls_by 9"))
    tree = junit(every)
    suite = next(suite for suite in tree if suite.get("name") == "evidence")
    assert suite.get("errors") == "1"
    assert "HOLDS" in next(suite.iter("error")).get("message")


def test_text_that_xml_cannot_hold_is_replaced(bench):
    bench.log()
    bench.contract(f'criteria:\n  A: {{claim: "a \\u0001\\uffff {NASTY[:8]}", compare: log}}\n')
    (case,) = junit(bench).iter("testcase")
    assert "�" in case.find("skipped").text


def sarif(bench):
    return bench("scoreboard", "--format", "sarif").json


def test_sarif_says_what_2_1_0_demands(every):
    told = sarif(every)
    assert told["version"] == "2.1.0"
    assert told["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = told["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "harness"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    for result in run["results"]:
        assert result["message"]["text"]
        assert result["level"] in ("error", "warning", "note")
        assert ids[result["ruleIndex"]] == result["ruleId"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"] == {
            "uri": "contracts/demo.yaml",
            "uriBaseId": "%SRCROOT%",
        }
        assert location["physicalLocation"]["region"]["startLine"] >= 1
    assert run["invocations"] == [
        {"executionSuccessful": False, "exitCode": 3, "toolExecutionNotifications": []}
    ]


def test_sarif_holds_only_what_does_not_stand_on_its_own_line(every):
    (run,) = sarif(every)["runs"]
    found = {r["message"]["text"].split()[0].partition("/")[2]: r for r in run["results"]}
    assert found.keys() == FAILED | ERRORS | SKIPPED
    levels = {name: found[name]["level"] for name in ("ROWS", "BROKEN", "LATER", "ASIDE", "OPEN")}
    assert levels == {"ROWS": "error", "BROKEN": "error", "LATER": "warning", "ASIDE": "note", "OPEN": "note"}
    region = found["TRUE"]["locations"][0]["physicalLocation"]["region"]
    assert line_of(every, "TRUE:") <= region["startLine"] <= line_of(every, "TRUE:") + 4
    prints = [r["partialFingerprints"]["harnessObligation/v1"] for r in run["results"]]
    assert len(set(prints)) == len(prints)


COMMAND = re.compile(r"::(error|warning|notice) file=([^,:]*),line=(\d+),title=([^,:]*)::(.*)")


def test_github_annotations_are_one_escaped_line_each(every):
    said = every("scoreboard", "--format", "github")
    *commands, closing = said.out.splitlines()
    found = {}
    for command in commands:
        level, file, line, title, text = COMMAND.fullmatch(command).groups()
        assert file == "contracts/demo.yaml"
        assert int(line) >= 1
        assert "\r" not in text
        found[title.partition("/")[2].split()[0]] = level
    assert found.keys() == FAILED | ERRORS | SKIPPED
    assert [found[n] for n in ("ROWS", "BROKEN", "LATER", "OPEN")] == ["error", "error", "warning", "notice"]
    assert "1 contract," in closing


def test_github_escapes_what_a_claim_could_smuggle_in(bench):
    bench.log()
    bench.contract(f"log: log.jsonl\ncriteria:\n  A: {{claim: '{NASTY}', metric: loss, falls_by: 9}}\n")
    bench("check")
    (command, _) = bench("scoreboard", "--format", "github").out.splitlines()
    assert "100%25 ::error" in command
    assert "%0Awitness: " in command


def test_annotations_and_sarif_speak_of_paths_from_the_root_of_the_repository(every, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(every.root.parent))
    inside = f"{every.root.name}/contracts/demo.yaml"
    assert f"file={inside}," in every("scoreboard", "--format", "github").out
    (run,) = sarif(every)["runs"]
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == inside


def test_the_step_summary_is_appended_to_the_file_that_github_names(every, monkeypatch):
    file = every.root / "summary.md"
    file.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    assert every("check", "--format", "github").code == 3
    text = file.read_text()
    assert text.startswith("before\n## Training claims")
    assert "**6 findings**" in text
    assert "<script" not in text
    every("scoreboard", "--format", "junit")
    assert file.read_text() == text


def test_a_summary_longer_than_github_shows_is_cut_and_says_so(bench, monkeypatch):
    from harness.reports import github

    monkeypatch.setattr(github, "SUMMARY_BYTES", 200)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(bench.root / "summary.md"))
    bench.two()("check", "--format", "github")
    text = (bench.root / "summary.md").read_text()
    assert len(text) < 300
    assert "…cut" in text


def badge(bench):
    return ElementTree.fromstring(bench("scoreboard", "--format", "badge").out)


def test_the_badge_is_green_only_where_a_check_ends_with_0(bench):
    from harness.reports.badge import AMBER, GREEN, GREY, RED

    def colour():
        return badge(bench).find("{http://www.w3.org/2000/svg}rect").get("fill")

    bench.two()
    assert colour() == AMBER
    assert bench("check").code == 0
    assert colour() == GREEN
    assert badge(bench).get("aria-label") == "training claims: 2 of 2 discharged"
    bench.edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 3")
    bench("check")
    assert colour() == RED
    assert badge(bench).get("aria-label") == "training claims: 1 of 2 discharged, 1 falsified"
    bench.one("SUM").write_text("{}")
    assert badge(bench).get("aria-label") == "training claims: evidence damaged"
    bench.contract("criteria:\n  A: {claim: It feels alive., severity: disclaimed}\n")
    for path in bench.root.glob("evidence"):
        path.rename(bench.root / "away")
    assert colour() == GREY


def test_json_carries_lines_measured_numbers_and_thresholds(every):
    rows = every.rows()
    row = rows["demo/FAILS"]
    assert row["line"] == line_of(every, "FAILS:")
    (item,) = row["obligations"]
    assert item["measured"].startswith("2.5")
    assert item["threshold"] == "final: falls_by 3"
    assert item["witnesses"] == 1
    assert json.dumps(rows)


def test_an_output_file_is_written_whole_and_stdout_stays_empty(every):
    said = every("scoreboard", "--format", "junit", "--output", "deep/er/claims.xml")
    assert (said.code, said.out) == (0, "")
    assert ElementTree.parse(every.root / "deep/er/claims.xml").getroot().tag == "testsuites"
    said = every("check", "--format", "html", "--output", "claims.html")
    assert said.code == 3
    assert (every.root / "claims.html").read_text().startswith("<!doctype html>")


def test_a_pipe_or_a_device_is_written_to_and_stays_what_it_is(every):
    pipe = every.root / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as reader:
        heard = reader.submit(pipe.read_text)
        every("scoreboard", "--format", "json", "--output", "pipe")
        assert json.loads(heard.result(timeout=20))["contracts"]
    assert pipe.is_fifo()
    with pytest.raises(OSError, match="no regular file"):
        write_atomically(pipe, b"")
    assert pipe.is_fifo()


def test_an_output_that_cannot_be_written_is_wrong_usage(every):
    every.write("taken", "")
    said = every("scoreboard", "--output", "taken/x")
    assert said.code == 4
    assert "cannot write taken/x" in said.err


def test_an_unknown_format_is_refused_before_anything_is_tried(bench):
    bench.two()
    said = bench("check", "--format", "junti")
    assert said.code == 4
    assert "junit" in said.err
    assert not bench.evidence()


def test_the_plain_table_reads_no_evidence_a_second_time(bench):
    bench.two()("check")
    bench.settle()
    bench.process("scoreboard")
    said = bench.process("scoreboard", python=("-X", "importtime"))
    assert said.code == 0
    assert "harness.scoreboard.build" in said.err
    for slow in ("harness.scoreboard.told", "harness.engine.curves", "harness.kinds", "numpy"):
        assert slow not in said.err


def test_problems_of_contracts_are_annotated_on_their_lines(bench, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(bench.root.parent))
    bench.two().edit("contracts/demo.yaml", "falls_by: 2", "falls_bi: 2")
    said = bench("lint", "--format", "github")
    assert said.code == 4
    (command, *_) = said.out.splitlines()
    place = f"file={bench.root.name}/contracts/demo.yaml,line={line_of(bench, 'falls_bi')},"
    assert command.startswith(f"::error {place}title=invalid contract::")
    assert "%0A" in command
    bench.edit("contracts/demo.yaml", "falls_bi: 2", "falls_by: 2")
    assert bench("lint", "--format", "github").code == 0


def test_a_step_summary_that_cannot_be_written_hides_no_verdict(bench, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(bench.root))
    said = bench.two()("check", "--format", "github")
    assert said.code == 0
    assert "no step summary" in said.err


def test_a_table_in_a_file_has_no_colours(bench, monkeypatch):
    from harness.reports import _out

    monkeypatch.setattr(_out, "coloured", lambda: True)
    bench.two()("check", "--output", "board.txt")
    assert "\x1b" not in (bench.root / "board.txt").read_text()
    assert "\x1b[32m" in bench("scoreboard").out
