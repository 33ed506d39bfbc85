"""Figures of a training run by the part that they play: steps, tokens, devices, hours and their like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from harness.audit.masks import PERCENT, PLAIN, Mask, masks
from harness.audit.numbers import Number
from harness.audit.text import Document

_N = rf"(?P<n>{PLAIN})"
_STEPS = r"(?:training\s+|optimi[sz]er\s+|gradient\s+)?(?:steps|updates|iterations|iters)\b"
_WARM = r"warm(?:s|ed|ing)?[- ]?up"
_DEVICE = (
    r"(?:(?:NVIDIA|AMD|Nvidia)\s+)?(?:(?-i:[A-Z]){1,3}\d{2,4}\w*(?:-\w+)*\s+)?(?:GPUs?|TPUs?|devices"
    r"|accelerators)"
)
_IS = r"\s*(?:[:=]|\bis\b|\bof\b|\|)?\s*"
_PATTERNS: dict[str, tuple[str, ...]] = {
    "steps": (
        rf"{_N}\s+{_STEPS}(?!\s*(?:per|each|/|of warm))",
        rf"(?<![\w-])(?:max_|num_|total_|training_|train_)?steps{_IS}{_N}(?!\s*(?:tokens|seq))",
    ),
    "warmup": (
        rf"{_N}\s+{_WARM}\s+(?:steps|iters|updates)",
        rf"{_WARM}\w*\s+(?:over|for|of|in|during)\s+(?:the\s+first\s+)?{_N}\s+(?:steps|iters|updates)",
        rf"{PERCENT}\s+{_WARM}\w*\s*\(\s*{_N}\s+steps",
        rf"warmup_(?:steps|iters){_IS}{_N}",
    ),
    "step_tokens": (
        (rf"{_N}\s+(?:tokens|characters|chars)\s*(?:/|per|each|a)\s*(?:optimi[sz]er\s+)?(?:step|update|batch|"
        rf"iter\w*)\b"),
        rf"{_STEPS}\s+(?:of|at|with|×|x|\*)\s+{_N}\s+tokens\b",
        rf"batch(?:es|\s+size)?\s+(?:of|is|=|:)\s+{_N}\s+tokens\b",
        rf"sequences?\s+of\s+{PLAIN}\s+tokens\s*[,(=]\s*(?:i\.e\.\s*|or\s+)?{_N}\s+tokens",
        rf"(?<![×x*]\s){PLAIN}(?:\s+sequences?)?\s*[×x*]\s*{PLAIN}\s+tokens\s*(?:=|\()\s*{_N}(?:\s+tokens)?",
    ),
    "sequences": (
        rf"(?:processes|consumes|sees)\s+{_N}\s+sequences",
        rf"{_N}\s+(?:sequences|examples|samples|utterances|images)\s*(?:/|per)\s*(?:step|update|batch)\b",
        (rf"(?<!micro-)(?<!micro)\b[Bb]atch(?:es)?(?:\s+size)?\s+(?:of|is|hold|holds|has)\s+{_N}\s+(?:sequenc"
        rf"es|examples|samples|images)\b"),
                rf"(?:total_train_batch_size|global_batch_size|effective_batch_size){_IS}{_N}",
        rf"batch\s+(?:of\s+|size\s+)?{_N}\s*[×x*]\s*{PLAIN}\s+tokens",
        rf"\bso\s+{_N}\s+per\s+(?:update|step)\b",
        rf"\bbs\s*=?\s*{_N}",
    ),
    "length": (
        rf"batch\s+(?:of\s+|size\s+)?{PLAIN}\s*[×x*]\s*{_N}\s+tokens",
        rf"sequences?\s*(?:of|[×x*])\s*{_N}\s+(?:tokens|characters)",
        rf"(?:seq(?:uence)?[_ ]len(?:gth)?|context(?:[_ ](?:length|size|window))?|ctx|block_size){_IS}{_N}",
    ),
    "micro": (
        rf"micro-?batch\w*\s+(?:of|holds|has|is|size)\s+{_N}",
        rf"(?:per_device_train_batch_size|micro_batch_size|(?<![\w])train_batch_size){_IS}{_N}",
        rf"{_N}\s+(?:utterances|sequences|samples|examples|images)\s+(?:per|/|on each)\s*(?:GPU|device)",
    ),
    "accumulation": (
        rf"{_N}\s+(?:gradient[- ])?accumulation\s+steps",
        rf"gradient_accumulation(?:_steps)?{_IS}{_N}",
        rf"accumulat\w+\s+(?:over\s+)?{_N}\s+(?:steps|micro)",
    ),
    "devices": (
        rf"{_N}\s*[×x]?\s*{_DEVICE}\b(?!-?\s?hours)",
        rf"{_N}\s*[×x]?\s*(?:NVIDIA\s+)?(?-i:[A-Z]){{1,3}}\d{{2,4}}\w*\b(?!-?\s?hours)",
        rf"num_devices{_IS}{_N}",
    ),
    "tail_steps": (rf"(?:last|first|final)\s+{PERCENT}[^.()]{{0,25}}\(\s*{_N}\s+steps",),
    "tail_share": (rf"(?:last|first|final)\s+(?P<n>{PERCENT})[^.()]{{0,25}}\(\s*{PLAIN}\s+steps",),
    "nodes": (rf"{_N}\s+nodes\b",),
    "device_hours": (rf"{_N}\s+(?:[A-Z]\d{{2,4}}\w*[- ])?(?:GPU|TPU|device|accelerator)[- ]?hours",),
    "hours": (
        rf"(?:took|takes|lasted|for|in|ran|over)\s+(?:about\s+|roughly\s+|some\s+)?{_N}(?!\s*each)",
        rf"(?:wall|total|training time|duration){_IS}{_N}",
    ),
    "rate": (rf"{_N}\s+(?:tokens|tok|chars)\s*(?:/|per)\s*(?:s|sec|seconds?)\b(?!\s*(?:per|/))",),
    "rate_each": ((rf"{_N}\s+(?:(?:tokens|tok)\s*(?:/s\s+|per\s+second\s+)?)?(?:per|/)\s*(?:GPU|device|TPU)\b"
    ""),),
    "any_tokens": (rf"{_N}\s+(?:\w+\s+)?tokens\b(?!\s*(?:per|/|each|corpus|context|vocab))",),
    "corpus": (
        (rf"(?:corpus|dataset|data set|training set|train set)\s+(?:\w+\s+)?(?:holds|has|of|contains|is|with)"
        rf"\s+{_N}\s+tokens"),
        rf"{_N}[- ]tokens?\s+(?:corpus|dataset|data set)",
    ),
    "tokens": (
        (rf"(?:trained|train|saw|see|sees|seen|consumed|processed)\s+(?:\w+\s+){{0,4}}?{_N}\s+(?:training\s+)"
        rf"?tokens\b(?!\s*(?:per|/|each|corpus))"),
        rf"{_N}\s+tokens\s+(?:in\s+total|seen|in\s+all|overall|of training)",
        rf"(?:total|training)[_ ]tokens{_IS}{_N}",
        rf"{PLAIN}\s+tokens\s+(?:per|/)\s+step\s*(?:\(|=|—|–|,\s*i\.e\.)\s*{_N}\s+tokens",
        rf"[Tt]hat\s+is\s+{_N}\s+(?:chars|characters|tokens)\s+seen",
    ),
    "per_parameter": (
        rf"{_N}\s+per\s+(?:param\w*|weight)\b",
       rf"{_N}\s+tokens\s*(?:per|/)\s*(?:active\s+)?(?:param\w*|weight)",),
    "parameters": (
        rf"{_N}\s+(?:trainable\s+|model\s+|total\s+)?(?:parameters|params|weights)\b",
        rf"(?<![\w-])(?:parameters?|params){_IS}{_N}(?!\s*%)",
    ),
    "passes": (
        rf"(?:saw|seen|sees|passed over|went over)\s+(?:it|them|the\s+\w+)\s+{_N}\s+times",
        rf"(?:i\.e\.|is|are|or|about)\s+{_N}\s+(?:epochs|passes)\s+(?:over|of|through)",
    ),
    "epochs": (rf"(?<![\w])(?:num_)?(?:train_)?epochs{_IS}{_N}", rf"\bfor\s+{_N}\s+epochs\b"),
    "per_epoch": (
        rf"{_N}\s+(?:steps|updates|iterations)\s*(?:per|/|an|each)\s*epoch",
        rf"(?:one|an|each)\s+epoch\s+is\s+{_N}\s+(?:steps|updates)",
    ),
    "examples": (
        rf"{_N}\s+(?:training\s+)(?:examples|samples|sentences|images)\b",
        rf"{_N}\s+(?:utterances|training\s+utterances)(?!\s+per)",
    ),
    "layers": (rf"\b(?:is\s+an?|as\s+an?)\s+{_N}[- ]layer\b",),
    "layers_set": (rf"(?<![\w-])n_layers?{_IS}{_N}", rf"(?<![\w-])num_(?:hidden_)?layers{_IS}{_N}"),
    "width": (rf"{_N}[- ]dim\b", rf"\b(?:d_model|hidden[_ ]size|n_embd|model_dim|hidden_dim)\b{_IS}{_N}",),
    "heads": (
        rf"\b(?:n_head|n_heads|num_heads|num_attention_heads){_IS}{_N}",
        rf"{_N}\s+(?:attention\s+)?heads\b(?!\s*(?:per|each))",
    ),
    "head_width": (
        rf"\b(?:head dimension|head size){_IS}{_N}",
        rf"{_N}\s+dimensions?\s+(?:per|in each)\s+head",
        rf"heads\s*\(\s*(?:of\s+)?{_N}\s+(?:each|dims?\b|dimensions)",
        rf"head\s+size\s+(?:stays\s+at|remains|is)\s+{_N}",
    ),
    "head_key": (rf"\b(?:head_dim|d_head){_IS}{_N}",),
    "hidden": (rf"{_N}\s+hidden\s+units", rf"\b(?:intermediate_size|ffn_dim|d_ff|n_inner){_IS}{_N}"),
    "ratio": (rf"\bMLP\s+(?:ratio|expansion|mult\w*){_IS}{_N}", rf"\bmlp_ratio{_IS}{_N}"),
    "vocabulary": (rf"\bvocab\w*(?:[ _]size)?{_IS}{_N}", rf"{_N}\s+(?:vocabulary\s+)?entries\b"),
    "step_time": (
        rf"{_N}\s*(?:/|per)\s*(?:iter\w*|step|update)\b",
        rf"(?:ms|s)/(?:iter|step)\s*[:=]\s*{_N}",
    ),
    "total_time": (rf"{_N}\s+for\s+{PLAIN}\s+(?:steps|iters|updates)\b", (rf"\btotal(?:\s+of|\s*[:=])?\s+{_N}"
    ""),),
}  # fmt: skip
_SHARES: dict[str, tuple[str, ...]] = {
    "warmup_share": (rf"(?P<n>{PERCENT})(?!\s*{_WARM})",),
    "warmup_part": (rf"(?P<n>{PERCENT})\s+{_WARM}\w*\s*\(\s*{PLAIN}\s+steps",),
}
_COMPILED = {
    role: tuple(re.compile(p, re.I) for p in patterns) for role, patterns in (_PATTERNS | _SHARES).items()
}
_END = re.compile(r"(?<!\bi\.e)(?<!\be\.g)(?<!\bvs)[.!?;]\s")
_TIMED = frozenset({"hours", "step_time", "total_time"})
_RATED = re.compile(r"\b(?:tokens|tok|chars)\s*(?:/|per)\s*(?:s|sec|seconds?)\b", re.I)
_NOT_STEPS = re.compile(
    r"(?:[\ue002](?:\s+of\s+(?:the\s+)?(?:run|training|steps))?\s*\(|\b(?:last|first|every|each|after"
    r"|warm-?\s?up|over|at|by|per|accumulat\w+|within|only|next|about every)"
    r"(?:\s+the)?\s*)\Z",
    re.I,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """A figure in a role; ``block`` and ``sentence`` say where it stands, counted through the document."""

    role: str
    number: Number
    block: int
    sentence: int


@lru_cache(maxsize=8)
def mentions_of(document: Document) -> tuple[Mention, ...]:
    """Returns every figure whose words give it a role, in reading order."""
    found = []
    for block, sentence in enumerate(masks(document)):
        ends = [match.end() for match in _END.finditer(sentence.text)]
        for role, patterns in _COMPILED.items():
            for position, number in _matches(sentence, role, patterns):
                place = sum(end <= position for end in ends)
                found.append(
                    Mention(role=role, number=number, block=block, sentence=1000 * block + min(place, 999))
                )
    taken = {one.number.start for one in found if one.role == "step_tokens"}
    found = [one for one in found if one.role != "tokens" or one.number.start not in taken]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: one.number.start))


def _matches(sentence: Mask, role: str, patterns: tuple[re.Pattern[str], ...]) -> list[tuple[int, Number]]:
    found: dict[int, tuple[int, Number]] = {}
    for pattern in patterns:
        for match in pattern.finditer(sentence.text):
            number = sentence.number(match, "n")
            if (number.dimension == "seconds") is not (role in _TIMED) or number.dimension == "bytes":
                continue
            if role == "warmup_share" and not _of_warmup(sentence.text, match):
                continue
            if role == "rate_each" and not _of_rate(sentence.text, match):
                continue
            if role == "steps" and _NOT_STEPS.search(sentence.text[: match.start("n")][-24:]):
                continue
            found[number.start] = (match.start("n"), number)
    return list(found.values())


def _of_rate(text: str, match: re.Match[str]) -> bool:
    """Tells whether a figure per device is a speed: it says so, or its sentence gives one and no batch."""
    if re.search(r"/s\b|per\s+second", match[0]):
        return True
    start = max((end.end() for end in _END.finditer(text, 0, match.start())), default=0)
    stop = _END.search(text, match.end())
    sentence = text[start : stop.start() if stop else len(text)]
    return _RATED.search(sentence) is not None and not re.search(r"batch|sequences|examples", sentence, re.I)


def _of_warmup(text: str, match: re.Match[str]) -> bool:
    """Tells whether a percentage stands in brackets beside a warm-up, and so is its share of the run."""
    before, after = text[max(0, match.start() - 90) : match.start()], text[match.end() :]
    return (
        re.search(rf"{_WARM}[^.;]*\(\s*(?:about\s+)?\Z", before, re.I) is not None
        and re.match(r"\s*(?:\)|of\s+(?:the\s+)?(?:run|training|steps|total|all))", after) is not None
    )
