"""A push of one's own goes through the gate too."""

import pytest
from workbench import Bench

from harness.hub.callback import GateRefused, ask_gate, gate_callback


@pytest.fixture
def trainer(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch", reason="the trainer of transformers needs torch")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(output_dir=str(tmp_path / "out"), report_to=[], use_cpu=True)
    return Trainer(model=torch.nn.Linear(2, 2), args=arguments)


def test_the_trainer_pushes_nothing_while_the_gate_refuses(trainer, tmp_path, monkeypatch):
    pushed = []
    monkeypatch.setattr(type(trainer), "init_hf_repo", lambda *_, **__: pushed.append("a repository"))
    (tmp_path / "project").mkdir()
    bench = Bench(tmp_path / "project").two()
    trainer.add_callback(gate_callback(bench.root))
    with pytest.raises(GateRefused, match="demo/FALL: is UNTRIED"):
        trainer.push_to_hub()
    assert pushed == []
    assert bench("check").code == 0
    with pytest.raises((AttributeError, OSError, ValueError, RuntimeError)) as stopped:
        trainer.push_to_hub()  # nobody answers where it would push to, but now it tries
    assert not isinstance(stopped.value, GateRefused)
    assert pushed == ["a repository"]


def test_whatever_is_no_pass_refuses(bench, tmp_path):
    for breaks in (lambda: None, lambda: bench.contract("criteria: []\n")):
        breaks()
        with pytest.raises(GateRefused, match="not pushed"):
            ask_gate(bench.root)
