"""The limits that this house sets itself, measured on its own source."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
MODULES = {
    path.relative_to(REPOSITORY).as_posix(): path for path in sorted((REPOSITORY / "harness").rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
BOUNDARIES = [
    "harness/cli/__init__.py",
    "harness/engine/discharge.py",
    "harness/runs/bench_worker.py",  # code under trial may raise anything
    "harness/runs/worker.py",
]
HEAVY = {
    "aiohttp",
    "botocore",
    "cryptography",
    "cvc5",
    "flint",
    "fsspec",
    "huggingface_hub",
    "jsonschema",
    "model_signing",
    "numpy",
    "polars",
    "ray",
    "rfc8785",
    "rich",
    "safetensors",
    "securesystemslib",
    "submitit",
    "sympy",
    "tokenizers",
    "torch",
    "transformers",
    "yaml",
    "z3",
}
FORBIDDEN = {"eval", "exec", "compile", "__import__", "torch.load", "sympify", "parse_expr"}
FORBIDDEN_METHODS = (".sympify", ".parse_expr", ".S", "yaml.load", ".unsafe_load", ".full_load", "torch.load")


def functions(tree):
    """Yields every function with the name under which people find it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node):
    return node.end_lineno - node.lineno + 1


def places(found):
    return [f"{name}:{node.lineno}" for name, node in found]


def calls():
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield name, node


def imported(node):
    """Returns the top-level packages that a statement imports."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return {node.module.partition(".")[0]}
    return set()


def test_the_source_is_found():
    assert len(MODULES) > 80
    assert {"harness/registry.py", *BOUNDARIES} <= MODULES.keys()


def test_modules_fit_in_a_head():
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: count for name, count in lengths.items() if count > 350} == {}
    assert sorted(lengths.values())[len(lengths) // 2] <= 110


def test_functions_fit_on_a_screen():
    every = [(name, node) for name, tree in TREES.items() for node in functions(tree)]
    assert places((name, node) for name, node in every if length(node) > 60) == []
    lengths = sorted(length(node) for _, node in every)
    assert lengths[len(lengths) * 9 // 10] <= 35


def test_broad_catches_stand_only_at_the_boundaries():
    broad = [
        name
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and not cleans_up(node)
        and (node.type is None or {"Exception", "BaseException"} & {n.id for n in names(node.type)})
    ]
    assert broad == BOUNDARIES


def cleans_up(handler):
    """Tells whether a handler ends by raising again what it caught."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def names(node):
    return [part for part in ast.walk(node) if isinstance(part, ast.Name)]


def test_nothing_is_suppressed_broadly():
    found = [
        (name, node)
        for name, node in calls()
        if isinstance(node.func, ast.Attribute | ast.Name)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) == "suppress"
        and {"Exception", "BaseException"} & {n.id for arg in node.args for n in names(arg)}
    ]
    assert places(found) == []


def test_text_never_becomes_code():
    found = [
        (name, node)
        for name, node in calls()
        if ast.unparse(node.func) in FORBIDDEN or ast.unparse(node.func).endswith(FORBIDDEN_METHODS)
    ]
    assert places(found) == []
    pickled = [
        (name, node)
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if imported(node) & {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
    ]
    assert places(pickled) == []


def test_no_shell_is_asked():
    found = [(name, node) for name, node in calls() if any(key.arg == "shell" for key in node.keywords)]
    assert places(found) == []


def test_only_reports_print():
    found = [
        (name, node)
        for name, node in calls()
        if isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and not name.startswith("harness/reports/")
    ]
    assert places(found) == []


def top_level(tree):
    """Yields the statements that run when a module is imported, those for type checkers aside."""
    todo = list(tree.body)
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            todo += [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.stmt)]


def test_heavy_packages_are_imported_where_they_are_needed():
    found = [
        (name, node)
        for name, tree in TREES.items()
        for node in top_level(tree)
        # The network of a system is classes of torch: the folder of a system loads it when it is built.
        if imported(node) & (HEAVY - {"torch", "safetensors"} if inside_a_system(name) else HEAVY)
    ]
    assert places(found) == []


def inside_a_system(name):
    return name.count("/") == 3 and name.startswith("harness/systems/") and not name.endswith("__init__.py")


def test_every_plug_in_loads_without_a_heavy_package():
    script = (
        "import sys; from harness import registry\n"
        "for room in registry.ROOMS:\n"
        "    for name in registry.modules(room): registry.load(room, name)\n"
        "registry.kinds()\n"
        f"print(sorted({HEAVY!r} & sys.modules.keys()))\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=REPOSITORY)
    assert ended.stdout.strip() == "[]", ended.stderr


def test_everything_public_is_documented():
    found = [
        f"{name}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', '')}"
        for name, tree in TREES.items()
        for node in [tree, *public(tree)]
        if not (ast.get_docstring(node) or "").strip()
    ]
    assert found == []


def public(node):
    """Yields public classes, functions and methods, those of private ones aside."""
    for part in node.body:
        if isinstance(part, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and part.name[0] != "_":
            yield part
            if isinstance(part, ast.ClassDef):
                yield from public(part)


def test_a_docstring_is_a_sentence():
    found = [
        f"{name}:{getattr(node, 'lineno', 1)} {text.splitlines()[0]!r}"
        for name, tree in TREES.items()
        for node in [tree, *public(tree)]
        if (text := ast.get_docstring(node)) and " " not in text.splitlines()[0]
    ]
    assert found == []


def test_dataclasses_are_frozen_slotted_and_named():
    found = []
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef):
                continue
            for mark in node.decorator_list:
                text = ast.unparse(mark)
                if text.startswith("dataclass") and not {"frozen=True", "slots=True"} <= set(
                    text.removeprefix("dataclass(").rstrip(")").split(", ")
                ):
                    found.append(f"{name}:{node.lineno} {node.name}: {text}")
    assert found == []


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX"])
def test_nothing_is_left_for_later_in_a_comment(word):
    assert [name for name, path in MODULES.items() if word in path.read_text(encoding="utf-8")] == []


def test_imports_point_down():
    ended = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 kept, 0 broken" in ended.stdout


def test_no_two_test_files_share_a_name():
    names = [path.name for path in (REPOSITORY / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
