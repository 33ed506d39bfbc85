"""Figures beside what they follow from: false sentences with their true twins, and what only looks so."""

import pytest

from harness.audit.findings import Said
from harness.audit.run import audit_text

TABLE = "\n\n| | run A | run B |\n|---|---|---|\n| final loss | 2.1045 | 2.3011 |"
PAIRS = [
    ("5 stages (4.0, 3.0, 2.0, 1.5)", "4 stages (4.0, 3.0, 2.0, 1.5)"),
    ("We use 3 seeds (1337, 1338).", "We use 3 seeds (1337, 1338, 1339)."),
    (
        "We evaluate on three benchmarks: MMLU, ARC, HellaSwag and PIQA.",
        "We evaluate on four benchmarks: MMLU, ARC, HellaSwag and PIQA.",
    ),
    (
        "7 of 8 probes pass: P1 ok, P2 ok, P3 ok, P4 fail, P5 ok, P6 ok, P7 fail, P8 ok.",
        "6 of 8 probes pass: P1 ok, P2 ok, P3 ok, P4 fail, P5 ok, P6 ok, P7 fail, P8 ok.",
    ),
    (
        "Checkpoints: ckpt-10, ckpt-20, ckpt-30 (4 checkpoints kept).",
        "Checkpoints: ckpt-10, ckpt-20, ckpt-30 (3 checkpoints kept).",
    ),
    ("148 tok/s against 61 tok/s, a 2.13x speed-up.", "148 tok/s against 61 tok/s, a 2.43x speed-up."),
    ("Speedup: 3.2x (120 ms -> 41 ms).", "Speedup: 2.9x (120 ms -> 41 ms)."),
    ("v1.5 adds 11 tests, 235 -> 245 passing.", "v1.5 adds 10 tests, 235 -> 245 passing."),
    (
        "Accuracy rose from 61.2 % to 64.9 %, +4.7 points.",
        "Accuracy rose from 61.2 % to 64.9 %, +3.7 points.",
    ),
    (
        "The loss fell from 3.20 to 2.90, a drop of 0.40.",
        "The loss fell from 3.20 to 2.90, a drop of 0.30.",
    ),
    ("loss 1.50 -> 1.20 (-25 %)", "loss 1.50 -> 1.20 (-20 %)"),
    ("loss 1.50 -> 1.20 (-0.40)", "loss 1.50 -> 1.20 (-0.30)"),
    (
        "WER 12.4 %. Baseline WER 15.5 %, a relative improvement of 25.0 %.",
        "WER 12.4 %. Baseline WER 15.5 %, a relative improvement of 20.0 %.",
    ),
    ("Of 1,200 examples, 900 passed (72 %).", "Of 1,200 examples, 900 passed (75 %)."),
    ("Dataset: 40% web, 30% code, 20% books, 5% wiki.", "Dataset: 40% web, 30% code, 20% books, 10% wiki."),
    ("At 0.5 s per step, 7,200 steps take 2 hours.", "At 0.5 s per step, 7,200 steps take 1 hour."),
    ("ECE improved (0.031 -> 0.044).", "ECE improved (0.044 -> 0.031)."),
    ("Accuracy degraded from 0.71 to 0.78.", "Accuracy improved from 0.71 to 0.78."),
    (
        "Accuracy 91.2 % vs baseline 92.0 % - improves on the baseline.",
        "Accuracy 92.2 % vs baseline 92.0 % - improves on the baseline.",
    ),
    ("24 heads of 64 dims give d_model 1,526.", "24 heads of 64 dims give d_model 1,536."),
    (f"Run A reaches a final loss of 2.1405.{TABLE}", f"Run A reaches a final loss of 2.1045.{TABLE}"),
    (f"Run B has a final loss of 2.4.{TABLE}", f"Run B has a final loss of 2.3.{TABLE}"),
]
SOUND = [
    "We trained 3 models (small, base, large) with 4 GPUs each.",
    "Three layers (64, 32 hidden units) follow.",
    "We sweep 4 seeds (0 to 3).",
    "We compare two models: Llama 3 8B, fine-tuned on Alpaca and Dolly.",
    "Among others three datasets: C4, Pile.",
    "Over 5 tasks (71.2, 69.8, 70.9 on the hard ones).",
    "Top 3 runs (2.1, 2.2).",
    "3 of 4 gates pass; the fourth is deferred.",
    "Latency improved from 30 ms to 21 ms.",
    "Perplexity rises from 12.1 to 12.4 after quantisation, as expected.",
    "Dropout 0.1 -> 0.0; lr 1e-4 -> 3e-4 (3x).",
    "lr 3e-4 -> 1e-4 (-0.5)",
    "Coverage improved from 3 to 2 gaps.",
    "Loss fell from 3.20 to 2.90 (-9.4 %), then to 2.85.",
    "The score went from 60.1 to 58.3, 4 points below the best.",
    "Of 1,200 examples, 900 passed (72 % of the hard ones).",
    "Results: 40% pass, 30% fail, 20% skipped.",
    "Dataset: 40% web, 30% code and others.",
    "Errors by kind: 80% late, 60% wrong, 40% missing.",
    "At 0.5 s per step, 7,200 steps take 1 hour on one GPU and 30 minutes on two.",
    "Accuracy 91.2 % vs baseline 92.0 %; on the hard set it improves on the baseline.",
    "WER 12.4 % on clean, WER 25 % on noisy. Baseline WER 15.5 %, a relative improvement of 20.0 %.",
    "A 2x (two-fold) gain.",
    "Serving: 148 tok/s against 61 tok/s, a 2.4x speed-up per watt.",
    f"Run A had a final loss of 2.2 at step 900.{TABLE}",
    f"A final loss of 2.2 was expected.{TABLE}",
    "Accuracy improves from 0.71 to 0.78 (+9.9 % relative, +7 points).",
    "Throughput fell from 83 to 80 req/s, a drop of 3.6 %.",
    "7 of 8 tests pass: T1 ok, T2 ok, T3 fail (flaky), others ok.",
    "Epochs: 1, 2, 3 (4 runs each).",
]


def accused(text):
    return [one for one in audit_text("t.md", f"{text}\n") if one.outcome is Said.CONTRADICTION]


@pytest.mark.parametrize(("false", "sound"), PAIRS)
def test_a_false_sentence_is_found_and_its_true_twin_is_not(false, sound):
    assert accused(false)
    assert accused(sound) == []


@pytest.mark.parametrize("text", SOUND)
def test_what_only_looks_like_a_relation_is_not_accused(text):
    assert accused(text) == []
