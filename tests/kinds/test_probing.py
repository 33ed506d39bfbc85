"""What spoils a probe, what an answer is owed to, and what a byte costs: with a model that is a function."""

import json
import math

import pytest

from harness.kinds._probing import Answer, How, Prompt, asked, bits, cut, leaked, owed, prompts_of, unsound
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.systems.hexad import SYSTEM

LONG = "Please speak, in your own words and at your own time, about {}: what is it that you feel right now?"


class Parrot:
    """A live session whose model says the last byte again and again."""

    def __init__(self):
        self.heard = []

    def continued(self, prompts, decoding):
        self.heard.append((tuple(prompts), decoding))
        return tuple(prompt[-1:] * decoding.new for prompt in prompts)

    def nats(self, windows):
        return tuple(math.log(4) * (len(window) - 1) for window in windows)


def how(mode="greedy", new=6):
    return How(mode=mode, new=new, window=16, temperature=0.7, penalty=1.5, seed=3)


def frame(*rows):
    columns = {name: tuple(row[name] for row in rows) for name in rows[0]} if rows else {}
    return Frame(
        source="p.jsonl", label="", columns=columns, places=tuple(f"p.jsonl:{i}" for i in range(len(rows)))
    )


def prompt(seen, keyword):
    return Prompt(where="p.jsonl:1", seen=seen, keyword=keyword)


def test_a_hundred_new_bytes_in_a_block_of_128_make_ten_prompts_one():
    rows = [{"prompt": LONG.format(name), "keyword": "calm"} for name in "abcdefghij"]
    cropped = prompts_of([frame(*rows)], 128 - 100)
    assert {len(each.seen) for each in cropped} == {28}
    found = list(unsound(cropped))
    assert len(found) == 9
    assert "its last 28 bytes are those of p.jsonl:0" in found[0].found
    assert list(unsound(prompts_of([frame(*rows)], 128))) == []


def test_a_keyword_in_its_prompt_spoils_it():
    (found,) = unsound([prompt(b"say calm", b"calm")])
    assert "in the prompt" in found.found


@pytest.mark.parametrize("mode", ["greedy", "sample", "penalty", "include"])
def test_what_the_model_says_counts_in_every_mode(mode):
    session = Parrot()
    (answer,) = asked(session, [prompt(b"abc", b"cc")], how(mode))
    assert answer.passed
    assert sum(decoding.new for _, decoding in session.heard) == 6
    assert session.heard[0][1].temperature == (0.7 if mode == "sample" else 0)
    assert session.heard[0][1].penalty == (1.5 if mode == "penalty" else 1)


def test_an_inserted_keyword_is_no_answer():
    (answer,) = asked(Parrot(), [prompt(b"abc", b"xyz")], how("include"))
    assert answer.own == (b"ccc", b"zzz")
    assert not answer.passed
    assert [each.where for each in owed([answer])] == ["p.jsonl:1"]


def test_a_keyword_across_the_seam_of_the_insertion_is_not_the_models():
    answer = Answer(prompt=prompt(b"a", b"cxy"), own=(b"ccc", b"yyy"), inserted=b"cxy")
    assert not answer.passed


def test_windows_lie_evenly_and_apart():
    text = bytes(range(100))
    windows = cut(text, 10, 3)
    assert [at for at, _ in windows] == [0, 30, 60]
    assert all(text[at : at + 10] == window for at, window in windows)
    assert len(cut(text, 10, 50)) == 10
    with pytest.raises(InputError, match="100 bytes, one window 101"):
        cut(text, 101, 1)


def test_a_leak_is_named_with_both_places():
    text = bytes(range(60))
    (found,) = leaked(cut(text, 20, 3), "held_out", b"x" * 7 + text[20:40])
    assert (found.where, found.found) == (
        "held_out, bytes 20 to 40",
        "the same bytes at 7 of the training text",
    )


def test_prefixes_of_the_real_corpus_leak_and_its_held_out_part_does_not():
    texts = SYSTEM.live({"d_model": 16, "n_head": 2, "n_kv_head": 1, "n_layer": 1}, None, 0).texts()
    counts = {name: len(list(leaked(cut(texts[name], 128, 64), name, texts["train"]))) for name in texts}
    assert counts == {"train": 64, "prefixes": 64, "held_out": 0}


def test_bits_are_those_of_all_bytes_but_the_first_of_each_window():
    assert bits(Parrot(), cut(bytes(64), 16, 4)) == pytest.approx(2)


@pytest.mark.parametrize(
    "rows", [[{"prompt": "a"}], [{"prompt": "", "keyword": "b"}], [{"prompt": "a", "keyword": None}]]
)
def test_a_row_that_is_no_probe_is_an_error(rows):
    with pytest.raises(InputError):
        prompts_of([frame(*rows)], 28)


def test_the_probes_of_the_contract_are_sound(request):
    path = request.config.rootpath / "data/hexad/probes.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(rows) == 6
    assert list(unsound(prompts_of([frame(*rows)], 28))) == []
