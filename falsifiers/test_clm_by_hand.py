"""The claims of CLM that need no training, again with nothing but ``math``."""

import math

import pytest

UNIFORM, SATURATED = 4.79906, 5.14154
BLOCKS = [(768, 2304)] * 4 + [(2, 768), (256, 768)]
EXTENSIONS = [256 * 768, *[768] * 4, 2, 256, *[768] * 4]


def series(x, terms=24):
    u = (x - 1) / (x + 1)
    return 2 * sum(u ** (2 * k + 1) / (2 * k + 1) for k in range(terms))


@pytest.mark.falsifies("clm-v1/SERIES")
def test_the_published_uniform_is_a_series_cut_short(trial):
    def falsifier(logarithm):
        assert abs(logarithm(256) - UNIFORM) < 6e-6
        assert abs(logarithm(1e6) - SATURATED) < 6e-6

    trial(
        falsifier,
        series,
        an_exact_logarithm=math.log,
        one_term_less=lambda x: series(x, 23),
        one_term_more=lambda x: series(x, 25),
    )


@pytest.mark.falsifies("clm-v1/UNIFORM")
def test_the_uniform_prediction_costs_ln_256(trial):
    def falsifier(claimed):
        assert abs(claimed - math.log(256)) < 1e-6

    trial(falsifier, 5.545177, as_published=UNIFORM, in_bits=8.0)


@pytest.mark.falsifies("clm-v1/LAYOUT")
def test_the_layout_adds_up_to_the_byte(trial):
    def falsifier(layout):
        blocks, extensions = layout
        start = 5 + sum(8 + -(-rows * each // 2) + 4 * rows for rows, each in blocks)
        assert start == 3_651_389
        assert start + 5 + sum(4 + 4 * count for count in extensions) == 4_463_478

    trial(
        falsifier,
        (BLOCKS, EXTENSIONS),
        three_experts=([*BLOCKS[:4], BLOCKS[0], (3, 768), BLOCKS[5]], EXTENSIONS),
        no_second_norm=(BLOCKS, EXTENSIONS[:-2]),
        another_kernel=([(768, 1536)] * 4 + BLOCKS[4:], EXTENSIONS),
    )
