"""Makes the runs that obligations rest on, before they are discharged: trust first, then launch."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from harness.engine.load import Loaded
from harness.engine.project import Project
from harness.engine.sources import shipped
from harness.evidence.memo import Memo
from harness.model.problem import InputError
from harness.model.run import RunRecord
from harness.runs.claim import claim
from harness.runs.covering import uncovered
from harness.runs.identity import corpora_of
from harness.runs.plan import Plan, Progress, Show, plan
from harness.runs.store import RunStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What became of the runs: why some were not tried, which failed, and what a repetition showed.

    ``blocked`` maps contract and run to a reason; ``failed`` maps a run's identity (CONTRACT/RUN where its
    code is not there to identify it) to its error;
    ``repeated`` maps ``run#seed`` to whether training again left the same bytes; ``launched`` are the
    identities that were trained now.
    """

    blocked: Mapping[tuple[str, str], str] = field(default_factory=dict)
    failed: Mapping[str, InputError] = field(default_factory=dict)
    repeated: Mapping[str, bool] = field(default_factory=dict)
    launched: tuple[str, ...] = ()


def make_runs(  # noqa: PLR0913 - each is a port of its own
    project: Project,
    wanted: Iterable[tuple[Loaded, str]],
    memo: Memo,
    *,
    allow_code: bool,
    again: bool,
    show: Callable[[Progress], None],
    launcher: str = "",
    held: Mapping[tuple[str, str], str] = MappingProxyType({}),
    starting: Callable[[Iterable[str]], None] = lambda _: None,
) -> Made:
    """Launches the wanted runs (contract, run name) that are not finished, or all of them ``again``.

    Those ``held`` back, each for its reason, are blocked.

    A run of code that the project does not trust, and one whose device is not here, are blocked; a run
    that fails is reported and its obligations become errors. Interrupting keeps what finished. ``launcher``
    starts them all; without one each run's own choice does, then the project's. ``starting`` is told the
    identities of those that are about to be started.
    """
    planned = _plans(project, wanted, memo, held, allow_code=allow_code)
    plans, blocked, failed = planned.plans, planned.blocked, planned.failed
    store = RunStore(project.runs)
    _rescue(store, plans)
    known = {identity: _finished(store, identity) for identity in plans}
    damaged = {i: found for i, found in known.items() if isinstance(found, InputError) and not again}
    failed |= damaged
    plans = {identity: one for identity, one in plans.items() if identity not in damaged}
    before = {identity for identity in plans if again or known[identity] is None}
    unbuilt = _corpora(plans[identity] for identity in before)
    failed |= unbuilt
    plans = {identity: one for identity, one in plans.items() if identity not in unbuilt}
    before -= unbuilt.keys()
    starting(sorted(before))
    start = partial(_launch_all, show=show, launcher=launcher, default=project.launcher)
    results, repeated = _launch(list(plans.values()), store, start, again=again)
    for identity, result in results.items():
        if not isinstance(result, InputError):
            continue
        if result.reason == "NO_DEVICE":
            blocked |= dict.fromkeys(planned.owners[identity], str(result))
        else:
            failed[identity] = result
    launched = tuple(sorted(i for i in before if not isinstance(results[i], InputError)))
    return Made(blocked=blocked, failed=failed, repeated=repeated, launched=launched)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Planned:
    """The plans by identity with who wants each, and what is not to be tried or cannot be."""

    plans: dict[str, Plan] = field(default_factory=dict)
    owners: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    blocked: dict[tuple[str, str], str] = field(default_factory=dict)
    failed: dict[str, InputError] = field(default_factory=dict)


def _plans(
    project: Project,
    wanted: Iterable[tuple[Loaded, str]],
    memo: Memo,
    held: Mapping[tuple[str, str], str],
    *,
    allow_code: bool,
) -> _Planned:
    """Plans every seed of the wanted runs that may be made."""
    found = _Planned()
    for (_, name), loaded in {(one.contract.path, name): one for one, name in wanted}.items():
        run, owner = loaded.contract.runs[name], (loaded.contract.name, name)
        if not (allow_code or shipped(run) or project.trusts(loaded.contract.path)):
            found.blocked[owner] = "its code is not trusted: harness trust, or --allow-code, allows it"
            continue
        if owner in held:
            found.blocked[owner] = held[owner]
            continue
        try:
            planned = plan(name, run, project.root, lambda path: memo.sha256(os.fspath(path)))
        except InputError as error:
            found.failed["/".join(owner)] = error
            continue
        if missing := uncovered(run, project.root):
            refused = InputError(f"run {name}: {missing}", reason="RUN_FAILED")
            found.failed.update(dict.fromkeys((each.identity for each in planned), refused))
            continue
        for each in planned:
            found.plans.setdefault(each.identity, each)
            found.owners.setdefault(each.identity, []).append(owner)
    return found


def _launch_all(
    plans: list[Plan], store: RunStore, *, show: Show, launcher: str, default: str
) -> tuple[RunRecord | InputError, ...]:
    """Launches runs, where there are any: contracts without do not wait for what that imports."""
    if not plans:
        return ()
    from harness.runs.launch import launch_all

    return launch_all(plans, store, show=show, launcher=launcher, default=default)


def _launch(
    plans: list[Plan],
    store: RunStore,
    start: Callable[[list[Plan], RunStore], tuple[RunRecord | InputError, ...]],
    *,
    again: bool,
) -> tuple[dict[str, RunRecord | InputError], dict[str, bool]]:
    """Runs in the store, or ``again`` beside it so that the old outputs stay until the new ones are whole."""
    if not again or not plans:
        found = start(plans, store)
        return {p.identity: result for p, result in zip(plans, found, strict=True)}, {}
    beside = _beside(store)
    claimed = claim(beside.root.with_name("reruns.lock"), wait=True)  # one harness repeats at a time
    try:
        return _repeat(plans, store, beside, start)
    finally:
        if claimed is not None:
            claimed.release()


def _repeat(
    plans: list[Plan],
    store: RunStore,
    beside: RunStore,
    start: Callable[[list[Plan], RunStore], tuple[RunRecord | InputError, ...]],
) -> tuple[dict[str, RunRecord | InputError], dict[str, bool]]:
    """Trains every plan again and puts what finished in the place of what was there."""
    shutil.rmtree(beside.root, ignore_errors=True)
    results: dict[str, RunRecord | InputError] = {}
    repeated: dict[str, bool] = {}
    found = start(plans, beside)
    for each, result in zip(plans, found, strict=True):
        results[each.identity] = result
        if isinstance(result, InputError):
            continue
        before = _finished(store, each.identity)
        if isinstance(before, RunRecord):
            repeated[f"{each.name}#{each.seed}"] = _digests(before) == _digests(result)
        store.remove(each.identity)
        store.root.mkdir(parents=True, exist_ok=True)
        beside.folder(each.identity).rename(store.folder(each.identity))
    if not any(isinstance(result, InputError) for result in results.values()):
        shutil.rmtree(beside.root, ignore_errors=True)  # else it holds the logs of what failed
    return results, repeated


def _beside(store: RunStore) -> RunStore:
    """Returns the store in which runs are repeated."""
    return RunStore(store.root.parent / "reruns")


def _rescue(store: RunStore, identities: Iterable[str]) -> None:
    """Puts a repetition in place that was cut off between removing the old run and moving the new one."""
    beside = _beside(store)
    if not beside.root.is_dir():
        return
    for identity in identities:
        if _finished(store, identity) is None and isinstance(_finished(beside, identity), RunRecord):
            beside.folder(identity).rename(store.folder(identity))


def _corpora(plans: Iterable[Plan]) -> dict[str, InputError]:
    """Builds the corpora that plans read where they are not built; returns by identity what hinders one."""
    found: dict[str, InputError] = {}
    for each in plans:
        try:
            for name in corpora_of(each.run):
                from harness.corpora.build import ready

                ready(each.root, name)
        except InputError as error:
            found[each.identity] = InputError(f"run {each.name} seed {each.seed}: {error}", error.reason)
    return found


def _finished(store: RunStore, identity: str) -> RunRecord | InputError | None:
    """Returns the record of a finished run, None if there is none, or what is wrong with it."""
    try:
        return store.finished(identity)
    except InputError as error:
        return error


def _digests(record: RunRecord) -> dict[str, str]:
    return {output.name: output.sha256 for output in record.outputs}


def finished_runs(project: Project, identities: Iterable[str]) -> tuple[RunRecord, ...]:
    """Returns the records of those runs that have finished; one that is damaged has been told of."""
    found = (_finished(RunStore(project.runs), identity) for identity in identities)
    return tuple(record for record in found if isinstance(record, RunRecord))


def declared_runs(project: Project, loaded: Iterable[Loaded], memo: Memo) -> dict[str, str]:
    """Returns CONTRACT/RUN by the identity of each declared seed; runs whose code is not here have none."""
    found: dict[str, str] = {}
    for one in loaded:
        for name, run in one.contract.runs.items():
            try:
                plans = plan(name, run, project.root, lambda path: memo.sha256(os.fspath(path)))
            except InputError:
                continue
            found |= {each.identity: f"{one.contract.name}/{name}" for each in plans}
    return found
