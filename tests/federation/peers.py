"""Prosody and ejabberd of Debian as other servers, each on an address of its own, found by a DNS server of the test."""

import os
import shutil
import socket
import subprocess

from raw import CLIENT, Stream
from xmppchat import ARTIFACTS, Account, end_with_parent, wait_until

C2S, S2S, S2S_TLS = 15222, 15269, 15270

PROSODY = """
run_as_root = true
pidfile = "{directory}/prosody.pid"
data_path = "{directory}/data"
plugin_paths = {{ "{directory}/plugins" }}
interfaces = {{ "{address}" }}
local_interfaces = {{ "{address}" }}
c2s_ports = {{ {c2s} }}
s2s_ports = {{ {s2s} }}
s2s_direct_tls_ports = {{ {s2s_tls} }}
modules_enabled = {{
  "testdns"; "disco"; "roster"; "saslauth"; "tls"; "dialback"; "vcard4"; "vcard_legacy"; "pep"; "ping"; "register"; "version"; "posix";
  "blocklist"; "private"; "carbons"; "mam"; "smacks"; {modules}
}}
{options}
allow_registration = true
s2s_require_encryption = true
s2s_secure_auth = {secure}
authentication = "internal_hashed"
storage = "internal"
ssl = {{ key = "{key}"; certificate = "{certificate}"; cafile = "{ca}" }}
s2s_direct_tls_ssl = ssl
log = {{ {level} = "{log}" }}
VirtualHost "{domain}"
Component "conference.{domain}" "muc"
  restrict_room_creation = false
"""

# Prosody without lua-unbound asks port 53 of the servers in /etc/resolv.conf: those of the test are put in their place.
PROSODY_DNS = """
local methods = getmetatable(require "net.dns".resolver()).__index;
methods.adddefaultnameservers = function(self) self:addnameserver("{dns}"); end
"""

EJABBERD = """
hosts: ["{domain}"]
loglevel: debug
certfiles: ["{pem}"]
ca_file: "{ca}"
auth_method: internal
auth_password_format: scram
s2s_use_starttls: required
outgoing_s2s_families: [ipv4]
acl: {{ local: {{ user_regexp: "" }} }}
access_rules: {{ c2s: {{ allow: all }}, register: {{ allow: all }}, muc: {{ allow: local }} }}
shaper: {{}}
shaper_rules: {{}}
registration_timeout: infinity
listen:
  - {{ port: {c2s}, ip: "{address}", module: ejabberd_c2s, access: c2s, starttls: true }}
  - {{ port: {s2s}, ip: "{address}", module: ejabberd_s2s_in }}
  - {{ port: {s2s_tls}, ip: "{address}", module: ejabberd_s2s_in, tls: true }}
modules:
  mod_caps: {{}}
  mod_disco: {{}}
  mod_mam: {{ default: always }}
  mod_muc: {{ access_create: muc }}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_private: {{}}
  mod_pubsub: {{ plugins: [flat, pep] }}
  mod_register: {{ access: register, ip_access: all, password_strength: 0 }}
  mod_roster: {{}}
  {modules}
  mod_vcard: {{}}
  mod_version: {{}}
"""


class Peer:
    """As much of a server as tests with people need; `dns` leads to it."""

    def __init__(self, domain, address, directory, authority, dns, certificate_of=None, days=2, usage="serverAuth", **options):
        self.domain, self.address, self.directory, self.ca = domain, address, directory, authority.certificate
        self.host, self.port = address, C2S
        self.accounts, self.process = 0, None
        self.certificate, self.key = authority.issue_hosts(certificate_of or domain, usage, days)
        self.options = options
        for name in (domain, f"conference.{domain}"):
            dns.serve(name, address, S2S)
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self.log = ARTIFACTS / f"{domain}.log"
        self.log.write_bytes(b"")
        directory.mkdir(parents=True, exist_ok=True)
        self.dns = dns

    def start(self):
        self.process = self.launch()
        wait_until(lambda: listens(self.address, C2S) and listens(self.address, S2S), f"{self.domain} listens")
        return self

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def add_user(self, host=None):
        """By in-band registration, at its only host."""
        self.accounts += 1
        account = Account(f"user{self.accounts}@{self.domain}", f"pässword {self.accounts}")
        with Stream(self) as stream:
            stream.host = self.domain
            stream.connect()
            stream.open()
            stream.start_tls()
            stream.send(
                "<iq type='set' id='register'><query xmlns='jabber:iq:register'>"
                f"<username>{account.local}</username><password>{account.password}</password></query></iq>"
            )
            stream.expect(CLIENT + "iq", type="result")
        return account

    def run(self, command, **environment):
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory,
                env={**os.environ, **environment}, preexec_fn=end_with_parent,
            )  # fmt: skip


class Prosody(Peer):
    installed = shutil.which("prosody")

    def launch(self):
        plugins = self.directory / "plugins"
        plugins.mkdir(exist_ok=True)
        (plugins / "mod_testdns.lua").write_text(PROSODY_DNS.format(dns=self.dns.address))
        config = self.directory / "prosody.cfg.lua"
        config.write_text(
            PROSODY.format(
                directory=self.directory, address=self.address, c2s=C2S, s2s=S2S, s2s_tls=S2S_TLS, domain=self.domain, ca=self.ca,
                key=self.key, certificate=self.certificate, log=self.log, level=self.options.get("level", "debug"),
                secure="true" if self.options.get("secure", True) else "false",
                modules=self.options.get("modules", ""), options=self.options.get("settings", ""),
            )  # fmt: skip
        )
        return self.run(["prosody", "-F", "--config", config])


class Ejabberd(Peer):
    installed = shutil.which("ejabberdctl")

    def launch(self):
        pem = self.directory / "host.pem"
        pem.write_text(self.key.read_text() + self.certificate.read_text())
        config, inetrc = self.directory / "ejabberd.yml", self.directory / "inetrc"
        config.write_text(
            EJABBERD.format(
                domain=self.domain, address=self.address, c2s=C2S, s2s=S2S, s2s_tls=S2S_TLS, pem=pem, ca=self.ca,
                modules="" if self.options.get("secure", True) else "mod_s2s_dialback: {}",
            )  # fmt: skip
        )
        server = ", ".join(self.dns.address.split("."))
        inetrc.write_text(f'{{lookup, [dns]}}.\n{{resolv_conf, ""}}.\n{{hosts_file, ""}}.\n{{nameserver, {{{server}}}, {self.dns.port}}}.\n')
        libraries = subprocess.run(["dpkg", "-L", "ejabberd"], capture_output=True, text=True, check=True).stdout
        library = next(line for line in libraries.splitlines() if line.endswith("/ebin/ejabberd.app")).rsplit("/", 3)[0]
        return self.run(
            [
                "erl", "-noinput", "-start_epmd", "false", "-mnesia", "dir", f'"{self.directory}/mnesia"', "-ejabberd", "config",
                f'"{config}"', "log_path", f'"{self.log}"', "-s", "ejabberd",
            ],
            ERL_LIBS=library, ERL_INETRC=str(inetrc), HOME=str(self.directory),
        )  # fmt: skip


def listens(address, port):
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0
