import pytest
from hub_server import HubServer
from web_server import Files


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A cache of its own and nobody's credentials; a server may be silent for half a second."""
    for name in ("HF_TOKEN", "HF_ENDPOINT", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HARNESS_TIMEOUT", "0.5")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


@pytest.fixture
def hub(monkeypatch):
    with HubServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def web():
    with Files() as server:
        yield server
