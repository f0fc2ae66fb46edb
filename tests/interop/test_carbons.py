"""Message carbons (XEP-0280) with slixmpp: three resources of an account see both sides of a conversation."""

import asyncio

from people import Person, people
from xmppchat import TIMEOUT


class Copied(Person):
    """Wants copies, and keeps those that come: (sent or received, body)."""

    def __init__(self, server, account, **options):
        super().__init__(server, account, **options)
        self.register_plugin("xep_0280")
        self.copies = asyncio.Queue()
        for kind in ("sent", "received"):
            self.add_event_handler(f"carbon_{kind}", lambda message, kind=kind: self._keep_copy(kind, message))

    def _keep_copy(self, kind, message):
        self.copies.put_nowait((kind, message[f"carbon_{kind}"]["body"]))

    async def before_available(self):
        await super().before_available()
        await self["xep_0280"].enable(timeout=TIMEOUT)

    async def copy(self):
        return await asyncio.wait_for(self.copies.get(), TIMEOUT)


async def test_three_resources_see_the_same_conversation(server):
    (account,) = server.new_accounts(1)
    async with (
        people(server, 1) as (romeo,),
        Copied(server, account, resource="desk") as desk,
        Copied(server, account, resource="phone") as phone,
        Copied(server, account, resource="tablet", priority=-1) as tablet,
    ):
        romeo.chat(desk.full, "good morrow")
        await desk.expect_message(romeo.full, "good morrow")
        assert await phone.copy() == await tablet.copy() == ("received", "good morrow")

        phone.chat(romeo.full, "good night")
        await romeo.expect_message(body="good night")
        assert await desk.copy() == await tablet.copy() == ("sent", "good night")

        # To all that take messages: only the others get a copy.
        romeo.chat(account.jid, "farewell")
        await desk.expect_message(romeo.full, "farewell")
        await phone.expect_message(romeo.full, "farewell")
        assert await tablet.copy() == ("received", "farewell")
        assert desk.copies.empty() and phone.copies.empty() and tablet.copies.empty()
