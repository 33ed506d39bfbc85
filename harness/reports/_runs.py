"""Finished runs as a table."""

from __future__ import annotations

from harness.engine.running import Made
from harness.model.run import RunRecord
from harness.reports._out import clean


def runs_text(records: tuple[RunRecord, ...], made: Made) -> str:
    """Returns one line a finished run, then what failed or was not tried and why."""
    lines = [
        f"{'run':<14} {'seed':>6}  {'device':<6} {'steps':>7} {'parameters':>12} {'wall s':>8}  identity"
    ]
    lines += [
        f"{clean(r.run):<14} {r.seed:>6}  {r.device:<6} {r.steps:>7,} {r.parameters:>12,} {r.wall:>8.1f}  "
        f"{r.identity[:12]}" + ("  trained now" if r.identity in made.launched else "")
        for r in sorted(records, key=lambda r: (r.run, r.seed))
    ]
    lines += [f"repeated {key}: {'same' if same else 'other'} bytes" for key, same in made.repeated.items()]
    lines += [f"not tried: {name}/{run}: {clean(why)}" for (name, run), why in made.blocked.items()]
    for identity, error in made.failed.items():
        lines.append(f"failed: {clean(identity) if '/' in identity else identity[:12]}:")
        lines += [f"  {clean(line)}" for line in str(error).splitlines()]
    return "\n".join(lines)
