"""The scoreboard as one small SVG badge: how many required criteria are discharged."""

from __future__ import annotations

from harness.scoreboard.board import Board
from harness.scoreboard.fold import Status
from harness.scoreboard.gate import Exit, exit_code

LABEL = "training claims"
GREEN, RED, AMBER, GREY = "#2f7d32", "#b3261e", "#8a6100", "#5f6368"
_NARROW, _WIDE = frozenset("filjrt.,:;'|! "), frozenset("mwMW%")


def render(board: Board) -> str:
    """Returns a badge of 20 pixels in height; green only where a check would end with 0."""
    text, colour = message(board)
    left, right = _width(LABEL), _width(text)
    total, title = left + right, f"{LABEL}: {text}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="20" role="img" '
        f'aria-label="{title}"><title>{title}</title>'
        f'<rect rx="3" width="{total}" height="20" fill="{colour}"/>'
        f'<path d="M3 0h{left - 3}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#444"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left / 2:g}" y="14" textLength="{left - 12}">{LABEL}</text>'
        f'<text x="{left + right / 2:g}" y="14" textLength="{right - 12}">{text}</text></g></svg>'
    )


def message(board: Board) -> tuple[str, str]:
    """Returns what the badge says and its colour."""
    count, code = board.totals, exit_code(board)
    done, required = count[Status.DISCHARGED.value], count["required"]
    if code is Exit.NOTHING:
        return "nothing tried", GREY
    if board.problems:
        return "evidence damaged", RED
    falsified = count[Status.FALSIFIED.value]
    text = f"{done} of {required} discharged"
    if falsified:
        return f"{text}, {falsified} falsified", RED
    if count["refuted_not_found"] or code is Exit.FAILED:
        return text, RED
    if count["amended"]:
        return f"{text}, {count['amended']} amended", AMBER
    return text, GREEN if code is Exit.DISCHARGED else AMBER


def _width(text: str) -> int:
    """Estimates the pixels of a text at 11 points, with 6 of padding on either side."""
    return 12 + round(sum(3.9 if c in _NARROW else 10 if c in _WIDE else 6.9 for c in text))
