"""Long logs part by part: the same verdicts as of all rows at once, on the same data with planted faults."""

import json
import math
import random
from dataclasses import replace

import pytest
from log_ports import Ports

from harness.kinds.trace import Trace
from harness.logs import jsonl, parquet
from harness.model.outcome import Outcome, Reason
from harness.model.problem import InputError
from harness.model.values import Expression, Printed

pyarrow = pytest.importorskip("pyarrow", reason="Parquet is read with pyarrow")
ROWS = 900


def sound(seed=0, rows=ROWS):
    draw, ema, found = random.Random(seed), 0.0, []
    for step in range(rows):
        loss = 2 + 2 * math.exp(-step / 400) + draw.gauss(0, 0.02)
        ema = loss if step == 0 else 0.9 * ema + 0.1 * loss
        rate = 3e-4 * min(1.0, (step + 1) / 100)
        found.append(
            {"step": step, "loss": loss, "ema": ema, "lr": rate, "short": round(loss, 3), "phase": step % 7}
        )
    return found


def planted(**cells):
    at = cells.pop("at", 745)
    rows = sound()
    rows[at] = {**rows[at], **cells}
    return rows


def dropped(*gone):
    return [row for at, row in enumerate(sound()) if at not in gone]


def without(at, name):
    rows = sound()
    rows[at] = {key: value for key, value in rows[at].items() if key != name}
    return rows


RISE = Trace(rows=Expression("lr == min(0.0003, 0.0003 * (step + 1) / 100)"))
EMA = Trace(rows=Expression("ema == 0.9*ema[-1] + 0.1*loss"), first=Expression("ema == loss"), every=1)
BELOW = Trace(rows=Expression("loss < 9 and finite(loss)"))
SHORT = Trace(rows=Expression("abs(short - loss) <= 0.0006 and short > 0"))
SELECTED = Trace(rows=Expression("loss <= loss[-1] + 1"), select=Expression("phase == 3"), every=7)
GUARDED = Trace(rows=Expression("lr == 0.0003 if step >= 890 else lr <= 0.0003"))
KINDS = {
    "schedule": RISE,
    "average": EMA,
    "finite": BELOW,
    "rounded": SHORT,
    "selected": SELECTED,
    "an arm that speaks late": GUARDED,
    "an arm that never speaks": Trace(rows=Expression("lr == 0.0003 if step >= 90000 else lr <= 0.0003")),
    "a sum over all": Trace(rows=Expression("loss <= max(loss)")),
    "cannot fail": Trace(rows=Expression("clip(loss, 0, 9) <= 9")),
    "a mutant that shows late": Trace(rows=Expression("loss <= 9 and step <= 899")),
    "a constant": Trace(rows=Expression("lr <= top"), where={"top": Printed("0.0003")}),
    "double": Trace(rows=Expression("ema == 0.9*ema[-1] + 0.1*loss"), allow_unjudged=1, guard="float64"),
}
DATA = {
    "sound": sound,
    "one row off": lambda: planted(lr=3.1e-4),
    "nan": lambda: planted(loss=float("nan")),
    "inf": lambda: planted(ema=float("inf")),
    "null": lambda: planted(loss=None),
    "nulls": lambda: [{**row, "ema": None} for row in sound()],
    "first null": lambda: planted(at=0, ema=None),
    "a late null": lambda: planted(at=ROWS - 1, lr=None, loss=None),
    "a missing row": lambda: dropped(450),
    "missing rows": lambda: dropped(64, 65, 128, 899),
    "a step said again": lambda: [*sound()[:600], *sound()[550:]],
    "two rows": lambda: sound()[:2],
    "one row": lambda: sound()[:1],
    "the same row": lambda: sound()[9:10] * 5,
    "no zero": lambda: planted(loss=0.0, short=0.0),
    "another average": lambda: planted(ema=2.5),
}


def as_jsonl(folder, rows):
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def as_parquet(folder, rows):
    import pyarrow.parquet

    path = folder / "log.parquet"
    schema = pyarrow.schema(
        [
            (name, pyarrow.int64() if name in ("step", "phase") else pyarrow.float64())
            for name in sound(rows=1)[0]
        ]
    )
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), path)
    return path


def verdict(kind, path):
    try:
        return kind.discharge(Ports(files={"log": [path]}))
    except InputError as error:
        return str(error)


def told(found):
    """Leaves out what is said of nulls: of a column that no claim names, parts say nothing."""
    if isinstance(found, str):
        return found
    detail = "; ".join(part for part in found.detail.split("; ") if " is null in " not in part)
    return replace(found, detail=detail)


@pytest.fixture
def streams(monkeypatch):
    """Makes every log a long one, in parts of which none is a whole number of the others."""
    monkeypatch.setattr(jsonl, "PART", 130)
    monkeypatch.setattr(parquet, "BATCH", 130)

    def choose(*, long):
        for module in (jsonl, parquet):
            monkeypatch.setattr(module, "LONG", 0 if long else 2**60)

    return choose


@pytest.mark.parametrize(
    "write",
    [pytest.param(as_jsonl, id="jsonl", marks=pytest.mark.full), pytest.param(as_parquet, id="parquet")],
)
@pytest.mark.parametrize("data", DATA)
def test_parts_get_the_verdict_of_the_whole(tmp_path, streams, data, write):
    path = write(tmp_path, DATA[data]())
    for name, kind in KINDS.items():
        streams(long=False)
        whole = verdict(kind, path)
        streams(long=True)
        parts = verdict(kind, path)
        assert told(parts) == told(whole), name


def test_all_outcomes_occur_among_them(tmp_path, streams):
    streams(long=True)
    found = {
        getattr(verdict(kind, as_parquet(tmp_path, make())), "outcome", None)
        for kind in (RISE, EMA)
        for make in (DATA["sound"], DATA["nan"], DATA["one row off"])
    }
    assert found == {Outcome.DISCHARGED, Outcome.INCONCLUSIVE, Outcome.FALSIFIED}


def test_a_null_of_a_table_is_said_and_empty_as_in_json(tmp_path):
    both = [verdict(BELOW, write(tmp_path, DATA["null"]())) for write in (as_jsonl, as_parquet)]
    assert [one.outcome for one in both] == [Outcome.FALSIFIED, Outcome.FALSIFIED]
    assert all("loss is null in 1 rows" in one.detail for one in both)
    absent = verdict(BELOW, as_jsonl(tmp_path, without(5, "loss")))
    assert (absent.outcome, absent.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)


def test_a_key_that_is_not_there_is_no_null(tmp_path, streams):
    path = as_jsonl(tmp_path, without(610, "loss"))
    streams(long=False)
    whole = verdict(BELOW, path)
    streams(long=True)
    assert verdict(BELOW, path) == whole
    assert whole.denominator.unjudged == 1


def test_a_torn_line_counts_in_parts_too(tmp_path, streams):
    path = as_jsonl(tmp_path, sound())
    path.write_bytes(path.read_bytes()[:-20])
    streams(long=False)
    whole = verdict(RISE, path)
    streams(long=True)
    assert verdict(RISE, path) == whole
    assert (whole.outcome, whole.denominator.unjudged) == (Outcome.INCONCLUSIVE, 1)
