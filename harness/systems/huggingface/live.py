"""The model and the tokenizer of a checkpoint folder, in the process that asks them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from harness.model.behaviour import Live
from harness.model.predictor import Encoded
from harness.model.problem import InputError
from harness.systems.huggingface import OFFLINE
from harness.systems.huggingface.folder import TOKENIZER

UNBOUNDED = 1 << 20
_LENGTHS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "max_sequence_length")


def live(folder: Path, config: Mapping[str, Any]) -> Live:
    """Loads weights as float32, and the tokenizer; raises ``InputError`` for parts that do not fit together.

    A weight that the configuration asks for and the files lack would be drawn at random, so it is refused.
    """
    module = _module(folder)
    vocab = int(module.get_output_embeddings().weight.shape[0])
    encode = _encoder(folder, vocab)
    lengths = [config[name] for name in _LENGTHS if isinstance(config.get(name), int)]
    longest = min([length for length in lengths if length > 1], default=UNBOUNDED)
    return Live(module=module, logits=_logits, vocab=vocab, length=longest, divide=encode)


def _logits(module: Any, ids: Any, mask: Any = None) -> Any:
    """Returns logits without a cache; ``mask`` (batch, time) is 0 behind the end of a window."""
    return module(input_ids=ids, attention_mask=mask, use_cache=False).logits


def _module(folder: Path) -> torch.nn.Module:
    os.environ |= OFFLINE
    try:
        from transformers import AutoModelForCausalLM
        from transformers.utils import logging
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is not installed: pip install 'claims-harness[hf]'") from error
    quiet: Any = logging
    quiet.set_verbosity_error()
    quiet.disable_progress_bar()
    try:
        module, told = AutoModelForCausalLM.from_pretrained(
            str(folder),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            attn_implementation="eager",
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RuntimeError) as error:
        message = " ".join(str(error).split())[:300]
        raise InputError(f"the folder does not load: {type(error).__name__}: {message}") from error
    for what, names in (
        ("missing", told["missing_keys"]),
        ("of another shape", told["mismatched_keys"]),
        ("that the configuration has no place for", told["unexpected_keys"]),
    ):
        if names:
            first = sorted(map(str, names))[0]
            raise InputError(f"weights {what}: {first} ({len(names)} in all); this is another model")
    made: torch.nn.Module = module.eval()
    return made


def _encoder(folder: Path, vocab: int) -> Callable[[Sequence[str]], Sequence[Encoded]]:
    """Returns what divides texts; raises ``InputError`` for a tokenizer of symbols beyond the logits."""
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise InputError("tokenizers is not installed: pip install 'claims-harness[hf]'") from error
    try:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:
        if type(error) is Exception:  # what tokenizers raises
            raise InputError(f"{TOKENIZER} does not load: {error}") from error
        raise
    # A folder may keep the truncation and padding of its training, which would cut documents.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    unknown = _unknown(tokenizer)

    def encode(texts: Sequence[str]) -> Sequence[Encoded]:
        found = [
            _parted(text, told, unknown)
            for text, told in zip(texts, tokenizer.encode_batch(list(texts)), strict=True)
        ]
        largest = max((max(part.ids, default=0) for part in found), default=0)
        if largest >= vocab:
            raise InputError(
                f"{TOKENIZER} has symbol {largest}, the model {vocab}: another model's", "ILL_POSED"
            )
        return found

    return encode


def _unknown(tokenizer: Any) -> int:
    """Returns the number of the symbol for what has none, or -1."""
    named = getattr(tokenizer.model, "unk_token", None)
    found = (
        tokenizer.token_to_id(named) if isinstance(named, str) else getattr(tokenizer.model, "unk_id", None)
    )
    return found if isinstance(found, int) else -1


def _parted(text: str, told: Any, unknown: int) -> Encoded:
    """Returns one text's symbols; those that the tokenizer adds behind it are no part of it."""
    special = list(told.special_tokens_mask)
    lead = next((at for at, one in enumerate(special) if not one), len(special))
    end = len(special) - next((at for at, one in enumerate(reversed(special)) if not one), 0)
    end = max(end, lead)
    ids = list(told.ids)[:end]
    bytes_before = _bytes_before(text)
    sizes, reached = [0] * lead, 0
    for _, stop in list(told.offsets)[lead:end]:
        place = max(reached, bytes_before[min(stop, len(text))])
        sizes.append(place - reached)
        reached = place
    if len(sizes) > lead:
        sizes[-1] += bytes_before[-1] - reached
    return Encoded(ids=ids, sizes=sizes, lead=lead, unknown=sum(one == unknown for one in ids[lead:]))


def _bytes_before(text: str) -> Sequence[int]:
    """Returns how many bytes of UTF-8 stand before each character, and in all."""
    if text.isascii():
        return range(len(text) + 1)
    found = [0]
    for letter in text:
        found.append(found[-1] + len(letter.encode()))
    return found
