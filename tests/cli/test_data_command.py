"""``harness data``, as a user types it."""

from harness.corpora.catalogue import CORPORA, place


def test_corpora_are_listed_with_sizes_and_digests_before_anything_is_built(bench):
    said = bench("data")
    assert said.code == 0
    for name in CORPORA:
        assert f"not built: harness data build {name}" in said.out
    assert "BSD-3-Clause" in said.out
    rows = bench("data", "list", "--format", "json").json
    assert [row["corpus"] for row in rows] == list(CORPORA)
    assert not any(row["built"] for row in rows)
    assert all(row["licence"] and row["sources"] and len(row["files"]) == 3 for row in rows)
    assert not (bench.root / ".harness" / "data").exists()


def test_one_is_built_verified_and_found_changed(bench):
    assert bench("data", "verify").code == 5
    assert bench("data", "verify", "code-1x").code == 1
    assert "built in .harness/data/code-1x" in bench("data", "build", "code-1x").out
    assert bench("data", "verify").code == 0
    path = place(bench.root, "code-1x") / "held_out.jsonl"
    path.write_bytes(path.read_bytes().replace(b"return", b"retrun", 1))
    said = bench("data", "verify")
    assert said.code == 1
    assert "code-1x/held_out.jsonl is not what it was built as" in said.out
    (row,) = bench("data", "verify", "code-1x", "--format", "json").json
    assert row["built"]
    assert len(row["faults"]) == 1
    assert bench("data", "build", "code-1x").code == 0
    assert bench("data", "verify").code == 0


def test_what_cannot_be_built_says_so_and_the_others_are(bench, monkeypatch):
    from harness.corpora import documents

    monkeypatch.setattr(documents, "LEAK_EVERY", 9)
    said = bench("data", "build", "code-leak", "code-1x")
    assert said.code == 3
    assert "code-leak/train.jsonl was built to other bytes" in said.err
    assert "built in .harness/data/code-1x" in said.out
    assert "not built: harness data build code-leak" in said.out


def test_an_unknown_corpus_is_a_wrong_usage(bench):
    said = bench("data", "build", "code1x")
    assert said.code == 4
    assert "did you mean 'code-1x'?" in said.err
