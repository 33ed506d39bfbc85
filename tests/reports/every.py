"""A contract in which every status and severity occurs, with text that tries to break out of a report."""

NASTY = '<script>alert(1)</script> ]]> & "x" | 100% ::error'
EVERY = f"""
inputs:
  log: {{file: log.jsonl}}
  gone: {{file: gone.jsonl}}
criteria:
  HOLDS: {{claim: '{NASTY}', metric: loss, falls_by: 2}}
  FAILS: {{claim: The loss falls by three nats., metric: loss, falls_by: 3}}
  ROWS: {{claim: The loss never passes 4., rows: "loss <= 4"}}
  FEW: {{claim: One row will do., metric: loss, at_most: 9, min_rows: 50}}
  BROKEN: {{claim: A log that is not there., metric: loss, log: gone, at_most: 9}}
  LATER: {{claim: A kind of another version., compare: log}}
  FALSE:
    claim: It falls by four.
    severity: refuted
    reason: It falls by two and a half.
    metric: loss
    falls_by: 4
  TRUE:
    claim: It falls by one.
    severity: refuted
    reason: Somebody thought so.
    metric: loss
    falls_by: 1
  ASIDE: {{claim: It falls by five., severity: advisory, metric: loss, falls_by: 5}}
  OPEN: {{claim: It feels alive., severity: disclaimed}}
  SCALE: {{claim: At scale too., scale: {{steps: 1000}}, metric: loss, falls_by: 1}}
"""
PASSED = {"HOLDS", "FALSE"}
FAILED = {"FAILS", "ROWS", "FEW", "TRUE", "SCALE"}
ERRORS = {"BROKEN"}
SKIPPED = {"LATER", "ASIDE", "OPEN"}


def lay_out(bench):
    bench.log()
    bench.contract(EVERY)
    said = bench("check")
    assert said.code == 3, said.err
    return bench


def line_of(bench, text):
    lines = (bench.root / "contracts" / "demo.yaml").read_text().splitlines()
    (found,) = (number for number, line in enumerate(lines, start=1) if text in line)
    return found
