import pytest
from asking_reader import problem, problems

from harness.model.problem import InvalidContract
from harness.reading.nodes import MAX_BYTES, MAX_NODES, Listing, Scalar, Table, parse_nodes, read_nodes


def refusals(data):
    with pytest.raises(InvalidContract) as caught:
        read_nodes(data if isinstance(data, bytes) else data.encode(), "c.yaml")
    return [(found.line, found.path, found.message) for found in caught.value.problems]


def value(text):
    node = read_nodes(f"key: {text}\n".encode(), "c.yaml")
    return node.get("key")


@pytest.mark.parametrize(
    ("data", "line", "path", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", 4, "b.c", "duplicate key, first on line 3"),
        ("a:\n  - !!python/object:os.system {}\n", 2, "a[0]", "python/object:os.system' is refused"),
        ("a: !!str 3\n", 1, "a", "YAML tag"),
        ("a: ! 3\n", 1, "a", "YAML tag '!' is refused"),
        ("a: 1\nb: &x 2\n", 2, "b", "anchors are refused"),
        ("a: 1\nb: {c: *x}\n", 2, "b.c", "aliases are refused"),
        ("a: 1\n? [b]\n: 2\n", 2, "", "a key must be a plain word"),
        ("a: 1\n? *x\n: 2\n", 2, "", "aliases are refused"),
        ("a: 1\n---\nb: 2\n", 2, "", "several YAML documents"),
        ("", 1, "", "empty"),
        ("# only a comment\n", 1, "", "empty"),
        (b"a: 1\nb: \xff\xfe\n", 2, "", "not UTF-8"),
        (b"a: 1\nb: \x07\n", 2, "", "control characters"),
        ("a: 1\nb: [1, 2\n", 3, "", "not valid YAML"),
        ("a: 1\n\tb: 2\n", 2, "", "not valid YAML"),
        ("a: 1\n" + "x" * MAX_BYTES, 1, "", f"larger than {MAX_BYTES} bytes"),
        ("a:\n " + "[" * 41 + "]" * 41, 2, "", "nested deeper than 40"),
        ("a:\n " + "[" * 10_000, 2, "", "nested deeper than 40"),
        ("a:\n " + "{b: " * 10_000, 2, "", "nested deeper than 40"),
        ("a:\n " + "- " * 10_000, 2, "", "nested deeper than 40"),
        ("a:\n- [" + "0," * MAX_NODES + "]", 2, "", f"more than {MAX_NODES} values"),
    ],
    ids=lambda part: None if not isinstance(part, str) else part[:24] if len(part) < 40 else "long",
)
def test_what_is_not_plain_data_is_refused_with_its_place(data, line, path, message):
    ((found_line, found_path, found),) = refusals(data)
    assert (found_line, found_path) == (line, path)
    assert message in found


def test_every_structural_problem_is_told_at_once():
    text = "a: &x 1\na: 2\nb: [*x, !!int 3]\n? {c: 1}\n: 4\n---\nd: 5\n"
    assert [(line, path) for line, path, _ in refusals(text)] == [
        (1, "a"),
        (2, "a"),
        (3, "b[0]"),
        (3, "b[1]"),
        (4, ""),
        (6, ""),
    ]


def test_what_ends_the_reading_does_not_hide_what_was_found_before():
    assert [line for line, *_ in refusals("a: 1\na: 2\nb: [1,\n")] == [2, 4]
    assert [line for line, *_ in refusals("a: &x 1\nb: " + "[" * 50)] == [1, 2]


def test_structural_problems_and_those_of_the_contract_come_together():
    text = "contract: c\ncontract: d\ncolour: red\ncriteria: {A: {claim: &x c, rwos: x}}\n"
    assert [(found.line, found.path) for found in problems(text)] == [
        (2, "contract"),
        (3, "colour"),
        (4, "criteria.A.claim"),
        (4, "criteria.A.rwos"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "contract: *x\ncriteria: {A: {holds: 'a == 1', numbers: {a: 1.0}}}\n",
        "contract: c\ninputs: *x\ncriteria: {A: {rows: finite(loss)}}\n",
        "contract: c\ninputs: {log: *x}\ncriteria: {A: {rows: finite(loss)}}\n",
        "contract: c\nlog: *x\ncriteria: {A: {rows: finite(loss)}}\n",
        "contract: c\nlet: *x\ncriteria: {A: {prove: 'f(a) > 0', given: {a: real}}}\n",
        "contract: c\nlet: {f(x): *x}\ncriteria: {A: {prove: 'f(a) > 0', given: {a: real}}}\n",
        "contract: c\nwhere: *x\ncriteria: {A: {prove: 'a*b > 0', given: {a: real}}}\n",
        "contract: c\nwhere: {b: *x}\ncriteria: {A: {prove: 'a*b > 0', given: {a: real}}}\n",
        "contract: c\nruns: *x\ninputs: {log: {run: r, output: trace}}\ncriteria: {A: {rows: finite(a)}}\n",
        "contract: c\nspec: *x\ncriteria: {A: {clause: '1', holds: 'a == 1', numbers: {a: 1.0}}}\n",
        "contract: c\ncriteria: *x\n",
        "contract: c\ncriteria: {A: *x}\n",
        "contract: c\ncriteria: [*x]\n",
        "contract: c\ncriteria: [{id: A, obligations: *x}]\n",
        "contract: c\ncriteria: [{id: A, obligations: [*x]}]\n",
        "contract: c\ncriteria: [{id: A, obligations: [{kind: *x}]}]\n",
        "contract: c\ncriteria: {A: {holds: *x, numbers: {a: 1.0}}}\n",
        "contract: c\ncriteria: {A: {holds: 'a == 1', numbers: {a: *x}}}\n",
        "*x",
    ],
)
def test_nothing_more_is_said_of_a_place_that_was_refused(text):
    assert "aliases" in problem(text).message


def test_scalars_follow_yaml_1_2():
    assert value("no") == Scalar("no", 1)
    assert value("1.10").text == "1.10"
    assert value("12:30").text == "12:30"
    assert value("'1'") == Scalar("1", 1, plain=False)
    assert value("|\n  a\n  b\n") == Scalar("a\nb\n", 1, plain=False)


def lines(node):
    """Returns (text, line) of every scalar."""
    if isinstance(node, Scalar):
        return [(node.text, node.line)]
    parts = node.items if isinstance(node, Listing) else [part for entry in node.entries for part in entry]
    return [found for part in parts for found in lines(part)]


def test_lines_are_those_of_the_file():
    node = read_nodes(b"# comment\na:\n  - b\n\n  - c: {d: 1,\n        e: 2}\n", "c.yaml")
    assert isinstance(node, Table)
    assert lines(node) == [("a", 2), ("b", 3), ("c", 5), ("d", 5), ("1", 5), ("e", 6), ("2", 6)]


@pytest.mark.parametrize("text", ["a: 1\r\nb: 2\r\n", "\ufeffa: 1\nb: 2\n"], ids=["CRLF", "BOM"])
def test_windows_files_read_like_any_other(text):
    node, found = parse_nodes(text.encode(), "c.yaml")
    assert (node, found) == (read_nodes(b"a: 1\nb: 2\n", "c.yaml"), [])


def test_a_message_cannot_steer_a_terminal():
    found = problems('contract: "h\\e[31m"\n"\\e]0;x": 1\ncriteria: {A: {holds: "\\e[2J > 0"}}\n')
    assert {problem.line for problem in found} == {1, 2, 3}
    assert not any("\x1b" in str(problem) for problem in found)
