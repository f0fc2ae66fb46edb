"""The server's web chat, as people use it in a browser: over WebSocket, and over BOSH."""

import asyncio
import contextlib
import secrets
import ssl
import urllib.parse
import urllib.request

import pytest

from desktop import Converse, Display, Forwarder, Gajim, missing, until
from people import Person
from test_rooms import Occupant
from xmppchat import ROOT, TIMEOUT, WEB_CHAT

ARTIFACTS = ROOT / "artifacts"

pytestmark = pytest.mark.skipif(
    bool(missing("chromium", "node")) or not WEB_CHAT.exists(), reason="needs Chromium, and what scripts/get-web-chat.sh gets"
)


@contextlib.contextmanager
def browser(server, account, directory, query="", web=None):
    converse = Converse(server, account, directory, query, web)
    try:
        yield converse
    finally:
        converse.close()


@pytest.mark.parametrize("transport", ["websocket", "bosh"])
async def test_people_chat_in_a_browser(server, tmp_path, transport):
    account, friend = server.new_accounts(2)
    with browser(server, account, tmp_path, "?bosh" if transport == "bosh" else "") as converse:
        await until(converse.isOnline, "Converse.js is online")
        assert converse.transport() == transport
        async with Person(server, friend) as slixmpp:
            converse.tell(friend.jid, "Grüße <aus> dem Browser")
            message = await slixmpp.take(lambda stanza: stanza.name == "message" and stanza["body"], "a message")
            assert (message["from"].full, message["body"]) == (converse.jid(), "Grüße <aus> dem Browser")
            slixmpp.chat(account.jid, "Grüße & zurück")
            await until(lambda: converse.told(friend.jid) == ["Grüße & zurück"], "Converse.js has the message")

            converse.sendPicture(friend.jid)
            message = await slixmpp.take(lambda stanza: stanza.name == "message" and "/upload/" in stanza["body"], "a picture")
            trust = ssl.create_default_context(cafile=str(server.ca))
            picture = await asyncio.to_thread(lambda: urllib.request.urlopen(message["body"], context=trust).read())
            assert picture.startswith(b"\x89PNG")
            await until(converse.isPictureShown, "Converse.js shows its picture")
            converse.screenshot(str(ARTIFACTS / f"web-chat-{transport}.png"))
        assert converse.refused() == []


@pytest.mark.parametrize("transport", ["websocket", "bosh"])
async def test_people_talk_in_a_room_in_a_browser(server, tmp_path, transport):
    account, friend = server.new_accounts(2)
    room = f"verona-{secrets.token_hex(2)}@conference.localhost"
    with browser(server, account, tmp_path, "?bosh" if transport == "bosh" else "") as converse:
        await until(converse.isOnline, "Converse.js is online")
        async with Occupant(server, friend) as slixmpp:
            await slixmpp.enter(room, "Slixmpp")
            await slixmpp.configure(room)
            converse.join(room, "Browser", "")
            await until(lambda: set(converse.occupants(room) or ()) == {"Browser", "Slixmpp"}, "Converse.js shows both")
            slixmpp.say(room, "Wer ist da?")
            converse.say(room, "Ein Browser")
            await until(lambda: ["Slixmpp", "Wer ist da?"] in converse.heard(room), "Converse.js has heard slixmpp")
            await slixmpp.take(lambda stanza: stanza.name == "message" and stanza["body"] == "Ein Browser", "what Converse.js says")


async def test_a_browser_enters_by_itself_the_room_that_gajim_has_bookmarked(server, tmp_path):
    account, friend = server.new_accounts(2)
    room = f"verona-{secrets.token_hex(2)}@conference.localhost"
    with contextlib.ExitStack() as stack:
        display = Display()
        stack.callback(display.close)
        gajim = Gajim(server, account, display)
        stack.callback(gajim.close)
        await until(gajim.is_online, "Gajim is online")
        async with Occupant(server, friend) as slixmpp:
            await slixmpp.enter(room, "Slixmpp")
            await slixmpp.configure(room)
            # It bookmarks what it enters (XEP-0402).
            gajim.join_room(room, "Romeo")
            await until(lambda: gajim.occupants(room), "Gajim is in the room")
            converse = stack.enter_context(browser(server, account, tmp_path))
            await until(converse.isOnline, "Converse.js is online")
            await until(lambda: set(converse.occupants(room) or ()) == {"Romeo", "Slixmpp"}, "Converse.js is in the room, too")
            slixmpp.say(room, "Wer ist da?")
            await until(lambda: ["Slixmpp", "Wer ist da?"] in converse.heard(room), "Converse.js hears what is said there")
            converse.show(room)
            converse.screenshot(str(ARTIFACTS / "web-chat-bookmark.png"))


async def test_a_browser_resumes_when_its_connection_broke(server, tmp_path):
    account, friend = server.new_accounts(2)
    with browser(server, account, tmp_path) as converse:
        await until(converse.isOnline, "Converse.js is online")
        session = converse.jid()
        async with Person(server, friend) as slixmpp:
            slixmpp.chat(account.jid, "before")
            await until(lambda: converse.told(friend.jid) == ["before"], "Converse.js has the message")
            converse.cut()
            slixmpp.chat(account.jid, "meanwhile")
            slixmpp.chat(account.jid, "and more")
            await until(lambda: len(converse.told(friend.jid)) >= 3, "Converse.js has all")
            assert converse.told(friend.jid) == ["before", "meanwhile", "and more"]
            # The same session, not another one.
            assert (converse.jid(), server.sessions(account.jid)) == (session, [session])
            converse.screenshot(str(ARTIFACTS / "web-chat-resumed.png"))


async def test_a_browser_goes_on_over_bosh_when_the_network_was_cut(server, tmp_path):
    # Converse.js resumes no stream over BOSH (XEP-0198): there the session outlives its connections by itself, and what they
    # lost comes again with the numbers of the requests (XEP-0124 §14).
    account, friend = server.new_accounts(2)
    network = Forwarder(urllib.parse.urlsplit(server.web).port, "127.0.0.1", 0)
    with (
        contextlib.closing(network),
        browser(server, account, tmp_path, "?bosh", f"https://localhost:{network.port}") as converse,
    ):
        await until(converse.isOnline, "Converse.js is online")
        assert converse.transport() == "bosh"
        session = converse.jid()
        async with Person(server, friend) as slixmpp:
            slixmpp.chat(account.jid, "before")
            await until(lambda: converse.told(friend.jid) == ["before"], "Converse.js has the message")
            network.cut()
            slixmpp.chat(account.jid, "meanwhile")
            slixmpp.chat(account.jid, "and more")
            await slixmpp.get_roster(timeout=TIMEOUT)
            converse.tell(friend.jid, "cut off")
            network.mend()
            await until(lambda: len(converse.told(friend.jid)) >= 3, "Converse.js has all")
            converse.tell(friend.jid, "and back")
            said = [(await slixmpp.take(lambda stanza: stanza.name == "message" and stanza["body"], "a message"))["body"] for _ in range(2)]
            assert said == ["cut off", "and back"]
            slixmpp.chat(account.jid, "after")
            await until(lambda: "after" in converse.told(friend.jid), "Converse.js has what was said afterwards")
            assert converse.told(friend.jid) == ["before", "meanwhile", "and more", "after"]
            # The same session, not another one.
            assert (converse.jid(), server.sessions(account.jid)) == (session, [session])
            converse.screenshot(str(ARTIFACTS / "web-chat-bosh-cut.png"))
