"""What an account keeps and tells: vCards (XEP-0054), private XML (XEP-0049), presence to probes (RFC 6121 §4.3)."""

import asyncio

import pytest
import slixmpp

from people import Person, befriend, people, refusal
from xmppchat import TIMEOUT

VCARD = "{vcard-temp}"
PRIVATE = "{jabber:iq:private}"


# vCards. --------------------------------------------------------------------------------------------------------------------


async def test_a_vcard_is_kept_for_oneself_and_shown_to_others(server):
    async with people(server, 2) as (romeo, juliet):
        card = romeo["xep_0054"].make_vcard()
        card["FN"] = "Romeo Montague 🌹"
        card["NICKNAME"] = "Romeo"
        card["PHOTO"]["TYPE"] = "image/png"
        card["PHOTO"]["BINVAL"] = b"\x89PNG" + bytes(20_000)
        await romeo["xep_0054"].publish_vcard(card, timeout=TIMEOUT)
        account, photo = romeo.account, card.xml.findtext(f"{VCARD}PHOTO/{VCARD}BINVAL")

        # Not by slixmpp's get_vcard, which answers out of its own cache.
        seen = (await juliet.query(account.jid, "<vCard xmlns='vcard-temp'/>")).xml.find(f"{VCARD}vCard")
        assert seen.findtext(f"{VCARD}FN") == "Romeo Montague 🌹"
        assert seen.findtext(f"{VCARD}PHOTO/{VCARD}BINVAL") == photo
    async with Person(server, account) as romeo:
        own = (await romeo.query(None, "<vCard xmlns='vcard-temp'/>")).xml.find(f"{VCARD}vCard")
        assert own.findtext(f"{VCARD}NICKNAME") == "Romeo"


async def test_ones_own_vcard_is_empty_or_missing_at_first(server):
    """XEP-0054 §3.1: an empty <vCard/>, or item-not-found."""
    async with people(server, 1) as (romeo,):
        try:
            reply = await romeo.query(None, "<vCard xmlns='vcard-temp'/>")
            assert len(reply.xml.find(f"{VCARD}vCard")) == 0
        except slixmpp.exceptions.IqError as error:
            assert error.condition == "item-not-found"


async def test_the_vcard_of_somebody_without_one_is_an_error_or_empty_as_that_of_nobody(server):
    """XEP-0054 §3.3: which of the two must not tell whether the account exists."""
    async with people(server, 2) as (romeo, juliet):
        answers = []
        for jid in (juliet.bare, "nobody@localhost"):
            try:
                reply = await romeo.query(jid, "<vCard xmlns='vcard-temp'/>")
                answers.append(("result", len(reply.xml.find(f"{VCARD}vCard"))))
            except slixmpp.exceptions.IqError as error:
                answers.append((error.condition, error.etype))
        assert answers[0] in (("result", 0), ("item-not-found", "cancel"), ("service-unavailable", "cancel"))


async def test_nobody_writes_the_vcard_of_another(server):
    async with people(server, 2) as (romeo, juliet):
        refused = romeo.command("<vCard xmlns='vcard-temp'><FN>Mine</FN></vCard>", to=juliet.bare)
        assert (await refusal(refused))[0] in ("forbidden", "not-allowed", "service-unavailable", "not-authorized")


# Private XML. ---------------------------------------------------------------------------------------------------------------


async def private(person, name):
    reply = await person.query(None, f"<query xmlns='jabber:iq:private'><storage xmlns='{name}'/></query>")
    return reply.xml.find(f"{PRIVATE}query/{{{name}}}storage")


async def test_private_xml_is_kept_by_element_and_namespace(server):
    (account,) = server.new_accounts(1)
    async with Person(server, account) as romeo:
        assert len(await private(romeo, "urn:example:notes")) == 0
        for name, note in (("urn:example:notes", "buy poison"), ("urn:example:other", "or not"), ("urn:example:notes", "buy a dagger")):
            await romeo.command(
                f"<query xmlns='jabber:iq:private'><storage xmlns='{name}'><note date='today'>{note}</note></storage></query>"
            )
    async with Person(server, account) as romeo:
        (note,) = await private(romeo, "urn:example:notes")
        assert (note.tag, note.get("date"), note.text) == ("{urn:example:notes}note", "today", "buy a dagger")
        (note,) = await private(romeo, "urn:example:other")
        assert note.text == "or not"


async def test_slixmpp_keeps_bookmarks_in_it(server):
    (account,) = server.new_accounts(1)
    async with Person(server, account) as romeo:
        romeo.register_plugin("xep_0048")
        bookmarks = slixmpp.plugins.xep_0048.stanza.Bookmarks()
        bookmarks.add_conference("verona@rooms.example", "romeo", name="Verona", autojoin=True)
        await romeo["xep_0048"].set_bookmarks(bookmarks, method="xep_0049")
        romeo["xep_0049"].register(slixmpp.plugins.xep_0048.stanza.Bookmarks)
        reply = await romeo["xep_0048"].get_bookmarks(method="xep_0049")
        (conference,) = reply["private"]["bookmarks"]["conferences"]
        assert (conference["jid"], conference["name"], conference["autojoin"]) == ("verona@rooms.example", "Verona", True)


async def test_private_xml_is_private(server):
    async with people(server, 2) as (romeo, juliet):
        query = "<query xmlns='jabber:iq:private'><storage xmlns='urn:example:notes'/></query>"
        assert (await refusal(romeo.query(juliet.bare, query)))[0] in ("forbidden", "service-unavailable")
        assert (await refusal(romeo.command(query, to=juliet.bare)))[0] in ("forbidden", "service-unavailable")


# Probes (RFC 6121 §4.3). ----------------------------------------------------------------------------------------------------


async def test_who_logs_in_sees_the_contacts_who_are_there(server):
    async with people(server, 2) as (romeo, juliet):
        await befriend(romeo, juliet)
        juliet.send_presence(pshow="dnd", pstatus="Sleeping")
        await romeo.expect_status(juliet.full, "Sleeping")
        async with Person(server, juliet.account, resource="phone") as phone:
            await romeo.expect_presence_from(phone.full)
            async with Person(server, romeo.account) as again:
                seen = await again.expect_presence_from(juliet.full)
                assert (seen["show"], seen["status"]) == ("dnd", "Sleeping")
                await again.expect_presence_from(phone.full)
                # §4.2.2: and the own resources.
                await again.expect_presence_from(romeo.full)


async def test_a_probe_of_a_client_is_answered_with_the_last_presence(server):
    async with people(server, 2) as (romeo, juliet):
        await befriend(romeo, juliet)
        juliet.send_presence(pshow="dnd", pstatus="Sleeping")
        await romeo.expect_status(juliet.full, "Sleeping")
        romeo.tell(juliet, "probe")
        assert (await romeo.expect_status(juliet.full, "Sleeping"))["show"] == "dnd"
        assert await juliet.rest(after=romeo) == [f"presence available from {juliet.full}"]


@pytest.mark.prosody_differs("answers with nothing")
async def test_the_probe_of_a_stranger_learns_nothing(server):
    """§4.3.2, 1: from the bare JID."""
    async with people(server, 2) as (romeo, juliet):
        romeo.tell(juliet, "probe")
        await romeo.expect_presence_from(juliet, "unsubscribed")
        assert await romeo.rest() == [] and await juliet.rest() == []


@pytest.mark.prosody_differs("answers with nothing")
async def test_a_probe_of_a_contact_who_is_away_says_since_when(server):
    """§4.3.2, 3."""
    async with people(server, 2) as (romeo, juliet):
        await befriend(romeo, juliet)
        juliet.send_presence(ptype="unavailable", pstatus="Good night")
        await romeo.expect_presence_from(juliet.full, "unavailable")
        romeo.tell(juliet, "probe")
        seen = await romeo.expect_presence_from(juliet.bare, "unavailable")
        assert seen.xml.find("{urn:xmpp:delay}delay").get("stamp")


async def test_a_contact_without_connection_becomes_unavailable(server):
    async with people(server, 2) as (romeo, juliet):
        await befriend(romeo, juliet)
        full = juliet.full
        juliet.abort()
        await asyncio.wait_for(juliet.is_over.wait(), TIMEOUT)
        await romeo.expect_presence_from(full, "unavailable")


async def test_directed_presence_is_taken_back_when_the_sender_leaves(server):
    """§4.6."""
    (account,) = server.new_accounts(1)
    async with people(server, 1) as (romeo,):
        async with Person(server, account) as stranger:
            stranger.send_presence(pto=romeo.full, pstatus="Only for you")
            await romeo.expect_status(stranger.full, "Only for you")
            stranger.send_presence(pstatus="For everybody")
            assert await romeo.rest(after=stranger) == []
        await romeo.expect_presence_from(stranger.full, "unavailable")
