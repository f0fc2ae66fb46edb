"""What goes by HTTP, with others' clients: WebSocket, host-meta, uploads."""

import asyncio
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ET

import pytest

from clients import Slixmpp, XmppJs, ended
from xmppchat import TIMEOUT, free_port

UPLOAD = "urn:xmpp:http:upload:0"
PICTURE = bytes(range(256)) * 400


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


async def slot(client, size=len(PICTURE), name="a picture.png", kind="image/png"):
    """The addresses to upload to and to download from."""
    answer = await client.query(
        "upload.localhost", f"<request xmlns='{UPLOAD}' filename='{name}' size='{size}' content-type='{kind}'/>"
    )
    found = answer.xml.find(f"{{{UPLOAD}}}slot")
    return found.find(f"{{{UPLOAD}}}put").get("url"), found.find(f"{{{UPLOAD}}}get").get("url")


def put(server, url, content, *arguments, kind="image/png"):
    file = server.directory / "upload"
    file.write_bytes(content)
    return curl(server, "--upload-file", file, "-H", f"Content-Type: {kind}", *arguments, url)[0]


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
        assert links["urn:xmpp:alt-connections:xbosh"] == web.web.replace("localhost", host) + "/http-bind"
    links = json.loads(curl(web, f"{web.web}/.well-known/host-meta.json")[2])["links"]
    assert "urn:xmpp:alt-connections:websocket" in [link["rel"] for link in links]


async def test_curl_uploads_what_slixmpp_has_a_slot_for(web):
    async with Slixmpp(web, web.add_user()) as client:
        up, down = await slot(client)
        assert curl(web, down)[0] == 404
        assert put(web, up, PICTURE[:-1]) == 400
        assert put(web, up, PICTURE + b".") == 413
        assert put(web, up, PICTURE, kind="text/html") == 415
        assert put(web, up, PICTURE, "-H", "Transfer-Encoding: chunked") == 411
        assert put(web, up[:-2], PICTURE) == 403
        assert put(web, up, PICTURE) == 201
        assert put(web, up, PICTURE) == 409

        status, headers, content = curl(web, down)
        assert (status, content, headers["content-type"]) == (200, PICTURE, "image/png")
        assert headers["content-disposition"] == "inline; filename*=UTF-8''a%20picture.png"
        status, headers, content = curl(web, "--head", down)
        assert (status, headers["content-length"]) == (200, str(len(PICTURE)))
        status, headers, content = curl(web, "--range", "1000-1999", down)
        assert (status, content, headers["content-range"]) == (206, PICTURE[1000:2000], f"bytes 1000-1999/{len(PICTURE)}")
        assert curl(web, "--range", f"{len(PICTURE)}-", down)[0] == 416
        assert curl(web, "-H", f"If-None-Match: {headers['etag']}", down)[0] == 304
        for path in ("/upload/../../xmppchat.json", "/upload/%2e%2e/%2e%2e/xmppchat.json", "/upload/..%2f..%2fxmppchat.json", "/upload/incoming/"):
            assert curl(web, "--path-as-is", web.web + path)[0] == 404


async def test_what_a_browser_might_run_is_only_saved(web):
    async with Slixmpp(web, web.add_user()) as client:
        script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
        for name, kind in (("a.svg", "image/svg+xml"), ("a.html", "text/html")):
            up, down = await slot(client, len(script), name, kind)
            assert put(web, up, script, kind=kind) == 201
            _, headers, _ = curl(web, down)
            assert headers["content-type"] == "application/octet-stream"
            assert headers["content-disposition"].startswith("attachment;")
            assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
            assert headers["x-content-type-options"] == "nosniff"


async def test_go_sendxmpp_uploads(web):
    romeo, juliet = web.add_user(), web.add_user()
    file = web.directory / "letter.txt"
    file.write_text("But soft!")
    async with Slixmpp(web, juliet) as client:
        process = await asyncio.create_subprocess_exec(
            "go-sendxmpp", "--username", romeo.jid, "--password", romeo.password, "--jserver", f"127.0.0.1:{web.port}",
            "--http-upload", file, juliet.jid,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "SSL_CERT_FILE": str(web.ca), "HOME": str(web.directory)},
        )  # fmt: skip
        try:
            said, _ = await asyncio.wait_for(process.communicate(), TIMEOUT)
        finally:
            await ended(process)
        assert process.returncode == 0, said.decode()
        url = re.search(r"https://\S+", (await client.expect_message())["body"])[0]
        assert curl(web, url)[2] == b"But soft!"
    listed = json.loads(web.ctl("upload", "list", romeo.jid, "--json"))
    assert [(upload["name"], upload["size"]) for upload in listed] == [("letter.txt", 9)]
    web.ctl("upload", "delete", listed[0]["id"])
    assert curl(web, url)[0] == 404
