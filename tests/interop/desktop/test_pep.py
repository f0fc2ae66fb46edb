"""Gajim and Dino, as Debian has them, talk encrypted (OMEMO), and each shows the other's picture (XEP-0084, 0153, 0398)."""

import contextlib
import hashlib
import secrets
from base64 import b64encode
from pathlib import Path

import pytest

from desktop import Dino, Display, Gajim, missing, png
from raw import CLIENT, bound
from xmppchat import ROOT, wait_until

ARTIFACTS = ROOT / "artifacts"

pytestmark = pytest.mark.skipif(
    bool(missing("dino-im", "xdotool", "import")) or not Path("/usr/share/gajim/plugins/omemo").exists(),
    reason="needs Dino, Gajim's OMEMO plugin, xdotool and ImageMagick",
)


def test_gajim_and_dino_talk_encrypted_and_show_each_other_s_picture(server, tmp_path_factory):
    gajims = server.add_user(name=f"gajim{secrets.token_hex(2)}")
    dinos = server.add_user(name=f"dino{secrets.token_hex(2)}", host="other.example")
    server.ctl("roster", "push", gajims.jid, dinos.jid)
    red, blue = png(220, 30, 30), png(30, 30, 220)
    # Dino's picture is set by a client that knows vCards only.
    with bound(server, dinos) as stream:
        stream.send(
            "<iq type='set' id='card'><vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE>"
            f"<BINVAL>{b64encode(blue).decode()}</BINVAL></PHOTO></vCard></iq>"
        )
        stream.expect(CLIENT + "iq", type="result")

    with contextlib.ExitStack() as stack:
        display, screen = Display(), Display()
        stack.callback(display.close)
        stack.callback(screen.close)
        gajim = Gajim(server, gajims, display, plugins=["omemo"])
        stack.callback(gajim.close)
        wait_until(gajim.is_online, "Gajim is online")
        picture = gajim.home / "red.png"
        picture.write_bytes(red)
        picture.chmod(0o644)
        gajim.set_avatar(str(picture))
        dino = Dino(server, dinos, screen, tmp_path_factory.mktemp("dino"), encrypted_with=gajims.jid)
        stack.callback(dino.close)
        wait_until(lambda: gajim.contact(dinos.jid)["available"], "Gajim sees Dino")

        wait_until(lambda: hashlib.sha1(red).hexdigest() in dino.avatars(), "Dino has Gajim's picture")
        wait_until(lambda: gajim.avatar(dinos.jid) == hashlib.sha1(blue).hexdigest(), "Gajim has Dino's picture")

        # Both know each other's keys by the nodes of XEP-0384; what is said the server can't read.
        dino.expect("eu.siacs.conversations.axolotl.bundles")
        gajim.open(dinos.jid)
        wait_until(lambda: gajim.encrypt(dinos.jid), "Gajim has Dino's keys")
        gajim.send(dinos.jid, "Geheim von Gajim")
        wait_until(lambda: ("Geheim von Gajim", True) in dino.messages(), "Dino reads what Gajim has encrypted")
        dino.type("Geheim von Dino")
        wait_until(lambda: "Geheim von Dino" in gajim.received(), "Gajim reads what Dino has encrypted")
        assert "Geheim von Dino" in gajim.encrypted(dinos.jid)
        assert ("Geheim von Dino", True) in dino.messages()
        assert "Geheim von" not in "".join(line for line in dino.said().splitlines() if "<body" in line)

        gajim.save_screenshot(ARTIFACTS / "gajim-pep.png")
        dino.save_screenshot(ARTIFACTS / "dino-pep.png")
