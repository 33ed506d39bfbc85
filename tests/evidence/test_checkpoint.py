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


def reread(bench):
    said = bench("verify", "--checkpoint", "out", "--key", "keys/c.pub", "--trust-times")
    return said.code, said.out.partition("read again: ")[2].partition(",")[0]


def test_one_file_is_read_again_after_one_changed_where_times_are_trusted_and_else_all(signed):
    signed.settle()
    assert reread(signed) == (0, "3 files")
    assert reread(signed) == (0, "0 files")
    config = signed.root / "out/config.json"
    config.write_text("{} ")
    assert reread(signed) == (1, "1 file")
    config.write_text("{}")
    signed.settle()
    assert reread(signed) == (0, "1 file")
    weights = signed.root / "out/model.safetensors"
    data, times = weights.read_bytes(), weights.stat()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert verify(signed).code == 1, "without the word all is read"
    assert reread(signed)[0] == 1, "the change time shows what the modification time hides"


def test_a_memory_that_was_forged_is_asked_only_where_times_are_trusted(signed):
    signed.write(".harness/cache/checkpoints.json", '{"fingerprint": "1", "kept": {"sha256:x": [[], 3]}}')
    assert reread(signed)[0] == 0
    assert verify(signed).code == 0


def test_a_checkpoint_that_theirs_signed_in_shards_is_verified_too(signed):
    from model_signing import hashing, signing

    (signed.root / "out/model.sig").unlink()
    config = signing.Config().use_elliptic_key_signer(private_key=signed.root / "keys/c")
    config.set_hashing_config(hashing.Config().use_shard_serialization())
    config.sign(signed.root / "out", signed.root / "out/model.sig")
    assert verify(signed).code == 0
    flipped(signed)
    assert verify(signed).code == 1


@pytest.mark.parametrize("name", ["../out2", "/etc", ".."])
def test_a_manifest_that_leaves_out_what_lies_elsewhere_leaves_out_nothing(signed, name):
    from model_signing import hashing, signing

    (signed.root / "out/model.sig").unlink()
    config = signing.Config().use_elliptic_key_signer(private_key=signed.root / "keys/c")
    config.set_hashing_config(hashing.Config().set_ignored_paths(paths=[name]))
    config.sign(signed.root / "out", signed.root / "out/model.sig")
    assert verify(signed).code == 0
    added(signed)
    assert verify(signed).code == 1


def test_what_no_signature_covers_is_named(signed):
    signed.write("out/README.md", "# A card")
    signed.write("out/.git/x", "x")
    said = signed("verify", "--checkpoint", "out", "--key", "keys/c.pub")
    assert said.code == 0, said
    for name in ("README.md", ".git"):
        assert f"covered by no signature: {name}\n" in said.out


@pytest.mark.parametrize("data", [None, b"{}", b"junk", b"[]", b""])
def test_a_signature_that_is_none_is_told_in_words(signed, data):
    (signed.root / "out/model.sig").unlink()
    if data is not None:
        signed.write("out/model.sig", data)
    said = signed("verify", "--checkpoint", "out", "--key", "keys/c.pub")
    assert (said.code, "no signature" in said.out) == (1, True), said
    assert "Errno" not in said.out


def test_a_public_key_of_the_other_kind_is_told_in_words(signed):
    signed("key", "new", "keys/e")
    said = signed("verify", "--checkpoint", "out", "--key", "keys/e.pub")
    assert (said.code, "elliptic curve keys: harness key new --checkpoint" in said.out) == (1, True), said
