"""Blocking (XEP-0191): pushed to the other resources; in effect for messages, presence and queries; to the blocked one an error."""

import pytest
import slixmpp

from people import Person, befriend, people, refusal

BLOCKING = "{urn:xmpp:blocking}"


def jids(stanza):
    return sorted(item.get("jid") for item in stanza.xml.iter(f"{BLOCKING}item"))


async def test_the_list_is_kept_and_pushed_to_the_resources_that_asked_for_it(server):
    (account,) = server.new_accounts(1)
    async with (
        Person(server, account) as desk,
        Person(server, account, resource="phone") as phone,
        Person(server, account, resource="old") as old,
    ):
        for resource in (desk, phone):
            assert jids(await resource["xep_0191"].get_blocked()) == []
        await desk["xep_0191"].block(["romeo@example", "paris.example"])
        for resource in (desk, phone):
            assert jids(await resource.expect_set(f"{BLOCKING}block")) == ["paris.example", "romeo@example"]
        await phone["xep_0191"].unblock("romeo@example")
        for resource in (desk, phone):
            assert jids(await resource.expect_set(f"{BLOCKING}unblock")) == ["romeo@example"]
        # §3.3: only to those who have requested the list.
        assert [line for line in await old.rest(after=desk) if "blocking" in line] == []
    async with Person(server, account) as desk:
        assert jids(await desk["xep_0191"].get_blocked()) == ["paris.example"]
        await desk.command("<unblock xmlns='urn:xmpp:blocking'/>")
        assert jids(await desk.expect_set(f"{BLOCKING}unblock")) == []
        assert jids(await desk["xep_0191"].get_blocked()) == []


async def test_it_is_advertised(server):
    async with people(server, 1) as (romeo,):
        info = await romeo["xep_0030"].get_info(romeo.boundjid.domain)
        assert "urn:xmpp:blocking" in info["disco_info"]["features"]


async def test_to_block_nobody_is_a_bad_request(server):
    async with people(server, 1) as (romeo,):
        assert await refusal(romeo.command("<block xmlns='urn:xmpp:blocking'/>")) == ("bad-request", "modify")


@pytest.mark.parametrize(
    "to", ["bare", pytest.param("full", marks=pytest.mark.prosody_differs("drops it silently"))]
)  # fmt: skip
async def test_messages_of_a_blocked_sender_are_refused(server, to):
    async with people(server, 2) as (romeo, juliet):
        await juliet["xep_0191"].block(romeo.bare)
        recipient = getattr(juliet, to)
        romeo.chat(recipient, "let me in")
        # §3.5: as if there was nobody.
        error = await romeo.expect_message(recipient)
        assert (error["type"], error["error"]["condition"], error["error"]["type"]) == ("error", "service-unavailable", "cancel")
        assert await juliet.rest() == []

        await juliet["xep_0191"].unblock(romeo.bare)
        romeo.chat(recipient, "thanks")
        await juliet.expect_message(romeo.full, "thanks")


@pytest.mark.parametrize("to", ["bare", "full"])
async def test_messages_to_a_blocked_recipient_are_refused_with_the_reason(server, to):
    async with people(server, 2) as (romeo, juliet):
        await juliet["xep_0191"].block(romeo.bare)
        recipient = getattr(romeo, to)
        juliet.chat(recipient, "go away")
        error = await juliet.expect_message(recipient)
        assert (error["error"]["condition"], error["error"]["type"]) == ("not-acceptable", "cancel")
        assert error.xml.find("{jabber:client}error/{urn:xmpp:blocking:errors}blocked") is not None
        assert await romeo.rest() == []


async def test_nothing_of_a_blocked_sender_waits_for_the_blocker(server):
    async with people(server, 1) as (romeo,):
        (contact,) = server.new_accounts(1)
        async with Person(server, contact) as juliet:
            await juliet["xep_0191"].block(romeo.bare)
        romeo.chat(contact.jid, "let me in")
        assert (await romeo.expect_message(contact.jid))["error"]["condition"] == "service-unavailable"
        romeo.tell(contact, "subscribe")
        await romeo.rest()
        async with Person(server, contact) as juliet:
            assert await juliet.rest() == []


async def test_queries_of_a_blocked_sender_are_refused(server):
    async with people(server, 2) as (romeo, juliet):
        await juliet["xep_0191"].block(romeo.bare)
        for to in (juliet.bare, juliet.full):
            assert await refusal(romeo.query(to, "<query xmlns='jabber:iq:version'/>")) == ("service-unavailable", "cancel")


async def test_presence_ends_when_a_contact_is_blocked_and_comes_back_with_the_unblocking(server):
    """§3.3, §3.4."""
    async with people(server, 2) as (romeo, juliet):
        await befriend(romeo, juliet)
        await juliet["xep_0191"].block(romeo.bare)
        await romeo.expect_presence_from(juliet.full, "unavailable")
        juliet.send_presence(pstatus="Nobody sees me")
        assert f"presence available from {juliet.full}" not in await romeo.rest()
        romeo.send_presence(pstatus="Look at me")
        await romeo.expect_status(romeo.full, "Look at me")
        assert f"presence available from {romeo.full}" not in await juliet.rest()

        await juliet["xep_0191"].unblock(romeo.bare)
        await romeo.expect_status(juliet.full, "Nobody sees me")


@pytest.mark.parametrize("blocked", ["bare", "full", "domain"])
async def test_what_is_blocked_can_be_a_resource_an_account_or_a_domain(server, blocked):
    """§3.1 by XEP-0016 §2.1: a bare JID stands for its resources, a domain for all of its accounts."""
    async with people(server, 2) as (romeo, juliet):
        target = {"bare": romeo.bare, "full": romeo.full, "domain": romeo.boundjid.domain}[blocked]
        await juliet["xep_0191"].block(target)
        romeo.chat(juliet.bare, "hello")
        assert (await romeo.expect_message(juliet.bare))["type"] == "error"
        async with Person(server, romeo.account, resource="elsewhere") as elsewhere:
            elsewhere.chat(juliet.bare, "hello")
            if blocked == "full":
                assert (await juliet.expect_message(elsewhere.full))["body"] == "hello"
            else:
                assert (await elsewhere.expect_message(juliet.bare))["type"] == "error"


async def test_nobody_can_block_for_somebody_else(server):
    async with people(server, 2) as (romeo, juliet):
        request = juliet.make_iq_set(ito=romeo.bare)
        request.append(slixmpp.ET.fromstring(f"<block xmlns='urn:xmpp:blocking'><item jid='{juliet.bare}'/></block>"))
        assert (await refusal(request.send()))[0] in ("forbidden", "service-unavailable", "not-allowed")
        assert jids(await romeo["xep_0191"].get_blocked()) == []
