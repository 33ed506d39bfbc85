"""Spectra, cosines and values beside their chance: what is drawn says what it shows, whatever it is given."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from harness.kinds._tensor_examples import safetensors
from harness.model.picture import Matrix, Span, Spans, Spectra
from harness.reports._pictures import picture

SVG = "{http://www.w3.org/2000/svg}"


def drawn(one):
    return ET.fromstring(picture(one).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def titles(root):
    return [title.text for title in root.iter(f"{SVG}title")]


def test_a_value_stands_where_it_is_beside_its_chance_and_the_number_asked():
    span = Span(name="joy", value=0.9, low=0.2, middle=0.4, high=0.6)
    root = drawn(Spans(title="t", spans=(span,), bound=0.7))
    (dot,) = root.iter(f"{SVG}circle")
    (box,) = root.iter(f"{SVG}rect")
    right = float(box.get("x")) + float(box.get("width"))
    limit = next(path for path in root.iter(f"{SVG}path") if path.get("class") == "bound")
    assert right < float(limit.get("d")[1:].split()[0]) < float(dot.get("cx"))
    assert "joy: 0.900; by chance 0.400, 1 to 99 % 0.200 to 0.600" in titles(root)


def test_a_value_that_is_no_number_is_not_drawn():
    span = Span(name="joy", value=float("nan"), low=0, middle=0, high=1)
    assert not list(drawn(Spans(title="t", spans=(span,))).iter(f"{SVG}circle"))
    assert drawn(Spans(title="t", spans=())) is not None


def test_a_spectrum_fills_its_row_with_shares_that_add_up():
    root = drawn(Spectra(title="t", rows=(("joy", (0.5, 0.3, 0.2)), ("fear", (1.0,))), bound=0.7))
    widths = [float(rect.get("width")) for rect in root.iter(f"{SVG}rect")]
    assert widths[0] > widths[1] > widths[2]
    assert widths[3] == pytest.approx(sum(widths[:3]), abs=3)


def test_a_matrix_tells_the_signs_of_its_cells_apart():
    root = drawn(Matrix(title="t", names=("a", "b"), values=((1.0, -0.5), (-0.5, 1.0))))
    assert [rect.get("class") for rect in root.iter(f"{SVG}rect")] == ["d1", "d0", "d0", "d1"]
    assert "a, b: -0.500" in titles(root)


def test_names_are_text_and_no_markup():
    text = picture(Matrix(title="<b>", names=("<script>",), values=((1.0,),)))
    assert "<script>" not in text
    assert "<b>" not in text
    drawn(Matrix(title="<b>", names=("<script>",), values=((1.0,),)))


CONTRACT = """\
contract: demo
version: 1.0.0
subject: two vectors
inputs:
  vectors: {file: v.safetensors}
  said: {file: said.json}
  seen: {file: a.safetensors}
criteria:
  - {id: LAYOUT, claim: Laid out., obligations: [{representation: vectors, manifest: said}]}
  - id: CLEAN
    claim: Clean.
    obligations:
      - {representation: vectors, manifest: said, figure: first_pc, above: 0.7, activations: seen}
"""


def test_explain_writes_one_page_with_cosines_spectra_and_chance(bench):
    root = bench.root
    source = np.random.default_rng(1)
    rows = np.eye(2, 8, dtype="<f2")
    seen = {
        f"{name}.{side}": ("F32", [n, 8], source.normal(size=(n, 8)).astype("<f4").tobytes())
        for name in ("joy", "fear")
        for side, n in (("positive", 6), ("negative", 12))
    }
    (root / "v.safetensors").write_bytes(safetensors({"layer_1.vectors": ("F16", [2, 8], rows.tobytes())}))
    (root / "a.safetensors").write_bytes(safetensors(seen))
    said = {"concepts": ["joy", "fear"], "layers": [1], "hidden_size": 8, "dtype": "float16"}
    (root / "said.json").write_text(json.dumps(said))
    bench.write("contracts/demo.yaml", CONTRACT)
    bench("check")
    assert bench("explain", "demo", "--html", "page.html").code == 0
    page = (root / "page.html").read_text()
    for told in ("Cosine of every two vectors", "first_pc: each concept", "Share of each component"):
        assert told in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert bench("explain", "demo/LAYOUT", "--html", "one.html").code == 0
    one = (root / "one.html").read_text()
    assert "Cosine of every two vectors" in one
    assert "Share of each component" not in one
    (root / "a.safetensors").unlink()
    assert bench("explain", "demo", "--html", "less.html").code == 0
    assert "Share of each component" not in (root / "less.html").read_text()
