"""What goes by HTTP, with others' clients: WebSocket and host-meta."""

import json
import subprocess
import xml.etree.ElementTree as ET

import pytest

from clients import Slixmpp, XmppJs
from xmppchat import TIMEOUT, free_port


@pytest.fixture(scope="module")
def web(start):
    port = free_port()
    server = start("web", http={"listeners": [{"address": "127.0.0.1", "port": port}]})
    server.web = f"https://localhost:{port}"
    return server


def curl(server, *arguments):
    """The headers and the content of a response, with its status."""
    run = subprocess.run(
        ["curl", "--silent", "--show-error", "--cacert", server.ca, "--dump-header", "/dev/stderr", "--max-time", str(TIMEOUT), *arguments],
        capture_output=True, check=False,
    )  # fmt: skip
    heads = run.stderr.decode().replace("\r", "").strip().split("\n\n")
    lines = heads[-1].splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, run.stdout


async def test_xmpp_js_talks_over_websocket(web):
    romeo, juliet = web.add_user(), web.add_user()
    service = web.web.replace("https", "wss") + "/xmpp-websocket"
    async with XmppJs(web, romeo, service=service) as over_web, Slixmpp(web, juliet) as over_tcp:
        await over_web.command(to=str(over_tcp.boundjid), body="Hark <&> \u2764")
        message = await over_tcp.expect_message()
        assert (message["from"], message["body"]) == (over_web.jid, "Hark <&> \u2764")
        over_tcp.chat(over_web.jid, "Ay me")
        assert (await over_web.event_of("body"))["body"] == "Ay me"
        # The framed stream ends, and the WebSocket.
    assert not web.sessions(romeo.jid)


def test_hosts_say_where(web):
    for host in ("localhost", "other.example"):
        status, headers, text = curl(
            web, "--connect-to", f"{host}::127.0.0.1:", f"{web.web.replace('localhost', host)}/.well-known/host-meta"
        )
        assert (status, headers["access-control-allow-origin"]) == (200, "*")
        links = {link.get("rel"): link.get("href") for link in ET.fromstring(text)}
        expected = web.web.replace("https", "wss").replace("localhost", host) + "/xmpp-websocket"
        assert links["urn:xmpp:alt-connections:websocket"] == expected
    links = json.loads(curl(web, f"{web.web}/.well-known/host-meta.json")[2])["links"]
    assert "urn:xmpp:alt-connections:websocket" in [link["rel"] for link in links]
