"""The claims of hexad v4 again, in plain floats and by counting, without the evaluator of the harness."""

import math

import pytest
import torch

from harness.systems.hexad.config import HexadConfig
from harness.systems.hexad.model import Decoder

HALF_MULT, HALF_EMA, HALF_RATE = 5e-5, 5e-7, 5.001e-9  # half of the last digit that the log prints
SMALL = {"d_model": 32, "n_layer": 3, "n_head": 4, "n_kv_head": 2}


def clip(value, high=2.0):
    return min(max(value, 0.5), high)


def past(row):
    """The moving average before the row's own tension entered it."""
    return (row["tension_ema"] - 0.01 * row["tension"]) / 0.99


def base(step):
    """The scheduled rate; the log counts its steps from 1."""
    if step - 1 < 125:
        return 3e-4 * step / 125
    wave = (1 + math.cos(math.pi * (step - 1 - 125) / (2500 - 125))) / 2
    return 3e-4 * (0.9 * wave + 0.1)


def slack(row):
    """How far a multiplier may be off for the digits of tension and average alone."""
    return HALF_MULT + 2.1 * HALF_EMA * (1 / row["tension"] + 1.02 / past(row))


def with_mult(rows, formula):
    """Makes a log as a program with another formula would have printed it."""
    made = []
    for row in rows:
        mult = round(formula(row), 4)
        made.append(row | {"hybrid_mult": mult, "lr": round(row["base_lr"] * mult, 8)})
    return made


def follows_the_past_average(rows):
    assert len(rows) == 42
    for row in rows:
        assert abs(row["hybrid_mult"] - clip(row["tension"] / past(row))) <= slack(row), row


def follows_the_schedule(rows):
    assert len(rows) == 42
    for row in rows:
        rate, mult = row["base_lr"], row["hybrid_mult"]
        assert abs(rate - base(row["step"])) <= HALF_RATE, row
        assert abs(row["lr"] - rate * mult) <= HALF_RATE * (1 + mult) + HALF_MULT * rate, row


def breaks_the_order_of_the_card(rows):
    told = [abs(row["hybrid_mult"] - clip(row["tension"] / row["tension_ema"])) > slack(row) for row in rows]
    assert sum(told) > 20


@pytest.mark.falsifies("hexad-v4/ORDER")
def test_the_multiplier_is_formed_with_the_past_average(trial, records):
    rows = records("hexad/trajectory.json")["trajectory"]
    trial(
        follows_the_past_average,
        rows,
        order_of_the_card=with_mult(rows, lambda row: clip(row["tension"] / row["tension_ema"])),
        wider_clip=with_mult(rows, lambda row: clip(row["tension"] / past(row), high=2.5)),
        other_beta=with_mult(
            rows, lambda row: clip(row["tension"] * 0.98 / (row["tension_ema"] - 0.02 * row["tension"]))
        ),
        no_rows=[],
    )


@pytest.mark.falsifies("hexad-v4/LR")
def test_the_applied_rate_is_base_times_multiplier(trial, records):
    rows = records("hexad/trajectory.json")["trajectory"]
    trial(
        follows_the_schedule,
        rows,
        one_row_off_by_a_hundredth=[*rows[:20], rows[20] | {"lr": rows[20]["lr"] * 1.01}, *rows[21:]],
        multiplier_ignored=[row | {"lr": row["base_lr"]} for row in rows],
        another_peak=[row | {"base_lr": row["base_lr"] * 1.001, "lr": row["lr"] * 1.001} for row in rows],
        counted_from_0=[row | {"step": row["step"] + 1} for row in rows],
    )


@pytest.mark.falsifies("hexad-v4/CARD-ORDER")
def test_the_order_of_the_card_is_not_that_of_the_log(trial, records):
    rows = records("hexad/trajectory.json")["trajectory"]
    as_stated = with_mult(rows, lambda row: clip(row["tension"] / row["tension_ema"]))
    trial(breaks_the_order_of_the_card, rows, log_of_a_program_that_does_as_the_card_says=as_stated)


def counted(changes):
    """Counts the parameters of a configuration without allocating one of them."""
    with torch.device("meta"):
        return sum(each.numel() for each in Decoder(HexadConfig(**changes)).parameters())


def by_the_layers(layers):
    """Adds up the published configuration in closed form."""
    d, kv, hidden = 768, 256, 2048
    attention, swiglu = 2 * d * d + 2 * d * kv, 3 * d * hidden
    fields, crossed = 2 * (8 * d * d + 5 * d), 2 * d * d + 2 * 128 * d
    cells = 3 * d * d + (8 * d + 8) + 8 * d * d
    return layers * (attention + swiglu + fields + crossed + cells + 5 * d) + 2 * 256 * d + 2 * d


@pytest.mark.falsifies("hexad-v4/CHECKPOINT")
def test_the_small_configuration_has_178424_parameters(trial):
    def falsifier(changes):
        assert counted(changes) == 178_424

    trial(
        falsifier,
        SMALL,
        one_layer_fewer=SMALL | {"n_layer": 2},
        full_heads=SMALL | {"n_kv_head": 4},
        wider=SMALL | {"d_model": 40},
    )


@pytest.mark.falsifies("hexad-v4/COUNTS")
def test_the_published_configuration_has_283722336_parameters(trial):
    def falsifier(layers):
        assert counted({"n_layer": layers}) == by_the_layers(layers) == 283_722_336

    trial(falsifier, 12, one_layer_fewer=11, one_layer_more=13)
