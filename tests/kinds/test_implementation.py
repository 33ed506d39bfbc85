"""Code against its formula: planted faults are found with a small witness, and rounding is no fault."""

import pytest

from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.project import Project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.model.outcome import Basis, Outcome, Reason
from harness.model.problem import InvalidContract
from harness.model.proof import Answer, Proof
from harness.reading.contract import read_contract
from harness.runs.bench import Bench as CodeBench

CODE = """
import math
import os
import numpy


def warmup(t, lr, n):
    return lr * t / n if t < n else lr


def inverse_root(t, lr, n):
    return lr * min(1.0, t / n) if t < n else lr * math.sqrt(n / t)


def inverse_root_from_one(t, lr, n):
    return inverse_root(t + 1, lr, n)


def stable_decay(t, lr, warmup, decay_start, steps):
    if t < warmup:
        return lr * t / warmup
    return lr if t < decay_start else lr * (steps - t) / (steps - decay_start)


def stable_decay_floored(t, lr, warmup, decay_start, steps):
    return max(stable_decay(t, lr, warmup, decay_start, steps), 0.01 * lr)


def hump(x):
    return (1 - numpy.cos(x)) / (x * x)


def careful_hump(x):
    half = numpy.sin(x / 2)
    return 2 * half * half / (x * x)


def rate(b, t, E):
    return b * min(max(t / E, 0.5), 2.0)


def average(b, e, t):
    return b * e + (1 - b) * t


def lerp(b, e, t):
    return e + (1 - b) * (t - e)


calls = []


def drifting(x):
    calls.append(x)
    return x + len(calls)


def wide(x):
    return numpy.float64(x)


def listed(x):
    return numpy.stack([x, x])


def same(x):
    return x


def inverse(x):
    return 1 / x


def softmax(x):
    return numpy.exp(x) / (numpy.exp(x) + 1)


def dies(x):
    os._exit(3) if x > 0.5 else None
    return x


def sleeps(x):
    while x > 0.5:
        pass
    return x
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    (root / "ours.py").write_text(CODE)
    return Project(root=root)


@pytest.fixture(scope="module")
def code(project):
    with CodeBench(project.root) as bench:
        yield bench


@pytest.fixture
def tried(project, code):
    """Judges one obligation, given by its fields."""

    def judge(fields: str, where: str = ""):
        contract = read(project, fields, where)
        ((obligation,),) = (criterion.obligations for criterion in contract.criteria)
        sources = Sources(project, contract, Memo(None, "", lambda: 0))
        return discharge(obligation, DischargeContext(sources, unknown, bench=code))

    return judge


def unknown(_question):
    return Proof(answer=Answer.UNKNOWN)


def read(project, fields, where=""):
    body = f"""\
contract: demo
inputs: {{ours: {{files: "*.py"}}, torch: {{library: torch}}}}
where: {{{where}}}
criteria:
  - id: A
    claim: The code is its formula.
    obligations: [{{kind: implementation, {fields}}}]
"""
    return read_contract(body.encode(), "contracts/demo.yaml", project.root)


def ours(name, rest):
    return f'code: ours, callable: "ours:{name}", {rest}'


def scheduler(name, rest):
    return f'code: torch, scheduler: "torch.optim.lr_scheduler:{name}", lr: 0.1, {rest}'


def optimizer(name, rest):
    drawn = "domain: {p: -10..10, g: -100..100}, examples: 30"
    return f'code: torch, optimizer: "torch.optim:{name}", {drawn}, {rest}'


COSINE = "arguments: {T_max: 50, eta_min: 0.001}, steps: 50, "
ANNEAL = "eta_min + (lr - eta_min) * (1 + cos(pi * {t} / T_max)) / 2"
CHAIN = "(1 + cos(pi * t / T_max)) / (1 + cos(pi * (t - 1) / T_max)) * (last - eta_min) + eta_min"
LINE = "arguments: {start_factor: 0.1, total_iters: 10}, steps: 20, "
ADAM = "arguments: {lr: 0.01, beta1: 0.9, beta2: 0.99, eps: 1.0e-3, weight_decay: 0.1}, "
DECOUPLED = 'state: {m: "beta1*m + (1 - beta1)*g", v: "beta2*v + (1 - beta2)*g*g"}, '
COUPLED = (
    'state: {m: "beta1*m + (1 - beta1)*(g + weight_decay*p)", '
    'v: "beta2*v + (1 - beta2)*(g + weight_decay*p)**2"}, '
)
DECAYED = "p*(1 - lr*weight_decay)"
STEP = "lr / (1 - beta1**t) * m"
OUTSIDE, INSIDE = "(sqrt(v / (1 - beta2**t)) + eps)", "sqrt(v / (1 - beta2**t) + eps)"
MOMENTUM = 'state: {m: "g if t == 1 else momentum*m + g"}, '
NESTEROV = "arguments: {lr: 0.1, momentum: 0.9, nesterov: true}, "
CLIP = (
    'code: torch, clip: "torch.nn.utils:clip_grad_norm_", arguments: {max_norm: 1.0}, '
    "domain: {g1: -100..100, g2: -100..100, g3: -100..100}, examples: 30, "
)
NORM = "sqrt(g1*g1 + g2*g2 + g3*g3)"
EMA = (
    'code: torch, average: "torch.optim.swa_utils:get_ema_multi_avg_fn", arguments: {decay: 0.9}, '
    "domain: {p: -10..10}, examples: 30, "
)
ONE_CYCLE = "arguments: {max_lr: 0.1, total_steps: 40}, steps: 39, "
UP = "lr/25 + (lr - lr/25) * (1 - cos(pi * t / 11)) / 2"
DOWN = "lr/250000 + (lr - lr/250000) * (1 + cos(pi * (t - 11) / {n})) / 2"
SEQUENCE = (
    'stages: [{scheduler: "torch.optim.lr_scheduler:LinearLR", arguments: {start_factor: 0.1, '
    'total_iters: 5}}, {scheduler: "torch.optim.lr_scheduler:ExponentialLR", arguments: {gamma: 0.9}}], '
    "milestones: [5], steps: 15, "
)
RISE = "lr * (0.1 + 0.9 * t / 5)"
THEN = "last * (1 + 0.9 / (0.5 + (t - 1) * 0.9)) if t < 5 else lr if t == 5 else last * 0.9"
WSD = (
    "arguments: {lr: 0.01, warmup: 10, decay_start: 80, steps: 100}, examples: 101, "
    'domain: {t: "integers 0..100"}, formula: "wsd(t, lr, warmup, decay_start, steps)"'
)

PAIRS = {
    "an off-by-one step of the cosine": (
        scheduler("CosineAnnealingLR", COSINE + f'formula: "{ANNEAL.format(t="t")}", update: "{CHAIN}"'),
        scheduler("CosineAnnealingLR", COSINE + f'formula: "{ANNEAL.format(t="(t + 1)")}"'),
    ),
    "where warm-up starts": (
        scheduler(
            "LinearLR",
            LINE + 'formula: "lr * min(1, 0.1 + 0.9 * t / 10)", update: "last if t > 10 '
            'else last * (1 + 0.9 / (1 + (t - 1) * 0.9))"',
        ),
        scheduler("LinearLR", LINE + 'formula: "lr * min(1, 0.1 + 0.9 * (t + 1) / 10)"'),
    ),
    "the length of one cycle's fall": (
        scheduler("OneCycleLR", ONE_CYCLE + f'formula: "{UP} if t <= 11 else {DOWN.format(n=28)}"'),
        scheduler("OneCycleLR", ONE_CYCLE + f'formula: "{UP} if t <= 11 else {DOWN.format(n=29)}"'),
    ),
    "the rate at the milestone of a sequence": (
        scheduler(
            "SequentialLR",
            SEQUENCE + f'formula: "{RISE} if t < 5 else lr * 0.9 ** (t - 5)", update: "{THEN}"',
        ),
        scheduler("SequentialLR", SEQUENCE + f'formula: "{RISE} if t < 5 else lr * 0.9 ** (t - 4)"'),
    ),
    "epsilon inside the root": (
        optimizer("AdamW", ADAM + DECOUPLED + f'formula: "{DECAYED} - {STEP} / {OUTSIDE}"'),
        optimizer("AdamW", ADAM + DECOUPLED + f'formula: "{DECAYED} - {STEP} / {INSIDE}"'),
    ),
    "weight decay decoupled in Adam": (
        optimizer("Adam", ADAM + COUPLED + f'formula: "p - {STEP} / {OUTSIDE}"'),
        optimizer("Adam", ADAM + DECOUPLED + f'formula: "{DECAYED} - {STEP} / {OUTSIDE}"'),
    ),
    "weight decay coupled in AdamW": (
        optimizer("AdamW", ADAM + DECOUPLED + f'formula: "{DECAYED} - {STEP} / {OUTSIDE}"'),
        optimizer("AdamW", ADAM + COUPLED + f'formula: "p - {STEP} / {OUTSIDE}"'),
    ),
    "no bias correction": (
        optimizer("AdamW", ADAM + DECOUPLED + f'formula: "{DECAYED} - {STEP} / {OUTSIDE}"'),
        optimizer("AdamW", ADAM + DECOUPLED + f'formula: "{DECAYED} - lr * m / (sqrt(v) + eps)"'),
    ),
    "nesterov missing": (
        optimizer("SGD", NESTEROV + MOMENTUM + 'formula: "p - lr * (g + momentum*m)"'),
        optimizer("SGD", NESTEROV + MOMENTUM + 'formula: "p - lr * m"'),
    ),
    "the wrong clip norm": (
        CLIP + f'formula: "g1 * min(1, max_norm / ({NORM} + 1e-6))"',
        CLIP + 'formula: "g1 * min(1, max_norm / (abs(g1) + abs(g2) + abs(g3) + 1e-6))"',
    ),
    "no 1e-6 beside the clip norm": (
        CLIP + f'formula: "g1 * min(1, max_norm / ({NORM} + 1e-6))"',
        CLIP + f'formula: "g1 * min(1, max_norm / max({NORM}, 1e-9))"',
    ),
    "the shares of an average swapped": (
        EMA + 'formula: "decay*e + (1 - decay)*p"',
        EMA + 'formula: "decay*p + (1 - decay)*e"',
    ),
    "warm-up of the inverse root counted from one": (
        ours(
            "inverse_root",
            'arguments: {lr: 0.01, n: 40}, domain: {t: "integers 0..500"}, examples: 600, '
            'formula: "inverse_sqrt(t, lr, n)"',
        ),
        ours(
            "inverse_root_from_one",
            'arguments: {lr: 0.01, n: 40}, domain: {t: "integers 0..500"}, '
            'examples: 600, formula: "inverse_sqrt(t, lr, n)"',
        ),
    ),
    "a floor that the plateau schedule lacks": (
        ours(
            "stable_decay",
            WSD,
        ),
        ours(
            "stable_decay_floored",
            WSD,
        ),
    ),
    "float32 cancellation": (
        ours("careful_hump", 'dtype: float32, domain: {x: 1e-4..1}, formula: "2 * sin(x/2)**2 / (x*x)"'),
        ours("hump", 'dtype: float32, domain: {x: 1e-4..1}, formula: "2 * sin(x/2)**2 / (x*x)"'),
    ),
    "the scale of a clipped rate": (
        ours("rate", 'domain: {b: 0..1, t: 0..1e6, E: 1e-3..1e6}, formula: "b * clip(t/E, 0.5, 2)"'),
        ours("rate", 'domain: {b: 0..1, t: 0..1e6, E: 1e-3..1e6}, formula: "b * clip(t/E, 0.5, 2.001)"'),
    ),
}


@pytest.mark.parametrize("fault", PAIRS)
def test_a_planted_fault_is_found_and_the_right_formula_is_not(tried, fault):
    right, wrong = (tried(fields) for fields in PAIRS[fault])
    assert right.outcome is Outcome.DISCHARGED, f"{right.reason} {right.detail} {right.witnesses}"
    assert right.basis is Basis.MEASURED
    assert right.mutation.killed >= 0.6 * right.mutation.generated, right.mutation
    assert right.denominator.judged * 2 > right.denominator.total
    assert wrong.outcome is Outcome.FALSIFIED, f"{wrong.reason} {wrong.detail} {wrong.measured}"
    (witness,) = wrong.witnesses
    assert "ULP off" in witness.found
    assert "rounding explains" in witness.expected


AVERAGE = "domain: {b: 0..1, e: -10..10, t: -10..10}, "


@pytest.mark.parametrize(
    ("name", "dtype", "claimed", "outcome"),
    [
        ("average", "float32", "min(e, t) <= out and out <= max(e, t)", Outcome.FALSIFIED),
        ("average", "float32", "call(b, e, e) == e", Outcome.FALSIFIED),
        ("lerp", "float32", "call(b, e, e) == e", Outcome.DISCHARGED),
        ("average", "float16", "call(b, e, e) == e", Outcome.FALSIFIED),
        ("average", "bfloat16", "call(b, e, e) == e", Outcome.FALSIFIED),
        ("average", "float64", "call(b, e, e) == e", Outcome.FALSIFIED),
        ("lerp", "bfloat16", "call(b, call(b, e, e), e) == e", Outcome.DISCHARGED),
    ],
)
def test_what_is_true_of_the_reals_and_not_of_floats(tried, name, dtype, claimed, outcome):
    verdict = tried(
        ours(name, f'{AVERAGE} dtype: {dtype}, property: "{claimed}"').replace(
            "code: ours", "code: [ours, torch]"
        )
    )
    assert verdict.outcome is outcome, f"{verdict.detail} {verdict.witnesses}"


RATE = "domain: {b: LOW..1, t: 1e-3..1e3, E: 1e-3..1e3, c: 1e-3..1e3}, dtype: float32, examples: 300, "
BOUNDS = 'property: "b/2 <= call(b, t, E) and call(b, t, E) <= 2*b"'


def test_bounds_of_the_rate_hold_in_float32_but_for_denormals(tried):
    normal = tried(ours("rate", RATE.replace("LOW", "1e-30") + BOUNDS))
    assert normal.outcome is Outcome.DISCHARGED
    denormal = tried(ours("rate", RATE.replace("LOW", "0<") + BOUNDS))
    assert denormal.outcome is Outcome.FALSIFIED
    assert "0x1p-149" in denormal.witnesses[0].where


def test_scale_invariance_breaks_in_float32(tried):
    scaled = tried(
        ours("rate", RATE.replace("LOW", "1e-30") + 'property: "call(b, c*t, c*E) == call(b, t, E)"')
    )
    assert scaled.outcome is Outcome.FALSIFIED
    assert "0x" in scaled.witnesses[0].where


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_every_format_is_tried_in_its_own_numbers(tried, dtype):
    verdict = tried(
        ours("average", f'{AVERAGE} dtype: {dtype}, formula: "b*e + (1 - b)*t"').replace(
            "code: ours", "code: [ours, torch]"
        )
    )
    assert verdict.outcome is Outcome.DISCHARGED, f"{verdict.detail} {verdict.witnesses}"
    assert f"ULP of {dtype}" in verdict.measured


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("drifting", "then"),
        ("wide", "returned float64, not float32"),
        ("listed", "shape (2,)"),
        ("inverse", "returned inf"),
        ("softmax", "returned nan"),
        ("warmup", "TypeError"),
    ],
)
def test_what_is_no_number_of_the_format_is_a_fault(tried, name, found):
    formula = {"softmax": "1 / (1 + exp(-x))", "inverse": "1 / max(x, 1)"}.get(name, "x")
    rest = f'domain: {{x: 0..100}}, dtype: float32, formula: "{formula}"'
    if name == "warmup":
        rest = 'domain: {t: 0..100}, arguments: {lr: text, n: 40}, formula: "t"'
    verdict = tried(ours(name, rest))
    assert verdict.outcome is Outcome.FALSIFIED, f"{verdict.reason} {verdict.detail}"
    assert found in verdict.witnesses[0].found


def test_the_witness_is_the_smallest_and_says_every_number_exactly(tried):
    verdict = tried(ours("average", f'{AVERAGE} dtype: float32, formula: "b*e + t"'))
    (witness,) = verdict.witnesses
    assert witness.where == "b = 1.0, e = 0.0, t = 1.0"
    assert witness.found.startswith("0.0, which is ")
    assert witness.expected.startswith("the formula gives 1.0; rounding explains")


def test_the_same_obligation_is_tried_in_the_same_way(tried):
    fields = ours("average", f'{AVERAGE} dtype: float32, property: "out <= max(e, t)"')
    assert tried(fields) == tried(fields)


def test_the_score_names_what_the_answers_do_not_show(tried):
    shallow = ours("warmup", 'arguments: {lr: 0.1, n: 40}, domain: {t: "integers 0..30"}, examples: 40, ')
    verdict = tried(shallow + 'formula: "lr * min(1, t / n)"')
    assert verdict.outcome is Outcome.DISCHARGED
    assert verdict.mutation.killed > 5
    assert "1 -> 2" in verdict.mutation.survivors, "the warm-up never ends in this domain"


def test_a_formula_whose_every_change_goes_unnoticed_is_vacuous(tried):
    verdict = tried(ours("same", 'domain: {x: 0..1}, formula: "min(x, x)"'))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.VACUOUS)


def test_hypothesis_missing_is_told_with_its_remedy(tried, monkeypatch):
    monkeypatch.setattr("harness.kinds._explore.find_spec", lambda _: None)
    verdict = tried(ours("average", f'{AVERAGE} dtype: float32, formula: "b*e + (1 - b)*t"'))
    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, Reason.MISSING_INPUT)
    assert "pip install 'claims-harness[prove]'" in verdict.detail


def test_a_small_domain_is_tried_whole_and_says_so(tried):
    verdict = tried(
        ours(
            "warmup", 'arguments: {lr: 0.1, n: 4}, domain: {t: "integers 2..2"}, formula: "lr * min(1, t/n)"'
        )
    )
    assert str(verdict.denominator) == "1 of 1 points, all that the domain holds"


@pytest.mark.parametrize(
    ("fields", "outcome", "reason", "said"),
    [
        (ours("dies", 'domain: {x: 0..1}, formula: "x"'), Outcome.ERROR, Reason.RUN_FAILED, "exit status 3"),
        (
            ours("sleeps", 'domain: {x: 0..1}, formula: "x", seconds: 1'),
            Outcome.ERROR,
            Reason.TIMED_OUT,
            "ours:sleeps with 0x1",
        ),
        (ours("none", 'domain: {x: 0..1}, formula: "x"'), Outcome.ERROR, Reason.MISSING_INPUT, "has no none"),
        (
            ours("wide", 'domain: {y: 0..1}, formula: "y"'),
            Outcome.ERROR,
            Reason.MALFORMED_INPUT,
            "cannot be called so",
        ),
        (
            'code: ours, callable: "gone:f", domain: {x: 0..1}, formula: "x"',
            Outcome.ERROR,
            Reason.MISSING_INPUT,
            "no module gone",
        ),
        (
            scheduler("CosineAnnealingLR", 'arguments: {T_mux: 4}, steps: 4, formula: "t"'),
            Outcome.ERROR,
            Reason.RUN_FAILED,
            "T_mux",
        ),
        (
            ours("wide", 'domain: {x: 0..1}, formula: "x", assume: "x > 1"'),
            Outcome.INCONCLUSIVE,
            Reason.VACUOUS,
            "no point was tried",
        ),
        (
            ours("average", f'{AVERAGE} dtype: bfloat16, formula: "b*e + (1-b)*t + 1000 - 1000"').replace(
                "code: ours", "code: [ours, torch]"
            ),
            Outcome.INCONCLUSIVE,
            Reason.UNDECIDED,
            "explains nearly any value",
        ),
    ],
)
def test_what_cannot_be_tried_is_never_discharged(tried, fields, outcome, reason, said):
    verdict = tried(fields)
    assert (verdict.outcome, verdict.reason) == (outcome, reason), verdict.detail
    assert said in verdict.detail


def test_constants_of_the_contract_are_names_of_the_formula(tried):
    fields = 'arguments: {n: 40, lr: 0.3}, domain: {t: "integers 0..60"}, formula: "peak * min(1, t / n)"'
    assert tried(ours("warmup", fields), "peak: 0.3").outcome is Outcome.DISCHARGED
    assert tried(ours("warmup", fields), "peak: 0.30001").outcome is Outcome.FALSIFIED


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ('code: ours, formula: "x"', "exactly one of"),
        (ours("f", 'formula: "x"'), "over which values"),
        (ours("f", "domain: {x: 0..1}"), "nothing is claimed"),
        (ours("f", 'domain: {x: 0..1}, formula: "y"'), "y means nothing here"),
        (ours("f", 'domain: {x: 0..1}, formula: "2"'), "nothing that varies"),
        (ours("f", 'domain: {x: 0..1}, formula: "x >= 0"'), "a number is needed"),
        (ours("f", 'domain: {x: 0..1}, formula: "call(x)"'), "call belongs"),
        (ours("f", 'domain: {x: 0..1}, property: "x >= 0"'), "says nothing of the code"),
        (ours("f", 'domain: {x: 0..1}, property: "out >= -slack"'), "slack means nothing here"),
        (ours("f", 'domain: {x: 0..1}, formula: "x[-1]"'), "no rows here"),
        (ours("f", 'domain: {x: 1..0}, formula: "x"'), "holds no number"),
        (ours("f", 'domain: {x: some}, formula: "x"'), "is no domain"),
        (ours("f", 'domain: {x: 0..1e39}, dtype: float32, formula: "x"'), "largest float32"),
        (ours("f", 'domain: {x: one of 0.1}, dtype: float32, formula: "x"'), "no number of float32"),
        (ours("f", 'domain: {x: 0..1}, arguments: {x: 1}, formula: "x"'), "two things"),
        (ours("f", 'domain: {x: 0..1}, formula: "x", dtype: float32, carrier: python'), "holds no float32"),
        (ours("f", 'domain: {x: 0..1}, formula: "x", update: "x"'), "belongs to scheduler"),
        (ours("f", 'domain: {x: 0..1}, formula: "x", steps: 4'), "of a callable none"),
        (ours("f", 'domain: {x: 0..1}, formula: "x", examples: 0'), "above 0"),
        (ours("f", 'domain: {x: 0..1}, formula: "x", allow_unjudged: -1'), "0 or more"),
        ('code: ours, callable: "f", domain: {x: 0..1}, formula: "x"', "names no code"),
        ('code: ours, callable: "os:system(1)", domain: {x: 0..1}, formula: "x"', "names no code"),
        ('code: [], callable: "a:f", domain: {x: 0..1}, formula: "x"', "verdict stale"),
        (scheduler("X", 'formula: "t"'), "how many steps"),
        ('code: torch, scheduler: "a:b", steps: 3, formula: "t"', "starts from"),
        (optimizer("X", 'state: {m: "m + g"}, property: "out <= m"'), "state needs the formula"),
        (optimizer("X", 'formula: "p"').replace("p: -10..10, ", ""), "must give p and g"),
    ],
)
def test_what_cannot_be_meant_is_told_before_any_code_runs(project, fields, said):
    with pytest.raises(InvalidContract, match=said):
        read(project, fields)


@pytest.mark.parametrize(
    "claimed",
    [
        "out > 4 or out <= 4",
        "out - out <= 1",
        "out >= -1000000000",
        "call(x) == call(x)",
        "out == call(x)",
        "implies(x > 2, out == 7)",
        "abs(out) >= 0",
        "out == x and out <= 1e6",
        "out * 0 == 0",
        "call(x / 2) >= -1e9 and out - call(x) == 0",
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_property_that_no_answer_could_break_is_vacuous(tried, claimed, dtype):
    verdict = tried(ours("same", f'domain: {{x: 0..1}}, dtype: {dtype}, property: "{claimed}"'))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.VACUOUS), verdict.detail
    assert "breaks the property" in verdict.detail


@pytest.mark.parametrize(
    ("fields", "least"),
    [
        (ours("same", 'domain: {x: 0..1}, property: "out == x"'), 0.9),
        (ours("same", 'domain: {x: 0..1}, property: "0 <= out and out <= 1"'), 0.4),
        (ours("same", 'domain: {x: 0..1}, property: "0 <= out and out <= 3"'), 0.3),
        (ours("same", 'domain: {x: 0..1, y: 0..1}, assume: "x <= y", property: "call(x) <= call(y)"'), 0.4),
        (ours("same", 'domain: {x: 1e-9..1}, property: "call(x / 2) == call(x) / 2"'), 0.4),
        (ours("same", 'domain: {x: 0..1}, property: "call(-x) == -call(x)"'), 0.5),
        (ours("same", 'domain: {x: 0..1}, property: "call(call(x)) == call(x)"'), 0.2),
        (ours("lerp", f'{AVERAGE} property: "implies(e == t, out == e)"'), 0.9),
        (scheduler("ExponentialLR", 'arguments: {gamma: 0.9}, steps: 9, property: "out <= last"'), 0.4),
        (EMA + 'property: "implies(p == e, out == e)"', 0.9),
        (
            EMA + 'formula: "decay*e + (1 - decay)*p", '
            'property: "min(e, p) - slack <= out and out <= max(e, p) + slack"',
            0.7,
        ),
    ],
)
def test_a_property_that_speaks_of_the_answers_is_scored_by_planted_changes(tried, fields, least):
    verdict = tried(fields)
    assert verdict.outcome is Outcome.DISCHARGED, f"{verdict.reason} {verdict.detail} {verdict.witnesses}"
    assert verdict.mutation.killed >= least * verdict.mutation.generated, verdict.mutation
    assert verdict.mutation.generated >= 10


def test_the_score_of_a_property_names_the_changes_that_it_lets_pass(tried):
    verdict = tried(ours("same", 'domain: {x: 0..1}, property: "out >= 0"'))
    assert "answers: 1 % more" in verdict.mutation.survivors
    assert "answers: negated" not in verdict.mutation.survivors
    assert tried(ours("same", 'domain: {x: 0..1}, property: "out == x"')).mutation.survivors == ()


CANCELLING = '"(x*1e20 + 5) - x*1e20 if x > LIMIT else x"'


@pytest.mark.parametrize(
    ("limit", "more", "outcome"),
    [
        ("0.6", "", Outcome.INCONCLUSIVE),
        ("0.6", ", allow_unjudged: 60", Outcome.DISCHARGED),
        ("0.6", ", allow_unjudged: 3", Outcome.INCONCLUSIVE),
        ("2", "", Outcome.DISCHARGED),
        ("2", ", allow_unjudged: 0", Outcome.DISCHARGED),
        ("0.05", ", allow_unjudged: 1000", Outcome.INCONCLUSIVE),
    ],
)
def test_a_share_of_points_at_which_rounding_explains_anything_is_told(tried, limit, more, outcome):
    formula = CANCELLING.replace("LIMIT", limit)
    low = "0.1" if limit == "0.05" else "0"
    verdict = tried(ours("same", f"domain: {{x: {low}..1}}, formula: {formula}{more}"))
    assert verdict.outcome is outcome, f"{verdict.denominator} {verdict.detail}"
    assert verdict.denominator.undecided > 10 or limit == "2"
    if outcome is Outcome.INCONCLUSIVE:
        assert verdict.reason is Reason.UNDECIDED
        assert f"{verdict.denominator.undecided} of {verdict.denominator.total} undecided" in verdict.detail
        assert "such as x = " in verdict.detail


@pytest.mark.parametrize(("size", "outcome"), [("1e11", Outcome.DISCHARGED), ("1e15", Outcome.INCONCLUSIVE)])
def test_a_bound_above_a_hundredth_of_the_value_decides_nothing(tried, size, outcome):
    verdict = tried(ours("same", f'domain: {{x: 0.5..1}}, formula: "(x + {size}) - {size}"'))
    assert verdict.outcome is outcome, verdict.detail


def test_the_first_rate_has_none_before_it_and_is_not_undecided(tried):
    verdict = tried(scheduler("ExponentialLR", 'arguments: {gamma: 0.9}, steps: 4, property: "out < last"'))
    assert verdict.outcome is Outcome.DISCHARGED, verdict.detail
    assert str(verdict.denominator) == "4 of 4 steps"
