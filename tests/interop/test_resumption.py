"""Stream management (XEP-0198) with slixmpp: connections are cut without a word, and nothing is lost or comes twice."""

import asyncio

from people import Person, people
from xmppchat import TIMEOUT


class Managed(Person):
    """Acknowledges what comes; whose connection is cut, who then comes back to the same session."""

    def __init__(self, server, account, **options):
        super().__init__(server, account, **options)
        self.register_plugin("xep_0198")
        self._resumed, self._cut = asyncio.Queue(), False
        self.add_event_handler("session_resumed", self._resumed.put_nowait)

    def _on_disconnected(self, why):
        if not self._cut:
            super()._on_disconnected(why)

    async def cut(self, meanwhile=None):
        """Loses the connection, and comes back when `meanwhile` has been done."""
        self._cut = True
        gone = asyncio.get_running_loop().create_future()
        self.add_event_handler("disconnected", lambda _: gone.done() or gone.set_result(None), disposable=True)
        self.transport.abort()
        await asyncio.wait_for(gone, TIMEOUT)
        if meanwhile:
            await meanwhile
        self.connect(("127.0.0.1", self.port), use_ssl=self.direct, disable_starttls=self.direct)
        await asyncio.wait_for(self._resumed.get(), TIMEOUT)
        self._cut = False


async def test_each_message_comes_once_however_often_the_connection_is_cut(server):
    (account,) = server.new_accounts(1)
    async with people(server, 1) as (romeo,), Managed(server, account) as juliet:

        async def say(first, last):
            for number in range(first, last):
                romeo.chat(juliet.bare, str(number))
                await asyncio.sleep(0)

        for start in range(0, 300, 50):
            talk = asyncio.create_task(say(start, start + 50))
            await juliet.cut(meanwhile=asyncio.sleep(0) if start % 100 else talk)
            await talk
        assert await juliet.bodies(after=romeo) == [str(number) for number in range(300)]


async def test_contacts_notice_nothing_of_a_cut(server):
    (account,) = server.new_accounts(1)
    async with people(server, 1) as (romeo,), Managed(server, account) as juliet:
        juliet.send_presence(pto=romeo.bare)
        await romeo.expect_presence_from(juliet.full)
        await juliet.cut(meanwhile=romeo.rest())
        assert await romeo.rest(after=juliet) == []


async def test_what_nobody_came_back_for_waits(server):
    (account,) = server.new_accounts(1)
    async with people(server, 1) as (romeo,):
        async with Managed(server, account) as juliet:
            juliet["xep_0198"].send_ack = lambda: None
            romeo.chat(juliet.bare, "hello")
            await juliet.expect_message(body="hello")
        async with Person(server, account) as juliet:
            await juliet.expect_message(body="hello")
