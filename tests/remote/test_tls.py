"""Servers that speak TLS: read as any other, and never followed to where nothing protects the bytes."""

import datetime
import ipaddress
import ssl
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hub_server import HubServer
from remote_bench import VALUES, checkpoint
from web_server import Files

WEIGHTS = checkpoint()


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """A certificate for this machine, and a server's context that shows it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(
        now + datetime.timedelta(hours=1)
    )
    made = made.add_extension(alternative, critical=True)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(certificate + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, str(path)


@pytest.fixture
def ask(bench, certified):
    def audit(url, **variables):
        paths = ":".join(sys.path)
        return bench.process("audit", url, SSL_CERT_FILE=certified[1], PYTHONPATH=paths, **variables)

    return audit


def test_a_web_server_is_read_and_not_followed_out_of_tls(ask, certified):
    with Files({"model.safetensors": WEIGHTS}).secure(certified[0]) as web, Files() as plain:
        plain.files = web.files
        said = ask(f"{web.url}/model.safetensors")
        assert said.code == 0, said.err
        assert f"{VALUES:,} values" in said.out
        web.mode = f"to {plain.url}/model.safetensors"
        said = ask(f"{web.url}/model.safetensors")
        assert said.code == 3
        assert "redirects to plain http" in said.err
        assert plain.asked == []


def test_a_hub_is_read_and_not_followed_out_of_tls(ask, certified):
    with HubServer() as hub, Files({"model.safetensors": WEIGHTS}) as plain:
        hub.secure(certified[0])
        hub.repo("org/name").commit(plain.files)
        said = ask("hf://org/name", **hub.environment)
        assert said.code == 0, said.err
        hub.redirect = f"{plain.url}/model.safetensors"
        said = ask("hf://org/name", **hub.environment)
        assert said.code == 3
        assert "redirects to plain http" in said.err
        assert plain.asked == []


def test_a_stranger_is_not_believed(bench, certified):
    with Files({"model.safetensors": WEIGHTS}).secure(certified[0]) as web:
        said = bench.process("audit", f"{web.url}/model.safetensors", PYTHONPATH=":".join(sys.path))
        assert said.code == 3
        assert "ertificate" in said.err
