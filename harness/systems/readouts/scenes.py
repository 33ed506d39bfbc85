"""The scenes: texts of twelve concepts, each beside neutral wordings of the same scene, and their edits."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.model.problem import InputError
from harness.systems.readouts.config import VOCAB


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One text, by its number, and the rows of tensors that it fills."""

    name: str
    text: str
    places: tuple[tuple[str, int], ...]


FILE = Path(__file__).with_name("scenes.txt")
NEUTRAL, WORDS = "neutral", "words:"
PER_SCENE = 3
LADDER = ("joy", "grief")
BORROWER, LENDER = "shame", "pride"
SPECIAL = ("<pad>", "<end>", "<text>")
PAD, END, START = range(3)
PROMPTS = ("she felt so much", "he was full of", "they thought of the", "it was a day of")
LENGTH, SHARE = 32, 0.4
"""Words of a document that is trained on, and how many of them are of its concept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenes:
    """Texts by concept in the order of the scenes, ``PER_SCENE`` neutral ones each, and the words."""

    texts: Mapping[str, tuple[str, ...]]
    neutral: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]

    @property
    def concepts(self) -> tuple[str, ...]:
        """The names of the concepts, in their order."""
        return tuple(self.texts)

    def items(self, against: str) -> tuple[Item, ...]:
        """Returns every text with the rows that it fills: its own, and those of the negatives it is among.

        The negatives of a concept stand scene by scene, and as many in each: the neutral ones and, against
        ``all``, those of every other concept.
        """
        found, others = [], len(self.texts) - 1 if against == "all" else 0
        per = PER_SCENE + others
        names = self.concepts
        for mine, name in enumerate(names):
            for scene, text in enumerate(self.texts[name]):
                places = [(f"{name}.positive", scene)]
                if others:
                    places += [
                        (f"{other}.negative", scene * per + PER_SCENE + mine - (mine > at))
                        for at, other in enumerate(names)
                        if at != mine
                    ]
                found.append((text, places))
        for at, text in enumerate(self.neutral):
            row = at // PER_SCENE * per + at % PER_SCENE
            found.append((text, [(f"{other}.negative", row) for other in names]))
        return tuple(
            Item(name=str(at), text=text, places=tuple(places)) for at, (text, places) in enumerate(found)
        )


def load(edit: str = "", seed: int = 0, scenes: int = 8) -> Scenes:
    """Reads so many scenes, and edits them; raises ``InputError`` where they are not balanced."""
    blocks: dict[str, list[str]] = {}
    name = ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            name = line[2:]
            blocks[name] = []
        elif line and not line.startswith("#"):
            blocks[name].append(line)
    neutral = blocks.pop(NEUTRAL)
    words = {one: tuple(lines[0].removeprefix(WORDS).split()) for one, lines in blocks.items()}
    texts = {one: tuple(lines[1:]) for one, lines in blocks.items()}
    odd = [one for one, lines in texts.items() if len(lines) * PER_SCENE != len(neutral)]
    if odd:
        raise InputError(f"{FILE.name}: {odd[0]} has not one text a scene")
    texts = {one: lines[:scenes] for one, lines in texts.items()}
    plain = Scenes(texts=texts, neutral=tuple(neutral[: scenes * PER_SCENE]), words=words)
    return _edited(plain, edit, seed)


def _edited(plain: Scenes, edit: str, seed: int) -> Scenes:
    texts, neutral = dict(plain.texts), list(plain.neutral)
    if edit == "ladder":
        for one in LADDER:
            word = plain.words[one][0]
            texts[one] = tuple(
                f"{text} {word} {word}" if at % 2 else neutral[at * PER_SCENE]
                for at, text in enumerate(texts[one])
            )
    elif edit == "borrowed":
        lent = plain.words[LENDER]
        texts[BORROWER] = tuple(
            f"{text} {lent[at]} {lent[at - 1]}" for at, text in enumerate(texts[BORROWER])
        )
    elif edit == "shuffled":
        source = random.Random(seed)  # noqa: S311 - a fault to be found, no secret
        names = list(texts)
        columns = [list(texts[one]) for one in names]
        for at in range(len(columns[0])):
            row = [column[at] for column in columns] + neutral[at * PER_SCENE : (at + 1) * PER_SCENE]
            source.shuffle(row)
            for column, text in zip(columns, row, strict=False):
                column[at] = text
            neutral[at * PER_SCENE : (at + 1) * PER_SCENE] = row[len(columns) :]
        texts = {one: tuple(column) for one, column in zip(names, columns, strict=True)}
    return Scenes(texts=texts, neutral=tuple(neutral), words=plain.words)


def vocabulary(scenes: Scenes) -> dict[str, int]:
    """Returns every word that is said, with its number; raises ``InputError`` where they are too many."""
    said = [*scenes.neutral, *PROMPTS, *(text for lines in scenes.texts.values() for text in lines)]
    said += [word for words in scenes.words.values() for word in words]
    names = sorted({word for text in said for word in text.split()})
    if len(names) + len(SPECIAL) > VOCAB:
        raise InputError(f"{FILE.name}: {len(names)} words, and there is room for {VOCAB - len(SPECIAL)}")
    return {word: at for at, word in enumerate((*SPECIAL, *names))}


def documents(scenes: Scenes, source: random.Random, count: int) -> list[list[str]]:
    """Writes documents to train on: words at random, and among them those of one concept again and again.

    So at every place the concept foretells what may come. No text that vectors are made of is among them.
    """
    meant = {word for words in scenes.words.values() for word in words}
    others = [word for word in vocabulary(scenes) if word not in meant and word not in SPECIAL]
    found = []
    for _ in range(count):
        words = scenes.words[source.choice(scenes.concepts)]
        found.append([source.choice(words if source.random() < SHARE else others) for _ in range(LENGTH)])
    return found
