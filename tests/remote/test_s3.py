"""Objects of a bucket: moto's server, the real s3fs."""

import threading

import boto3
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from remote_bench import LOG, VALUES, about, checkpoint, header_bytes, material
from werkzeug.serving import make_server

WEIGHTS = checkpoint()
URL = "s3://my-bucket/run/model.safetensors"


class Bucket:
    """A bucket on a server of this process that counts the bytes of objects that it serves."""

    def __init__(self):
        self.served = 0
        inner = DomainDispatcherApplication(create_backend_app)

        def counting(environ, start_response):
            body = b"".join(inner(environ, start_response))
            if environ["REQUEST_METHOD"] == "GET":
                self.served += len(body)
            return [body]

        self.server = make_server("127.0.0.1", 0, counting, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def fill(self):
        self.client = boto3.client("s3", endpoint_url=self.url)
        self.client.create_bucket(Bucket="my-bucket")
        return self

    def put(self, key, data):
        return self.client.put_object(Bucket="my-bucket", Key=key, Body=data)


@pytest.fixture(scope="module")
def running():
    with pytest.MonkeyPatch.context() as patch:
        keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
        for name, value in keys.items():
            patch.setenv(name, value)
        bucket = Bucket().fill()
        yield bucket
        bucket.server.shutdown()
        bucket.server.server_close()


@pytest.fixture
def bucket(running, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
    for found in running.client.list_objects_v2(Bucket="my-bucket").get("Contents", []):
        running.client.delete_object(Bucket="my-bucket", Key=found["Key"])
    running.put("run/model.safetensors", WEIGHTS)
    running.put("run/log.jsonl", LOG)
    running.served = 0
    return running


def test_an_audit_reads_a_folder_by_range(bench, bucket):
    said = bench("audit", "s3://my-bucket/run/")
    assert said.code == 0, said.err
    assert f"{VALUES:,} values" in said.out
    assert "in 2 files" in said.out
    assert header_bytes(WEIGHTS) + len(LOG) <= bucket.served < header_bytes(WEIGHTS) + len(LOG) + 3000


def test_a_check_fetches_once_and_notices_a_changed_byte(bench, bucket):
    bench.contract(about(URL))
    assert bench("check").code == 0, bench("scoreboard").out
    assert material(bench)["uri"] == URL
    assert material(bench)["version"].startswith('etag "')
    assert bucket.served == len(WEIGHTS)
    bucket.served = 0
    assert "nothing to do" in bench("check").err
    assert bucket.served == 0
    bucket.put("run/model.safetensors", WEIGHTS[:-4] + b"\x00\x00\xc0\x7f")
    assert bench("gate").code == 1
    assert bench("check").code == 1
    assert bench.verdict("P")["outcome"] == "FALSIFIED"


def test_a_glob_and_a_version_are_subjects(bench, bucket):
    bucket.client.put_bucket_versioning(Bucket="my-bucket", VersioningConfiguration={"Status": "Enabled"})
    version = bucket.put("v/model.safetensors", checkpoint(values=7))["VersionId"]
    bucket.put("v/model.safetensors", WEIGHTS)
    bench.contract(f"""
        inputs:
          old: {{file: "s3://my-bucket/v/model.safetensors?versionId={version}"}}
          new: {{files: "s3://my-bucket/*/model.safetensors"}}
          logs: {{file: "s3://my-bucket/run/log.jsonl"}}
        criteria:
          OLD: {{tensors: old, parameters: 7}}
          NEW: {{tensors: new, parameters: {VALUES}}}
          FALL: {{metric: loss, log: logs, falls_by: 2}}
    """)
    assert bench("check").code == 0, bench("scoreboard").out
    assert material(bench, "OLD")["version"] == f"version {version}"


@pytest.mark.parametrize("url", ["s3://my-bucket/run/other.safetensors", "s3://no-such-bucket/x.safetensors"])
def test_what_is_not_there_is_an_error(bench, bucket, url):
    bench.contract(about(url))
    assert bench("check").code == 3
    verdict = bench.verdict("P")
    assert (verdict["outcome"], verdict["reason"]) == ("ERROR", "input missing")


def test_who_has_no_credentials_asks_as_nobody(bench, bucket, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bucket.client.put_object_acl(Bucket="my-bucket", Key="run/model.safetensors", ACL="public-read")
    bench.contract(about(URL))
    assert bench("check").code == 0, bench.verdict("P")["detail"]
