from pathlib import Path

import pytest
import yaml
from asking_reader import DATA
from jsonschema import Draft202012Validator

from harness.reading.schema import contract_schema, evidence_schema, schema_files
from harness.registry import kinds

REPOSITORY = Path(__file__).parents[2]
CONTRACTS = sorted((REPOSITORY / "contracts").glob("*.yaml"))
EXAMPLES = [(name, example) for name, cls in kinds().items() for example in cls.EXAMPLES]
HEAD = "contract: c\nlog: l\ncriteria:\n"


@pytest.fixture(scope="module")
def schema():
    return Draft202012Validator(contract_schema())


def errors(schema, text):
    return [f"{error.json_path}: {error.message[:300]}" for error in schema.iter_errors(yaml.safe_load(text))]


@pytest.mark.parametrize("name", schema_files())
def test_the_written_schemas_are_those_of_the_classes(name):
    written = (REPOSITORY / "specs" / "schema" / name).read_text(encoding="utf-8")
    assert written == schema_files()[name], "run `harness schema`"


@pytest.mark.parametrize("made", [contract_schema, evidence_schema])
def test_the_schemas_are_schemas(made):
    Draft202012Validator.check_schema(made())


def test_the_folder_holds_no_other_schema():
    assert {path.name for path in (REPOSITORY / "specs" / "schema").iterdir()} == schema_files().keys()


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_every_shipped_contract_fits_the_schema(path, schema):
    assert errors(schema, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", ["short.yaml", "long.yaml"])
def test_the_contracts_of_the_floor_plan_fit_the_schema(name, schema):
    assert errors(schema, (DATA / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("name", "example"), EXAMPLES, ids=[f"{name}: {example.title}" for name, example in EXAMPLES]
)
def test_every_example_of_a_kind_fits_the_schema(name, example, schema):
    assert errors(schema, f"contract: example\n{example.contract}") == []


@pytest.mark.parametrize(
    "text",
    [
        "contract: c\n",
        "criteria: {A: {rows: a > 0}}\n",
        "contract: c\ncriteria: []\n",
        "contract: c\ncriteria: {}\n",
        "contract: c\nstatus: DISCHARGED\ncriteria: {A: {rows: a > 0}}\n",
        "contract: c\ncolour: red\ncriteria: {A: {rows: a > 0}}\n",
        "contract: c\nlog: {path: l}\ncriteria: {A: {rows: a > 0}}\n",
        f"{HEAD}  A: {{rows: a > 0, status: DISCHARGED}}\n",
        f"{HEAD}  A: {{rows: a > 0, evry: 1}}\n",
        f"{HEAD}  A: {{rwos: a > 0}}\n",
        f"{HEAD}  A: {{id: A, rows: a > 0}}\n",
        f"{HEAD}  A: {{claim: nothing tries it}}\n",
        f"{HEAD}  A: {{rows: a > 0, severity: refuted}}\n",
        f"{HEAD}  A: {{rows: a > 0, severity: green}}\n",
        f"{HEAD}  A: {{compare: data, verdict: DISCHARGED}}\n",
        f"{HEAD}  - {{rows: a > 0}}\n",
        f"{HEAD}  - {{id: A, obligations: []}}\n",
        f"{HEAD}  - {{id: A, obligations: [{{kind: nope, rows: a > 0}}]}}\n",
        f"{HEAD}  - {{id: A, obligations: [{{kind: trace}}]}}\n",
        f"{HEAD}  - {{id: A, obligations: [{{kind: trace, rows: a > 0, outcome: x}}]}}\n",
        f"{HEAD}  - {{id: A, obligations: [{{kind: compare, compare: data, status: x}}]}}\n",
        f"{HEAD}  - {{id: A, obligations: [{{kind: forensic, rule: crve, log: log}}]}}\n",
        f"{HEAD}  - {{id: A, obligations: [{{rule: curve, log: log}}]}}\n",
    ],
)
def test_what_the_reader_refuses_for_its_shape_the_schema_refuses_too(text, schema):
    assert errors(schema, text)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}  A: {{claim: Unknown., severity: disclaimed}}\n",
        f"{HEAD}  A: {{rows: a > 0, severity: refuted, reason: it is not}}\n",
        f"{HEAD}  A: {{compare: data, at_most: 0.2}}\n",
        f"{HEAD}  A: {{kind: compare, run: tiny}}\n",
        f"{HEAD}  - {{id: A, obligations: [{{rows: a > 0}}, {{kind: compare, compare: data}}]}}\n",
        f"{HEAD}  - {{id: A, scale: {{device: cuda, steps: 3}}, basis: measured, rows: a > 0}}\n",
        "contract: c\nlog: {file: l, rows: r}\ndata: {d: {files: '*.json'}}\ncriteria: {A: {rows: a > 0}}\n",
    ],
)
def test_what_the_reader_takes_the_schema_takes_too(text, schema):
    assert errors(schema, text) == []
