import pytest
from asking_reader import body, problem

OB = "criteria.A.obligations[0]"
TRACE = 'kind: trace, log: log, rows: "finite(loss)"'
MANY = "inputs: {log: {file: l}}\n"
LOG = "contract: c\nlog: l\n"
ROWS = "criteria: {A: {rows: finite(a)}}"
HOLDS = "criteria: {A: {holds: a == 1, numbers: {a: 1.0}}}"
MISTAKES = {
    # wrong keys
    "top": ("contract: c\ncolor: 1\n" + HOLDS, 2, "color", "unknown"),
    "misspelt section": (
        "contract: c\nimputs: {}\ncriteria: {A: {prove: a == a, given: {a: real}}}",
        2, "imputs", "did you mean 'inputs'?",
    ),
    "input": (body(TRACE, "inputs: {log: {path: l, file: l}}"), 2, "inputs.log.path", "unknown key"),
    "run": (body(TRACE, MANY + "runs: {r: {system: hexad, sed: [1]}}"), 3, "runs.r.sed", "mean 'seeds'?"),
    "obligation": (body(TRACE + ", evry: 1"), 6, OB + ".evry", "did you mean 'every'?"),
    "short form": (LOG + "criteria:\n  A: {rwos: finite(a)}", 4, "criteria.A.rwos", "mean 'rows'?"),
    "criterion": (
        LOG + "criteria:\n  A: {rows: finite(a), severty: required}",
        4, OB + ".severty", "did you mean 'severity'?",
    ),
    "key of the criterion": (body(TRACE + ", claim: x"), 6, OB + ".claim", "move it to the criterion"),
    "missing key": (body("kind: trace"), 6, OB, "'rows' is missing"),
    "no name": (HOLDS, 1, "", "'contract' is missing"),
    "id given twice": (LOG + "criteria:\n  A: {id: B, rows: finite(a)}", 4, "criteria.A.id", "twice"),
    "log declared twice": (
        "contract: c\nlog: l\ninputs: {log: {file: m}}\n" + ROWS,
        2, "inputs.log", "declared twice",
    ),
    # wrong types
    "name": ("contract: [c]\nlog: l\n" + ROWS, 1, "contract", "a text is needed"),
    "bad name": ("contract: a/b\nlog: l\n" + ROWS, 1, "contract", "letters, digits"),
    "empty name": ("contract: ''\nlog: l\n" + ROWS, 1, "contract", "letters, digits"),
    "null": ("contract: c\nversion:\nlog: l\n" + ROWS, 2, "version", "nothing is given"),
    "number": (body('kind: metric, metric: a, at_most: "x"'), 6, OB + ".at_most", "not a number"),
    "infinite float": (
        body("kind: symbolic, prove: a > 0, given: {a: real}, seconds: 1e399"),
        6, OB + ".seconds", "not a number",
    ),
    "integer": (body(TRACE + ", every: 1.0"), 6, OB + ".every", "whole number"),
    "quoted integer": (body(TRACE + ", every: '1'"), 6, OB + ".every", "whole number"),
    "truth": (body("kind: metric, metric: a, finite: yes"), 6, OB + ".finite", "true or false"),
    "choice": (
        body("kind: metric, metric: a, at: finl, at_most: 1.0"),
        6, OB + ".at", "did you mean 'final'?",
    ),
    "choice as a list": (
        body("kind: metric, metric: a, at: [final], at_most: 1.0"),
        6, OB + ".at", "one of final, first",
    ),
    "table for text": (body("kind: trace, rows: {a: b}"), 6, OB + ".rows", "not a list or table"),
    "text for table": (body(TRACE, "inputs: log.jsonl"), 2, "inputs", "a table is needed"),
    "text for input": (body(TRACE, "inputs: {log: log.jsonl}"), 2, "inputs.log", "a table with file"),
    "list for the log": ("contract: c\nlog: [a]\n" + ROWS, 2, "inputs.log", "a table with"),
    "text for data": ("contract: c\ndata: d\n" + HOLDS, 2, "inputs.data", "a table with"),
    "severity": (
        LOG + "criteria: {A: {rows: finite(a), severity: requird}}",
        3, "criteria.A.severity", "did you mean 'required'?",
    ),
    "text for criterion": ("contract: c\ncriteria:\n  - A", 3, "criteria[0]", "a table with id, claim"),
    "text for obligations": (
        "contract: c\ncriteria: [{id: A, obligations: x}]",
        2, "criteria.A.obligations", "a list",
    ),
    "text for obligation": ("contract: c\ncriteria: [{id: A, obligations: [x]}]", 2, OB, "names its kind"),
    "list for kind": (body("kind: [trace]"), 6, OB + ".kind", "one word"),
    "text for criteria": ("contract: c\ncriteria: all of them", 2, "criteria", "a list or a table"),
    "list for a contract": ("- a\n- b", 1, "", "a table with contract"),
    # names that refer to nothing
    "kind": (body("kind: tracee, rows: a"), 6, OB + ".kind", "did you mean 'trace'?"),
    "kind to come": (body("kind: sensitivty, run: r"), 6, OB + ".kind", "mean 'sensitivity'?"),
    "input name": (body('kind: trace, log: lgo, rows: "finite(a)"'), 6, OB + ".log", "did you mean 'log'?"),
    "input in a list": (
        body("kind: size, files: [log, lag], at_most: 1"),
        6, OB + ".files[1]", "no input 'lag'",
    ),
    "input nested": (
        body("kind: arithmetic, holds: a == 1, numbers: {a: {input: lag, at: loss}}"),
        6, OB + ".numbers.a.input", "no input 'lag'",
    ),
    "default log": (body("kind: trace, rows: finite(a)", "version: 2"), 6, OB, "declare it under inputs:"),
    "run of an input": (
        body(TRACE, "inputs: {log: {run: r, output: o}}"),
        2, "inputs.log.run", "declare it under runs:",
    ),
    "system": (body(TRACE, MANY + "runs: {r: {system: hexat}}"), 3, "runs.r.system", "did you mean 'hexad'?"),
    "device": (
        body(TRACE, MANY + "runs: {r: {system: hexad, device: cudda}}"),
        3, "runs.r.device", "mean 'cuda'?",
    ),
    "scale": (
        LOG + "criteria: {A: {rows: finite(a), scale: {device: auto}}}",
        3, "criteria.A.scale.device", "unknown device",
    ),
    "format": (
        body(TRACE, "inputs: {log: {file: l, format: jsnl}}"),
        2, "inputs.log.format", "mean 'jsonl'?",
    ),
    "basis": (
        LOG + "criteria: {A: {rows: finite(a), basis: [proven]}}",
        3, "criteria.A.basis[0]", "did you mean 'proved'?",
    ),
    "clause without spec": (
        LOG + "criteria: {A: {rows: finite(a), clause: '1'}}",
        3, "criteria.A.clause", "add spec: id@version",
    ),
    # inputs and runs that cannot be
    "no source": (body(TRACE, "inputs: {log: {rows: a}}"), 2, "inputs.log", "exactly one of"),
    "two sources": (body(TRACE, "inputs: {log: {file: a, files: b}}"), 2, "inputs.log", "exactly one of"),
    "run without output": (
        body(TRACE, "inputs: {log: {run: r}}\nruns: {r: {system: hexad}}"),
        2, "inputs.log", "go together",
    ),
    "empty path": (body(TRACE, "inputs: {log: {file: ''}}"), 2, "inputs.log.file", "no path"),
    "path with nul": (body(TRACE, 'inputs: {log: {file: "a\\0b"}}'), 2, "inputs.log.file", "no path"),
    "absolute glob": (body(TRACE, "inputs: {log: {files: /var/*.json}}"), 2, "inputs.log.files", "no glob"),
    "glob bomb": (
        body(TRACE, "inputs: {log: {files: '" + "**/" * 9 + "x'}}"),
        2, "inputs.log.files", "no glob",
    ),
    "odd glob": (body(TRACE, "inputs: {log: {files: 'a**b'}}"), 2, "inputs.log.files", "no glob"),
    "odd input": (body(TRACE, "inputs: {log: {file: a}, 1a: {file: b}}"), 2, "inputs.1a", "not a name"),
    "no program": (body(TRACE, MANY + "runs: {r: {seeds: [1]}}"), 3, "runs.r", "exactly one of system"),
    "no code": (body(TRACE, MANY + "runs: {r: {python: 'a:b'}}"), 3, "runs.r", 'add code: ["train/**/*.py"]'),
    "odd code": (body(TRACE, MANY + "runs: {r: {command: x, code: [/]}}"), 3, "runs.r.code", "no glob"),
    "no command": (
        body(TRACE, MANY + "runs: {r: {command: [], code: [a]}}"),
        3, "runs.r.command", "runs nothing",
    ),
    "same seed": (
        body(TRACE, MANY + "runs: {r: {system: hexad, seeds: [1, 2, 1]}}"),
        3, "runs.r.seeds", "each once",
    ),
    "no seed": (body(TRACE, MANY + "runs: {r: {system: hexad, seeds: []}}"), 3, "runs.r.seeds", "each once"),
    "no time": (body(TRACE, MANY + "runs: {r: {system: hexad, limit: 0}}"), 3, "runs.r.limit", "positive"),
    # criteria that try nothing
    "no criteria": ("contract: c", 1, "criteria", "an empty contract"),
    "null criteria": ("contract: c\ncriteria:", 2, "criteria", "an empty contract"),
    "empty list": ("contract: c\ncriteria: []", 2, "criteria", "an empty contract"),
    "empty table": ("contract: c\ncriteria: {}", 2, "criteria", "an empty contract"),
    "no obligation": (
        "contract: c\ncriteria: [{id: A, claim: x}]",
        2, "criteria.A", "nothing would try this",
    ),
    "no obligations": (
        "contract: c\ncriteria: [{id: A, obligations: []}]",
        2, "criteria.A", "nothing would try",
    ),
    "empty criterion": ("contract: c\ncriteria:\n  A:", 3, "criteria.A", "nothing would try"),
    "same id": (
        LOG + "criteria:\n  - {id: A, rows: finite(a)}\n  - {id: A, rows: finite(b)}",
        5, "criteria.A", "id used twice, first on line 4",
    ),
    "same id, case aside": (
        LOG + "criteria:\n  a: {rows: finite(a)}\n  A: {rows: finite(b)}",
        5, "criteria.A", "id used twice, first on line 4",
    ),
    "bad id": (LOG + "criteria: [{id: ../A, rows: finite(a)}]", 3, "criteria[0].id", "may hold"),
    "refuted": (
        LOG + "criteria: {A: {rows: finite(a), severity: refuted}}",
        3, "criteria.A", "add reason: why it is false",
    ),
    # what a kind finds in its own fields
    "caret": (body('kind: trace, rows: "finite(a) and"'), 6, OB + ".rows", "^"),
    "field of a table": (
        body('kind: symbolic, prove: "a > 0", given: {a: "5"}'),
        6, OB + ".given.a", "starts with a comparison",
    ),
    "nothing asked": (body("kind: size, files: log"), 6, OB, "nothing is asked"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "path", "said"), MISTAKES.values(), ids=MISTAKES)
def test_one_mistake_is_one_problem_with_its_place_and_remedy(text, line, path, said):
    found = problem(text)
    assert (found.line, found.path) == (line, path)
    assert said in str(found)
