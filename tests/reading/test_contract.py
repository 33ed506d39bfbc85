import sys
import time
from contextlib import contextmanager

import pytest
from asking_reader import SPEC, body, only, problem, problems, project, read

from harness.kinds.trace import Trace
from harness.model.contract import Severity
from harness.model.outcome import Basis
from harness.model.problem import InvalidContract
from harness.registry import PluginError

FAULTY = """\
contract: many
contract: twice
colour: red
status: DISCHARGED
spec: hexad@9
inputs:
  log: {file: log.jsonl, files: "*.jsonl"}
  weird: {run: ghost, output: trace}
  other: {file: a, format: jsonk}
  bad: {file: [a]}
runs:
  mine: {python: "a:b", device: gpu, seeds: [1, 1]}
let:
  rate(b, t): b * clop(t)
  twice(x): rate(x, x) * 2
  loop(x): pool(x)
  pool(x): loop(x)
  free(x): x + y
  exp(x): x
  back(x): x[-1]
where:
  a: nan
  c: abc
  log: 3
criteria:
  - id: A
    claim: x
    clause: "1.1"
    obligations:
      - {kind: trac, rows: "a"}
      - {kind: compare, compare: nowhere, verdict: DISCHARGED}
      - {kind: trace, log: lgo, rows: "finite(los"}
      - {kind: trace, log: log, rows: "finite(twice(loss, 2))"}
      - {kind: symbolic, given: {m: real}, prove: ["m*c >= 0", "m + q > m"]}
      - {kind: symbolic, given: {m: real}, prove: ["m >= 0", "m + q > m"]}
      - {kind: metric, log: bad, metric: "loss +", at_most: "x"}
      - {kind: trace, log: weird, rows: "finite(loss)", min_rows: 1.5}
  - id: a
    severity: refuted
    obligations: []
  - id: B
    rwos: "finite(loss)"
  - {claim: no id}
  - {id: "a b", basis: seen, scale: {device: gpu}, obligations: [{kind: digest, file: log, sha256: zz}]}
  - nothing
"""


def test_every_mistake_is_told_at_once_and_only_once():
    assert sorted((found.line, found.path) for found in problems(FAULTY)) == [
        (2, "contract"),
        (3, "colour"),
        (4, "status"),
        (5, "spec"),
        (7, "inputs.log"),
        (8, "inputs.weird.run"),
        (9, "inputs.other.format"),
        (10, "inputs.bad.file"),
        (12, "runs.mine"),
        (12, "runs.mine.device"),
        (12, "runs.mine.seeds"),
        (14, "let.rate(b, t)"),
        (16, "let.loop(x)"),
        (18, "let.free(x)"),
        (19, "let.exp(x)"),
        (20, "let.back(x)"),
        (22, "where.a"),
        (23, "where.c"),
        (24, "where.log"),
        (30, "criteria.A.obligations[0].kind"),
        (31, "criteria.A.obligations[1].verdict"),
        (32, "criteria.A.obligations[2].log"),
        (32, "criteria.A.obligations[2].rows"),
        (35, "criteria.A.obligations[5].prove[1]"),
        (36, "criteria.A.obligations[6].at_most"),
        (36, "criteria.A.obligations[6].metric"),
        (37, "criteria.A.obligations[7].min_rows"),
        (38, "criteria.a"),
        (38, "criteria.a"),
        (38, "criteria.a"),
        (42, "criteria.B.rwos"),
        (43, "criteria[3]"),
        (44, "criteria[4].basis[0]"),
        (44, "criteria[4].id"),
        (44, "criteria[4].obligations[0].sha256"),
        (44, "criteria[4].scale.device"),
        (45, "criteria[5]"),
    ]


def test_a_problem_reads_as_file_line_path_message_and_remedy():
    shown = str(problem("contract: c\ncriteria:\n  A:\n    rows: finite(a)\n    lgo: log\nlog: l\n"))
    assert shown == "c.yaml:5: criteria.A.obligations[0].lgo: unknown key 'lgo'\n    did you mean 'log'?"


TRACE = 'kind: trace, log: log, rows: "finite(loss)"'
MANY = "inputs: {log: {file: l}}\n"
STATUS_WORDS = ("status", "verdict", "outcome", "Discharged")


@pytest.mark.parametrize("word", STATUS_WORDS)
@pytest.mark.parametrize(
    "text",
    [
        "contract: c\nWORD: x\ncriteria: {A: {holds: a == 1, numbers: {a: 1.0}}}",
        "contract: c\nlog: {file: l, WORD: x}\ncriteria: {A: {rows: finite(a)}}",
        "contract: c\nlog: l\nruns: {r: {system: hexad, WORD: x}}\ncriteria: {A: {rows: finite(a)}}",
        "contract: c\nlog: l\ncriteria: {A: {rows: finite(a), WORD: x}}",
        "contract: c\nlog: l\ncriteria: [{id: A, WORD: x, obligations: [{rows: finite(a)}]}]",
        "contract: c\nlog: l\ncriteria: [{id: A, obligations: [{rows: finite(a), WORD: x}]}]",
        "contract: c\ncriteria: [{id: A, scale: {steps: 1, WORD: x}, holds: a == 1, numbers: {a: 1.0}}]",
        "contract: c\ncriteria: {A: {compare: data, WORD: x}}",
        "contract: c\ncriteria: {A: {compare: data, deep: [{er: {WORD: x}}]}}",
        "contract: c\ncriteria: {WORD: DISCHARGED}",
    ],
)
def test_a_status_has_no_place_anywhere(text, word):
    found = problem(text.replace("WORD", word))
    assert found.message == f"a contract may not contain a {word}"
    assert "computed from evidence" in found.suggestion


def test_a_configuration_may_use_any_word():
    contract = read(body(TRACE, MANY + "runs: {r: {system: hexad, config: {status: 1, result: no}}}"))
    assert contract.runs["r"].config["result"] == "no"


def test_a_kind_to_come_is_kept_and_known_as_not_here():
    obligation = only(read("contract: c\ncriteria: {A: {kind: compare, run: tiny, change: {lr: 6.0e-4}}}"))
    assert (obligation.kind_name, obligation.kind, obligation.inputs) == ("compare", None, ())


@pytest.mark.parametrize("second", [TRACE, 'log: log, kind: trace, rows: "finite( loss )"  # again'])
def test_the_same_obligation_twice_in_a_criterion_names_both_lines(second):
    text = body(TRACE).rstrip() + f"\n      - {{{second}\n        }}\n"
    found = problem(text)
    assert (found.line, found.path) == (7, "criteria.A.obligations[1]")
    assert found.message == "line 7 states the same obligation as line 6"


def test_the_same_obligation_many_times_is_told_once():
    text = body(TRACE).rstrip() + f"\n      - {{{TRACE}}}" * 3 + "\n"
    assert problem(text).message == "lines 7, 8 and 9 state the same obligation as line 6"


def test_the_same_obligation_may_serve_two_criteria():
    contract = read("contract: c\nlog: l\ncriteria:\n  A: {rows: finite(a)}\n  B: {rows: finite(a)}\n")
    first, second = (criterion.obligations[0].digest for criterion in contract.criteria)
    assert first == second


def test_an_unsound_obligation_is_searched_as_far_as_its_names_are_known():
    head = "log: l\nlet: {f(x): g(x)}\nwhere: {b: x}"
    text = body('kind: metric, metric: "f(a) +", select: "b <", at_most: x, window: *y', head)
    assert [(found.line, found.path) for found in problems(text)] == [
        (3, "let.f(x)"),
        (4, "where.b"),
        (8, "criteria.A.obligations[0].at_most"),
        (8, "criteria[0].obligations[0].window"),
    ]
    text = body("kind: arithmetic, holds: [a == b], numbers: {a: *y, b: {input: lag, at: x}}")
    assert [found.path.rpartition(".numbers")[2] for found in problems(text)] == [".b.input", ".a"]


def test_two_kinds_cannot_share_a_short_form(monkeypatch):
    taken = {"trace": Trace, "other": Trace}
    monkeypatch.setattr("harness.reading.contract.kinds", lambda: taken)
    with pytest.raises(PluginError, match="kinds trace and other both have the short form rows"):
        read("contract: c\nlog: l\ncriteria: {A: {rows: finite(a)}}")


LET = "contract: c\nlet:\n{}\ncriteria: {{A: {{holds: a == 1, numbers: {{a: 1.0}}}}}}\n"
FORMULAS = {
    "free name": ("f(x): x + y", "y is not a parameter of f"),
    "near name": ("f(step): stop", "did you mean 'step'?"),
    "recursion": ("f(x): f(x) + 1", "recurses too deeply"),
    "wrong count": ("g(x): x\n  f(x): g(x, x)", "g takes 1 arguments, not 2"),
    "too few for the grammar": ("f(x): clip(x, 0)", "clip takes 3 arguments, not 2"),
    "unknown function": ("f(x): clop(x)", "unknown function clop"),
    "a name of the library": ("warmup_cosine(x): x", "already means something"),
    "a name of the grammar": ("sum(x): x", "already means something"),
    "a parameter with a meaning": ("f(pi): pi", "parameter pi already means something"),
    "its own parameter": ("f(f): 1", "parameter f already means something"),
    "a parameter twice": ("f(x, x): x", "named twice"),
    "defined twice": ("f(x): x\n  f(x, y): x", "formula f is defined twice"),
    "no arguments": ("f(): 1", "not a formula's signature"),
    "no signature": ("f: 1", "write name(a, b): expression"),
    "default argument": ("'f(x=1)': x", "not a formula's signature"),
    "looking back": ("f(x): x[-1]", "a formula has no rows"),
    "no expression": ("f(x): x +", "not an expression"),
    "a list": ("f(x): [x]", "a text is needed"),
}


@pytest.mark.parametrize(("lets", "said"), FORMULAS.values(), ids=FORMULAS)
def test_a_formula_that_means_nothing_is_told(lets, said):
    found = problem(LET.format(f"  {lets}"))
    assert found.path.startswith("let.")
    assert found.line == 3 + lets.count("\n")
    assert said in str(found)


def test_a_formula_is_blamed_where_its_mistake_is():
    lets = "  f(x): g(x)\n  g(x): h(x)\n  h(x): h(x, x) + q\n  i(x): x"
    found = problem(LET.format(lets) + "  # f\n")
    assert (found.line, found.path) == (5, "let.h(x)")


def test_of_formulas_that_call_each_other_the_first_is_named():
    lets = "  a(x): f(x)\n  f(x): g(x)\n  g(x): f(x)\n  b(x): g(x)"
    assert problem(LET.format(lets)).path == "let.f(x)"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("a: nan", "nan is not a finite number"),
        ("a: -.inf", "-inf is not a finite number"),
        ("a: three", "'three' is not a number"),
        ("a: 0x10", "'0x10' is not a number"),
        ("a: 1_000", "'1_000' is not a number"),
        ("a: [1]", "not a list or table"),
        ("a: 1e500", "'1e500' is not a number"),
        ("a: 1e999999999999999999999", "is not a number"),
        ("a: 0e999999999", "is not a number"),
        ("a: ١٢", "is not a number"),
        ("a b: 1", "not a name"),
        ("'': 1", "not a name"),
        ("clip: 1", "already means something"),
        ("pi: 3", "already means something"),
        ("wsd: 3", "already means something"),
        ("f: 3\nlet: {f(x): x}", "already means something"),
    ],
)
def test_a_constant_is_a_finite_number_with_one_meaning(where, said):
    text = f"contract: c\nwhere:\n  {where}\ncriteria: {{A: {{holds: b == 1, numbers: {{b: 1.0}}}}}}\n"
    found = problem(text)
    assert (found.line, found.path[:6]) == (3, "where.")
    assert said in found.message


def test_numbers_keep_the_digits_that_were_printed():
    where = "where: {a: 3.0e-4, b: 010, c: 1.50}"
    contract = read(f"contract: c\nversion: 1.10\n{where}\nlog: l\ncriteria: {{no: {{rows: a > b}}}}")
    assert {name: str(value) for name, value in contract.constants.items()} == {
        "a": "3.0e-4",
        "b": "010",
        "c": "1.50",
    }
    assert (contract.version, contract.criteria[0].id) == ("1.10", "no")


def test_what_a_contract_may_leave_out_has_its_default():
    contract = read("contract: c\nlog: l\ncriteria: {A: {rows: finite(a)}}")
    (criterion,) = contract.criteria
    assert (contract.version, contract.subject, contract.spec) == ("1", "c", None)
    assert (criterion.severity, criterion.basis, criterion.scale) == (Severity.REQUIRED, (), None)


def test_one_basis_or_several_may_be_asked_for():
    text = "contract: c\nlog: l\ncriteria: {A: {rows: finite(a), basis: BASIS}}"
    assert read(text.replace("BASIS", "measured")).criteria[0].basis == (Basis.MEASURED,)
    both = read(text.replace("BASIS", "[proved, checked]")).criteria[0].basis
    assert both == (Basis.PROVED, Basis.CHECKED)


def test_a_disclaimed_criterion_needs_no_obligation():
    (criterion,) = read("contract: c\ncriteria: {A: {claim: Unknown., severity: disclaimed}}").criteria
    assert (criterion.severity, criterion.obligations) == (Severity.DISCLAIMED, ())


def test_clauses_and_specs_are_looked_up(tmp_path):
    root = project(tmp_path, {"specs/demo/1.0.0.md": SPEC})
    text = "contract: c\nspec: SPEC\nlog: l\ncriteria:\n  A: {clause: CLAUSE, rows: finite(a)}\n"

    def said(spec, clause):
        found = problem(text.replace("SPEC", spec).replace("CLAUSE", clause), root)
        return found.line, found.path, found.message, found.suggestion

    assert (
        read(text.replace("SPEC", "demo@1.0.0").replace("CLAUSE", "'1.2'"), root).criteria[0].clause == "1.2"
    )
    assert said("demo@1.0.0", "'1.3'")[:3] == (5, "criteria.A.clause", "demo@1.0.0 has no clause '1.3'")
    assert said("demo@1.0.0", "'1.3'")[3].startswith("did you mean '1.")
    assert said("demo@1.0.1", "'1'") == (
        2,
        "spec",
        "there is no spec demo@1.0.1",
        "did you mean 'demo@1.0.0'?",
    )
    assert said("demo", "'1'")[:3] == (2, "spec", "'demo' does not name a spec")
    assert said("../demo@1", "'1'")[2] == "'../demo@1' does not name a spec"
    assert said("[demo]", "'1'")[:2] == (2, "spec")


def test_the_problems_of_a_spec_are_told_with_those_of_its_contract(tmp_path):
    wrong = SPEC.replace("version: 1.0.0", "version: 1").replace('kinds="trace"', 'kinds="tracee"')
    root = project(tmp_path, {"specs/demo/1.0.0.md": wrong})
    text = (
        "contract: c\nspec: demo@1.0.0\ncolour: red\nlog: l\ncriteria: {A: {clause: '7', rows: finite(a)}}\n"
    )
    assert [(found.file, found.line) for found in problems(text, root)] == [
        ("c.yaml", 3),
        ("specs/demo/1.0.0.md", 1),
        ("specs/demo/1.0.0.md", 10),
    ]
    root = project(tmp_path, {"specs/demo/1.0.0.md": SPEC.replace('kinds="trace"', 'kinds="tracee"')})
    found = problem(text.replace("colour: red\n", "").replace("'7'", "'1'"), root)
    assert (found.file, found.line) == ("specs/demo/1.0.0.md", 10)
    assert "unknown kind 'tracee'" in found.message
    assert found.suggestion == "did you mean 'trace'?"


HOSTILE = {
    "a megabyte of digits": body(f'kind: trace, rows: "a > {"1" * 990_000}"'),
    "three thousand digits": body(f'kind: trace, rows: "a > {"1" * 3_000}"'),
    "a constant of a megabyte": body(TRACE, f"{MANY}where: {{a: {'1' * 990_000}}}"),
    "a seed of a megabyte": body(TRACE, f"{MANY}runs: {{r: {{system: hexad, seeds: {'9' * 990_000}}}}}"),
    "a signature of a megabyte": body(TRACE, f'{MANY}let: {{"f({" " * 400_000}": x}}'),
    "a key of a megabyte": body(TRACE, f"{MANY}? {'k' * 900_000}\n: 1"),
    "ten thousand brackets": body(f'kind: trace, rows: "{"(" * 10_000}a{")" * 10_000} > 0"'),
    "a thousand brackets": body(f'kind: trace, rows: "{"(" * 1_000}a{")" * 1_000} > 0"'),
    "a thousand signs": body(f'kind: trace, rows: "{"-" * 1_000}a > 0"'),
    "a thousand terms": body(f'kind: trace, rows: "{"a+" * 1_000}a > 0"'),
    "a Cyrillic letter": body('kind: trace, rows: "lоss > 0"'),
    "an invisible letter": body('kind: trace, rows: "loss\u200b > 0"'),
    "wide brackets": body('kind: trace, rows: "finite（loss）"'),
    "dunder": body('kind: trace, rows: "__import__ > 0"'),
    "import": body("kind: trace, rows: \"__import__('os') > 0\""),
    "attribute": body('kind: trace, rows: "loss.real > 0"'),
    "lambda": body('kind: trace, rows: "(lambda: 1)() > 0"'),
    "comprehension": body('kind: trace, rows: "sum([a for a in b]) > 0"'),
    "walrus": body('kind: trace, rows: "(a := 1) > 0"'),
    "format string": body("kind: trace, rows: \"f'{a}' > 0\""),
    "huge literal": body('kind: trace, rows: "a < 1e1000000000"'),
    "growing formulas": body(
        'kind: trace, rows: "f0(a) > 0"',
        MANY + "let:\n" + "".join(f"  f{i}(x): f{i + 1}(x)*f{i + 1}(x) + f{i + 1}(x)\n" for i in range(15))
        + "  f15(x): x",
    ),
    "a python tag": "contract: c\nlog: l\ncriteria: !!python/object/apply:os.system [touch pwned]\n",
    "a tower of aliases": "contract: c\na: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\ncriteria: {}\n",
    "three thousand unknown keys": "contract: c\n" + "".join(f"k{i}: 1\n" for i in range(3_000)),
}  # fmt: skip


@contextmanager
def at_once():
    """Half a second of this process, ten times that where every line is being watched."""
    start = time.process_time()
    yield
    assert time.process_time() - start < (0.5 if sys.gettrace() is None else 5.0)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_refused_at_once_and_nothing_of_it_runs(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with at_once():
        found = problems(text)
    assert all(problem.line >= 1 and len(str(problem)) < 3_000 for problem in found)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["10**10**10**9 > loss", "9**1000000000 > loss"])
def test_exponents_beyond_all_bounds_are_refused_unread(text):
    with at_once(), pytest.raises(InvalidContract, match="an exponent past 10000"):
        read(body(f'kind: trace, rows: "{text}"'))
