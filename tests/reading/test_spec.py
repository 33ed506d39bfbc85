import pytest
from asking_reader import SPEC

from harness.model.contract import SpecRef
from harness.model.problem import InvalidContract
from harness.reading.spec import clause_text, read_spec

DEMO = SpecRef(id="demo", version="1.0.0")


def clauses(text, ref=DEMO):
    data = text if isinstance(text, bytes) else text.encode()
    return read_spec(data, "specs/demo/1.0.0.md", ref).clauses


def problems(text, ref=DEMO):
    with pytest.raises(InvalidContract) as caught:
        clauses(text, ref)
    return [(found.line, found.message) for found in caught.value.problems]


def changed(text):
    """Returns the clauses whose digest differs from that of the same clause of ``SPEC``."""
    before, after = clauses(SPEC), clauses(text)
    assert before.keys() == after.keys()
    return {name for name in before if before[name].digest != after[name].digest}


def test_clauses_have_titles_lines_kinds_and_sub_clauses():
    found = clauses(SPEC)
    assert {name: (c.title, c.line, c.kinds, c.children) for name, c in found.items()} == {
        "1": ("The rate", 8, (), ("1.1", "1.2")),
        "1.1": ("Base", 10, ("trace",), ()),
        "1.2": ("Applied", 14, ("symbolic", "trace"), ()),
        "2": ("The rest", 18, (), ()),
    }


def test_touching_a_clause_touches_what_contains_it_and_nothing_else():
    assert changed(SPEC.replace("It is the base", "It is twice the base")) == {"1.2", "1"}
    assert changed(SPEC.replace("## The rate {#1}", "## The rate {#1}\n\nMore.")) == {"1"}
    assert changed(SPEC.replace("Nothing.", "Something.")) == {"2"}
    assert changed(SPEC.replace("# Demo", "# Another demo")) == set()


def test_a_new_version_keeps_the_digests_of_untouched_clauses():
    later = clauses(SPEC.replace("1.0.0", "1.1.0"), SpecRef(id="demo", version="1.1.0"))
    assert {name: c.digest for name, c in later.items()} == {
        name: c.digest for name, c in clauses(SPEC).items()
    }


@pytest.mark.parametrize(
    "text",
    [
        SPEC.replace("\n", "\r\n"),
        SPEC.replace("\n", "\r"),
        SPEC.replace("\n", "  \t\n"),
        SPEC + "\n\n\n",
        SPEC.rstrip("\n"),
        "\ufeff" + SPEC,
    ],
    ids=["CRLF", "CR", "trailing space", "blank lines at the end", "no line at the end", "BOM"],
)
def test_line_ends_and_trailing_space_do_not_count(text):
    assert changed(text) == set()


@pytest.mark.parametrize(
    "fenced",
    [
        "```\n## Not a clause {#9}\n```",
        "~~~ markdown\n## Not a clause {#9}\n~~~",
        "````\n```\n## Not a clause {#9}\n```\n````",
        "```\n~~~\n## Not a clause {#9}\n```",
        "```\n``` yaml\n## Not a clause {#9}\n```",
        "- item\n\n    ```\n## Not a clause {#9}\n    ```",
    ],
)
def test_headings_inside_code_fences_are_code(fenced):
    text = SPEC.replace("It rises and falls.", fenced)
    assert clauses(text).keys() == clauses(SPEC).keys()
    assert changed(text) == {"1", "1.1"}


def test_inline_code_opens_no_fence():
    text = SPEC.replace("It rises and falls.", "```code``` in a line")
    assert changed(text) == {"1", "1.1"}


def test_a_heading_without_an_anchor_ends_a_clause_of_its_level():
    text = SPEC.replace("## The rest {#2}", "## Remarks\n\nOf no weight.\n\n## The rest {#2}")
    assert changed(text) == set()
    deeper = SPEC.replace("It rises", "#### Detail\n\nIt rises")
    assert changed(deeper) == {"1", "1.1"}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (SPEC.replace("id: demo", "id: other"), 1, "front matter says id: 'other', the file is 'demo'"),
        (SPEC.replace("version: 1.0.0", "version: 1.0.1"), 1, "front matter says version: '1.0.1'"),
        (SPEC.replace("{#2}", "{#1.1}"), 18, "anchor '1.1' is used on lines 10 and 18"),
        (SPEC.replace("{#2}", "{#2 kind=trace}"), 18, "cannot read 'kind=trace' in the anchor"),
        (SPEC.replace("{#2}", "{#§2}"), 18, "may hold letters, digits"),
        (SPEC.replace("{#", "{"), 1, "no clause is anchored"),
        (SPEC.encode().replace(b"Nothing", b"\xff\xfe"), 20, "not UTF-8 text"),
    ],
)
def test_what_is_wrong_with_a_spec_is_told_with_its_line(text, line, message):
    ((found_line, found),) = problems(text)
    assert found_line == line
    assert message in found


@pytest.mark.parametrize("text", ["", "# No front matter {#1}\n", "---\nid: demo\nversion: 1.0.0\n"])
def test_a_spec_without_front_matter_is_none(text):
    assert {message.split(":")[0] for _, message in problems(text)} >= {
        "front matter says id",
        "front matter says version",
    }


def test_the_text_of_a_clause_is_shown_without_its_neighbours():
    assert clause_text(SPEC, "1.2").splitlines()[0].startswith("### Applied")
    assert clause_text(SPEC, "1.2").endswith("It is the base times a factor.")
    assert "Base" in clause_text(SPEC.replace("\n", "\r\n"), "1")
    assert clause_text(SPEC, "7") == ""
