"""What ``trend`` and ``anytime`` tell and refuse, beyond their examples."""

import json

import pytest
from judging import judge

from harness.kinds._anytime_examples import windows
from harness.kinds._trend_examples import curve
from harness.model.outcome import Outcome, Reason
from harness.model.problem import InvalidContract

BODY = """
inputs: {{log: {{file: log.jsonl}}}}
criteria:
  A: {{{line}}}
"""
BET = "anytime: log, gain: loss, over: baseline, low: -2, high: 2"


def ask(root, line, data):
    return judge(root, BODY.format(line=line), {"log.jsonl": data})


def test_a_trend_tells_change_bounds_blocks_and_memory(tmp_path):
    found = ask(tmp_path, "trend: log", curve(-0.001))
    assert float(found.measured) == pytest.approx(-0.2, abs=0.02)
    for part in ("one-sided bounds", "Mann-Kendall p", "blocks of", "neighbours correlated by"):
        assert part in found.detail


def test_every_run_must_show_it(tmp_path):
    files = {"one.jsonl": curve(-0.001), "two.jsonl": curve(0.001)}
    body = "inputs: {log: {files: '*.jsonl'}}\ncriteria: {A: {trend: log}}"
    found = judge(tmp_path, body, files)
    assert found.outcome is Outcome.FALSIFIED
    assert [witness.where for witness in found.witnesses] == ["two.jsonl"]


def test_a_stretch_is_judged_alone_and_a_bend_is_told_from_neither(tmp_path):
    rows = [json.loads(line) for part in (curve(-0.01, 100), curve(0, 100)) for line in part.splitlines()]
    data = "".join(json.dumps(row | {"step": at}) + "\n" for at, row in enumerate(rows)).encode()
    flat = "trend: log, shape: flat, margin: 0.05"
    assert ask(tmp_path, f"{flat}, since: 100", data).outcome is Outcome.DISCHARGED
    assert ask(tmp_path, f"{flat}, until: 99", data).outcome is Outcome.FALSIFIED
    whole = ask(tmp_path, flat, data)
    assert whole.outcome is Outcome.INCONCLUSIVE
    assert "bound the stretch by since" in whole.detail


def rows(steps, values):
    made = ({"step": step, "loss": round(float(value), 5)} for step, value in zip(steps, values, strict=True))
    return "".join(json.dumps(row) + "\n" for row in made).encode()


def noise(seed, count, memory=0.0, sd=0.1):
    import numpy as np

    found = np.random.default_rng(seed).normal(0, sd, count)
    for at in range(1, count):
        found[at] += memory * found[at - 1]
    return found


def test_steps_that_are_not_evenly_apart_are_told_declared_or_not(tmp_path):
    steps = [at * at for at in range(12)]
    data = rows(steps, [3 - at / 10 for at in range(12)])
    for line in ("trend: log", f"trend: log, steps: {steps}"):
        found = ask(tmp_path, line, data)
        assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
        assert "steps are 1 to 21 apart" in found.detail


def test_steps_picked_out_of_noise_show_nothing(tmp_path):
    """Nine of 300 rows, every one below the one before."""
    values = 3 + noise(9, 300)
    picked, last = [], 9.0
    for start in range(0, 300, 37):
        below = [at for at in range(start, min(300, start + 37)) if values[at] < last]
        if below:
            picked.append(max(below, key=lambda at: values[at]))
            last = values[picked[-1]]
    found = ask(tmp_path, f"trend: log, steps: {picked}", rows(range(300), values))
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert f"{300 - len(picked)} rows with loss lie at steps that are not declared" in found.detail


def test_declaring_all_steps_makes_no_curve_fall(tmp_path):
    """An AR(1) of 0.9 without a trend, all its steps declared: a quarter of such curves once fell."""
    from harness.kinds._trend import Ask, Curve, conclude
    from harness.model.verdict import Basis

    fall = Ask(shape="falls", column="loss", clock="step", margin=0.0, steps=tuple(range(60)), since=None,
               until=None, confidence=0.99)  # fmt: skip
    outcomes = []
    for seed in range(400):
        curve = Curve(label="", values=tuple(noise(seed, 60, 0.9).tolist()), unfit=0, doubts=())
        outcomes.append(conclude([curve], fall, Basis.CHECKED).outcome)
    assert outcomes.count(Outcome.DISCHARGED) <= 6


@pytest.mark.parametrize(
    "steps", [[*range(0, 2500, 10), 2499], [1, *range(10, 2500, 10)], range(0, 2500, 10)],
    ids=["last step", "first step", "evenly"],
)  # fmt: skip
def test_ordinary_logs_are_judged(tmp_path, steps):
    straight = [3 - 0.0004 * step for step in steps] + noise(4, len(steps))
    assert ask(tmp_path, "trend: log", rows(steps, straight)).outcome is Outcome.DISCHARGED
    decay = [2 + 2 * 2.718 ** (-step / 600) for step in steps] + noise(5, len(steps), sd=0.05)
    assert ask(tmp_path, "trend: log, margin: 0.05", rows(steps, decay)).outcome is Outcome.DISCHARGED
    assert ask(tmp_path, "trend: log, shape: rises", rows(steps, decay)).outcome is not Outcome.DISCHARGED


@pytest.mark.parametrize("seed", range(5))
def test_what_comes_back_has_not_fallen(tmp_path, seed):
    for back, since in ((4.0, 200), (4.3, 200), (4.3, 238)):
        values = [4 - at / 125 if at < since else back for at in range(250)] + noise(seed, 250, sd=0.05)
        assert ask(tmp_path, "trend: log", rows(range(250), values)).outcome is not Outcome.DISCHARGED


def test_three_hundred_declared_steps_are_judged_at_once(tmp_path):
    import time

    started = time.perf_counter()
    data = rows(range(300), [3 - at / 100 for at in range(300)])
    assert ask(tmp_path, f"trend: log, steps: {[*range(300)]}", data).outcome is Outcome.DISCHARGED
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("trend: log, shape: flat", "no data can show"),
        ("trend: log, margin: -1", "must not be negative"),
        ("trend: log, steps: [1, 1]", "declared twice"),
        ("trend: log, steps: [1, 2], since: 1", "declared steps are the stretch"),
        ("trend: log, since: 5, until: 5", "after since"),
        ("trend: log, confidence: 1", "between 0.5 and 1"),
        ("anytime: log, low: 1, high: 1", "must bound a gain"),
        ("anytime: log, low: 0, high: 1, margin: 1", "between low and high"),
        ("anytime: log, low: 0, high: 1, margin: 0.5, over: gain", "over itself"),
    ],
)
def test_what_cannot_be_judged_is_refused(tmp_path, line, message):
    with pytest.raises(InvalidContract, match=message):
        ask(tmp_path, line, curve(0))


def test_the_verdict_stays_wherever_the_run_is_stopped_after_it_is_settled(tmp_path):
    data = windows(0.3, 400)
    found = ask(tmp_path, BET, data)
    after = int(found.detail.split("settled after ")[1].split(" ")[0])
    rows = data.splitlines(keepends=True)
    for stop in (after, after + 1, 400):
        assert ask(tmp_path, BET, b"".join(rows[:stop])).outcome is Outcome.DISCHARGED
    assert ask(tmp_path, BET, b"".join(rows[: after - 1])).outcome is Outcome.INCONCLUSIVE
    worse = [json.loads(line) for line in windows(-0.5, 300).splitlines()]
    more = [json.dumps(row | {"window": after + at}) + "\n" for at, row in enumerate(worse)]
    later = b"".join(rows[:after]) + "".join(more).encode()
    assert ask(tmp_path, BET, later).outcome is Outcome.DISCHARGED


def gains(values, **columns):
    """Rows with gains and with what orders them."""
    made = (
        {"gain": value} | {name: of[at] for name, of in columns.items()} for at, value in enumerate(values)
    )
    return "".join(json.dumps(row) + "\n" for row in made).encode()


GAIN = "anytime: log, low: -2, high: 2"
NUMBERS = list(range(60))
BACK = [*range(30), *range(30)]
EACH = [f"d{at}" for at in range(60)]
GOOD = [0.6 + 0.3 * (-1) ** at for at in range(60)]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"step": BACK}, "log.jsonl:31: step 0 after 29 does not rise"),
        ({"window": NUMBERS[::-1]}, "log.jsonl:2: window 58 after 59 does not rise"),
        ({"index": BACK}, "index 0 after 29"),
        ({"step": [1] * 60}, "step 1 after 1"),
        ({"step": NUMBERS, "document": ["d1"] * 60}, "document d1 again"),
        ({"document": EACH[:30] * 2}, "log.jsonl:31: document d0 again"),
        ({"document": EACH, "window": NUMBERS[::-1]}, "window 58 does not rise"),
        ({"document": EACH, "step": BACK}, "step 0 after 29"),
        ({"window": EACH}, "which orders nothing"),
    ],
)
def test_rows_out_of_order_or_said_again_are_no_sequence_and_none_is_dropped(tmp_path, columns, said):
    found = ask(tmp_path, GAIN, gains(GOOD, **columns))
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert said in found.detail
    assert str(found.denominator) == "60 of 60 rows"


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"step": NUMBERS, "window": [7 * at % 60 for at in NUMBERS]},
        {"step": [at // 4 for at in NUMBERS], "window": [at % 4 for at in NUMBERS]},
        {"epoch": [at // 30 for at in NUMBERS], "step": BACK},
        {"document": EACH},
        {"document": [f"d{at // 4}" for at in NUMBERS], "window": [at % 4 for at in NUMBERS]},
        {
            "document": [f"d{at // 4}" for at in NUMBERS],
            "window": NUMBERS,
            "step": [at // 8 for at in NUMBERS],
        },
    ],
)
def test_rows_in_order_are_a_sequence_by_whatever_orders_them(tmp_path, columns):
    assert ask(tmp_path, GAIN, gains(GOOD, **columns)).outcome is Outcome.DISCHARGED


def test_rows_that_nothing_orders_are_not_sorted_by_their_gain(tmp_path):
    import numpy as np

    values = np.clip(np.random.default_rng(2).normal(-0.3, 0.8, 600), -1.9, 1.9)
    down = sorted(values.tolist(), reverse=True)
    found = ask(tmp_path, GAIN, gains(down))
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert "sorted by their gain" in found.detail
    assert ask(tmp_path, GAIN, gains(values.tolist())).outcome is Outcome.FALSIFIED


def test_looking_at_every_row_of_noise_finds_nothing(tmp_path):
    """Nominal 1 % for all looks together; specs/statistics/trends.txt has the measured rate."""
    import numpy as np

    from harness.kinds._anytime import Ask, settled

    bet = Ask(gain="gain", over=None, low=-1.5, high=1.5, margin=0.0, confidence=0.99)
    source = np.random.default_rng(5)
    noise = np.clip(source.normal(0, 0.35, (200, 500)), -1.5, 1.5)
    assert sum(settled(row.tolist(), bet)[0] is not None for row in noise) <= 4
