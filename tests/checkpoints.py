"""Real small checkpoint folders of the Hugging Face layout, trained in seconds for the tests.

In the text every word follows from the one two before it, nine times of ten: a bigram cannot see that.
"""

import json
import random
from pathlib import Path

WORDS = (
    "amber birch cedar delta ember fjord grove heath inlet jetty knoll ledge marsh north ocean plain".split()
)
BLOCK = 96


def document(seed: int, sentences: int = 7) -> str:
    """Returns one text; the number in each sentence keeps documents from sharing long runs by chance."""
    source = random.Random(seed)
    said = []
    for _ in range(sentences):
        words = source.choices(WORDS, k=2)
        while len(words) < 7:
            follows = WORDS[(WORDS.index(words[-2]) * 5 + 3) % len(WORDS)]
            words.append(follows if source.random() < 0.9 else source.choice(WORDS))
        said.append(f"{' '.join(words)} {source.randrange(1000, 10000)}.")
    return " ".join(said)


def documents(first: int, count: int) -> list[str]:
    return [document(first + at) for at in range(count)]


def lines(texts, field: str = "text") -> bytes:
    return "".join(json.dumps({field: text}) + "\n" for text in texts).encode()


def tokenizer(texts, *, start: bool = False):
    """Returns a byte-level BPE tokenizer trained on texts; with ``start`` it puts a symbol in front."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=400, initial_alphabet=alphabet, special_tokens=["<s>"], show_progress=False
        ),
    )
    if start:
        made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return made


def train(model, tokens, texts, steps: int, *, rate: float = 4e-3, log=None):
    """Trains on windows of all texts in a row; ``log`` gets a row a step, as the Trainer of transformers."""
    import torch
    from transformers import get_cosine_schedule_with_warmup

    ids = torch.cat([torch.tensor([*each.ids, 0]) for each in tokens.encode_batch(texts)])
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    schedule = get_cosine_schedule_with_warmup(optimizer, 10, steps) if log is not None else None
    generator = torch.Generator().manual_seed(0)
    model.train()
    for step in range(1, steps + 1):
        starts = torch.randint(0, len(ids) - BLOCK - 1, (8,), generator=generator).tolist()
        batch = torch.stack([ids[at : at + BLOCK + 1] for at in starts])
        logits = model(input_ids=batch[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.transpose(1, 2), batch[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        if schedule is not None:
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item()
            used = schedule.get_last_lr()[0]
            log.append({"step": step, "loss": loss.item(), "grad_norm": norm, "learning_rate": used})
        optimizer.step()
        if schedule is not None:
            schedule.step()
    return model.eval()


def gpt2(vocab: int, width: int = 48, layers: int = 2):
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    none = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    ends = {"bos_token_id": 0, "eos_token_id": 0}
    shape = {"n_positions": BLOCK, "n_embd": width, "n_layer": layers, "n_head": 4}
    return GPT2LMHeadModel(GPT2Config(vocab_size=vocab, **shape, **none, **ends))


def llama(vocab: int):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    ends = {"bos_token_id": 0, "eos_token_id": 0}
    config = LlamaConfig(
        vocab_size=vocab, max_position_embeddings=BLOCK, tie_word_embeddings=True, **shape, **ends
    )
    return LlamaForCausalLM(config)


def bert(vocab: int):
    """Returns a model whose attention goes both ways, which loads as a causal one nevertheless."""
    import torch
    from transformers import BertConfig, BertLMHeadModel

    torch.manual_seed(0)
    shape = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    none = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return BertLMHeadModel(BertConfig(vocab_size=vocab, max_position_embeddings=BLOCK, **shape, **none))


def save(model, tokens, folder: Path) -> Path:
    """Writes a folder as ``save_pretrained`` does, with ``tokenizer.json``."""
    model.save_pretrained(folder)
    tokens.save(str(folder / "tokenizer.json"))
    return folder
