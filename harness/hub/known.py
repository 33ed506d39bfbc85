"""The files of a release that evidence need not vouch for: small text by well-known names."""

from __future__ import annotations

import json
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
    """Says why JSON is none, or names code that is loaded with the model."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return "it is no JSON"
    if isinstance(told, dict) and "auto_map" in told:
        return "it names code that is loaded with the model (auto_map)"
    return ""
