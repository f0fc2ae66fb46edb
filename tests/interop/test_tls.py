"""TLS as openssl s_client sees it, with each of the two engines, over STARTTLS and Direct TLS (XEP-0368)."""

import subprocess

import pytest

from raw import Stream

pytestmark = pytest.mark.parametrize("way", ["starttls", "direct-tls"])


def s_client(server, way, *arguments, host="localhost", typed=""):
    """Handshakes, verifies the certificate against the server's CA and for the host, and leaves."""
    target = (
        ["-connect", f"127.0.0.1:{server.port}", "-starttls", "xmpp", "-xmpphost", host]
        if way == "starttls"
        else ["-connect", f"127.0.0.1:{server.tls_port}"]
    )
    done = subprocess.run(
        ["openssl", "s_client", *target, "-servername", host, "-CAfile", server.ca, "-verify_hostname", host,
         "-verify_return_error", *arguments],
        input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=30,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.parametrize("version, shown", [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_current_versions_are_spoken(tls_server, way, version, shown):
    code, said = s_client(tls_server, way, version)
    assert code == 0, said
    assert f"New, {shown}, Cipher is" in said and "Verification: OK" in said


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_versions_are_not(tls_server, way, version):
    code, said = s_client(tls_server, way, version, "-cipher", "DEFAULT@SECLEVEL=0")
    assert code != 0 and "alert protocol version" in said, said


@pytest.mark.parametrize("cipher", ["RC4", "3DES", "aNULL", "eNULL", "EXPORT"])
def test_weak_ciphers_are_not_spoken(tls_server, way, cipher):
    code, said = s_client(tls_server, way, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
    assert code != 0, said


def test_the_protocol_of_xmpp_is_chosen(tls_server, way):
    code, said = s_client(tls_server, way, "-alpn", "h2,xmpp-client")
    assert code == 0 and "ALPN protocol: xmpp-client" in said, said


def test_a_client_without_alpn_is_served(tls_server, way):
    code, said = s_client(tls_server, way)
    assert code == 0 and "No ALPN negotiated" in said, said


@pytest.mark.parametrize("host", ["localhost", "other.example"])
def test_each_host_has_its_certificate(tls_server, way, host):
    code, said = s_client(tls_server, way, host=host)
    assert code == 0 and "Verification: OK" in said, said


def test_a_client_that_names_no_host_gets_the_first_ones_certificate(tls_server, way):
    code, said = s_client(tls_server, way, "-noservername")
    assert "Verification: OK" in said or code != 0, said


def test_a_foreign_protocol_is_refused_with_an_alert(tls_server, way):
    """An HTTP request across protocols must not reach the XML parser (RFC 7301 §3.2)."""
    code, said = s_client(tls_server, way, "-alpn", "h2,http/1.1")
    assert code != 0 and "alert no application protocol" in said, said


def test_renegotiation_is_refused(tls_server, way):
    """It costs the server more than the client (CVE-2011-1473)."""
    _, said = s_client(tls_server, way, "-tls1_2", typed="R\n")
    _, answer = said.split("RENEGOTIATING")
    # The one engine says so, the other hangs up.
    assert "no renegotiation" in answer or "unexpected eof" in answer, said


def test_tls_is_closed_with_the_stream(tls_server, way):
    """RFC 6120 §4.4: with close_notify, without which the client couldn't tell the end from a cut."""
    with Stream(tls_server) as stream:
        if way == "starttls":
            stream.connect().open()
            stream.start_tls()
        else:
            stream.connect_tls()
            stream.open()
        stream.send("</stream:stream>")
        stream.expect_end()
