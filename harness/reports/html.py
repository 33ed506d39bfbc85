"""The scoreboard as one self-contained HTML file: totals, every criterion's story, and the curves."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from harness import __version__
from harness.model.contract import Severity
from harness.reports._lines import closing, departed, judged, remark, rests, score, shown_status, tally
from harness.reports._out import clean
from harness.reports._pictures import picture
from harness.reports._style import STYLE
from harness.reports._svg import drawing
from harness.scoreboard.board import Board, ContractRow, CriterionRow, ObligationRow
from harness.scoreboard.fold import Status
from harness.scoreboard.told import CURVES, VERDICTS, Story, Told

READS = frozenset({VERDICTS, CURVES})
SHOWN = 5
"""How many witnesses of an obligation are shown unfolded."""
_MEANING = {
    "proved": "proved: settled by a solver for all values",
    "measured": "measured on runs that our own instrumentation watched",
    "checked": "checked: recomputed from bytes that their author could have written",
    "stated": "only stated",
}
_HUES = {
    Status.DISCHARGED: "good",
    Status.PARTIAL: "warn",
    Status.FALSIFIED: "bad",
    Status.ERROR: "tool",
    Status.INCONCLUSIVE: "warn",
    Status.STALE: "old",
    Status.UNTRIED: "none",
}


def render(board: Board, told: Told) -> str:
    """Returns one page without scripts, fonts or anything else from elsewhere."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Training claims</title><style>{STYLE}</style></head><body>",
        f'<header><h1>Training claims</h1><p class="dim">{_text(closing(board))}</p>',
        f"{_bar(board)}</header>",
        *_damage(board),
        *(_overview(row) for row in board.contracts),
        *(part for row in board.contracts for part in _contract(row, told)),
        f"<footer>{_footer(told)}</footer></body></html>",
    ]
    return "\n".join(parts)


def _text(value: str) -> str:
    return escape(clean(value))


def _anchor(contract: str, criterion: str) -> str:
    return escape(f"{contract}-{criterion}")


def _word(row: CriterionRow) -> str:
    status = shown_status(row)
    mark = ' <span class="word STALE">AMENDED AFTER EVIDENCE</span>' if row.amended else ""
    mark += ' <span class="word PARTIAL">WAIVED</span>' if row.waived else ""
    return f'<span class="word {status.split()[0]}">{_text(status)}</span>{mark}'


def _bar(board: Board) -> str:
    spans = [
        f'<span style="flex:{board.totals[status.value]};background:var(--{_HUES[status]})" '
        f'title="{board.totals[status.value]} {status}"></span>'
        for status in Status
        if board.totals[status.value]
    ]
    return f'<div class="bar">{"".join(spans)}</div>'


def _damage(board: Board) -> Iterator[str]:
    if board.gone or board.let_go:
        rows = "".join(f"<li>{_text(told)}</li>" for told in departed(board))
        yield f'<section class="finding"><h3>Contracts that are gone</h3><ul>{rows}</ul></section>'
    if board.problems:
        rows = "".join(f"<li>{_text(problem)}</li>" for problem in board.problems)
        yield f'<section class="finding"><h3>Evidence that does not count</h3><ul>{rows}</ul></section>'


def _overview(row: ContractRow) -> str:
    lines = [_line(row, item) for item in row.criteria]
    lines += [
        f'<tr><td>clause {_text(anchor)}</td><td class="word UNTRIED">UNTRIED</td><td></td>'
        "<td>no criterion covers it</td></tr>"
        for anchor in row.untried
    ]
    lines += [
        f'<tr><td>{_text(name)}</td><td class="word STALE">REMOVED</td><td></td><td>{_text(why)}</td></tr>'
        for name, why in row.removed.items()
    ]
    spec = f" · spec {_text(row.spec)}" if row.spec else ""
    return (
        f'<h2>{_text(row.name)} <span class="word {row.status}">{row.status}</span></h2>'
        f'<p class="dim">{_text(row.subject)} · {_text(tally(row))}{spec}</p>'
        "<table><thead><tr><th>criterion<th>status<th>rests on<th>judged<th>mutation score</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _line(contract: ContractRow, row: CriterionRow) -> str:
    severity = "" if row.severity is Severity.REQUIRED else f' <span class="dim">{row.severity}</span>'
    return (
        f'<tr><td><a href="#{_anchor(contract.name, row.id)}">{_text(row.id)}</a>{severity}</td>'
        f"<td>{_word(row)}</td><td>{_text(rests(row))}</td><td>{_text(judged(row))}</td>"
        f"<td>{_text(score(row))}</td></tr>"
    )


def _contract(row: ContractRow, told: Told) -> Iterator[str]:
    yield f"<h2>{_text(row.name)}, criterion by criterion</h2>"
    for item in row.criteria:
        finding = "" if item.as_demanded else ' class="finding"'
        note = remark(item)
        yield (
            f'<section{finding} id="{_anchor(row.name, item.id)}"><header>'
            f'<h3>{_text(item.id)} <span class="dim">{item.severity}</span></h3>{_word(item)}</header>'
            f'<p class="claim">{_text(item.claim)}</p>'
            f'<p class="dim"><span class="mono">{_text(row.path)}:{item.line}</span>'
            f"{f' · clause {_text(item.clause)}' if item.clause else ''}</p>"
            f"{f'<p>{_text(note)}</p>' if note else ''}"
            f"{''.join(_obligation(each, told) for each in item.obligations)}</section>"
        )


def _obligation(item: ObligationRow, told: Told) -> str:
    head = (
        f'<p><b>{_text(item.kind)}</b> <span class="dim mono">{item.digest[:12]}, line {item.line}</span> '
        f'<span class="word {item.status}">{item.status}</span></p>'
    )
    story = told.stories.get(item.path)
    if story is None:
        why = item.note or item.needs or "no evidence"
        return f'<div class="obligation">{head}<p class="dim">{_text(why)}</p></div>'
    drawn = told.curves.get(item.path, ())
    figures = "".join(drawing(curve, ringed=place == 0) for place, curve in enumerate(drawn))
    figures += "".join(map(picture, told.pictures.get(item.path, ())))
    return f'<div class="obligation">{head}{_facts(item, story)}{_witnesses(story)}{figures}</div>'


def _facts(item: ObligationRow, story: Story) -> str:
    verdict = story.verdict
    pairs = [
        ("reason", verdict.reason.value if verdict.reason else ""),
        ("threshold", verdict.threshold or ""),
        ("measured", verdict.measured or ""),
        ("margin", verdict.margin or ""),
        ("judged", str(verdict.denominator)),
        ("detail", verdict.detail),
        ("rests on", _MEANING[verdict.basis] if verdict.reason is None else ""),
        ("bytes", ", ".join(f"{m.name} (sha256 {m.sha256[:12]}…)" for m in story.materials)),
        ("runs", "; ".join(_runs(story))),
        ("note", "bound to the run's identity only: its outputs are not here" if item.identity_only else ""),
        ("evidence", f"{item.path}, {story.finished}"),
    ]
    code = ("threshold", "evidence")
    return _listed(
        "facts",
        [
            (name, f"<code>{_text(text)}</code>" if name in code else _text(text))
            for name, text in pairs
            if text
        ],
    )


def _runs(story: Story) -> list[str]:
    return [
        f"{pin.run} seed {pin.seed} on {pin.device}, {pin.steps:,} steps, {pin.parameters:,} parameters"
        for pin in story.runs
    ]


def _witnesses(story: Story) -> str:
    rows = [
        ("witness", f"{_text(w.where)}: {_text(w.found)}; claimed {_text(w.expected)}")
        for w in story.verdict.witnesses
    ]
    if len(rows) <= SHOWN + 1:
        return _listed("witness", rows) if rows else ""
    rest = _listed("witness", rows[SHOWN:])
    more = f"<details><summary>{len(rows) - SHOWN} more witnesses</summary>{rest}</details>"
    return _listed("witness", rows[:SHOWN]) + more


def _listed(name: str, rows: list[tuple[str, str]]) -> str:
    body = "".join(f"<dt>{label}</dt><dd>{text}</dd>" for label, text in rows)
    return f'<dl class="{name}">{body}</dl>'


def _footer(told: Told) -> str:
    latest = max((story.finished for story in told.stories.values()), default="")
    when = f" Latest evidence {_text(latest)}." if latest else ""
    drawn = bool(told.curves)
    rings = (
        " Rings and upright lines mark the first 20 points where a claim fails, dashes its limits."
        if drawn
        else ""
    )
    return f"Computed from evidence by harness {__version__}.{when}{rings}"
