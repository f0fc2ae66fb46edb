"""SOCKS5 bytestreams (XEP-0065): a file from one slixmpp to another by the proxy, which they find themselves."""

import asyncio
import hashlib
import secrets
import time

import pytest

from people import Person, befriend
from xmppchat import TIMEOUT, free_port

MEGABYTES = 100


class Sharer(Person):
    """Takes whatever somebody sends."""

    def __init__(self, server, account):
        super().__init__(server, account)
        self.register_plugin("xep_0065", {"auto_accept": True})
        self.received, self.bytes = hashlib.sha256(), 0
        self._came = asyncio.Event()
        self.add_event_handler("socks5_data", self._take)

    def _take(self, data):
        self.received.update(data)
        self.bytes += len(data)
        self._came.set()

    async def expect_bytes(self, count):
        while self.bytes < count:
            self._came.clear()
            await asyncio.wait_for(self._came.wait(), TIMEOUT)


@pytest.fixture(scope="module")
def server(start):
    proxy = {"enabled": True, "address": "127.0.0.1", "port": free_port(), "host": "127.0.0.1", "bytesPerSecond": 0}
    return start("bytestreams", modules={"bytestreams": proxy})


async def test_slixmpp_sends_a_large_file(server, note):
    async with Sharer(server, server.add_user()) as romeo, Sharer(server, server.add_user()) as juliet:
        # A client takes nothing from strangers (RFC 6121 §8.5.3.1).
        await befriend(romeo, juliet)
        stream = await romeo["xep_0065"].handshake(juliet.boundjid.full, timeout=TIMEOUT)
        assert list(romeo["xep_0065"]._proxies) == ["proxy.localhost"]
        part = secrets.token_bytes(1024 * 1024)
        sent, begun = hashlib.sha256(), time.monotonic()
        for _ in range(MEGABYTES):
            sent.update(part)
            await stream.write(part)
        await juliet.expect_bytes(MEGABYTES * len(part))
        note(f"{MEGABYTES / (time.monotonic() - begun):.0f} MB/s by the proxy for bytestreams")
        assert (juliet.bytes, juliet.received.digest()) == (MEGABYTES * len(part), sent.digest())


async def test_slixmpp_finds_out_that_the_other_is_not_there(server):
    async with Sharer(server, server.add_user()) as romeo:
        await romeo["xep_0065"].discover_proxies(timeout=TIMEOUT)
        with pytest.raises(Exception) as refusal:
            await romeo["xep_0065"].activate("proxy.localhost", "nothing", "juliet@localhost/balcony", timeout=TIMEOUT)
        assert refusal.value.condition == "item-not-found"
