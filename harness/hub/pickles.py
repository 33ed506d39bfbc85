"""Files that may run code when they are loaded, told by their names and by their first bytes."""

from __future__ import annotations

import zipfile
from pathlib import Path

PICKLED = (".bin", ".ckpt", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth")


def pickled(path: Path) -> str:
    """Says why a file may run code when it is loaded; empty where nothing speaks for it."""
    if path.suffix.lower() in PICKLED:
        return f"{path.suffix.lower()} files may be pickles, which run code when they are loaded"
    with path.open("rb") as stream:
        head = stream.read(4)
    if len(head) > 1 and head[0] == 0x80 and 1 < head[1] <= 5 and path.suffix != ".safetensors":
        return "it begins like a pickle, which runs code when it is loaded"
    if head == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(path) as packed:
                inside = [name for name in packed.namelist() if name.endswith((".pkl", ".pickle"))]
        except zipfile.BadZipFile:
            return "it is a damaged archive"
        return f"it holds the pickle {inside[0]}" if inside else ""
    return ""
