"""Push notifications (XEP-0357): slixmpp's component is the push service, slixmpp's clients are woken by it."""

import asyncio
import xml.etree.ElementTree as ET

import pytest
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from components import Component
from people import Person, people
from test_resumption import Managed
from xmppchat import TIMEOUT, free_port

DOMAIN, SECRET = "push.localhost", "eruio234vzxc2kla-91"
PUBSUB, FORM = "{http://jabber.org/protocol/pubsub}", "{jabber:x:data}"


class PushService(Component):
    """Accepts publications and keeps them: (node, fields of the summary)."""

    def __init__(self, server):
        super().__init__(server, DOMAIN, SECRET)
        self.published = asyncio.Queue()
        self.register_handler(Callback("publish", MatchXPath(f"{{{self.default_ns}}}iq/{PUBSUB}pubsub"), self._accept))

    def _accept(self, iq):
        publish = iq.xml.find(f"{PUBSUB}pubsub/{PUBSUB}publish")
        form = publish.find(f"{PUBSUB}item/{{urn:xmpp:push:0}}notification/{FORM}x")
        fields = {field.get("var"): field.findtext(f"{FORM}value") for field in form.findall(f"{FORM}field")}
        self.published.put_nowait((publish.get("node"), fields))
        iq.reply(clear=True).send()

    async def expect_published(self, node, messages):
        said, fields = await asyncio.wait_for(self.published.get(), TIMEOUT)
        assert (said, fields) == (node, {"FORM_TYPE": "urn:xmpp:push:summary", "message-count": str(messages)})


async def enable(client, node):
    request = ET.Element("{urn:xmpp:push:0}enable", {"jid": DOMAIN, "node": node})
    await client.make_iq_set(sub=request, ito=client.boundjid.bare).send(timeout=TIMEOUT)


@pytest.fixture(scope="module")
def pushing(start):
    return start(
        "push",
        components={"port": free_port(), "list": [{"domain": DOMAIN, "secret": SECRET}]},
        modules={"push": {"patience": "1s"}},  # A cut may be noticed only after the message was sent.
    )


async def test_a_device_without_a_session_is_woken_once(pushing):
    (account,) = pushing.new_accounts(1)
    async with PushService(pushing) as service, people(pushing, 1) as (romeo,):
        async with Person(pushing, account, resource="phone") as juliet:
            await enable(juliet, "n1")
            romeo.chat(account.jid, "you are there")
            await juliet.expect_message(body="you are there")
        romeo.chat(account.jid, "good night")
        await service.expect_published("n1", 1)
        romeo.chat(account.jid, "good night")
        async with Person(pushing, account, resource="phone") as juliet:
            await juliet.expect_message(body="good night")
            await juliet.expect_message(body="good night")
        romeo.chat(account.jid, "a thousand times")
        await service.expect_published("n1", 1)
        assert service.published.empty()


async def test_a_device_whose_connection_was_cut_is_woken_and_resumes(pushing):
    (account,) = pushing.new_accounts(1)
    async with PushService(pushing) as service, people(pushing, 1) as (romeo,), Managed(pushing, account, resource="phone") as juliet:
        await enable(juliet, "n2")

        async def write():
            romeo.chat(account.jid, "good night")
            await service.expect_published("n2", 1)
            romeo.chat(account.jid, "good night")
            await romeo.rest()

        for _ in range(2):
            await juliet.cut(meanwhile=write())
            await juliet.expect_message(body="good night")
            await juliet.expect_message(body="good night")
        assert service.published.empty()
