"""Runs made by the real tools, each trained once for all workers of the tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

SCRIPTS = Path(__file__).parent / "scripts"
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Returns a function from the name of a script to the folder that it made, trained on first use."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared

    def make(tool: str) -> Path:
        folder, done = shared / f"trained-{tool}", shared / f"trained-{tool}.done"
        with FileLock(shared / f"trained-{tool}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                ended = subprocess.run(
                    [sys.executable, SCRIPTS / f"{tool}.py", folder],
                    env={**os.environ, **QUIET},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert ended.returncode == 0, ended.stderr[-3000:]
                done.touch()
        return folder

    return make
