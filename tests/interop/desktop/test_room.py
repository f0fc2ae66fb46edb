"""Gajim, Dino, Profanity, Converse.js and slixmpp together in one room, as people use them."""

import asyncio
import contextlib
import secrets

import pytest

from desktop import Converse, Dino, Display, Gajim, Profanity, missing, png, until
from raw import CLIENT, bound
from test_rooms import Occupant
from xmppchat import ROOT, TIMEOUT, WEB_CHAT

ARTIFACTS = ROOT / "artifacts"
MODERATION = "urn:xmpp:message-moderate:1"

pytestmark = pytest.mark.skipif(
    bool(missing("dino-im", "chromium", "node")) or not WEB_CHAT.exists(),
    reason="needs Dino, Chromium, and what scripts/get-web-chat.sh gets",
)


def bookmark(server, account, room, nick, password):
    """A room that a client enters as soon as it is online (XEP-0048)."""
    with bound(server, account) as stream:
        stream.send(
            "<iq type='set' id='bookmark'><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>"
            f"<conference jid='{room}' name='Verona' autojoin='true'><nick>{nick}</nick><password>{password}</password></conference>"
            "</storage></query></iq>"
        )
        stream.expect(CLIENT + "iq", type="result")


async def test_five_clients_in_one_room(server, tmp_path_factory):
    room, password = f"verona-{secrets.token_hex(2)}@conference.localhost", "balcony"
    accounts = {
        name: server.add_user(name=f"{name}{secrets.token_hex(2)}", host="other.example" if name == "dino" else "localhost")
        for name in ("gajim", "dino", "profanity", "converse", "slixmpp")
    }
    with contextlib.ExitStack() as stack:
        display, screen = Display(), Display()
        stack.callback(display.close)
        stack.callback(screen.close)
        gajim = Gajim(server, accounts["gajim"], display)
        stack.callback(gajim.close)
        profanity = Profanity(server, accounts["profanity"], tmp_path_factory.mktemp("profanity"))
        stack.callback(profanity.close)
        converse = Converse(server, accounts["converse"], tmp_path_factory.mktemp("converse"))
        stack.callback(converse.close)
        server.ctl("roster", "push", accounts["gajim"].jid, accounts["dino"].jid)
        bookmark(server, accounts["dino"], room, "Dino", password)
        await until(gajim.is_online, "Gajim is online")
        await until(gajim.can_upload, "Gajim can upload")
        gajim.create_room(room, "Verona", password)
        await until(lambda: gajim.occupants(room), "Gajim is in its room")
        owner = gajim.own_nick(room)

        # Whom it invites becomes a member.
        for name in ("dino", "converse", "profanity"):
            gajim.invite(room, accounts[name].jid)
        dino = await asyncio.to_thread(Dino, server, accounts["dino"], screen, tmp_path_factory.mktemp("dino"))
        stack.callback(dino.close)
        await asyncio.to_thread(profanity.expect, room)
        profanity.type(f"/join {room} nick Profanity")
        await until(lambda: converse.isOnline(), "Converse.js is online")
        converse.join(room, "Converse", password)
        async with Occupant(server, accounts["slixmpp"]) as slixmpp:
            gajim.invite(room, slixmpp.bare)
            invitation = await slixmpp.take(
                lambda stanza: stanza.name == "message" and stanza["groupchat_invite"]["jid"] == room, "an invitation"
            )
            assert invitation["groupchat_invite"]["password"] == password
            _, _, others, _ = await slixmpp.enter(room, "Slixmpp", password=password)
            assert owner in others
            everybody = {owner, "Dino", "Profanity", "Converse", "Slixmpp"}
            await until(lambda: set(gajim.occupants(room)) == everybody, "Gajim shows everybody")
            await until(lambda: set(converse.occupants(room) or ()) == everybody, "Converse.js shows everybody")
            assert {nick: shown[0] for nick, shown in converse.occupants(room).items()} == {
                nick: "owner" if nick == owner else "member" for nick in everybody
            }

            # Dino listens.
            said = {nick: f"Hier ist {nick}" for nick in everybody - {"Dino"}}
            gajim.say(room, said[owner])
            profanity.type(said["Profanity"])
            converse.say(room, said["Converse"])
            slixmpp.say(room, said["Slixmpp"])
            expected = sorted(map(list, said.items()))
            await until(lambda: sorted(gajim.heard(room)) == expected, "Gajim has heard everybody")
            await until(lambda: sorted(converse.heard(room)) == expected, "Converse.js has heard everybody")
            for text in said.values():
                await asyncio.to_thread(profanity.expect, text)
                await asyncio.to_thread(dino.expect, text)
            for nick, text in said.items():
                sender = f"{room}/{nick}"
                await slixmpp.take(lambda stanza, sender=sender, text=text: (stanza["from"], stanza["body"]) == (sender, text), text)

            converse.changeNick(room, "Juliet")
            await until(lambda: "Juliet" in gajim.occupants(room), "Gajim shows the new nick")
            features = (await slixmpp["xep_0030"].get_info(jid=room, timeout=TIMEOUT))["disco_info"]["features"]
            if MODERATION in features:
                gajim.moderate(room, said["Profanity"])
                await until(lambda: len(converse.heard(room)) == 3, "Converse.js has lost a message")
            # Pictures, uploaded and fetched by HTTP. Dino fetches by itself what its contacts send, in a room as well.
            if gajim.trusts_server:
                pictures = {"room": png(30, 160, 60, side=80), "dino": png(220, 120, 30, side=80)}
                gajim.send_file(room, gajim.picture("room.png", pictures["room"]), True)
                await until(lambda: pictures["room"] in dino.files(), "Dino has the room's picture")
                gajim.send_file(accounts["dino"].jid, gajim.picture("dino.png", pictures["dino"]))
                await until(lambda: pictures["dino"] in dino.files(), "Dino has its own picture")
                await until(converse.isPictureShown, "Converse.js shows the room's picture")
                gajim.save_screenshot(ARTIFACTS / "gajim-picture.png")
                dino.save_screenshot(ARTIFACTS / "dino-picture.png")

            gajim.kick(room, "Profanity", "A feud")
            await asyncio.to_thread(profanity.expect, "A feud")
            await until(lambda: set(converse.occupants(room)) == {owner, "Dino", "Juliet", "Slixmpp"}, "Converse.js shows who is left")
            gajim.save_screenshot(ARTIFACTS / "gajim-room.png")
            converse.screenshot(str(ARTIFACTS / "converse-room.png"))

            # What is said while one is away is in the archive (XEP-0313), and the picture that the owner sets is everybody's.
            converse.leave(room)
            await until(lambda: "Juliet" not in gajim.occupants(room), "Gajim shows that Converse.js has left")
            missed = ["Wo ist Juliet?", "Nicht da", "Schade"]
            for text in missed:
                gajim.say(room, text)
            picture = gajim.set_room_avatar(room)
            await until(lambda: gajim.room_avatar(room) == picture, "Gajim shows the room's picture")
            converse.join(room, "Juliet", password)
            await until(lambda: [text for _, text in converse.heard(room)][-3:] == missed, "Converse.js has what was said meanwhile")
            await until(lambda: converse.roomAvatar(room) == picture, "Converse.js has the room's picture")
            gajim.save_screenshot(ARTIFACTS / "gajim-room-avatar.png")
            converse.screenshot(str(ARTIFACTS / "converse-room-avatar.png"))

            slixmpp.muc.leave_muc(room, "Slixmpp")
            await until(lambda: "Slixmpp" not in gajim.occupants(room), "Gajim shows that slixmpp is gone")
            _, _, _, history = await slixmpp.enter(room, "Slixmpp", password=password, maxstanzas=10)
            assert set(history) >= {text for nick, text in said.items() if nick != "Profanity" or MODERATION not in features}
            gajim.ban(room, accounts["slixmpp"].jid)
            await slixmpp.expect_presence_from(f"{room}/Slixmpp", "unavailable")
            assert await slixmpp.refused(room, "Slixmpp", password) == "forbidden"
