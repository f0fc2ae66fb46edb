"""Users in IRC channels by Debian's biboumi, a component (XEP-0114), and ngircd."""

import contextlib
import shutil
import socket
import subprocess
from xml.etree import ElementTree

import pytest

from people import people
from xmppchat import ARTIFACTS, end_with_parent, free_port, wait_until

DOMAIN, SECRET = "irc.localhost", "correct horse battery"
# biboumi knows no other ports than IRC's.
IRC, IRC_PORT = "127.0.73.1", 6667
MUC = "http://jabber.org/protocol/muc"

NGIRCD = f"""
[Global]
Name = irc.example
Info = A server for tests
Listen = {IRC}
Ports = {IRC_PORT}
[Limits]
MaxConnectionsIP = 0
MaxJoins = 0
[Options]
DNS = no
Ident = no
PAM = no
SyslogFacility = user
"""

BIBOUMI = """
hostname={domain}
password={secret}
xmpp_server_ip=127.0.0.1
port={port}
db_name={directory}/biboumi.sqlite
fixed_irc_server={irc}
identd_port=0
log_level=0
log_file={log}
"""


@contextlib.contextmanager
def running(*command):
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=end_with_parent
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def listens(address, port):
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


@pytest.fixture(scope="module")
def gateway(start, tmp_path_factory):
    if not (shutil.which("biboumi") and shutil.which("ngircd")):
        pytest.skip("biboumi or ngircd is not installed")
    port, directory = free_port(), tmp_path_factory.mktemp("irc")
    server = start("irc", components={"port": port, "list": [{"domain": DOMAIN, "secret": SECRET, "name": "IRC"}]})
    (directory / "ngircd.conf").write_text(NGIRCD)
    (directory / "biboumi.cfg").write_text(
        BIBOUMI.format(domain=DOMAIN, secret=SECRET, port=port, directory=directory, irc=IRC, log=ARTIFACTS / "biboumi.log")
    )
    with running("ngircd", "-n", "-f", directory / "ngircd.conf"):
        wait_until(lambda: listens(IRC, IRC_PORT), "the IRC server listens")
        with running("biboumi", directory / "biboumi.cfg"):
            wait_until(lambda: is_there(server), "biboumi has connected")
            yield server


def is_there(server):
    return f"The component {DOMAIN} has connected" in server.log.read_text()


def join(person, channel, nick):
    presence = person.make_presence(pto=f"{channel}/{nick}")
    presence.append(ElementTree.Element(f"{{{MUC}}}x"))
    presence.send()


async def test_users_talk_in_a_channel(gateway):
    channel = f"#balcony@{DOMAIN}"
    async with people(gateway, 2) as (romeo, juliet):
        for person, nick in ((romeo, "romeo"), (juliet, "juliet")):
            join(person, channel, nick)
            await person.take(
                lambda stanza, nick=nick: stanza.name == "presence" and stanza["from"] == f"{channel}/{nick}", "the own presence"
            )
        await romeo.take(lambda stanza: stanza.name == "presence" and stanza["from"] == f"{channel}/juliet", "that somebody has come")
        juliet.send_message(mto=channel, mbody="wherefore art thou?", mtype="groupchat")
        for person in (romeo, juliet):
            await person.take(
                lambda stanza: stanza.name == "message" and stanza["from"] == f"{channel}/juliet"
                and stanza["body"] == "wherefore art thou?",
                "the message",
            )  # fmt: skip
        juliet.send_presence(pto=f"{channel}/juliet", ptype="unavailable")
        await romeo.take(
            lambda stanza: stanza.name == "presence" and stanza["from"] == f"{channel}/juliet" and stanza["type"] == "unavailable",
            "that somebody has left",
        )
