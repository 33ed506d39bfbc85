"""Gives the readers of foreign bytes hostile ones for some minutes each, guided by coverage.

    python benchmarks/fuzz.py [SECONDS [TARGET ...]]

Uses atheris where it is installed, and else the mutations of the tests without guidance. Ends with 1 where
a reader raised what it does not document, hung, or did what a reader never does; the bytes are then kept.
"""

import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))


def main() -> int:
    """Runs every target in a process of its own and prints what came of it."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    from fuzzing import TARGETS

    failed = 0
    for name in sys.argv[2:] or TARGETS:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, __file__, "--one", name, str(seconds), folder],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            kept = sorted(Path(folder).glob("crash-*")) + sorted(Path(folder).glob("timeout-*"))
            for path in kept:
                (Path(tempfile.gettempdir()) / f"{name}-{path.name}").write_bytes(path.read_bytes())
        told = [line for line in done.stdout.splitlines() if line.startswith("fuzz:")]
        ended = told[-1][5:] if told else f"ended with {done.returncode}"
        bad = done.returncode != 0 or bool(kept)
        failed += bad
        took = time.monotonic() - start
        print(f"{name:12} {took:5.0f} s  {ended}  {'FAILED' if bad else 'nothing found'}", flush=True)
        if bad:
            print(done.stdout[-3000:])
    return 1 if failed else 0


def one(name: str, seconds: int, folder: str) -> None:
    """Fuzzes one target in this process."""
    try:
        import atheris
    except ImportError:
        _plain(name, seconds)
        return
    with atheris.instrument_imports(include=["harness"]):
        import fuzzing
    fuzzing.warm()
    corpus = Path(folder) / "corpus"
    corpus.mkdir()
    for seed in fuzzing.seeds(name):
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    known, ran, start = fuzzing.seeds(name), 0, time.monotonic()

    def give(data: bytes) -> None:
        nonlocal ran
        ran += 1
        with fuzzing.watched():
            fuzzing.TARGETS[name](data)
        if time.monotonic() - start > seconds:
            print(f"fuzz: {ran} inputs, guided by coverage", flush=True)
            os._exit(0)

    def change(data: bytes, most: int, seed: int) -> bytes:
        dice = random.Random(seed)
        if dice.random() < 0.5:
            return bytes(atheris.Mutate(data, most))
        edits = [
            (dice.randrange(1 << 17), dice.randrange(6), dice.randrange(1 << 16))
            for _ in range(dice.randrange(1, 6))
        ]
        return fuzzing.mutated(data, edits, known)[:most]

    arguments = [
        sys.argv[0],
        str(corpus),
        f"-max_len={1 << 15}",
        f"-timeout={fuzzing.SLOW}",
        "-rss_limit_mb=4096",
    ]
    atheris.Setup(arguments, give, custom_mutator=change)
    atheris.Fuzz()


def _plain(name: str, seconds: int) -> None:
    import fuzzing

    fuzzing.warm()
    dice, known = random.Random(7), fuzzing.seeds(name)
    start, ran = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        edits = [
            (dice.randrange(1 << 17), dice.randrange(6), dice.randrange(1 << 16))
            for _ in range(dice.randrange(1, 9))
        ]
        data = fuzzing.mutated(dice.choice(known), edits, known)
        ran += 1
        Path("crash-now").write_bytes(data)
        with fuzzing.watched():
            fuzzing.timed(fuzzing.TARGETS[name], data)
    Path("crash-now").unlink()
    print(f"fuzz: {ran} inputs, at random", flush=True)


if sys.argv[1:2] == ["--one"]:
    one(sys.argv[2], int(sys.argv[3]), sys.argv[4])
else:
    sys.exit(main())
