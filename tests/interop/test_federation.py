"""Users of this server and of Prosody and ejabberd, which find each other by the DNS and know each other by certificates of one CA."""

import asyncio
import contextlib
import hashlib
import itertools
import json
import secrets
import subprocess
from xml.etree import ElementTree

import pytest

from federation import BOTH, DOMAIN, PEERS, federation, running
from nameserver import NameServer
from people import Person, Reader, refusal
from peers import S2S, S2S_TLS, Prosody, listens
from pki import Authority
from publisher import Publisher
from signedzone import SignedZone
from signedzone import installed as has_dnssec
from xmppchat import TIMEOUT, wait_until

MUC, VCARD, UPLOAD = "http://jabber.org/protocol/muc", "{vcard-temp}", "{urn:xmpp:http:upload:0}"
DEVICES = "eu.siacs.conversations.axolotl.devicelist"


@pytest.fixture(scope="module")
def dns():
    try:
        server = NameServer("127.0.66.53")
    except PermissionError:
        pytest.skip("the test needs port 53, where Prosody asks")
    yield server
    server.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The CA of all servers."""
    return Authority(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module", params=["openssl", "sslstream"])
def ours(request, dns, world, tmp_path_factory):
    options = {"usage": BOTH, "engine": request.param}
    with running(dns, world, tmp_path_factory.mktemp("ours"), f"federation-{request.param}", "127.0.66.1", **options) as server:
        yield server


@pytest.fixture(scope="module", params=PEERS)
def peer(request, dns, world, tmp_path_factory):
    kind, domain, address = PEERS[request.param]
    if not kind.installed:
        pytest.skip(f"{request.param} is not installed")
    server = kind(domain, address, tmp_path_factory.mktemp(request.param), world, dns).start()
    yield server
    server.stop()


@contextlib.asynccontextmanager
async def pair(ours, theirs, kind=Person):
    account = ours.add_user(host=DOMAIN)
    async with kind(ours, account) as juliet, kind(theirs, theirs.add_user()) as romeo:
        yield juliet, romeo


async def talk(juliet, romeo):
    juliet.chat(romeo.full, "Wherefore art thou?")
    await romeo.expect_message(juliet.full, "Wherefore art thou?")
    romeo.chat(juliet.full, "Here.")
    await juliet.expect_message(romeo.full, "Here.")


def links(ours, peer):
    return json.loads(ours.ctl("s2s", "list", peer.domain, "--json"))


def authorisations(ours, peer):
    """How each direction was authorised: (out, in)."""
    known = links(ours, peer)
    return tuple({link["authorizedBy"] for link in known if link["isIncoming"] == incoming} for incoming in (False, True))


async def test_users_talk(ours, peer):
    async with pair(ours, peer) as (juliet, romeo):
        await talk(juliet, romeo)
        for number in range(100):
            juliet.chat(romeo.full, str(number))
        for number in range(100):
            await romeo.expect_message(juliet.full, str(number))
    assert authorisations(ours, peer) == ({"EXTERNAL"}, {"EXTERNAL"})


async def test_users_of_all_servers_talk(tmp_path):
    """Those of the others too, which says that this is a federation."""
    if not all(kind.installed for kind, _, _ in PEERS.values()):
        pytest.skip("Prosody or ejabberd is not installed")
    with federation(tmp_path, "65") as servers:
        accounts = [server.add_user(host=server.domain) for server in servers]
        async with contextlib.AsyncExitStack() as stack:
            people = [await stack.enter_async_context(Person(*user)) for user in zip(servers, accounts, strict=True)]
            for juliet, romeo in itertools.combinations(people, 2):
                await talk(juliet, romeo)


async def test_contacts_see_each_other(ours, peer):
    async with pair(ours, peer) as (juliet, romeo):
        juliet.tell(romeo.bare, "subscribe")
        await romeo.expect_presence_from(juliet.bare, "subscribe")
        romeo.tell(juliet.bare, "subscribed")
        await juliet.expect_presence_from(romeo.bare, "subscribed")
        await juliet.expect_presence_from(romeo.full)
        romeo.tell(juliet.bare, "subscribe")
        await juliet.expect_presence_from(romeo.bare, "subscribe")
        juliet.tell(romeo.bare, "subscribed")
        await romeo.expect_presence_from(juliet.bare, "subscribed")
        await romeo.expect_presence_from(juliet.full)
        romeo.send_presence(pshow="away")
        assert (await juliet.expect_presence_from(romeo.full))["show"] == "away"
        await romeo.disconnect()
        await juliet.expect_presence_from(romeo.full, "unavailable")


async def test_rooms_of_either_side(ours, peer):
    async with pair(ours, peer) as (juliet, romeo):
        for host, guest, domain in ((juliet, romeo, DOMAIN), (romeo, juliet, peer.domain)):
            room = f"room{id(host)}@conference.{domain}"
            join(host, room, "host")
            await host.take(lambda stanza, room=room: stanza["from"] == f"{room}/host", "the own presence")
            await host.make_iq_set(sub=submission(), ito=room).send(timeout=TIMEOUT)
            join(guest, room, "guest")
            await guest.take(lambda stanza, room=room: stanza["from"] == f"{room}/guest", "the own presence")
            guest.send_message(mto=room, mbody="Hello", mtype="groupchat")
            for person in (host, guest):
                await person.take(
                    lambda stanza, room=room: stanza.name == "message" and stanza["from"] == f"{room}/guest" and stanza["body"] == "Hello",
                    "the message",
                )


async def test_each_side_keeps_what_was_said(ours, peer):
    async with pair(ours, peer, kind=Reader) as (juliet, romeo):
        await talk(juliet, romeo)
        said = ["Wherefore art thou?", "Here."]
        assert await juliet.read(with_jid=romeo.bare) == said
        # Others may keep it a little later.
        async with asyncio.timeout(TIMEOUT):
            while await romeo.read(with_jid=juliet.bare) != said:
                await romeo["xep_0199"].ping(peer.domain, timeout=TIMEOUT)


async def test_pictures_of_either_side(ours, peer):
    async with pair(ours, peer) as (juliet, romeo):
        for owner, other in ((juliet, romeo), (romeo, juliet)):
            card = owner["xep_0054"].make_vcard()
            card["FN"], card["PHOTO"]["TYPE"], card["PHOTO"]["BINVAL"] = owner.bare, "image/png", b"\x89PNG" + bytes(8_000)
            await owner["xep_0054"].publish_vcard(card, timeout=TIMEOUT)
            # Not by slixmpp's get_vcard, which answers out of its own cache.
            seen = (await other.query(owner.bare, "<vCard xmlns='vcard-temp'/>")).xml.find(f"{VCARD}vCard")
            assert seen.findtext(f"{VCARD}FN") == owner.bare
            assert "".join(seen.findtext(f"{VCARD}PHOTO/{VCARD}BINVAL").split()) == card.xml.findtext(f"{VCARD}PHOTO/{VCARD}BINVAL")


# What is published is the same with either TLS engine.
@pytest.mark.parametrize("ours", ["openssl"], indirect=True)
async def test_what_is_published_on_either_side_is_for_who_may_and_wants(ours, peer):
    wants = ["urn:wanted"]
    # The second is Prosody's.
    refusals = ("not-authorized", "auth"), ("forbidden", "auth")
    accounts = ours.add_user(host=DOMAIN), peer.add_user()
    async with Publisher(ours, accounts[0], wants) as juliet, Publisher(peer, accounts[1], wants) as romeo:
        directions = (juliet, romeo), (romeo, juliet)
        for owner, other in directions:
            await owner.publish("urn:wanted", "<a xmlns='urn:wanted'>0</a>")
            assert await refusal(other.items(owner.bare, "urn:wanted")) in refusals
            # OMEMO's lists and keys are for everybody.
            await owner.publish(DEVICES, "<list xmlns='eu.siacs.conversations.axolotl'><device id='31415'/></list>", access_model="open")
            assert (await other.items(owner.bare, DEVICES))["current"][0].get("id") == "31415"
        for owner, other in directions:
            other.tell(owner, "subscribe")
            await owner.expect_presence_from(other.bare, "subscribe")
            owner.tell(other, "subscribed")
            await other.expect_presence_from(owner.bare, "subscribed")
        # What there is already comes with presence, which says what is wanted.
        assert (await romeo.expect_event("urn:wanted", juliet.bare))[0].text == "0"
        for owner, other in directions:
            await owner.publish("urn:unwanted", "<a xmlns='urn:unwanted'/>")
            await publish_until_told(owner, other, "1")
            assert "urn:unwanted" not in await other.events(of=owner)

    for owner, other in ((0, 1), (1, 0)):
        servers = ours, peer
        async with Publisher(servers[owner], accounts[owner]) as publisher:
            await publisher.publish("urn:wanted", "<a xmlns='urn:wanted'>2</a>")
            # What one has missed comes with presence.
            async with Publisher(servers[other], accounts[other], wants) as late:
                assert (await late.expect_event("urn:wanted", publisher.bare))[0].text == "2"

    async with Publisher(ours, accounts[0], wants) as juliet, Publisher(peer, accounts[1], wants) as romeo:
        for owner, other in ((juliet, romeo), (romeo, juliet)):
            await other.expect_event("urn:wanted", owner.bare)
            owner.tell(other, "unsubscribed")
            await other.expect_presence_from(owner.bare, "unsubscribed")
            assert await refusal(other.items(owner.bare, "urn:wanted")) in refusals
            await owner.publish("urn:wanted", "<a xmlns='urn:wanted'>3</a>")
            assert await other.events(of=owner) == []


@pytest.mark.parametrize("ours", ["openssl"], indirect=True)
async def test_what_is_published_at_our_service_is_for_people_elsewhere(ours, peer):
    service, node = f"pubsub.{DOMAIN}", f"news-{secrets.token_hex(2)}"
    async with Publisher(ours, ours.add_user(host=DOMAIN)) as juliet, Publisher(peer, peer.add_user()) as romeo:
        await juliet["xep_0060"].create_node(service, node, timeout=TIMEOUT)
        await romeo["xep_0060"].subscribe(service, node, timeout=TIMEOUT)
        await juliet.publish(node, "<a xmlns='urn:news'>0</a>", at=service)
        assert (await romeo.expect_event(node, service))[0].text == "0"
        assert (await romeo.items(service, node))["current"].text == "0"

        assert await refusal(romeo.publish(node, "<a xmlns='urn:news'>1</a>", at=service)) == ("forbidden", "auth")
        await juliet["xep_0060"].modify_affiliations(service, node, [(romeo.bare, "publisher")], timeout=TIMEOUT)
        await romeo.publish(node, "<a xmlns='urn:news'>1</a>", at=service)
        assert (await romeo.expect_event(node, service))[0].text == "1"

        await romeo["xep_0060"].unsubscribe(service, node, timeout=TIMEOUT)
        await juliet.publish(node, "<a xmlns='urn:news'>2</a>", at=service)
        # The last one comes with the subscription, and only with that.
        await romeo["xep_0060"].subscribe(service, node, timeout=TIMEOUT)
        assert (await romeo.expect_event(node, service))[0].text == "2"
        await juliet.publish(node, "<a xmlns='urn:news'>3</a>", at=service)
        assert (await romeo.expect_event(node, service))[0].text == "3"


async def publish_until_told(owner, other, text):
    """A server that hasn't learnt yet what somebody wants, which presence says, tells them nothing."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            other.send_presence()
            await owner.publish("urn:wanted", f"<a xmlns='urn:wanted'>{text}</a>")
            with contextlib.suppress(asyncio.TimeoutError):
                return await asyncio.wait_for(other.expect_event("urn:wanted", owner.bare), 1)


async def test_the_hash_of_a_picture_is_in_presence(ours, peer):
    async with pair(ours, peer) as (juliet, romeo):
        card = juliet["xep_0054"].make_vcard()
        card["PHOTO"]["TYPE"], card["PHOTO"]["BINVAL"] = "image/png", b"\x89PNG" + bytes(500)
        await juliet["xep_0054"].publish_vcard(card, timeout=TIMEOUT)
        juliet.send_presence(pto=romeo.full)
        presence = await romeo.expect_presence_from(juliet.full)
        expected = hashlib.sha1(b"\x89PNG" + bytes(500)).hexdigest()
        assert presence.xml.findtext("{vcard-temp:x:update}x/{vcard-temp:x:update}photo") == expected


async def test_a_file_is_fetched_by_who_gets_its_address(ours, peer):
    def curl(*arguments):
        command = ["curl", "--silent", "--show-error", "--fail", "--cacert", ours.ca, "--connect-to", "::127.0.0.1:", *arguments]
        return subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT).stdout

    async with pair(ours, peer) as (juliet, romeo):
        answer = await juliet.query(
            f"upload.{DOMAIN}", "<request xmlns='urn:xmpp:http:upload:0' filename='letter.txt' size='9' content-type='text/plain'/>"
        )
        put, get = (answer.xml.find(f"{UPLOAD}slot/{UPLOAD}{kind}").get("url") for kind in ("put", "get"))
        letter = ours.directory / "letter.txt"
        letter.write_text("But soft!")
        curl("--upload-file", letter, "-H", "Content-Type: text/plain", put)
        juliet.chat(romeo.full, get)
        assert curl((await romeo.expect_message(juliet.full))["body"]) == b"But soft!"


async def test_who_is_blocked_is_told_that_there_is_nobody(ours, peer):
    async with pair(ours, peer) as (juliet, romeo):
        await talk(juliet, romeo)
        await juliet["xep_0191"].block([romeo.bare], timeout=TIMEOUT)
        romeo.chat(juliet.full, "Art thou there?")
        await romeo.take(
            lambda stanza: stanza.name == "message" and stanza["type"] == "error" and stanza["from"].bare == juliet.bare, "the error"
        )
        assert await juliet.bodies(None) == []


async def test_connections_that_were_closed_are_made_again_and_nothing_comes_twice(ours, peer):
    async with pair(ours, peer) as (juliet, romeo):
        await talk(juliet, romeo)
        assert "Closed" in ours.ctl("s2s", "close", peer.domain)
        wait_until(lambda: all(link["address"] is None for link in links(ours, peer)), "the connections are closed")
        await talk(juliet, romeo)
        assert await romeo.bodies(juliet) == [] and await juliet.bodies(romeo) == []


def join(person, room, nick):
    presence = person.make_presence(pto=f"{room}/{nick}")
    presence.append(ElementTree.Element(f"{{{MUC}}}x"))
    presence.send()


def submission():
    query = ElementTree.Element(f"{{{MUC}#owner}}query")
    ElementTree.SubElement(query, "{jabber:x:data}x", type="submit")
    return query


async def test_requests_are_answered(ours, peer):
    async with pair(ours, peer) as (juliet, romeo):
        assert await juliet["xep_0199"].ping(peer.domain, timeout=TIMEOUT) < TIMEOUT
        assert await romeo["xep_0199"].ping(DOMAIN, timeout=TIMEOUT) < TIMEOUT
        version = await juliet["xep_0092"].get_version(peer.domain, timeout=TIMEOUT)
        assert version["software_version"]["name"]


def test_the_diagnosis_finds_nothing(ours, peer):
    report = ours.ctl("s2s", "test", peer.domain)
    assert f"the certificate of {peer.domain} is valid" in report and "both directions work" in report, report


@pytest.mark.parametrize("name", PEERS)
async def test_dialback_where_the_certificate_is_wrong(name, dns, world, tmp_path):
    kind, domain, address = PEERS[name]
    if not kind.installed:
        pytest.skip(f"{name} is not installed")
    peer = kind(f"dialback.{domain}", address.replace("66", "67"), tmp_path / name, world, dns, certificate_of="wrong.example", secure=False)
    peer.ca = world.certificate
    with running(dns, world, tmp_path / "ours", f"federation-dialback-{name}", "127.0.67.1", dialback=[peer.domain]) as ours:
        peer.start()
        try:
            done = ours.ctl("s2s", "test", peer.domain, check=False)
            assert "is for wrong.example" in done and "both directions work" in done, done
            assert authorisations(ours, peer)[1] == {"dialback"}
        finally:
            peer.stop()


@pytest.mark.parametrize("name", PEERS)
def test_a_wrong_certificate_is_refused_and_the_reason_given(name, dns, world, tmp_path):
    kind, domain, address = PEERS[name]
    if not kind.installed:
        pytest.skip(f"{name} is not installed")
    peer = kind(f"wrong.{domain}", address.replace("66", "68"), tmp_path / name, world, dns, certificate_of="other.example")
    with running(dns, world, tmp_path / "ours", f"federation-wrong-{name}", "127.0.68.1") as ours:
        peer.start()
        try:
            done = ours.ctl("s2s", "test", peer.domain, check=False)
            assert "FAILED" in done and "other.example" in done, done
        finally:
            peer.stop()


@pytest.mark.parametrize("name", PEERS)
def test_an_expired_certificate_is_refused_and_the_reason_given(name, dns, world, tmp_path):
    kind, domain, address = PEERS[name]
    if not kind.installed:
        pytest.skip(f"{name} is not installed")
    peer = kind(f"expired.{domain}", address.replace("66", "70"), tmp_path / name, world, dns, days=-1)
    with running(dns, world, tmp_path / "ours", f"federation-expired-{name}", "127.0.70.1") as ours:
        peer.start()
        try:
            done = ours.ctl("s2s", "test", peer.domain, check=False)
            assert "FAILED" in done and "expired on" in done, done
        finally:
            peer.stop()


@pytest.mark.parametrize("name", PEERS)
def test_a_certificate_that_nobody_has_signed_is_refused(name, dns, world, tmp_path):
    kind, domain, address = PEERS[name]
    if not kind.installed:
        pytest.skip(f"{name} is not installed")
    peer = kind(f"selfsigned.{domain}", address.replace("66", "72"), tmp_path / name, world, dns)
    peer.certificate, peer.key = world.issue_by_itself(peer.domain)
    with running(dns, world, tmp_path / "ours", f"federation-selfsigned-{name}", "127.0.72.1") as ours:
        peer.start()
        try:
            done = ours.ctl("s2s", "test", peer.domain, check=False)
            assert "FAILED" in done and "is self-signed" in done, done
        finally:
            peer.stop()


@contextlib.contextmanager
def delegated(name, dns, world, directory, network, certificate=None):
    """This server and a peer whose certificate nobody but its own key has signed, and what secure DNS says of it (DANE)."""
    kind, domain, address = PEERS[name]
    if not kind.installed or not has_dnssec:
        pytest.skip(f"{name}, NSD or ldns is not installed")
    peer = kind(f"dane{network}.{domain}", address.replace("66", network), directory / name, world, dns)
    peer.certificate, peer.key = world.issue_by_itself(peer.domain)
    zone = SignedZone("example", f"127.0.{network}.53", directory / "zone")
    zone.serve(peer.domain, f"xmpp.{peer.domain}", peer.address, certificate or peer.certificate)
    zone.start()
    options = {"dane": True, "trustAnchors": str(zone.anchors), "dnsServers": [f"{zone.address}:{zone.port}"]}
    with running(
        dns, world, directory / "ours", f"federation-dane-{name}-{network}", f"127.0.{network}.1", BOTH, **options
    ) as ours:
        peer.start()
        peer.ca = peer.certificate  # Its own users know it by that.
        try:
            yield ours, peer
        finally:
            peer.stop()
            zone.stop()


@pytest.mark.parametrize("name", PEERS)
async def test_a_certificate_that_only_secure_dns_knows_is_good_in_both_directions(name, dns, world, tmp_path):
    with delegated(name, dns, world, tmp_path, "73") as (ours, peer):
        report = ours.ctl("s2s", "test", peer.domain)
        assert f"DNSSEC proves that xmpp.{peer.domain}, port {S2S}, is the domain's server; DANE: 3 1 1" in report, report
        assert f"the certificate of {peer.domain} is what the DNS says (DANE)" in report and "both directions work" in report, report
        async with pair(ours, peer) as (juliet, romeo):
            await talk(juliet, romeo)
        assert authorisations(ours, peer) == ({"EXTERNAL"}, {"EXTERNAL"})


@pytest.mark.parametrize("name", PEERS)
def test_another_certificate_than_secure_dns_says_is_refused(name, dns, world, tmp_path):
    with delegated(name, dns, world, tmp_path, "74", world.certificate) as (ours, peer):
        report = ours.ctl("s2s", "test", peer.domain, check=False)
        assert "FAILED" in report and "is not what the DNS says (DANE)" in report, report


@pytest.mark.parametrize("name", PEERS)
def test_direct_tls_and_nothing_else_in_both_directions(name, dns, world, tmp_path):
    kind, domain, address = PEERS[name]
    if not kind.installed:
        pytest.skip(f"{name} is not installed")
    peer = kind(f"direct.{domain}", address.replace("66", "69"), tmp_path / name, world, dns)
    with running(dns, world, tmp_path / "ours", f"federation-direct-{name}", "127.0.69.1", usage=BOTH) as ours:
        for host, where in ((peer.domain, peer.address), (DOMAIN, "127.0.69.1")):
            dns.records.pop(f"_xmpp-server._tcp.{host}")
            dns.serve(host, where, S2S_TLS, service="_xmpps-server")
        peer.start()
        wait_until(lambda: listens(peer.address, S2S_TLS), "the peer listens for Direct TLS")
        try:
            report = ours.ctl("s2s", "test", peer.domain)
            assert "Direct TLS" in report and "both directions work" in report, report
        finally:
            del dns.records[f"_xmpps-server._tcp.{DOMAIN}"]
            peer.stop()


@pytest.mark.parametrize("first", ["ours", "theirs"])
async def test_one_connection_for_both_directions(first, dns, world, tmp_path):
    if not Prosody.installed:
        pytest.skip("Prosody is not installed")
    peer = Prosody(f"bidi-{first}.example", "127.0.71.2", tmp_path / "prosody", world, dns, modules='"s2s_bidi"; ')
    with running(dns, world, tmp_path / "ours", f"federation-bidi-{first}", "127.0.71.1", bidi=True) as ours:
        peer.start()
        try:
            async with pair(ours, peer) as (juliet, romeo):
                writer, reader = (juliet, romeo) if first == "ours" else (romeo, juliet)
                # The second one comes when whoever has made the stream has enabled stream management.
                for text in ("Two households,", "both alike in dignity"):
                    writer.chat(reader.full, text)
                    await reader.expect_message(writer.full, text)
                await talk(reader, writer)
                (address,) = {link["address"] for link in links(ours, peer)} - {None}
                assert address.startswith(f"{peer.address}:{S2S}") == (first == "ours"), links(ours, peer)
                for number in range(100):
                    reader.chat(writer.full, str(number))
                for number in range(100):
                    await writer.expect_message(reader.full, str(number))
        finally:
            peer.stop()
