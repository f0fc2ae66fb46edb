"""To which resource a message goes, and what becomes of one for somebody who is away (RFC 6121 §8.5, XEP-0160, XEP-0203)."""

import datetime

import pytest
import slixmpp

from people import Person, people

DELAY = "{urn:xmpp:delay}delay"


async def test_a_bare_jid_means_all_resources_whose_priority_is_not_negative(server):
    (account,) = server.new_accounts(1)
    async with (
        people(server, 1) as (romeo,),
        Person(server, account, resource="desk", priority=5) as desk,
        Person(server, account, resource="phone") as phone,
        Person(server, account, resource="bot", priority=-1) as bot,
        Person(server, account, resource="silent", available=False) as silent,
    ):
        for kind in ("chat", "normal", "headline"):
            romeo.send_message(mto=account.jid, mbody=kind, mtype=kind)
        got = {person: await person.bodies(after=romeo) for person in (desk, phone, bot, silent)}
        assert got[bot] == got[silent] == []
        # §8.5.2.1.1: headlines for all; others for all, or for the most available one.
        assert got[desk] == ["chat", "normal", "headline"]
        assert got[phone] in (["headline"], got[desk])


async def test_a_full_jid_means_one_resource_whatever_its_priority(server):
    (account,) = server.new_accounts(1)
    async with (
        people(server, 1) as (romeo,),
        Person(server, account, resource="desk") as desk,
        Person(server, account, resource="bot", priority=-1) as bot,
    ):
        romeo.chat(bot.full, "only the bot")
        assert await bot.bodies(after=romeo) == ["only the bot"]
        assert await desk.bodies(after=romeo) == []


async def test_priorities_can_change(server):
    (account,) = server.new_accounts(1)
    async with (
        people(server, 1) as (romeo,),
        Person(server, account, resource="desk") as desk,
        Person(server, account, resource="phone") as phone,
    ):
        phone.send_presence(ppriority=-1)
        await phone.expect_presence_from(phone.full)
        romeo.chat(account.jid, "hello")
        await desk.expect_message(body="hello")
        assert await phone.bodies(after=romeo) == []


async def test_a_chat_message_to_a_resource_that_is_gone_reaches_the_others(server):
    """§8.5.3.2.1."""
    async with people(server, 2) as (romeo, juliet):
        romeo.chat(f"{juliet.bare}/gone", "hello")
        await juliet.expect_message(body="hello")


async def test_messages_wait_for_who_is_away_in_order_with_their_time_and_come_once(server):
    (account,) = server.new_accounts(1)
    texts = [f"{number}. żółw 🐢" for number in range(20)]
    async with people(server, 1) as (romeo,):
        before = datetime.datetime.now(datetime.timezone.utc)
        for number, text in enumerate(texts):
            romeo.send_message(mto=account.jid, mbody=text, mtype="chat" if number % 2 else "normal")
        assert await romeo.rest() == []
        sender = romeo.full
    async with Person(server, account, asks_for_roster=False) as juliet:
        for text in texts:
            message = await juliet.expect_message(sender, text)
            stamp = datetime.datetime.fromisoformat(message.xml.find(DELAY).get("stamp"))
            # Clocks without fractions of seconds are fine (XEP-0082).
            assert before - datetime.timedelta(seconds=1) <= stamp <= datetime.datetime.now(datetime.timezone.utc)
        assert await juliet.rest() == []
    async with Person(server, account) as juliet:
        assert await juliet.rest() == []


async def test_a_resource_with_negative_priority_does_not_get_what_waits(server):
    (account,) = server.new_accounts(1)
    async with people(server, 1) as (romeo,):
        romeo.chat(account.jid, "for a person")
        assert await romeo.rest() == []
        async with Person(server, account, resource="bot", priority=-1) as bot:
            assert await bot.bodies(after=romeo) == []
            romeo.chat(account.jid, "for a person, too")
            assert await bot.bodies(after=romeo) == []
            async with Person(server, account, resource="desk") as desk:
                await desk.expect_message(body="for a person")
                await desk.expect_message(body="for a person, too")
                assert await bot.bodies(after=romeo) == []


async def test_what_waits_comes_with_availability_not_with_login(server):
    (account,) = server.new_accounts(1)
    async with people(server, 1) as (romeo,), Person(server, account, available=False) as juliet:
        romeo.chat(account.jid, "hello")
        assert await juliet.bodies(after=romeo) == []
        await juliet.become_available()
        await juliet.expect_message(body="hello")


@pytest.mark.parametrize(
    "attributes, payload",
    [
        ({"mtype": "headline"}, ""),
        pytest.param(
            {"mtype": "chat", "mbody": None}, "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
            marks=pytest.mark.prosody_differs("keeps it"),
        ),
        pytest.param(
            {"mtype": "chat"}, "<no-store xmlns='urn:xmpp:hints'/>", marks=pytest.mark.prosody_differs("knows no hints without archive")
        ),
        ({"mtype": "error"}, ""),
    ],
    ids=["headline", "chat state", "no-store", "error"],
)  # fmt: skip
async def test_what_does_not_wait(server, attributes, payload):
    """XEP-0160 §3, XEP-0334 §4.1: and nobody is told."""
    (account,) = server.new_accounts(1)
    async with people(server, 1) as (romeo,):
        message = romeo.make_message(mto=account.jid, **{"mbody": "now or never", **attributes})
        if payload:
            message.append(slixmpp.ET.fromstring(payload))
        message.send()
        assert [line for line in await romeo.rest() if "error" not in line] == []
        romeo.chat(account.jid, "this waits")
        assert await romeo.rest() == []
    async with Person(server, account) as juliet:
        await juliet.expect_message(body="this waits")
        assert await juliet.rest() == []
