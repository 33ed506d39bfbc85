"""A scoreboard in the words of others: SLSA verification summaries and in-toto test results.

Formats: https://slsa.dev/spec/v1.1/verification_summary and
https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import __version__
from harness.evidence.digests import sha256_file
from harness.evidence.statement import STATEMENT
from harness.model.contract import Severity
from harness.scoreboard.board import ContractRow, CriterionRow
from harness.scoreboard.fold import Status

VSA = "https://slsa.dev/verification_summary/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
VERIFIER = "https://claims-harness.dev/harness"


def verification_summary(root: Path, row: ContractRow, reasons: tuple[str, ...], now: str) -> dict[str, Any]:
    """Returns the SLSA summary of one contract: PASSED only where nothing is against its release.

    The policy is the contract itself; the attestations are the evidence that counted.
    """
    return {
        "_type": STATEMENT,
        "subject": subjects(root, row),
        "predicateType": VSA,
        "predicate": {
            "verifier": {"id": VERIFIER, "version": {"harness": __version__}},
            "timeVerified": now,
            "resourceUri": f"contract:{row.name}",
            "policy": {"uri": row.path, "digest": _sha256(root / row.path)},
            "inputAttestations": [
                {"uri": item.path, "digest": {"sha256": item.record.sha256}}
                for one in row.criteria
                for item in one.obligations
                if item.record
            ],
            "verificationResult": "FAILED" if reasons or row.status is not Status.DISCHARGED else "PASSED",
            "verifiedLevels": [],
            "slsaVersion": "1.1",
        },
    }


def test_result(root: Path, row: ContractRow, reasons: tuple[str, ...]) -> dict[str, Any]:
    """Returns the in-toto test result of one contract: a criterion passes, warns or fails.

    Only what is demanded can fail; an advisory claim that does not stand is a warning, and nothing that was
    not tried passes.
    """
    names: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for one in row.criteria:
        names[_bin(one)].append(f"{row.name}/{one.id}")
    failed = bool(names["failedTests"] or reasons) or row.status is not Status.DISCHARGED
    result = "FAILED" if failed else "WARNED" if names["warnedTests"] else "PASSED"
    configuration = [{"name": row.path, "digest": _sha256(root / row.path)}]
    return {
        "_type": STATEMENT,
        "subject": subjects(root, row),
        "predicateType": TEST_RESULT,
        "predicate": {"result": result, "configuration": configuration, **names},
    }


def _bin(row: CriterionRow) -> str:
    if row.severity in (Severity.REQUIRED, Severity.REFUTED):
        return "passedTests" if row.as_demanded else "failedTests"
    return "passedTests" if row.status is Status.DISCHARGED else "warnedTests"


def subjects(root: Path, row: ContractRow) -> list[dict[str, Any]]:
    """Returns what the contract's verdicts are about: the files judged; the contract if there is none."""
    found: dict[str, str] = {}
    for one in row.criteria:
        for item in one.obligations:
            found |= dict(item.record.pins.materials) if item.record else {}
            found |= dict(item.record.pins.outputs) if item.record else {}
    if not found:
        return [{"name": row.path, "digest": _sha256(root / row.path)}]
    return [{"name": name, "digest": {"sha256": found[name]}} for name in sorted(found)]


def _sha256(path: Path) -> Mapping[str, str]:
    return {"sha256": sha256_file(str(path))}
