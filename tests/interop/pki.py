"""Certificates by the openssl command: clients' (XEP-0178), and those of servers that don't make their own."""

import subprocess
from pathlib import Path


class Authority:
    """A CA."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = self.directory / "ca.crt", self.directory / "ca.key"
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=Test CA", "-keyout", self.key, "-out", self.certificate,
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
        )  # fmt: skip

    def issue(self, name, *jids):
        """A certificate for the addresses, as id-on-xmppAddr (RFC 6120 §13.7.1.4), and its key."""
        return self._issue(name, "clientAuth", [f"otherName:1.3.6.1.5.5.7.8.5;UTF8:{jid}" for jid in jids])

    def issue_server(self, host):
        """A certificate for a server's name, and its key."""
        return self._issue(host, "serverAuth", [f"DNS:{host}"])

    def issue_hosts(self, host, usage="serverAuth", days=2):
        """A certificate for a server's name and those of its services, for servers only as public authorities issue it, and its key.

        With -1 for `days` it expired yesterday.
        """
        return self._issue(host, usage, [f"DNS:{name}{host}" for name in ("", "conference.", "pubsub.")], days)

    def issue_by_itself(self, host):
        """A certificate that only its own key has signed, and that key."""
        certificate, key = self.directory / f"{host}.self.crt", self.directory / f"{host}.self.key"
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={host}",
            "-keyout", key, "-out", certificate, "-addext", "basicConstraints=critical,CA:FALSE", "-addext", f"subjectAltName=DNS:{host}",
        )  # fmt: skip
        return certificate, key

    def _issue(self, name, usage, names, days=2):
        certificate, key = self.directory / f"{name}.crt", self.directory / f"{name}.key"
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        extensions.write_text(
            f"basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage={usage}\n"
            + (f"subjectAltName={','.join(names)}\n" if names else "")
        )
        openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-keyout", key, "-out", request,
        )  # fmt: skip
        openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
            "-days", str(days), "-extfile", extensions, "-out", certificate,
        )  # fmt: skip
        return certificate, key


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)
