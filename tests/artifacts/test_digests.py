import hashlib

import pytest

from harness.artifacts.digests import file_sha256, folder_files, folder_sha256, manifest, manifest_sha256
from harness.model.problem import InputError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.txt").write_text("x")
    (tmp_path / "a.txt").write_text("a")
    return tmp_path


def test_a_file_is_digested_whole(tmp_path):
    data = b"\0abc" * 500_000
    (tmp_path / "f").write_bytes(data)
    assert file_sha256(tmp_path / "f") == hashlib.sha256(data).hexdigest()
    with pytest.raises(InputError) as caught:
        file_sha256(tmp_path / "absent")
    assert caught.value.reason == "MISSING_INPUT"


def test_a_folder_is_its_names_and_bytes(folder):
    assert [path.name for path in folder_files(folder)] == ["a.txt", "x.txt"]
    before = folder_sha256(folder)
    (folder / "a.txt").touch()
    (folder / "empty").mkdir()
    assert folder_sha256(folder) == before
    (folder / "a.txt").rename(folder / "c.txt")
    renamed = folder_sha256(folder)
    (folder / "c.txt").write_text("c")
    assert len({before, renamed, folder_sha256(folder)}) == 3


def test_names_and_digests_cannot_run_into_each_other():
    assert manifest_sha256({"a": "1", "b": "2"}) != manifest_sha256({"a": "1b", "": "2"})
    assert manifest_sha256({"a": "1", "b": "2"}) == manifest_sha256({"b": "2", "a": "1"})


def test_digests_may_come_from_the_caller(folder):
    assert manifest(folder, folder_files(folder), lambda path: path.name) == {
        "a.txt": "a.txt",
        "b/x.txt": "x.txt",
    }


def test_a_link_is_refused(folder):
    (folder / "link").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="symbolic link"):
        folder_files(folder)
