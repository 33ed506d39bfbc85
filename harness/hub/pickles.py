"""Files that may run code when they are loaded: told by name, by content, and by a well-kept scanner."""

from __future__ import annotations

import pickletools
import re
import zipfile
from pathlib import Path

from harness.model.problem import InputError

PICKLED = (
    *(".bin", ".ckpt", ".dill", ".h5", ".hdf5", ".joblib", ".keras", ".mar", ".nemo", ".npy", ".npz"),
    *(".pickle", ".pkl", ".pt", ".pt2", ".pth", ".ptl", ".skops"),
)
"""Suffixes of files from which loaders unpickle, or run what a layer says."""
LOOKED_AT = 1 << 20
"""Bytes at the beginning of a file in which a pickle is looked for."""
_CALLS = {"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"}
_NAMES = {"GLOBAL", "STACK_GLOBAL", "INST"}
_DOTTED = re.compile(r"[A-Za-z_][\w.]* [A-Za-z_][\w.]*\Z")


def pickled(path: Path) -> str:
    """Says why a file may run code when it is loaded; empty where nothing speaks for it."""
    if path.suffix.lower() in PICKLED:
        return f"{path.suffix.lower()} files may be pickles, which run code when they are loaded"
    if path.suffix == ".safetensors":
        return ""  # its reader has held every byte of it against the format
    with path.open("rb") as stream:
        head = stream.read(LOOKED_AT)
    if len(head) > 1 and head[0] == 0x80 and 1 < head[1] <= 5:
        return "it begins like a pickle, which runs code when it is loaded"
    if _calls(head):
        return "it is a pickle of an old protocol, which runs code when it is loaded"
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as packed:
                inside = [name for name in packed.namelist() if name.lower().endswith((".pkl", ".pickle"))]
        except (zipfile.BadZipFile, OSError, ValueError):
            return "it is a damaged archive"
        return f"it holds the pickle {inside[0]}" if inside else ""
    return ""


def _calls(head: bytes) -> bool:
    """Tells whether bytes read as a pickle name something and call it with something; an error ends it.

    Protocols 0 and 1 have no mark at their beginning, and a loader runs what comes before an error.
    """
    named = given = False
    try:
        for opcode, argument, _ in pickletools.genops(head):
            if opcode.name in _NAMES:
                named = named or opcode.name == "STACK_GLOBAL" or bool(_DOTTED.match(str(argument)))
            given = given or opcode.name == "INST" or "TUPLE" in opcode.name or "DICT" in opcode.name
            if named and given and opcode.name in _CALLS:
                return True
    except (ValueError, IndexError, UnicodeDecodeError, OverflowError, MemoryError, TypeError):
        return False
    return False


def scanned(path: Path) -> str:
    """Says why a scanner does not find a pickle harmless; empty if it does.

    Only what picklescan knows to be innocuous passes: what it merely suspects, could not read, or found
    nothing to scan in is refused. Raises ``InputError`` where it is not installed.
    """
    try:
        from picklescan.scanner import SafetyLevel, scan_file_path
    except ImportError:
        raise InputError("pickles are scanned by picklescan: pip install 'claims-harness[hub]'") from None
    try:
        found = scan_file_path(str(path))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        return f"picklescan could not read it: {type(error).__name__}"
    bad = [one for one in found.globals if one.safety is not SafetyLevel.Innocuous]
    if bad:
        return f"picklescan: it calls {bad[0].module}.{bad[0].name}, which is {bad[0].safety.value}"
    if found.scan_err or not found.scanned_files or not _ends(path):
        return "picklescan could not read it whole"
    return ""


def _ends(path: Path) -> bool:
    """Tells whether a bare pickle can be read to its end, which the scanner does not say."""
    with path.open("rb") as stream:
        if stream.read(1) != b"\x80":
            return True
        stream.seek(0)
        try:
            return any(opcode.name == "STOP" for opcode, _, _ in pickletools.genops(stream))
        except (ValueError, IndexError, UnicodeDecodeError, OverflowError, MemoryError, TypeError):
            return False
