"""Accounts by in-band registration (XEP-0077): made, given another password, removed with everything that they were."""

import asyncio

import pytest

from clients import LoginFailed
from people import Person, befriend, people, refusal, roster_entry
from raw import CLIENT, bound, opened, secured
from xmppchat import TIMEOUT, Account

REGISTER = "{jabber:iq:register}"
FIELDS = "<query xmlns='jabber:iq:register'/>"


@pytest.fixture(scope="session")
def registrar(request, start):
    """A server where anybody may register."""
    if request.config.getoption("--prosody"):
        return request.getfixturevalue("prosody")
    return start("registrar", modules={"registration": {"access": "open", "accountsPerAddress": 1000}})


class Newcomer(Person):
    """Registers, and then logs in."""

    def __init__(self, server, account, **options):
        super().__init__(server, account, **options)
        self.add_event_handler("register", self._register)
        self.offered = asyncio.get_running_loop().create_future()
        # This slixmpp would hold back its own requests to register until a session has started.
        self._always_send_everything = True

    async def _register(self, form):
        self.offered.set_result(form["register"]["fields"])
        request = self.make_iq_set()
        request["register"]["username"] = self.account.local
        request["register"]["password"] = self.account.password
        await request.send(timeout=TIMEOUT)


async def test_slixmpp_registers_and_logs_in(registrar):
    account = Account("newcomer@localhost", "geheim, 秘密 & <more>")
    async with Newcomer(registrar, account) as newcomer:
        assert newcomer.offered.result() == {"username", "password"}
        assert newcomer.bare == account.jid
    async with Person(registrar, account) as again:
        assert await again.roster_items() == {}


@pytest.mark.parametrize(
    "fields, condition, kind",
    [
        pytest.param("<username>{taken}</username><password>long enough</password>", "conflict", "cancel", id="taken"),
        pytest.param("<username>somebody</username>", "not-acceptable", "modify", id="no password"),
        pytest.param("<password>long enough</password>", "not-acceptable", "modify", id="no name"),
        pytest.param("<username>some body@x</username><password>long enough</password>", "not-acceptable", "modify", id="bad name"),
        pytest.param("<username/><password/>", "not-acceptable", "modify", id="empty"),
    ],
)
def test_what_can_not_be_registered(registrar, fields, condition, kind):
    """XEP-0077 §3.1.1; the stream goes on."""
    (taken,) = registrar.new_accounts(1)
    with secured(registrar) as stream:
        stream.send(f"<iq type='set' id='1'><query xmlns='jabber:iq:register'>{fields.format(taken=taken.local)}</query></iq>")
        stream.expect_stanza_error(condition, kind, id="1")
        stream.send(f"<iq type='get' id='2'>{FIELDS}</iq>")
        fields = stream.expect(CLIENT + "iq", type="result", id="2").find(f"{REGISTER}query")
        assert {child.tag for child in fields} >= {f"{REGISTER}username", f"{REGISTER}password"}


def test_it_is_offered_on_encrypted_streams_only(registrar):
    with opened(registrar) as stream:
        assert stream.features.find("{http://jabber.org/features/iq-register}register") is None
        stream.start_tls()
        assert stream.features.find("{http://jabber.org/features/iq-register}register") is not None


def test_a_server_that_registers_nobody_says_so(request, server):
    if request.config.getoption("--prosody"):
        pytest.skip("the one Prosody registers everybody")
    with secured(server) as stream:
        assert stream.features.find("{http://jabber.org/features/iq-register}register") is None


async def test_the_password_is_changed(server):
    (account,) = server.new_accounts(1)
    new = Account(account.jid, "ein neues Paßwort")
    async with Person(server, account) as person:
        await person["xep_0077"].change_password(new.password, timeout=TIMEOUT)
        assert await person.rest() == []
    async with Person(server, new):
        pass
    await fail_to_log_in(server, account)


async def test_nobody_changes_the_password_of_another(server):
    async with people(server, 2) as (romeo, juliet):
        request = f"<query xmlns='jabber:iq:register'><username>{juliet.boundjid.user}</username><password>mine alone</password></query>"
        await refusal(romeo.command(request, to="localhost"))
        account = juliet.account
    async with Person(server, account):
        pass


async def test_a_registered_client_is_told_that_it_is(server):
    async with people(server, 1) as (romeo,):
        form = await romeo["xep_0077"].get_registration(timeout=TIMEOUT)
        assert form["register"]["registered"]
        assert form.xml.findtext(f"{REGISTER}query/{REGISTER}username") == romeo.boundjid.user


async def test_a_removed_account_is_gone_and_its_contacts_are_told(server):
    """XEP-0077 §3.2, RFC 6121 §2.5.2: as if every item of the roster had been removed."""
    async with people(server, 2) as (romeo, juliet):
        await befriend(romeo, juliet)
        account, full = romeo.account, romeo.full
        await romeo["xep_0077"].cancel_registration(timeout=TIMEOUT)
        await juliet.expect_presence_from(full, "unavailable")
        kinds = {(await juliet.take(lambda stanza: stanza["from"] == account.jid, "subscription stanzas"))["type"] for _ in range(2)}
        assert kinds == {"unsubscribe", "unsubscribed"}
        await asyncio.wait_for(romeo.is_over.wait(), TIMEOUT)
        await fail_to_log_in(server, account)
        await juliet.rest()
        assert await juliet.roster_items() == {account.jid: roster_entry(account.jid, "none")}


async def fail_to_log_in(server, account):
    with pytest.raises(LoginFailed):
        # Without a choice slixmpp would come in as somebody anonymous.
        async with Person(server, account, mechanism="PLAIN"):
            pass


def test_removal_ends_all_sessions_of_the_account(server):
    """XEP-0077 §3.2: after the answer."""
    (account,) = server.new_accounts(1)
    with bound(server, account) as one, bound(server, account) as other:
        one.send("<iq type='set' id='remove'><query xmlns='jabber:iq:register'><remove/></query></iq>")
        one.expect(CLIENT + "iq", type="result", id="remove")
        for stream in (one, other):
            stream.expect_stream_error("not-authorized")


async def test_who_takes_a_removed_name_inherits_nothing(registrar):
    async with people(registrar, 2) as (romeo, juliet):
        await befriend(romeo, juliet)
        account = romeo.account
        await romeo["xep_0054"].publish_vcard(romeo["xep_0054"].make_vcard())
        await romeo.command("<query xmlns='jabber:iq:private'><secret xmlns='urn:example:secret'>mine</secret></query>")
        await romeo["xep_0191"].block("spammer@example")
        await romeo["xep_0077"].cancel_registration(timeout=TIMEOUT)
        await asyncio.wait_for(romeo.is_over.wait(), TIMEOUT)
        await juliet.rest()
        async with Newcomer(registrar, Account(account.jid, "another one")) as heir:
            assert await heir.roster_items() == {}
            assert await heir.rest(after=juliet) == []
            reply = await heir.query(None, "<query xmlns='jabber:iq:private'><secret xmlns='urn:example:secret'/></query>")
            assert not reply.xml.findtext(".//{urn:example:secret}secret")
            blocked = await heir["xep_0191"].get_blocked()
            assert blocked.xml.find(".//{urn:xmpp:blocking}item") is None
            assert f"presence available from {heir.full}" not in await juliet.rest(after=heir)
