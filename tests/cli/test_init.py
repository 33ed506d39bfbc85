from __future__ import annotations

import json
import math
import random
import struct
import time
from pathlib import Path

import pytest

from harness.kinds._evaluation_examples import results, samples

RUNS = Path(__file__).parents[1] / "data/runs"
CANARY = Path(__file__).parents[2] / "data/canary/canary-log.jsonl"


def weights(dtype: str = "BF16", width: int = 2, shape=(4, 8)) -> bytes:
    size = math.prod(shape) * width
    header = json.dumps({"w": {"dtype": dtype, "shape": list(shape), "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


def honest(steps: int = 60, **more) -> list[dict]:
    noise = random.Random(3)
    return [
        {
            "step": step,
            "loss": 4 - 2 * step / steps + noise.random() / 9,
            "lr": 2e-4
            * min(1, step / 10)
            * (1 if step < 10 else (1 + math.cos(math.pi * (step - 10) / 50)) / 2),
            "tokens": step * 4096,
            **more,
        }
        for step in range(steps)
    ]


def put(bench, source: Path, name: str) -> None:
    bench.write(name, source.read_bytes())


def plain(bench):
    bench.log(honest(), "run/log.jsonl")
    bench.write("run/model.safetensors", weights())


def hugging_face(bench):
    for name in ("trainer_state.json", "model.safetensors", "config.json"):
        put(bench, RUNS / "hf" / name, f"run/{name}")
    bench.write("run/optimizer.pt", b"\x80\x02.")


KINDS = {
    "canary": lambda bench: put(bench, CANARY, "run/canary.jsonl"),
    "hugging face": hugging_face,
    "linear": lambda bench: put(bench, RUNS / "linear_trainer_state.json", "run/trainer_state.json"),
    "lightning": lambda bench: put(bench, RUNS / "metrics.csv", "run/metrics.csv"),
    "nanogpt": lambda bench: put(bench, RUNS / "nanogpt.log", "run/train.log"),
    "plain": plain,
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_draft_is_discharged_without_an_edit(bench, make):
    make(bench)
    start = time.perf_counter()
    said = bench("init", "run", "--write")
    assert time.perf_counter() - start < 3
    assert said.code == 0, said.err
    checked = bench("check")
    assert checked.code == 0, checked.out
    found = bench.statuses()
    assert {"run/lr", "run/finite"} <= found.keys()
    assert set(found.values()) == {"DISCHARGED"}


def test_what_was_measured_stands_in_the_draft(bench):
    hugging_face(bench)
    text = bench("init", "run").out
    assert "where: {lr_max: 0.001, warmup: 10, steps: 60}" in text
    assert 'learning_rate == warmup_cosine(step - 1, lr_max, warmup, steps)"' in text
    assert "recognised over 60 rows: largest distance 0, the next best 1.8e-05" in text
    assert "falls_by: 0.019" in text
    assert "num_input_tokens_seen == step * 96" in text
    assert "parameters: 1056, dtype: f32" in text
    assert "subject: run/model.safetensors" in text


def test_tokens_are_steps_times_batch_times_length_where_the_log_has_them(bench):
    bench.log(honest(batch_size=8, seq_len=512), "run/log.jsonl")
    assert 'holds: "tokens == step * batch_size * seq_len"' in bench("init", "run").out


def test_a_constant_rate_is_claimed_as_far_as_its_digits_go(bench):
    bench.log([{**row, "lr": 0.00032} for row in honest()], "run/log.jsonl")
    bench("init", "run", "--write")
    assert "where: {lr_max: 0.00032}" in (bench.root / "contracts/run.yaml").read_text()
    assert bench("check").code == 0
    bench.log([{**row, "lr": 0.001} for row in honest()], "coarse/log.jsonl")
    assert "# left out lr: INCONCLUSIVE" in bench("init", "coarse").out


def test_perplexity_is_the_exponential_of_its_own_loss(bench):
    put(bench, CANARY, "run/log.jsonl")
    assert 'holds: "val_ppl == exp(val_loss)"' in bench("init", "run").out


def changed(bench, rows) -> None:
    bench.log(rows, "run/log.jsonl")


def nan_row(rows):
    rows[30]["loss"] = float("nan")


def wrong_perplexity(rows):
    for row in rows:
        row["ppl"] = math.exp(row["loss"])
    rows[40]["ppl"] *= 1.1


def wrong_tokens(rows):
    for row in rows[45:]:
        row["tokens"] += 4096


@pytest.mark.parametrize(
    ("spoil", "criterion"), [(nan_row, "finite"), (wrong_perplexity, "ppl"), (wrong_tokens, "tokens")]
)
def test_what_should_hold_and_does_not_stays_in_the_draft_and_is_found(bench, spoil, criterion):
    rows = honest()
    spoil(rows)
    changed(bench, rows)
    said = bench("init", "run", "--write")
    assert f"{criterion} does not hold" in said.err
    assert "does not hold now: FALSIFIED (" in (bench.root / "contracts/run.yaml").read_text()
    assert bench("check").code == 1
    assert bench.statuses()[f"run/{criterion}"] == "FALSIFIED"


def test_a_restarted_run_is_told_and_not_discharged(bench):
    rows = honest()
    changed(bench, rows[:40] + rows[30:])
    said = bench("init", "run", "--write")
    assert (
        "step goes back: 10 rows are said again further down"
        in (bench.root / "contracts/run.yaml").read_text()
    )
    assert "finite does not hold" in said.err
    assert bench("check").code == 1
    assert bench.statuses()["run/finite"] == "INCONCLUSIVE"


def test_a_rate_that_follows_no_schedule_is_said_and_not_claimed(bench):
    rows = honest()
    rows[33]["lr"] *= 1.01
    changed(bench, rows)
    text = bench("init", "run").out
    assert "# lr: no schedule recognised (no schedule of the library fits; closest: " in text
    assert "  lr: {" not in text


def test_a_torn_log_is_told(bench):
    path = bench.log(honest(), "run/log.jsonl")
    path.write_text(path.read_text() + '{"step": 60, "lo')
    text = bench("init", "run").out
    assert "torn last line left out" in text
    assert "does not hold now: INCONCLUSIVE" in text


def test_a_single_file_is_enough(bench):
    bench.log(honest(), "my run.jsonl")
    assert bench("init", "my run.jsonl", "--write").code == 0
    assert bench("check", "my-run").code == 0
    bench.write("m.safetensors", weights("F16"))
    assert "parameters: 32, dtype: f16" in bench("init", "m.safetensors").out


def test_the_longest_log_is_taken_and_the_others_are_named(bench):
    bench.log(honest(), "run/long.jsonl")
    bench.log(honest(9), "run/short.jsonl")
    bench.write("run/notes.txt", "step 1: buy milk\n")
    text = bench("init", "run").out
    assert "log: run/long.jsonl" in text
    assert "# another log: short.jsonl" in text


def test_pickles_are_not_opened(bench):
    bench.log(honest(), "run/log.jsonl")
    bench.write("run/pytorch_model.bin", b"cos\nsystem\n(S'touch owned'\ntR.")
    assert "# pytorch_model.bin may be a pickle" in bench("init", "run").out
    assert not (bench.root / "owned").exists()


def test_nothing_is_overwritten(bench):
    plain(bench)
    bench.write("contracts/run.yaml", "mine")
    said = bench("init", "run", "--write")
    assert (said.code, (bench.root / "contracts/run.yaml").read_text()) == (4, "mine")
    assert "exists already" in said.err
    assert bench("init", "run", "--write", "other.yaml").code == 0
    assert (bench.root / "other.yaml").is_file()


@pytest.mark.parametrize(
    ("lay", "path", "code", "said"),
    [
        (lambda bench: None, "absent", 3, "no such file or folder"),
        (lambda bench: bench.write("run/README.md", "hi"), "run", 5, "no log, no checkpoint"),
        (lambda bench: bench.write("a.bin", b"\0\1"), "a.bin", 3, "say which with format"),
        (lambda bench: bench.write("a.jsonl", '{"a": 1, "a": 2}\n'), "a.jsonl", 3, "given twice"),
        (lambda bench: bench.write("run/a.jsonl", '{"a": 1, "a": 2}\n'), "run", 5, "given twice"),
        (lambda bench: bench.write("m.safetensors", b"\0"), "m.safetensors", 5, "m.safetensors"),
        (lambda bench: bench.write("e.jsonl", ""), "e.jsonl", 5, "nothing to claim"),
    ],
)
def test_bad_inputs_are_told_and_no_draft_is_made(bench, lay, path, code, said):
    lay(bench)
    found = bench("init", path)
    assert (found.code, found.out) == (code, "")
    assert said in found.err


def test_odd_names_make_a_contract_that_can_be_read(bench):
    rows = [
        {"step": s, "train/loss": 3 - s / 9, "min": s, "lr-Adam W": 1.05e-3, "a.b": "x\ny"} for s in range(9)
    ]
    bench.log(rows, 'odd: "näme"/log #1.jsonl')
    said = bench("init", 'odd: "näme"', "--write", "contracts/odd.yaml")
    assert said.code == 0, said.err
    assert bench("check").code == 0


def evaluated(bench, score=0.75):
    bench.write("run/results_2024-01-01T00-00-00.json", results(score, 40))
    bench.write("run/samples_quiz_2024-01-01T00-00-00.jsonl", samples([1.0] * 30 + [0.0] * 10))


def test_an_evaluation_with_its_samples_is_formed_again(bench):
    evaluated(bench)
    said = bench("init", "run", "--write")
    assert said.code == 0, said.err
    assert 'task: "quiz", metric: "acc,none"' in (bench.root / "contracts/run.yaml").read_text()
    assert bench("check").code == 0
    assert bench.statuses() == {"run/score-quiz-acc-none": "DISCHARGED"}


def test_a_score_that_its_samples_do_not_give_is_told(bench):
    evaluated(bench, 0.8)
    said = bench("init", "run", "--write")
    assert "score-quiz-acc-none does not hold" in said.err
    assert bench("check").code == 1


CARD = """# m

| | |
|---|---|
| Parameters | 32 |
| Final loss | {loss} |

| part | count |
|---|---|
| a | 12 |
| b | 30 |
| total | 42 |

6 × 7 = 42
"""


def test_a_card_is_bound_to_the_log_and_the_checkpoint(bench):
    rows = honest()
    plain(bench)
    bench.write("run/README.md", CARD.format(loss=f"{rows[-1]['loss']:.3f}"))
    bench("init", "run", "--write")
    checked = bench("check")
    assert checked.code == 0, checked.out
    assert {"run/card-final-loss", "run/card-parameters", "run/sum-2-1"} <= bench.statuses().keys()
    bench.edit("run/README.md", "| 32 |", "| 33 |")
    assert bench("check").code == 1
    assert bench.statuses()["run/card-parameters"] == "FALSIFIED"


def test_what_of_a_card_does_not_hold_is_left_out_and_told(bench):
    plain(bench)
    bench.write("run/README.md", CARD.format(loss="1.234"))
    text = bench("init", "run").out
    assert "# left out card-final-loss: FALSIFIED (run/README.md:6: Final loss: 1.234, not " in text


def test_a_card_alone_gives_its_identities(bench):
    bench.write("README.md", CARD.format(loss="1.234"))
    assert bench("init", "README.md", "--write").code == 0
    assert bench("check").code == 0
    assert bench.statuses() == {"README/sum-2-1": "DISCHARGED", "README/equation-1": "DISCHARGED"}


def test_every_loss_of_a_lightning_log_is_claimed_to_be_finite(bench):
    rows = [
        f"{e},{s},{3 - s / 99:.4f},,\n"
        + (f"{e},{s},,{3 - s / 99:.4f},{3.1 - s / 99:.4f}\n" if s % 5 == 4 else "")
        for e in range(3)
        for s in range(5 * e, 5 * e + 5)
    ]
    head = "epoch,step,train_loss_step,train_loss_epoch,val_loss\n"
    bench.write("run/metrics.csv", head + "".join(rows))
    text = bench("init", "run").out
    for name in ("train_loss_step", "train_loss_epoch", "val_loss"):
        assert f"finite({name})" in text.replace(f'select: "finite({name})"', "")


def test_a_null_among_losses_is_drafted_as_what_does_not_hold(bench):
    made = honest()
    made[7]["loss"] = None
    bench.log(made, "run/log.jsonl")
    text = bench("init", "run").out
    assert "loss is null in 1 rows, the first at log.jsonl:8" in text
    assert "does not hold now: FALSIFIED" in text


def test_a_column_that_is_mostly_null_is_said_and_not_claimed(bench):
    bench.log(
        [{**row, "val_loss": row["loss"] if row["step"] % 20 == 0 else None} for row in honest()],
        "run/log.jsonl",
    )
    text = bench("init", "run").out
    assert "val_loss: null in 57 of 60 rows" in text
    assert 'finite(val_loss)"' not in text.partition("select:")[0]


def nameless(bench, names: str, spoilt: bool = False) -> str:
    noise = random.Random(5)
    rows = [
        f"{n},{4 - 2 * n / 80 + noise.random() / 5:.4f},{0.5 * (1 - n / 80):.8g},{(n + 1) * 512}\n"
        for n in range(80)
    ]
    bench.write("run/metrics.csv", names + "\n" + "".join(rows[::-1] if spoilt else rows))
    return bench("init", "run").out


@pytest.mark.parametrize("names", ["update,nll,eta,seen", "k,a,b,c"])
def test_columns_whose_names_say_nothing_are_known_by_their_numbers(bench, names):
    step, loss, rate, seen = names.split(",")
    text = nameless(bench, names)
    assert f"{rate} == linear" in text or f"{rate} == " in text
    assert f"finite({loss})" in text
    assert f"metric: {loss}, falls_by" in text
    assert f"{seen} == ({step} + 1) * 512" in text


def test_a_table_in_which_nothing_counts_up_is_no_log(bench):
    assert "finite(a)" not in nameless(bench, "k,a,b,c", spoilt=True)
