"""Kind ``events`` and the pack for MLPerf logs, held against the verdicts of the field's own checker."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.load import load_one
from harness.engine.project import Project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.kinds._event_rules import EventRule, rule_faults
from harness.logs import _mllog_events
from harness.model.kind import Scope
from harness.model.outcome import Outcome, Reason
from harness.model.values import Expression, Printed
from harness.packs import pack_text

ROOT = Path(__file__).parents[2]
VERDICTS = json.loads((ROOT / "tests/data/mlperf/verdicts.json").read_text())


def made():
    """Loads what makes the logs, which the benchmark uses too."""
    spec = importlib.util.spec_from_file_location("mllog_made", ROOT / "benchmarks/_mllog.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["mllog_made"] = module
    spec.loader.exec_module(module)
    return module


MADE = made()
CHANGES = dict(MADE.changes())


def pack(root):
    text = pack_text("mlperf-training", "run").replace('for_each: "run/**/result_*.txt"\n', "")
    (root / "pack.yaml").write_text(text.replace("{file}", "log.txt"))
    return load_one(Project(root=root), root / "pack.yaml").contract


def judge(root, contract, text):
    (root / "log.txt").write_text(text)
    sources = Sources(Project(root=root), contract, Memo(None, "", lambda: 0))
    return discharge(contract.criteria[0].obligations[0], DischargeContext(sources, None))


def text_of(log):
    return "".join(event.line() + "\n" for event in log)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("mlperf")
    return root, pack(root)


def test_the_verdicts_are_of_the_logs_that_are_made():
    assert VERDICTS.keys() == CHANGES.keys()
    assert len(VERDICTS) > 1000
    assert 400 < sum(VERDICTS.values()) < 600


@pytest.mark.parametrize("part", range(4))
def test_sound_and_broken_logs_get_the_verdict_of_the_checker(project, part):
    apart = []
    for name in list(CHANGES)[part::8]:  # half of them; benchmarks/logs.py asks all
        verdict = judge(*project, text_of(CHANGES[name](list(MADE.sound()))))
        if (verdict.outcome is Outcome.DISCHARGED) != VERDICTS[name]:
            apart.append((name, verdict.outcome, verdict.detail))
    assert not apart


@pytest.mark.parametrize(
    ("name", "found", "expected"),
    [
        ("without run_stop", "no event run_stop", "at least one run_stop"),
        (
            "opt_learning_rate_decay_steps is 8192",
            "value = 8192",
            "value == (1200000 - opt_learning_rate_warmup_steps)",
        ),
        ("accuracy is always 12.0", "none of 4 events eval_accuracy", "value <= 3.3 and value > 0"),
        ("30.001 minutes to begin", "1800060 after init_start", "less than 1800000"),
        ("seed twice, alike", None, None),
    ],
)
def test_a_witness_names_the_rule_and_the_line(project, name, found, expected):
    log = CHANGES[name](list(MADE.sound()))
    verdict = judge(*project, text_of(log))
    if found is None:
        assert verdict.outcome is Outcome.DISCHARGED
        return
    (witness, *_) = verdict.witnesses
    assert found in witness.found
    assert expected in witness.expected
    assert witness.where.startswith("log.txt")


def test_a_witness_knows_its_line_among_lines_that_are_no_events(project):
    log = [event.line() for event in MADE.sound()]
    at = next(place for place, line in enumerate(log) if '"opt_name"' in line)
    log[at] = log[at].replace("adamw", "sgd")
    text = "\n".join(["starting", *log[:at], "", "ready", *log[at:]]) + "\n"
    (witness,) = judge(*project, text).witnesses
    assert witness.where == f"log.txt:{at + 4}"
    assert text.split("\n")[at + 3] == log[at]


def test_counts_tell_events_without_a_rule_and_lines_that_are_none(project):
    verdict = judge(*project, "hello\n" + text_of(MADE.sound(200)))
    losses = sum(
        event.key in ("train_loss", "tracked_stats", "seed", "submission_status") for event in MADE.sound(200)
    )
    assert verdict.denominator.excluded == losses
    assert verdict.denominator.judged == verdict.denominator.total
    assert "log.txt: 1 lines are no events" in verdict.detail


def test_a_torn_last_event_is_no_discharge(project):
    verdict = judge(*project, text_of(MADE.sound()) + ':::MLLOG {"namespace": "", "ke')
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert verdict.denominator.unjudged == 1


REST = '"value": 1, "time_ms": 1, "metadata": {}}'
TWICE = f':::MLLOG {{"key": "a", "key": "b", {REST}\n'
OVER_TWO = f':::MLLOG {{"key": "a",\n {REST}\n'
TWO_IN_ONE = f':::MLLOG {{"key": "a", {REST},{{"key": "a", {REST}\n'


@pytest.mark.parametrize("whole", [True, False], ids=["by chunk", "by line"])
@pytest.mark.parametrize("text", [TWICE, OVER_TWO, TWO_IN_ONE, OVER_TWO + TWO_IN_ONE])
def test_what_two_readers_could_read_apart_is_refused(project, monkeypatch, text, whole):
    if not whole:
        monkeypatch.setattr(_mllog_events, "decoder", lambda _: None)
    verdict = judge(*project, text_of(MADE.sound()) + text)
    assert verdict.outcome is Outcome.ERROR
    assert verdict.detail.startswith("log.txt:")


def test_chunks_and_lines_are_read_alike(tmp_path, monkeypatch):
    pytest.importorskip("msgspec", reason="without it every event is read by line")
    cells = ("value", "time_ms", "samples_count", "epoch_count")
    path = tmp_path / "log.txt"

    def read():
        chunks = list(_mllog_events.events("log.txt", path, cells))
        rows = [
            (key, line, *(chunk.pick(name, [at])[0] for name in cells))
            for chunk in chunks
            for at, (key, line) in enumerate(zip(chunk.keys, chunk.lines, strict=True))
        ]
        return rows, [text for chunk in chunks for text in (*chunk.notes, *chunk.remarks)]

    for name in ("nothing", "accuracy is always None", "line 7 behind a rank", "shuffled by 3"):
        path.write_text(text_of(CHANGES[name](list(MADE.sound(2000)))))
        fast = read()
        with monkeypatch.context() as patch:
            patch.setattr(_mllog_events, "decoder", lambda _: None)
            assert read() == fast
        assert len(fast[0]) > 1900


def test_rows_of_any_log_are_events(bench):
    bench.write("log.csv", "t,event,value\n1,load,\n2,begin,\n9,end,3\n")
    rules = (
        "{begin: {times: once, after: [load]}, end: {times: once, holds: value == 3, within: {begin: %d}}}"
    )
    contract = """
log: log.csv
criteria:
  - id: A
    claim: It begins and ends.
    obligations: [{kind: events, log: log, key: event, time: t, rules: %s}]
"""
    bench.contract(contract % (rules % 8))
    assert bench("check").code == 0
    bench.contract(contract % (rules % 7))
    told = bench("check")
    assert told.code == 1
    assert "FALSIFIED" in told.out


SCOPE = Scope(formulas={}, constants={"most": Printed("3")}, inputs=frozenset({"log"}))


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({}, "nothing is asked"),
        ({"a": EventRule()}, "nothing is asked of it"),
        ({"a": EventRule(times="once", instead=("b",))}, "only under times: some"),
        ({"a": EventRule(after=("a",))}, "no order with itself"),
        ({"a": EventRule(after=("b",), before=("b",))}, "both before and after"),
        ({"a": EventRule(within={"b": Printed("0")})}, "a time above 0"),
        ({"a": EventRule(holds=Expression("most > 2"))}, "names nothing that is logged"),
        ({"a": EventRule(holds=Expression("value == value"))}, "compares something with itself"),
        ({"a": EventRule(ever=Expression("value > value[-1]"))}, "no row before it"),
        ({"a": EventRule(holds=Expression("value >"))}, "value >"),
    ],
)
def test_a_rule_that_asks_nothing_is_found_without_a_log(rules, said):
    assert said in " ".join(fault.message for fault in rule_faults(rules, SCOPE))
