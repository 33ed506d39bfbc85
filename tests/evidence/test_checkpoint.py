"""Signed checkpoint folders: what we sign, its own verifier accepts, and neither accepts another folder."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("model_signing", reason="the extra `models` is not installed")

THEIRS = ("--public_key", "keys/c.pub", "--signature", "out/model.sig")
THEIRS += ("--ignore-paths", "out/README.md", "--ignore-paths", "out/claims")


@pytest.fixture
def signed(bench):
    bench.write("out/model.safetensors", os.urandom(4096))
    bench.write("out/shards/part.safetensors", os.urandom(512))
    bench.write("out/config.json", "{}")
    assert bench("key", "new", "keys/c", "--checkpoint").code == 0
    assert bench("sign", "--checkpoint", "out", "--key", "keys/c").code == 0
    return bench


def verify(bench):
    return bench("verify", "--checkpoint", "out", "--key", "keys/c.pub")


def theirs(bench):
    return subprocess.run(
        [sys.executable, "-m", "model_signing", "verify", "key", "out", *THEIRS],
        cwd=bench.root,
        capture_output=True,
        check=False,
    ).returncode


def test_both_verifiers_accept_what_was_signed_and_what_publishing_adds(signed):
    assert (verify(signed).code, theirs(signed)) == (0, 0)
    assert verify(signed).out == "verify: out verified\n"
    signed.write("out/README.md", "# A card")
    signed.write("out/claims/policy.yaml", "policy: 1")
    assert (verify(signed).code, theirs(signed)) == (0, 0)


def flipped(bench):
    path = bench.root / "out/model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def renamed(bench):
    (bench.root / "out/config.json").rename(bench.root / "out/config2.json")


def removed(bench):
    (bench.root / "out/shards/part.safetensors").unlink()


def added(bench):
    bench.write("out/adapter.safetensors", b"x")


def swapped(bench):
    one, two = bench.root / "out/model.safetensors", bench.root / "out/shards/part.safetensors"
    a, b = one.read_bytes(), two.read_bytes()
    one.write_bytes(b)
    two.write_bytes(a)


def linked(bench):
    os.symlink("config.json", bench.root / "out/again.json")


def unsigned(bench):
    (bench.root / "out/model.sig").unlink()


def emptied(bench):
    bench.write("out/model.sig", "")


def another_key(bench):
    bench("key", "new", "keys/d", "--checkpoint")
    (bench.root / "keys/c.pub").write_bytes((bench.root / "keys/d.pub").read_bytes())


@pytest.mark.parametrize(
    "attack", [flipped, renamed, removed, added, swapped, linked, unsigned, emptied, another_key]
)
def test_another_folder_is_refused_by_both(signed, attack):
    attack(signed)
    said = verify(signed)
    assert (said.code, "NOT verified" in said.out) == (1, True), said
    assert theirs(signed) != 0


def test_a_key_of_the_other_kind_is_refused(bench):
    bench.write("out/a", "a")
    bench("key", "new", "keys/e")
    said = bench("sign", "--checkpoint", "out", "--key", "keys/e")
    assert (said.code, "cannot be signed" in said.err) == (4, True)
    assert bench("verify", "--checkpoint", "out").code == 4
