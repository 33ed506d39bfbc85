"""What docs/replay.md prints works as it stands: the sample records itself, and its contract holds."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from workbench import REPOSITORY

from harness.transcript import sample

GUIDE = (REPOSITORY / "docs" / "replay.md").read_text()


def test_the_sample_records_itself_and_the_printed_contract_holds(bench):
    shutil.copy(Path(sample.__file__), bench.root / "sample.py")
    command = [sys.executable, "sample.py", "out/transcript", "fixed before the run"]
    subprocess.run(command, check=True, cwd=bench.root)
    bench.write("contracts/replay.yaml", re.search(r"```yaml\n(.*?)```", GUIDE, re.S)[1])
    said = bench("check", "--allow-code")
    assert said.code == 0, said.out + said.err
    assert "12 of 12 drawn steps" in said.out
    bench.edit("sample.py", "lr: float = 0.01,", "lr: float = 0.01001,")
    said = bench("check", "--allow-code")
    assert said.code == 1
    assert "FALSIFIED" in said.out


def test_every_name_of_the_guide_exists():
    for path in re.findall(r"`((?:harness|contracts|specs|benchmarks)/[\w./]+\.(?:py|yaml|txt))`", GUIDE):
        assert (REPOSITORY / path).is_file(), path
