"""``policy.yaml`` to a typed policy; every problem at once, and no key that is merely ignored."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Mapping

from harness.model.contract import Scale, Severity
from harness.model.outcome import Basis
from harness.model.policy import Demands, Policy, Waiver
from harness.model.problem import InvalidContract, Problem
from harness.reading.binder import did_you_mean
from harness.reading.names import DEVICES
from harness.reading.nodes import Listing, Node, Scalar, Table, read_nodes

TIERS = ("private", "public")
_TOP = ("policy", "signers", "authors", "heads", "demands", "private", "public", "waivers", "pickles")
_DEMANDS = ("signatures", "locked", "fresh_days", "bases", "scale", "severities", "plugins", "amended")
_SCALE = ("device", "steps", "parameters")
_SEVERITIES = ("required", "refuted", "advisory")
_WAIVER = ("criterion", "owner", "reason", "expires")
_COUNT = re.compile(r"[0-9]{1,6}\Z", re.ASCII)
_SIZE = re.compile(r"[0-9]{1,15}\Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?\Z", re.ASCII)
_PLUGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(==[A-Za-z0-9][A-Za-z0-9.+!_-]*)?\Z", re.ASCII)


def read_policy(data: bytes, file: str) -> Policy:
    """Reads a policy; raises ``InvalidContract`` for unknown keys, and waivers without owner or reason."""
    return _Reader(file).policy(read_nodes(data, file))


def _moment(text: str) -> bool:
    """Tells whether text is a day or a time of exactly the form by which waivers are compared."""
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return _DAY.match(text) is not None


def _says(text: str) -> bool:
    """Tells whether text has a letter or digit that can be seen; Hangul's fillers are letters and blank."""
    return any(char.isalnum() and "FILLER" not in unicodedata.name(char, "") for char in text)


class _Reader:
    """Collects every problem of one file, so that all are told together."""

    def __init__(self, file: str) -> None:
        self.file, self.problems = file, list[Problem]()

    def note(self, node: Node | None, path: str, message: str, hint: str = "") -> None:
        self.problems.append(
            Problem(
                file=self.file, line=node.line if node else 1, path=path, message=message, suggestion=hint
            )
        )

    def policy(self, node: Node) -> Policy:
        told = self.table(node, "", _TOP)
        version = told.get("policy")
        if version is None or self.word(version, "policy") != "1":
            self.note(version or node, "policy", "wants `policy: 1`, the version of this format")
        base = self.demands(told.get("demands"), "demands", Demands(plugins=()))
        found = Policy(
            keys=self.words(told.get("signers"), "signers"),
            authors=self.words(told.get("authors"), "authors"),
            heads=self.word(told["heads"], "heads") if "heads" in told else None,
            tiers={tier: self.demands(told.get(tier), tier, base) for tier in TIERS},
            waivers=self.waivers(told.get("waivers")),
            pickles=self.scanned(told.get("pickles")),
        )
        for tier, asked in found.tiers.items():
            if asked.signatures > len(found.keys):
                self.note(node, tier, f"demands {asked.signatures} signatures of {len(found.keys)} signers")
        if self.problems:
            raise InvalidContract(self.problems)
        return found

    def table(self, node: Node | None, path: str, known: tuple[str, ...]) -> Mapping[str, Node]:
        if node is None:
            return {}
        if not isinstance(node, Table):
            self.note(node, path, "wants keys with values")
            return {}
        for key, _ in node.entries:
            if key.text not in known:
                self.note(key, f"{path}.{key.text[:60]}", "unknown key", did_you_mean(key.text, known))
        return {key.text: value for key, value in node.entries}

    def word(self, node: Node, path: str) -> str:
        if isinstance(node, Scalar) and node.text.strip() and node.text.isprintable():
            return node.text.strip()
        self.note(node, path, "wants text of one line")
        return ""

    def words(self, node: Node | None, path: str) -> tuple[str, ...]:
        if node is None:
            return ()
        if not isinstance(node, Listing):
            return (self.word(node, path),)
        return tuple(self.word(item, f"{path}[{index}]") for index, item in enumerate(node.items))

    def demands(self, node: Node | None, path: str, base: Demands) -> Demands:
        told = self.table(node, path, _DEMANDS)
        for key in ("bases", "severities"):
            if isinstance(told.get(key), Listing) and not self.words(told[key], f"{path}.{key}"):
                self.note(told[key], f"{path}.{key}", "lists nothing: name what must stand, or leave it out")
        bases = tuple(self.basis(word, told["bases"], path) for word in self.words(told.get("bases"), path))
        fresh = self.count(told, "fresh_days", path)
        signatures = self.count(told, "signatures", path)
        return Demands(
            signatures=base.signatures if signatures is None else signatures,
            locked=self.flag(told, "locked", path, base=base.locked),
            fresh_days=base.fresh_days if fresh is None else fresh,
            bases=bases or base.bases,
            scale=self.scale(told.get("scale"), f"{path}.scale") or base.scale,
            severities=self.severities(told.get("severities"), f"{path}.severities") or base.severities,
            plugins=self.plugins(told.get("plugins"), f"{path}.plugins") or base.plugins,
            amended=self.flag(told, "amended", path, base=base.amended),
        )

    def scanned(self, node: Node | None) -> bool:
        if node is not None and self.word(node, "pickles") not in ("refused", "scanned"):
            self.note(node, "pickles", "wants refused (the default) or scanned")
        return node is not None and self.word(node, "pickles") == "scanned"

    def basis(self, word: str, node: Node, path: str) -> Basis:
        if word in ("proved", "measured", "checked"):
            return Basis(word)
        self.note(node, f"{path}.bases", f"{word!r} is none of proved, measured, checked")
        return Basis.PROVED

    def scale(self, node: Node | None, path: str) -> Scale | None:
        if node is None:
            return None
        told = self.table(node, path, _SCALE)
        device = self.word(told["device"], f"{path}.device") if "device" in told else None
        if device not in (None, *DEVICES[1:]):
            self.note(told["device"], f"{path}.device", f"{device!r} is none of {', '.join(DEVICES[1:])}")
        sizes = {key: self.count(told, key, path, _SIZE) for key in ("steps", "parameters")}
        if device is None and not any(sizes.values()):
            self.note(node, path, "demands nothing: say device, steps or parameters")
        return Scale(device=device, **sizes)

    def severities(self, node: Node | None, path: str) -> tuple[Severity, ...]:
        words = self.words(node, path)
        for word in words:
            if word not in _SEVERITIES:
                self.note(node, path, f"{word!r} is none of {', '.join(_SEVERITIES)}")
        if words and "required" not in words:
            self.note(node, path, "required criteria must always stand: list required too")
        return tuple(Severity(word) for word in words if word in _SEVERITIES)

    def plugins(self, node: Node | None, path: str) -> tuple[str, ...]:
        words = self.words(node, path)
        for word in words:
            if not _PLUGIN.match(word):
                self.note(node, path, f"{word!r} is no name or name==version of a plug-in")
        return words

    def count(
        self, told: Mapping[str, Node], key: str, path: str, form: re.Pattern[str] = _COUNT
    ) -> int | None:
        if key not in told:
            return None
        text = self.word(told[key], f"{path}.{key}")
        if not form.match(text):
            self.note(told[key], f"{path}.{key}", f"{text!r} is no whole number from 0")
            return 0
        return int(text)

    def flag(self, told: Mapping[str, Node], key: str, path: str, *, base: bool) -> bool:
        if key not in told:
            return base
        text = self.word(told[key], f"{path}.{key}")
        if text not in ("true", "false"):
            self.note(told[key], f"{path}.{key}", f"{text!r} is neither true nor false")
        return text == "true"

    def waivers(self, node: Node | None) -> tuple[Waiver, ...]:
        if node is None:
            return ()
        if not isinstance(node, Listing):
            self.note(node, "waivers", "wants a list")
            return ()
        return tuple(self.waiver(item, f"waivers[{index}]") for index, item in enumerate(node.items))

    def waiver(self, node: Node, path: str) -> Waiver:
        told = self.table(node, path, _WAIVER)
        words = {}
        for key in _WAIVER:
            if key not in told:
                self.note(node, path, f"has no {key}: a waiver names criterion, owner, reason and last day")
            words[key] = self.word(told[key], f"{path}.{key}") if key in told else ""
        if "/" not in words["criterion"] or "*" in words["criterion"]:
            self.note(node, f"{path}.criterion", "wants one CONTRACT/CRITERION")
        for key in ("owner", "reason"):
            if key in told and words[key] and not _says(words[key]):
                self.note(told[key], f"{path}.{key}", f"{words[key][:40]!a} says nothing: wants words")
        if not _moment(words["expires"]):
            self.note(node, f"{path}.expires", "wants a day such as 2027-01-31, or 2027-01-31T12:00:00Z")
        return Waiver(line=node.line, **words)
