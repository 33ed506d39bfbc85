"""A model card against the log and the checkpoint of its contract, by the rules of the audit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from harness.audit.findings import Finding, Said
from harness.audit.text import Document
from harness.model.compared import Compared
from harness.model.kind import Context, Subject
from harness.model.values import InputName

HERE = PurePath()


def compared(
    context: Context, card: Document, log: InputName | None, checkpoint: InputName | None
) -> tuple[Compared, ...]:
    """Returns what each figure of a card is beside the inputs; those of which no input speaks are left out.

    What the card's own figures say of each other (perplexity and loss) comes after; it alone binds nothing.
    Raises ``InputError`` for an input that cannot be read.
    """
    files = context.subjects(checkpoint) if checkpoint is not None else ()
    found = (*_of_log(context, card, log, files), *_of_weights(card, files))
    bound = [
        one
        for one in map(_compared, found)
        if one.where.startswith(f"{card.name}:") or (one.agrees is None and card.name in one.statement)
    ]
    own = [_compared(one) for one in _of_itself(card)]
    return tuple(dict.fromkeys([*bound, *(one for one in own if bound or not one.agrees)]))


def _of_log(
    context: Context, card: Document, log: InputName | None, files: Sequence[Subject]
) -> Iterator[Finding]:
    """Yields what the log, and the settings beside the checkpoint, say of the card."""
    if log is None:
        return
    from harness.audit.files import Folder
    from harness.audit.run import across
    from harness.audit.scene import scene
    from harness.audit.settings import of_file

    configs = [Path(file.path) for file in files if file.name.endswith("config.json")]
    whole = scene(
        [Folder(path=HERE)],
        {HERE: context.frames(log)},
        {HERE: [setting for path in configs for setting in of_file(path)]},
        [(HERE, card)],
        own=True,
    )
    for rule in across():
        yield from rule.judge(whole)


def _of_weights(card: Document, files: Sequence[Subject]) -> Iterator[Finding]:
    from harness.audit import checkpoints

    paths = [Path(file.path) for file in files]
    shards = [path for path in paths if path.suffix == ".safetensors"]
    inside = [path for path in paths if shards and path.parent == shards[0].parent]
    if shards and all(path in inside for path in shards):
        kept = [path for path in inside if path in shards or path.name.endswith(".safetensors.index.json")]
        yield from checkpoints.judge(kept, [card])


def _of_itself(card: Document) -> Iterator[Finding]:
    from harness.audit.rules import closed, metrics

    yield from closed.judge(card)
    yield from metrics.judge(card)


def _compared(finding: Finding) -> Compared:
    stated, found = finding.stated, finding.found
    return Compared(
        statement=finding.statement,
        where=stated.place if stated else "",
        stated=stated.shown if stated else "",
        found=f"{found.shown} ({found.place})" if found else "",
        agrees=None if finding.outcome is Said.UNTRIED else finding.outcome is Said.HOLDS,
    )
