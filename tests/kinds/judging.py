"""Judges the one obligation of a small contract in a folder, by the real reader, sources and engine."""

from pathlib import Path

from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.project import read_project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.reading.contract import read_contract


def judge(root: Path, body: str, files=None):
    for name, data in (files or {}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    contract = read_contract(f"contract: example\n{body}".encode(), "contracts/example.yaml", root)
    memo = Memo(None, "", lambda: 0)
    context = DischargeContext(Sources(read_project(root, memo), contract, memo), prove=None)
    ((obligation,),) = (criterion.obligations for criterion in contract.criteria)
    return discharge(obligation, context)


def obligation(text: str, **inputs: str) -> str:
    declared = "".join(f"  {name}: {{{value}}}\n" for name, value in inputs.items())
    return f"""
inputs:
{declared}criteria:
  - id: A
    claim: It holds.
    obligations:
      - {{{text}}}
"""
