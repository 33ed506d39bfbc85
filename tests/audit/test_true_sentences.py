"""True sentences that an audit must not accuse, each beside the like false one that it must."""

import pytest

from harness.audit.findings import Said
from harness.audit.run import audit_text


def accused(text):
    return [one for one in audit_text("t.md", f"{text}\n") if one.outcome is Said.CONTRADICTION]


SETTINGS = (
    "| field | value |\n|---|---|\n| learning rate | 0.001 |\n| epochs | 3 |\n| kept rows | 4120 |\n"
    "| dropped rows | 880 |\n| total rows | {} |"
)
BARE = "| field | value |\n|---|---|\n| epochs | 3 |\n| kept | 4120 |\n| dropped | 880 |\n| total | {} |"
PAIRS = [
    ("acc = 45 / 60 * 100 = 75 %", "acc = 45 / 60 * 100 = 76 %"),
    ("(61 + 62)/2 = 61.5 %", "(61 + 62)/2 = 62.5 %"),
    ("gain = (64.9 - 61.2) / 61.2 * 100 = 6.05 %", "gain = (64.9 - 61.2) / 61.2 * 100 = 6.50 %"),
    ("The uniform CE over 256 bytes = ln 256 = 5.545.", "The uniform CE over 256 bytes = ln 256 = 5.454."),
    ("80/10/10 of 12,345 rows = 9,876 / 1,234 / 1,235.", "A third of 9,876 / 3 = 3,392."),
    ("ratio 3:1 = 75 % / 25 %", "x = 60 % / 20 % = 4.0"),
    (
        "Batch 32 per device, 8 devices, 4 accumulation. Serving throughput 148 tokens/s on one GPU.",
        "It reads 3,100 tokens/s per GPU, on 8 GPUs 26,800 tokens/s.",
    ),
    (
        "Batch 16 per device on 4 devices gives 64 sequences; decoding runs at 35 tokens per second.",
        "Throughput is 24k tokens/s per GPU on 16 GPUs, together 500k tokens/s.",
    ),
    (SETTINGS.format(5000), SETTINGS.format(5100)),
    (BARE.format(5000), BARE.format(5100)),
    ("loss 2.31, perplexity 9.1 (word-level)", "loss 2.31, perplexity 9.1"),
    ("Train loss 2.31, perplexity 11.0 (held-out).", "Train loss 2.31, perplexity 11.0 (rounded)."),
    ("Loss 2.31. <!-- 2 + 2 = 5 -->", "Loss 2.31. 2 + 2 = 5"),
    ("Loss 2.31. ~~2 + 2 = 5~~", "Loss 2.31. 2 + 2 = 5"),
]


@pytest.mark.parametrize(("sound", "false"), PAIRS)
def test_a_true_sentence_is_not_accused_and_its_false_twin_is(sound, false):
    assert accused(sound) == []
    assert accused(false)
