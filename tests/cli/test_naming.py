"""How contracts are named on the command line: by file, by the name inside, and never by a guess."""

from pathlib import Path

import pytest
from workbench import TWO, Bench


@pytest.fixture
def named(bench):
    """A project whose file ``c.yaml`` holds the contract ``a``."""
    bench.log()
    bench.write("contracts/c.yaml", "contract: 'a'  # not c\n" + TWO)
    return bench


def test_a_contract_answers_to_its_own_name_wherever_one_is_named(named):
    assert named("check", "a").code == 0
    assert "a/SUM  DISCHARGED" in named("explain", "a/SUM").out
    assert named("explain", "a", "--long").code == 0
    for command in ("scoreboard", "gate", "lint", "check"):
        assert named(command, "a").code == 0, command
        assert named(command, "c").code == 0, command


def test_a_name_that_two_contracts_answer_to_is_an_error_that_names_both(named):
    named.write("contracts/a.yaml", "contract: b\n" + TWO)
    for words in (("check", "a"), ("explain", "a/SUM"), ("gate", "a")):
        said = named(*words)
        assert said.code == 4
        assert "'a' may mean contracts/a.yaml and contracts/c.yaml" in said.err
    assert "b/SUM" in named("explain", "contracts/a.yaml/SUM").out


def test_an_unknown_name_is_told_the_names_that_there_are(named):
    said = named("check", "aa")
    assert (said.code, said.err.splitlines()[0]) == (4, "harness: there is no contract 'aa'")
    assert "did you mean 'a'" in said.err


@pytest.mark.parametrize(
    "target",
    ["/", "", " ", "//", "contracts", "contracts/", ".", "..", "x" * 5000, "x/" * 2500, "a/" + "x" * 5000],
    ids=lambda text: repr(text[:12]),
)
def test_explaining_what_is_no_contract_is_a_usage_error_of_one_sentence(named, target, monkeypatch):
    walk = Path.rglob

    def below(folder, pattern):
        assert folder == named.root / "contracts", "nothing else is walked"
        return walk(folder, pattern)

    monkeypatch.setattr(Path, "rglob", below)
    said = named("explain", target)
    assert said.code == 4
    first, *rest = said.err.splitlines()
    assert first.startswith("harness: ")
    assert len(first) < 200
    assert all(line.startswith("    ") for line in rest)
    assert ":0:" not in said.err


def test_a_folder_of_the_same_name_does_not_hide_a_contract(named):
    named.write("a/other.txt", "")
    assert "a/SUM" in named("explain", "a/SUM").out
    assert named("explain", "a").code == 0
    assert named("check", "a").code == 0


@pytest.mark.parametrize("command", ["check", "scoreboard", "gate", "explain", "lint", "run"])
def test_a_contract_of_another_project_is_refused(named, tmp_path_factory, command):
    other = Bench(tmp_path_factory.mktemp("elsewhere"))
    other.contract(TWO)
    said = named(command, str(other.root / "contracts/demo.yaml"))
    assert said.code == 4
    assert "lies outside the project at" in said.out + said.err
    assert "run harness from the folder of its own project" in said.out + said.err
    assert not (named.root / "evidence").exists()
    assert not (other.root / "evidence").exists()


def test_a_folder_outside_is_refused_before_anything_in_it_is_read(named):
    assert named("check", "/").code == 4


@pytest.mark.parametrize("command", ["check", "scoreboard", "gate", "lint"])
@pytest.mark.parametrize("empty", [True, False])
def test_an_unknown_format_is_refused_before_anything_else(bench, command, empty):
    if not empty:
        bench.two()
    assert bench(command, "--format", "nonsense").code == 4
    assert not (bench.root / "evidence").exists()
