"""Edits of a run's files as each tool writes them: the rows of its log, and texts beside it."""

import csv
import io
import json
import re
from pathlib import Path
from typing import ClassVar


class Tool:
    """One tool's run: ``home`` has its card, ``log`` its rows; names of what the rows hold."""

    rate, loss, ppl, step = "lr", "loss", "ppl", "step"
    card = "README.md"

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        return self.root / name

    def swap(self, name: str, pattern: str, new: str) -> str:
        """Replaces the one place of a pattern (its group, if it has one) and returns what stood there."""
        text = self.path(name).read_text()
        (match,) = re.finditer(pattern, text)
        group = 1 if match.re.groups else 0
        start, end = match.span(group)
        self.path(name).write_text(text[:start] + new + text[end:])
        return match[group]

    def rows(self) -> list[dict]:
        """Returns the rows of the log, numbers as text."""
        raise NotImplementedError

    def write(self, rows: list[dict]) -> None:
        raise NotImplementedError

    def with_rate(self) -> list[int]:
        return [at for at, row in enumerate(self.rows()) if row.get(self.rate) not in (None, "")]

    def final(self, run: str, column: str) -> str:
        """Returns the last value of a column of one of the runs."""
        kept, self.log = self.log, self.logs[run]
        values = [row[column] for row in self.rows() if row.get(column) not in (None, "")]
        self.log = kept
        return values[-1]


class Plain(Tool):
    log, settings, card = "seed1/log.jsonl", "seed1/config.json", "seed1/README.md"
    logs: ClassVar = {"seed1": log, "seed2": "seed2/log.jsonl", "seed3": "seed3/log.jsonl"}

    def rows(self):
        lines = self.path(self.log).read_text().splitlines()
        return [json.loads(line, parse_float=str, parse_int=str) for line in lines]

    def write(self, rows):
        lines = ["{" + ", ".join(f'"{k}": {v}' for k, v in row.items()) + "}\n" for row in rows]
        self.path(self.log).write_text("".join(lines))


class HuggingFace(Tool):
    log, settings, card = "seed-1/trainer_state.json", "seed-1/trainer_state.json", "seed-1/README.md"
    logs: ClassVar = {"seed-1": log, "seed-2": "seed-2/trainer_state.json"}
    rate = "learning_rate"

    def rows(self):
        state = json.loads(self.path(self.log).read_text(), parse_float=str, parse_int=str)
        return state["log_history"]

    def write(self, rows):
        state = json.loads(self.path(self.log).read_text())
        state["log_history"] = [{key: float(value) for key, value in row.items()} for row in rows]
        for row in state["log_history"]:
            row["step"] = int(row["step"])
        self.path(self.log).write_text(json.dumps(state, indent=2, sort_keys=True) + "\n")


class Lightning(Tool):
    log, settings = "lightning_logs/version_0/metrics.csv", "lightning_logs/version_0/hparams.yaml"
    logs: ClassVar = {f"version_{n}": f"lightning_logs/version_{n}/metrics.csv" for n in range(3)}
    rate, loss, ppl = "lr-AdamW", "train_loss", "val_ppl"

    def rows(self):
        return list(csv.DictReader(io.StringIO(self.path(self.log).read_text())))

    def write(self, rows):
        out = io.StringIO()
        table = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        self.path(self.log).write_text(out.getvalue())


class NanoGPT(Tool):
    log, settings, card = "run-1/train.log", "config.yaml", "run-1/README.md"
    logs: ClassVar = {f"run-{n}": f"run-{n}/train.log" for n in (1, 2, 3)}

    def rows(self):
        found = []
        for line in self.path(self.log).read_text().splitlines():
            index, _, rest = line.partition(": ")
            word, _, step = index.partition(" ")
            if word not in ("iter", "step"):
                found.append({"line": line})
                continue
            parts = [part.rpartition(" ") for part in rest.split(", ")]
            found.append({"word": word, "step": step, **{key: value for key, _, value in parts}})
        return found

    def write(self, rows):
        lines = []
        for row in rows:
            parts = ", ".join(f"{k} {v}" for k, v in row.items() if k not in ("word", "step", "line"))
            lines.append(row.get("line") or f"{row['word']} {row['step']}: {parts}")
        self.path(self.log).write_text("\n".join(lines) + "\n")


class CardOnly(Tool):
    pass


TOOLS = {
    "hugging_face": HuggingFace,
    "lightning_csv": Lightning,
    "nanogpt": NanoGPT,
    "plain": Plain,
    "card_only": CardOnly,
}
