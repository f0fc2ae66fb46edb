"""Voice messages as text: espeak-ng speaks, slixmpp sends, and an engine listens that knows what some sentences sound like."""

import array
import asyncio
import email
import http.server
import io
import json
import shutil
import subprocess
import threading
import wave

import pytest

from people import Person
from test_http import curl, put, slot
from xmppchat import TIMEOUT, free_port

SENTENCES = ["But soft, what light through yonder window breaks?", "It is the east, and Juliet is the sun."]

pytestmark = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="needs espeak-ng")


def speak(sentence, speed):
    return subprocess.run(["espeak-ng", "--stdout", "-s", str(speed), sentence], capture_output=True, check=True).stdout


def loudness(recording, parts=40):
    """How loud each part of a recording is, against the loudest: the shape that a sentence has at any speed and volume."""
    with wave.open(io.BytesIO(recording)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
        samples = array.array("h", sound.readframes(sound.getnframes()))
    size = len(samples) // parts
    levels = [sum(map(abs, samples[part * size : (part + 1) * size])) / size for part in range(parts)]
    return [level / max(levels) for level in levels]


class Engine(http.server.BaseHTTPRequestHandler):
    """What OpenAI's /v1/audio/transcriptions is, for a few sentences."""

    known = {}

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        form = email.message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
        parts = {part.get_param("name", header="Content-Disposition"): part for part in form.get_payload()}
        heard = loudness(parts["file"].get_payload(decode=True))
        text = min(self.known, key=lambda sentence: sum(abs(one - other) for one, other in zip(heard, self.known[sentence])))
        answer = json.dumps({"text": text}).encode()
        self.send_response(200 if self.path == "/v1/audio/transcriptions" else 404)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture(scope="module")
def web(start):
    Engine.known = {sentence: loudness(speak(sentence, 160)) for sentence in SENTENCES}
    port = free_port()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Engine) as engine:
        threading.Thread(target=engine.serve_forever, daemon=True).start()
        yield start(
            "speech",
            http={"listeners": [{"address": "127.0.0.1", "port": port}]},
            modules={"speechToText": {"url": f"http://127.0.0.1:{engine.server_address[1]}/v1/audio/transcriptions"}},
        )
        engine.shutdown()


async def test_what_somebody_says_can_be_read(web):
    async with Person(web, web.add_user()) as romeo, Person(web, web.add_user()) as juliet:
        juliet.register_plugin("xep_0050")
        romeo.register_plugin("xep_0066")
        await want_text(juliet)
        for sentence in SENTENCES:
            # Faster than those that the engine knows.
            recording = speak(sentence, 175)
            up, down = await slot(romeo, len(recording), "voice.wav", "audio/wav")
            assert await asyncio.to_thread(put, web, up, recording, kind="audio/wav") == 201
            assert (await asyncio.to_thread(curl, web, down))[2] == recording
            message = romeo.make_message(mto=juliet.bare, mbody=down, mtype="chat")
            message["id"] = "voice"
            message["oob"]["url"] = down
            message.send()
            text = await juliet.take(lambda stanza: stanza.name == "message" and stanza["from"].bare == "localhost", "a text")
            assert text["body"].split("\n", 1)[1] == sentence
            assert text.xml.find("{urn:xmpp:reply:0}reply").attrib == {"to": romeo.full, "id": "voice"}


async def want_text(person):
    command = person["xep_0050"]
    begun = await command.send_command("localhost", "urn:xmppchat:speech#configure", timeout=TIMEOUT)
    form = begun["command"]["form"]
    form.set_type("submit")
    form.set_values({"all": True})
    await command.send_command(
        "localhost", "urn:xmppchat:speech#configure", payload=[form], sessionid=begun["command"]["sessionid"], timeout=TIMEOUT
    )
