"""Trainers that crash, hang, print nonsense or fill the disk: their obligation says so, the others go on."""

import subprocess
import sys
import time

import pytest

HEAD = """
import json, os, sys, time
out = os.environ["HARNESS_OUTPUT"]
trace = open(out + "/trace.jsonl", "w", buffering=1)
print("warming up", flush=True)
for step in range(6):
    trace.write(json.dumps({"step": step, "loss": 9.0 - step}) + "\\n")
"""
CONTRACT = """
inputs:
  bad: {{run: troubled, output: trace}}
  good: {{run: sound, output: trace}}
runs:
  troubled: {{command: ["{python}", troubled.py], code: [troubled.py], device: cpu, limit: 3}}
  sound: {{command: ["{python}", sound.py], code: [sound.py], device: cpu}}
criteria:
  BAD: {{claim: It falls., metric: loss, log: bad, falls_by: 3}}
  GOOD: {{claim: It falls too., metric: loss, log: good, falls_by: 3}}
"""


@pytest.fixture
def troubled(bench):
    def lay_out(trouble):
        bench.write("sound.py", HEAD)
        bench.write("troubled.py", HEAD + trouble)
        bench.contract(CONTRACT.format(python=sys.executable))
        return bench

    return lay_out


@pytest.mark.parametrize(
    ("trouble", "status", "said"),
    [
        ("raise ValueError('the loss exploded')", "ERROR", "ValueError: the loss exploded"),
        (
            "print('cuda error 700', flush=True); os._exit(134)",
            "ERROR",
            "cuda error 700 (after: warming up)",
        ),
        ("os.kill(os.getpid(), 11)", "ERROR", "the command ended by signal 11: warming up"),
        ("print('waiting', flush=True); time.sleep(99)", "ERROR", "after 3 s: waiting (after: warming up)"),
        ('trace.write(\'{"step": 6, "lo\')', "INCONCLUSIVE", ""),
        ('trace.write(\'{"step": 6, "loss": NaN}\\n\')', "INCONCLUSIVE", ""),
        ("os.remove(out + '/trace.jsonl')", "ERROR", "the run left no output: warming up"),
        ("os.symlink('/etc/passwd', out + '/x')", "ERROR", "is a symbolic link"),
        ("open('/dev/full', 'w').write('x' * 99999)", "ERROR", "No space left on device"),
    ],
    ids=["raises", "exits", "crashes", "hangs", "half-line", "NaN", "nothing", "link", "full"],
)
def test_trouble_is_told_with_the_last_lines_and_the_others_go_on(troubled, trouble, status, said):
    bench = troubled(trouble)
    started = time.monotonic()
    done = bench("check", "--allow-code")
    assert time.monotonic() - started < 30
    assert done.code in (1, 3)
    assert bench.statuses() == {"demo/BAD": status, "demo/GOOD": "DISCHARGED"}
    row = bench.rows()["demo/BAD"]
    assert said in row["missing"], row["missing"]
    assert "Traceback" not in row["missing"]


FULL = """
set -e
mkdir -p .harness
mount -t tmpfs -o size=3m none .harness
"$0" -m harness check --allow-code || test $? -eq 3
"""


def test_a_trainer_that_fills_a_small_disk_leaves_room_for_the_others(troubled):
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("a file system of its own takes the right to mount")
    bench = troubled("for n in range(99): open(f'{out}/{n}', 'wb', 0).write(bytes(1 << 18))\n")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", FULL, sys.executable],
        cwd=bench.root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    statuses = bench.statuses()  # read where the small disk is not mounted: the runs themselves are gone
    assert statuses == {"demo/BAD": "ERROR", "demo/GOOD": "DISCHARGED"}
    assert "No space left" in bench.rows()["demo/BAD"]["missing"]
