from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest

from harness.model.outcome import Basis
from harness.model.values import Cell, Printed
from harness.reading.binder import INVALID, Binder, did_you_mean
from harness.reading.nodes import read_nodes


@dataclass(frozen=True, kw_only=True, slots=True)
class Inner:
    low: Printed
    high: Printed | None = None

    def __post_init__(self) -> None:
        if self.high is not None and float(self.high) < float(self.low):
            raise ValueError("high lies below low")


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    cells: Mapping[str, Cell] = field(default_factory=dict)
    either: Printed | Inner | None = None
    inner: Inner | None = None
    on: bool = False
    share: float = 0.5
    word: str | None = None
    basis: Basis = Basis.CHECKED
    place: Literal["first", "final"] = "final"


def bound(text):
    binder = Binder("c.yaml")
    value = binder.record(read_nodes(text.encode(), "c.yaml"), Record, "")
    return value, [(problem.path, problem.message) for problem in binder.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: true", Record(on=True)),
        ("on: False", Record(on=False)),
        ("share: 1e-3", Record(share=0.001)),
        ("word: ~", Record(word=None)),
        ("word: 'null'", Record(word="null")),
        ("word: 12:30", Record(word="12:30")),
        ("basis: proved", Record(basis=Basis.PROVED)),
        ("place: first", Record(place="first")),
        ("either: 1.50", Record(either=Printed("1.50"))),
        ("either: {low: 1.0}", Record(either=Inner(low=Printed("1.0")))),
        ("inner: {low: -.inf, high: .NAN}", Record(inner=Inner(low=Printed("-inf"), high=Printed("NAN")))),
        (
            "cells: {a: true, b: 1.50, c: no, d: ~, e: '1', f: 'true'}",
            Record(cells={"a": True, "b": Printed("1.50"), "c": "no", "d": None, "e": "1", "f": "true"}),
        ),
    ],
)
def test_values_get_the_type_that_their_field_has(text, value):
    assert bound(text) == (value, [])


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("on: yes", "on", "'yes' is not a truth value (true or false)"),
        ("on: 'true'", "on", "'true' is not a truth value (true or false)"),
        ("share: .nan", "share", "'.nan' is not a number"),
        ("either: much", "either", "'much' is not a number"),
        ("either: [1]", "either", "a single value is needed here"),
        ("cells: {a: [1]}", "cells.a", "a single value is needed here"),
        ("inner: {low: 2.0, high: 1.0}", "inner", "high lies below low"),
        ("inner: {low: 2.0, high: x}", "inner.high", "'x' is not a number"),
        ("inner: {}", "inner", "the key 'low' is missing"),
        ("basis: {}", "basis", "a text is needed here, not a list or table"),
        (f"on: {'x' * 500}", "on", f"'{'x' * 60}…' is not a truth value (true or false)"),
    ],
)
def test_a_value_of_another_type_is_a_problem(text, path, message):
    assert bound(text) == (INVALID, [(path, message)])


def test_suggestions_name_the_nearest_word_or_what_is_known():
    assert did_you_mean("lenth", ["length", "depth"]) == "did you mean 'length'?"
    assert did_you_mean("zzz", ["length", "depth"]) == "known here: depth, length"
    assert did_you_mean("zzz", []) == ""
    assert did_you_mean("z" * 1000, ["length"]) == ""
