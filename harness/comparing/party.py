"""One side of a comparison: the runs that lie at a path, each with its log, settings, seed and weights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.artifacts.digests import file_sha256
from harness.artifacts.safetensors_file import Tensor, read_shards
from harness.comparing.series import series
from harness.comparing.settings import is_seed, read_settings, same, seed_of
from harness.drafting.survey import survey
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Printed
from harness.runs import record as records
from harness.runs.store import RECORD

WEIGHTS = frozenset((".safetensors", ".bin", ".pt", ".pth", ".ckpt"))
_SEEDED = re.compile(r"(?:\A|[^a-z])(?:seed|s)[-_=]?(\d{1,10})(?![\d.]*[a-z0-9])", re.IGNORECASE)
_CARDS = ("README.md", "MODEL_CARD.md", "model_card.md", "card.md")
_BOOKS = frozenset((".jsonl", ".ndjson", ".csv", ".tsv", ".log"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One run, of one seed where that is known; ``told_by`` says who knows it.

    ``log`` is the path of its log and ``digest`` that of the log's bytes; ``others`` are further logs by
    name; ``weights`` maps the files of its checkpoints to their digests.
    """

    name: str
    frame: Frame | None = None
    others: Mapping[str, Frame] = field(default_factory=dict)
    log: str = ""
    digest: str = ""
    seed: str | None = None
    told_by: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """One side: its runs, and of a release the card and the tensors of its checkpoint.

    ``apart`` names the settings other than the seed in which the runs differ: their spread is then that of
    those settings too, and no noise of seeds.
    """

    name: str
    members: tuple[Member, ...]
    card: Path | None = None
    tensors: tuple[Tensor, ...] = ()
    apart: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def party(name: str) -> Party:
    """Reads one side: a log, a run's folder, or a folder with one run a seed; raises ``InputError``.

    Folders or logs directly inside are runs of several seeds only if each names its seed and no two the
    same: checkpoints of one run, which hold its log again and again, are not.
    """
    path = Path(name)
    remarks: list[str] = []
    found = [member for place in _places(path) for member in _member(place, path, remarks)]
    unlike = tuple(_apart(found))
    kept = sorted(_unrepeated(found, remarks), key=lambda one: (len(one.seed or ""), one.seed or ""))
    card, tensors = _release(path, remarks)
    if not card and not tensors and not any(one.frame is not None or one.weights for one in kept):
        why = f" ({remarks[0]})" if remarks else ""
        raise InputError(f"{name}: no log, no checkpoint and no card{why}", "MISSING_INPUT")
    return Party(
        name=name, members=tuple(kept), card=card, tensors=tensors, apart=unlike, remarks=tuple(remarks)
    )


def courses(one: Member) -> dict[str, dict[float, float]]:
    """Returns step to value of every metric of a run; those of a further log under its name."""
    found = series(one.frame) if one.frame is not None else {}
    for name, frame in one.others.items():
        found |= {f"{name}: {metric}": values for metric, values in series(frame).items()}
    return found


def _places(path: Path) -> list[Path]:
    """Returns the folders or logs of the seeds, or the path itself where it holds one run."""
    if not path.is_dir():
        return [path]
    inside = sorted(one for one in path.iterdir() if not one.name.startswith(".") and not one.is_symlink())
    logs = [one for one in inside if one.is_file() and one.suffix in _BOOKS]
    folders = [one for one in inside if one.is_dir() and _seed_at(one, path) is not None]
    for group in (logs, [] if logs else folders):
        seeds = [_seed_at(one, path) for one in group]
        if len(group) > 1 and None not in seeds and len(set(seeds)) == len(seeds):
            return group
    return [path]


def _seed_at(place: Path, root: Path) -> str | None:
    return _told(place, root, _files(place), []).seed if place.is_file() or _has_log(place) else None


def _has_log(folder: Path) -> bool:
    return any(one.suffix in _BOOKS or one.name == "trainer_state.json" for one in folder.rglob("*"))


def _member(place: Path, root: Path, remarks: list[str]) -> Iterator[Member]:
    """Yields the run at a place; a log in which several seeds stand is a run each."""
    found = survey(place)
    others = {log.path.name: log.frame for log in reversed(found.others)}
    others.pop(found.log.path.name if found.log else "", None)  # that of an earlier checkpoint
    remarks += [f"{place}: {remark}" for remark in found.remarks if not remark.startswith("another log")]
    files = _files(place)
    one = replace(
        _told(place, root, files, remarks),
        frame=found.log.frame if found.log else None,
        others=others,
        log=str(found.log.path) if found.log else "",
        digest=file_sha256(found.log.path) if found.log else "",
        weights={name: file_sha256(path) for name, path in files if path.suffix in WEIGHTS},
    )
    yield from _seeds(one)


def _told(place: Path, root: Path, files: Sequence[tuple[str, Path]], remarks: list[str]) -> Member:
    """Returns what is said of a run beside its log: settings, environment, and the seed with who says it."""
    settings = read_settings(files, remarks)
    environment: dict[str, str] = {}
    seed, told_by = seed_of(settings), "its settings"
    if place.is_dir() and (place / RECORD).is_file():
        record = records.parse((place / RECORD).read_bytes())
        seed, told_by = str(record.seed), "its record"
        settings |= {f"record: {key}": str(getattr(record, key)) for key in ("program", "code", "config")}
        environment = {"device": record.device, **record.libraries, **record.settings}
    elif seed is None and place != root:
        match = _SEEDED.search(place.stem if place.is_file() else place.name)
        seed, told_by = (match[1] if match else None), "its name"
    return Member(
        name=place.relative_to(root).as_posix() if place != root else place.name,
        seed=seed,
        told_by=told_by if seed is not None else "",
        settings=settings,
        environment=environment,
    )


def _files(place: Path) -> list[tuple[str, Path]]:
    if place.is_file():
        return [(place.name, place)] if place.suffix in WEIGHTS else []
    inside = (one for one in sorted(place.rglob("*")) if one.is_file() and not one.is_symlink())
    return [(one.relative_to(place).as_posix(), one) for one in inside]


def _seeds(one: Member) -> Iterator[Member]:
    """Splits a log that has a column of seeds."""
    cells = one.frame.columns.get("seed", ()) if one.frame else ()
    values = list(dict.fromkeys(str(cell) for cell in cells if isinstance(cell, Printed)))
    if one.frame is None or len(values) < 2:
        yield one
        return
    for value in values:
        rows = [row for row, cell in enumerate(cells) if str(cell) == value]
        frame = replace(
            one.frame,
            columns={name: tuple(column[row] for row in rows) for name, column in one.frame.columns.items()},
            places=tuple(one.frame.places[row] for row in rows),
            superseded=tuple(rows.index(row) for row in one.frame.superseded if row in set(rows)),
        )
        told = f"{one.name} seed {value}"
        yield replace(
            one, name=told, frame=frame, seed=value, told_by="its log", digest=f"{one.digest}:{value}"
        )


def _unrepeated(found: Sequence[Member], remarks: list[str]) -> list[Member]:
    """Leaves out runs whose log has the bytes of another one's: they are one run."""
    kept: dict[str, Member] = {}
    for one in found:
        key = one.digest or one.name
        if key in kept:
            remarks.append(f"{one.name} has the very log of {kept[key].name}: counted once")
        kept.setdefault(key, one)
    return list(kept.values())


def _apart(found: Sequence[Member]) -> Iterator[str]:
    names = dict.fromkeys(name for one in found for name in one.settings)
    for name in names:
        values = [one.settings.get(name, "") for one in found]
        if not is_seed(name) and not all(same(values[0], value) for value in values):
            yield name


def _release(path: Path, remarks: list[str]) -> tuple[Path | None, tuple[Tensor, ...]]:
    """Returns card and tensors: of a folder, of the checkpoint beside its log, or the file itself."""
    if path.is_file():
        card = path if path.suffix.lower() in (".md", ".markdown") else None
        return card, read_shards([path]) if path.suffix == ".safetensors" else ()
    card = next((path / name for name in _CARDS if (path / name).is_file()), None)
    inside = [one for one in sorted(path.iterdir()) if one.is_file() and not one.is_symlink()]
    if not any(one.suffix == ".safetensors" for one in inside):
        weights = survey(path).weights
        inside = [] if weights is None else [weights] if weights.is_file() else sorted(weights.iterdir())
    try:
        return card, read_shards([one for one in inside if one.suffix in (".safetensors", ".json")])
    except InputError as error:
        remarks.append(str(error))
        return card, ()
