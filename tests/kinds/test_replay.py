"""Steps of a recorded training are taken again: what is honest agrees, what was tampered with is named."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.project import read_project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.kinds import _replay_band as bands
from harness.kinds._replay_index import recorded
from harness.kinds.replay import Replay
from harness.model.behaviour import Build
from harness.model.kind import Scope
from harness.model.outcome import Outcome, Reason
from harness.model.problem import InvalidContract
from harness.model.values import InputName, Printed
from harness.reading.contract import read_contract
from harness.runs.bench import Bench
from harness.transcript import Recorder, sample
from harness.transcript.chain import read_index, written

SOURCE = Path(sample.__file__).read_bytes()
STEPS, KEEP = 30, 5
FURTHER = """
from harness.transcript import sample

def loop(**_):
    import torch
    made = sample.loop()
    made.also["more"] = torch.Generator()
    return made
"""
CONTRACT = """
contract: example
inputs:
  transcript: {{file: transcript}}
  ours: {{file: loop.py}}
  torch: {{library: torch}}
criteria:
  - id: A
    claim: It was so.
    obligations:
      - {{kind: replay, replay: transcript, step: "loop:loop", code: [ours, torch], steps: 30, nonce: n,
         tampered: 0.5, {more}}}
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with Bench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.fixture
def project(tmp_path, bench):
    """Records a training with something done to it around its steps, and judges the record."""
    (tmp_path / "loop.py").write_bytes(SOURCE)

    def record(before=lambda *_: None, after=lambda *_: None, **options):
        torch.set_num_threads(1)
        made = sample.loop(steps=STEPS)
        told = {"nonce": "n", "steps": STEPS, "keep": KEEP, **options}
        parts = {"model": made.model, "optimizer": made.optimizer, "also": made.also}
        with Recorder(tmp_path / "transcript", **told, **parts) as recorder:
            last = (0.0, None)
            for number in range(STEPS):
                if before(made, number) == "skip":
                    recorder.step(*last)
                    continue
                last = made.step(number)
                after(made, number)
                recorder.step(*last)
        return read_index((tmp_path / "transcript" / "index.jsonl").read_bytes(), "index")

    def judge(more=f"arguments: {{steps: {STEPS}}}", allowed=True, nonce="n", without=""):
        bench.root = tmp_path
        text = CONTRACT.format(more=more).replace("nonce: n,", f"nonce: {nonce},")
        for name in [without] * bool(without):
            text = text.replace(f" {name}: {nonce if name == 'nonce' else STEPS},", "", 1)
        contract = read_contract(text.encode(), "contracts/e.yaml", tmp_path)
        memo = Memo(None, "", lambda: 0)
        sources = Sources(read_project(tmp_path, memo), contract, memo)
        context = DischargeContext(sources, prove=None, bench=bench if allowed else None)
        ((obligation,),) = (criterion.obligations for criterion in contract.criteria)
        return discharge(obligation, context)

    return tmp_path, record, judge


def drawn(number, nonce="n", span=1):
    from harness.transcript.draw import drawn

    return drawn(nonce, STEPS, KEEP, span)[number]


def test_an_honest_training_is_discharged_bit_for_bit(project):
    _, record, judge = project
    record()
    verdict = judge()
    assert verdict.outcome is Outcome.DISCHARGED, verdict
    assert (
        "5 of 5 bit for bit; 5 of 30 steps drawn meet 0.5 tampered ones with power 0.9688" in verdict.detail
    )
    assert str(verdict.denominator) == "5 of 5 drawn steps"
    assert str(verdict.mutation) == "3/3"
    assert judge(f"arguments: {{steps: {STEPS}}}, tier: bits").outcome is Outcome.DISCHARGED


def noisy(made, share):
    with torch.no_grad():
        for parameter in made.model.parameters():
            parameter += share * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(9))


def twice(made, number):
    made.step(number)


TAMPERS = {
    "noise in the weights": {"after": lambda made, _: noisy(made, 1e-4)},
    "an extra step": {"after": twice},
    "a missing step": {"before": lambda *_: "skip"},
    "edited before the step": {"before": lambda made, _: noisy(made, 1e-5)},
    "data order": {"before": lambda made, _: torch.randint(9, (1,), generator=made.also["order"])},
    "dropout's numbers": {"before": lambda *_: torch.rand(1)},
    "a moment that was reset": {
        "after": lambda made, _: next(iter(made.optimizer.state.values()))["exp_avg"].zero_()
    },
}


@pytest.mark.parametrize("how", TAMPERS)
def test_one_tampered_step_that_is_drawn_is_named(project, how):
    _, record, judge = project
    at = drawn(2)

    def only(act):
        return lambda made, number: act(made, number) if number == at else None

    record(**{when: only(act) for when, act in TAMPERS[how].items()})
    verdict = judge()
    assert verdict.outcome is Outcome.FALSIFIED, verdict
    witness = verdict.witnesses[0]  # a step that was not taken has the rate of the one before, too
    assert f"step {at}, the first kept step that diverges; step {drawn(1)} agrees" in witness.where


def test_where_a_change_began_is_walked_to(project):
    """Between two kept steps the learning rate changes for good; its own line of the index says so first."""
    _, record, judge = project
    gaps = [(drawn(n), drawn(n + 1)) for n in range(KEEP - 1)]
    place, (low, high) = max(enumerate(gaps), key=lambda gap: gap[1][1] - gap[1][0])
    began = low + 2
    assert began < high

    def before(made, number):
        if number >= began:
            for group in made.optimizer.param_groups:
                group["weight_decay"] = 0.09

    record(before=before)
    verdict = judge()
    assert verdict.outcome is Outcome.FALSIFIED
    assert len(verdict.witnesses) == KEEP - 1 - place + 1
    assert f"step {began}, the first of {STEPS - began} whose recorded" in verdict.witnesses[-1].where
    assert verdict.witnesses[-1].found == "weight_decay 0.09"
    assert f"step {high}, the first kept step" in verdict.witnesses[0].where
    assert f"the record is left at step {began}" in verdict.witnesses[0].where


@pytest.mark.parametrize("more", ["lr: 0.01001", "weight_decay: 0.09", "bf16: true"])
def test_a_training_that_was_not_configured_as_claimed_fails_in_every_step(project, more):
    _, record, judge = project
    record()
    verdict = judge(f"arguments: {{steps: {STEPS}, {more}}}")
    assert verdict.outcome is Outcome.FALSIFIED
    assert "none before it was kept" in verdict.witnesses[0].where


def test_a_byte_of_the_data_is_noticed_in_the_step_that_reads_it(project):
    root, record, judge = project
    record()
    text = (root / "loop.py").read_bytes()
    docstring = text.index(b'"""', 3)
    changed = [text[:at] + b"X" + text[at + 1 :] for at in range(4, docstring, 37)]
    outcomes = []
    for each in changed:
        (root / "loop.py").write_bytes(each)
        verdict = judge()
        outcomes.append(verdict.outcome)
        assert verdict.outcome is Outcome.DISCHARGED or "another data" in verdict.witnesses[0].found
    assert Outcome.FALSIFIED in outcomes


def test_a_state_that_is_kept_twice_falsifies_and_counts_once(project):
    root, record, judge = project
    record()
    path, previous, lines = root / "transcript" / "index.jsonl", "0" * 64, []
    for line in path.read_bytes().splitlines():
        entry = {name: value for name, value in json.loads(line).items() if name != "previous"}
        for each in [entry, *[{"kept": entry["kept"]}] * 60] if "kept" in entry else [entry]:
            line, previous = written(each, previous)
            lines.append(line)
    path.write_bytes(b"".join(lines))
    verdict = judge()
    assert verdict.outcome is Outcome.FALSIFIED, verdict
    assert "kept again" in verdict.witnesses[0].found
    assert str(verdict.denominator) == "0 of 5 drawn steps"


def test_a_rate_of_steps_that_were_not_drawn_is_told_by_the_index(project):
    """Four times the rate where the nonce, chosen afterwards, draws nothing: the state is honest there."""
    _, record, judge = project
    nonce = next(f"try{n}" for n in range(10**5) if not {20, 21, 22} & set(drawn_by(f"try{n}")))

    def faster(optimizer, *_):
        for group in optimizer.param_groups:
            group["lr"] *= 4

    def hook(made, number):
        return made.optimizer.register_step_pre_hook(faster) if number in (20, 21, 22) else None

    hooks = []
    record(
        before=lambda made, number: hooks.append(hook(made, number)),
        after=lambda *_: hooks[-1] and hooks[-1].remove(),
        nonce=nonce,
    )
    pinned = f"arguments: {{steps: {STEPS}}}"
    verdict = judge(pinned, nonce=nonce)
    assert verdict.outcome is Outcome.FALSIFIED, verdict
    assert "step 20, the first of 3 whose recorded settings are others" in verdict.witnesses[-1].where
    assert "as the loop says" in verdict.witnesses[-1].expected


def drawn_by(nonce):
    from harness.transcript.draw import drawn

    return drawn(nonce, STEPS, KEEP)


@pytest.mark.parametrize("field", ["nonce", "steps"])
def test_nothing_holds_where_the_contract_does_not_fix_it(project, field):
    _, record, judge = project
    record()
    verdict = judge(without=field)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert f"does not fix {field}" in verdict.detail
    assert judge(f"arguments: {{steps: {STEPS}, lr: 0.02}}", without=field).outcome is Outcome.FALSIFIED


def test_a_loop_that_tells_no_settings_is_said_to(project):
    root, record, judge = project
    record()
    quiet = SOURCE.replace(b", settings=settings)", b")")
    (root / "loop.py").write_bytes(quiet)
    verdict = judge()
    assert verdict.outcome is not Outcome.ERROR
    assert "the loop says no settings of the others" in verdict.detail


def test_spans_name_the_step_inside_them(project):
    _, record, judge = project
    at = drawn(0, span=4) + 2
    record(span=4, after=lambda made, number: noisy(made, 1e-4) if number == at else None)
    verdict = judge()
    assert verdict.outcome is Outcome.FALSIFIED
    assert f"step {at + 1}, the first" in verdict.witnesses[0].where  # its loss is the first to be another


@pytest.fixture(scope="module")
def recorded_elsewhere(tmp_path_factory):
    """Records where torch computes without vector instructions."""
    folder = tmp_path_factory.mktemp("elsewhere") / "transcript"
    script = (
        "import sys; from pathlib import Path; from harness.transcript.sample import train\n"
        f"train(Path(sys.argv[1]), nonce='n', steps={STEPS}, keep={KEEP})"
    )
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": "default"}
    subprocess.run([sys.executable, "-c", script, str(folder)], check=True, env=environment)
    return folder


@pytest.fixture
def elsewhere(recorded_elsewhere):
    """Puts that record into a project, and says that it was ``told``."""

    def put(root, **told):
        shutil.copytree(recorded_elsewhere, root / "transcript", dirs_exist_ok=True)
        path, previous, lines = root / "transcript" / "index.jsonl", "0" * 64, []
        for line in path.read_bytes().splitlines():
            entry = {name: value for name, value in json.loads(line).items() if name != "previous"}
            entry |= {"made_by": entry["made_by"] | told} if "made_by" in entry else {}
            line, previous = written(entry, previous)
            lines.append(line)
        path.write_bytes(b"".join(lines))

    return put


def test_other_instructions_are_set_as_they_were_recorded(project, elsewhere):
    root, _, judge = project
    elsewhere(root)
    verdict = judge(f"arguments: {{steps: {STEPS}}}, tier: bits")
    assert verdict.outcome is Outcome.DISCHARGED, verdict


def test_what_rounding_explains_lies_in_the_band_and_has_other_bits(project, elsewhere):
    root, _, judge = project
    elsewhere(root, capability=torch.backends.cpu.get_cpu_capability())
    verdict = judge()
    assert verdict.outcome is Outcome.DISCHARGED, verdict
    assert "0 of 5 bit for bit" in verdict.detail
    assert "the band of honest replays" in verdict.threshold
    strict = judge(f"arguments: {{steps: {STEPS}}}, tier: bits")
    assert strict.outcome is Outcome.FALSIFIED
    tampered = judge(f"arguments: {{steps: {STEPS}, lr: 0.01001}}")
    assert tampered.outcome is Outcome.FALSIFIED


def test_a_band_that_would_pass_a_longer_step_shows_nothing(project, elsewhere, monkeypatch):
    root, _, judge = project
    elsewhere(root, capability=torch.backends.cpu.get_cpu_capability())
    monkeypatch.setattr(bands, "FLOOR", 0.01)
    verdict = judge()
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert "the learning rate times 1.001" in verdict.mutation.survivors


def test_another_class_of_devices_is_undecided_up_to_what_must_be_noticed(project, elsewhere, monkeypatch):
    root, _, judge = project
    elsewhere(root, capability="DEFAULT", name="another machine")
    assert judge().outcome is Outcome.DISCHARGED  # bit for bit, wherever it was made
    elsewhere(root, capability="other", name="another machine")
    monkeypatch.setattr(bands, "FLOOR", 0.0)
    monkeypatch.setattr(bands, "FACTOR", 0.0)
    verdict = judge()
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNDECIDED)
    assert "another machine" in verdict.detail
    assert judge(f"arguments: {{steps: {STEPS}, lr: 0.0101}}").outcome is Outcome.FALSIFIED


def test_a_device_that_is_not_here_is_said(project, elsewhere):
    root, _, judge = project
    elsewhere(root, device="tpu")
    verdict = judge()
    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, Reason.NO_DEVICE)


def test_too_few_steps_are_too_little_power_unless_they_are_all(project):
    _, record, judge = project
    record()
    more = f"arguments: {{steps: {STEPS}}}, power: 0.999"
    verdict = judge(more)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert "5 steps were kept, 10 are needed" in verdict.detail
    record(keep=STEPS)
    assert judge(more).outcome is Outcome.DISCHARGED


def test_no_code_runs_where_none_is_allowed_and_all_of_it_is_named(project):
    root, record, judge = project
    record()
    assert judge(allowed=False).reason is Reason.UNTRUSTED
    (root / "helper.py").write_text("")
    (root / "loop.py").write_bytes(SOURCE.replace(b"import math\n", b"import math\nimport helper\n"))
    verdict = judge()
    assert verdict.outcome is Outcome.ERROR
    assert "helper.py, which code does not name" in verdict.detail


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def loop(**_): return 7", "returned a int, not a harness.transcript.Loop"),
        ("loops = 1", "module loop has no loop"),
        ("def loop(**_): raise ValueError('no')", "ValueError: no"),
        (FURTHER, "further parts"),
    ],
)  # fmt: skip
def test_code_that_is_no_loop_is_an_error(project, code, said):
    root, record, judge = project
    record()
    (root / "loop.py").write_text(code)
    verdict = judge()
    assert verdict.outcome is Outcome.ERROR
    assert said in verdict.detail


def test_the_checkpoint_must_be_what_the_transcript_ends_in(project):
    root, record, _ = project
    made = []
    record(after=lambda loop, _: made.append(loop))
    found = recorded(Build(label="t", weights=str(root / "transcript" / "index.jsonl")), STEPS, "n")
    weights = root / "model.safetensors"
    save_file({name: value.clone() for name, value in made[-1].model.state_dict().items()}, weights)
    assert found.ending_in(weights).witnesses == ()
    changed = load_file(weights)
    changed["1.bias"][0] += 1e-6
    save_file(changed, weights)
    (witness,) = found.ending_in(weights).witnesses
    assert "recorded last weights" in witness.expected


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("tampered: 0", "between 0 and 1"),
        ("power: 1", "between 0 and 1"),
        ("power: 0.5", "at least 0.8"),
        ("notices: 0.9", "at most 0.1"),
    ],
)
def test_shares_that_are_none_are_refused(project, more, message):
    _, _, judge = project
    text = more if "tampered" not in more else f"notices: {more.split()[1]}"
    with pytest.raises(InvalidContract, match=message):
        judge(text)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"step": "loop"}, "package.module:function"),
        ({"step": "a:b"}, "step needs code"),
        ({"code": ("a",)}, "code belongs to step"),
        ({"steps": 0}, "at least 1"),
        ({"tampered": Printed("0.99")}, "at most 0.5"),
    ],
)
def test_code_is_named_with_its_inputs(fields, message):
    scope = Scope(formulas={}, constants={}, inputs=frozenset())
    faults = [fault.message for fault in Replay(replay=InputName("t"), **fields).faults(scope)]
    assert any(message in fault for fault in faults)
