"""Attacks on a signed scoreboard, each with the reason for which it must be refused.

An attacker here may write every file of the project and holds every key but the reviewer's.
"""

import base64
import json
import shutil
from datetime import datetime
from random import Random

import pytest
from campaign import flips
from forging import FLAT, Signed
from jsonschema import Draft202012Validator
from workbench import LOG, REPOSITORY

from harness.evidence.dsse import PAYLOAD, sign
from harness.evidence.keys import read_public
from harness.evidence.statement import canonical

CASES = {}


def attack(why):
    """Names an attack by its function and states why ``verify`` must refuse it."""

    def keep(function):
        CASES[function.__name__] = (function, why)
        return function

    return keep


@pytest.fixture
def signed(tmp_path_factory):
    return Signed(tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("keys"))


def test_what_nobody_attacked_is_verified_and_passes(signed):
    said = signed.verify("--recheck", "--heads", str(signed.root / "keys/heads"))
    assert (said.code, "verify: verified" in said.out) == (0, True), said
    assert "recomputed: fold, digests of 1 file, verdict of metric" in said.out
    assert signed.bench("gate").code == 0
    assert signed.bench("gate", "--tier", "public").code == 0


# The envelope ---------------------------------------------------------------------------------


@attack("there is no envelope")
def envelope_deleted(s):
    s.envelope.unlink()


@attack("no envelope")
def envelope_emptied(s):
    s.envelope.write_bytes(b"")


@attack("no envelope")
def envelope_truncated(s):
    s.envelope.write_bytes(s.envelope.read_bytes()[:-20])


@attack("no envelope")
def envelope_cut_by_one_byte(s):
    s.envelope.write_bytes(s.envelope.read_bytes()[:-1])


@attack("canonical")
def envelope_with_a_newline(s):
    s.envelope.write_bytes(s.envelope.read_bytes() + b"\n")


@attack("canonical")
def envelope_reformatted(s):
    s.envelope.write_text(json.dumps(json.loads(s.envelope.read_bytes()), indent=1))


@attack("canonical")
def envelope_in_another_encoding(s):
    s.envelope.write_bytes(s.envelope.read_bytes().decode().encode("utf-16"))


@attack("duplicate key")
def envelope_with_a_key_twice(s):
    s.envelope.write_bytes(b'{"payload":"e30=",' + s.envelope.read_bytes()[1:])


@attack("wants exactly payload")
def envelope_with_a_field_more(s):
    s.edit_envelope(lambda told: told.update(trusted=True))


@attack("carries no signature")
def signature_list_emptied(s):
    s.edit_envelope(lambda told: told.update(signatures=[]))


@attack("wants exactly keyid and sig")
def signature_without_a_key_id(s):
    s.edit_envelope(lambda told: told["signatures"][0].pop("keyid"))


@attack("wants exactly keyid and sig")
def signature_brings_its_own_public_key(s):
    pem = (s.keys / "stranger.pub").read_text()
    s.edit_envelope(lambda told: told["signatures"][0].update(publicKey=pem))


@attack("not base64")
def signature_is_no_base64(s):
    s.edit_envelope(lambda told: told["signatures"][0].update(sig="***"))


@attack("base64")
def signature_in_the_url_alphabet(s):
    def change(told):
        sig = base64.b64decode(told["signatures"][0]["sig"])
        told["signatures"][0]["sig"] = base64.urlsafe_b64encode(sig).decode().rstrip("=")

    s.edit_envelope(change)


@attack("does not hold")
def signature_of_zeros(s):
    s.edit_envelope(lambda told: told["signatures"][0].update(sig=base64.b64encode(bytes(64)).decode()))


@attack("does not hold")
def signature_emptied(s):
    s.edit_envelope(lambda told: told["signatures"][0].update(sig=""))


@attack("two signatures by key")
def signature_counted_twice(s):
    s.edit_envelope(lambda told: told["signatures"].append(dict(told["signatures"][0])))


@attack("which was not given")
def foreign_signature_added(s):
    other = json.loads(sign(b"{}", s.keys / "stranger")[0])["signatures"]
    s.edit_envelope(lambda told: told["signatures"].extend(other))


@attack("whose key was not given")
def signed_by_a_stranger(s):
    s.edit_payload(lambda told: None, key="stranger")


@attack("does not hold")
def stranger_under_the_reviewers_key_id(s):
    s.edit_payload(lambda told: None, key="stranger")
    mine = read_public(s.keys / "reviewer.pub").id
    s.edit_envelope(lambda told: told["signatures"][0].update(keyid=mine))


@attack("signs")
def signature_over_another_payload_type(s):
    s.edit_envelope(lambda told: told.update(payloadType="application/json"))


@attack("signs")
def payload_type_with_a_look_alike_letter(s):
    s.edit_envelope(lambda told: told.update(payloadType=PAYLOAD.replace("a", "\u0430", 1)))


@attack("signs")
def payload_type_is_no_text(s):
    s.edit_envelope(lambda told: told.update(payloadType=[PAYLOAD]))


@attack("which was not given")
def key_id_in_upper_case(s):
    def change(told):
        told["signatures"] += [dict(told["signatures"][0])]
        told["signatures"][1]["keyid"] = told["signatures"][0]["keyid"].upper()

    s.edit_envelope(change)


# What is signed --------------------------------------------------------------------------------


@attack("does not hold")
def payload_edited(s):
    s.edit_payload(lambda told: told["predicate"].update(signedOn="2030-01-01T00:00:00Z"))


@attack("does not hold")
def payload_recanonicalised(s):
    text = json.dumps(s.payload(), indent=1).encode()
    s.edit_envelope(lambda told: told.update(payload=base64.b64encode(text).decode()))


@attack("does not hold")
def subjects_swapped(s):
    def change(told):
        one, two = told["subject"][0], told["subject"][1]
        one["digest"], two["digest"] = two["digest"], one["digest"]

    s.edit_payload(change)


@attack("does not hold")
def subjects_dropped(s):
    s.edit_payload(lambda told: told.update(subject=told["subject"][:1]))


@attack("not in its canonical bytes")
def signed_payload_is_not_canonical(s):
    s.raw_payload(json.dumps(s.payload()).encode())


@attack("duplicate key")
def signed_payload_has_a_key_twice(s):
    data = canonical(s.payload())
    s.raw_payload(data.replace(b'"_type":', b'"_type":"x","_type":', 1))


@attack("not in its canonical bytes")
def signed_payload_spells_a_letter_as_an_escape(s):
    s.raw_payload(canonical(s.payload()).replace(b"signedOn", b"\\u0073ignedOn"))


@attack("not an in-toto Statement")
def a_signed_ledger_entry_passed_off_as_a_seal(s):
    s.raw_payload(s.bench.entries()[-1].read_bytes())


@attack("training-claim/v1")
def a_signed_verdict_passed_off_as_a_seal(s):
    s.raw_payload(s.evidence().read_bytes())


@attack("verification_summary")
def a_signed_summary_passed_off_as_a_seal(s):
    line = s.bench("export", "--key", str(s.keys / "reviewer")).out.strip()
    s.envelope.write_bytes(line.encode())


@attack("not https://claims-harness.dev/scoreboard/v1")
def schema_downgraded(s):
    change = {"predicateType": "https://claims-harness.dev/scoreboard/v0"}
    s.edit_payload(lambda told: told.update(change), key="reviewer")


@attack("occurs twice")
def duplicate_subjects(s):
    s.edit_payload(lambda told: told["subject"].append(told["subject"][0]), key="reviewer")


@attack("occurs twice")
def subjects_that_only_case_tells_apart(s):
    def change(told):
        told["subject"].append(told["subject"][0] | {"name": told["subject"][0]["name"].upper()})

    s.edit_payload(change, key="reviewer")


@attack("normal form")
def subject_in_another_unicode_form(s):
    s.edit_payload(lambda told: told["subject"][0].update(name="cafe\u0301.yaml"), key="reviewer")


@attack("occurs twice")
def subjects_that_only_a_wide_letter_tells_apart(s):
    def change(told):
        name = told["subject"][0]["name"]
        wide = chr(ord(name[0]) + 0xFEE0) + name[1:]
        told["subject"].append(told["subject"][0] | {"name": wide})

    s.edit_payload(change, key="reviewer")


@attack("no plain relative path")
def subject_outside_the_project(s):
    s.edit_payload(lambda told: told["subject"][0].update(name="../outside"), key="reviewer")


@attack("no plain relative path")
def subject_with_an_absolute_name(s):
    s.edit_payload(lambda told: told["subject"][0].update(name="/etc/passwd"), key="reviewer")


@attack("no plain relative path")
def subject_that_turns_text_around(s):
    s.edit_payload(lambda told: told["subject"][0].update(name="a\u202egnp.yaml"), key="reviewer")


@attack("no SHA-256")
def subject_with_a_short_digest(s):
    change = {"digest": {"sha256": "00"}}
    s.edit_payload(lambda told: told["subject"][0].update(change), key="reviewer")


@attack("not a complete seal")
def subject_with_another_digest_algorithm(s):
    change = {"digest": {"md5": "0" * 32}}
    s.edit_payload(lambda told: told["subject"][0].update(change), key="reviewer")


@attack("no contracts")
def sealed_contracts_emptied(s):
    s.edit_payload(lambda told: told["predicate"].update(contracts=[]), key="reviewer")


@attack("sealed as FALSIFIED and folds to DISCHARGED")
def sealed_status_is_another(s):
    def change(told):
        told["predicate"]["contracts"][0]["criteria"][1]["status"] = "FALSIFIED"

    s.edit_payload(change, key="reviewer")


@attack("contract demo is not as it was sealed: FALSIFIED, here DISCHARGED")
def sealed_status_of_a_contract_is_another(s):
    s.edit_payload(lambda told: told["predicate"]["contracts"][0].update(status="FALSIFIED"), key="reviewer")


@attack("is sealed twice")
def a_contract_sealed_twice(s):
    def change(told):
        told["predicate"]["contracts"] *= 2

    s.edit_payload(change, key="reviewer")


# Evidence --------------------------------------------------------------------------------------


@attack("is gone")
def evidence_deleted(s):
    s.evidence().unlink()


@attack("other bytes")
def evidence_edited(s):
    s.edit_evidence(lambda told: told["verdict"].update(measured="9"))


@attack("other bytes")
def evidence_edited_and_rechained(s):
    s.edit_evidence(lambda told: told["verdict"].update(measured="9"))
    s.vouch("FALL")


@attack("other bytes")
def evidence_edited_with_its_times_set_back(s):
    s.touch_like(s.evidence(), s.evidence().read_bytes().replace(b'"judged":6', b'"judged":7'))


@attack("other bytes")
def evidence_reformatted(s):
    s.evidence().write_text(json.dumps(json.loads(s.evidence().read_bytes()), indent=1))


@attack("other bytes")
def evidence_of_another_claim_under_its_name(s):
    s.evidence().write_bytes(s.evidence("SUM").read_bytes())
    s.vouch("FALL")


@attack("other bytes")
def evidence_emptied(s):
    s.evidence().write_bytes(b"")


@attack("symbolic link")
def evidence_is_a_link_to_the_same_bytes(s):
    shutil.move(s.evidence(), s.root / "elsewhere.json")
    name = next(x["name"] for x in s.payload()["subject"] if "/FALL." in x["name"])
    (s.root / name).symlink_to(s.root / "elsewhere.json")


@attack("other bytes")
def a_falsified_verdict_flipped(s):
    s.fail()
    s.edit_evidence(lambda told: told["verdict"].update(outcome="DISCHARGED", witnesses=[]))
    s.vouch("FALL", outcome="DISCHARGED")


@attack("its heads are not those sealed")
def older_evidence_replayed(s):
    old = s.keep("evidence", "log.jsonl")
    s.fail()
    s.put_back(old)


@attack("gone")
def older_seal_replayed_over_newer_evidence(s):
    old = s.keep("evidence/signed", "keys/heads")
    s.bench("check", "--all")
    s.sign("reviewer")
    s.put_back(old)
    for path in s.bench.entries()[:1]:
        path.unlink()


@attack("STALE")
def a_judged_file_edited(s):
    s.bench.log(FLAT)


@attack("STALE")
def a_judged_file_deleted(s):
    (s.root / "log.jsonl").unlink()


@attack("STALE")
def another_file_of_the_same_name(s):
    path = s.root / "log.jsonl"
    s.touch_like(path, path.read_bytes().replace(b"5.0", b"6.0"))


# Contracts and the ledger ----------------------------------------------------------------------


@attack("contracts/demo.yaml has other bytes")
def threshold_relaxed(s):
    s.bench.edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 1")


@attack("contracts/demo.yaml has other bytes")
def claim_reworded(s):
    s.bench.edit("contracts/demo.yaml", "two nats", "at least two nats")


@attack("contracts/demo.yaml has other bytes")
def severity_lowered(s):
    s.bench.edit("contracts/demo.yaml", "    metric: loss", "    severity: advisory\n    metric: loss")


@attack("contract extra was not sealed")
def a_contract_added(s):
    s.bench.contract("criteria: {A: {claim: a, holds: 'x == y', numbers: {x: 1, y: 1}}}\n", "extra")
    s.bench("check", "extra")


@attack("is gone")
def a_contract_renamed(s):
    (s.root / "contracts/demo.yaml").rename(s.root / "contracts/other.yaml")


@attack("ledger")
def ledger_deleted(s):
    s.wipe("evidence/ledger")


@attack("ledger")
def ledger_cut_back_to_its_first_entry(s):
    s.bench.entries()[-1].unlink()


@attack("is missing")
def ledger_without_its_first_entry(s):
    s.bench.entries()[0].unlink()


@attack("it is not the entry that its name says")
def ledger_entry_edited(s):
    path = s.bench.entries()[-1]
    path.write_bytes(path.read_bytes().replace(b'"check"', b'"chock"'))


@attack("ledger has gone on")
def ledger_with_an_entry_more(s):
    s.vouch()


@attack("entries that were not sealed")
def ledger_with_a_second_head(s):
    s.vouch(parents=False)


@attack("ledger")
def ledger_rewritten_from_nothing(s):
    s.wipe("evidence/ledger")
    s.bench.log([*LOG, {"step": 6, "loss": 1.0}])
    s.bench("lock")
    s.bench("check", "--all")


@attack("of the ledger was changed: it is not the contract that its name says")
def the_text_of_a_judged_contract_edited(s):
    (kept,) = (s.root / "evidence/ledger/contracts").glob("*.yaml")
    kept.write_text(kept.read_text().replace("falls_by: 2", "falls_by: 1"))


@attack("policy.yaml has other bytes")
def policy_weakened(s):
    s.bench.edit("policy.yaml", "signatures: 1, locked: true", "signatures: 0, locked: false")


@attack("policy.yaml is gone")
def policy_deleted(s):
    (s.root / "policy.yaml").unlink()


@attack("harness.toml has other bytes")
def another_contract_folder(s):
    s.bench.edit("harness.toml", 'contracts = "contracts"', 'contracts = "contracts"\nfalsifiers = "x"')


@pytest.mark.parametrize("name", CASES)
def test_the_attack_is_refused_for_its_reason(signed, name):
    function, why = CASES[name]
    function(signed)
    said = signed.verify()
    assert said.code == 1, said
    assert "NOT verified" in said.out or "nothing to verify" in said.out
    assert why in said.out, said.out


def places(signed, count):
    """Chooses bytes of the envelope, of everything that it seals, and of what was judged."""
    random = Random(7)
    sealed = [signed.root / item["name"] for item in signed.payload()["subject"]]
    files = [signed.envelope, signed.root / "log.jsonl", *sealed]
    for _ in range(count):
        path = random.choice(files)
        yield path, random.randrange(path.stat().st_size), 1 << random.randrange(8)


@pytest.mark.parametrize("count", [60])
def test_every_flipped_bit_is_found(signed, count):
    for path, place, bit in places(signed, count):
        whole = path.read_bytes()
        signed.touch_like(path, whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
        said = signed.verify()
        assert said.code != 0, (path, place, bit)
        path.write_bytes(whole)
    assert signed.verify().code == 0


def test_every_changed_byte_is_found(tmp_path):
    of, found, missed = flips(tmp_path, 60, seed=3)
    assert (found, missed) == (of, [])
    assert set(of) >= {"contracts", "evidence", "log.jsonl"}


def test_the_corpus_is_as_large_as_it_says():
    assert len(CASES) >= 70


def test_what_is_signed_fits_its_published_schema(signed):
    schema = json.loads((REPOSITORY / "specs/schema/scoreboard.schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(signed.payload())
    assert schema["$id"] == signed.payload()["predicateType"]


def test_a_field_that_nobody_knows_stays_and_decides_nothing(signed):
    def change(told):
        told["predicate"]["verified"] = True
        told["note"] = "from a later version"

    signed.edit_payload(change, key="reviewer")
    assert signed.verify().code == 0
    assert signed.payload()["predicate"]["verified"] is True
    signed.bench.log(FLAT)
    assert signed.verify().code == 1


def test_time_of_signing_is_told_in_utc(signed):
    told = signed.payload()["predicate"]["signedOn"]
    assert datetime.fromisoformat(told).utcoffset().total_seconds() == 0
