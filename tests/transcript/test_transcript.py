"""A transcript holds what a step depends on, and its index shows when a line of it was touched."""

import hashlib
import json
import random
import subprocess
import sys

import pytest
import torch

from harness.model.problem import InputError
from harness.transcript import Recorder, sample
from harness.transcript.chain import read_index, written
from harness.transcript.draw import drawn, needed
from harness.transcript.state import State, capture, digest_of, read, restore, save

STEPS, KEEP = 12, 4


def parts():
    torch.manual_seed(3)
    model = torch.nn.Linear(4, 4)
    return model, torch.optim.AdamW(model.parameters(), lr=0.1), torch.Generator().manual_seed(5)


def step_of(model, optimizer, generator):
    batch = torch.randn(8, 4, generator=generator)
    loss = torch.nn.functional.dropout(model(batch)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), batch


def recorded(folder, stop=STEPS, **options):
    model, optimizer, generator = parts()
    told = {"nonce": "n", "steps": STEPS, "keep": KEEP, **options}
    recorder = Recorder(folder, model=model, optimizer=optimizer, also={"order": generator}, **told)
    with recorder:
        for _ in range(stop):
            recorder.step(*step_of(model, optimizer, generator))
    return read_index((folder / "index.jsonl").read_bytes(), "index")


def test_the_draw_is_a_sample_that_anybody_can_repeat():
    found = drawn("n", 100, 7)
    ranked = sorted(range(100), key=lambda step: hashlib.sha256(f"n:{step}".encode()).hexdigest())
    assert found == tuple(sorted(ranked[:7]))
    assert found != drawn("m", 100, 7)
    assert drawn("n", 5, 9) == (0, 1, 2, 3, 4)
    assert max(first + 3 for first in drawn("n", 9, 9, span=3)) == 9


@pytest.mark.parametrize(
    ("share", "power", "count"), [(0.05, 0.95, 59), (0.1, 0.95, 29), (0.01, 0.95, 299), (0.5, 0.5, 1)]
)
def test_how_many_drawn_steps_meet_a_share_of_tampered_ones(share, power, count):
    assert needed(share, power) == count
    assert 1 - (1 - share) ** count >= power - 1e-9
    assert 1 - (1 - share) ** (count - 1) < power


def test_an_honest_transcript_has_no_break_and_only_the_drawn_states(tmp_path):
    found = recorded(tmp_path)
    assert found.breaks == ()
    assert [row.step for row in found.rows] == list(range(STEPS))
    assert tuple(kept.first for kept in found.kept) == found.drawn
    files = {name for kept in found.kept for name in kept.files}
    assert {path.name for path in tmp_path.iterdir()} == {"index.jsonl", *files}
    assert found.final is not None
    for kept in found.kept:
        digests = [hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in kept.files]
        assert digests == [kept.before, kept.after]


def test_spans_keep_the_state_after_their_last_step(tmp_path):
    found = recorded(tmp_path, span=3)
    assert found.breaks == ()
    assert all(kept.last == kept.first + 2 for kept in found.kept)


def lines_of(folder):
    return (folder / "index.jsonl").read_bytes().splitlines(keepends=True)


def rechained(lines):
    """Writes edited lines as an author would who has the recorder at hand."""
    previous, found = "0" * 64, []
    for line in lines:
        entry = {name: value for name, value in json.loads(line).items() if name != "previous"}
        line, previous = written(entry, previous)
        found.append(line)
    return found


@pytest.mark.parametrize(
    ("edit", "step"),
    [
        (lambda lines: [*lines[:5], lines[5].replace(b'"loss":', b'"loss":1'), *lines[6:]], 5),
        (lambda lines: [*lines[:5], *lines[6:]], 5),
        (lambda lines: [*lines[:6], lines[5], *lines[6:]], 4),
        (lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]], 5),
        (lambda lines: rechained([*lines[:5], *lines[6:]]), 5),
        (lambda lines: rechained([*lines[:6], lines[5], *lines[6:]]), 4),
        (lambda lines: rechained([*lines[:-3], lines[-1]]), STEPS - 2),
        (lambda lines: rechained([lines[0].replace(b'"steps":12', b'"steps":11'), *lines[1:]]), STEPS - 1),
        (lambda lines: rechained([lines[0].replace(b'"nonce":"n"', b'"nonce":"m"'), *lines[1:]]), None),
    ],
    ids=["edited", "missing", "repeated", "swapped", "missing, chained anew", "repeated, chained anew",
         "ends early", "one too many", "another nonce"],
)  # fmt: skip
def test_a_touched_index_names_the_step(tmp_path, edit, step):
    recorded(tmp_path)
    found = read_index(b"".join(edit(lines_of(tmp_path))), "index")
    assert found.breaks
    assert step is None or step in {one.step for one in found.breaks}
    assert all(one.found and one.expected for one in found.breaks)


def test_a_state_that_is_kept_twice_is_a_break_with_its_line(tmp_path):
    recorded(tmp_path)
    lines = lines_of(tmp_path)
    at = next(place for place, line in enumerate(lines) if b'"kept"' in line)
    kept = json.loads(lines[at])["kept"]
    more = [json.dumps({"kept": kept}).encode()] * 3
    found = read_index(b"".join(rechained([*lines[: at + 1], *more, *lines[at + 1 :]])), "index")
    assert [(one.line, one.step) for one in found.breaks] == [(at + n, kept["first"]) for n in (2, 3, 4)]
    assert all("kept again" in one.found for one in found.breaks)
    moved = [json.loads(line) for line in lines]
    moved[at + 1]["kept"] = moved[at].pop("kept")  # the states of a step on the line of the next one
    (found,) = read_index(b"".join(rechained([json.dumps(line) for line in moved])), "index").breaks
    assert (found.line, found.expected) == (at + 2, f"the line of step {kept['last']}")


@pytest.mark.parametrize("data", [b"", b"{", b"[]\n", b"{}\n", b'{"transcript":2}\n', b'{"transcript":1}\n'])
def test_what_is_no_index_is_an_input_error(data):
    with pytest.raises(InputError):
        read_index(data, "index")


def test_an_interrupted_training_goes_on_with_its_transcript_to_the_same_bytes(tmp_path):
    recorded(tmp_path / "whole", span=2)
    for place in range(1, STEPS):
        folder = tmp_path / str(place)
        model, optimizer, generator = parts()
        options = {"nonce": "n", "steps": STEPS, "keep": KEEP, "span": 2, "model": model}
        options |= {"optimizer": optimizer, "also": {"order": generator}}
        first = Recorder(folder, **options)
        for _ in range(place):
            first.step(*step_of(model, optimizer, generator))
        first.flush()
        state = capture(model, optimizer, {"order": generator})
        first.step(*step_of(model, optimizer, generator))  # what was done after the checkpoint is lost
        restore(state, model, optimizer, {"order": generator})
        with Recorder(folder, **options, start=place) as again:
            for _ in range(place, STEPS):
                again.step(*step_of(model, optimizer, generator))
        for path in (tmp_path / "whole").iterdir():
            assert (folder / path.name).read_bytes() == path.read_bytes(), (place, path.name)


def test_a_transcript_of_another_training_is_not_gone_on_with(tmp_path):
    recorded(tmp_path)
    model, optimizer, _ = parts()
    told = {"steps": STEPS, "keep": KEEP, "model": model, "optimizer": optimizer}
    with pytest.raises(InputError, match="begin anew"):
        Recorder(tmp_path, nonce="m", start=3, **told)
    with pytest.raises(InputError, match="begin anew"):
        Recorder(tmp_path / "empty", nonce="n", start=3, **told)


@pytest.mark.parametrize("wrong", [{"nonce": ""}, {"steps": 0}, {"keep": 0}, {"span": STEPS + 1}])
def test_a_recorder_that_would_keep_nothing_is_refused(tmp_path, wrong):
    with pytest.raises(InputError, match="a transcript needs"):
        recorded(tmp_path, **wrong)


def test_an_exception_leaves_a_transcript_without_its_end(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        Recorder(tmp_path, nonce="n", steps=3, model=parts()[0], optimizer=parts()[1]),
    ):
        1 / 0  # noqa: B018 - it is the exception that is wanted
    assert read_index((tmp_path / "index.jsonl").read_bytes(), "index").final is None


def test_a_state_comes_back_whole_and_is_not_shared(tmp_path):
    model, optimizer, generator = parts()
    model.register_buffer("narrow", torch.arange(3, dtype=torch.bfloat16))
    step_of(model, optimizer, generator)
    also = {"order": generator}
    before = capture(model, optimizer, also)
    save(before, tmp_path / "s", rows=[1])
    again, told = read((tmp_path / "s").read_bytes(), "s")
    assert told == {"rows": [1]}
    one = [step_of(model, optimizer, generator)[0], random.random(), torch.rand(1).item()]
    for _ in range(2):  # the second time shows whether the first one's step wrote into the state
        restore(again, model, optimizer, also)
        assert [step_of(model, optimizer, generator)[0], random.random(), torch.rand(1).item()] == one


def test_a_state_of_other_parts_is_refused(tmp_path):
    model, optimizer, generator = parts()
    state = capture(model, optimizer, {"order": generator})
    with pytest.raises(InputError, match="further parts order"):
        restore(state, model, optimizer, {})
    with pytest.raises(InputError, match="does not fit"):
        restore(state, torch.nn.Linear(3, 4), optimizer, {"order": generator})
    with pytest.raises(InputError, match="no recorded state"):
        read(b"nothing", "x")
    assert isinstance(state, State)


def test_what_cannot_be_written_down_is_named():
    class Odd:
        def state_dict(self):
            return {"inner": object()}

    model, optimizer, _ = parts()
    with pytest.raises(InputError, match=r"also\.odd\.inner is a object"):
        capture(model, optimizer, {"odd": Odd()})


def test_random_numbers_drawn_outside_a_step_are_told(tmp_path):
    model, optimizer, generator = parts()
    recorder = Recorder(tmp_path, nonce="n", steps=2, keep=2, model=model, optimizer=optimizer)
    torch.rand(5)
    recorder.ready()
    wanted = torch.get_rng_state()
    recorder.step(*step_of(model, optimizer, generator))
    state, _ = read((tmp_path / "00000000.before.safetensors").read_bytes(), "s")
    assert torch.equal(state.tensors["random.torch"], wanted)


def test_a_digest_tells_values_dtypes_and_shapes():
    values = [torch.zeros(2), torch.zeros(2).double(), torch.zeros(1, 2), torch.ones(2), b"\0\0", "00", 0,
              [0, 0], [[0], 0], {"a": 0}, {"b": 0}, torch.zeros(0)]  # fmt: skip
    assert len({digest_of(value) for value in values}) == len(values)
    assert digest_of(torch.arange(6).view(2, 3).t()) == digest_of(torch.arange(6).view(2, 3).t().contiguous())


def test_the_sample_runs_as_it_stands(tmp_path):
    command = [sys.executable, "-m", sample.__name__, str(tmp_path / "t"), "once"]
    subprocess.run(command, check=True, cwd=tmp_path)
    found = read_index((tmp_path / "t" / "index.jsonl").read_bytes(), "index")
    assert (found.breaks, found.nonce, len(found.rows), len(found.kept)) == ((), "once", 60, 12)
    assert found.rows[-1].loss < found.rows[0].loss
