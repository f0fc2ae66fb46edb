"""Who may log in, and TLS."""

import pymongo
import pytest
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError


def ping(uri, **options):
    """Runs a command for which one has to be logged in."""
    with pymongo.MongoClient(uri, serverSelectionTimeoutMS=1500, **options) as client:
        return client.test.items.count_documents({})


def test_passwords(gateway):
    uri = gateway("--user", "xmppchat:p=ss,wörd".replace("ö", "o"), "--user", "other:secret")
    assert ping(uri, username="xmppchat", password="p=ss,word") == 0
    assert ping(uri, username="other", password="secret", authMechanism="SCRAM-SHA-256") == 0
    for name, password in (("xmppchat", "secret"), ("nobody", "secret"), ("other", "")):
        if password:
            with pytest.raises(OperationFailure) as failure:
                ping(uri, username=name, password=password)
            assert failure.value.code == 18
    with pytest.raises(OperationFailure) as failure:
        ping(uri)
    assert failure.value.code == 13
    with pytest.raises(OperationFailure):
        ping(uri, username="other", password="secret", authMechanism="SCRAM-SHA-1")


@pytest.fixture
def server_certificate(authority):
    return pem(*authority.issue_server("localhost"))


@pytest.fixture
def client_certificate(authority):
    return pem(*authority.issue("client"))


def pem(certificate, key):
    """Both in one file, as MongoDB's options want them."""
    both = certificate.with_suffix(".pem")
    both.write_text(certificate.read_text() + key.read_text())
    return str(both)


def at_localhost(uri):
    return uri.replace("127.0.0.1", "localhost").replace("replicaSet=rs0", "directConnection=true")


def test_tls(gateway, authority, server_certificate):
    uri = at_localhost(gateway("--certificate", server_certificate))
    assert ping(uri, tls=True, tlsCAFile=str(authority.certificate)) == 0
    assert ping(uri, tls=True, tlsAllowInvalidCertificates=True) == 0
    with pytest.raises(ServerSelectionTimeoutError):
        ping(uri, tls=True)
    with pytest.raises(ServerSelectionTimeoutError):
        ping(uri.replace("localhost", "127.0.0.1"), tls=True, tlsCAFile=str(authority.certificate))
    with pytest.raises(ServerSelectionTimeoutError):
        ping(uri)


def test_certificates_of_clients(gateway, authority, server_certificate, client_certificate):
    secure = {"tls": True, "tlsCAFile": str(authority.certificate)}
    uri = at_localhost(gateway(
        "--certificate", server_certificate, "--client-ca", str(authority.certificate), "--certificate-user", "CN=client"
    ))  # fmt: skip
    x509 = {"authMechanism": "MONGODB-X509", "tlsCertificateKeyFile": client_certificate}
    assert ping(uri, **secure, **x509) == 0
    assert ping(uri, **secure, **x509, username="CN=client") == 0
    with pytest.raises(OperationFailure) as failure:
        ping(uri, **secure, **x509, username="CN=somebody")
    assert failure.value.code == 18
    with pytest.raises(OperationFailure) as failure:
        ping(uri, **secure, authMechanism="MONGODB-X509", tlsCertificateKeyFile=server_certificate)
    assert failure.value.code == 18
    with pytest.raises(ServerSelectionTimeoutError):
        ping(uri, **secure)
