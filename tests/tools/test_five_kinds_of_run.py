"""What a new user does with runs of real tools: audit, init, check; and ten falsehoods planted in each."""

import json
import math
import resource
import shutil

import pytest
from planting import TOOLS

LOGGED = ("hugging_face", "lightning_csv", "nanogpt", "plain")
EVERY = (*LOGGED, "card_only")


@pytest.fixture
def runs(bench, trained):
    """Returns a function that lays a tool's runs into the bench."""

    def lay(tool):
        shutil.copytree(trained(tool), bench.root / tool)
        return TOOLS[tool](bench.root / tool)

    return lay


def audited(bench, tool):
    said = bench("audit", tool, "--format", "json")
    assert "failed" not in said.err
    return said.code, [one for one in said.json["findings"] if one["outcome"] == "contradiction"]


@pytest.mark.parametrize("tool", EVERY)
def test_a_sound_run_is_not_accused(bench, runs, tool):
    runs(tool)
    code, wrong = audited(bench, tool)
    assert (code, wrong) == (0, [])


@pytest.mark.parametrize("tool", EVERY)
def test_a_draft_is_discharged_without_an_edit(bench, runs, tool):
    runs(tool)
    said = bench("init", tool, "--write")
    assert said.code == 0, said.err
    assert "does not hold" not in said.err
    checked = bench("check")
    assert checked.code == 0, checked.out
    assert len(bench.statuses()) > 2
    assert set(bench.statuses().values()) == {"DISCHARGED"}


CLOSED = {
    "hugging_face": "learning_rate is closed by warmup_cosine(step - 1, 0.001, 10, 40) over 40 rows",
    "lightning_csv": "lr-AdamW is closed by warmup_cosine(step, 0.01, 10, 60) over 60 rows",
    "nanogpt": "lr is closed by warmup_from_zero_cosine_floor(step + 1, 0.01, 9, 61, 0.1) over 61 rows",
    "plain": "lr is closed by warmup_cosine(step, 0.003, 10, 60) over 60 rows",
}


@pytest.mark.parametrize("tool", LOGGED)
def test_the_rate_is_recognised_and_closed(bench, runs, tool):
    runs(tool)
    (text,) = {
        line.strip().split(": ", 1)[1].split("; ")[0].split(": ")[0]
        for line in bench("audit", tool, "--verbose").out.splitlines()
        if "is closed by" in line
    }
    assert text == CLOSED[tool]


def convention(run):
    """The rate of the next step in every row, as where a schedule is stepped before it is logged."""
    rows, at = run.rows(), run.with_rate()
    shown = [rows[row][run.rate] for row in at]
    for row, value in zip(at, [*shown[1:], "0.0"], strict=True):
        rows[row][run.rate] = value
    run.write(rows)
    return {"says": "convention"} if type(run).__name__ != "Lightning" else {"says": "step 30"}


@pytest.mark.parametrize("tool", LOGGED)
def test_the_draft_of_a_sound_run_falsifies_another_convention(bench, runs, tool):
    run = runs(tool)
    assert bench("init", tool, "--write").code == 0
    convention(run)
    assert bench("check").code == 1
    assert bench.statuses()[f"{tool}/lr"] == "FALSIFIED"


HORIZONS = {
    "hugging_face": ("seed-1/README.md", r"training_steps: (40)"),
    "lightning_csv": ("lightning_logs/version_0/hparams.yaml", r"max_steps: (60)"),
    "nanogpt": ("config.yaml", r"lr_decay_iters: (60)"),
    "plain": ("seed1/config.json", r'"total_steps": (60)'),
}


def horizon(run):
    name, pattern = HORIZONS[run.root.name]
    true = run.swap(name, pattern, "90")
    true = "61" if run.root.name == "nanogpt" else true
    return {"says": "horizon", "stated": ("90", name), "found": (true, run.log)}


def perplexity(run):
    if run.root.name == "card_only":
        true = run.swap(run.card, r"Final perplexity \| ([\d.]+)", "4.321")
        return {"says": "perplexity", "stated": ("4.321", run.card), "found": (true[:4], run.card)}
    if run.root.name == "hugging_face":
        true = run.swap("seed-1/eval_results.json", r'"perplexity": ([\d.]+)', "33.125")
        return {"stated": ("33.125", "eval_results.json"), "found": (true[:4], "eval_results.json")}
    rows = run.rows()
    row = [row for row in rows if row.get(run.ppl)][-2]
    true, row[run.ppl] = row[run.ppl], str(float(row[run.ppl]) * 1.03)
    run.write(rows)
    return {"stated": (row[run.ppl], run.log), "found": (true[:3], run.log)}


def nan_row(run):
    rows = run.rows()
    rows[run.with_rate()[20]][run.rate] = "nan" if run.root.name == "nanogpt" else "NaN"
    run.write(rows)
    return {"says": "finite", "stated": ("nan", run.log)}


def resumed(run):
    rows, at = run.rows(), run.with_rate()
    again = [{**rows[row]} for row in at[10:20]]
    for row in again:
        for key in row.keys() & {"loss", "train_loss"}:
            row[key] = str(round(float(row[key]) * 1.01, 5)) if row[key] else ""
        for key in row.keys() & {"ppl"}:
            row[key] = f"{math.exp(float(row['loss'])):.4f}"
    run.write([*rows[: at[20]], *again, *rows[at[20] :]])
    step = rows[at[10]]["step"]
    return {"says": "goes back", "stated": (step, run.log), "found": (rows[at[19]]["step"], run.log)}


PARAMETERS = r"(?:Parameters: |Parameters \| |model of |Model size: |float32, )([\d,]+)(?=\n| \||,? param)"


def parameters(run):
    true = run.swap(run.card, PARAMETERS, "123,456" if run.root.name == "card_only" else "2,345")
    if run.root.name == "card_only":
        return {"stated": ("bytes", run.card), "found": ("493,824", run.card)}
    return {"says": "parameters", "stated": ("2,345", run.card), "found": (true, "headers")}


def dtype(run):
    run.swap(run.card, r"(?:Weights: |Tensor type \| |stored in |saved as )(\w+)", "bfloat16")
    return {"says": "dtype", "stated": ("BF16", run.card), "found": ("F32", "headers")}


def table(run):
    true = run.swap(run.card, r"\| total \| ([\d,]+)", "#")
    false = f"{int(true.replace(',', '')) * 11 // 10:,}"
    run.swap(run.card, "#(?= \\|\n)", false)
    return {"says": "sum of column", "stated": (false, run.card), "found": (true, run.card)}


RESULTS = {
    "hugging_face": ("eval_loss", r"Eval loss: ([\d.]+)", "- Eval loss: {}\n"),
    "lightning_csv": ("val_loss", r"Final val loss \| ([\d.]+)", "| | |\n|---|---|\n| Val loss | {} |\n"),
    "nanogpt": ("val loss", r"Final val loss: ([\d.]+)", "We reach a val loss of {}.\n"),
    "plain": ("loss", r"Final loss \| ([\d.]+)", "| metric | value |\n|---|---|\n| Final loss | {} |\n"),
}


def best_of_several(run):
    column, _, line = RESULTS[run.root.name]
    finals = [float(run.final(name, column)) for name in run.logs]
    stated = f"{min(finals):.4f}"
    for card in run.root.rglob("README.md"):
        card.unlink()
    run.path("README.md").write_text("# the model\n\n## Results\n\n" + line.format(stated))
    mean = f"{sum(finals) / len(finals):.6g}"[:5]
    return {"says": "the best of", "stated": (stated, "README.md"), "found": (mean, "mean of")}


def of_another_run(run):
    column, pattern, _ = RESULTS[run.root.name]
    mine, other = (f"{float(run.final(name, column)):.4f}" for name in list(run.logs)[:2])
    run.swap(run.card, pattern, other)
    return {"says": "not of this run", "stated": (other, run.card), "found": (mine[:5], run.log)}


def best_row_as_final(run):
    """The lowest of the run under the word final, with every other row above it."""
    rows = run.rows()
    column = {"lightning_csv": "val_loss", "nanogpt": "val loss"}.get(run.root.name, "loss")
    given = [row for row in rows if row.get(column)]
    low = given[-3 if len(given) > 3 else -2]
    low[column] = f"{min(float(row[column]) for row in given) * 0.9:.6f}"
    low.pop("ppl", None)
    if "val_ppl" in low:
        low["val_ppl"] = f"{math.exp(float(low[column])):.6f}"
    run.write(rows)
    card = run.path(run.card)
    kept = [
        line
        for line in card.read_text().splitlines()
        if "oss" not in line and "erpl" not in line and "ppl" not in line
    ]
    stated = f"{float(low[column]):.4f}"
    split = "val " if "val" in column else ""
    card.write_text("\n".join([*kept, "", f"- Final {split}loss: {stated}", ""]))
    return {
        "says": "the best of the run and not its last",
        "stated": (stated, run.card),
        "found": ("", run.log),
    }


FALSEHOODS = (
    (convention, LOGGED),
    (horizon, LOGGED),
    (perplexity, EVERY),
    (nan_row, LOGGED),
    (resumed, LOGGED),
    (parameters, EVERY),
    (dtype, LOGGED),
    (table, EVERY),
    (best_of_several, LOGGED),
    (best_row_as_final, LOGGED),
    (of_another_run, LOGGED),
)
CASES = [(tool, plant) for plant, tools in FALSEHOODS for tool in tools]


@pytest.mark.parametrize(("tool", "plant"), CASES, ids=[f"{p.__name__}-{t}" for t, p in CASES])
def test_a_planted_falsehood_is_found(bench, runs, tool, plant):
    expected = plant(runs(tool))
    code, wrong = audited(bench, tool)
    assert code == 1
    fitting = [one for one in wrong if fits(one, expected)]
    assert fitting, json.dumps({"expected": expected, "found": wrong}, indent=1)
    for one in fitting:
        assert all(one[side][part] for side in ("stated", "found") for part in ("shown", "place"))


@pytest.mark.parametrize("tool", EVERY)
def test_the_first_finding_comes_within_two_seconds(bench, runs, tool):
    table(runs(tool))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = bench.process("audit", tool)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Seconds of the processor: what the command takes on a machine that does nothing else.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2
    assert said.code == 1
    assert said.out.lstrip().startswith("1. CONTRADICTION")


def fits(one, expected):
    """Tells whether a finding names what was planted: the words, both numbers and both places."""
    if expected.get("says", "") not in one["statement"]:
        return False
    for side in ("stated", "found"):
        shown, place = expected.get(side, ("", ""))
        said = one[side]
        plain = said["shown"].lower().replace(",", "")
        if shown.lower().replace(",", "") not in plain or place not in said["place"]:
            return False
    return True
