"""What the names of a contract mean: formulas, constants, inputs and runs, each checked once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.model.contract import Formula
from harness.model.values import Printed
from harness.reading.binder import Binder, did_you_mean
from harness.reading.document import ContractDocument
from harness.reading.nodes import Node, Table
from harness.registry import modules
from harness.symbolic.expand import expand, parse_with
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.library import LIBRARY
from harness.symbolic.tree import RESERVED, names

_SIGNATURE = re.compile(r"\s*([A-Za-z_]\w*)\s*\(([^()]*)\)\s*\Z", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_DEVICES = ("auto", "cpu", "cuda")


def _at(node: Table, section: str, key: str) -> Node:
    table = node.get(section)
    return (table.get(key) if isinstance(table, Table) else None) or table or node


def formulas_of(binder: Binder, node: Table, document: ContractDocument) -> dict[str, Formula]:
    """Reads the signatures of ``let:``; a malformed one is a problem and is left out."""
    found: dict[str, Formula] = {}
    for written, body in document.let.items():
        match = _SIGNATURE.match(written)
        parameters = tuple(part.strip() for part in match[2].split(",")) if match else ()
        at = _at(node, "let", written)
        if not match or not all(_NAME.match(name) for name in parameters):
            binder.note(at, f"let.{written}", "not a formula's signature", "write name(a, b): expression")
            continue
        name = match[1]
        if name in RESERVED or name in LIBRARY:
            binder.note(at, f"let.{written}", f"{name} already means something", "choose another name")
        elif name in found:
            binder.note(at, f"let.{written}", f"formula {name} is defined twice", "keep one of the two")
        elif len(set(parameters)) < len(parameters):
            binder.note(at, f"let.{written}", "a parameter is named twice")
        else:
            found[name] = Formula(name=name, parameters=parameters, body=str(body))
    return found


def check_formulas(
    binder: Binder, node: Table, formulas: Mapping[str, Formula], constants: Mapping[str, Printed]
) -> None:
    """Notes formulas that do not parse, expand or close, and constants with a second meaning."""
    for name, formula in formulas.items():
        at, path = _let_node(node, name), f"let.{name}"
        try:
            body = expand(parse_with(formula.body, formulas), formulas)
        except ExpressionError as error:
            binder.note(at, path, str(error))
            continue
        free = sorted(names(body) - set(formula.parameters))
        if free:
            hint = did_you_mean(free[0], formula.parameters)
            binder.note(at, path, f"{free[0]} is not a parameter of {name}", hint)
    for name, value in constants.items():
        at = _at(node, "where", name)
        if name in formulas or name in RESERVED or name in LIBRARY:
            binder.note(at, f"where.{name}", f"{name} already means something", "choose another name")
        if not _NAME.match(name):
            binder.note(at, f"where.{name}", "not a name")
        if not value.finite:
            binder.note(at, f"where.{name}", f"{value} is not a finite number")


def _let_node(node: Table, name: str) -> Node:
    table = node.get("let")
    if isinstance(table, Table):
        for key, value in table.entries:
            if key.text.split("(")[0].strip() == name:
                return value
    return node


def check_inputs(binder: Binder, node: Table, document: ContractDocument) -> None:
    """Notes inputs that name nothing, several things, or a run that is not declared."""
    for name, item in document.inputs.items():
        at, path = _at(node, "inputs", name), f"inputs.{name}"
        given = [key for key in ("file", "files", "run") if getattr(item, key) is not None]
        if len(given) != 1:
            binder.note(at, path, "an input is exactly one of file, files and run")
        written = node.get("runs")
        declared = {key.text for key, _ in written.entries} if isinstance(written, Table) else set()
        if item.run is not None and item.run not in declared:
            hint = did_you_mean(item.run, declared) or "declare it under runs:"
            binder.note(at, f"{path}.run", f"there is no run {item.run!r}", hint)
        if (item.run is None) != (item.output is None):
            binder.note(at, path, "run and output go together", "say which output of the run is meant")
        if not _NAME.match(name.replace("-", "_")):
            binder.note(at, path, "not a name")


def check_runs(binder: Binder, node: Table, document: ContractDocument) -> None:
    """Notes runs without a program, with an unknown system or device, and without seeds."""
    for name, run in document.runs.items():
        at, path = _at(node, "runs", name), f"runs.{name}"
        note: Any = binder.note
        programs = [key for key in ("system", "python", "command") if getattr(run, key) is not None]
        if len(programs) != 1:
            note(at, path, "a run is exactly one of system, python and command")
        if run.system is not None and run.system not in modules("systems"):
            known = did_you_mean(run.system, modules("systems"))
            note(at, f"{path}.system", f"unknown system {run.system!r}", known)
        if run.system is None and not run.code:
            note(
                at, path, "a run of your own code must say what makes it stale", 'add code: ["train/**/*.py"]'
            )
        if run.device not in _DEVICES:
            note(at, f"{path}.device", f"unknown device {run.device!r}", did_you_mean(run.device, _DEVICES))
        if not run.seeds or len(set(run.seeds)) != len(run.seeds):
            note(at, f"{path}.seeds", "seeds must be given, each once")
        if run.limit <= 0:
            note(at, f"{path}.limit", "a time limit is a positive number of seconds")
