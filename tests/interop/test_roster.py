"""Rosters (RFC 6121 §2): kept, pushed to who is interested, and told in deltas to who has a version."""

import pytest

from people import ROSTER, Person, parse_item, people, refusal, roster_entry
from raw import authenticated

JULIET, NURSE = "juliet@elsewhere.example", "nurse@elsewhere.example"


async def test_an_item_is_kept_and_pushed_to_all_interested_resources(server):
    (account,) = server.new_accounts(1)
    async with (
        Person(server, account) as desk,
        Person(server, account, resource="phone") as phone,
        # §2.1.6: interested is who has asked for the roster, not who is available.
        Person(server, account, resource="bot", asks_for_roster=False) as bot,
        Person(server, account, resource="silent", available=False) as silent,
    ):
        await desk.set_item(JULIET, name="Júliet 🌹", groups=["Friends", "Verona & more"])
        for interested in (desk, phone, silent):
            await interested.expect_push(JULIET, name="Júliet 🌹", groups=["Friends", "Verona & more"])
        assert not [line for line in await bot.rest(after=desk) if "iq" in line]
    async with Person(server, account) as desk:
        assert await desk.roster_items() == {
            JULIET: roster_entry(JULIET, "none", name="Júliet 🌹", groups=["Friends", "Verona & more"])
        }  # fmt: skip


async def test_an_item_is_changed_and_removed(server):
    async with people(server, 1) as (romeo,):
        await romeo.set_item(JULIET, name="Juliet", groups=["Friends"])
        await romeo.expect_push(JULIET, name="Juliet", groups=["Friends"])
        await romeo.set_item(JULIET, name="", groups=["Family"])
        await romeo.expect_push(JULIET, groups=["Family"])
        await romeo.set_item(NURSE)
        await romeo.expect_push(NURSE)
        await romeo.remove_item(JULIET)
        await romeo.expect_push(JULIET, "remove")
        assert await romeo.roster_items() == {NURSE: roster_entry(NURSE)}


async def test_a_client_can_not_make_itself_a_subscriber(server):
    """§2.1.2.5: a subscription in a roster set is ignored, unless it is "remove"; so is an ask (§2.1.2.2)."""
    async with people(server, 2) as (romeo, juliet):
        await romeo.command(
            f"<query xmlns='jabber:iq:roster'><item jid='{juliet.bare}' subscription='both' ask='subscribe' approved='true'/></query>"
        )
        await romeo.expect_push(juliet)
        juliet.send_presence(pshow="away")
        assert await romeo.rest(after=juliet) == []


@pytest.mark.parametrize(
    "query, condition, kind",
    [
        pytest.param("<item jid='a@example'/><item jid='b@example'/>", "bad-request", "modify", id="two items"),
        pytest.param("", "bad-request", "modify", id="no item"),
        pytest.param("<item/>", "bad-request", "modify", id="no address"),
        pytest.param("<item jid='a@b@c'/>", "bad-request jid-malformed", "modify", id="a bad address"),
        pytest.param("<item jid='nobody@example' subscription='remove'/>", "item-not-found", "cancel modify", id="not there"),
        pytest.param(
            "<item jid='a@example'><group>A</group><group>A</group></item>", "bad-request", "modify", id="a group twice",
            marks=pytest.mark.prosody_differs("takes it as one"),
        ),
        pytest.param(
            "<item jid='a@example'><group/></item>", "not-acceptable", "modify", id="an empty group",
            marks=pytest.mark.prosody_differs("ignores it"),
        ),
    ],
)  # fmt: skip
async def test_what_is_refused(server, query, condition, kind):
    """§2.1.5, §2.3.3, §2.5.3. For item-not-found §2.5.3 shows "modify" and RFC 6120 §8.3.3.7 recommends "cancel"."""
    async with people(server, 1) as (romeo,):
        was, its_kind = await refusal(romeo.command(f"<query xmlns='jabber:iq:roster'>{query}</query>"))
        assert was in condition.split() and its_kind in kind.split()
        assert await romeo.rest() == [] and await romeo.roster_items() == {}


async def test_the_rosters_of_others_are_nobody_elses_business(server):
    async with people(server, 2) as (romeo, juliet):
        query = "<query xmlns='jabber:iq:roster'/>"
        # §2.1.5 (get) says "forbidden"; a server may as well not tell (RFC 6120 §8.3.3.19).
        assert (await refusal(romeo.query(juliet.bare, query)))[0] in ("forbidden", "service-unavailable")
        item = "<query xmlns='jabber:iq:roster'><item jid='a@example'/></query>"
        assert (await refusal(romeo.command(item, to=juliet.bare)))[0] in ("forbidden", "service-unavailable")
        assert await juliet.rest(after=romeo) == [] and await juliet.roster_items() == {}


# Versions (§2.6). -----------------------------------------------------------------------------------------------------------


async def versioned(person, version):
    """Asks for the roster since a version: the items of the answer, None when it is empty, and its version."""
    reply = await person.query(None, f"<query xmlns='jabber:iq:roster' ver='{version}'/>")
    query = reply.xml.find(f"{ROSTER}query")
    if query is None:
        return None, None
    return [parse_item(item)["jid"] for item in query], query.get("ver")


def version_of(push):
    return push.xml.find(f"{ROSTER}query").get("ver")


def test_versions_are_advertised(server):
    (account,) = server.new_accounts(1)
    with authenticated(server, account) as stream:
        assert stream.features.find("{urn:xmpp:features:rosterver}ver") is not None


async def test_an_empty_version_gets_the_whole_roster_and_a_version(server):
    async with people(server, 1) as (romeo,):
        await romeo.set_item(JULIET)
        items, version = await versioned(romeo, "")
        assert items == [JULIET] and version
        assert version == version_of(await romeo.expect_push(JULIET))


async def test_the_current_version_gets_an_empty_result(server):
    async with people(server, 1) as (romeo,):
        account = romeo.account
        await romeo.set_item(JULIET)
        version = version_of(await romeo.expect_push(JULIET))
    async with Person(server, account, asks_for_roster=False) as romeo:
        assert await versioned(romeo, version) == (None, None)
        assert await romeo.rest() == []


async def test_an_unknown_version_gets_the_whole_roster(server):
    async with people(server, 1) as (romeo,):
        await romeo.set_item(JULIET)
        for unknown in ("never heard of", "999999999", "-1"):
            items, version = await versioned(romeo, unknown)
            assert items == [JULIET] and version


async def test_slixmpp_resumes_its_version(server):
    (account,) = server.new_accounts(1)
    async with Person(server, account) as romeo:
        await romeo.set_item(JULIET, name="Juliet")
        await romeo.expect_push(JULIET, name="Juliet")
        cached = romeo.client_roster.version
    async with Person(server, account, asks_for_roster=False) as romeo:
        romeo.client_roster.version = cached
        await romeo.get_roster()
        assert await romeo.rest() == []
        await romeo.set_item(JULIET, name="My Juliet")
        await romeo.expect_push(JULIET, name="My Juliet")
        assert romeo.client_roster.version != cached


@pytest.mark.prosody_differs("has no deltas: it sends the whole roster")
async def test_an_old_version_gets_what_has_changed_since_each_item_once_in_order(server):
    (account,) = server.new_accounts(1)
    async with Person(server, account) as romeo:
        for jid in ("a@example", "b@example", "c@example", "d@example", "e@example", "f@example"):
            await romeo.set_item(jid)
            push = await romeo.expect_push(jid)
        old = version_of(push)
        await romeo.set_item("d@example", name="First name")
        await romeo.set_item("b@example", name="B")
        await romeo.remove_item("c@example")
        await romeo.set_item("g@example")
        await romeo.set_item("d@example", name="D")
        await romeo.rest()
    async with Person(server, account, asks_for_roster=False) as romeo:
        assert await versioned(romeo, old) == (None, None)
        pushes = [
            await romeo.expect_push("b@example", name="B"),
            await romeo.expect_push("c@example", "remove"),
            await romeo.expect_push("g@example"),
            await romeo.expect_push("d@example", name="D"),
        ]
        assert await romeo.rest() == []
        versions = [version_of(push) for push in pushes]
        assert len({old, *versions}) == 5
    async with Person(server, account, asks_for_roster=False) as romeo:
        # §2.6.3: the version to come back with is that of the last push.
        assert await versioned(romeo, versions[-1]) == (None, None)
        assert await romeo.rest() == []
