"""What every form of the scoreboard says in words: status words, denominators, the closing line."""

from __future__ import annotations

from harness.model.contract import Severity
from harness.reports._out import clean, some
from harness.scoreboard.board import Board, ContractRow, CriterionRow
from harness.scoreboard.fold import Status


def shown_status(row: CriterionRow) -> str:
    """Words a criterion's status; for a refuted one, whether the falsehood was found."""
    if row.severity is Severity.REFUTED:
        return "FOUND FALSE" if row.status is Status.FALSIFIED else f"NOT FOUND FALSE ({row.status})"
    return row.status.value


def judged(row: CriterionRow) -> str:
    """Words what the criterion's evidence judged, one denominator an obligation."""
    found = dict.fromkeys(item.record.denominator for item in row.obligations if item.record)
    text = "; ".join(found)
    only = any(item.identity_only for item in row.obligations)
    seen = min((item.seen for item in row.obligations if item.seen), default="")
    return f"{text}{' [identity-only]' if only else ''}{f' [remote, seen {seen}]' if seen else ''}"


def rests(row: CriterionRow) -> str:
    """Words what a criterion rests on: each basis, and by how many provers its closed claims are proved."""
    several = row.engines is not None and row.engines > 1
    return ", ".join(f"{b} by {row.engines}" if b == "proved" and several else b for b in row.bases)


def score(row: CriterionRow) -> str:
    """Words the mutation score: ``33/35 mutants``, or nothing where none was tried."""
    return f"{row.mutation[0]}/{row.mutation[1]} mutants" if row.mutation else ""


def remark(row: CriterionRow) -> str:
    """Words that it was amended, waived or picked, and what is missing or why it is held false."""
    parts = (row.amended, row.waived, row.picked, row.missing or (row.reason or ""))
    return clean("; ".join(part for part in parts if part))


def gone(row: ContractRow) -> list[str]:
    """Words the criteria that were removed after verdicts against them, a line each."""
    return [clean(f"{name}: {why}") for name, why in row.removed.items()]


def departed(board: Board) -> list[str]:
    """Words what the last verdicts against contracts were that are not there any more, a line each."""
    return [clean(f"{name}: {why}") for name, why in {**board.gone, **board.let_go}.items()]


def tally(row: ContractRow) -> str:
    """Words a contract's required criteria, and its known falsehoods."""
    total = row.count(Severity.REQUIRED)
    done = row.count(Severity.REQUIRED, Status.DISCHARGED)
    share = f" ({100 * done // total} %)" if total else ""
    text = f"{done} of {total} required discharged{share}"
    refuted = row.count(Severity.REFUTED)
    if refuted:
        found = row.count(Severity.REFUTED, Status.FALSIFIED)
        text += f", {found} of {refuted} refuted found false"
    return text


def closing(board: Board) -> str:
    """Words the totals of the whole scoreboard."""
    count = board.totals
    required, done = count["required"], count[Status.DISCHARGED.value]
    rest = ", ".join(
        f"{count[status.value]} {status.value}"
        for status in Status
        if status is not Status.DISCHARGED and count[status.value]
    )
    share = f" ({100 * done // required} %)" if required else ""
    refuted = count["refuted_found"] + count["refuted_not_found"]
    parts = [
        f"{some(count['contracts'], 'contract')}, {some(count['obligations'], 'obligation')}",
        f"required criteria: {done} of {required} DISCHARGED{share}" + (f", {rest}" if rest else ""),
    ]
    if refuted:
        parts.append(f"refuted claims: {count['refuted_found']} of {refuted} found false")
    if count["amended"]:
        parts.append(f"{count['amended']} AMENDED AFTER EVIDENCE")
    if count["advisory"] or count["disclaimed"]:
        parts.append(f"{count['advisory']} advisory, {count['disclaimed']} disclaimed")
    return " · ".join(parts)
