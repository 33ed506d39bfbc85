"""The three-seed rule on results as they were recorded, with its margin."""

from pathlib import Path

import pytest

from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.load import load_one
from harness.engine.project import Project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.model.outcome import Outcome, Reason

REPOSITORY = Path(__file__).resolve().parents[2]
CONTRACT = (REPOSITORY / "contracts/three-seeds.yaml").read_text(encoding="utf-8")


def verdicts(root, text):
    (root / "contracts").mkdir(exist_ok=True)
    (root / "contracts/three-seeds.yaml").write_text(text, encoding="utf-8")
    if not (root / "data").exists():
        (root / "data").symlink_to(REPOSITORY / "data")
    project = Project(root=root, outside=(str(REPOSITORY),))
    contract = load_one(project, root / "contracts/three-seeds.yaml").contract
    context = DischargeContext(Sources(project, contract, Memo(None, "", lambda: 0)), prove=None)
    return {one.id: discharge(one.obligations[0], context) for one in contract.criteria}


def test_a_large_step_is_better_by_the_margin_and_a_small_one_is_not_told_from_none(tmp_path):
    found = verdicts(tmp_path, CONTRACT)
    assert found["RECORD"].outcome is Outcome.DISCHARGED, found["RECORD"].detail
    assert (found["STEP"].outcome, found["STEP"].reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert "a side would do" in found["STEP"].detail


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        ("improvement: slot\n    over: earlier", "improvement: earlier\n    over: slot", Outcome.FALSIFIED),
        ("effect: 0.03", "effect: 0.006", Outcome.INCONCLUSIVE),
        ("seeds: [1337, 42, 2025]", "seeds: [1337, 42, 2025, 7]", Outcome.INCONCLUSIVE),
        ("seeds: [1337, 42, 2025]", "seeds: [1337, 42]", Outcome.INCONCLUSIVE),
        ("pr483.jsonl", "pr1128.jsonl", Outcome.INCONCLUSIVE),
    ],
)
def test_a_planted_fault_is_not_discharged(tmp_path, old, new, outcome):
    assert CONTRACT.count(old) == 1
    assert verdicts(tmp_path, CONTRACT.replace(old, new))["RECORD"].outcome is outcome
