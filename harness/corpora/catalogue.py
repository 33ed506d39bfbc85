"""The corpora that can be built, what each is made of, and the digests that every build must have."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from harness.model.problem import InputError

SPLITS = ("train.jsonl", "held_out.jsonl", "fresh.jsonl")
"""The files of every corpus: what is trained on, what is held out, and held-out documents to compare with."""
MANIFEST = "manifest.json"
PINNED = "pinned.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """A wheel by name and version, pinned by the SHA-256 of its file; ``top`` is its folder that counts."""

    package: str
    version: str
    sha256: str
    licence: str
    top: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """A corpus by name: what it is, and the wheels whose text it is cut from."""

    name: str
    about: str
    wheels: tuple[Wheel, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """What a file of a corpus must be: its digest, its bytes, its documents and the bytes of their text."""

    sha256: str
    bytes: int
    documents: int
    text: int


_BSD = "BSD-3-Clause"
SYMPY = Wheel(
    package="sympy",
    version="1.14.0",
    sha256="e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5",
    licence=_BSD,
    top="sympy",
)
NETWORKX = Wheel(
    package="networkx",
    version="3.6.1",
    sha256="d47fbf302e7d9cbbb9e2555a0d267983d2aa476bac30e90dfbe5669bd57f3762",
    licence=_BSD,
    top="networkx",
)
_PACKS = {
    "ja_JP": "f3fe9d9228f79fa5b289bb271564e106b75c21be79e7874a658ad2aa50901299",
    "ko_KR": "a7ca15848e6fc47ecf35e83a791e2ae9dd26bbfdbc8503567593f908f86c51f4",
    "ru_RU": "d294daf163b0df9bdd14012b574ff311f1f4a166524b38469e90e26eb2c380f6",
    "zh_CN": "47cdb0c41c6b066e795c867786c9c29fde527e2bf15aa6b3e9b2bab9929304b5",
}
PACKS = tuple(
    Wheel(
        package=f"jupyterlab-language-pack-{locale.replace('_', '-')}",
        version="4.5.post3",
        sha256=sha256,
        licence=_BSD,
        top=f"jupyterlab_language_pack_{locale}",
    )
    for locale, sha256 in _PACKS.items()
)
_CODE = (SYMPY, NETWORKX)
CORPORA: Mapping[str, Corpus] = MappingProxyType(
    {
        corpus.name: corpus
        for corpus in (
            Corpus(name="code-1x", about="Python functions, a quarter of code-4x", wheels=_CODE),
            Corpus(name="code-4x", about="Python functions", wheels=_CODE),
            Corpus(
                name="code-leak",
                about="code-1x with held-out documents among those that are trained on, on purpose",
                wheels=_CODE,
            ),
            Corpus(name="languages", about="messages in ko, en, zh, ru and ja", wheels=PACKS),
        )
    }
)


@cache
def pinned() -> Mapping[str, Mapping[str, Pinned]]:
    """Returns corpus to file to what it must be, as committed beside this module."""
    told = json.loads(Path(__file__).with_name(PINNED).read_bytes())
    return {name: {file: Pinned(**values) for file, values in files.items()} for name, files in told.items()}


def split(written: str) -> tuple[str, tuple[str, ...]]:
    """Returns the corpus and the files that ``code-1x`` or ``code-1x/train`` means; raises ``InputError``."""
    name, _, rest = written.partition("/")
    if name not in CORPORA:
        raise InputError(f"no corpus is called {name!r}: there are {', '.join(CORPORA)}", "MISSING_INPUT")
    if not rest:
        return name, SPLITS
    file = rest if rest.endswith(".jsonl") else f"{rest}.jsonl"
    if file not in SPLITS:
        raise InputError(f"corpus {name} has no file {rest!r}, but {', '.join(SPLITS)}", "MISSING_INPUT")
    return name, (file,)


def corpus_sha256(name: str) -> str:
    """Returns the digest of a corpus: of its lines ``sha256  file``, as ``sha256sum`` prints them."""
    lines = (f"{each.sha256}  {file}\n" for file, each in sorted(pinned()[name].items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def place(root: Path, name: str) -> Path:
    """Returns the folder of a corpus of the project at ``root``, built or not."""
    return root / ".harness" / "data" / name
