import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from harness.audit.audit import audit
from harness.audit.findings import Said
from harness.cli import run

ROOT = Path(__file__).resolve().parents[2]


def found(path):
    return [finding.statement for finding in audit([path]).of(Said.CONTRADICTION)]


def log(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def curve(step):
    return round(3.0 / (1 + step) + 0.01 * ((step * 7919) % 13), 4)


def rows(count=12):
    return [{"step": step, "loss": curve(step)} for step in range(count)]


def checkpoint(folder, values=1000, dtype="float32", name="model.safetensors"):
    save_file({"w": np.zeros((values,), dtype=dtype)}, str(folder / name))


def test_a_sound_log_is_not_accused(tmp_path):
    assert found(log(tmp_path / "log.jsonl", rows())) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r[4].update(loss=float("nan")), "not finite"),
        (lambda r: r.extend(({"step": 8, "loss": 0.5511}, {"step": 9, "loss": 0.5312})), "goes back"),
        (lambda r: r.insert(5, dict(r[4])), "comes again"),
        (
            lambda r: [row.update(loss=round(3 - 0.137 * i, 3)) for i, row in enumerate(r)],
            "bends or scatters",
        ),
        (lambda r: r[7].update(loss=r[3]["loss"]), None),
    ],
)
def test_a_log_is_tried_by_itself(tmp_path, change, words):
    changed = rows()
    change(changed)
    statements = found(log(tmp_path / "log.jsonl", changed))
    assert bool(statements) is (words is not None)
    assert words is None or any(words in statement for statement in statements)


def streams(text):
    return {
        "split.csv": "step,split,loss\n" + text("{s},train,{a}\n{s},val,{b}\n"),
        "layers.csv": "step,layer,norm\n" + text("{s},0,{a}\n{s},1,{b}\n"),
        "long.csv": "step,metric,value\n" + text("{s},loss,{a}\n{s},acc,{b}\n"),
        "anew.csv": "epoch,step,loss\n" + text("0,{s},{a}\n") + text("1,{s},{b}\n"),
        "seeds.csv": "seed,step,loss\n" + text("1,{s},{a}\n") + text("2,{s},{b}\n"),
        "ranks.jsonl": text(
            '{{"step": {s}, "rank": 0, "loss": {a}}}\n{{"step": {s}, "rank": 1, "loss": {b}}}\n'
        ),
        "micro.jsonl": text(
            '{{"step": {s}, "micro_step": 0, "loss": {a}}}\n{{"step": {s}, "micro_step": 1, "loss": {b}}}\n'
        ),
    }


@pytest.mark.parametrize("name", streams(str))
def test_a_log_of_several_streams_is_not_accused_and_its_restart_is(tmp_path, name):
    def text(form, steps=range(12)):
        return "".join(form.format(s=s, a=curve(s), b=round(curve(s) + 0.2137, 4)) for s in steps)

    path = tmp_path / name
    path.write_text(streams(text)[name], encoding="utf-8")
    assert found(path) == []
    if name != "anew.csv":
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join([*lines, *lines[-6:]]) + "\n", encoding="utf-8")
        assert any("goes back" in statement for statement in found(path))


@pytest.mark.parametrize("name", ["_step", "update", "iteration", "trainer/global_step"])
def test_a_resumed_log_is_seen_by_any_name_of_its_steps(tmp_path, name):
    made = [{name: row["step"], "loss": row["loss"]} for row in rows(20)]
    assert found(log(tmp_path / "log.jsonl", made)) == []
    again = [{**row, "loss": row["loss"] + 0.01} for row in made[8:]]
    assert any(f"{name} goes back" in one for one in found(log(tmp_path / "log.jsonl", [*made[:12], *again])))


def test_a_null_among_numbers_is_not_finite(tmp_path):
    made = rows()
    made[4]["loss"] = None
    (statement,) = found(log(tmp_path / "log.jsonl", made))
    assert "loss is not finite" in statement


def test_a_column_of_nulls_is_not_accused_but_not_passed_over(tmp_path):
    path = log(tmp_path / "log.jsonl", [{**row, "val": 2.5 if row["step"] == 6 else None} for row in rows()])
    assert found(path) == []
    assert any("val is null in 11 of 12 rows" in one.statement for one in audit([path]).of(Said.UNTRIED))


def test_a_loss_that_is_no_number_is_said_not_to_be_tried(tmp_path):
    path = tmp_path / "run.log"
    path.write_text(
        "".join(f"iter {r['step']}: loss {str(r['loss']).replace('.', ',')}, x 1\n" for r in rows())
    )
    assert any("loss holds" in one.statement for one in audit([path]).of(Said.UNTRIED))


def test_perplexity_and_tokens_of_a_log_follow(tmp_path):
    right = [
        {**row, "ppl": round(float(np.exp(row["loss"])), 3), "tokens": row["step"] * 512} for row in rows()
    ]
    assert found(log(tmp_path / "log.jsonl", right)) == []
    right[5]["ppl"] += 0.5
    right[7]["tokens"] += 100
    statements = found(log(tmp_path / "log.jsonl", right))
    assert any("ppl = exp(loss)" in statement for statement in statements)
    assert any("tokens grows by 512" in statement for statement in statements)


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("A model of 1,000 parameters in float32 weights.", None),
        ("A model of 1.0K parameters; checkpoint in fp32.", None),
        ("A model of 1,100 parameters.", "parameters of"),
        ("The weights are stored in bf16.", "dtype of"),
        ("A model of 1,000 parameters (bfloat16), trained for 300 steps.", "dtype of"),
        ("1,000 parameters, bf16 weights. 60 optimizer steps.", "dtype of"),
        ("Weights are released in bf16 (trained in fp32).", "dtype of"),
        ("A model of 1,000 parameters (float32), trained in bf16.", None),
        ("Weights are released in fp32 (trained in bf16).", None),
        ("Trained in mixed precision with bf16 weights.", None),
        ("1,000 parameters. Mixed precision training (bf16).", None),
        ("Model size: 4.1 KB", None),
        ("Checkpoint size: 8,000 bytes", "bytes of"),
        ("We compare models of 1.3B parameters and of 2.7B parameters.", None),
    ],
)
def test_a_card_is_tried_on_the_checkpoint_beside_it(tmp_path, card, words):
    checkpoint(tmp_path)
    (tmp_path / "README.md").write_text(card, encoding="utf-8")
    statements = found(tmp_path)
    assert bool(statements) is (words is not None), statements
    assert words is None or any(words in statement for statement in statements)


@pytest.mark.parametrize(
    ("count", "right"),
    [
        ("35,712", True),
        ("33,664", True),
        ("27,520", True),
        ("43,904", True),
        ("37,760", False),
        ("36,712", False),
    ],
)
def test_an_embedding_of_positions_is_never_tied_to_a_head(tmp_path, count, right):
    shapes = {"transformer.wpe.weight": (64, 32), "transformer.wte.weight": (256, 32), "h.w": (25472,)}
    save_file({k: np.zeros(s, "float32") for k, s in shapes.items()}, str(tmp_path / "model.safetensors"))
    (tmp_path / "README.md").write_text(f"A model of {count} parameters.", encoding="utf-8")
    assert (found(tmp_path) == []) is right


def test_a_head_of_its_own_is_not_counted_again(tmp_path):
    shapes = {"wte.weight": (256, 32), "lm_head.weight": (256, 32), "h.w": (1000,)}
    save_file({k: np.zeros(s, "float32") for k, s in shapes.items()}, str(tmp_path / "model.safetensors"))
    (tmp_path / "README.md").write_text("A model of 25,576 parameters.", encoding="utf-8")
    assert any("parameters of" in statement for statement in found(tmp_path))


def test_shards_are_tried_against_their_index(tmp_path):
    save_file({"a": np.zeros(10, "float32")}, str(tmp_path / "model-00001-of-00002.safetensors"))
    save_file({"b": np.zeros(10, "float32")}, str(tmp_path / "model-00002-of-00002.safetensors"))
    index = tmp_path / "model.safetensors.index.json"
    places = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    index.write_text(json.dumps({"metadata": {"total_size": 80}, "weight_map": places}))
    assert found(tmp_path) == []
    index.write_text(json.dumps({"metadata": {"total_size": 88}, "weight_map": places}))
    assert any("total_size" in statement for statement in found(tmp_path))
    index.write_text(json.dumps({"metadata": {"total_size": 80}, "weight_map": {"a": places["a"]}}))
    assert any("disagree" in statement for statement in found(tmp_path))


def test_a_configuration_must_name_the_dtype_of_the_weights(tmp_path):
    checkpoint(tmp_path, dtype="float16")
    (tmp_path / "config.json").write_text('{"torch_dtype": "float16", "hidden_size": 8}')
    assert found(tmp_path) == []
    (tmp_path / "config.json").write_text('{"torch_dtype": "bfloat16", "hidden_size": 8}')
    assert any("dtype" in statement for statement in found(tmp_path))


def exits(*arguments):
    return run(["audit", *map(str, arguments)])


def test_exit_codes(tmp_path, capsys):
    wrong, right, silent = (tmp_path / name for name in ("wrong.md", "right.md", "silent.md"))
    wrong.write_text("We saw 2 × 3 = 7 things.")
    right.write_text("We saw 2 × 3 = 6 things.")
    silent.write_text("Nothing to see.")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"nonsense")
    assert exits(right) == 0
    assert exits(wrong) == 1
    assert exits(wrong, broken) == 1
    assert exits(broken) == 3
    assert exits(tmp_path / "nowhere") == 3
    assert exits() == 4
    assert exits(silent) == 5
    assert "Traceback" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe\x00", b"|" * 5000, b"\x00" * 100, b"(" * 3000 + b"1 = 2", b"1e999999999 = 2"]
)
def test_no_text_breaks_the_audit(tmp_path, raw, capsys):
    path = tmp_path / "odd.md"
    path.write_bytes(raw)
    assert exits(path) in (0, 1, 3, 5)
    assert "failed" not in capsys.readouterr().err


def test_the_report_names_both_numbers_and_their_lines(tmp_path, capsys):
    path = tmp_path / "card.md"
    path.write_text("# card\n\nIn all 2 orders × 4 heads = 9 tables.\n")
    exits(path)
    text = capsys.readouterr().out
    assert text.index("CONTRADICTION") < text.index("1 contradiction,")
    assert "stated    9   " in text
    assert f"{path}:3" in text
    exits(path, "--format", "json")
    told = json.loads(capsys.readouterr().out)
    assert told["totals"] == {"contradiction": 1, "holds": 0, "untried": 0}
    assert told["findings"][0]["stated"] == {"shown": "9", "place": f"{path}:3"}


def test_the_first_finding_comes_within_two_seconds(tmp_path):
    (tmp_path / "card.md").write_text("In all 2 orders × 4 heads = 9 tables.\n")
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "harness", "audit", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert time.perf_counter() - start < 2
    assert done.returncode == 1
    assert "CONTRADICTION" in done.stdout


INDEX = """---
model-index:
- name: m
  results:
  - task: {{type: text-generation}}
    dataset: {{name: {task}, type: quiz}}
    metrics:
    - {{type: {metric}, value: {value}}}
---
# m
"""


@pytest.mark.parametrize(
    ("task", "metric", "value", "holds"),
    [
        ("Quiz", "acc", "0.81", False),
        ("Quiz", "accuracy", "81.0", False),
        ("Quiz", "acc", "0.75", True),
        ("Quiz", "accuracy", "75.0", True),
        ("Quiz", "f1", "0.81", None),
        ("another", "bleu", "0.81", None),
    ],
)
def test_a_model_index_is_tried_on_the_results_beside_it(tmp_path, task, metric, value, holds):
    results = {"results": {"quiz": {"alias": "quiz", "acc,none": 0.75, "acc_stderr,none": 0.81}}}
    (tmp_path / "results_2024.json").write_text(json.dumps(results), encoding="utf-8")
    (tmp_path / "README.md").write_text(INDEX.format(task=task, metric=metric, value=value), encoding="utf-8")
    assert bool(found(tmp_path)) is (holds is False)
    held = [one.statement for one in audit([tmp_path]).of(Said.HOLDS)]
    assert any("as evaluated" in one for one in held) is (holds is True)
