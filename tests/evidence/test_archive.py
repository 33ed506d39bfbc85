import gzip
import hashlib
import io
import json
import tarfile

import pytest

from harness.evidence.archive import FORMAT, ArchiveError, Part, read_archive, write_archive

FILES = {
    "evidence/a/b/C.0.json": b"one",
    "evidence/ledger/d.json": b"",
    "runs/r/out/trace.jsonl": b"x" * 1500,
}
ABOUT = {"contracts": ["a"], "evidence": "evidence", "harness": "1"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def parts(folder, files=FILES):
    found = []
    for number, (name, data) in enumerate(files.items()):
        path = folder / f"source-{number}"
        path.write_bytes(data)
        found.append(Part(name=name, sha256=sha256(data), size=len(data), path=path))
    return found


def written(tmp_path, files=FILES):
    file = tmp_path / "e.tgz"
    write_archive(file, ABOUT, parts(tmp_path, files))
    return file


def read(file, tmp_path, **options):
    into = tmp_path / "into"
    into.mkdir(exist_ok=True)
    return read_archive(file, into, **options)


def listed(files):
    return [{"name": n, "sha256": sha256(d), "bytes": len(d)} for n, d in files.items()]


def forged(tmp_path, files, manifest=None, members=None, tail=b""):
    """Writes an archive by the standard library, with whatever manifest and members the test wants."""
    told = {"format": FORMAT, **ABOUT, "parts": listed(files)} if manifest is None else manifest
    data = told if isinstance(told, bytes) else json.dumps(told).encode()
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        add(archive, "manifest.json", data)
        for member in members if members is not None else [(n, d, {}) for n, d in files.items()]:
            add(archive, member[0], member[1], **member[2])
    file = tmp_path / "forged.tgz"
    file.write_bytes(gzip.compress(raw.getvalue() + tail, mtime=0))
    return file


def add(archive, name, data, **changes):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in changes.items():
        setattr(info, key, value)
    archive.addfile(info, io.BytesIO(data) if info.isreg() else None)


def test_what_is_written_is_read_back_by_digest_and_under_no_name_of_its_own(tmp_path):
    archive = read(written(tmp_path), tmp_path)
    assert dict(archive.about) == ABOUT
    assert {name: part.path.read_bytes() for name, part in archive.parts.items()} == FILES
    assert sorted(path.name for path in (tmp_path / "into").iterdir()) == ["000000", "000001", "000002"]


def test_equal_parts_make_equal_bytes_whatever_their_order(tmp_path):
    one, two = tmp_path / "1.tgz", tmp_path / "2.tgz"
    write_archive(one, ABOUT, parts(tmp_path))
    write_archive(two, ABOUT, parts(tmp_path)[::-1])
    assert one.read_bytes() == two.read_bytes()


def test_any_tar_can_list_it_and_an_honest_forgery_is_accepted(tmp_path):
    with tarfile.open(written(tmp_path)) as archive:
        assert archive.getnames() == ["manifest.json", *sorted(FILES)]
        assert {member.mode for member in archive} == {0o644}
    assert read(forged(tmp_path, FILES), tmp_path).parts.keys() == FILES.keys()


@pytest.mark.parametrize(
    "name",
    ["../up", "a/../../up", "/etc/passwd", "a//b", "a/./b", "a/", "", "a\\b", "a\nb", "a\x00b", "C:\\x"],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    manifest = {"format": FORMAT, **ABOUT, "parts": [{"name": name, "sha256": sha256(b"x"), "bytes": 1}]}
    with pytest.raises(ArchiveError, match="no plain relative path"):
        read(forged(tmp_path, {}, manifest), tmp_path)


@pytest.mark.parametrize("names", [("a/x", "a/x"), ("a/x", "A/X")])
def test_names_that_occur_twice_are_refused(tmp_path, names):
    manifest = {"format": FORMAT, **ABOUT, "parts": [*listed({names[0]: b"1"}), *listed({names[1]: b"1"})]}
    members = [(name, b"1", {}) for name in names]
    with pytest.raises(ArchiveError, match="twice"):
        read(forged(tmp_path, {}, manifest, members), tmp_path)


def test_a_name_that_is_file_and_folder_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="both a file and a folder"):
        read(forged(tmp_path, {"a/b": b"1", "a/b/c": b"2"}), tmp_path)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_what_is_no_regular_file_is_refused(tmp_path, kind):
    members = [("a/x", b"", {"type": kind, "linkname": "/etc/passwd" if kind in b"12" else ""})]
    with pytest.raises(ArchiveError, match="no regular file"):
        read(forged(tmp_path, {"a/x": b""}, None, members), tmp_path)


def test_an_extended_header_is_refused_before_it_is_read(tmp_path):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("manifest.json")
        info.pax_headers = {"comment": "x" * 2000}
        archive.addfile(info)
    file = tmp_path / "pax.tgz"
    file.write_bytes(gzip.compress(raw.getvalue()))
    with pytest.raises(ArchiveError, match="no regular file"):
        read(file, tmp_path)


def test_other_bytes_sizes_and_orders_than_declared_are_refused(tmp_path):
    right = {"a/x": b"1", "a/y": b"2"}
    for members, said in (
        ([("a/x", b"9", {}), ("a/y", b"2", {})], "other bytes"),
        ([("a/x", b"11", {}), ("a/y", b"2", {})], "not where the manifest says"),
        ([("a/y", b"2", {}), ("a/x", b"1", {})], "not where the manifest says"),
        ([("a/x", b"1", {})], "damaged header|not where"),
        ([("a/x", b"1", {}), ("a/y", b"2", {}), ("a/z", b"3", {})], "does not end"),
    ):
        for left in (tmp_path / "into").glob("*"):
            left.unlink()
        with pytest.raises(ArchiveError, match=said):
            read(forged(tmp_path, right, None, members), tmp_path)


def test_bytes_after_the_end_are_refused(tmp_path):
    for tail in (b"more", bytes(1 << 20)):
        with pytest.raises(ArchiveError, match="does not end"):
            read(forged(tmp_path, {}, tail=tail), tmp_path)


def test_a_bomb_is_refused_by_its_manifest_alone(tmp_path):
    declared = [{"name": "a/x", "sha256": sha256(b""), "bytes": 1 << 40}]
    for size, said in ((1 << 40, "more than the"), (1 << 30, "a bomb")):
        declared[0]["bytes"] = size
        file = forged(tmp_path, {}, {"format": FORMAT, **ABOUT, "parts": declared})
        with pytest.raises(ArchiveError, match=said):
            read(file, tmp_path)
    assert not list((tmp_path / "into").iterdir())


def test_a_limit_can_be_set(tmp_path):
    with pytest.raises(ArchiveError, match="more than the 100"):
        read(written(tmp_path), tmp_path, limit=100)


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 100_000,
        {"format": "other/1", "parts": []},
        {"format": FORMAT},
        {"format": FORMAT, "parts": {}},
        {"format": FORMAT, "parts": [3]},
        {"format": FORMAT, "parts": [{"name": "a", "sha256": "0"}]},
        {"format": FORMAT, "parts": [{"name": "a", "sha256": "0", "bytes": -1}]},
        {"format": FORMAT, "parts": [{"name": "a", "sha256": "0", "bytes": True}]},
        {"format": FORMAT, "parts": [{"name": "a", "sha256": "0", "bytes": 1, "more": 1}]},
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path, manifest):
    with pytest.raises(ArchiveError, match="manifest"):
        read(forged(tmp_path, {}, manifest), tmp_path)


def test_files_that_are_no_archive_are_refused(tmp_path):
    whole = written(tmp_path).read_bytes()
    for data in (
        b"",
        b"PK\x03\x04",
        whole[:40],
        whole[: len(whole) // 2],
        whole[:-9],
        gzip.compress(b"x" * 600),
    ):
        file = tmp_path / "odd.tgz"
        file.write_bytes(data)
        with pytest.raises(ArchiveError):
            read(file, tmp_path)
    with pytest.raises(ArchiveError, match="cannot be read"):
        read(tmp_path / "absent.tgz", tmp_path)


def test_a_file_that_changes_while_it_is_packed_is_noticed(tmp_path):
    (part, *_) = parts(tmp_path)
    part.path.write_bytes(b"two")
    with pytest.raises(ArchiveError, match="changed while"):
        write_archive(tmp_path / "e.tgz", ABOUT, [part])


def test_a_name_that_the_format_cannot_hold_is_refused_when_packing(tmp_path):
    with pytest.raises(ArchiveError, match="runs/"):
        write_archive(tmp_path / "e.tgz", ABOUT, parts(tmp_path, {"runs/" + "x" * 300: b""}))


def test_a_source_that_shrinks_and_a_first_entry_that_is_no_manifest(tmp_path):
    (part, *_) = parts(tmp_path)
    part.path.write_bytes(b"o")
    with pytest.raises(ArchiveError, match="too early"):
        write_archive(tmp_path / "e.tgz", ABOUT, [part])
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        add(archive, "other.json", b"{}")
    file = tmp_path / "first.tgz"
    file.write_bytes(gzip.compress(raw.getvalue()))
    with pytest.raises(ArchiveError, match="does not begin"):
        read(file, tmp_path)
