"""Rules that hold a run's files against one another: each finds its fault, and accuses no sound run."""

import json
import math

import numpy as np
import pytest
from safetensors.numpy import save_file

from harness.audit.audit import audit
from harness.audit.findings import Said

STEPS, WARMUP, PEAK = 60, 10, 3e-3


def rate(step, steps=STEPS):
    if step < WARMUP:
        return PEAK * step / WARMUP
    return PEAK * (1 + math.cos(math.pi * (step - WARMUP) / (steps - WARMUP))) / 2


def loss(step, seed=0):
    return round(1.5 + 2 / (1 + step / 9) + 0.05 * math.sin(step * (step + 3 + seed)), 4)


def rows(seed=0, shift=0, count=STEPS):
    return [{"step": s, "loss": loss(s, seed), "lr": rate(s + shift)} for s in range(count)]


class Folder:
    def __init__(self, root):
        self.root = root

    def log(self, made, name="log.jsonl"):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in made))

    def card(self, text, name="README.md"):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# model\n\n## Results\n\n{text}\n")

    def config(self, name="config.json", **values):
        (self.root / name).write_text(json.dumps(values, indent=1))

    def wrong(self):
        return [one.statement for one in audit([self.root]).of(Said.CONTRADICTION)]

    def held(self):
        return [one.statement for one in audit([self.root]).of(Said.HOLDS)]


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def accused(folder, words):
    """Holds if the audit says nothing where there are no words, else one thing with these words."""
    wrong = folder.wrong()
    if words is None:
        assert wrong == []
    else:
        assert any(words in statement for statement in wrong), wrong


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lr": 3e-3, "warmup_steps": 10, "max_steps": 60}, None),
        ({"lr": 3e-3, "warmup_steps": 10, "max_steps": 80}, "horizon"),
        ({"lr": 3e-3, "warmup_steps": 20, "max_steps": 60}, "warm-up"),
        ({"lr": 1e-3, "warmup_steps": 10, "max_steps": 60}, "peak"),
        ({"lr": 3e-3, "warmup_ratio": 0.1, "max_steps": 60}, None),
        ({"max_steps": 40, "lr_decay_steps": 60}, None),
        ({"max_steps": 60, "lr_decay_steps": 40}, None),
        ({"max_steps": 70, "lr_decay_steps": 80}, "horizon"),
        ({"scheduler": {"T_max": 50}, "max_steps": 60}, None),
        ({"eval_steps": 20, "save_steps": 500, "logging_steps": 1}, None),
        ({"encoder_lr": 1e-4, "min_lr": 1e-5, "weight_decay": 0.1}, None),
        ({"max_epochs": 3, "train_batch_size": 8}, None),
    ],
)
def test_rates_are_held_against_the_configuration(folder, settings, words):
    folder.log(rows())
    folder.config(**settings)
    accused(folder, words)


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("- Learning rate: 3e-3\n- Warmup steps: 10\n- Training steps: 60", None),
        ("Trained with a peak learning rate of 3e-3 and a warmup of 10 steps.", None),
        ("Trained with a peak learning rate of 2e-3 and a warmup of 10 steps.", "peak"),
        ("- learning_rate: 0.003\n- lr_scheduler_warmup_steps: 10\n- training_steps: 90", "horizon"),
        ("We save a checkpoint every 20 steps and evaluate for 50 steps.", None),
        ("Learning rate is 0.0015 at step 35.", None),
        ("Learning rate is 0.003 at step 35.", "at step 35"),
        ("`lr = warmup_cosine(step, 3e-3, 10, 60)`", None),
        ("`lr = warmup_cosine(step + 1, 3e-3, 10, 60)`", "another step convention"),
        (
            "`lr(step) = 3e-3 * (step / 10 if step < 10 else (1 + cos(pi*(step - 10)/50)) / 2)`",
            None,
        ),
        ("lr = 3e-3 at its peak, one step after the other", None),
    ],
)
def test_rates_are_held_against_the_card(folder, card, words):
    folder.log(rows())
    folder.card(card)
    accused(folder, words)


def test_the_names_of_a_formula_are_settings(folder):
    folder.log(rows())
    folder.config(lr=3e-3, warmup=10, total=60, schedule="warmup_cosine(step, lr, warmup, total)")
    assert any("lr = warmup_cosine(step, lr, warmup, total)" in held for held in folder.held())
    folder.log(rows(shift=1))
    (finding,) = audit([folder.root]).of(Said.CONTRADICTION)
    assert "another step convention" in finding.statement
    assert finding.stated.place.endswith("config.json:5")
    assert "log.jsonl:" in finding.found.place


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        (
            "The learning rate at step s (0-based) is 3e-3 * (s+1)/10 for s < 10, then the cosine.",
            "convention",
        ),
        ("The learning rate at step s (0-based) is 3e-3 * s/10 for s < 10, then the cosine.", None),
        ("The learning rate at step s is 3e-3 * s/10 for s <= 10.", None),
        ("The learning rate at step s (1-based) is 3e-3 * (s+1)/10 for s < 10.", None),
        ("The learning rate at step s is small for s < 10.", None),
    ],
)
def test_a_formula_in_a_sentence_is_tried_on_the_steps_that_it_speaks_of(folder, sentence, words):
    folder.log(rows())
    folder.card(sentence)
    accused(folder, words)
    assert words or "0-based" not in sentence or any("lr = 3e-3 * step/10" in held for held in folder.held())


@pytest.mark.parametrize(
    ("stated", "words"), [(60, None), (80, "the horizon of learning_rate is max_steps = 80")]
)
def test_how_far_a_run_came_is_no_horizon(folder, stated, words):
    history = [{"step": s, "loss": loss(s), "learning_rate": rate(s)} for s in range(1, STEPS + 1)]
    state = {"global_step": STEPS, "max_steps": stated, "log_history": history}
    (folder.root / "trainer_state.json").write_text(json.dumps(state, indent=1))
    accused(folder, words)


@pytest.mark.parametrize(
    ("version", "offset", "words"),
    [
        ("5.23.0", -1, None),
        ("5.23.0", 0, "step convention"),
        ("4.40.1", 0, None),
        ("4.40.1", -1, None),
    ],
)
def test_a_trainer_that_is_known_has_its_step_convention(folder, version, offset, words):
    history = [{"step": s, "loss": loss(s), "learning_rate": rate(s + offset)} for s in range(1, STEPS + 1)]
    state = {"global_step": STEPS, "max_steps": STEPS, "log_history": history}
    (folder.root / "trainer_state.json").write_text(json.dumps(state, indent=1))
    folder.config(architectures=["X"], transformers_version=version)
    accused(folder, words)


LAST, LOW = loss(STEPS - 1), min(loss(s) for s in range(STEPS))


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (f"Final loss: {LAST}", None),
        (f"Final loss: {LAST:.2f}", None),
        (f"Best loss: {LOW}", None),
        (f"- Loss: {LOW}", None),
        (f"Final loss: {LOW}", "the best of the run and not its last"),
        (f"Final loss: {loss(20)}", "of an earlier row"),
        ("Final loss: 1.2345", "no row of the run has it"),
        ("- Loss: 1.2345", None),
        ("Final loss: ~1.2", None),
        ("Final loss of the baseline: 1.2345", None),
        ("Final test loss: 1.2345", None),
        ("Final distillation loss: 1.2345", None),
        ("Final loss: 1.2345 ± 0.01", None),
        ("Mean final loss: 1.2345", None),
        ("The final loss is below 1.2345", None),
        ("| model | final loss |\n|---|---|\n| ours | 1.2345 |\n| theirs | 1.3456 |", None),
        (f"Final loss: {sum(loss(s) for s in range(50, 60)) / 10:.4f}", None),
        (f"Final perplexity: {math.exp(LAST):.3f}", None),
        ("Final perplexity: 3.333", "no row of the run has it"),
        ("Init loss: 4.2", None),
        ("Final accuracy: 71.25%", None),
    ],
)
def test_results_are_held_against_the_log(folder, card, words):
    folder.log(rows())
    folder.card(card)
    accused(folder, words)


def test_a_validation_loss_is_no_training_loss(folder):
    folder.log([{**row, "val_loss": row["loss"] + 0.25} for row in rows()])
    folder.card(f"- Val loss: {LAST + 0.25:.4f}\n- Train loss: {LAST}")
    accused(folder, None)
    folder.card(f"- Val loss: {LAST}")
    accused(folder, "no row of the run has it")


FINALS = [loss(STEPS - 1, seed) for seed in (1, 2, 3)]


def seeds(folder, **more):
    for seed in (1, 2, 3):
        folder.log(rows(seed), f"seed-{seed}/log.jsonl")
        folder.config(f"seed-{seed}/config.json", seed=seed, hidden=8 if not more else more["hidden"] * seed)


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("Final loss: {low}", "the best of 3 runs"),
        ("| metric | value |\n|---|---|\n| Final loss | {low} |", "the best of 3 runs"),
        ("Final loss of the best of three seeds: {low}", None),
        ("The best seed of the three.\n\nFinal loss: {low}", None),
        ("Final loss of seed 2: {two}", None),
        ("The run of seed-{best}.\n\nFinal loss: {low}", None),
        ("The run of seed-{worst}.\n\nFinal loss: {low}", "not of this run"),
        ("Final loss: {high}", None),
        ("Final loss: {mean}, the mean of three seeds", None),
        ("| seed | final loss |\n|---|---|\n| 1 | {0} |\n| 2 | {1} |\n| 3 | {2} |", None),
    ],
)
def test_the_best_of_several_runs_is_no_run(folder, card, words):
    seeds(folder)
    low, high = min(FINALS), max(FINALS)
    at = {"low": low, "high": high, "two": FINALS[1], "mean": round(sum(FINALS) / 3, 4)}
    at |= {"best": FINALS.index(low) + 1, "worst": FINALS.index(high) + 1}
    folder.card(card.format(*FINALS, **at))
    accused(folder, words)


def test_runs_of_other_settings_are_no_seeds(folder):
    seeds(folder, hidden=8)
    folder.card(f"Final loss: {min(FINALS)}")
    accused(folder, None)


def test_a_number_of_another_run_is_named(folder):
    seeds(folder)
    for seed, stated in ((1, FINALS[0]), (2, FINALS[0])):
        folder.card(f"Final loss: {stated}", f"seed-{seed}/README.md")
    (finding,) = audit([folder.root]).of(Said.CONTRADICTION)
    assert "not of this run but of" in finding.statement
    assert "seed-1/log.jsonl:60" in finding.statement
    assert (finding.stated.shown, finding.found.shown) == (str(FINALS[0]), str(FINALS[1]))
    assert "seed-2/log.jsonl:60" in finding.found.place


TABLE = "| Step | Training Loss |\n|---|---|\n| 20 | {} |\n| 40 | {} |"


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (TABLE.format(loss(20), loss(40)), None),
        (TABLE.format(loss(20), loss(39)), "that is step 39"),
        (TABLE.format(loss(20), 1.2345), "at step 40"),
        (TABLE.format(f"{loss(20) + 0.02:.1f}", f"{loss(40) - 0.03:.1f}"), None),
        (TABLE.format(9.1, 9.2).replace("Training", "Teacher"), None),
        ("| Step | Tokens |\n|---|---|\n| 20 | 1.25 |", None),
    ],
)
def test_a_table_by_steps_is_held_against_the_log(folder, card, words):
    folder.log(rows())
    folder.card(card)
    accused(folder, words)


def test_logs_of_tests_are_not_what_a_card_speaks_of(folder):
    folder.log(rows(), "tests/log.jsonl")
    folder.card("Final loss: 1.2345")
    accused(folder, None)


def test_one_file_of_several_seeds_is_several_runs(folder):
    folder.log([{**row, "seed": seed} for seed in (1, 2, 3) for row in rows(seed)])
    folder.card(f"Final loss: {min(FINALS)}")
    wrong = folder.wrong()
    assert any("the best of 3 runs" in statement for statement in wrong), wrong


def test_an_evaluation_made_once_more_is_no_restart(folder):
    made = [{**row, "eval_loss": None} for row in rows()]
    final = {"step": 59, "eval_loss": 1.75, "eval_runtime": 0.5}
    folder.log([*made, final, {**final, "eval_runtime": 0.7}])
    accused(folder, None)
    folder.log([*made, final, {**final, "eval_loss": 1.79}])
    accused(folder, "comes again")


def test_perplexity_among_results_is_that_of_the_evaluation(folder):
    folder.log(rows())
    results = folder.root / "eval_results.json"
    results.write_text(json.dumps({"eval_loss": 1.5, "perplexity": math.exp(1.5)}))
    accused(folder, None)
    results.write_text(json.dumps({"eval_loss": 1.5, "perplexity": 4.9}))
    accused(folder, "perplexity = exp(eval_loss)")


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("5,000 parameters", None),
        ("4,000 parameters without embeddings", None),
        ("6,000 parameters with the untied head", None),
        ("3,500 parameters", "parameters of"),
        ("Weights: bf16", "dtype of"),
        ("Precision: bf16 mixed", None),
        ("Training regime: bf16 mixed precision, checkpoint every 10 steps", None),
        ("model = AutoModel.from_pretrained(name, torch_dtype=torch.bfloat16)", None),
    ],
)
def test_people_count_parameters_in_several_ways(folder, card, words):
    tensors = {"wte.weight": np.zeros(1000, "float32"), "h.weight": np.zeros(4000, "float32")}
    save_file(tensors, str(folder.root / "model.safetensors"))
    folder.card(card)
    accused(folder, words)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"dtype": "bfloat16", "lr": 1e-3}, None),
        ({"dtype": "bfloat16", "model_type": "gpt2"}, "dtype of"),
        ({"dtype": "float32", "model_type": "gpt2"}, None),
    ],
)
def test_a_dtype_of_computing_is_none_of_storage(folder, config, words):
    save_file({"w": np.zeros(1000, "float32")}, str(folder.root / "model.safetensors"))
    folder.config(**config)
    accused(folder, words)
