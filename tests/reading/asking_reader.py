"""Short ways to read a contract, or to get what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from harness.model.contract import Contract, Obligation
from harness.model.problem import InvalidContract, Problem
from harness.reading.contract import read_contract

NOWHERE = Path("/nowhere")
DATA = Path(__file__).parents[1] / "data"
SPEC = """\
---
id: demo
version: 1.0.0
---

# Demo

## The rate {#1}

### Base {#1.1 kinds="trace"}

It rises and falls.

### Applied {#1.2 kinds="symbolic trace"}

It is the base times a factor.

## The rest {#2}

Nothing.
"""


def project(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes files below a folder and returns it."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return root


def read(text: str | bytes, root: Path = NOWHERE) -> Contract:
    """Reads a contract; dedents text."""
    data = text if isinstance(text, bytes) else dedent(text).encode()
    return read_contract(data, "c.yaml", root)


def problems(text: str | bytes, root: Path = NOWHERE) -> tuple[Problem, ...]:
    """Returns what is wrong with a contract, which must be something."""
    with pytest.raises(InvalidContract) as caught:
        read(text, root)
    assert caught.value.problems
    return caught.value.problems


def problem(text: str | bytes, root: Path = NOWHERE) -> Problem:
    """Returns the only thing that is wrong with a contract."""
    found = problems(text, root)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def only(contract: Contract) -> Obligation:
    """Returns the one obligation of a contract."""
    ((obligation,),) = (criterion.obligations for criterion in contract.criteria)
    return obligation


def body(obligation: str, head: str = "inputs: {log: {file: log.jsonl}}") -> str:
    """Returns a contract with one obligation, given as the inside of a flow mapping."""
    return f"contract: c\n{head.strip()}\ncriteria:\n  - id: A\n    obligations:\n      - {{{obligation}}}\n"
