"""Files on web servers, sound ones and others: whatever is not whole is an ERROR and never a pass."""

import pytest
from remote_bench import LOG, VALUES, about, checkpoint, header_bytes, material

WEIGHTS = checkpoint()
FALL = """
inputs:
  log: {{file: "{url}"}}
criteria:
  FALL: {{claim: The loss falls by two nats., metric: loss, log: log, falls_by: 2}}
"""


@pytest.fixture
def site(web):
    web.files = {"model.safetensors": WEIGHTS, "log.jsonl": LOG}
    web.weights, web.log = f"{web.url}/model.safetensors", f"{web.url}/log.jsonl"
    return web


def gets(site):
    return sum(one.startswith("GET") for one in site.asked)


def test_an_audit_reads_only_the_header(bench, site):
    said = bench("audit", site.weights)
    assert said.code == 0, said.err
    assert f"{VALUES:,} values" in said.out
    assert site.served == header_bytes(WEIGHTS)


def test_a_log_is_judged_by_its_bytes(bench, site):
    bench.contract(FALL.format(url=site.log))
    said = bench("check")
    assert said.code == 0, said.err
    assert material(bench, "FALL")["name"] == site.log
    assert site.served == len(LOG)
    site.forget()
    assert "nothing to do" in bench("check").err
    assert gets(site) == 0, "the tag is the same"


def test_without_a_tag_the_bytes_are_read_again_each_time(bench, site):
    site.etag = False
    bench.contract(FALL.format(url=site.log))
    bench("check")
    site.forget()
    assert "nothing to do" in bench("check").err
    assert site.served == len(LOG)
    site.files["log.jsonl"] = LOG.replace(b"2.5", b"4.5")
    assert bench("gate").code == 1


def test_a_moved_file_is_judged_again(bench, site):
    bench.contract(FALL.format(url=site.log))
    bench("check")
    site.files["log.jsonl"] = LOG.replace(b"2.5", b"4.5")
    assert bench("check").code == 1
    assert bench.verdict("FALL")["outcome"] == "FALSIFIED"


BROKEN = {
    "truncates": ("input missing", "cannot be read"),
    "shorter": ("input malformed", "bytes"),
    "longer": ("input malformed", "more than"),
    "changes": ("input malformed", "changed while it was read"),
    "loop": ("input missing", "TooManyRedirects"),
    "to file:///etc/passwd": ("input missing", "cannot be read"),
    "to http://127.0.0.2:1/x": ("input malformed", "redirects to plain http"),
    "signed": ("input missing", "403"),
    "to ftp://127.0.0.1/x": ("input missing", "cannot be read"),
    "to https://127.0.0.1:1/x?sig=s3cret": ("input missing", "cannot be read"),
    "silent": ("timed out", "silent for too long"),
    "gone": ("input missing", "there is nothing there"),
}


@pytest.mark.parametrize("mode", BROKEN)
def test_a_server_that_misbehaves_is_an_error(bench, site, mode):
    bench.contract(about(site.weights))
    site.mode = mode
    if mode == "gone":
        site.files.clear()
    assert bench("check").code == 3
    verdict, (reason, told) = bench.verdict("P"), BROKEN[mode]
    assert (verdict["outcome"], verdict["reason"]) == ("ERROR", reason)
    assert told in verdict["detail"]
    assert "s3cret" not in verdict["detail"]
    assert not list((bench.root / "cache").rglob("known/*"))


@pytest.mark.parametrize("mode", ["ignores range", "short range", "another range"])
def test_parts_that_are_not_the_parts_asked_for_are_refused(bench, site, mode):
    site.mode = mode
    said = bench("audit", site.weights)
    assert said.code == 3
    told = {"ignores range": "ignores Range", "short range": "came of", "another range": "another part"}
    assert told[mode] in said.err
    assert "holds" not in said.out.split("\n")[0]


def test_a_server_without_ranges_can_still_be_read_whole(bench, site):
    site.mode = "ignores range"
    bench.contract(about(site.weights))
    assert bench("check").code == 0


def test_a_server_that_is_gone_is_an_error(bench, site):
    bench.contract(about(site.weights))
    site.stop()
    assert bench("check").code == 3
    assert bench.verdict("P")["outcome"] == "ERROR"


def test_a_cache_that_cannot_be_written_is_an_error(bench, site, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(bench.write("taken", b"")))
    bench.contract(about(site.weights))
    assert bench("check").code == 3
    assert "HARNESS_CACHE" in bench.verdict("P")["detail"]


def test_a_cache_with_garbage_in_it_is_fetched_anew(bench, site):
    bench.contract(about(site.weights))
    bench("check")
    for garbage in (b"{", b"[]", b'{"sha256": "../../x"}', b'{"sha256": 3}'):
        (known,) = (bench.root / "cache/known").iterdir()
        known.write_bytes(garbage)
        site.forget()
        assert bench("check", "--all").code == 0
        assert gets(site) == 1
    bench.write(".harness/cache/remote.json", b"[1]")
    assert bench.statuses() == {"demo/P": "DISCHARGED"}
