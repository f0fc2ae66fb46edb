"""Personal eventing (XEP-0163) as slixmpp and @xmpp/client use it: options, filtering, private nodes, OMEMO's keys, avatars, bookmarks."""

import hashlib
from base64 import b64decode

import pytest
from slixmpp.exceptions import IqError

from clients import XmppJs
from people import people
from publisher import Publisher
from xmppchat import TIMEOUT

BOOKMARKS, METADATA, DATA = "urn:xmpp:bookmarks:1", "urn:xmpp:avatar:metadata", "urn:xmpp:avatar:data"
DEVICES = "eu.siacs.conversations.axolotl.devicelist"
# One pixel.
PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")


@pytest.fixture
def pair(server):
    """Two accounts that are contacts of each other."""
    accounts = server.new_accounts(2)
    server.ctl("roster", "push", *(account.jid for account in accounts))
    return accounts


async def test_what_is_published_reaches_who_wants_it(server, pair):
    async with (
        Publisher(server, pair[0]) as juliet,
        Publisher(server, pair[1], wants=["urn:wanted"]) as romeo,
    ):
        await juliet.publish("urn:unwanted", "<a xmlns='urn:unwanted'/>")
        await juliet.publish("urn:wanted", "<a xmlns='urn:wanted'>1</a>")
        assert (await romeo.expect_event("urn:wanted"))[0].text == "1"
        assert await romeo.events() == []
    # What one has missed comes with presence.
    async with Publisher(server, pair[1], wants=["urn:wanted"]) as romeo:
        assert (await romeo.expect_event("urn:wanted", pair[0].jid))[0].text == "1"


async def test_options_are_preconditions_and_private_is_private(server, pair):
    private = {"access_model": "whitelist", "persist_items": "true", "max_items": "max", "send_last_published_item": "never"}
    async with Publisher(server, pair[0]) as juliet, Publisher(server, pair[1], wants=[BOOKMARKS, "urn:notes"]) as romeo:
        await juliet.publish(BOOKMARKS, f"<conference xmlns='{BOOKMARKS}'/>", "a@b.lit", **private)
        await juliet.publish("urn:notes", "<a xmlns='urn:notes'/>", access_model="open")
        with pytest.raises(IqError) as refused:
            await juliet.publish("urn:notes", "<a xmlns='urn:notes'/>", access_model="whitelist")
        assert refused.value.condition == "conflict"
        assert refused.value.iq.xml.find(".//{http://jabber.org/protocol/pubsub#errors}precondition-not-met") is not None
        assert list(await juliet.items(None, BOOKMARKS)) == ["a@b.lit"]
        with pytest.raises(IqError) as closed:
            await romeo.items(juliet.bare, BOOKMARKS)
        assert closed.value.condition == "not-allowed"
        await romeo.expect_event("urn:notes")
        assert await romeo.events() == []


async def test_keys_of_omemo_are_open_to_strangers(server):
    async with people(server, 1) as (stranger,):
        async with Publisher(server, server.new_accounts(1)[0]) as juliet:
            await juliet.publish(
                DEVICES, "<list xmlns='eu.siacs.conversations.axolotl'><device id='31415'/></list>", access_model="open"
            )
            stranger.register_plugin("xep_0060")
            answer = await stranger["xep_0060"].get_items(juliet.bare, DEVICES, timeout=TIMEOUT)
            assert answer.xml.find(".//{eu.siacs.conversations.axolotl}device").get("id") == "31415"


async def test_an_avatar_is_in_the_vcard_and_in_presence(server, pair):
    async with Publisher(server, pair[0]) as juliet, Publisher(server, pair[1], wants=[METADATA]) as romeo:
        await juliet["xep_0084"].publish_avatar(PNG, timeout=TIMEOUT)
        hash_ = hashlib.sha1(PNG).hexdigest()
        await juliet["xep_0084"].publish_avatar_metadata([{"id": hash_, "type": "image/png", "bytes": len(PNG)}], timeout=TIMEOUT)
        assert (await romeo.expect_event(METADATA)).get("id") == hash_
        # The vCard as seen by somebody who may.
        card = (await romeo.query(juliet.bare, "<vCard xmlns='vcard-temp'/>")).xml
        assert b64decode(card.findtext(".//{vcard-temp}BINVAL")) == PNG
        juliet.send_presence(pstatus="with a picture")
        presence = await romeo.expect_status(juliet.full, "with a picture")
        assert presence.xml.findtext("{vcard-temp:x:update}x/{vcard-temp:x:update}photo") == hash_


async def test_bookmarks_are_the_same_in_private_xml(server):
    async with Publisher(server, server.new_accounts(1)[0], wants=[BOOKMARKS]) as juliet:
        await juliet.command(
            "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>"
            "<conference jid='a@b.lit' name='A' autojoin='true'><nick>J</nick></conference></storage></query>"
        )
        item = await juliet.expect_event(BOOKMARKS)
        assert (item.get("id"), item[0].get("name"), item[0].findtext(f"{{{BOOKMARKS}}}nick")) == ("a@b.lit", "A", "J")
        await juliet.publish(BOOKMARKS, f"<conference xmlns='{BOOKMARKS}' name='B'/>", "b@b.lit")
        stored = (await juliet.query(None, "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>")).xml
        assert [one.get("jid") for one in stored.iter("{storage:bookmarks}conference")] == ["a@b.lit", "b@b.lit"]


async def test_xmpp_js_publishes_filters_and_keeps_for_itself(server, pair):
    juliets, romeos = pair
    async with (
        XmppJs(server, juliets, wants=["urn:private"]) as juliet, XmppJs(server, romeos, wants=["urn:wanted", "urn:private"]) as romeo
    ):  # fmt: skip
        await juliet.command(publish="urn:private", id="1", text="secret", options={"access_model": "whitelist"})
        assert (await juliet.event_of("published"))["published"] == "1"
        assert await juliet.event_of("event") == {"event": "urn:private", "items": {"1": "secret"}}
        await juliet.command(publish="urn:unwanted", id="1", text="noise")
        await juliet.event_of("published")
        await juliet.command(publish="urn:wanted", id="1", text="news", options={"access_model": "presence"})
        await juliet.event_of("published")
        assert await romeo.event_of("event") == {"event": "urn:wanted", "items": {"1": "news"}}
        await juliet.command(publish="urn:wanted", id="2", text="news", options={"access_model": "open"})
        assert (await juliet.event_of("published"))["published"] == "conflict"
        await romeo.command(items="urn:private", of=juliets.jid)
        assert (await romeo.event_of("items"))["items"] == "not-allowed"
        await romeo.command(items="urn:wanted", of=juliets.jid)
        assert (await romeo.event_of("items"))["items"] == {"1": "news"}
