"""Keys and envelopes: made once, private, of one algorithm, and no library of ours decides what holds."""

import base64
import contextlib
import json
import os

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.evidence.dsse import PAYLOAD, open_envelope, sign
from harness.evidence.keys import SignatureError, distinct, new_key, read_public


@pytest.fixture
def pair(tmp_path):
    return tmp_path / "key", new_key(tmp_path / "key")


def test_a_key_is_private_is_made_once_and_is_named_by_itself(pair, bench):
    path, public = pair
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_public(path.with_name("key.pub")) == public
    with pytest.raises(SignatureError, match="never overwritten"):
        new_key(path)
    said = bench("key", "show", f"{path}.pub")
    assert (said.code, said.out.strip()) == (0, public.id)
    assert bench("key", "new", str(path)).code == 4
    assert bench("key", "show", str(path)).code == 4, "a private key is not a public one"


def test_an_envelope_is_one_that_the_cryptography_itself_accepts(pair):
    path, public = pair
    told = json.loads(sign(b'{"a":1}', path)[0])
    payload, sig = base64.b64decode(told["payload"]), base64.b64decode(told["signatures"][0]["sig"])
    framed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    load_pem_public_key(public.pem).verify(sig, framed)


def test_a_key_that_others_may_read_is_not_used(pair):
    path, _ = pair
    os.chmod(path, 0o644)
    with pytest.raises(SignatureError, match="may be read by others: chmod 600"):
        sign(b"{}", path)


def pem_of(key):
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP256R1()),
        lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    ],
    ids=["ec", "rsa"],
)
def test_keys_of_other_algorithms_are_refused(tmp_path, make):
    private, public = pem_of(make())
    path = tmp_path / "other"
    path.touch(mode=0o600)
    path.write_bytes(private)
    (tmp_path / "other.pub").write_bytes(public)
    with pytest.raises(SignatureError, match="no Ed25519 key"):
        sign(b"{}", path)
    with pytest.raises(SignatureError, match="no Ed25519 key"):
        read_public(tmp_path / "other.pub")


@pytest.mark.parametrize(
    "data", [b"", b"x", b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", b"\xff"]
)
def test_what_is_no_key_is_refused(tmp_path, data):
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_bytes(data)
    for use in (lambda: read_public(path), lambda: sign(b"{}", path)):
        with pytest.raises(SignatureError, match=r"no (public|private) key"):
            use()
    for use in (lambda: read_public(tmp_path / "absent"), lambda: sign(b"{}", tmp_path / "absent")):
        with pytest.raises(SignatureError, match="No such file"):
            use()


def test_one_key_in_two_files_is_one_key(tmp_path, pair):
    _, public = pair
    (tmp_path / "again.pub").write_bytes(public.pem + b"\n")
    assert len(distinct([public, read_public(tmp_path / "again.pub")])) == 1


@pytest.mark.parametrize("sign_bit", [0, 0x80])
@pytest.mark.parametrize(
    "point",
    [
        bytes(32),
        b"\x01" + bytes(31),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        b"\xec" + b"\xff" * 30 + b"\x7f",
    ],
    ids=["order 4", "order 1", "order 8", "order 8 too", "order 2"],
)
def test_a_key_under_which_anybody_can_sign_is_refused(tmp_path, point, sign_bit):
    """One signature of nothing holds for every eighth text at least: the library itself accepts it."""
    weak = ed25519.Ed25519PublicKey.from_public_bytes(point[:31] + bytes([point[31] | sign_bit]))
    held = 0
    for number in range(200):
        with contextlib.suppress(InvalidSignature):
            weak.verify(b"\x01" + bytes(63), str(number).encode())
            held += 1
    if not sign_bit:
        assert held, "the attack is real"
    path = tmp_path / "weak.pub"
    path.write_bytes(weak.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(SignatureError, match="anybody can sign"):
        read_public(path)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader_of_envelopes(data):
    with pytest.raises(SignatureError):
        open_envelope(data, [])
