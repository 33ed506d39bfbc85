"""``harness.watch`` in loops that people write: sound ones raise nothing, broken ones are named."""

import json
import sys

import pytest
import torch
from torch import nn

import harness
from harness.watching.alarm import TrainingStopped

sys.path.insert(0, str(__import__("pathlib").Path(__file__).parents[1] / "invariants"))
from sound import CLIP, Program

STEPS = 80


def train(spoil=None, every=10, **options):
    """Trains the sound program watched; ``spoil(state, step)`` runs before the optimizer's step."""
    program = Program()
    state = program.build(0)
    watch = harness.watch(
        state.model, state.optimizer, state.scheduler, rate=program.rate, clip=CLIP, every=every, **options
    )
    if spoil is not None:
        inner = state.optimizer.step

        def step(*args, **told):
            spoil(state, watch.steps)
            return inner(*args, **told)

        state.optimizer.step = step
    with watch:
        for number in range(STEPS):
            watch.loss(program.step(state, program.batch(0, number % program.batches))["loss"])
    return watch


def test_a_sound_loop_raises_nothing_and_every_law_was_judged(tmp_path, capsys):
    watch = train(out=tmp_path / "watch.json")
    record = json.loads((tmp_path / "watch.json").read_text())
    assert watch.findings == []
    assert capsys.readouterr().err == ""
    assert (record["steps"], record["ended"]) == (STEPS, True)
    assert all(law["judged"] > 0 for law in record["laws"].values())


def doubled(state, step):
    if step == 30:
        state.optimizer.param_groups[0]["lr"] *= 2


def evaluating(state, step):
    if step == 30:
        state.model.eval()


def overflow(state, step):
    if step == 30:
        for each in state.model.parameters():
            if each.grad is not None:
                each.grad.fill_(float("inf"))


def unclipped(state, step):
    for each in state.model.parameters():
        if each.grad is not None:
            each.grad.mul_(1000)


def severed(state, _):
    state.model.norm.weight.grad = None


def zeroed(state, _):
    state.model.norm.weight.grad.zero_()


def thawed(state, step):
    if step == 33:
        state.model.table.data.add_(0.01)


def rebuilt(state, step):
    if step == 30:
        state.model.norm.weight = nn.Parameter(state.model.norm.weight.detach().clone())


def held(state, _):
    for group in state.optimizer.param_groups:
        group["params"] = [each for each in group["params"] if each is not state.model.norm.bias]


def twice(state, step):
    if step == 20:
        state.optimizer.param_groups[1]["params"].append(state.optimizer.param_groups[0]["params"][0])


@pytest.mark.parametrize(
    ("spoil", "law", "where"),
    [
        (doubled, "rate", "learning rate"),
        (evaluating, "training mode", "module itself"),
        (overflow, "gradients", ""),
        (unclipped, "clip", "all gradients"),
        (severed, "gradients", "norm.weight"),
        (zeroed, "gradients", "norm.weight"),
        (thawed, "movement", "table"),
        (rebuilt, "groups", "norm.weight"),
        (held, "groups", "norm.bias"),
        (twice, "groups", ""),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_fault_is_named_with_step_tensor_and_cause(spoil, law, where, capsys):
    watch = train(spoil)
    found = [each for each in watch.findings if each.law == law]
    assert found, watch.findings
    assert found[0].where.startswith(where)
    assert found[0].step < STEPS
    assert f"harness.watch: step {found[0].step}, {law}: " in capsys.readouterr().err
    assert "usually: " in str(found[0])


def test_a_watch_that_is_told_to_stops_the_run_and_leaves_its_record(tmp_path):
    with pytest.raises(TrainingStopped, match="step 30, rate"):
        train(doubled, stop=True, out=tmp_path / "watch.json")
    record = json.loads((tmp_path / "watch.json").read_text())
    assert (record["steps"], record["ended"]) == (30, False)


def test_losses_that_are_none_or_never_move():
    watch = train()
    watch.loss(float("nan"))
    for _ in range(20):
        watch.loss(2.5)
    assert [each.found for each in watch.findings] == ["nan", "2.5 17 times in a row"]


@pytest.mark.parametrize(
    "make",
    [
        lambda model: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
        lambda model: torch.optim.Adagrad(model.parameters(), lr=0.1),
        lambda model: torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True),
        lambda model: torch.optim.RMSprop(model.parameters(), lr=1e-3),
    ],
)
def test_other_sound_loops_raise_nothing(make):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = make(model)
    with harness.watch(model, optimizer, every=10) as watch:
        for _ in range(100):
            x = torch.randn(16, 4)
            loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watch.loss(loss)
    assert watch.findings == []


def test_half_precision_with_skipped_steps_raises_nothing():
    """A scaler that finds an overflow does not call the optimizer: there is no step to judge."""
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**24, growth_interval=5)
    with harness.watch(model, optimizer, every=10) as watch:
        for number in range(100):
            x = torch.randn(16, 4) * (1e20 if number == 50 else 1)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
    assert watch.findings == []
    assert watch.steps < 100


def test_the_trainer_of_transformers_is_watched_by_a_callback(tmp_path):
    from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

    from harness.watching.callbacks import trainer_callback

    config = LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    torch.manual_seed(0)
    rows = [{"input_ids": each, "labels": each} for each in torch.randint(32, (64, 12))]
    arguments = TrainingArguments(
        output_dir=str(tmp_path), max_steps=24, per_device_train_batch_size=8, logging_steps=4,
        use_cpu=True, report_to=[], save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    callback = trainer_callback(every=6, out=tmp_path / "watch.json", clip=1.0)
    Trainer(model=LlamaForCausalLM(config), args=arguments, train_dataset=rows, callbacks=[callback]).train()
    record = json.loads((tmp_path / "watch.json").read_text())
    assert (record["steps"], record["ended"]) == (24, True)
    assert {name: law["found"] for name, law in record["laws"].items() if law["found"]} == {}
