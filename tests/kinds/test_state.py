"""Kind ``state``: what real optimizers keep, and faults planted into it one by one."""

import json
import struct

import pytest
from judging import judge, obligation

from harness.kinds._state_shapes import StateGroup, expected
from harness.kinds._tensor_examples import f32, safetensors
from harness.model.problem import InvalidContract
from harness.model.verdict import Outcome, Reason

INPUTS = {"kept": "file: state.safetensors", "model": "file: model.safetensors"}
BOTH = "groups: {m: {match: ['*.weight'], optimizer: muon}, rest: {match: ['*.bias'], optimizer: adamw}}"
ADAMW = "groups: {all: {match: ['*'], optimizer: adamw}}"


def entry(tensor):
    dtype = {"torch.float32": "F32", "torch.bfloat16": "BF16", "torch.uint8": "U8", "torch.int64": "I64"}
    import torch

    flat = tensor.detach().contiguous().reshape(-1)
    return dtype[str(tensor.dtype)], list(tensor.shape), flat.view(torch.uint8).numpy().tobytes()


def kept(optimizers, names):
    """The tensors of the states by name, as a program that saves them would write them."""
    import torch

    found = {"rng.torch": entry(torch.get_rng_state()), "data.position": ("I64", [], struct.pack("<q", 96))}
    for optimizer in optimizers:
        for parameter, state in optimizer.state.items():
            found |= {f"state.{names[parameter]}.{key}": entry(value) for key, value in state.items()}
    return found


def trained(kind, *, dtype=None, steps=3, **options):
    import torch

    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(8, 5), torch.nn.Linear(5, 8)).to(dtype or torch.float32)
    names = {parameter: name for name, parameter in net.named_parameters()}
    if kind == "muon":
        matrices = [one for one in net.parameters() if one.ndim == 2]
        rest = [one for one in net.parameters() if one.ndim == 1]
        optimizers = [torch.optim.Muon(matrices, lr=0.01), torch.optim.AdamW(rest)]
    else:
        optimizers = [torch.optim.AdamW(net.parameters(), **options)]
    for _ in range(steps):
        net(torch.randn(4, 8).to(dtype or torch.float32)).square().mean().backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    return {name: entry(parameter) for parameter, name in names.items()}, kept(optimizers, names)


def ask(root, model, state, fields, files=None, **inputs):
    given = {"model.safetensors": safetensors(model), "state.safetensors": safetensors(state)}
    body = obligation(f"state: kept, model: model, {fields}", **INPUTS, **inputs)
    return judge(root, body, given | (files or {}))


@pytest.mark.parametrize(
    ("kind", "options", "fields"),
    [
        ("adamw", {}, ADAMW),
        ("adamw", {"amsgrad": True}, ADAMW.replace("adamw}", "adamw, amsgrad: true}")),
        ("muon", {}, BOTH),
    ],
)
def test_what_torch_keeps_is_what_the_formulas_say(tmp_path, kind, options, fields):
    model, state = trained(kind, **options)
    verdict = ask(tmp_path, model, state, f"{fields}, steps: 3")
    assert verdict.outcome is Outcome.DISCHARGED, verdict
    assert str(verdict.denominator) == "4 of 4 trained parameters"
    assert "step 3" in verdict.detail


def test_the_moments_of_bf16_parameters_are_bf16(tmp_path):
    import torch

    model, state = trained("adamw", dtype=torch.bfloat16)
    assert ask(tmp_path, model, state, ADAMW).outcome is Outcome.DISCHARGED
    asked = ADAMW.replace("adamw}", "adamw, dtype: f32}")
    assert ask(tmp_path, model, state, asked).witnesses[0].expected == "F32"


def test_states_of_another_configuration_are_refused(tmp_path):
    model, state = trained("adamw", amsgrad=True)
    (first, *_) = ask(tmp_path, model, state, ADAMW).witnesses
    assert first.where == "state.safetensors:state.0.bias.max_exp_avg_sq"
    assert ask(tmp_path, model, state, BOTH).outcome is Outcome.FALSIFIED
    model, state = trained("muon")
    witnesses = ask(tmp_path, model, state, ADAMW).witnesses
    assert {"state.safetensors:0.weight exp_avg", "state.safetensors:1.weight step"} <= {
        w.where for w in witnesses
    }


FAULTS = {
    "a moment is missing": ("state.1.weight.exp_avg", None, "1.weight exp_avg", "no such state"),
    "transposed": (
        "state.1.weight.exp_avg", ("F32", [5, 8], b"\0" * 160), "1.weight exp_avg", "shape [5, 8]",
    ),
    "half precision": ("state.1.bias.exp_avg", ("F16", [8], b"\0" * 16), "1.bias exp_avg", "F16"),
    "a negative square": (
        "state.1.bias.exp_avg_sq", ("F32", [8], f32(*[1] * 7, -1)), "state.1.bias.exp_avg_sq[7]", "negative",
    ),
    "a counter behind": ("state.1.bias.step", ("F32", [], f32(2)), "state.1.bias.step", "step 2"),
    "a state of nobody": ("state.2.bias.step", ("F32", [], f32(3)), "state.2.bias.step", "a state"),
    "no generator": ("rng.torch", None, "rng*", "no such tensor"),
    "an empty generator": ("rng.torch", ("U8", [0], b""), "rng*", "no such tensor"),
    "no position": ("data.position", None, "data*", "no such tensor"),
    "infinite": (
        "state.0.bias.exp_avg", ("F32", [5], f32(1, 2, 3, float("inf"), 5)), "state.0.bias.exp_avg[3]",
        "NaN or infinity",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_caught_with_the_tensor_named(tmp_path, fault):
    name, value, where, found = FAULTS[fault]
    model, state = trained("adamw")
    state = {key: held for key, held in state.items() if key != name} | ({name: value} if value else {})
    (witness,) = ask(tmp_path, model, state, ADAMW).witnesses
    assert (witness.where, witness.found) == (f"state.safetensors:{where}", found)


@pytest.mark.parametrize("value", [float("nan"), -1, 1.5, float("inf")])
def test_a_counter_that_counts_nothing_is_never_a_discharge(tmp_path, value):
    model, state = trained("adamw")
    verdict = ask(tmp_path, model, state | {"state.0.bias.step": ("F32", [], f32(value))}, ADAMW)
    assert verdict.outcome is not Outcome.DISCHARGED


def test_a_parameter_in_no_group_and_one_in_two(tmp_path):
    model, state = trained("adamw")
    only = ADAMW.replace("'*'", "'*.weight'")
    assert "0 groups match" in ask(tmp_path, model, state, only).witnesses[0].found
    two = ADAMW.replace("}}", "}, more: {match: ['1.*'], optimizer: adamw}}")
    assert "2 groups match" in ask(tmp_path, model, state, two).witnesses[0].found


def test_a_frozen_parameter_has_no_state(tmp_path):
    model, state = trained("adamw")
    assert ask(tmp_path, model, state, f"{ADAMW}, frozen: ['1.*']").witnesses[0].found == "a state"
    less = {name: held for name, held in state.items() if not name.startswith("state.1.")}
    assert ask(tmp_path, model, less, f"{ADAMW}, frozen: ['1.*']").outcome is Outcome.DISCHARGED
    assert ask(tmp_path, model, {}, f"{ADAMW}, frozen: ['*']").outcome is not Outcome.DISCHARGED


# Shapes that apollo-torch 1.0.3 (CC-BY-NC, not shipped; module apollo_torch.apollo, torch 2.13.0, CPU)
# keeps of parameters after three steps at rank 2, for each proj_type: exp_avg, and the projector's matrix.
APOLLO = [
    ("std", (8, 5), (8, 2), (2, 5)),
    ("std", (5, 8), (2, 8), (5, 2)),
    ("std", (6, 6), (6, 2), (2, 6)),
    ("reverse_std", (8, 5), (2, 5), (8, 2)),
    ("reverse_std", (5, 8), (5, 2), (2, 8)),
    ("reverse_std", (6, 6), (2, 6), (6, 2)),
    ("left", (8, 5), (2, 5), (8, 2)),
    ("left", (5, 8), (2, 8), (5, 2)),
    ("right", (8, 5), (8, 2), (2, 5)),
    ("right", (5, 8), (5, 2), (2, 8)),
]


@pytest.mark.parametrize(("side", "shape", "moment", "matrix"), APOLLO)
def test_apollo_keeps_what_the_formula_says(side, shape, moment, matrix):
    found = expected(StateGroup(match=("*",), optimizer="apollo", rank=2, side=side), shape)
    assert found["exp_avg"] == found["exp_avg_sq"] == moment
    assert found["projector.ortho_matrix"] == matrix
    assert found["scaled_grad"] == found["step"] == found["projector.seed"] == ()


def apollo(rank):
    moments = {
        f"state.w.{key}": ("F32", [8, rank], f32(*[1] * 8 * rank)) for key in ("exp_avg", "exp_avg_sq")
    }
    return moments | {
        "state.w.step": ("I64", [], struct.pack("<q", 6)),
        "state.w.seed": ("I64", [], struct.pack("<q", 1)),
        "state.w.scaled_grad": ("F32", [], f32(1)),
        "state.w.projector.seed": ("I64", [], struct.pack("<q", 9)),
        "state.w.projector.ortho_matrix": ("F32", [rank, 8], f32(*[1] * 8 * rank)),
        "rng.torch": ("U8", [1], b"\1"),
        "data.position": ("I64", [1], struct.pack("<q", 1)),
    }


def test_a_state_of_rank_4_is_refused_where_rank_2_is_declared(tmp_path):
    """apollo-torch 1.0.3 loads it without a word, and goes on at rank 4."""
    model = {"w": ("F32", [8, 8], f32(*range(64)))}
    declared = "groups: {all: {match: ['*'], optimizer: apollo, rank: 2}}"
    assert ask(tmp_path, model, apollo(2), declared).outcome is Outcome.DISCHARGED
    verdict = ask(tmp_path, model, apollo(4), declared)
    assert verdict.outcome is Outcome.FALSIFIED
    told = [(one.where.split(":")[1], one.found, one.expected) for one in verdict.witnesses]
    assert told == [
        ("w exp_avg", "shape [8, 4]", "shape [8, 2]"),
        ("w exp_avg_sq", "shape [8, 4]", "shape [8, 2]"),
        ("w projector.ortho_matrix", "shape [4, 8]", "shape [2, 8]"),
    ]
    assert verdict.threshold == "apollo of rank 2"


def test_a_resumed_training_that_ends_elsewhere_is_caught_with_the_first_tensor(tmp_path):
    model, state = trained("adamw")
    _, more = trained("adamw", steps=5)
    wrong = more | {"state.1.bias.exp_avg": ("F32", [8], f32(*range(8)))}
    fields = f"{ADAMW}, uninterrupted: straight, resumed: again"
    inputs = {"straight": "file: s.safetensors", "again": "file: r.safetensors"}

    def end(straight, again):
        files = {"s.safetensors": safetensors(straight), "r.safetensors": safetensors(again)}
        return ask(tmp_path, model, state, fields, files, **inputs)

    assert end(more, more).outcome is Outcome.DISCHARGED
    (witness,) = end(more, wrong).witnesses
    assert witness.where == "r.safetensors, tensor state.1.bias.exp_avg[0]"
    same = end(state, state)
    assert (same.outcome, same.reason) == (Outcome.INCONCLUSIVE, Reason.VACUOUS)
    assert "nothing was trained after it" in same.detail


def test_a_pickle_is_never_opened(tmp_path):
    model = safetensors({"w": ("F32", [1], f32(1))})
    body = obligation(f"state: kept, model: model, {ADAMW}", kept="file: o.pt", model="file: m.safetensors")
    verdict = judge(tmp_path, body, {"o.pt": b"\x80\x04N.", "m.safetensors": model})
    assert verdict.outcome is Outcome.ERROR
    assert "save the weights as safetensors" in verdict.detail


@pytest.mark.parametrize(
    "fields",
    [
        "groups: {}",
        ADAMW.replace("adamw", "apollo"),
        ADAMW.replace("adamw", "adamw, rank: 2"),
        ADAMW.replace("adamw", "adamw, dtype: float33"),
        f"{ADAMW}, steps: 0",
        f"{ADAMW}, resumed: model",
        f"{ADAMW}, tensor: " + json.dumps("state.{key}"),
    ],
)
def test_what_no_optimizer_can_be_told_is_a_fault(tmp_path, fields):
    with pytest.raises(InvalidContract):
        ask(tmp_path, {}, {}, fields)
