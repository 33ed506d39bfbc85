"""Logged learning rates: recognised in the named library, and held against what the run was set to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.audit.findings import Figure, Finding, Said
from harness.audit.scene import RATE, Run, Scene, step_of
from harness.audit.settings import Setting, named, of_card
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell

if TYPE_CHECKING:
    from harness.symbolic.recognise import Fit, Recognition

NAME = "schedule"
MOST = 4
"""At most this many different schedules are recognised in one audit."""
_REACHED = frozenset(("global_step", "best_global_step", "epoch", "step"))
"""What a trainer's state says of how far a run came, which is no horizon."""
_CLOSE = Fraction(1, 200)
_TRAINER = 5
"""From this major version on the trainer of transformers logs the rate that the step used."""
_VERSION = re.compile(r"\btransformers\W{1,4}(\d+)\.\d+", re.I)


def judge(scene: Scene) -> Iterator[Finding]:
    """Tries every column of learning rates of every run.

    What is stated at one place and borne out by one run does not speak of the others.
    """
    found = list(_every(scene))
    borne = {(one.statement, one.stated) for one in found if one.outcome is Said.HOLDS}
    for one in found:
        if one.outcome is not Said.CONTRADICTION or (one.statement, one.stated) not in borne:
            yield one


def _every(scene: Scene) -> Iterator[Finding]:
    """Recognises the rates of every run, equal columns once."""
    known: dict[tuple[tuple[Cell, ...], tuple[Cell, ...]], Recognition] = {}
    for run in scene.runs:
        every = [*run.settings, *_on_cards(scene, run)]
        for frame in run.logs:
            said = [one for one in every if one.log in ("", frame.source)]
            for column in [name for name in frame.columns if RATE.search(name)]:
                rows = rates(frame, column)
                if rows is None:
                    continue
                if rows not in known and len(known) >= MOST:
                    yield _untried(frame, f"{column}: {MOST} other schedules were tried before it")
                    continue
                try:
                    found = known.get(rows) or _recognised(*rows)
                except InputError as error:
                    yield _untried(frame, f"{column}: {error}")
                    continue
                known[rows] = found
                yield from _judged(scene, run, frame, column, found, said)


def rates(frame: Frame, column: str) -> tuple[tuple[Cell, ...], tuple[Cell, ...]] | None:
    """Returns the steps and the rates of the run's history, or None where the log counts no steps."""
    step = step_of(frame)
    if step is None:
        return None
    gone = frozenset(frame.superseded)
    kept = [
        row
        for row, cell in enumerate(frame.columns[column])
        if row not in gone and cell is not None and frame.columns[step][row] is not None
    ]
    return tuple(frame.columns[step][r] for r in kept), tuple(frame.columns[column][r] for r in kept)


def _recognised(steps: Sequence[Cell], given: Sequence[Cell]) -> Recognition:
    from harness.symbolic.recognise import recognise

    return recognise(steps, given)


def _on_cards(scene: Scene, run: Run) -> list[Setting]:
    """Returns what the cards of one run say that it was set to."""
    return [found for card in scene.cards if run in card.runs for found in of_card(card.document)]


def _judged(
    scene: Scene, run: Run, frame: Frame, column: str, found: Recognition, said: Sequence[Setting]
) -> Iterator[Finding]:
    best = found.best
    if best is None:
        closest = f", closest {found.candidates[0].call()}" if found.candidates else ""
        yield _untried(frame, f"{column} is no schedule that is known here: {found.why}{closest}")
        return
    other = f", the next best {found.runner_up:.2g}" if found.runner_up is not None else ""
    yield Finding(
        outcome=Said.HOLDS,
        rule=NAME,
        statement=f"{frame.source}: {column} is closed by {best.call(step_of(frame) or 'step')} over "
        f"{found.rows} rows: largest distance {best.residual:.2g}{other}{_convention(best)}",
    )
    yield from _peak(frame, column, best, said)
    yield from _warmup(frame, column, best, said)
    yield from _horizon(frame, column, best, said)
    yield from _trainer(scene, run, frame, column, best)


def _untried(frame: Frame, why: str) -> Finding:
    return Finding(outcome=Said.UNTRIED, rule=NAME, statement=f"{frame.source}: {why}")


def _convention(best: Fit) -> str:
    if best.name == "constant":
        return ""
    shift = f" {'+' if best.offset > 0 else '-'} {abs(best.offset)}" if best.offset else ""
    return f"; the row of step N has the rate of schedule(N{shift})"


def _peak(frame: Frame, column: str, best: Fit, said: Sequence[Setting]) -> Iterator[Finding]:
    peak = Fraction(best.parameters["lr_max"])
    stated = named(said, "peak")
    right = [one for one in stated if _near(one, [peak])]
    yield from _compare(frame, column, best, "the peak", stated, right, best.parameters["lr_max"])


def _warmup(frame: Frame, column: str, best: Fit, said: Sequence[Setting]) -> Iterator[Finding]:
    if "warmup" not in best.parameters:
        return
    warmup = int(best.parameters["warmup"])
    total = int(best.parameters.get("steps", 0))
    stated = named(said, "warmup")
    right = []
    for one in stated:
        value = one.given.middle if one.given else Fraction(0)
        share = Fraction(round(value * total)) if 0 < value < 1 else value
        if abs(share - warmup) <= 1 or abs(share - (warmup - best.offset)) <= 1:
            right.append(one)
    yield from _compare(frame, column, best, "the warm-up", stated, right, str(warmup))


def _horizon(frame: Frame, column: str, best: Fit, said: Sequence[Setting]) -> Iterator[Finding]:
    """Judges the end of the schedule; a setting of the decay itself goes before the length of the run."""
    if "steps" not in best.parameters:
        return
    steps, warmup = int(best.parameters["steps"]), int(best.parameters.get("warmup", 0))
    stated = named(said, "decay") or named(said, "steps")
    meant = [Fraction(steps), Fraction(steps - best.offset)]
    meant += [Fraction(steps - warmup)] if named(said, "decay") else []
    right = [one for one in stated if any(_near(one, [value], exact=True) for value in meant)]
    other = [one for one in said if "warmup" not in one.words and one.name not in _REACHED]
    if not right and any(_near(one, meant[:1], exact=True) for one in other):
        return
    yield from _compare(frame, column, best, "the horizon", stated, right, str(steps))


def _near(one: Setting, values: Sequence[Fraction], *, exact: bool = False) -> bool:
    if one.given is None:
        return False
    slack = Fraction(0) if exact else _CLOSE
    return any(one.given.lo - abs(v) * slack <= v <= one.given.hi + abs(v) * slack for v in values)


def _compare(
    frame: Frame,
    column: str,
    best: Fit,
    what: str,
    stated: Sequence[Setting],
    right: Sequence[Setting],
    found: str,
) -> Iterator[Finding]:
    """Makes a finding of each place that states a part of the schedule; several values beside settle none."""
    values = {one.given for one in stated}
    for one in right[:1] if right and len(values) > 2 else stated:
        holds = one in right
        yield Finding(
            outcome=Said.HOLDS if holds else Said.CONTRADICTION,
            rule=NAME,
            statement=f"{what} of {column} is {one.name} = {one.text}",
            stated=Figure(shown=one.text, place=one.place),
            found=Figure(
                shown=found, place=f"{frame.source}: every rate follows {best.call(step_of(frame) or 'step')}"
            ),
        )


def _trainer(scene: Scene, run: Run, frame: Frame, column: str, best: Fit) -> Iterator[Finding]:
    """Judges the step convention of a tool that has one: the rate of step N is schedule(N - 1)."""
    version = _transformers(scene, run)
    if version is None or not frame.source.endswith("trainer_state.json") or best.name == "constant":
        return
    if version[0] < _TRAINER or column != "learning_rate":
        return
    if best.offset == -1:
        yield Finding(
            outcome=Said.HOLDS,
            rule=NAME,
            statement=f"{frame.source}: step N has the rate of schedule(N - 1), as this trainer logs it",
        )
        return
    from harness.audit.closing import farthest

    row, value = farthest(frame, column, best.call("step", {}), shift=-1 - best.offset)
    yield Finding(
        outcome=Said.CONTRADICTION,
        rule=NAME,
        statement=f"{column} is off by the step convention: step N has the rate of schedule(N"
        f"{f' + {best.offset}' if best.offset else ''}), transformers {version[1]} logs schedule(N - 1)",
        stated=Figure(shown=str(frame.columns[column][row]), place=frame.places[row]),
        found=Figure(
            shown=f"{value:.6g}", place=f"{best.name} at the step before; version from {version[2]}"
        ),
        margin=f"off by {value - float(str(frame.columns[column][row])):.4g}",
    )


def _transformers(scene: Scene, run: Run) -> tuple[int, str, str] | None:
    """Returns the version of transformers that a configuration or a card of the run names, and where."""
    for one in run.settings:
        if one.name == "transformers_version" and one.text.split(".")[0].isdigit():
            return int(one.text.split(".")[0]), one.text, one.place
    for card in scene.cards:
        match = _VERSION.search(card.document.raw) if run in card.runs else None
        if match:
            return int(match[1]), match[0].split()[-1], card.document.place(match.start())
    return None
