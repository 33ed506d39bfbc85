"""URLs in contracts are data: a short list of forms is read, everything else is refused and not repeated."""

import pytest

from harness.model.address import parse_address, safe_name
from harness.model.problem import InputError


@pytest.mark.parametrize(
    ("text", "root", "revision", "path"),
    [
        ("hf://org/name", "org/name", "", ""),
        ("hf://org/name@v1.0/a/b.json", "org/name", "v1.0", "a/b.json"),
        ("hf://datasets/org/name@refs%2Fpr%2F1/x.csv", "datasets/org/name", "refs/pr/1", "x.csv"),
        ("s3://my.bucket/run/log.jsonl", "my.bucket", "", "run/log.jsonl"),
        ("s3://bucket/key?versionId=3HL4kq.x-_", "bucket", "3HL4kq.x-_", "key"),
        ("https://example.org:8443/a/model.safetensors", "example.org:8443", "", "a/model.safetensors"),
        ("http://127.0.0.1:1234/x", "127.0.0.1:1234", "", "x"),
    ],
)
def test_what_is_read(text, root, revision, path):
    found = parse_address(text)
    assert (found.root, found.revision, found.path) == (root, revision, path)
    assert text.startswith(found.base[:-1])


REFUSED = {
    "file:///etc/passwd": "local file",
    "file::hf://org/name": "local file",
    "simplecache::file:///etc/passwd": "inside a URL",
    "simplecache::s3://bucket/key": "inside a URL",
    "zip://a.txt::https://host/a.zip": "inside a URL",
    "local:///etc/passwd": "no scheme",
    "memory://x": "no scheme",
    "ftp://host/x": "no scheme",
    "HTTPS://host/x": "no scheme",
    "https://user:s3cret@host/x": "credentials",
    "s3://key:s3cret@bucket/x": "credentials",
    "https://host/x?token=s3cret": "secret",
    "https://host/x#s3cret": "secret",
    "s3://bucket/key?X-Amz-Signature=s3cret": "secret",
    "http://example.org/x": "use https",
    "http://127.0.0.1.evil.org/x": "use https",
    "https://host/a/../b": "no path",
    "https://host/": "is not https",
    "https://host/folder/": "names one file",
    "https://host/*.txt": "names one file",
    "https:///etc/passwd": "is not https",
    "https://[::1]/x": "inside a URL",
    "hf://name": "is not hf",
    "hf://org/name@a%2e%2e/x": "no revision",
    "hf://org/name/../../x": "no path",
    "hf://org/name/a\\b": "no path",
    "hf://org/name/a\x00b": "no path",
    "hf://token@org/name": "is not hf",
    "s3://B/x": "is not s3",
    "s3://bucket/*.json": "write files",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text):
    with pytest.raises(InputError, match=REFUSED[text]) as caught:
        parse_address(text)
    assert "s3cret" not in str(caught.value)


def test_a_glob_stands_for_several_files_where_they_can_be_listed():
    assert parse_address("s3://bucket/run-[12]/*.json", glob=True).is_glob
    for text in ("https://host/*.json", "s3://bucket/run-?/x", "hf://org/name/?"):
        with pytest.raises(InputError):
            parse_address(text, glob=True)


@pytest.mark.parametrize("name", ["../x", "a/../b", "/etc/passwd", "a//b", ".", "a\\b", "a\nb", "x" * 256])
def test_a_listing_leads_nowhere_else(name):
    assert not safe_name(name)


@pytest.mark.parametrize("key", ["file", "files"])
def test_a_contract_with_such_a_url_is_invalid_on_its_line(bench, key):
    bench.contract(f"""
        inputs:
          x: {{{key}: "https://user:s3cret@host/x"}}
        criteria:
          S: {{files: [x], at_most: 9}}
    """)
    said = bench("lint")
    assert said.code == 4
    assert f"contracts/demo.yaml:4: inputs.x.{key}: credentials" in said.err + said.out
    assert "s3cret" not in said.err + said.out
