"""The table of overlap throughput that ``benchmarks/statistics.py`` prints."""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.artifacts.texts import Layout
from harness.kinds._overlap import compare
from harness.kinds._overlap_verdict import Ask

SIZE, SHINGLE, PERMUTATIONS = 50, 8, 128
LAYOUT = Layout()


def throughput(megabytes: float) -> None:
    """Prints the speed of the kind on a corpus of so many MB, beside what one would write or install."""
    with tempfile.TemporaryDirectory() as folder:
        train, held = Path(folder) / "train.jsonl", Path(folder) / "held.jsonl"
        size = write(train, megabytes, 1, leak=None)
        leak = [json.loads(line)["text"] for line in train.open()][::7][:40]
        write(held, 2.0, 2, leak=leak)
        small = Path(folder) / "small.jsonl"
        few = write(small, min(megabytes, 4.0), 1, leak=None)
        print(
            f"training data {size / 1e6:.1f} MB as JSON lines; held out 2 MB, 40 documents leaked; one core"
        )
        print(f"{'method':<58} {'MB/s':>8} {'found':>6}")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for by, what in (("window", f"runs of {SIZE} bytes"), ("near", f"MinHash of {SHINGLE}-byte runs")):
            line(f"harness, {what}", size, lambda by=by: ours(train, held, by))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        line(f"a Python set of {SIZE}-grams ({few / 1e6:.0f} MB)", few, lambda: plain(small, held))
        line(
            f"datasketch {PERMUTATIONS} permutations, update_batch ({few / 1e6:.0f} MB)",
            few,
            lambda: sketched(small, held),
        )
        print(f"peak memory {after / 1024:.0f} MiB, of which {before / 1024:.0f} before")


def line(name: str, size: int, work: Callable[[], int | None]) -> None:
    """Prints one row; the time is that of the processor, because others may run beside."""
    start = time.process_time()
    found = work()
    taken = time.process_time() - start
    speed = "absent" if found is None else f"{size / 1e6 / taken:.2f}"
    print(f"{name:<58} {speed:>8} {'' if found is None else found:>6}")
    sys.stdout.flush()


def write(path: Path, megabytes: float, seed: int, leak: list[str] | None) -> int:
    """Writes documents of words by Zipf's law, 2 kB each on average; returns the bytes of their text."""
    source = random.Random(seed)
    known = random.Random(0)
    words = [
        "".join(known.choice("etaoinshrdlucmfwyp") for _ in range(known.randrange(2, 11)))
        for _ in range(20_000)
    ]
    weights = [1 / (rank + 3) for rank in range(len(words))]
    total = 0
    with path.open("w") as handle:
        for text in leak or ():
            handle.write(json.dumps({"text": text}) + "\n")
        while total < megabytes * 1e6:
            text = " ".join(source.choices(words, weights, k=source.randrange(50, 600)))
            handle.write(json.dumps({"text": text}) + "\n")
            total += len(text)
    return total


def ours(train: Path, held: Path, by: str) -> int:
    """Runs the comparison of the kind."""
    ask = Ask(by=by, window=SIZE, containment=0.5, near=0.7, at_most=0, confidence=0.99, layout=LAYOUT)
    return len(compare([(held.name, str(held))], [(train.name, str(train))], None, ask).held.hits)


def documents(path: Path) -> Iterator[bytes]:
    """Yields the texts of JSON lines."""
    with path.open() as handle:
        for record in handle:
            yield json.loads(record)["text"].encode()


def plain(train: Path, held: Path) -> int:
    """Counts held-out documents half of whose windows are in a set that the training data is run against."""
    windows = {doc[i : i + SIZE] for doc in documents(held) for i in range(len(doc) - SIZE + 1)}
    seen = {doc[i : i + SIZE] for doc in documents(train) for i in range(len(doc) - SIZE + 1)} & windows
    found = 0
    for doc in documents(held):
        hits = sum(doc[i : i + SIZE] in seen for i in range(len(doc) - SIZE + 1))
        found += hits >= (len(doc) - SIZE + 1) / 2
    return found


def sketched(train: Path, held: Path) -> int | None:
    """Counts held-out documents with a neighbour in datasketch's LSH; None where it is not installed."""
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError:
        return None
    lsh = MinHashLSH(threshold=0.7, num_perm=PERMUTATIONS)

    def sketch(doc: bytes) -> MinHash:
        made = MinHash(num_perm=PERMUTATIONS)
        made.update_batch({doc[i : i + SHINGLE] for i in range(len(doc) - SHINGLE + 1)})
        return made

    for number, doc in enumerate(documents(held)):
        lsh.insert(number, sketch(doc))
    found = set()
    for doc in documents(train):
        found |= set(lsh.query(sketch(doc)))
    return len(found)
