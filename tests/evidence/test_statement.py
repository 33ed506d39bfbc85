"""Evidence as a statement: its schema, its canonical bytes, and the way back."""

import json

import jsonschema
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from workbench import REPOSITORY, WAYS, criteria

from harness.evidence.statement import EvidenceError, canonical, parse_statement, record_of, verdict_of


@pytest.fixture(scope="module")
def schema():
    return json.loads((REPOSITORY / "specs/schema/evidence.schema.json").read_bytes())


@pytest.mark.parametrize("outcome", [way for way in WAYS if way != "UNTRIED"])
def test_what_a_check_writes_is_canonical_fits_the_schema_and_reads_back(bench, schema, outcome):
    bench.contract(criteria(("required", "A", outcome)))
    bench("check")
    data = bench.one("A").read_bytes()
    told = parse_statement(data)
    jsonschema.validate(told, schema)
    assert canonical(told) == data
    assert verdict_of(told["predicate"]).outcome == outcome
    record = record_of(data, "a path", "a digest")
    assert (record.outcome, record.path, record.sha256) == (outcome, "a path", "a digest")
    assert record.pins.obligation.startswith(bench.one("A").name.split(".")[1])


def test_the_published_evidence_fits_the_schema(schema):
    paths = sorted((REPOSITORY / "evidence").glob("*/*/*.json"))
    checked = jsonschema.validators.validator_for(schema)(schema)
    for path in paths:
        told = parse_statement(path.read_bytes())
        checked.validate(told)
        assert canonical(told) == path.read_bytes()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_no_json_value_is_read_as_evidence_or_breaks_the_reader(value):
    data = json.dumps(value).encode()
    with pytest.raises(EvidenceError):
        record_of(data, "", "")


@given(st.data())
def test_a_statement_with_any_one_value_exchanged_is_read_or_refused_and_never_breaks(data):
    told = json.loads(STATEMENT)
    node, path = told, []
    while isinstance(node, dict | list) and node and data.draw(st.booleans() if path else st.just(True)):
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        path.append(key)
        parent, node = node, node[key]
    parent[path[-1]] = data.draw(JSON)
    try:
        record = record_of(json.dumps(told).encode(), "", "")
    except EvidenceError:
        return
    assert record.outcome in ("DISCHARGED", "FALSIFIED", "INCONCLUSIVE", "ERROR")


STATEMENT = """{"_type":"https://in-toto.io/Statement/v1",
"predicateType":"https://claims-harness.dev/training-claim/v1",
"subject":[{"name":"log","digest":{"sha256":"00"}}],
"predicate":{"contract":{"name":"demo","version":"1","digest":"00","subject":"demo"},"criterion":"A",
"obligation":{"kind":"metric","kindVersion":1,"digest":"11"},
"spec":{"id":null,"version":null,"clause":null,"digest":"22"},
"verdict":{"outcome":"FALSIFIED","basis":"measured","reason":null,"detail":"","measured":"1","threshold":"2",
"margin":null,"denominator":{"judged":1,"total":2,"unit":"rows","excluded":0,"unjudged":1,"undecided":0},
"witnesses":[{"where":"log:1","found":"1","expected":"2"}]},
"materials":[{"name":"log","digest":{"sha256":"00"},"bytes":3}],
"runs":[{"run":"r","seed":1,"identity":"33","device":"cpu","scale":{"steps":1,"parameters":2},"wall":0.1,
"outputs":{"trace":"44"}}],
"harness":{"version":"0","plugins":{}},"environment":{"python":"3","platform":"l","libraries":{}},
"startedOn":"2026-01-01T00:00:00Z","finishedOn":"2026-01-01T00:00:00Z"}}"""


def test_the_statement_of_these_tests_is_whole():
    assert record_of(STATEMENT.encode(), "", "").outcome == "FALSIFIED"


@pytest.mark.parametrize("name", sorted(json.loads(STATEMENT)["predicate"]["verdict"]))
def test_a_verdict_without_one_of_its_parts_is_refused(name):
    told = json.loads(STATEMENT)
    del told["predicate"]["verdict"][name]
    with pytest.raises(EvidenceError):
        record_of(json.dumps(told).encode(), "", "")


@pytest.mark.parametrize(
    "value",
    [
        {"b": 1, "a": ["é", "\u2028", "\x7f", "\x00\n", None, True, -5]},
        {"a": 0.1, "b": [1e21, 1.0, 5e-324]},
        {"\U0001f600": 1, "\ufb33": 2, "z": 3},
        {"a": 2**53 - 1, "b": -(2**53) + 1},
        {"a": {"c": [[], {}], "b": ""}},
    ],
)
def test_canonical_bytes_are_those_of_the_standard(value):
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [{"a": 2**53}, {"a": "\ud800"}, {"a": float("nan")}, {1: 2}])
def test_what_has_no_canonical_bytes_is_refused(value):
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical(value)
