"""The memo saves time and decides nothing: it forgets whatever was touched, and survives its own damage."""

import json
import os
import time

import pytest

from harness.evidence.digests import bytes_digest
from harness.evidence.memo import Memo, fingerprint, write_atomically


def later():
    """A clock that runs ahead, so that every file counts as old."""
    return time.time_ns() + 10**9


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"first")
    return path


class Counted:
    def __init__(self):
        self.calls = 0

    def __call__(self, path):
        self.calls += 1
        with open(path, "rb") as stream:
            return bytes_digest(stream.read())


def test_an_untouched_file_is_computed_once_in_all_sessions(tmp_path, file):
    count, kept = Counted(), tmp_path / "cache/memo.json"
    for _ in range(3):
        memo = Memo(kept, "tools 1", later)
        assert memo.of(str(file), "digest", count) == bytes_digest(b"first")
        assert memo.of(str(file), "digest", count) == bytes_digest(b"first")
        memo.save()
    assert count.calls == 1


@pytest.mark.parametrize("keep_times", [False, True])
@pytest.mark.parametrize("data", [b"other", b"longer than before", b""])
def test_a_touched_file_is_computed_again(tmp_path, file, data, keep_times):
    memo = Memo(tmp_path / "memo.json", "", later)
    memo.sha256(str(file))
    memo.save()
    state = file.stat()
    time.sleep(0.02)
    file.write_bytes(data)
    if keep_times:
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert Memo(tmp_path / "memo.json", "", later).sha256(str(file)) == bytes_digest(data)


def test_a_file_put_in_the_place_of_another_is_computed_again(tmp_path, file):
    memo = Memo(None, "", later)
    memo.sha256(str(file))
    other = tmp_path / "other"
    other.write_bytes(b"other")
    state = file.stat()
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.replace(file)
    assert memo.sha256(str(file)) == bytes_digest(b"other")


def test_a_file_written_just_now_is_not_remembered(file):
    count, memo = Counted(), Memo(None, "", time.time_ns)
    os.utime(file)
    memo.of(str(file), "digest", count)
    memo.of(str(file), "digest", count)
    assert count.calls == 2


def test_purposes_do_not_mix(file):
    memo = Memo(None, "", later)
    assert memo.of(str(file), "a", lambda _: 1) == 1
    assert memo.of(str(file), "b", lambda _: 2) == 2


def test_other_tools_forget_all(tmp_path, file):
    memo = Memo(tmp_path / "memo.json", "tools 1", later)
    memo.of(str(file), "a", lambda _: 1)
    memo.save()
    assert Memo(tmp_path / "memo.json", "tools 2", later).of(str(file), "a", lambda _: 2) == 2


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"fingerprint":"tools"}',
        b'{"fingerprint":"tools","kept":3}',
        b'{"fingerprint":"tools","kept":{"a:FILE":3}}',
        b'{"fingerprint":"tools","kept":{"a:FILE":[]}}',
    ],
)
def test_a_damaged_memo_is_no_memo(tmp_path, file, damage):
    (tmp_path / "memo.json").write_bytes(damage.replace(b"FILE", os.fsencode(file)))
    memo = Memo(tmp_path / "memo.json", "tools", later)
    assert memo.of(str(file), "a", lambda _: 1) == 1
    memo.save()
    assert "a:" in json.loads((tmp_path / "memo.json").read_bytes())["kept"].popitem()[0]


def test_what_is_gone_is_dropped_and_raises(tmp_path, file):
    memo = Memo(tmp_path / "memo.json", "", later)
    memo.sha256(str(file))
    file.unlink()
    memo.save()
    assert json.loads((tmp_path / "memo.json").read_bytes())["kept"] == {}
    with pytest.raises(FileNotFoundError):
        memo.sha256(str(file))


def test_a_memo_that_cannot_be_written_is_no_error(tmp_path, file):
    (tmp_path / "cache").write_bytes(b"a file where its folder should be")
    memo = Memo(tmp_path / "cache/memo.json", "", later)
    assert memo.sha256(str(file)) == bytes_digest(b"first")
    memo.save()
    assert (tmp_path / "cache").read_bytes() == b"a file where its folder should be"


def test_writing_leaves_the_old_bytes_or_the_new_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "evidence.json"
    write_atomically(path, b"old")

    def fails(*_):
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        with pytest.raises(OSError, match="disk is full"):
            write_atomically(path, b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("evidence.json", b"old")]
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_the_fingerprint_sees_a_module_that_changed_and_a_plug_in_that_was_installed(tmp_path):
    package, site = tmp_path / "package", tmp_path / "site"
    (package / "room").mkdir(parents=True)
    site.mkdir()
    (package / "room/kind.py").write_text("x = 1\n")
    before = fingerprint(package, "1", [str(site), str(tmp_path / "absent")])
    assert fingerprint(package, "1", [str(site), str(tmp_path / "absent")]) == before
    (package / "room/kind.py").write_text("x = 22\n")
    changed = fingerprint(package, "1", [str(site)])
    time.sleep(0.02)
    (site / "plugin.dist-info").mkdir()
    installed = fingerprint(package, "1", [str(site)])
    assert len({before, changed, installed, fingerprint(package, "2", [str(site)])}) == 4
