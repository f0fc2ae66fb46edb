"""Subscriptions (RFC 6121 §3): what each side sees of every step, with both online and with one away."""

import pytest

from people import Person, befriend, people, roster_entry


async def test_a_request_is_approved_and_the_user_sees_the_contact(server):
    async with people(server, 2) as (romeo, juliet):
        romeo.tell(juliet, "subscribe")
        await romeo.expect_push(juliet, "none", ask="subscribe")
        request = await juliet.expect_presence_from(romeo, "subscribe")
        assert request["to"] == juliet.bare
        # §3.1.3: a request alone adds nothing to the contact's roster.
        assert await juliet.rest(after=romeo) == [] and await juliet.roster_items() == {}

        juliet.tell(romeo, "subscribed")
        await juliet.expect_push(romeo, "from")
        approval = await romeo.expect_presence_from(juliet, "subscribed")
        push = await romeo.expect_push(juliet, "to")
        presence = await romeo.expect_presence_from(juliet.full)
        # §3.1.6: the approval, its push, then presence.
        assert approval.number < push.number < presence.number
        assert await romeo.rest(after=juliet) == []
        assert await juliet.rest(after=romeo) == []


async def test_both_subscribe_to_each_other(server):
    async with people(server, 2) as (romeo, juliet):
        romeo.tell(juliet, "subscribe")
        await juliet.expect_presence_from(romeo, "subscribe")
        juliet.tell(romeo, "subscribed")
        await juliet.expect_push(romeo, "from")
        juliet.tell(romeo, "subscribe")
        await juliet.expect_push(romeo, "from", ask="subscribe")
        await romeo.expect_presence_from(juliet, "subscribed")
        await romeo.expect_presence_from(juliet, "subscribe")
        romeo.tell(juliet, "subscribed")
        await juliet.expect_presence_from(romeo, "subscribed")
        await juliet.expect_push(romeo, "both")
        await juliet.expect_presence_from(romeo.full)
        assert await romeo.roster_items() == {juliet.bare: roster_entry(juliet.bare, "both")}

        juliet.send_presence(pshow="away", pstatus="Balcony")
        assert (await romeo.expect_status(juliet.full, "Balcony"))["show"] == "away"


async def test_all_resources_of_both_take_part(server):
    user, contact = server.new_accounts(2)
    async with (
        Person(server, user) as romeo, Person(server, user, resource="phone") as phone,
        Person(server, contact) as juliet, Person(server, contact, resource="tablet") as tablet,
    ):  # fmt: skip
        romeo.tell(juliet, "subscribe")
        for resource in (juliet, tablet):
            await resource.expect_presence_from(romeo, "subscribe")
        tablet.tell(romeo, "subscribed")
        for resource in (juliet, tablet):
            await resource.expect_push(romeo, "from")
        for resource in (romeo, phone):
            await resource.expect_push(juliet, "none", ask="subscribe")
            await resource.expect_presence_from(juliet, "subscribed")
            await resource.expect_push(juliet, "to")
            await resource.expect_presence_from(juliet.full)
            await resource.expect_presence_from(tablet.full)


async def test_a_request_waits_for_a_contact_who_is_away_until_it_is_answered(server):
    user, contact = server.new_accounts(2)
    async with Person(server, user) as romeo:
        romeo.send_presence(pto=contact.jid, ptype="subscribe", pstatus="It is Romeo", pnick="Romeo")
        await romeo.expect_push(contact, "none", ask="subscribe")
        # §3.1.3: only one of several requests is kept.
        romeo.send_presence(pto=contact.jid, ptype="subscribe", pstatus="It is Romeo", pnick="Romeo")
        await romeo.rest()
        for _ in range(2):
            async with Person(server, contact) as juliet:
                request = await juliet.expect_presence_from(user, "subscribe")
                # §3.1.3: the complete stanza, with what it was extended by.
                assert request["status"] == "It is Romeo" and request["nick"]["nick"] == "Romeo"
                assert await juliet.rest() == []
        async with Person(server, contact) as juliet:
            await juliet.expect_presence_from(user, "subscribe")
            juliet.tell(romeo, "subscribed")
            await juliet.expect_push(romeo, "from")
            await romeo.expect_presence_from(juliet, "subscribed")
            await romeo.expect_push(juliet, "to")
            await romeo.expect_presence_from(juliet.full)
        await romeo.expect_presence_from(juliet.full, "unavailable")
        async with Person(server, contact) as juliet:
            await romeo.expect_presence_from(juliet.full)
            assert await juliet.rest() == []


async def test_requests_wait_for_availability_not_for_login(server):
    """§3.1.3: "when the contact next has an available resource"."""
    user, contact = server.new_accounts(2)
    async with Person(server, user) as romeo:
        romeo.tell(contact, "subscribe")
        await romeo.expect_push(contact, "none", ask="subscribe")
        async with Person(server, contact, available=False) as juliet:
            assert await juliet.rest() == []
            await juliet.become_available()
            await juliet.expect_presence_from(user, "subscribe")


async def test_the_user_learns_of_an_approval_that_came_while_away(server):
    user, contact = server.new_accounts(2)
    async with Person(server, contact) as juliet:
        async with Person(server, user) as romeo:
            romeo.tell(juliet, "subscribe")
            await juliet.expect_presence_from(romeo, "subscribe")
        juliet.tell(user, "subscribed")
        await juliet.expect_push(user, "from")
        async with Person(server, user) as romeo:
            assert await romeo.roster_items() == {juliet.bare: roster_entry(juliet.bare, "to")}
            await romeo.expect_presence_from(juliet.full)


async def test_a_request_is_denied(server):
    async with people(server, 2) as (romeo, juliet):
        romeo.tell(juliet, "subscribe")
        await romeo.expect_push(juliet, "none", ask="subscribe")
        await juliet.expect_presence_from(romeo, "subscribe")
        juliet.tell(romeo, "unsubscribed")
        await romeo.expect_presence_from(juliet, "unsubscribed")
        await romeo.expect_push(juliet, "none")
        assert await romeo.rest(after=juliet) == []
        assert await juliet.rest() == []
        contact = juliet.account
    async with Person(server, contact) as juliet:
        assert await juliet.rest() == [] and await juliet.roster_items() == {}


async def test_a_request_is_taken_back(server):
    """§3.3.3: the record of the request goes."""
    user, contact = server.new_accounts(2)
    async with Person(server, user) as romeo:
        romeo.tell(contact, "subscribe")
        await romeo.expect_push(contact, "none", ask="subscribe")
        romeo.tell(contact, "unsubscribe")
        await romeo.expect_push(contact, "none")
        async with Person(server, contact) as juliet:
            assert await juliet.rest() == []


async def test_the_contact_cancels_a_subscription(server):
    """§3.2."""
    async with people(server, 2) as (romeo, juliet):
        await befriend(romeo, juliet)
        juliet.tell(romeo, "unsubscribed")
        await juliet.expect_push(romeo, "to")
        await romeo.expect_presence_from(juliet.full, "unavailable")
        cancellation = await romeo.expect_presence_from(juliet, "unsubscribed")
        push = await romeo.expect_push(juliet, "from")
        assert cancellation.number < push.number
        juliet.send_presence(pshow="away")
        assert await romeo.rest(after=juliet) == []
        await juliet.expect_presence_from(juliet.full)
        romeo.send_presence(pshow="away")
        await juliet.expect_presence_from(romeo.full)


@pytest.mark.prosody_differs("no unavailable presence is sent to who unsubscribes")
async def test_the_user_unsubscribes(server):
    """§3.3."""
    async with people(server, 2) as (romeo, juliet):
        await befriend(romeo, juliet)
        romeo.tell(juliet, "unsubscribe")
        await romeo.expect_push(juliet, "from")
        gone = await juliet.expect_presence_from(romeo, "unsubscribe")
        push = await juliet.expect_push(romeo, "to")
        assert gone.number < push.number
        await romeo.expect_presence_from(juliet.full, "unavailable")
        juliet.send_presence(pshow="away")
        assert await romeo.rest(after=juliet) == []
        assert (await romeo.roster_items())[juliet.bare]["subscription"] == "from"


@pytest.mark.parametrize("contact_is", ["online", "away"])
async def test_removal_of_an_item_cancels_both_subscriptions(server, contact_is):
    """§2.5.2."""
    async with people(server, 1) as (romeo,):
        (contact,) = server.new_accounts(1)
        async with Person(server, contact) as juliet:
            await befriend(romeo, juliet)
            if contact_is == "online":
                await romeo.remove_item(juliet)
                await romeo.expect_removal(juliet)
                # The two may come in any order.
                kinds = {(await juliet.take(lambda stanza: stanza["from"] == romeo.bare, "subscription stanzas"))["type"] for _ in range(2)}
                assert kinds == {"unsubscribe", "unsubscribed"}
        if contact_is == "away":
            await romeo.expect_presence_from(juliet.full, "unavailable")
            await romeo.remove_item(contact)
            await romeo.expect_removal(contact)
        assert await romeo.roster_items() == {}
        async with Person(server, contact) as juliet:
            assert await juliet.roster_items() == {romeo.bare: roster_entry(romeo.bare, "none")}
            juliet.send_presence(pstatus="Nobody sees me")
            assert f"presence available from {juliet.full}" not in await romeo.rest(after=juliet)


@pytest.mark.prosody_differs("no unavailable presence is sent")
async def test_both_become_unavailable_to_each_other_when_one_removes_the_other(server):
    """§2.5.2 by §3.2.2 and §3.3.3."""
    async with people(server, 2) as (romeo, juliet):
        await befriend(romeo, juliet)
        await romeo.remove_item(juliet)
        await juliet.expect_presence_from(romeo.full, "unavailable")
        await romeo.expect_presence_from(juliet.full, "unavailable")


async def test_an_answer_that_nobody_asked_for_is_ignored(server):
    """§3.1.6, §3.2.3, §3.3.3: not delivered, nothing changes. (An approval in advance is another thing, §3.4.)"""
    async with people(server, 2) as (romeo, juliet):
        for kind in ("unsubscribed", "unsubscribe"):
            juliet.tell(romeo, kind)
            assert await romeo.rest(after=juliet) == []
        juliet.tell(romeo, "subscribed")
        assert await romeo.rest(after=juliet) == [] and await romeo.roster_items() == {}


async def test_a_request_to_nobody_stays_pending(server):
    async with people(server, 1) as (romeo,):
        romeo.tell("nobody@localhost", "subscribe")
        await romeo.expect_push("nobody@localhost", "none", ask="subscribe")


async def test_a_second_request_of_a_subscriber_is_approved_for_the_contact(server):
    """§3.1.3, 2: the contact needn't be bothered."""
    async with people(server, 2) as (romeo, juliet):
        await befriend(romeo, juliet)
        romeo.tell(juliet, "subscribe")
        assert f"presence subscribe from {romeo.bare}" not in await juliet.rest(after=romeo)
        assert (await romeo.roster_items())[juliet.bare]["subscription"] == "both"
