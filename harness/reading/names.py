"""What the names of a contract mean: formulas, constants, inputs and runs, each checked once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.corpora.catalogue import CORPORA, split
from harness.model.address import parse_address
from harness.model.contract import Formula, Input, Run
from harness.model.problem import InputError
from harness.model.values import Printed
from harness.reading.binder import Binder, did_you_mean, shown
from harness.reading.digest import WORD
from harness.reading.document import ContractDocument
from harness.reading.nodes import Node, Table
from harness.registry import modules
from harness.symbolic.expand import expand, parse_with
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.library import LIBRARY
from harness.symbolic.tree import RESERVED, Previous, names, walk

_SIGNATURE = re.compile(r"\s*([A-Za-z_]\w*)\s*\(([^()]*)\)\s*\Z", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_LIBRARY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z", re.ASCII)
DEVICES = ("auto", "cpu", "cuda")
MAX_PATH = 1_000
_ORIGINS = ("file", "files", "run", "data", "library")


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The formulas and constants that a contract declares; ``unsound`` are those with a problem.

    ``blind`` means that a whole section could not be read: then nothing is known of any name. What
    mentions an unsound name is not judged, so that one mistake is told once.
    """

    formulas: Mapping[str, Formula] = field(default_factory=dict)
    constants: Mapping[str, Printed] = field(default_factory=dict)
    unsound: frozenset[str] = frozenset()
    blind: bool = False

    def clear(self, texts: Iterable[str]) -> bool:
        """Tells whether some texts name nothing but what could be read."""
        return not self.blind and not any(self.unsound & set(WORD.findall(text)) for text in texts)


def read_names(binder: Binder, node: Table, document: ContractDocument) -> Names:
    """Reads ``let:`` and ``where:`` and notes what is wrong with either."""
    formulas, written, unsound = _signatures(binder, node, document)
    unsound |= _check_formulas(binder, node, formulas, written, unsound)
    unsound |= _check_constants(binder, node, document.where, formulas)
    sections = [section for name in ("let", "where") if (section := node.get(name)) is not None]
    return Names(
        formulas=formulas,
        constants=document.where,
        unsound=frozenset(unsound),
        blind=any(not isinstance(section, Table) for section in sections),
    )


def _at(node: Table, section: str, key: str) -> Node:
    table = node.get(section)
    return (table.get(key) if isinstance(table, Table) else None) or table or node


def _keys(node: Table, section: str) -> list[str]:
    table = node.get(section)
    return [key.text for key, _ in table.entries] if isinstance(table, Table) else []


def _signatures(
    binder: Binder, node: Table, document: ContractDocument
) -> tuple[dict[str, Formula], dict[str, str], set[str]]:
    """Reads the signatures of ``let:``: the formulas, how each was written, and the names left out."""
    found: dict[str, Formula] = {}
    heads: dict[str, str] = {}
    unsound: set[str] = set()
    for written in _keys(node, "let"):
        match = _SIGNATURE.match(written)
        name = match[1] if match else next(iter(WORD.findall(written)), "")
        parameters = tuple(part.strip() for part in match[2].split(",")) if match else ()
        wrong = (
            _signature_fault(name, parameters) if name not in found else f"formula {name} is defined twice"
        )
        if wrong:
            hint = "write name(a, b): expression" if "signature" in wrong else "choose another name"
            binder.note(_at(node, "let", written), f"let.{written}", wrong, hint)
        if not wrong and written in document.let:
            found[name] = Formula(name=name, parameters=parameters, body=str(document.let[written]))
            heads[name] = written
        elif name not in RESERVED and name not in LIBRARY:
            unsound.add(name)
    return found, heads, unsound


def _signature_fault(name: str, parameters: tuple[str, ...]) -> str:
    if not parameters or not all(_NAME.match(part) for part in parameters):
        return "not a formula's signature"
    if name in RESERVED or name in LIBRARY:
        return f"{name} already means something"
    taken = [part for part in parameters if part in RESERVED or part in LIBRARY or part == name]
    if taken:
        return f"parameter {taken[0]} already means something"
    return "a parameter is named twice" if len(set(parameters)) < len(parameters) else ""


def _check_formulas(
    binder: Binder,
    node: Table,
    formulas: Mapping[str, Formula],
    written: Mapping[str, str],
    left_out: set[str],
) -> set[str]:
    """Notes formulas that do not parse, expand or close, each where the mistake is and not where it shows.

    Those that others call come first, so that one which calls an unsound one need not be tried.
    """
    unsound = set(left_out)
    reached = {name: _reached(name, formulas, left_out) for name in formulas}
    for name in sorted(formulas, key=lambda name: len(reached[name] | {name})):
        if not reached[name] & unsound - {name}:
            fault = _fault(formulas[name], formulas)
            if fault is None:
                continue
            binder.note(_at(node, "let", written[name]), f"let.{written[name]}", *fault)
        unsound.add(name)
    return unsound


def _reached(name: str, formulas: Mapping[str, Formula], left_out: set[str]) -> set[str]:
    """Returns the formulas that one calls, directly or through others; itself too if it recurs."""
    known = formulas.keys() | left_out
    found: set[str] = set()
    todo = [name]
    while todo:
        formula = formulas.get(todo.pop())
        called = set(WORD.findall(formula.body)) & known if formula else set()
        todo += called - found
        found |= called
    return found


def _fault(formula: Formula, formulas: Mapping[str, Formula]) -> tuple[str, str] | None:
    try:
        body = expand(parse_with(formula.body, formulas), formulas)
    except ExpressionError as error:
        return str(error), ""
    free = sorted(names(body) - set(formula.parameters))
    if free:
        return f"{free[0]} is not a parameter of {formula.name}", did_you_mean(free[0], formula.parameters)
    back = next((part for part in walk(body) if isinstance(part, Previous)), None)
    if back is not None:
        return f"a formula has no rows: {back.id}[-{back.back}]", f"make it a parameter: f({back.id}_before)"
    return None


def _check_constants(
    binder: Binder, node: Table, constants: Mapping[str, Printed], formulas: Mapping[str, Formula]
) -> set[str]:
    unsound = set(_keys(node, "where")) - constants.keys()
    for name, value in constants.items():
        at, path, before = _at(node, "where", name), f"where.{name}", len(binder.problems)
        if name in formulas or name in RESERVED or name in LIBRARY:
            binder.note(at, path, f"{name} already means something", "choose another name")
        if not _NAME.match(name):
            binder.note(at, path, "not a name")
        if not value.finite:
            binder.note(at, path, f"{value} is not a finite number")
        if len(binder.problems) > before and name not in formulas:
            unsound.add(name)
    return unsound - RESERVED - LIBRARY.keys()


PLACES = ("{file}", "{folder}", "{name}")
"""What stands for a subject of ``for_each`` in the paths of inputs."""


def check_inputs(binder: Binder, node: Table, document: ContractDocument) -> None:
    """Notes inputs that name nothing, several things, no known format, or a run that is not declared."""
    known = _keys(node, "runs")
    dangles = isinstance(node.get("runs"), Table | None)
    if document.for_each is not None:
        _check_subjects(binder, node, document)
    for name, item in document.inputs.items():
        at, path = _at(node, "inputs", name), f"inputs.{name}"
        given = [key for key in _ORIGINS if getattr(item, key) is not None]
        if len(given) != 1:
            binder.note(at, path, "an input is exactly one of file, files, run, data and library")
        _check_named(binder, at, path, item)
        if item.run is not None and item.run not in known and dangles:
            hint = did_you_mean(item.run, known) or "declare it under runs:"
            binder.note(_inside(at, "run"), f"{path}.run", f"there is no run {item.run!r}", hint)
        if (item.run is None) != (item.output is None):
            binder.note(at, path, "run and output go together", "say which output of the run is meant")
        if item.format is not None and item.format not in modules("logs"):
            hint = did_you_mean(item.format, modules("logs"))
            binder.note(
                _inside(at, "format"), f"{path}.format", f"no log format is called {item.format!r}", hint
            )
        if item.remote is not None:
            _check_address(binder, at, path, item)
        elif item.file is not None and not _is_path(item.file):
            binder.note(_inside(at, "file"), f"{path}.file", f"{shown(item.file)} is no path")
        if item.files is not None and item.remote is None:
            _check_globs(binder, _inside(at, "files"), f"{path}.files", (item.files,))
        if not _NAME.match(name.replace("-", "_")):
            binder.note(at, path, "not a name")


def _check_subjects(binder: Binder, node: Table, document: ContractDocument) -> None:
    """Notes a ``for_each`` that is no glob, a subject beside it, and inputs none of which is a subject's."""
    at = node.get("for_each") or node
    pattern = document.for_each or ""
    while pattern.startswith("../"):  # many subjects may lie beside the project that judges them
        pattern = pattern[3:]
    _check_globs(binder, at, "for_each", (pattern,))
    if document.subject is not None:
        binder.note(at, "for_each", "for_each finds the subjects: there can be no subject beside it")
    paths = [item.file or item.files or "" for item in document.inputs.values()]
    if not any(place in path for place in PLACES for path in paths):
        message = "no input names the subject: every subject would be judged by the same files"
        binder.note(at, "for_each", message, 'such as inputs: {entry: {file: "{file}"}}')


def _inside(node: Node, key: str) -> Node:
    return (node.get(key) if isinstance(node, Table) else None) or node


def _check_address(binder: Binder, at: Node, path: str, item: Input) -> None:
    key = "file" if item.file is not None else "files"
    try:
        parse_address(item.remote or "", glob=item.files is not None)
    except InputError as error:
        binder.note(_inside(at, key), f"{path}.{key}", str(error))


def _check_named(binder: Binder, at: Node, path: str, item: Input) -> None:
    if item.library is not None and not _LIBRARY.match(item.library):
        binder.note(_inside(at, "library"), f"{path}.library", f"{shown(item.library)} is no package")
    try:
        split(item.data or next(iter(CORPORA)))
    except InputError as error:
        hint = did_you_mean((item.data or "").partition("/")[0], CORPORA)
        binder.note(_inside(at, "data"), f"{path}.data", str(error), hint)


def _is_path(text: str) -> bool:
    """Tells whether a file system could take this for a path."""
    return text.isprintable() and 0 < len(text) <= MAX_PATH and all(len(p) < 256 for p in text.split("/"))


def _check_globs(binder: Binder, at: Node, path: str, patterns: Iterable[str]) -> None:
    for pattern in patterns:
        deep = [part for part in pattern.split("/") if "**" in part]
        outside = pattern.startswith("/") or ".." in pattern.split("/")
        if not _is_path(pattern) or outside or deep[2:] or set(deep) - {"**"}:
            message = f"{shown(pattern)} is no glob below the project's folder"
            binder.note(at, path, message, 'such as "logs/**/*.json"')


def check_runs(binder: Binder, node: Table, document: ContractDocument) -> None:
    """Notes runs without a program, with an unknown system or device, and without seeds."""
    for name, run in document.runs.items():
        _check_run(binder, _at(node, "runs", name), f"runs.{name}", run)


def _check_run(binder: Binder, at: Node, path: str, run: Run) -> None:
    def note(key: str, message: str, hint: str = "") -> Any:
        return binder.note(_inside(at, key), f"{path}.{key}", message, hint)

    programs = [key for key in ("system", "python", "command") if getattr(run, key) is not None]
    if len(programs) != 1:
        binder.note(at, path, "a run is exactly one of system, python and command")
    elif run.system is None and not run.code:
        hint = 'add code: ["train/**/*.py"]'
        binder.note(at, path, "a run of your own code must say what makes it stale", hint)
    if run.system is not None and run.system not in modules("systems"):
        note("system", f"unknown system {run.system!r}", did_you_mean(run.system, modules("systems")))
    if run.command is not None and not run.command:
        note("command", "an empty command runs nothing")
    for key, patterns in (("code", run.code), ("data", run.data)):
        _check_globs(binder, _inside(at, key), f"{path}.{key}", patterns)
    if run.device not in DEVICES:
        note("device", f"unknown device {run.device!r}", did_you_mean(run.device, DEVICES))
    if not run.seeds or len(set(run.seeds)) != len(run.seeds):
        note("seeds", "seeds must be given, each once")
    _check_resources(run, note)


def _check_resources(run: Run, note: Callable[..., Any]) -> None:
    """Notes limits and counts that mean nothing, and a launcher that is not there."""
    if run.limit <= 0:
        note("limit", "a time limit is a positive number of seconds")
    if run.system is not None and run.processes > 1:
        note("processes", f"system {run.system} trains in one process")
    for key in ("processes", "cpus"):
        if getattr(run, key) < 1:
            note(key, f"{key} are counted from 1")
    if run.repeat < 0:
        note("repeat", "repetitions are counted from 1; 0 is the run itself")
    if run.memory < 0:
        note("memory", "memory is a number of MiB, or 0 where it is not known")
    launchers = modules("runs.launchers")
    if run.launch is not None and run.launch not in launchers:
        note("launch", f"unknown launcher {run.launch!r}", did_you_mean(run.launch, launchers))
