from pathlib import Path

import pytest

from harness.audit.findings import Said
from harness.audit.run import audit_text, rules

SOUND = Path(__file__).with_name("sound.txt").read_text(encoding="utf-8").split("\n=====\n")
CARDS = sorted(Path(__file__).with_name("cards").glob("*.md"))

WRONG = {
    "listed": ["We use 3 seeds (1337, 1338).", "5 stages (4.0, 3.0, 2.0, 1.5)"],
    "move": ["v1.5 adds 11 tests, 235 -> 245 passing.", "ECE improved (0.031 -> 0.044)."],
    "parted": ["Of 1,200 examples, 900 passed (72 %).", "At 0.5 s per step, 7,200 steps take 2 hours."],
    "told": ["Run A has a final loss of 2.41.\n\n| | run A | run B |\n|-|-|-|\n| final loss | 2.10 | 2.30 |"],
    "equation": [
        "We see 3 seeds × 4 tasks = 14 runs.",
        "The rate is log2(1024) = 11 bits.",
        "Memory: 20 MB per layer × 12 layers = 300 MB.",
        "It holds 0.50 + 0.25 + 0.12 = 0.97.",
        "20,000 steps × 16 × 512 tokens = 184M tokens",
    ],
    "change": [
        "Ours reaches 2.412 vs baseline 2.655 (-0.343 nats).",
        "accuracy went from 71.2 to 74.9 (+4.7 points improvement)",
        "We train on a 5.2× larger corpus (40M tokens vs 10M).",
        "The new build takes 120 s vs 300 s (3.1x faster).",
        "loss 2.412 (−0.100, better than before), no tricks: loss 2.655, with both: loss 2.300 (-0.355)",
    ],
    "order": [
        "so train 0.93 > 0.97 on the test set.",
        "The loss fell from 2.10 to 2.45 within an hour.",
        "Lower dropout (0.3 vs 0.1) helped.",
    ],
    "share": ["Passed: 41 of 50 (88%).", "accuracy 91.0% (82/100)"],
    "restated": ["The model has 124.4M (125,439,808) parameters."],
    "count": [
        "This release fixes three bugs:\n\n- a crash\n- a leak\n",
        "We make four claims:\n1. one\n2. two\n3. three\n",
        "A 3-PR stack (2 merged, 1 open):\n- #1-#2: base (merged)\n- #3: next (open)\n- #4: last (open)\n",
        "A 4-language corpus (en, de, fr)",
        "3-seed validation: Seeds 1/2",
        "Two fixes that matter: 1. a first one 2. a second 3. a third one.",
    ],
    "table": [
        "| part | n |\n|---|---|\n| train | 800 |\n| val | 100 |\n| test | 150 |\n| total | 1000 |\n",
        (
            "| m | a | b | avg |\n|---|---|---|---|\n| x | 10.0 | 20.0 | 15.0 |\n| y | 30.0 | 40.0 | 35.0 |\n"
            "| z | 50.0 | 60.0 | 58.0 |\n"
        ),
        "| m | ok | n | % |\n|-|-|--|--|\n| x | 5 | 10 | 50% |\n| y | 1 | 4 | 25% |\n| z | 3 | 4 | 70% |\n",
        (
            "| m | old | new | delta |\n|--|--|--|--|\n| x | 1.0 | 1.5 | +0.5 |\n| y | 2.0 | 2.2 | +0.2 |\n"
            "| z | 3.0 | 3.1 | +0.4 |\n"
        ),
        "| metric | value |\n|--|--|\n| initial loss | 4.20 |\n| final loss | 1.10 |\n| loss drop | 3.40 |\n",
        "run A B\ntrain_loss 2.10 2.20\nval_loss 2.30 2.40\ntrain-val gap 0.20 0.50\n",
        (
            "<table><tr><td></td><td>h</td></tr><tr><td>a</td><td>10</td></tr><tr><td>b</td><td>20</td></tr>"
            "<tr><td>Total</td><td>33</td></tr></table>"
        ),
        "|t|x|y|z|\n|-|-|-|-|\n| a | 60.0 | 1 | 3 |\n| b | 70.0 | 2 | 5 |\n| mean | 65 | 1.5 | 4.5 |\n",
    ],
    "named": [
        "At the end train=2.10 / val=2.40 / gap=0.50 for this run.",
        (
            "run A run B\ntrain_loss 2.10 2.20\nval_loss 2.00 2.10\n\nRun A has val < train by 0.10. "
            "In run A val < train by 0.30 at the end."
        ),
        "ours_ce = 3.10\nunigram_ce = 2.90\nours < unigram = true\n",
        (
            "epoch 9 A run B run\ntrain_loss 2.10 2.20\nval_loss 2.00 2.05\n\n"
            "In the A run val < train, which is odd. The B run never shows this inversion.\n"
        ),
    ],
    "closed form": [
        "vocab size: 1024\n\nuniform_ce = 6.20\n",
        "val_loss: 2.00, val_ppl: 9.39",
        "| | val loss | val ppl |\n|---|---|---|\n| a | 2.0 | 9.9 |\n",
        "weights sha256 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
    ],
    "limit": [
        "Artifact 4.0MB, 5x under budget (16MB budget).",
        "The file is 17.20MB (fits 16MB).",
        "ratio 0.35 is within the range 0.4-0.6.",
        "p < 0.01 over three seeds (p = 0.03)",
        "| gate | value | bar | verdict |\n|---|---|---|---|\n| recall | 0.93 | ≥ 0.95 | PASS |\n",
        "val_loss 3.20 beats the baseline of 3.10",
        "- a: 0/6 FAIL\n- b: 6/6 PASS\n- c: 0/6 PASS\n",
    ],
    "history": [
        "- HIDDEN_DIM=512\n- BATCH_TOKENS: 100 → 200\n- HIDDEN_DIM: 300 → 600\n- BATCH_TOKENS: 200 → 400\n"
    ],
    "budget": [
        "max_steps: 1000\nbatch_size: 32\nseq_len: 128\n\ntotal tokens: 3,000,000\n",
        (
            "--num-steps 10000 --steps-per-epoch 1000\n\nepoch run 1 run 2\nloss 2.1 2.2\nval 2.3 2.4\n\n"
            "Here run 1 at 2.0× wraps. Without wrap run 1 would have exhausted in 2 epochs.\n"
        ),
    ],
    "parts": ["In all 90 prompts (60 easy + 20 hard) were used."],
    "product": ["dim 120 (28 per head at 4 heads)"],
    "size": ["Params: 100,000,000 in fp32.\n\nckpt size: 200,000,000 B\n"],
    "monotone": [
        "The loss went 3.98, 3.71, 3.82, 3.50 and so decreased monotonically.",
    ],
    "harmonic": [
        "precision 0.91 and recall 0.84, F1 = 0.894",
    ],
    "date": [
        "We started on 3 May 2025 and published on 17 May 2025, 24 days later.",
    ],
    "factor": [
        "It decays from 6e-4 to 6e-5, 1% of its peak.",
    ],
    "rank": [
        "Arm bravo is the best.\n\n| arm | loss |\n|--|--|\n| alfa | 2.0 |\n| bravo | 2.1 |\n| chi | 2.2 |\n",
    ],
    "headroom": ["The file of 49.1 MB is under the 50 MB budget with 1.9 MB to spare."],
    "training": [
        "We train for 19,073 steps of 524,288 tokens and so saw 12.0B tokens in total.",
        "The run used 8 GPUs for 3.0 h, i.e. 96 GPU-hours.",
        (
            "- train_batch_size: 4\n- gradient_accumulation_steps: 8\n- num_devices: 2\n"
            "- total_train_batch_size: 128\n"
        ),
        "- `d_model=768`, `n_head=12`, head dimension 96\n",
        "It has 124M parameters and was trained on 10B tokens, about 20 tokens per parameter.",
    ],
    "metric": [
        "The loss is 3.284 nats (4.378 bits per token).",
        "a uniform guess over the 50,304 entries costs 9.83 nats",
        "KL: 0.0134 nats = 0.0293 bits",
    ],
    "sum": [
        "We add 14 tests (9 unit, 4 integration).",
        "CI: 231 passed, 3 skipped, 243 total.",
        "The corpus has 960 h (100 h + 360 h + 400 h).",
    ],
    "progress": [
        (
            "iter 100 val 2.50\niter 200 val 2.31\niter 300 val 2.40\n\n"
            "Best so far: val 2.35 at iter 200, then it rises.\n"
        ),
        (
            "The validation loss fell at every evaluation.\n\n| step | val loss |\n|--|--|\n| 1 | 3.00 |\n"
            "| 2 | 2.50 |\n| 3 | 2.60 |\n"
        ),
    ],
    "case": [
        "Better on all four subsets.\n\n| subset | x |\n|--|--|\n| a | 1.0 |\n| b | 2.0 |\n| c | 3.0 |\n",
        "All tasks improve.\n\n| task | gain |\n|--|--|\n| a | 1.0 |\n| b | -0.2 |\n| c | 0.4 |\n",
    ],
    "contrast": [
        "fp32 192.8 MB, int8 49.1 MB, 4.9× smaller.",
        "It scores 31.2, which is 2.9 points above the 29.3 of the baseline.",
        "Loss 9.01 at the start, 3.412 at the end, a descent of 5.958.",
    ],
    "column": [
        "| arm | s1 | s2 | s3 | mean | std |\n|-|-|-|-|-|-|\n| a | 3.41 | 3.40 | 3.42 | 3.45 | 0.01 |\n",
        "| source | share |\n|--|--|\n| web | 67% |\n| books | 24% |\n| code | 20% |\n",
        (
            "| Epoch | Step | loss |\n|-|-|-|\n| 0.5 | 391 | 1 |\n| 1.0 | 782 | 1 |\n| 1.5 | 1273 | 1 |\n"
            "| 2.0 | 1564 | 1 |\n| 2.5 | 1955 | 1 |\n"
        ),
    ],
    "width": [
        "48.2M parameters. The fp32 checkpoint is 96.4 MB.",
        "248,951,808 bytes (249 MB, 273 MiB)",
        "1.02B parameters at 2 bytes are 4.04 GB of weights.",
    ],
    "span": [
        "Shares: 13.1%, 12.4%, 11.8%, 12.7%, between 12.0% and 13.1%.",
        "Two runs gave 1.4588 and 1.4613 (mean 1.4701).",
    ],
    "unit": [
        "350 W for 4.0 h is 2.4 kWh.",
        "We spent 5 runs of 6 h each, 36 h in total.",
    ],
    "offset": ["- a: 2.131 (+0.043)\n- b: 2.117 (+0.029)\n- c: 2.164 (+0.067)\n- d: 2.100 (+0.012)\n"],
    "portion": [
        "Web is 90% of the tokens.\n\n| x | tokens |\n|--|--|\n| web | 212 |\n| code | 60 |\n| all | 272 |\n"
    ],
    "same": [
        "The final val loss is 2.31 here.\n\n| metric | value |\n|---|---|\n| final val loss | 2.41 |\n",
        "Steps: 100.\n\n| k | n |\n|---|---|\n| bin low | 40 |\n| bin high | 70 |\n",
    ],
}


def contradictions(text):
    return [finding for finding in audit_text("t.md", text) if finding.outcome is Said.CONTRADICTION]


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in WRONG.items() for text in texts])
def test_a_planted_contradiction_is_found_by_its_rule(rule, text):
    assert rule in {finding.rule for finding in contradictions(text)}


def test_every_rule_has_been_seen_to_contradict():
    names = {
        value
        for module in rules()
        for name, value in vars(module).items()
        if name in ("NAME", "PARTS", "RESTATED")
    }
    assert names <= set(WRONG)


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.stem)
def test_a_sound_card_is_not_accused(card):
    found = audit_text(card.name, card.read_text(encoding="utf-8"))
    assert [finding for finding in found if finding.outcome is Said.CONTRADICTION] == []
    assert len([finding for finding in found if finding.outcome is Said.HOLDS]) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "descent 5.641 - 0.008289 = 5.632",  # the rounding of 5.641 explains it
        "15/48 = 31%",
        "2/3 = 66%",  # cut, not rounded
        "7 GB vs 14 GB (50% less memory)",
        "from 10% to 12% (+2 points improvement)",
        "from 10% to 12% (+20% increase)",
        "MMLU 5-shot 61.2 vs 7B model at 58.1, 3 tasks",
        "We train for 3 epochs. We evaluate for 2 epochs.",
        "uses three datasets:\n\n- a\n- b\n- c\n  - c1\n  - c2\n",
        "The top 3 models:\n\n- a\n- b\n",
        "Experiments on two GPUs show the following:\n\n- a\n- b\n- c\n",
        "Home > Docs > 3 > 2 > 1",
        "p95 latency 12 ms < 20 ms",
        "```python\nassert 3 > 5\n```\n",
        "elapsed 04:33<00:10",
        "| model | score | total params |\n|---|---|---|\n| a | 10 | 7 |\n| b | 20 | 13 |\n",
        "| a | b | Overall |\n|---|---|---|\n| x | 60.0 | 55.1 |\n| y | 50.0 | 61.2 |\n",
        "val loss 2.31, perplexity 12.4 on another set of words",
        "init loss 10.9 with vocab_size: 50257",
        "final loss 2.31 for run 1\n\nfinal loss 2.41 for run 2\n",
        "12:1 compression, 3x faster than before, 10+ papers, v2.1.0 to v2.2.0, 2024-01-02",
        "batch 512 (4M tokens) × 8192",
        "from 32 to 64 heads (+0.3%)",
        "We scale from 7B to 13B (+5.1% accuracy), or 1.8x faster",
        "LR: 0.030 to 0.035 (-0.012)",
        "| ours | 72.3 (+1.2) | 80.1 (+0.5) |",
        "supports 29 languages (English, Chinese, French)",
        "batch 8/16 (90% utilisation) on 1 of 3 GPUs, 95% busy",
        "> score 85\n> 90 later",
        "The 70B outperforms the 7B on MMLU accuracy (69.8 vs 52.7).",
        "Accuracy 52.7 for the 7B; the 70B outperforms it with 69.8.",
        "A 140 GB model fits in 80 GB when quantised.",
        "| group | acc |\n|--|--|\n| STEM | 30.5 |\n| soc | 38.3 |\n| other | 38.1 |\n| Average | 35.1 |\n",
        "best accuracy 71.2\n\n## Task B\n\nbest accuracy 65.0\n\n## Task C\n\n",
        "Lower loss than the baseline (2.31 vs 2.25)",
        "20 tests × N seeds × 5 = 300 runs",
        "d_model=768, n_layer=12\n\nthe small one: d_model=512, n_layer=6\n\nand d_model=256\n",
    ],
)
def test_what_is_no_contradiction_is_not_called_one(text):
    assert contradictions(text) == []


@pytest.mark.parametrize("text", SOUND)
def test_a_sound_sentence_is_not_accused(text):
    assert contradictions(text) == []


def test_rounding_is_judged_by_the_printed_digits():
    assert contradictions("1.25 + 1.25 = 2.51") == []
    assert contradictions("1.250 + 1.250 = 2.510") != []


def test_an_empty_text_says_nothing():
    assert audit_text("t.md", "") == ()
    assert audit_text("t.md", "\n\n| |\n|---|\n") == ()
