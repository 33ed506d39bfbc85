import json
import math

import pytest
from asking_reader import DATA, project, read

from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.project import Project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.model.outcome import Outcome
from harness.model.problem import InvalidContract
from harness.reading.contract import lowered
from harness.reading.lower import dump

SHORT = (DATA / "short.yaml").read_text(encoding="utf-8")
LONG = (DATA / "long.yaml").read_text(encoding="utf-8")
HEXAD = "---\nid: hexad\nversion: 2.0.0\n---\n\n## The rate {#3.1}\n\nIt is applied.\n"
KITCHEN_SINK = r"""
contract: "sink"
version: 1.10
subject: 'a "quoted" \ subject'
log: l
data: {train: t, held-out: h}
where: {a: 1.50, b: 1e-3}
let:
  f(x, y): x*a_(y)
  a_(z): z + 1
criteria:
  one:
    claim: "two\nlines, a tab\t, a \u2028 separator, \x85, \e and \"quotes\""
    rows: |
      f(loss, a)
        > 0
    select: loss > 0, unless
  "no": {prove: [x > 0 or x <= 0, "x == x"], given: {x: real}, reason: ~, basis: [proved]}
  three:
    - nonsense
    - {a: [1, -2], b: []}
  four:
    - f(x, y) > 0
    - b, c
"""


def identities(contract):
    return [
        (criterion.id, criterion.claim_digest, obligation.kind_name, obligation.digest)
        for criterion in contract.criteria
        for obligation in criterion.obligations
    ]


def test_the_short_form_becomes_inputs_and_obligations_of_kinds():
    contract = read(SHORT)
    assert [(c.id, c.obligations[0].kind_name, c.obligations[0].inputs) for c in contract.criteria] == [
        ("lr", "trace", ("log",)),
        ("finite", "trace", ("log",)),
        ("descent", "descent", ("held_out", "subject", "train")),
        ("gap", "gap", ("held_out", "subject", "train")),
        ("leak", "overlap", ("held_out", "train")),
        ("params", "tensors", ("subject",)),
        ("card", "card", ("README_md", "log", "subject")),
    ]
    kinds = {c.id: c.obligations[0].kind for c in contract.criteria}
    assert None not in kinds.values()
    assert (kinds["params"].parameters, kinds["params"].dtype) == (1235814400, "bf16")
    assert {name: item.file for name, item in contract.inputs.items()} == {
        "log": "out/checkpoint-3000/trainer_state.json",
        "subject": "out/checkpoint-3000",
        "train": "data/train.jsonl",
        "held_out": "data/val.jsonl",
        "README_md": "README.md",
    }


def test_a_line_of_the_short_form_words_its_own_claim():
    claims = {criterion.id: criterion.claim for criterion in read(SHORT).criteria}
    assert claims["gap"] == "gap: held_out; at_most: 0.20; model: subject; calibrate: bigram"
    assert claims["finite"] == "rows: finite(loss) and finite(grad_norm)"


def test_the_short_form_is_judged_like_any_other(tmp_path):
    rows = [
        {"step": step, "loss": 2.0 - step / 9000, "grad_norm": 1.5, "learning_rate": rate(step - 1)}
        for step in range(1, 3001, 10)
    ]
    state = {"global_step": 3000, "log_history": rows}
    files = {"out/checkpoint-3000/trainer_state.json": json.dumps(state), "README.md": "# A model"}
    project(tmp_path, files)
    outcomes = {}
    contract = read(SHORT, tmp_path)
    for criterion in contract.criteria:
        context = DischargeContext(
            Sources(Project(root=tmp_path), contract, Memo(None, "", lambda: 0)), prove=None
        )
        outcomes[criterion.id] = discharge(criterion.obligations[0], context).outcome
    assert (outcomes["lr"], outcomes["finite"]) == (Outcome.DISCHARGED, Outcome.DISCHARGED)
    assert Outcome.DISCHARGED not in (outcomes["gap"], outcomes["params"])
    assert outcomes["card"] is Outcome.INCONCLUSIVE


def rate(step):
    wave = (1 + math.cos(math.pi * (step - 100) / 2900)) / 2
    return 2e-5 * (step / 100 if step < 100 else wave)


def test_the_long_form_of_the_floor_plan_reads(tmp_path):
    contract = read(LONG, project(tmp_path, {"specs/hexad/2.0.0.md": HEXAD}))
    (criterion,) = contract.criteria
    assert [obligation.kind_name for obligation in criterion.obligations] == [
        "symbolic",
        "symbolic",
        "trace",
        "sensitivity",
    ]
    assert [obligation.kind is None for obligation in criterion.obligations] == [False, False, False, False]
    assert contract.runs["tiny"].config["n_layer"].text == "3"


def test_the_long_text_of_a_contract_reads_back_as_the_same_obligations():
    text = dump(lowered(SHORT.encode(), "c.yaml"))
    assert identities(read(text)) == identities(read(SHORT))
    assert dump(lowered(text.encode(), "c.yaml")) == text


def test_the_long_text_keeps_what_is_hard_to_write():
    tree = lowered(KITCHEN_SINK.encode(), "c.yaml")
    text = dump(tree)
    assert plain(lowered(text.encode(), "c.yaml")) == plain(tree)
    assert dump(lowered(text.encode(), "c.yaml")) == text


def plain(node):
    """Returns a tree without its lines; nothing is nothing, however it was written."""
    if hasattr(node, "entries"):
        return {key.text: plain(value) for key, value in node.entries}
    if hasattr(node, "items"):
        return [plain(item) for item in node.items]
    return None if node.plain and node.text in ("", "~", "null") else node.text


@pytest.mark.parametrize("text", ["contract: c\ncriteria:\n", "contract: c\ncriteria: {A: {}}\nwhere: {}\n"])
def test_nothing_stays_nothing(text):
    assert plain(lowered(dump(lowered(text.encode(), "c.yaml")).encode(), "c.yaml")) == plain(
        lowered(text.encode(), "c.yaml")
    )


def test_an_input_of_the_short_form_may_say_more_of_itself():
    contract = read("contract: c\nlog: {file: a.json, rows: history}\ncriteria: {A: {rows: finite(a)}}")
    assert (contract.inputs["log"].file, contract.inputs["log"].rows) == ("a.json", "history")


def test_the_subject_becomes_an_input_only_where_it_is_used_as_one():
    text = "contract: c\nsubject: a model of ours\nlog: l\ncriteria: {A: {rows: finite(a)}}"
    assert read(text).inputs.keys() == {"log"}
    assert read(text).subject == "a model of ours"


@pytest.mark.parametrize(
    ("subject", "line", "asked"),
    [
        ("out/model", "gap: h, at_most: 1", True),
        ("out/model", "gap: h, at_most: 1, model: null", False),
        ("out/model", "gap: h, at_most: 1, loss: nats", False),
        ("out/model.clm", "gap: h, at_most: 1", False),
        ("a model of ours", "gap: h, at_most: 1", False),
    ],
)
def test_a_gap_of_the_short_form_is_of_the_folder_that_the_contract_is_about(subject, line, asked):
    contract = read(f"contract: c\nsubject: {subject}\ndata: {{h: h, train: t}}\ncriteria: {{A: {{{line}}}}}")
    kind = contract.criteria[0].obligations[0].kind
    assert (kind.model, kind.calibrate) == (("subject", "bigram") if asked else (None, None))


@pytest.mark.parametrize(
    ("subject", "line", "asked"),
    [
        ("out/model", "memorization: h", True),
        ("out/model", "memorization: h, cause: leak, confidence: 0.95", True),
        ("out/model", "memorization: h, model: null", False),
        ("out/model", "memorization: h, weight: bytes", False),
        ("out/model", "memorization: h, kind: memorization", False),
        ("out/model.clm", "memorization: h", False),
        ("a model of ours", "memorization: h", False),
    ],
)
def test_memorization_of_the_short_form_is_asked_of_the_folder_too(subject, line, asked):
    data = "{h: h, train: t, reference: r}"
    contract = read(f"contract: c\nsubject: {subject}\ndata: {data}\ncriteria: {{A: {{{line}}}}}")
    assert contract.criteria[0].obligations[0].kind.model == ("subject" if asked else None)


def test_a_card_may_be_named_by_its_path():
    contract = read("contract: c\ncriteria: {A: {card: docs/card.md}, B: {card: docs/card.md}}")
    assert {name: item.file for name, item in contract.inputs.items()} == {"docs_card_md": "docs/card.md"}
    assert [c.obligations[0].inputs for c in contract.criteria] == [("docs_card_md",)] * 2


def test_two_files_are_not_given_one_name():
    with pytest.raises(InvalidContract, match="README_md"):
        read("contract: c\ninputs: {README_md: {file: other}}\ncriteria: {A: {card: README.md}}")


def test_a_card_that_is_no_path_is_the_name_of_an_input():
    with pytest.raises(InvalidContract, match="there is no input 'readme'"):
        read("contract: c\ncriteria: {A: {card: readme}}")


def test_both_forms_of_an_obligation_have_one_digest():
    short = read("contract: c\nlog: l\ncriteria: {A: {rows: finite(a)}}")
    long = read(
        """\
        contract: c
        inputs: {log: {file: l}}
        criteria:
          - id: A
            obligations:
              - {kind: trace, log: log, rows: "finite(a)"}
        """
    )
    assert short.criteria[0].obligations[0].digest == long.criteria[0].obligations[0].digest


def test_an_obligation_in_a_list_may_leave_its_kind_out_too():
    text = "contract: c\nlog: l\ncriteria: [{id: A, obligations: [{rows: finite(a)}, {compare: data}]}]"
    (criterion,) = read(text).criteria
    assert [obligation.kind_name for obligation in criterion.obligations] == ["trace", "compare"]


def long(body):
    return dump(lowered(f"contract: c\n{body}".encode(), "c.yaml"))


def test_a_bare_card_is_given_the_log_and_the_subject_of_its_contract():
    text = long("subject: out/model\nlog: out/log.jsonl\ncriteria:\n  card: {card: README.md}\n")
    assert "log: log" in text
    assert "checkpoint: subject" in text
    text = long(
        "subject: out/model\nlog: l.csv\ncriteria:\n  c: {card: README.md, claims: {Loss: {metric: loss}}}\n"
    )
    assert "checkpoint" not in text
    assert "log: log" not in text


def test_a_key_that_is_short_for_one_kind_may_be_a_plain_field_of_another():
    found = read(
        "contract: c\n"
        "criteria:\n"
        "  a: {claim: It scores., evaluation: results, samples: samples, task: quiz, metric: acc}\n"
        "inputs: {results: {file: results.json}, samples: {file: samples.jsonl}}\n"
    )
    (obligation,) = found.criteria[0].obligations
    assert obligation.kind_name == "evaluation"


BARE = """
contract: c
subject: ck
data: {train: train.jsonl, held: held.jsonl}
criteria:
  A: {gap: held, at_most: 0.4}
"""


def test_a_folder_that_is_written_like_a_name_is_told_with_its_remedy(tmp_path):
    """Without slash or dot it is no input, and the gap would look for losses in the texts."""
    read(BARE, tmp_path)
    project(tmp_path, {"ck/config.json": "{}"})
    with pytest.raises(InvalidContract) as caught:
        read(BARE, tmp_path)
    assert "ck is a checkpoint folder here" in str(caught.value)
    assert "write ./ck" in str(caught.value)
    (criterion,) = read(BARE.replace("subject: ck", "subject: ./ck"), tmp_path).criteria
    assert criterion.obligations[0].inputs == ("held", "subject", "train")
