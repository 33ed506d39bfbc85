"""The published list of attacks is that of the tests that are run."""

import os
import subprocess
import sys

from workbench import REPOSITORY


def test_the_list_of_attacks_is_what_pytest_collects():
    done = subprocess.run(
        [sys.executable, "tests/attack_list.py"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    listed = (REPOSITORY / "docs/attacks.md").read_text(encoding="utf-8")
    assert listed == done.stdout, "write it again: python tests/attack_list.py > docs/attacks.md"
    assert int(listed.split(" cases")[0].rpartition("\n")[2]) >= 80
