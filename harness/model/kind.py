"""What a type of check is, and the ports that it may ask while it judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from harness.model.behaviour import Build, LiveSession
from harness.model.code import Session, Target
from harness.model.compared import Compared
from harness.model.contract import Formula
from harness.model.events import EventLog
from harness.model.frame import Frame
from harness.model.picture import Picture
from harness.model.predictor import Predictor, Tokenised
from harness.model.proof import Proof, Question
from harness.model.replaying import Retaker, Setting
from harness.model.stream import Stream
from harness.model.values import InputName, Printed
from harness.model.verdict import Basis, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


class Subject(Protocol):
    """One file that a verdict rests on, already digested."""

    @property
    def name(self) -> str:
        """Its path as the contract wrote it, or ``run/output`` with the seed."""

    @property
    def path(self) -> str:
        """Where its bytes are now."""

    @property
    def sha256(self) -> str:
        """The digest of its bytes, in hex."""

    @property
    def size(self) -> int:
        """Its length in bytes."""


class Context(Protocol):
    """The ports of a discharge: everything impure that a kind may ask for."""

    @property
    def formulas(self) -> Mapping[str, Formula]:
        """The ``let:`` formulas of the contract."""

    @property
    def constants(self) -> Mapping[str, Printed]:
        """The contract-wide ``where:`` constants."""

    def frames(self, name: InputName) -> tuple[Frame, ...]:
        """The log rows of an input, one frame per file or seed; raises ``InputError``."""

    def streams(self, name: InputName) -> tuple[Stream, ...]:
        """The log rows of an input part by part, where all its files are long; none otherwise."""

    def events(self, name: InputName, key: str, cells: Sequence[str]) -> tuple[EventLog, ...]:
        """The events of an input, one log per file or seed, each event named by its cell ``key``.

        Of their other cells only ``cells`` can be asked. Raises ``InputError``, also while they are read.
        """

    def subjects(self, name: InputName) -> tuple[Subject, ...]:
        """The files of an input, one per file or seed; raises ``InputError``."""

    def predictors(self, name: InputName, system: str | None) -> tuple[Predictor | Tokenised, ...]:
        """The models of an input, one per file, seed or checkpoint folder; raises ``InputError``.

        ``system`` says whose models they are where the input is no output of a run that tells it. A folder of
        the Hugging Face layout says it itself.
        """

    def replaced(self, name: InputName, change: Callable[[bytes], bytes]) -> AbstractContextManager[Context]:
        """A context that is the same but for the files of one input, whose bytes are changed."""

    def compare_card(
        self, name: str, text: str, log: InputName | None, checkpoint: InputName | None
    ) -> tuple[Compared, ...]:
        """The figures of a card that the log or the checkpoint speaks of; raises ``InputError``."""

    def basis(self, *names: InputName) -> Basis:
        """MEASURED if all inputs come from declared runs of ours, otherwise CHECKED."""

    def prove(self, question: Question) -> Proof:
        """Puts one closed claim to the provers, in a worker that is killed at its time limit."""

    def open_code(self, target: Target, seconds: float) -> Session:
        """Loads code in a process of its own, to be tried for so long; raises ``InputError``."""

    def builds(self, name: InputName) -> tuple[Build, ...]:
        """What makes the model of each file of an input; of a run of no system it names none."""

    def open_live(self, build: Build, seconds: float) -> LiveSession:
        """Builds a live model in a process of its own, to be tried for so long; raises ``InputError``."""

    def open_replay(self, build: Build, setting: Setting, seconds: float) -> Retaker:
        """Builds a training loop in a process of its own, to be tried for so long; raises ``InputError``."""

    def prove_all(self, questions: Sequence[Question]) -> tuple[Proof, ...]:
        """Puts several closed claims to the provers, side by side where there are several workers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What names mean in a contract, for checks that need no data."""

    formulas: Mapping[str, Formula]
    constants: Mapping[str, Printed]
    inputs: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something wrong with one field of an obligation, found without any data."""

    field: str
    message: str
    suggestion: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A case that ships with a kind: a small contract with its files and the outcome it must get.

    ``contract`` is the body under ``contract: example`` (inputs, let, criteria …) as YAML text;
    ``files`` maps relative paths to bytes, made on demand.
    """

    title: str
    outcome: Outcome
    contract: str
    files: Callable[[], Mapping[str, bytes]] = dict


class Kind:
    """A type of check. Subclasses are frozen, keyword-only dataclasses in ``harness/kinds/``.

    The fields are the YAML schema: plain types, ``Printed``, ``Expression``, ``InputName``,
    ``RunName``, tuples, string mappings, ``Literal`` and optional ones. ``version`` is raised by hand
    when the judgement changes; ``short`` names the field that may stand for the kind in the short form.
    ``reads_nothing`` marks one that has something to say of an empty file: its length, its digest.
    ``judges`` ends the names of the files that a verdict speaks of among those of a folder or a pattern: a
    file beside them is pinned, and is published only where something else vouches for it.
    """

    __slots__ = ()
    name: ClassVar[str]
    version: ClassVar[int]
    short: ClassVar[str | None] = None
    reads_nothing: ClassVar[bool] = False
    judges: ClassVar[tuple[str, ...]] = ()
    EXAMPLES: ClassVar[tuple[Example, ...]] = ()

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields what is wrong with the fields without looking at any data."""
        yield from ()

    def foreign(self) -> str:
        """Names the code of the contract's author that judging runs; empty where there is none."""
        return ""

    def preregistered(self) -> bool:
        """Tells whether a verdict counts only if the obligation was locked before what it is about."""
        return False

    def pictures(self, context: Context) -> tuple[Picture, ...]:
        """Shows what was judged, for ``explain --html``; raises ``InputError`` as ``discharge`` does."""
        return ()

    def discharge(self, context: Context) -> Verdict:
        """Judges the obligation; raises ``InputError`` when an input cannot be judged."""
        raise NotImplementedError
