"""Makes the files of this folder with the real tools; see PROVENANCE.md for versions and the command.

Two models of a few thousand weights are made and saved as checkpoint folders of transformers: one that
never learned, one that learned the answers of a toy quiz. lm-eval judges both on local tasks, Inspect judges
its mock model. Nothing is fetched. Usage: ``python make.py SCRATCH`` (an empty folder), which then holds
``lm_eval/`` and ``inspect/`` as they are kept here.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
COLOURS = ("red", "blue", "green", "white")
THINGS = ("sun", "sea", "leaf", "snow", "rose", "sky", "grass", "milk", "blood", "ink", "moss", "salt")
ANSWERS = dict(zip(THINGS, (0, 1, 2, 3) * 3, strict=True))
WHERE = ("at dawn", "at noon", "at night", "in rain")
HEAD = {"test_split": "test", "metadata": {"version": 1.0}}


def rows(things, places):
    return [
        {"question": f"the {thing} {place} is", "choices": list(COLOURS), "answer": ANSWERS[thing]}
        for place in places
        for thing in things
    ]


def write_tasks(folder):
    """Writes data and task files: two quizzes and their group, an exact match with two filters, a text."""
    folder.mkdir()
    data = {
        "quiz": rows(THINGS, WHERE[:3]),
        "quiz_hard": rows(THINGS[:8], WHERE[3:]),
        "shots": rows(THINGS[:4], WHERE[:1]),
        "text": [{"page": " ".join(f"the {t} {w} is {COLOURS[ANSWERS[t]]} ." for t in THINGS)} for w in WHERE],
    }
    for name, found in data.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found))

    def dataset(name):
        files = {"test": str(folder / f"{name}.jsonl")}
        if name != "text":
            files["train"] = str(folder / "shots.jsonl")
        return {"dataset_path": "json", "dataset_kwargs": {"data_files": files}}

    means = {"aggregation": "mean", "higher_is_better": True}
    choice = {
        "output_type": "multiple_choice",
        "fewshot_split": "train",
        "doc_to_text": "{{question}}",
        "doc_to_target": "{{answer}}",
        "doc_to_choice": "{{choices}}",
        "metric_list": [{"metric": "acc", **means}, {"metric": "acc_norm", **means}],
        "num_fewshot": 2,
    }
    match = {
        "output_type": "generate_until",
        "doc_to_text": "{{question}}",
        "doc_to_target": "{{choices[answer]}}",
        "generation_kwargs": {"until": ["."], "max_gen_toks": 4, "do_sample": False},
        "filter_list": [
            {"name": "strict", "filter": [{"function": "take_first"}]},
            {
                "name": "flexible",
                "filter": [
                    {"function": "regex", "regex_pattern": "(red|blue|green|white)"},
                    {"function": "take_first"},
                ],
            },
        ],
        "metric_list": [{"metric": "exact_match", "ignore_case": True, **means}],
        "num_fewshot": 0,
    }
    rolling = {
        "output_type": "loglikelihood_rolling",
        "doc_to_text": "",
        "doc_to_target": "{{page}}",
        "metric_list": [{"metric": m} for m in ("word_perplexity", "byte_perplexity", "bits_per_byte")],
    }
    for name, body in (("quiz", choice), ("quiz_hard", choice), ("match", match), ("text", rolling)):
        source = "quiz" if name == "match" else name
        document = {"task": f"toy_{name}", **dataset(source), **HEAD, **body}
        (folder / f"toy_{name}.yaml").write_text(json.dumps(document))
    group = {
        "group": "toy_all",
        "task": ["toy_quiz", "toy_quiz_hard"],
        "aggregate_metric_list": [{"metric": "acc", "weight_by_size": True, "filter_list": "none"}],
        "metadata": {"version": 1.0},
    }
    (folder / "toy_all.yaml").write_text(json.dumps(group))


def make_models(folder):
    """Saves ``fresh`` (random weights) and ``learned`` (a few steps on the quiz's answers)."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = sorted({w for row in rows(THINGS, WHERE) for w in row["question"].split()} | {*COLOURS, "."})
    vocab = {word: index for index, word in enumerate(["<unk>", "<s>", "</s>", *words])}
    raw = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocab), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=256, bos_token_id=1, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    for name, steps in (("fresh", 0), ("learned", 60)):
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        taught = rows(THINGS[:9], WHERE[:2])
        lines = [f"{row['question']} {COLOURS[row['answer']]} ." for row in taught]
        batch = torch.tensor([tokenizer(line)["input_ids"] for line in lines])
        for _ in range(steps):
            model(batch, labels=batch).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)


def neutral(text, scratch):
    """Puts general names for the folders of the machine that made the files."""
    here = str(Path(__file__).resolve().parent)
    folders = {str(scratch): "/scratch", here: "/here", sys.prefix: "/venv", sys.base_prefix: "/python"}
    for path, name in folders.items():
        text = text.replace(path, name)
    return text


def judge_models(scratch):
    """Lets lm-eval judge both models with its own command line, one of them also in two other ways."""
    every = "toy_all,toy_match,toy_text"
    runs = {
        "fresh": ("fresh", every),
        "learned": ("learned", every),
        "zero-shot": ("learned", "toy_quiz", "--num_fewshot", "0"),
        "limited": ("learned", "toy_quiz", "--limit", "20"),
    }
    for name, (model, tasks, *more) in runs.items():
        command = [
            sys.executable, "-m", "lm_eval", "run", "--model", "hf",
            "--model_args", f"pretrained=models/{model},revision=main,dtype=float32",
            "--tasks", tasks, "--include_path", "tasks", "--device", "cpu", "--batch_size", "8",
            "--log_samples", "--output_path", f"out/{name}", *more,
        ]  # fmt: skip
        subprocess.run(command, cwd=scratch, check=True)
        kept = scratch / "lm_eval" / name
        kept.mkdir(parents=True)
        for path in (scratch / "out" / name).rglob("*.json*"):
            document = path.read_text()
            if path.suffix == ".json":
                told = json.loads(document) | {"pretty_env_info": "left out: it describes the machine"}
                document = json.dumps(told, indent=2, ensure_ascii=False)
            (kept / path.name).write_text(neutral(document, scratch))


def deflate(packed, target):
    """Packs the members of a log again with deflate, as Inspect did before it took zstd."""
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            new.writestr(zipfile.ZipInfo(item.filename, item.date_time), old.read(item), zipfile.ZIP_DEFLATED)


def judge_mock(scratch):
    """Lets Inspect judge its mock model: both formats, three epochs, two reducers, a sample that fails."""
    from inspect_ai import Epochs, Task, eval as run
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.scorer import accuracy, exact, includes, match, mean, scorer, Score, stderr, std, Target
    from inspect_ai.solver import generate, solver, TaskState

    os.chdir(scratch)
    taught = rows(THINGS[:6], WHERE[:1])
    samples = [
        Sample(id=f"q{i:02}", input=row["question"], target=COLOURS[row["answer"]])
        for i, row in enumerate(taught)
    ]

    def mock(replies):
        rest = iter(replies)

        def reply(*_):
            output = ModelOutput.from_content("mockllm/model", next(rest))
            output.usage = ModelUsage(input_tokens=5, output_tokens=1, total_tokens=6)
            return output

        return get_model("mockllm/model", custom_outputs=reply, memoize=False)

    @solver
    def breaks():
        async def solve(state: TaskState, generate):
            if state.sample_id == "q03":
                raise ValueError("the tool broke")
            return state

        return solve

    @scorer(metrics=[mean(), std(), stderr()])
    def length():
        async def score(state: TaskState, target: Target):
            return Score(value=len(state.output.completion) / 8)

        return score

    def log(task, name, replies, **more):
        folder = scratch / "logs" / name
        run(task, model=mock(replies), log_dir=str(folder), display="none", max_samples=1,
            max_connections=1, **more)  # fmt: skip
        kept = scratch / "inspect"
        kept.mkdir(exist_ok=True)
        (found,) = (path for path in folder.iterdir() if path.suffix in (".json", ".eval"))
        if found.suffix == ".json":
            (kept / f"{name}.json").write_text(neutral(found.read_text(), scratch))
        else:
            shutil.copy(found, kept / f"{name}.eval")
            deflate(kept / f"{name}.eval", kept / f"{name}-deflated.eval")

    right = [COLOURS[row["answer"]] for row in taught]
    some = [reply if index % 3 else "red" for index, reply in enumerate(right)]
    data = MemoryDataset(samples, name="toy")
    plain = Task(dataset=data, solver=[generate()], scorer=match(), version=2, name="toy")
    log(plain, "plain", some, log_format="json")
    log(plain, "zipped", some, log_format="eval")
    epochs = Task(dataset=data, solver=[generate()], scorer=[includes(), length()], name="toy",
                  epochs=Epochs(3, ["mean", "at_least_2", "mode"]))  # fmt: skip
    log(epochs, "epochs", (some * 2 + right), log_format="json")
    broken = Task(dataset=data, solver=[breaks(), generate()], scorer=exact(), name="toy")
    log(broken, "errored", some, log_format="json", fail_on_error=False)
    log(plain, "limited", some, log_format="json", limit=3)


def main():
    scratch = Path(sys.argv[1]).resolve()
    os.environ["HF_HOME"] = str(scratch / "cache")
    write_tasks(scratch / "tasks")
    make_models(scratch / "models")
    judge_models(scratch)
    judge_mock(scratch)


if __name__ == "__main__":
    main()
