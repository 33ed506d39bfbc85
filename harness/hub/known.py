"""The files of a release that evidence need not vouch for: small text by well-known names."""

from __future__ import annotations

import json
import re
from pathlib import Path

_SMALL = """
README.md LICENSE LICENSE.md LICENSE.txt LICENCE LICENCE.txt NOTICE NOTICE.txt USE_POLICY.md CITATION.cff
CHANGELOG.md config.json generation_config.json adapter_config.json preprocessor_config.json
processor_config.json tokenizer_config.json special_tokens_map.json added_tokens.json
model.safetensors.index.json model.sig
""".split()
_TOKENS = ["tokenizer.json", "vocab.json", "vocab.txt", "merges.txt", "chat_template.jinja"]
_MOST = dict.fromkeys(_SMALL, 4 << 20) | dict.fromkeys([*_TOKENS, "chat_template.json"], 64 << 20)
"""Bytes that each may have."""
_TEXT = (".md", ".txt", ".cff", ".rst", ".markdown", ".mdx", ".adoc", ".html", ".htm", ".tex")
_PROSE = [name for name in _SMALL if "." not in name]
_CODE = re.compile(
    r"\.(?:py[cdiowxz]?|pyz|ipynb|sh|bash|zsh|fish|ps1|psm1|bat|cmd|vbs|jar|class|js|mjs|cjs|ts|wasm|rb|pl|php|lua"
    r"|r|so(?:\.\d+)*|dll|dylib|exe|com|msi|app|deb|rpm|whl|egg|cu|cuh|ptx|cubin|c|cc|cpp|cxx|h|hpp|rs|go|pth)\Z",
    re.I,
)
_MAGIC = {
    b"\x7fELF": "a program (ELF)",
    b"MZ": "a program (PE)",
    b"\xfe\xed\xfa": "a program (Mach-O)",
    b"\xcf\xfa\xed\xfe": "a program (Mach-O)",
    b"\xce\xfa\xed\xfe": "a program (Mach-O)",
    b"\xca\xfe\xba\xbe": "a program (Mach-O or Java)",
    b"\0asm": "a program (WebAssembly)",
}


def prose(name: str) -> bool:
    """Tells whether a file is text that people read: what it says is held against the evidence."""
    return name in _PROSE or (name.lower().endswith(_TEXT) and name not in _TOKENS)


def code(name: str, path: Path) -> str:
    """Says why a file is code, or names code that is loaded with the model; empty where it does neither.

    No evidence vouches for code: what is known of its bytes does not say what they do when they are run.
    """
    if _CODE.search(name) or name.lower().rpartition("/")[2] in ("makefile", "dockerfile"):
        return "by its name it is code"
    with path.open("rb") as stream:
        head = stream.read(4)
    if name.endswith(".safetensors"):
        return ""  # its first bytes are a length, and its reader has held the rest against the format
    if head.removeprefix(b"\xef\xbb\xbf").startswith(b"#!"):
        return "it begins like a script (#!)"
    if found := next((what for magic, what in _MAGIC.items() if head.startswith(magic)), ""):
        return f"it begins like {found}"
    return _names_code(path) if name.lower().endswith(".json") else ""


def _names_code(path: Path) -> str:
    """Says that JSON names code, wherever in it; what cannot be read as JSON is taken at its word."""
    if path.stat().st_size > _MOST["tokenizer.json"]:
        return "it is JSON of more than 64 MiB, in which code that it names is not looked for"
    try:
        text = path.read_bytes().decode("utf-8-sig")
        named = _auto_map(json.loads(text))
    except (ValueError, RecursionError):
        return ""
    return "it names code that is loaded with the model (auto_map)" if named else ""


def _auto_map(told: object) -> bool:
    left = [told]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if any(key in one for key in ("auto_map", "custom_pipelines")):
                return True
            left += one.values()
        elif isinstance(one, list):
            left += one
    return False


def unknown(name: str, path: Path) -> str:
    """Says why a file needs evidence about its bytes; empty for small text by a known name, at the top."""
    most = _MOST.get(name)
    if most is None:
        return "it is no known text or configuration"
    with path.open("rb") as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        return f"it is larger than {most >> 20} MiB"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return "it is no UTF-8 text"
    if "\0" in text:
        return "it is no text"
    return _settings(text) if name.endswith(".json") else ""


def _settings(text: str) -> str:
    """Says why JSON is none."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "it is no JSON"
    return ""
