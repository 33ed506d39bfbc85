import gzip
import json

import numpy as np
import pytest
from judging import judge, obligation

from harness.artifacts import text_files, texts
from harness.kinds._overlap_examples import lines, prose
from harness.model.outcome import Basis, Outcome, Reason
from harness.model.problem import InvalidContract

TRAIN = [prose(seed) for seed in range(30)]
HELD = [prose(seed) for seed in range(100, 110)]
HELD_IDS = [[50_000 + n * 50 + k for k in range(40)] for n in range(5)]


def ask(tmp_path, files, fields="", train="file: train.jsonl", held="file: held.jsonl", **inputs):
    body = obligation(f"overlap: held_out{fields}", train=train, held_out=held, **inputs)
    return judge(tmp_path, body, files)


def test_the_worst_pairs_are_named_and_nothing_is_quoted(tmp_path):
    secret = HELD[3]
    files = {
        "train.jsonl": lines([*TRAIN[:6], f"{TRAIN[6]} {secret[:90]}", secret]),
        "held.jsonl": lines(HELD),
    }
    verdict = ask(tmp_path, files)
    assert (verdict.outcome, verdict.basis) == (Outcome.FALSIFIED, Basis.CHECKED)
    (witness,) = verdict.witnesses
    assert (witness.where, witness.found) == ("held.jsonl:4", "the whole document in train.jsonl:8")
    assert str(verdict.denominator) == "10 of 10 held-out documents"
    assert secret[:20] not in repr(verdict)


def test_a_shared_run_is_found_from_its_length_on_and_not_before(tmp_path):
    for length, outcome in ((49, Outcome.DISCHARGED), (50, Outcome.FALSIFIED)):
        run = HELD[0][37 : 37 + length]
        files = {"train.jsonl": lines([f"<{run}>"]), "held.jsonl": lines(HELD)}
        assert ask(tmp_path, files).outcome is outcome, length


def test_training_data_streams_past_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "CHUNK", 700)
    monkeypatch.setattr(text_files, "CHUNK", 700)
    train = "".join(f"{text}\n" for text in TRAIN)
    middle = HELD[5][20:75]
    at = 700 * 9 - 20  # the run lies across the edge of two pieces
    files = {"train.txt": (train[:at] + middle + train[at:]).encode(), "held.jsonl": lines(HELD)}
    verdict = ask(tmp_path, files, ", documents: files", train="file: train.txt")
    assert verdict.outcome is Outcome.FALSIFIED
    assert verdict.witnesses[0].where == "held.jsonl:6"


def test_held_out_data_that_does_not_fit_is_looked_for_in_turns(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.kinds._overlap.LARGEST", 1000)
    monkeypatch.setattr(texts, "CHUNK", 700)
    monkeypatch.setattr(text_files, "CHUNK", 700)
    files = {"train.jsonl": lines([*TRAIN, HELD[0], HELD[9]]), "held.jsonl": lines(HELD)}
    verdict = ask(tmp_path, files)
    assert {witness.where for witness in verdict.witnesses} == {"held.jsonl:1", "held.jsonl:10"}
    assert "2 of 10 held-out documents" in verdict.detail


def test_raw_tokens_are_compared_by_windows(tmp_path):
    source = np.random.default_rng(3)
    train, held = (source.integers(0, 50_000, size).astype("<u2") for size in (40_000, 5_000))
    clean = {"train.bin": train.tobytes(), "held.bin": held.tobytes()}
    asked = {"fields": ", tokens: uint16", "train": "file: train.bin", "held": "file: held.bin"}
    assert ask(tmp_path, clean, **asked).outcome is Outcome.DISCHARGED
    train[1020:1033] = held[2050:2063]  # across the end of a part
    verdict = ask(tmp_path, {**clean, "train.bin": train.tobytes()}, **asked)
    assert verdict.outcome is Outcome.FALSIFIED
    assert verdict.witnesses[0].where == "held.bin:2048"
    torn = ask(tmp_path, {**clean, "train.bin": b"abc"}, **asked)
    assert (torn.outcome, torn.reason) == (Outcome.ERROR, Reason.MALFORMED_INPUT)


def test_paragraphs_and_folders_are_documents(tmp_path):
    files = {
        "train/a.txt": TRAIN[0].encode(),
        "train/b.txt": (TRAIN[1] + " " + HELD[1]).encode(),
        "held.txt": "\n\n".join(HELD).encode(),
    }
    verdict = ask(tmp_path, files, train="file: train", held="file: held.txt")
    assert [(w.where, w.found.split(" in ")[1]) for w in verdict.witnesses] == [("held.txt:3", "train/b.txt")]


def test_common_phrases_are_allowed_for_by_data_that_was_not_trained_on(tmp_path):
    head = "Permission is hereby granted, free of charge, to any person obtaining a copy of it. "
    held, fresh = ([head + prose(start + n) for n in range(60)] for start in (300, 500))
    files = {
        "train.jsonl": lines([head + text for text in TRAIN]),
        "held.jsonl": lines(held),
        "fresh.jsonl": lines(fresh),
    }
    assert ask(tmp_path, files).outcome is Outcome.FALSIFIED
    asked = {"fields": ", reference: fresh, at_most: 0.1, confidence: 0.95", "fresh": "file: fresh.jsonl"}
    verdict = ask(tmp_path, files, **asked)
    assert verdict.outcome is Outcome.DISCHARGED
    assert "60 of 60 of the reference" in verdict.detail


def test_every_served_index_is_held_against_the_manifest_by_seed(tmp_path):
    rows = [{"index": index} for index in (4, 2, 7, 2)]
    log = "".join(json.dumps(row) + "\n" for row in rows).encode()
    files = {"served.jsonl": log, "kept.jsonl": b'{"index": 7}\n{"index": 8}\n'}
    asked = {"train": "file: served.jsonl", "held": "file: kept.jsonl"}
    verdict = ask(tmp_path, files, ", by: served", **asked)
    assert [(w.where, w.found) for w in verdict.witnesses] == [("served.jsonl:3", "served 7")]
    assert "3 different, one at most 2 times" in verdict.detail
    missing = ask(tmp_path, files, ", by: served, index: item", **asked)
    assert (missing.outcome, missing.reason) == (Outcome.ERROR, Reason.MISSING_COLUMN)


def test_a_training_side_that_holds_nothing_is_no_search(tmp_path):
    empty = {"train.jsonl": lines([""] * 5), "held.jsonl": lines(HELD)}
    verdict = ask(tmp_path, empty)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.TOO_FEW)
    few = ask(tmp_path, empty | {"train.jsonl": lines(["x" * 20, "y" * 49])})
    assert (few.outcome, few.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert "every training document is shorter than a window" in few.detail


@pytest.mark.parametrize("by", ["window", "document", "near"])
def test_empty_documents_on_both_sides_are_left_out(tmp_path, by):
    files = {"train.jsonl": lines([*TRAIN, "", " \r\n"]), "held.jsonl": lines([*HELD, "", " \r\n"])}
    verdict = ask(tmp_path, files, f", by: {by}")
    assert verdict.outcome is Outcome.DISCHARGED
    assert str(verdict.denominator) == "10 of 12 held-out documents (2 excluded)"
    assert "2 empty ones left out" in verdict.detail


@pytest.mark.parametrize("by", ["window", "document", "near"])
def test_a_short_document_on_both_sides_is_no_finding_and_not_clean(tmp_path, by):
    files = {"train.jsonl": lines([*TRAIN, "All is well."]), "held.jsonl": lines([*HELD, "All is well."])}
    verdict = ask(tmp_path, files, f", by: {by}")
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert str(verdict.denominator) == "10 of 11 held-out documents (1 unjudged)"
    assert ask(tmp_path, files, f", by: {by}, at_most: 0.1").outcome is Outcome.DISCHARGED
    found = files | {"train.jsonl": lines([*TRAIN, "All is well.", HELD[2]])}
    assert ask(tmp_path, found, f", by: {by}").outcome is Outcome.FALSIFIED


def test_short_documents_are_looked_for_as_runs_of_their_own_length(tmp_path):
    """Those cut from training documents leave a doubt; those that stand nowhere are clean."""
    cut = {"train.jsonl": lines(TRAIN), "held.jsonl": lines([*(text[30:78] for text in TRAIN), HELD[0]])}
    verdict = ask(tmp_path, cut)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert str(verdict.denominator) == "1 of 31 held-out documents (30 unjudged)"
    for length in (5, 9, 17, 33, 48):
        short = lines([*("#" + text[:length] for text in HELD), HELD[0]])
        own = ask(tmp_path, cut | {"held.jsonl": short})
        assert own.outcome is Outcome.DISCHARGED, length
        assert "10 shorter than a window: 10 do not stand in it" in own.detail
    ids = [[n * 7 + k for k in range(40)] for n in range(0, 400, 40)]
    tokens = {"train.jsonl": lines(ids, "tokens"), "held.jsonl": lines([ids[3][5:16], *HELD_IDS], "tokens")}
    assert ask(tmp_path, tokens).reason is Reason.UNJUDGED
    tokens["held.jsonl"] = lines([[*ids[3][5:16], 9], *HELD_IDS], "tokens")
    assert ask(tmp_path, tokens).outcome is Outcome.DISCHARGED


@pytest.mark.parametrize("short", ["x", "qzv qzv qzv"])
@pytest.mark.parametrize("by", ["window", "document"])
def test_short_documents_do_not_dilute_a_leak(tmp_path, by, short):
    files = {"train.jsonl": lines(TRAIN), "held.jsonl": lines([*TRAIN[:3], *HELD, *[short] * 600])}
    verdict = ask(tmp_path, files, f", by: {by}, at_most: 0.01")
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert "3 of 613" in verdict.detail
    assert ask(tmp_path, files, f", by: {by}, at_most: 0.001").outcome is Outcome.FALSIFIED


def test_with_a_reference_short_documents_count_on_both_sides(tmp_path):
    few = ["All is well.", "No more of it."] * 20
    held, fresh = ([prose(start + n) for n in range(80)] for start in (300, 500))
    files = {
        "train.jsonl": lines([*TRAIN, *few]),
        "held.jsonl": lines([*held, *few]),
        "fresh.jsonl": lines([*fresh, *few]),
    }
    asked = {"fields": ", reference: fresh, at_most: 0.2", "fresh": "file: fresh.jsonl"}
    verdict = ask(tmp_path, files, **asked)
    assert verdict.outcome is Outcome.DISCHARGED
    assert "40 of 120 of the reference" in verdict.detail
    files["fresh.jsonl"] = lines([*fresh, *["#"] * 40])
    assert ask(tmp_path, files, **asked).outcome is Outcome.INCONCLUSIVE


def test_text_is_folded_where_asked_and_the_verdict_says_which(tmp_path):
    changes = {
        "capitals": str.upper,
        "doubled spaces": lambda text: text.replace(" ", "  "),
        "tabs and newlines": lambda text: text.replace(" ", "\t\n"),
        "wide letters": lambda text: "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in text),
    }
    for name, change in changes.items():
        files = {"train.jsonl": lines(TRAIN), "held.jsonl": lines([*HELD, change(TRAIN[4])])}
        for by in ("window", "document", "near"):
            plain = ask(tmp_path, files, f", by: {by}")
            assert "byte for byte" in plain.detail, (name, by)
            verdict = ask(tmp_path, files, f", by: {by}, fold: true")
            assert verdict.outcome is Outcome.FALSIFIED, (name, by)
            assert [w.where for w in verdict.witnesses] == ["held.jsonl:11"], (name, by)
            assert "folded by NFKC, case and white space" in verdict.detail
        own = ask(tmp_path, files | {"held.jsonl": lines([change(text) for text in HELD])}, ", fold: true")
        assert own.outcome is Outcome.DISCHARGED, name


def test_crlf_is_lf(tmp_path, monkeypatch):
    """On either side, also where a piece of a long file ends between the two."""
    code = "".join(f"x{n} = {n * n}\n" for n in range(300))
    for size in (8 * 2**20, 333):
        monkeypatch.setattr(text_files, "CHUNK", size)
        for train, held in ((code, code.replace("\n", "\r\n")), (code.replace("\n", "\r\n"), code)):
            files = {"train.txt": train.encode(), "held.txt": held.encode()}
            sides = {"train": "file: train.txt", "held": "file: held.txt"}
            verdict = ask(tmp_path, files, ", documents: files, containment: 1", **sides)
            assert verdict.outcome is Outcome.FALSIFIED, size


def test_packed_data_is_looked_through(tmp_path):
    files = {"train.jsonl.gz": gzip.compress(lines([*TRAIN, HELD[3]])), "held.jsonl": lines(HELD)}
    verdict = ask(tmp_path, files, train="file: train.jsonl.gz")
    assert [w.where for w in verdict.witnesses] == ["held.jsonl:4"]


def served(tmp_path, log, held, fields=""):
    files = {
        f"{name}.jsonl": b"".join(json.dumps({"index": one}).encode() + b"\n" for one in ids)
        for name, ids in (("log", log), ("kept", held))
    }
    sides = {"train": "file: log.jsonl", "held": "file: kept.jsonl"}
    return ask(tmp_path, files, f", by: served{fields}", **sides)


@pytest.mark.parametrize(
    ("log", "held"),
    [
        (["000900", "000901"], [900, 950]),
        (["/data/val/3.txt"], ["val/3.txt"]),
        (["3.txt"], ["val/3.txt"]),
        ([r"C:\data\Val\3.txt"], ["val/3.txt"]),
        (["./val/03.txt"], ["val/3.txt"]),
        (["DOC-3"], ["doc-3"]),
        (["doc-3", "doc-4"], [900, 950]),
        ([3, 4], ["doc-900"]),
        (["s3://bucket/train/7.txt"], ["val/3.txt"]),
    ],
)
def test_ids_that_two_lists_write_in_other_ways_are_not_compared(tmp_path, log, held):
    verdict = served(tmp_path, log, held)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert "write ids in other ways" in verdict.detail


@pytest.mark.parametrize(
    ("log", "held"),
    [
        (["000003", "000004"], [900, 950]),
        (["train/3.txt"], ["val/3.txt"]),
        (["train-3"], ["val-3"]),
        ([3.0, 4], [900, "950"]),
    ],
)
def test_ids_of_one_form_that_differ_are_compared(tmp_path, log, held):
    verdict = served(tmp_path, log, held)
    assert verdict.outcome is Outcome.DISCHARGED
    assert "whether the log is whole is not known" in verdict.detail


def test_a_log_that_is_cut_short_is_no_audit_of_the_run(tmp_path):
    whole = served(tmp_path, [1, 2, 3], [7], ", rows: 3")
    assert whole.outcome is Outcome.DISCHARGED
    assert "not known" not in whole.detail
    cut = served(tmp_path, [1], [7], ", rows: 3")
    assert (cut.outcome, cut.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert str(cut.denominator) == "1 of 3 served items"
    assert served(tmp_path, [1, 7], [7], ", rows: 3").outcome is Outcome.FALSIFIED


@pytest.mark.parametrize(
    "fields",
    [
        ", rows: 3",
        ", by: served, rows: 0",
        ", by: served, fold: true",
        ", tokens: uint16, fold: true",
        ", at_most: 2",
        ", window: 2",
        ", train: held_out",
        ", wraps: 2",
        ", by: served, wraps: 2",
        ", tokens: uint16, by: near",
        ", confidence: 0.2",
        ", length: 0",
    ],
)
def test_a_claim_that_cannot_be_is_refused(tmp_path, fields):
    with pytest.raises(InvalidContract):
        ask(tmp_path, {}, fields)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"body": "x"}\n', "no text under text or content"),
        (b'{"text": 3}\n', "no text under"),
        (b'{"text": [1, -2]}\n', "whole numbers from 0"),
        (b"{\n", "not JSON"),
        (b'{"tokens": [1, 2, 3]}\n', "text on one side and tokens on the other"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_place(tmp_path, line, said):
    verdict = ask(tmp_path, {"train.jsonl": line, "held.jsonl": lines(HELD)})
    assert verdict.outcome is Outcome.ERROR
    assert said in verdict.detail
    assert "train.jsonl" in verdict.detail
