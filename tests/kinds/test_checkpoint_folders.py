"""A real checkpoint folder, trained here, tried by what reads it: clean, and with a fault planted in it."""

import json
import math
import shutil
import tempfile
from pathlib import Path

import checkpoints
import numpy as np
import pytest
import torch
from judging import judge

from harness.artifacts.texts import Layout
from harness.engine.subjects import checkpoint_folders, opened
from harness.kinds._tokens import cut, foretold
from harness.model.outcome import Outcome, Reason
from harness.model.problem import InputError
from harness.runs.bench_tokens import CheckpointFolder
from harness.systems.huggingface.folder import inspect, lay_out, recognised

TRAIN, HELD, FRESH = (
    checkpoints.documents(first, count) for first, count in ((0, 300), (5000, 80), (9000, 80))
)
SPLITS = {
    "data/train.jsonl": checkpoints.lines(TRAIN),
    "data/val.jsonl": checkpoints.lines(HELD),
    "data/fresh.jsonl": checkpoints.lines(FRESH),
}
SHORT = """
subject: out/model
data: {{train: data/train.jsonl, held_out: data/val.jsonl, fresh: data/fresh.jsonl}}
criteria:
  A: {{{line}}}
"""
DESCENT = "descent: held_out, beats: [unigram, bigram], length: 64"


@pytest.fixture(scope="module")
def symbols():
    return checkpoints.tokenizer(TRAIN, start=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, symbols):
    torch.set_num_threads(1)
    log = []
    model = checkpoints.train(checkpoints.llama(symbols.get_vocab_size()), symbols, TRAIN, 110, log=log)
    folder = checkpoints.save(model, symbols, tmp_path_factory.mktemp("trained") / "model")
    state = {"global_step": 110, "log_history": log}
    (folder / "trainer_state.json").write_text(json.dumps(state))
    return folder


@pytest.fixture
def folder(trained, tmp_path):
    """A copy in a project that has the three splits too."""
    for name, data in SPLITS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return shutil.copytree(trained, tmp_path / "out/model")


def tried(root, line, **changed):
    files = {f"data/{name}.jsonl": data for name, data in changed.items()}
    return judge(root, SHORT.format(line=line), files)


def asked(folder):
    files = [path for path in folder.iterdir() if path.is_file()]
    subjects = [_Subject(f"model/{path.name}", str(path)) for path in files]
    ((label, held),) = checkpoint_folders(subjects, None).items()
    return opened(label, held, {})


class _Subject:
    def __init__(self, name, path):
        self.name, self.path, self.sha256, self.size = name, path, path, 0


def edit(folder, name, **changed):
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def test_a_trained_folder_beats_what_it_must_and_says_its_loss_by_symbol_and_by_byte(folder, tmp_path):
    found = tried(tmp_path, DESCENT)
    assert found.outcome is Outcome.DISCHARGED, found.detail
    assert "64 of 64 windows" in str(found.denominator)
    assert "nats per symbol" in found.detail
    assert "bits" in found.detail


WHOLE = """
contract: small-lm
subject: out/model
log: out/model/trainer_state.json
data: {train: data/train.jsonl, held_out: data/val.jsonl}
where: {lr_max: 4e-3, warmup: 10, steps: 110}
criteria:
  lr:      {rows: "learning_rate == warmup_cosine(step - 1, lr_max, warmup, steps)"}
  finite:  {rows: "finite(loss) and finite(grad_norm)"}
  descent: {descent: held_out, beats: [unigram, bigram]}
  gap:     {gap: held_out, at_most: 0.20}
  leak:    {overlap: held_out, at_most: 0}
  params:  {tensors: subject, parameters: PARAMETERS, dtype: f32}
  card:    {card: README.md}
"""
CARD = "# A small model\n\n| | |\n|---|---|\n| parameters | PARAMETERS |\n| final training loss | LOSS |\n"


def test_every_line_of_the_short_form_holds_of_a_real_folder(folder, bench):
    shape = json.loads((folder / "config.json").read_text())
    assert shape["model_type"] == "llama"
    count = str(sum(p.numel() for p in checkpoints.llama(shape["vocab_size"]).parameters()))
    last = json.loads((folder / "trainer_state.json").read_text())["log_history"][-1]["loss"]
    bench.write("README.md", CARD.replace("PARAMETERS", count).replace("LOSS", f"{last:.4f}"))
    bench.write("contracts/small-lm.yaml", WHOLE.replace("PARAMETERS", count))
    said = bench("check")
    names = ("lr", "finite", "descent", "gap", "leak", "params", "card")
    assert bench.statuses() == {f"small-lm/{name}": "DISCHARGED" for name in names}, said.out
    assert said.code == 0
    bound = {item["name"] for item in json.loads(_descent(bench).read_bytes())["predicate"]["materials"]}
    assert {f"out/model/{name}" for name in ("config.json", "model.safetensors", "tokenizer.json")} <= bound
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text() + " ")
    assert bench.statuses()["small-lm/descent"] == "STALE"


def _descent(bench):
    (path,) = bench.evidence("descent", contract="small-lm")
    return path


def test_an_untrained_model_beats_nothing(folder, tmp_path, symbols):
    checkpoints.llama(symbols.get_vocab_size()).save_pretrained(folder)
    found = tried(tmp_path, DESCENT)
    assert found.outcome is Outcome.FALSIFIED
    assert {witness.where for witness in found.witnesses} == {"model against unigram", "model against bigram"}


def test_a_model_whose_attention_goes_both_ways_is_no_predictor(folder, tmp_path, symbols):
    shutil.rmtree(folder)
    model = checkpoints.train(checkpoints.bert(symbols.get_vocab_size()), symbols, TRAIN, 40)
    checkpoints.save(model, symbols, folder)
    found = tried(tmp_path, DESCENT)
    assert found.outcome is Outcome.FALSIFIED
    assert "the model reads ahead" in found.witnesses[0].found


def test_a_tokenizer_of_the_same_size_that_is_not_the_models_fails(folder, tmp_path):
    data = json.loads((folder / "tokenizer.json").read_text())
    vocab = data["model"]["vocab"]
    names = sorted(vocab, key=vocab.get)
    data["model"]["vocab"] = dict(zip(names, [0, *reversed(range(1, len(names)))], strict=True))
    (folder / "tokenizer.json").write_text(json.dumps(data))
    assert tried(tmp_path, DESCENT).outcome is Outcome.FALSIFIED


def test_a_tokenizer_with_symbols_that_the_model_does_not_have_is_told(folder, tmp_path):
    data = json.loads((folder / "tokenizer.json").read_text())
    vocab = data["model"]["vocab"]
    data["model"]["vocab"] = {name: at + (5 if at > 9 else 0) for name, at in vocab.items()}
    (folder / "tokenizer.json").write_text(json.dumps(data))
    found = tried(tmp_path, DESCENT)
    assert (found.outcome, found.reason) == (Outcome.ERROR, Reason.ILL_POSED)
    assert "another model's" in found.detail


def test_the_gap_is_small_of_a_clean_run_and_large_where_few_texts_were_repeated(folder, tmp_path, symbols):
    found = tried(tmp_path, "gap: held_out, at_most: 0.20")
    assert found.outcome is Outcome.DISCHARGED, found.detail
    assert "a bigram's loss taken off each document" in found.detail
    assert "bits" in found.detail
    few = TRAIN[:24]
    model = checkpoints.train(checkpoints.gpt2(symbols.get_vocab_size(), 64), symbols, few, 300, rate=8e-3)
    model.save_pretrained(folder)
    again = tried(tmp_path, "gap: held_out, reference: fresh, at_most: 0.20", train=checkpoints.lines(few))
    assert again.outcome is Outcome.FALSIFIED
    found = tried(
        tmp_path,
        "memorization: held_out, reference: fresh, cause: repetition",
        train=checkpoints.lines(few),
    )
    assert (found.outcome, found.measured) == (Outcome.DISCHARGED, "repetition"), found.detail


def test_held_out_texts_in_the_training_data_are_a_leak(folder, tmp_path):
    line = "memorization: held_out, model: subject, reference: fresh"
    found = tried(tmp_path, line, fresh=checkpoints.lines(checkpoints.documents(9000, 160)))
    assert "leak absent" in found.detail
    assert "every one that was scored was looked for" in found.detail
    leaked = checkpoints.lines([*TRAIN, *HELD[:8]])
    found = tried(tmp_path, line, train=leaked)
    assert found.outcome is Outcome.FALSIFIED
    assert "leak" in found.measured
    assert tried(tmp_path, "overlap: held_out, at_most: 0", train=leaked).outcome is Outcome.FALSIFIED


def test_overlap_of_clean_splits_is_none(folder, tmp_path):
    found = tried(tmp_path, "overlap: held_out, at_most: 0", train=SPLITS["data/train.jsonl"])
    assert found.outcome is Outcome.DISCHARGED


def test_text_files_and_another_field_are_read_too(folder, tmp_path):
    fields = {name: checkpoints.lines(texts, "body") for name, texts in (("train", TRAIN), ("val", HELD))}
    assert tried(tmp_path, DESCENT + ", field: body", **fields).outcome is Outcome.DISCHARGED
    told = tried(tmp_path, DESCENT, **fields)
    assert told.outcome is Outcome.ERROR
    assert "name its key with field" in told.detail
    files = {f"data/{name}.txt": "\n\n".join(texts).encode() for name, texts in (("t", TRAIN), ("v", HELD))}
    body = SHORT.replace("train.jsonl", "t.txt").replace("val.jsonl", "v.txt").format(line=DESCENT)
    assert judge(tmp_path, body, files).outcome is Outcome.DISCHARGED


@pytest.mark.parametrize(
    ("name", "changed", "reason", "said"),
    [
        ("config.json", {"auto_map": {"AutoModelForCausalLM": "own.Model"}}, Reason.UNTRUSTED, "auto_map"),
        ("tokenizer.json", {"auto_map": {}}, Reason.UNTRUSTED, "auto_map"),
        ("config.json", {"quantization_config": {"bits": 4}}, Reason.UNSUPPORTED, "quantised"),
        ("config.json", {"model_type": None}, Reason.MALFORMED_INPUT, "model_type"),
        ("config.json", {"model_type": "of-nobody"}, Reason.MALFORMED_INPUT, "does not load"),
        ("config.json", {"num_hidden_layers": 3}, Reason.MALFORMED_INPUT, "weights missing"),
        ("config.json", {"num_hidden_layers": 1}, Reason.MALFORMED_INPUT, "no place for"),
        ("tokenizer.json", {"model": {}}, Reason.MALFORMED_INPUT, "does not load"),
    ],
)
def test_a_folder_that_needs_code_or_does_not_fit_itself_is_refused(
    folder, tmp_path, name, changed, reason, said
):
    edit(folder, name, **changed)
    found = tried(tmp_path, DESCENT)
    assert (found.outcome, found.reason) == (Outcome.ERROR, reason)
    assert said in found.detail


def test_weights_that_may_be_a_pickle_are_never_opened(folder, tmp_path):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    found = tried(tmp_path, DESCENT)
    assert (found.outcome, found.reason) == (Outcome.ERROR, Reason.MISSING_INPUT)
    assert "never opened" in found.detail


def test_code_that_lies_in_the_folder_is_not_seen(folder, tmp_path):
    (folder / "modeling_llama.py").write_text("raise SystemExit(3)\n")
    (folder / "torch.py").write_text("raise SystemExit(3)\n")
    assert tried(tmp_path, DESCENT).outcome is Outcome.DISCHARGED


def test_every_symbol_is_foretold_once_and_padding_changes_nothing(folder, tmp_path):
    model = asked(folder)
    texts = [(f"{name}.jsonl", str(tmp_path / f"data/{name}.jsonl")) for name in ("val",)]
    found = cut(model, texts, Layout(), length=32, most=80, each=99)
    flat = foretold(model, found.windows)
    parts = model.encode([text.encode() for text in HELD])
    whole = sum(len(part.ids) - part.lead for part in parts)
    left = sum(1 for part in parts if 0 < (len(part.ids) - 1) % 32 < 8)
    assert whole - 8 * left <= len(flat.logs) <= whole
    assert [part.lead for part in parts[:2]] == [1, 1]
    assert sum(parts[0].sizes) == len(HELD[0].encode())
    alone = np.concatenate(
        [model.foretell([w.ids]).logs[0, w.skip - 1 : len(w.ids) - 1] for w in found.windows[:9]]
    )
    assert np.allclose(alone, flat.logs[: len(alone)], atol=1e-5)


def test_the_loss_is_that_of_transformers(folder):
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

    model, tokens = asked(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = torch.tensor([tokens.encode(HELD[0]).ids[:60]])
    theirs = LlamaForCausalLM.from_pretrained(folder).eval()(input_ids=ids, labels=ids).loss.item()
    assert -model.foretell([ids[0].tolist()]).logs.mean() == pytest.approx(theirs, rel=1e-5)
    assert model.uniform() == pytest.approx(-math.log(model.vocab), abs=1e-12)


def test_a_tokenizer_that_keeps_cutting_and_padding_cuts_nothing(folder):
    edit(
        folder,
        "tokenizer.json",
        truncation={"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0},
    )
    edit(
        folder,
        "tokenizer.json",
        padding={
            "strategy": {"Fixed": 300},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "<s>",
        },
    )
    (part,) = asked(folder).encode([HELD[0].encode()])
    assert 20 < len(part.ids) < 200


def test_bytes_of_text_that_is_not_ascii_are_counted(folder):
    text = "größer als 北京 amber"
    (part,) = asked(folder).encode([text.encode()])
    assert sum(part.sizes) == len(text.encode())


def test_the_model_is_let_go_with_whoever_holds_it_and_its_process_serves_the_next(folder):
    model = asked(folder)
    process, place = model._bench._process, model._bench.root
    assert place.is_dir()
    del model
    assert not place.exists()
    assert asked(folder)._bench._process is process


def test_a_folder_that_hangs_is_ended(folder):

    place = tempfile.TemporaryDirectory()
    size = lay_out({path.name: str(path) for path in folder.iterdir()}, Path(place.name))
    with pytest.raises(InputError, match="no answer in time") as caught:
        CheckpointFolder("m", place, size, seconds=0.0)
    assert caught.value.reason == "TIMED_OUT"


def test_a_folder_is_known_by_its_configuration_and_tokenizer():
    names = [
        "a/config.json",
        "a/tokenizer.json",
        "a/old/config.json",
        "a/old/tokenizer.json",
        "b/config.json",
    ]
    assert recognised(names) == ("a",)
    assert recognised(["config.json", "tokenizer.json"]) == (".",)
    assert recognised(["x/model.safetensors"]) == ()


def test_a_configuration_that_is_no_object_is_told(tmp_path):
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(InputError, match="no JSON object"):
        inspect(tmp_path)
