import re
from html.parser import HTMLParser

import pytest
from every import NASTY, lay_out

from harness.engine.curves import Curve, Series
from harness.reports._svg import COLUMNS, drawing, envelope, ticks

OPTIONAL = {"th", "dt", "dd"}
VOID = {"meta", "br", "path", "circle", "rect", "polyline"}
REACHES_OUT = re.compile(
    r"(?:src|href|action|srcset|data)=\"(?!#)|url\(|@import|https?://|<script|<link|<iframe"
)


class Page(HTMLParser):
    """Counts elements and insists that every one of them is closed where it must be."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.words = [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        told = dict(attrs)
        self.ids += [told["id"]] if "id" in told else []
        self.links += [told["href"]] if "href" in told else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        while self.open[-1] != tag:
            assert self.open[-1] in OPTIONAL, (self.open, tag)
            self.open.pop()
        self.open.pop()

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def text(bench):
    lay_out(bench)
    said = bench("scoreboard", "--format", "html")
    assert said.code == 0, said.err
    return said.out


def test_the_page_stands_alone(text):
    assert not REACHES_OUT.search(text), REACHES_OUT.search(text)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_the_page_is_well_formed_and_every_criterion_has_its_story(text):
    page = Page(text)
    names = "HOLDS FAILS ROWS FEW BROKEN LATER FALSE TRUE ASIDE OPEN SCALE".split()
    assert page.ids == [f"demo-{name}" for name in names]
    assert page.links == [f"#demo-{name}" for name in names]
    words = "".join(page.words)
    assert NASTY in words
    assert "<script" not in text
    for told in ("FOUND FALSE", "NOT FOUND FALSE", "log.jsonl:1", "falls_by 3", "6 of 6 rows"):
        assert told in words


def test_curves_show_the_metric_its_limit_and_where_the_claim_fails(bench):
    bench.log()
    bench.contract(
        'log: log.jsonl\ncriteria:\n  ROWS: {rows: "loss <= 4.2"}\n'
        "  TOP: {metric: loss, at: final, at_most: 2}\n"
    )
    bench("check")
    text = bench("scoreboard", "--format", "html").out
    assert "loss over step, 6 points, 2 points where the claim fails" in text
    assert text.count('class="ring"') == 3
    assert 'class="bound"' in text
    assert "at_most 2<" in text


def test_a_log_that_printed_nan_shows_the_gap(bench):
    rows = [{"step": s, "loss": float("nan") if s == 3 else 5.0 - s} for s in range(6)]
    bench.log(rows)
    bench.contract('log: log.jsonl\ncriteria:\n  FINITE: {rows: "finite(loss)"}\n')
    bench("check")
    text = bench("scoreboard", "--format", "html").out
    assert text.count("<polyline") == 2
    assert ">nan</text>" in text


def test_evidence_that_does_not_count_draws_nothing_and_is_named(bench):
    bench.two()("check")
    bench.log([{"step": 0, "loss": 1.0}, {"step": 1, "loss": 0.5}])
    text = bench("scoreboard", "--format", "html").out
    assert "<svg" not in text
    assert "changed: input log.jsonl" in text
    path = bench.one("SUM")
    path.write_text("{}")
    assert "Evidence that does not count" in bench("scoreboard", "--format", "html").out


def test_many_witnesses_are_folded_away(bench):
    bench.log([{"step": s, "loss": 9.0 + s} for s in range(30)])
    bench.contract('log: log.jsonl\ncriteria:\n  ROWS: {rows: "loss <= 4"}\n')
    bench("check")
    text = bench("scoreboard", "--format", "html").out
    assert "15 more witnesses" in text
    assert text.count("<dt>witness</dt>") == 20


def test_an_envelope_keeps_every_extreme_and_few_points():
    points = [(64 + i / 40, float((i * 7919) % 1000)) for i in range(20_000)]
    points[12_345] = (points[12_345][0], 1e6)
    kept = envelope(points)
    assert len(kept) <= 4 * 502
    assert (points[12_345][0], 1e6) in kept
    assert min(y for _, y in kept) == min(y for _, y in points)
    assert kept == sorted(kept, key=lambda point: point[0])


def test_a_long_log_makes_a_small_drawing():
    xs = tuple(float(i) for i in range(100_000))
    series = Series(label="a", xs=xs, ys=tuple(x % 17 for x in xs))
    text = drawing(Curve(column="loss", against="step", series=(series,)), ringed=True)
    assert len(text) < 60_000
    assert len(xs) > COLUMNS


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (-3.0, 7.5), (2e-5, 3e-4), (1e9, 1.0000001e9), (-1, 1e-9)]
)
def test_ticks_are_few_round_and_inside(low, high):
    found = ticks(low, high, 4)
    assert 1 <= len(found) <= 6
    assert all(low - 1e-6 * abs(low) <= tick <= high + 1e-6 * abs(high) for tick in found)


@pytest.mark.parametrize("ys", [(1.0, 1.0, 1.0), (float("nan"),) * 3, (0.0, 0.0, float("nan"))])
def test_flat_and_empty_columns_can_be_drawn(ys):
    one = Series(label="a", xs=(0.0, 1.0, 2.0), ys=ys, marks=(1,))
    text = drawing(
        Curve(column="<loss>", against="step", series=(one,), bounds=(("at_most", 1.0),)), ringed=True
    )
    assert "&lt;loss&gt;" in text
    assert "nan," not in text


def test_several_seeds_are_told_apart():
    lines = tuple(
        Series(label=f"seed={seed}", xs=(0.0, 1.0), ys=(float(seed), 1e9 * seed)) for seed in (1, 2, 3)
    )
    text = drawing(Curve(column="loss", against="step", series=lines), ringed=True)
    assert [f">seed={seed}</text>" in text for seed in (1, 2, 3)] == [True] * 3
    assert {f'class="s{index}"' in text for index in range(3)} == {True}


@pytest.mark.parametrize(
    ("limit", "rings"),
    [
        ("at: max, at_most: 4", 1),
        ("at: max, at_most: 6", 0),
        ("at: min, at_least: 3", 1),
        ("at: min, above: 2", 0),
    ],
)
def test_the_extreme_that_breaks_a_limit_is_ringed(bench, limit, rings):
    bench.log()
    bench.contract(f"log: log.jsonl\ncriteria:\n  TOP: {{metric: loss, {limit}}}\n")
    bench("check")
    assert bench("scoreboard", "--format", "html").out.count('class="ring"') == rings
