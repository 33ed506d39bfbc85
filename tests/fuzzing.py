"""Readers of bytes that anybody may have written, what they may raise, and hostile bytes to give them.

A target takes bytes and may raise nothing but the errors that its reader documents. Whoever runs one calls
``watched`` first: what executes, opens a connection, finds a pickled class or writes elsewhere then fails.
"""

import base64
import json
import os
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from harness import registry
from harness.artifacts.formats._format import Malformed, named
from harness.artifacts.safetensors_file import read as read_safetensors
from harness.evidence.archive import ArchiveError, read_archive
from harness.evidence.dsse import claimed_signers, open_envelope
from harness.evidence.keys import SignatureError
from harness.evidence.ledger import entry_of
from harness.evidence.seal import read_seal
from harness.evidence.statement import EvidenceError, parse_statement, record_of, verdict_of
from harness.kinds._format_examples import clm
from harness.logs._read import read_frames
from harness.model.problem import InputError, InvalidContract
from harness.reading.contract import read_contract
from harness.reading.policy import read_policy
from harness.runs import record as run_records

REPOSITORY = Path(__file__).resolve().parents[1]
SLOW = 20
"""Seconds after which a reader hangs."""
SMALL = 1 << 15
FORBIDDEN = {
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "subprocess.Popen",
    "pickle.find_class",
    "socket.connect",
    "ctypes.dlopen",
}
"""What no reader does."""


@cache
def folder():
    """Returns a folder for the files that a target must be given by name."""
    made = Path(tempfile.mkdtemp(prefix="fuzz-"))
    import atexit

    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def written(name, data):
    path = folder() / name
    path.write_bytes(data)
    return path


def contract(data):
    """A contract, a policy."""
    for read in (lambda: read_contract(data, "x.yaml", folder()), lambda: read_policy(data, "policy.yaml")):
        told = None
        try:
            read()
        except InvalidContract as error:
            told = error
        if told is not None:
            assert told.problems
            assert len(str(told)) < 1 << 20
            assert "\x1b" not in str(told)


def evidence(data):
    """A statement, an entry of the ledger, an envelope, a seal, the record of a run, an archive."""
    for read, errors in (
        (lambda: record_of(data, "evidence/x.json", "0" * 64), EvidenceError),
        (
            lambda: verdict_of(parse_statement(data)["predicate"]),
            (EvidenceError, KeyError, TypeError, ValueError),
        ),
        (lambda: entry_of(data), ()),
        (lambda: open_envelope(data, ()), SignatureError),
        (lambda: claimed_signers(data), SignatureError),
        (lambda: read_seal(data), SignatureError),
        (lambda: run_records.parse(data), InputError),
        (lambda: _archive(data), ArchiveError),
    ):
        try:
            read()
        except errors:
            continue


def _archive(data):
    into = folder() / "into"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    read_archive(written("x.tgz", data), into, 1 << 20)


NAMES = {
    "csv_table": "x.csv",
    "jsonl": "x.jsonl",
    "json_document": "x.json",
    "trainer_state": "trainer_state.json",
    "tensorboard": "events.out.tfevents.1",
    "wandb": "run-x.wandb",
    "parquet": "x.parquet",
    "tracker_db": "x.db",
    "mlflow_files": "mlruns/0/abc/metrics/loss",
}


def log(data):
    """A log: the first byte chooses the reader, or leaves it to sniffing."""
    readers = [*registry.modules("logs"), None]
    reader = readers[(data[0] if data else 0) % len(readers)]
    if reader == "parquet":  # a library's own reader, in C++; it is given what its users give it
        reader = None
    name = NAMES.get(reader, "x.log")
    (folder() / name).parent.mkdir(parents=True, exist_ok=True)
    path = written(name, data[1:])
    with suppress(InputError):
        for frame in read_frames([(name, path)], format=reader):
            assert all(len(column) == len(frame.places) for column in frame.columns.values())


def clm_file(data):
    """A ``.clm`` file."""
    form = named("clm")
    try:
        document = form.read(data)
    except Malformed:
        return
    assert document.written() == data
    document.values()


def safetensors_file(data):
    """A checkpoint, as the checks see it and as a format."""
    with suppress(InputError):
        for tensor in read_safetensors(written("x.safetensors", data)):
            assert 0 <= tensor.start <= len(data)
    with suppress(Malformed):
        named("safetensors").read(data).values()


TARGETS = {
    "contract": contract,
    "evidence": evidence,
    "log": log,
    "clm": clm_file,
    "safetensors": safetensors_file,
}


@cache
def seeds(name):
    """Returns sound files for a target to be made hostile."""
    return {
        "contract": _contracts,
        "evidence": _evidence,
        "log": _logs,
        "clm": lambda: [clm()],
        "safetensors": _checkpoints,
    }[name]()


def _contracts():
    found = [path.read_bytes() for path in sorted(REPOSITORY.glob("contracts/**/*.yaml"))]
    policy = b"policy: 1\nsigners: [a.pub]\nheads: h\ndemands: {signatures: 1, locked: true, fresh_days: 3}\n"
    short = (
        b"contract: x\nsubject: out\nlog: out/log.jsonl\nwhere: {lr_max: 2e-5, steps: 30}\ncriteria:\n"
        b'  lr: {rows: "learning_rate == lr_max * (1 - step / steps)"}\n  finite: {rows: "finite(loss)"}\n'
        b'  SUM: {claim: Sums., holds: "a + b == c", numbers: {a: 1, b: 2, c: 3}}\n'
    )
    return [policy, short, *(one for one in found if len(one) < SMALL)]


def _evidence():
    paths = sorted(REPOSITORY.glob("evidence/**/*.json"), key=lambda path: path.stat().st_size)
    found = [path.read_bytes() for path in paths[:: max(1, len(paths) // 40)]]
    seal = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "a", "digest": {"sha256": "0" * 64}}],
        "predicateType": "https://claims-harness.dev/scoreboard/v1",
        "predicate": {
            "contracts": {"x": "DISCHARGED"},
            "heads": ["0" * 64],
            "signedOn": "2026-01-01T00:00:00Z",
        },
    }
    payload = json.dumps(seal, sort_keys=True, separators=(",", ":")).encode()
    sig = {"keyid": "0" * 64, "sig": base64.b64encode(bytes(64)).decode()}
    told = {"payload": base64.b64encode(payload).decode(), "payloadType": "x", "signatures": [sig]}
    envelope = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    from harness.evidence.archive import Part, write_archive
    from harness.evidence.digests import bytes_digest

    inside = written("part", b"{}")
    part = Part(name="evidence/x.json", sha256=bytes_digest(b"{}"), size=2, path=inside)
    packed = folder() / "packed.tgz"
    write_archive(packed, {"evidence": "evidence"}, [part])
    return [*(one for one in found if len(one) < SMALL), payload, envelope, packed.read_bytes()]


def _logs():
    readers = [*registry.modules("logs"), None]
    files = [*REPOSITORY.glob("tests/data/runs/**/*"), *REPOSITORY.glob("data/**/*")]
    small = sorted(path for path in files if path.is_file() and path.stat().st_size < SMALL)
    rows = b'{"step": 1, "loss": 2.5}\n{"step": 2, "loss": 2.25}\n'
    made = {"jsonl": rows, "csv_table": b"step,loss\n1,2.5\n2,2.25\n", "text_log": b"step 1 | loss 2.5\n"}
    made["mllog"] = b':::MLLOG {"key": "loss", "value": 2.5, "metadata": {"step": 1}}\n'
    made["mlflow_files"] = b"1700000000 2.5 1\n1700000001 2.25 2\n"
    made["trainer_state"] = b'{"log_history": [{"step": 1, "loss": 2.5}, {"step": 2, "loss": 2.25}]}'
    found = [bytes([readers.index(name)]) + data for name, data in made.items()]
    return [*found, *(bytes([len(readers) - 1]) + path.read_bytes() for path in small)]


def _checkpoints():
    def file(header, body):
        head = json.dumps(header).encode()
        return len(head).to_bytes(8, "little") + head + body

    two = {
        "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "b": {"dtype": "BF16", "shape": [1, 2], "data_offsets": [8, 12]},
        "__metadata__": {"format": "pt"},
    }
    return [file(two, bytes(12)), file({}, b"")]


TOKENS = (
    *(b"\x00", b"\xff", b"\x1b[2J", b"\n", b"{", b"}", b"[", b'"', b"NaN", b"Infinity", b"1e999", b"-0"),
    *(b"&a ", b"*a", b"!!python/object/apply:os.system [id]", b"<<: ", b"---\n", b"? ", b"|\n", b"..", b"/"),
    *(b"9" * 400, b"1e-400", b"\\ud800", b"__import__('os')", b"(" * 300, b"[" * 3000, b"{" * 3000),
    *(b"\xed\xa0\x80", b"\xef\xbb\xbf", "\u202e".encode(), b"\x85", b"**9**9**9", b" if " * 60, b"\x80\x04"),
    *(b"\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x00\x00\x00\x00\x00\x00\x00\x80", b"cos\nsystem\n(S'id'\ntR."),
)


def mutated(data, edits, others):
    """Applies edits (place, what, number) to a file: flips, cuts, doubles, tokens, and pieces of others."""
    found = bytearray(data)
    for place, what, number in edits:
        at = place % (len(found) + 1)
        if what == 0 and found:
            found[at % len(found)] ^= 1 << number % 8
        elif what == 1:
            del found[at : at + number % 64 + 1]
        elif what == 2:
            found[at:at] = found[at : at + number % 256]
        elif what == 3:
            found[at:at] = TOKENS[number % len(TOKENS)]
        elif what == 4:
            other = others[number % len(others)]
            found[at:at] = other[number % (len(other) + 1) :][: 1 + number % 512]
        else:
            del found[at:]
    return bytes(found[: 1 << 17])


def warm():
    """Lets every target import what it needs, so that what runs later is no import."""
    for name, target in TARGETS.items():
        for seed in seeds(name):
            target(seed)


_armed = False


def _listen(event, arguments):
    if not _armed:
        return
    if event in FORBIDDEN:
        raise AssertionError(f"a reader did {event} {arguments!r}"[:300])
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
        where = os.fspath(arguments[0]) if not isinstance(arguments[0], int) else ""
        if where and not os.fsdecode(where).startswith((str(folder()), tempfile.gettempdir())):
            raise AssertionError(f"a reader wrote to {where!r}")


@contextmanager
def watched():
    """Fails what a reader must never do, for as long as it is open."""
    global _armed
    if not getattr(sys, "_fuzz_hook", False):
        sys.addaudithook(_listen)
        sys._fuzz_hook = True
    _armed = True
    try:
        yield
    finally:
        _armed = False


def timed(target, data):
    """Gives a target bytes and fails it if it hangs."""

    def late(*_):
        raise TimeoutError(f"{target.__name__} took more than {SLOW} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SLOW)
    try:
        target(data)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
