"""People with slixmpp: clients that decide nothing by themselves and keep what comes, so that a test reads like a conversation."""

import asyncio
import contextlib
import itertools
import secrets

import pytest
import slixmpp
from slixmpp.exceptions import IqError

from clients import Slixmpp
from xmppchat import TIMEOUT

ROSTER = "{jabber:iq:roster}"


class Person(Slixmpp):
    """`async with` logs in, asks for the roster, and becomes available unless told otherwise.

    What comes is kept in order until it is expected. An expectation takes the first stanza of its kind and sender, which
    has to be the expected one; `rest` tells what nobody expected.
    """

    def __init__(self, server, account, *, asks_for_roster=True, **options):
        super().__init__(server, account, **options)
        self.account, self.asks_for_roster = account, asks_for_roster
        self.auto_authorize, self.auto_subscribe = None, False
        for plugin in ("xep_0012", "xep_0049", "xep_0054", "xep_0077", "xep_0172", "xep_0191", "xep_0203"):
            self.register_plugin(plugin)
        self._inbox, self._came, self._numbers = [], asyncio.Event(), itertools.count()
        self.add_filter("in", self._keep)

    @property
    def bare(self):
        return self.boundjid.bare

    @property
    def full(self):
        return self.boundjid.full

    def _keep(self, stanza):
        if isinstance(stanza, slixmpp.Message | slixmpp.Presence) or isinstance(stanza, slixmpp.Iq) and stanza.xml.get("type") == "set":
            # `number` tells which of two stanzas came first.
            stanza.number = next(self._numbers)
            self._inbox.append(stanza)
            self._came.set()
        return stanza

    async def before_available(self):
        if self.asks_for_roster:
            await self.get_roster(timeout=TIMEOUT)

    async def become_available(self):
        self.send_presence(ppriority=self.priority)
        await self.expect_presence_from(self.full)

    # Expectations. ---------------------------------------------------------------------------------------------------------

    async def take(self, is_wanted, what):
        """The first stanza that is wanted of those that nobody has expected yet."""
        with contextlib.suppress(asyncio.TimeoutError):
            async with asyncio.timeout(TIMEOUT):
                while True:
                    for stanza in self._inbox:
                        if is_wanted(stanza):
                            self._inbox.remove(stanza)
                            return stanza
                    self._came.clear()
                    await self._came.wait()
        raise AssertionError(f"{self.full} waited in vain for {what}; there is {[describe(stanza) for stanza in self._inbox]}")

    async def expect_presence_from(self, sender, kind=None):
        """The next presence of a sender (a full JID has its own), which has to be of this type; None: available."""
        sender = address(sender)
        what = f"presence {kind or 'available'} from {sender}"
        presence = await self.take(
            lambda stanza: isinstance(stanza, slixmpp.Presence) and stanza["from"] == sender
            and (kind == "unavailable" or not is_acknowledgement(stanza)),
            what,
        )  # fmt: skip
        assert presence.xml.get("type") == kind, f"{what} expected: {presence}"
        return presence

    async def expect_status(self, sender, status):
        """Available presence with this status, whatever presence came before it."""
        return await self.take(
            lambda stanza: isinstance(stanza, slixmpp.Presence) and stanza["from"] == address(sender) and stanza["status"] == status,
            f"presence {status} from {sender}",
        )

    async def expect_message(self, sender=None, body=None):
        """The next message of a sender, or of anybody."""
        message = await self.take(
            lambda stanza: isinstance(stanza, slixmpp.Message) and (sender is None or stanza["from"] == address(sender)),
            f"a message from {sender or 'anybody'}",
        )
        assert body is None or message["body"] == body, f"{body} expected: {message}"
        return message

    async def expect_push(self, of, subscription="none", *, ask=None, name=None, groups=()):
        """The next roster push (RFC 6121 §2.1.6), which has to be this."""
        push = await self.expect_set(f"{ROSTER}query")
        (item,) = push.xml.findall(f"{ROSTER}query/{ROSTER}item")
        expected = roster_entry(address(of), subscription, ask, name, groups)
        assert parse_item(item) == expected, f"{expected} expected: {push}"
        return push

    async def expect_removal(self, of):
        """A push that removes the item, whatever became of it before."""
        await self.take(
            lambda stanza: any(
                parse_item(item) == roster_entry(address(of), "remove") for item in stanza.xml.findall(f"{ROSTER}query/{ROSTER}item")
            ),
            f"the removal of {address(of)}",
        )

    async def expect_set(self, payload):
        """The next IQ of type "set", from the own account, with this child."""
        push = await self.take(lambda stanza: isinstance(stanza, slixmpp.Iq) and stanza.xml.find(payload) is not None, payload)
        assert push.xml.get("from") in (None, self.bare), push
        return push

    async def rest(self, after=None):
        """What else came from `after`, another person, or from the server; it is expected then."""
        return [describe(stanza) for stanza in await self._take_rest(after) if not is_acknowledgement(stanza)]

    async def bodies(self, after):
        """The bodies of the messages that came from `after`, another person."""
        return [stanza["body"] for stanza in await self._take_rest(after) if isinstance(stanza, slixmpp.Message)]

    async def _take_rest(self, after):
        if after is None:
            await self["xep_0199"].send_ping(self.boundjid.domain, timeout=TIMEOUT)
        else:
            marker = secrets.token_hex(8)
            after.send_message(mto=self.full, mbody=marker)
            await self.take(lambda stanza: isinstance(stanza, slixmpp.Message) and stanza["body"] == marker, "the marker")
        rest, self._inbox = self._inbox, []
        return rest

    # What people do. -------------------------------------------------------------------------------------------------------

    def tell(self, who, kind):
        """Sends a subscription stanza, or a probe."""
        self.send_presence(pto=address(who), ptype=kind)

    async def set_item(self, of, **attributes):
        """Adds or changes an item of the roster; waits for the answer."""
        await self.client_roster.update(address(of), **{"groups": [], **attributes}, timeout=TIMEOUT)

    async def remove_item(self, of):
        await self.del_roster_item(address(of))

    async def roster_items(self):
        """What the server has: JID → roster_entry."""
        reply = await self.query(None, "<query xmlns='jabber:iq:roster'/>")
        entries = [parse_item(item) for item in reply.xml.findall(f"{ROSTER}query/{ROSTER}item")]
        return {entry["jid"]: entry for entry in entries}

    async def command(self, payload, to=None):
        """Sends <iq type='set'/> with this XML inside; returns the reply."""
        iq = self.make_iq_set(ito=to)
        iq.append(slixmpp.ET.fromstring(payload))
        return await iq.send(timeout=TIMEOUT)


class Reader(Person):
    """Has a plugin for archives."""

    def __init__(self, server, account, **options):
        super().__init__(server, account, **options)
        for plugin in ("xep_0059", "xep_0297", "xep_0313"):
            self.register_plugin(plugin)

    async def read(self, **query):
        """The bodies of the messages that match."""
        results = self["xep_0313"].iterate(**query)
        return [result["mam_result"]["forwarded"]["stanza"]["body"] async for result in results]


@contextlib.asynccontextmanager
async def people(server, count, **options):
    """So many people with fresh accounts, logged in."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Person(server, account, **options)) for account in server.new_accounts(count)]


async def befriend(user, contact):
    """Both subscribe to each other."""
    for one, other in ((user, contact), (contact, user)):
        one.tell(other, "subscribe")
        await other.expect_presence_from(one, "subscribe")
        other.tell(one, "subscribed")
        await one.expect_presence_from(other, "subscribed")
        await one.expect_presence_from(other.full)
    for one, other in ((user, contact), (contact, user)):
        await one.rest(after=other)


async def refusal(request):
    """The condition and type of the error that a request is answered with."""
    with pytest.raises(IqError) as refused:
        await request
    return refused.value.condition, refused.value.etype


def address(who):
    """People and accounts are meant by their bare JIDs."""
    return who if isinstance(who, str) else getattr(who, "bare", None) or who.jid


def roster_entry(jid, subscription="none", ask=None, name=None, groups=()):
    return {"jid": jid, "subscription": subscription, "ask": ask, "name": name, "groups": sorted(groups)}


def parse_item(item):
    groups = [group.text for group in item.findall(f"{ROSTER}group")]
    return roster_entry(item.get("jid"), item.get("subscription", "none"), item.get("ask"), item.get("name") or None, groups)


def is_acknowledgement(stanza):
    """Says that an account is there, not how it is: RFC 6121 §3.1.3 and §4.3.2 leave it to the server whether to send this."""
    return isinstance(stanza, slixmpp.Presence) and stanza.xml.get("type") == "unavailable" and not stanza["from"].resource


def describe(stanza):
    kind = stanza.xml.get("type", "available" if isinstance(stanza, slixmpp.Presence) else "normal")
    payloads = "" if isinstance(stanza, slixmpp.Presence) else " " + ",".join(child.tag for child in stanza.xml)
    return f"{stanza.name} {kind} from {stanza['from']}{payloads}"
