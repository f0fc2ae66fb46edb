"""Components (XEP-0114) with slixmpp's ComponentXMPP."""

import asyncio

import slixmpp

from xmppchat import TIMEOUT


class Component(slixmpp.ComponentXMPP):
    """Keeps what comes; `async with` connects and disconnects."""

    def __init__(self, server, domain, secret):
        super().__init__(domain, secret, "127.0.0.1", server.options["components"]["port"])
        for plugin in ("xep_0030", "xep_0199"):
            self.register_plugin(plugin)
        self.auto_authorize, self.auto_subscribe = None, False
        self.came, self.is_over = asyncio.Queue(), asyncio.Event()
        self._login = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda _: self._login.done() or self._login.set_result(None))
        self.add_event_handler("stream_error", self._on_stream_error)
        self.add_event_handler("disconnected", lambda _: self.is_over.set())
        self.add_filter("in", self._keep)

    def _on_stream_error(self, error):
        if not self._login.done():
            self._login.set_exception(ConnectionError(error["condition"]))

    def _keep(self, stanza):
        if isinstance(stanza, slixmpp.Message | slixmpp.Presence):
            self.came.put_nowait(stanza)
        return stanza

    async def __aenter__(self):
        self.connect()
        try:
            await asyncio.wait_for(self._login, TIMEOUT)
        except BaseException:
            self.abort()
            raise
        return self

    async def __aexit__(self, *_):
        self.disconnect()
        await asyncio.wait_for(self.is_over.wait(), TIMEOUT)

    async def expect(self):
        return await asyncio.wait_for(self.came.get(), TIMEOUT)
