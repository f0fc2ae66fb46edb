"""Third-party clients: slixmpp in this process, @xmpp/client and go-sendxmpp in processes of their own."""

import asyncio
import contextlib
import json
import os
import ssl
from pathlib import Path

import slixmpp

from xmppchat import TIMEOUT

HERE = Path(__file__).parent


class LoginFailed(Exception):
    """The SASL conditions that a client was answered with, one for each mechanism that it tried."""

    @property
    def conditions(self):
        return list(self.args)


class Slixmpp(slixmpp.ClientXMPP):
    """python3-slixmpp; `async with` logs in and out."""

    def __init__(
        self, server, account, *, resource=None, mechanism=None, direct=False, tls=None, certificate=None, priority=0, available=True
    ):
        jid = account.jid + (f"/{resource}" if resource else "")
        super().__init__(jid, account.password, sasl_mech=mechanism)
        self.direct, self.priority, self.available = direct, priority, available
        self.port = server.tls_port if direct else server.port
        self.address_of_server = getattr(server, "address", "127.0.0.1")
        self.ca_certs = server.ca
        self.default_domain = account.host  # what the certificate is verified for
        if tls:
            self.ssl_context.minimum_version = self.ssl_context.maximum_version = tls
        if certificate:
            self.certfile, self.keyfile = map(str, certificate)
        if mechanism and mechanism.startswith("SCRAM") and not mechanism.endswith("-PLUS"):
            self._hide_channel_binding()
        for plugin in ("xep_0030", "xep_0092", "xep_0115", "xep_0199", "xep_0202"):
            self.register_plugin(plugin)

        self.messages = asyncio.Queue()
        self._presences, self._presence_came = [], asyncio.Event()
        self.stream_errors, self.failures = [], []
        self.is_over = asyncio.Event()
        self._login = asyncio.get_running_loop().create_future()
        self.add_event_handler("message", self.messages.put_nowait)
        self.add_event_handler("presence", self._on_presence)
        self.add_event_handler("stream_error", lambda error: self.stream_errors.append(error["condition"]))
        self.add_event_handler("failed_auth", lambda failure: self.failures.append(failure["condition"]))
        self.add_event_handler("session_start", lambda _: self._login.done() or self._login.set_result(None))
        self.add_event_handler("disconnected", self._on_disconnected)
        self.add_event_handler("connection_failed", lambda why: self._login.done() or self._login.set_exception(ConnectionError(why)))

    def _hide_channel_binding(self):
        """As a client that can't bind channels: slixmpp would say "y", which a server that offers -PLUS has to refuse (RFC 5802 §6)."""
        plugin = self["feature_mechanisms"]

        def credentials(required, optional):
            return {**plugin._default_credentials(required, optional), "channel_binding": b""}

        plugin.sasl_callback = credentials

    async def get_dns_records(self, domain, port=None):
        return [(domain, self.address_of_server, self.port)]

    def _on_presence(self, presence):
        self._presences.append(presence)
        self._presence_came.set()

    def _on_disconnected(self, _):
        self.is_over.set()
        if not self._login.done():
            self._login.set_exception(LoginFailed(*self.failures))

    async def __aenter__(self):
        self.connect(("127.0.0.1", self.port), use_ssl=self.direct, disable_starttls=self.direct)
        try:
            await asyncio.wait_for(self._login, TIMEOUT)
        except BaseException:
            await self.__aexit__()
            raise
        await self.before_available()
        if self.available:
            await self.become_available()
        return self

    async def before_available(self):
        """What a client has to ask first."""

    async def become_available(self):
        self.send_presence(ppriority=self.priority)
        await self.expect_presence(lambda presence: presence["from"] == self.boundjid)

    async def __aexit__(self, *_):
        if not self.is_over.is_set():
            self.disconnect()
            await asyncio.wait_for(self.is_over.wait(), TIMEOUT)

    async def expect_presence(self, is_wanted):
        """The first presence that is wanted of those that nobody has expected yet."""
        while True:
            for presence in self._presences:
                if is_wanted(presence):
                    self._presences.remove(presence)
                    return presence
            self._presence_came.clear()
            await asyncio.wait_for(self._presence_came.wait(), TIMEOUT)

    async def expect_message(self):
        return await asyncio.wait_for(self.messages.get(), TIMEOUT)

    def chat(self, to, body):
        self.send_message(mto=to, mbody=body, mtype="chat")

    async def query(self, to, payload):
        """Sends <iq type='get'/> with this XML inside; returns the reply."""
        iq = self.make_iq_get(ito=to)
        iq.append(slixmpp.ET.fromstring(payload))
        return await iq.send(timeout=TIMEOUT)


class XmppJs:
    """@xmpp/client, driven through client.mjs; `async with` logs in and out."""

    def __init__(self, server, account, *, direct=False, agent=None, token=None, service=None, wants=()):
        """
        `wants`: nodes that it wants to hear of.
        `service`: another address than the one for TCP. `agent`: the UUID that it says it is; then it gets a token, which may be given
        another one of the same agent.
        """
        self.server, self.account, self.token, self.events = server, account, token, []
        self.environment = {"XMPP_AGENT": agent} if agent else {}
        self.environment["XMPP_WANTS"] = " ".join(wants)
        if token:
            self.environment["XMPP_TOKEN"] = json.dumps(token)
        # The certificate names the host: Direct TLS connects to it by name.
        self.service = service or (f"xmpps://localhost:{server.tls_port}" if direct else f"xmpp://localhost:{server.port}")

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            "node", "--dns-result-order=ipv4first", HERE / "client.mjs", self.service, self.account.host, self.account.local,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": str(self.server.ca), "XMPP_PASSWORD": self.account.password}
            | self.environment,
        )  # fmt: skip
        try:
            self.login = await self.event_of("online")
            self.jid = self.login["online"]
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_):
        self.process.stdin.close()
        await ended(self.process)

    async def event(self):
        line = await asyncio.wait_for(self.process.stdout.readline(), TIMEOUT)
        return json.loads(line or '{"error": "node ended"}')

    async def event_of(self, kind):
        """The next event of this kind; what comes before it is for later."""
        for event in self.events:
            if kind in event:
                self.events.remove(event)
                return event
        while kind not in (event := await self.event()):
            if "token" in event:
                self.token = event["token"]
            elif "error" in event:
                raise LoginFailed(event["error"])
            else:
                self.events.append(event)
        return event

    async def command(self, **command):
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        await self.process.stdin.drain()


async def go_sendxmpp(server, account, to, body, *, direct=False):
    """Sends one message with go-sendxmpp; returns its exit code and what it said."""
    port = server.tls_port if direct else server.port
    process = await asyncio.create_subprocess_exec(
        "go-sendxmpp", *(["--tls"] if direct else []), "--username", account.jid, "--password", account.password,
        "--jserver", f"127.0.0.1:{port}", to,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "SSL_CERT_FILE": str(server.ca), "HOME": str(server.directory)},
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(process.communicate(body.encode()), TIMEOUT)
        return process.returncode, said.decode()
    finally:
        await ended(process)


async def ended(process, patience=5):
    """Waits for a process that has been told to end, and kills it when it doesn't."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(process.wait(), patience)
    if process.returncode is None:
        process.kill()
        await process.wait()


TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
