"""Kind ``alike``: the logs of several runs state the same settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.kinds import _entry_examples as sample
from harness.kinds import _quotes
from harness.kinds._quotes import Quote, Stated, stated, unsupported
from harness.kinds._whose import Tied
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import InputName, Printed
from harness.model.verdict import Outcome, Reason, Verdict, Witness

_CLAIM = "All seeds have the same sequence length."
_FIELDS = "kind: alike, of: logs, settings: [train_seq_len]"
_OFF = Printed("0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Alike(Kind):
    """Compares the first value of each of ``settings`` between the files of an input.

    A setting that fewer than two files state is not judged, nor one that is 0, for none: a log of an
    evaluation trains nothing. If none is judged, INCONCLUSIVE. Only the logs count that ``logs_of`` ties to
    what is claimed.
    """

    name: ClassVar[str] = "alike"
    version: ClassVar[int] = 4
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        sample.example(
            "the same",
            Outcome.DISCHARGED,
            _CLAIM,
            _FIELDS,
            {},
            {"1.log": sample.log(1), "2.log": sample.log(2)},
        ),
        sample.example(
            "another",
            Outcome.FALSIFIED,
            _CLAIM,
            _FIELDS,
            {},
            {"1.log": sample.log(1), "2.log": sample.log(2).replace("1024", "2048")},
        ),
        sample.example(
            "another in the log of an attempt that nothing claims",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS + ", logs_of: {claimed: {input: entry, at: bpb}, by: {input: logs, at: '*bpb'}}",
            {"bpb": 1.21406},
            {"1.log": sample.log(1), "2.log": sample.log(2, bpb="1.30").replace("1024", "2048")},
        ),
        sample.example("one log", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {}),
        sample.example(
            "nothing that is a number",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS,
            {"x": float("nan")},
            {"seed42.log": ""},
        ),
    )

    of: InputName
    settings: tuple[str, ...]
    logs_of: Tied | None = None

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a check without settings, and an input that is not declared."""
        if not self.settings:
            yield Fault(field="settings", message="no setting is named: there is nothing to compare")
        yield from _quotes.quote_faults("of", (Quote(input=self.of, at=("*",)),), scope)

    def discharge(self, context: Context) -> Verdict:
        """Judges every setting that at least two files state."""
        judged, wrong = 0, list[Witness]()
        tied = self.logs_of.sources(context) if self.logs_of is not None else None
        for setting in self.settings:
            quote = Quote(input=self.of, at=(setting,), take="first", above=_OFF)
            found = [one for one in stated(quote, context) if tied is None or one.source in tied]
            first: Stated | None = found[0] if found else None
            others = [one for one in found if first is not None and one.source != first.source]
            judged += bool(others)
            wrong += [
                Witness(where=one.where, found=f"{setting} {one.text}",
                        expected=f"{first.text}, as in {first.where}")
                for one in others
                if first is not None and one.value != first.value
            ]  # fmt: skip
        if wrong:
            return _quotes.falsified(wrong, unit="settings", judged=judged, total=len(self.settings))
        if not judged:
            return unsupported("no two logs state a setting", unit="settings",
                               total=len(self.settings), reason=Reason.TOO_FEW)  # fmt: skip
        quotes = [Quote(input=self.of, at=(setting,), take="first") for setting in self.settings]
        return _quotes.discharged(quotes, context, unit="settings", judged=judged)
