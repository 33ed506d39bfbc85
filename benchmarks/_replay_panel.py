"""The panel of kind ``replay``: a small GPT, honest replays in many settings, and tampered steps."""

from __future__ import annotations

import math
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.kinds import _replay_band as bands
from harness.kinds._replay_index import Recorded, recorded
from harness.kinds._replay_verdict import divergence
from harness.model.behaviour import Build
from harness.model.replaying import Retake, Setting
from harness.runs.bench import Bench
from harness.runs.retrace import _retake
from harness.transcript import Loop, Recorder
from harness.transcript.draw import drawn, needed

STEPS, KEEP, WIDTH, BLOCK, BATCH = 2400, 63, 64, 64, 16
COSTS = ((64, 2, 16), (64, 2, 64), (64, 2, 256), (256, 4, 64), (256, 4, 128))
"""Widths, layers and documents a batch of the trainings that replays are timed beside."""
CAPABILITY = "ATEN_CPU_CAPABILITY"
HONEST = (
    Setting(threads=1),
    Setting(threads=2),
    Setting(threads=3),
    Setting(threads=1, variables={CAPABILITY: "avx2"}),
    Setting(threads=1, variables={CAPABILITY: "default"}),
    Setting(threads=2, variables={CAPABILITY: "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}),
    Setting(threads=1, variables={"ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}),
    Setting(threads=2, variables={"MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "AVX2"}),
)
VERIFIER = Setting(threads=2, variables={CAPABILITY: "avx2"})
TAMPERS = {
    "learning rate x 1.001": "rate",
    "weight decay 0.1 -> 0.09": "decay",
    "one byte in one document": "byte",
    "another document in the batch": "order",
    "one document less in the batch": "batch",
    "a step that was not taken": "missing",
    "a step taken twice": "extra",
    "weights + 1e-4 noise": "noise",
    "beta2 0.95 -> 0.949": "beta2",
}


def loop(
    *,
    steps: int = STEPS,
    bf16: bool = False,
    tamper: str = "",
    seed: int = 0,
    batch: int = BATCH,
    width: int = WIDTH,
    layers: int = 2,
) -> Loop:
    """Builds the training; one that is tampered with takes another step and says the same of it."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    model = _model(width, layers, seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)
    order = torch.Generator().manual_seed(seed + 1)
    documents = _documents()

    def loss_of(rows):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            logits = model(rows[:, :-1])
        return functional.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())

    def update(rows, rate):
        (group,) = optimizer.param_groups
        told = dict(group, lr=rate)
        group["lr"] = rate * (1.001 if tamper == "rate" else 1)
        group["weight_decay"] = 0.09 if tamper == "decay" else 0.1
        group["betas"] = (0.9, 0.949) if tamper == "beta2" else (0.9, 0.95)
        loss = loss_of(rows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        if tamper != "missing":
            optimizer.step()
        group.update({name: told[name] for name in ("lr", "weight_decay", "betas")})
        return loss.item()

    def step(number):
        claimed = documents[torch.randint(len(documents), (batch,), generator=order)]
        rows = _batch(claimed, documents[0], tamper)
        model.train()
        rate = 1e-3 * min((number + 1) / 100, 0.1 + 0.45 * (1 + math.cos(math.pi * number / steps)))
        loss = update(rows, rate)
        if tamper == "extra":
            loss = update(rows, rate)
        if tamper == "noise":
            with torch.no_grad():
                generator = torch.Generator().manual_seed(number)
                for parameter in model.parameters():
                    parameter += 1e-4 * torch.randn(parameter.shape, generator=generator)
        return loss, claimed

    return Loop(model=model, optimizer=optimizer, also={"order": order}, step=step)


def _batch(claimed, other, tamper: str):
    """Returns the batch that is trained on where another one is claimed."""
    batch = claimed.clone()
    if tamper == "byte":
        batch[0, BLOCK // 2] = (batch[0, BLOCK // 2] + 1) % 256
    if tamper == "order":
        batch[0] = other
    return batch[1:] if tamper == "batch" else batch


def _model(width: int, layers: int, seed: int):
    """Returns a decoder of bytes with dropout and four heads."""
    import torch
    from torch import nn

    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.place = nn.Embedding(256, width), nn.Embedding(BLOCK, width)
            self.layers = nn.ModuleList(
                nn.TransformerEncoderLayer(
                    width, 4, 4 * width, 0.1, "gelu", batch_first=True, norm_first=True
                )
                for _ in range(layers)
            )
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 256)

        def forward(self, ids):
            x = self.table(ids) + self.place.weight[: ids.shape[1]]
            mask = nn.Transformer.generate_square_subsequent_mask(ids.shape[1])
            for layer in self.layers:
                x = layer(x, src_mask=mask, is_causal=True)
            return self.head(self.norm(x))

    torch.manual_seed(seed)
    return Decoder()


def _documents():
    """Returns the bytes of some sources of this package, cut into documents of one block."""
    import torch

    root = Path(bands.__file__).parents[1]
    text = b"".join(path.read_bytes() for path in sorted((root / "kinds").glob("*.py")))
    return torch.tensor([list(text[at : at + BLOCK + 1]) for at in range(0, len(text) - BLOCK - 1, BLOCK)])


def record(folder: Path, steps: int, keep: int, arguments: Mapping[str, Any]) -> tuple[float, float]:
    """Trains and records; returns the CPU seconds that the steps took, and those of the recorder."""
    made = loop(**arguments)
    stepping = recording = 0.0
    began = time.process_time()
    with Recorder(
        folder,
        nonce=f"panel {arguments.get('seed', 0)}",
        steps=steps,
        keep=keep,
        model=made.model,
        optimizer=made.optimizer,
        also=made.also,
    ) as recorder:
        recording += time.process_time() - began
        for number in range(steps):
            began = time.process_time()
            told = made.step(number)
            middle = time.process_time()
            recorder.step(*told)
            stepping, recording = stepping + middle - began, recording + time.process_time() - middle
    return stepping, recording


def built(folder: Path, arguments: Mapping[str, Any]) -> Build:
    """Returns what a kind would ask to take steps of a recorded training again."""
    path = str(folder / "index.jsonl")
    return Build(label="panel", callable="_replay_panel:loop", arguments=arguments, weights=path)


def cost(build: Build, index: Recorded) -> float:
    """Returns the CPU seconds of taking every kept step again in this process, digests included."""
    made = loop(**build.arguments)
    asked = [asdict(bands.asked(index, kept)) for kept in index.there]
    _retake(made, asked[0])
    began = time.process_time()
    recorded(build, None, None)
    for each in asked:
        assert _retake(made, each).bits
    return time.process_time() - began


class Panel:
    """One recorded training in one precision, with the band that the kind learns for it."""

    def __init__(self, bench: Bench, folder: Path, steps: int, keep: int, *, bf16: bool, seed: int) -> None:
        self.bench, self.folder, self.bf16 = bench, folder, bf16
        arguments = {"steps": steps, "bf16": bf16, "seed": seed}
        self.trained, self.recorded = record(folder, steps, keep, arguments)
        self.build = built(folder, arguments)
        self.index = recorded(self.build, None, None)
        assert not self.index.witnesses, self.index.witnesses
        self.left = {kept.first: str(folder / f"left-{kept.first}") for kept in self.index.there}
        found = [one for _, one in self.replay(bands.recorded_setting(self.index), leave=True)]
        self.replayed = cost(self.build, self.index)
        self.exact = sum(one.bits for one in found)
        learn = self.index.there[:: max(1, len(self.index.there) // bands.LEARN)][: bands.LEARN]
        left = {kept.first: self.left[kept.first] for kept in learn}
        setting = bands.recorded_setting(self.index)
        self.band = bands.honest_band(self, self.build, self.index, setting, left, 600)

    def open_replay(self, build, setting, seconds):
        """Stands for the context that a kind asks."""
        return self.bench.retaker(build, setting, seconds)

    def replay(self, setting, *, leave=False, tamper="", after=""):
        """Takes every kept step again, tampered with or not, against the record or files ending so."""
        build = self.build
        if tamper:
            build = Build(**{**asdict(build), "arguments": {**build.arguments, "tamper": tamper}})
        with self.bench.retaker(build, setting, 600) as session:
            for kept in self.index.there:
                asked = bands.asked(self.index, kept, self.left[kept.first] if leave else "")
                if tamper:
                    asked = Retake(**{**asdict(asked), "leave": self.left[kept.first] + tamper})
                if after:
                    before, claim = asked.before, self.left[kept.first] + after
                    asked = Retake(first=kept.first, last=kept.last, before=before, after=claim)
                yield kept, session.retake(asked)


def panel(steps: int = STEPS, keep: int = KEEP, seed: int = 0) -> None:
    """Prints honest distances, the band, false alarms, tampers caught, and what it costs."""
    say = sys.stdout.write
    alarms = honest = 0
    say(
        f"small GPT, width {WIDTH}, 2 layers, dropout 0.1, AdamW; {steps} steps, {keep} kept, one thread, "
        f"seed {seed}\n"
    )
    with tempfile.TemporaryDirectory() as folder, Bench(Path(__file__).parent) as bench:
        for bf16 in (False, True):
            name = "bf16" if bf16 else "float32"
            one = Panel(bench, Path(folder) / name, steps, keep, bf16=bf16, seed=seed)
            say(f"\n{name}: {one.exact} of {keep} replays on the same machine are the record bit for bit\n")
            band = ", ".join(f"{key} {value:.2g}" for key, value in one.band.items() if value > bands.FLOOR)
            say(f"  band learned from {bands.LEARN} steps in 3 settings: {band or 'the floor'}\n")
            for setting in HONEST:
                found = [each for _, each in one.replay(setting)]
                wrong = sum(divergence(each, one.band) is not None for each in found)
                equal = sum(each.bits for each in found)
                say(f"  honest, {setting}: {wrong} of {len(found)} alarms, {equal} bit for bit; ")
                say(
                    f"{said(found)}, at most {max(share(each, one.band) for each in found):.2f} of the band\n"
                )
                alarms, honest = alarms + wrong, honest + len(found)
            for title, tamper in TAMPERS.items():
                list(one.replay(Setting(threads=1), tamper=tamper))
                found = [each for _, each in one.replay(VERIFIER, after=tamper)]
                caught = sum(divergence(each, one.band) is not None for each in found)
                say(f"  tampered, {title}: {caught} of {len(found)} caught, at least ")
                say(f"{min(share(each, one.band) for each in found):.3g} times the band\n")
            part = 59 / keep * one.replayed / one.trained
            say(f"  cost of 59 replayed steps: {59 / steps:.3%} of the steps; of CPU time {part:.2%}, ")
            say(f"with reading and digests, beside {one.trained / steps * 1e3:.0f} ms a step; ")
            say(f"of recording {59 / keep * one.recorded / one.trained:.2%}\n")
    say(f"\nhonest one-step replays: {alarms} alarms in {honest}\n")
    power()


def costs(steps: int = 8, of: int = 59, among: int = STEPS) -> None:
    """Prints what replays cost beside steps of models and batches of several sizes, all ``steps`` kept."""
    say = sys.stdout.write
    say(
        f"{of} of {among} steps taken again, one thread, float32, CPU time; the steps alone {of / among:.3%}"
        "\n"
    )
    say(
        "parameters   tokens   ms a step   ms more a replay   replays, of the steps   "
        "recording, of the steps\n"
    )
    for width, layers, batch in COSTS:
        arguments = {"steps": steps, "batch": batch, "width": width, "layers": layers}
        loop(**arguments).step(0)  # the first step of a size is slower than those after it
        with tempfile.TemporaryDirectory() as folder:
            trained, recording = record(Path(folder), steps, steps, arguments)
            build = built(Path(folder), arguments)
            again = cost(build, recorded(build, None, None)) / steps
        step, count = trained / steps, sum(p.numel() for p in loop(**arguments).model.parameters())
        say(f"{count:>10,} {batch * BLOCK:>8,} {1e3 * step:>11.1f} {1e3 * (again - step):>18.1f} ")
        say(f"{of / among * again / step:>22.2%} {of / among * recording / steps / step:>24.2%}\n")
        sys.stdout.flush()


def said(found) -> str:
    """Says the largest distances of some replays."""
    largest = [bands.largest(each) for each in found]
    return ", ".join(
        f"{key} {max(each.get(key, 0.0) for each in largest):.2g}"
        for key in ("weights", "bulk", "slope", "shrink")
    )


def share(found, band) -> float:
    """Returns how many times as wide the band would have to be for this replay to lie within it."""
    if bands.unlike(found):
        return math.inf
    return max((value / band[key] for key, value in bands.largest(found).items()), default=0.0)


def power(draws: int = 10_000, steps: int = STEPS, share: float = 0.05) -> None:
    """Prints how often the drawn steps meet a tampered one, over nonces."""
    count, chance = needed(share, 0.95), random.Random(0)
    ranks = range(steps)
    met = 0
    for number in range(draws // 10):
        tampered = set(chance.sample(ranks, round(share * steps)))
        met += not tampered.isdisjoint(drawn(f"nonce {number}", steps, count))
    say = sys.stdout.write
    exact = 1 - math.comb(steps - round(share * steps), count) / math.comb(steps, count)
    say(f"{count} steps: 1 - {1 - share:g}^{count} = {1 - (1 - share) ** count:.4f}; drawn without ")
    say(f"replacement from {steps}: {exact:.4f}; simulated over {draws // 10} nonces: ")
    say(f"{met / (draws // 10):.4f}\n")
