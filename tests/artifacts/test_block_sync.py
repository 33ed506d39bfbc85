"""A sync of safetensors files: bytes, blocks, names, what it refuses, and real kills at every write."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from harness.artifacts.block_plan import BLOCK
from harness.artifacts.block_sync import pending, recover, sync
from harness.artifacts.safetensors_file import payload, read
from harness.kinds._tensor_examples import f32, safetensors
from harness.model.problem import InputError

COUNT = 4000


def model(changes=(), names=("a", "b", "c"), dtype="F32", shape=None):
    """Three tensors of 16,000 bytes; ``changes`` are flat places that hold another number."""
    source = random.Random(7)
    values = [source.gauss(0, 1) for _ in range(COUNT * 3)]
    for at in changes:
        values[at] += 1
    parts = (values[n * COUNT : (n + 1) * COUNT] for n in range(3))
    return safetensors(
        {name: (dtype, shape or [COUNT], f32(*part)) for name, part in zip(names, parts, strict=True)}
    )


def files(folder, old, new):
    (folder / "old.safetensors").write_bytes(old)
    (folder / "new.safetensors").write_bytes(new)
    return folder / "new.safetensors", folder / "old.safetensors"


@pytest.mark.parametrize("changes", [[0], [0, 1, 2], [11_999], [1000, 5000, 9000], range(COUNT * 3), []])
def test_the_target_is_the_source_and_only_changed_blocks_were_written(tmp_path, changes):
    old, new = model(), model(changes)
    source, target = files(tmp_path, old, new)
    done = sync(source, target)
    assert target.read_bytes() == new
    differ = [
        n
        for n in range(-(-len(old) // BLOCK))
        if old[n * BLOCK : (n + 1) * BLOCK] != new[n * BLOCK : (n + 1) * BLOCK]
    ]
    assert list(done.written) == differ
    assert json.loads(done.report())["blocks"] == -(-len(old) // BLOCK)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.safetensors", "old.safetensors"]


def test_bytes_of_no_changed_block_are_written_at_all(tmp_path, monkeypatch):
    source, target = files(tmp_path, model(), model([0, 5000]))
    wrote = []
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda *a: wrote.append((a[2], len(a[1]))) or real(*a))
    assert len(sync(source, target).written) == len(wrote) == 2
    assert all(at % BLOCK == 0 and size <= BLOCK for at, size in wrote)


def test_long_files_are_gone_through_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.artifacts.block_plan._CHUNK", 2 * BLOCK)
    source, target = files(tmp_path, model(), model([0, 4100, 11_999]))
    assert len(sync(source, target).written) == 3
    assert target.read_bytes() == source.read_bytes()


def test_names_are_mapped_and_the_header_stays(tmp_path):
    source, target = files(tmp_path, model(), model([7, 6000], names=("model.a", "b", "x")))
    head = target.read_bytes()[:100]
    sync(source, target, {"a": "model.a", "c": "x"})
    assert target.read_bytes()[:100] == head
    there = {tensor.name: payload(tensor) for tensor in read(source)}
    held = {tensor.name: payload(tensor) for tensor in read(target)}
    assert held == {"a": there["model.a"], "b": there["b"], "c": there["x"]}


def test_tensors_that_lie_in_another_order_find_their_places(tmp_path):
    one = safetensors({"a": ("F32", [2], f32(1, 2)), "b": ("F32", [3000], f32(*range(3000)))})
    two = safetensors({"b": ("F32", [3000], f32(*range(1, 3001))), "a": ("F32", [2], f32(8, 9))})
    source, target = files(tmp_path, one, two)
    sync(source, target)
    assert {t.name: payload(t) for t in read(target)} == {t.name: payload(t) for t in read(source)}


@pytest.mark.parametrize(
    ("new", "names", "said"),
    [
        (model(shape=[COUNT // 2, 2]), {}, r"F32 \[4000\], and had to be F32 \[2000, 2\]"),
        (model(dtype="I32"), {}, r"F32 \[4000\], and had to be I32"),
        (model(names=("a", "b", "d")), {}, "d, which is|c, which is not in the source"),
        (model(), {"a": "b"}, "taken by two"),
        (model(), {"z": "b"}, "no such tensor"),
        (safetensors({"a": ("F32", [COUNT], b"\0" * COUNT * 4)}), {}, "b, which is not in the source"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_touched(tmp_path, new, names, said):
    source, target = files(tmp_path, model(), new)
    with pytest.raises(InputError, match=said):
        sync(source, target, names)
    assert target.read_bytes() == model()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_source_with_a_tensor_more_is_refused(tmp_path):
    less = safetensors({"a": ("F32", [1], f32(1))})
    more = safetensors({"a": ("F32", [1], f32(1)), "b": ("F32", [1], f32(1))})
    source, target = files(tmp_path, less, more)
    with pytest.raises(InputError, match="b is no tensor of the target"):
        sync(source, target)


KILL = """
import os, signal, sys
from pathlib import Path
from harness.artifacts.block_sync import sync, recover

source, target, old, again = map(Path, sys.argv[1:5])
real = {name: getattr(os, name) for name in ("write", "pwrite", "fsync", "replace", "unlink")}

def killed(point, half, act):
    '''Runs act in a child that is killed at its point-th write: before it, or in the middle of its bytes.'''
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    count = 0
    def wrap(name):
        def call(*args):
            nonlocal count
            count += 1
            if count == point:
                if half and name in ("write", "pwrite"):
                    real[name](args[0], args[1][: len(args[1]) // 2], *args[2:])
                os.kill(os.getpid(), signal.SIGKILL)
            return real[name](*args)
        return call
    for name in real:
        setattr(os, name, wrap(name))
    act()
    os._exit(0)

new, before = source.read_bytes(), old.read_bytes()
points = olds = news = torn = 0
for half in (False, True):
    point = 1
    while True:
        target.write_bytes(before)
        if not killed(point, half, lambda: sync(source, target)):
            break
        left = target.read_bytes()
        torn += left not in (before, new)
        # and the recovery is killed too, at each of its own writes
        journal = target.with_name(target.name + ".sync")
        kept = {p: p.read_bytes() for p in target.parent.iterdir() if p.name.startswith(target.name)}
        second = 1
        while killed(second, half, lambda: recover(target)):
            recover(target)
            assert target.read_bytes() in (before, new), ("recovery", point, second)
            for p, data in kept.items():
                p.write_bytes(data)
            second += 1
        for p, data in kept.items():
            p.write_bytes(data)
        recover(target)
        after = target.read_bytes()
        assert after in (before, new), (point, half)
        olds += after == before
        news += after == new
        assert sorted(p.name for p in target.parent.iterdir() if ".sync" in p.name) == []
        sync(source, target)
        assert target.read_bytes() == new
        points += 1
        point += 1
print(points, olds, news, torn)
"""


def test_a_kill_at_any_write_leaves_the_old_file_or_the_new_one(tmp_path):
    source, target = files(tmp_path, model(), model([0, 3000, 5000, 9000, 11_999]))
    old = tmp_path / "kept"
    old.write_bytes(target.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", KILL, source, target, old, "0"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    points, olds, news, torn = map(int, done.stdout.split())
    assert points >= 30
    assert olds > 8
    assert news > 8
    assert torn > 4, "kills in the midst of the writing were tried"


def test_the_journal_is_on_the_disk_before_the_target_is_touched_and_until_it_is_flushed(
    tmp_path, monkeypatch
):
    """A loss of power cannot be tried here, but the order that it asks for can."""
    source, target = files(tmp_path, model(), model([0, 9000]))
    done = []
    for name in ("write", "pwrite", "fsync", "replace", "unlink"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, n=name, r=real: done.append(n) or r(*a))
    sync(source, target)
    order = [name for name, before in zip(done, ["", *done], strict=False) if name != before]
    assert order[-9:] == [
        *("write", "fsync", "replace", "fsync"),
        "unlink",  # a part of a journal that might be left; here none is
        *("pwrite", "fsync", "unlink", "fsync"),
    ]


def unfinished(folder):
    """Leaves a target whose sync was killed before its first block."""
    source, target = files(folder, model(), model([0, 9000]))
    code = "import os, signal, sys\nfrom pathlib import Path\nfrom harness.artifacts.block_sync import sync\n"
    code += "os.pwrite = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\nsync(*map(Path, sys.argv[1:]))"
    assert subprocess.run([sys.executable, "-c", code, source, target]).returncode == -9
    return source, target


def test_an_unfinished_sync_shows_and_is_finished(tmp_path):
    source, target = unfinished(tmp_path)
    assert pending(target)
    assert recover(target)
    assert not pending(target)
    assert target.read_bytes() == source.read_bytes()
    assert not recover(target)


def test_a_journal_that_is_damaged_or_of_another_file_is_refused(tmp_path):
    _, target = unfinished(tmp_path)
    journal = Path(f"{target}.sync")
    whole = journal.read_bytes()
    for bad in (whole[:-1], whole[:-40] + b"x" + whole[-39:], b"", b"x" + whole[1:]):
        journal.write_bytes(bad)
        with pytest.raises(InputError, match="damaged"):
            recover(target)
    journal.write_bytes(whole)
    target.write_bytes(model(names=("p", "q", "r")))
    with pytest.raises(InputError, match="another file"):
        recover(target)
    assert target.read_bytes() == model(names=("p", "q", "r"))


def test_two_syncs_of_one_target_are_kept_apart(tmp_path):
    import fcntl

    source, target = files(tmp_path, model(), model([0]))
    with target.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="somebody else"):
            sync(source, target)
    assert target.read_bytes() == model()


def test_a_target_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        sync(tmp_path / "a.safetensors", tmp_path / "b.safetensors")
