"""What the server says about itself and its accounts, as slixmpp asks: XEP-0030, 0092, 0115, 0199, 0202, 0478."""

import datetime

import pytest

from clients import Slixmpp
from raw import authenticated, opened

INFO, ITEMS = "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items"


@pytest.mark.parametrize("target", ["server", "account"])
async def test_server_and_own_account_answer_pings(server, romeo, target):
    async with Slixmpp(server, romeo) as client:
        to = romeo.host if target == "server" else romeo.jid
        assert await client["xep_0199"].send_ping(to) is not None


async def test_the_server_describes_itself(server, romeo):
    async with Slixmpp(server, romeo) as client:
        info = (await client["xep_0030"].get_info(romeo.host))["disco_info"]
        assert ("server", "im") in {identity[:2] for identity in info["identities"]}
        assert {INFO, ITEMS, "urn:xmpp:ping", "urn:xmpp:time", "jabber:iq:version"} <= info["features"]
        assert (await client["xep_0030"].get_items(romeo.host))["disco_items"]["items"] == {
            (f"conference.{romeo.host}", None, "Chat rooms"),
            (f"pubsub.{romeo.host}", None, "Publish-subscribe"),
        }


async def test_the_own_account_describes_itself(server, romeo):
    async with Slixmpp(server, romeo) as client:
        info = (await client["xep_0030"].get_info(romeo.jid))["disco_info"]
        assert ("account", "registered") in {identity[:2] for identity in info["identities"]}
        assert {INFO, ITEMS} <= info["features"]
        # XEP-0030 §4.1: its available resources.
        items = (await client["xep_0030"].get_items(romeo.jid))["disco_items"]["items"]
        assert {jid for jid, _, _ in items} == {client.boundjid.full}


async def test_everything_that_the_server_advertises_it_answers(server, romeo):
    """A feature that names a payload of an IQ has to be more than a name."""
    payloads = {"urn:xmpp:ping": "ping", "urn:xmpp:time": "time", "jabber:iq:version": "query", INFO: "query", ITEMS: "query"}
    async with Slixmpp(server, romeo) as client:
        for to in (romeo.host, romeo.jid):
            features = (await client["xep_0030"].get_info(to))["disco_info"]["features"]
            for feature in features & payloads.keys():
                reply = await client.query(to, f"<{payloads[feature]} xmlns='{feature}'/>")
                assert reply["type"] == "result"


async def test_the_capabilities_hash_is_that_of_the_description(server, romeo):
    """XEP-0115 §5.1 as slixmpp computes it, from the stream features and from the node that they name."""
    with authenticated(server, romeo) as stream:
        features = stream.features
    caps = features.find("{http://jabber.org/protocol/caps}c")
    assert caps.get("hash") == "sha-1"
    async with Slixmpp(server, romeo) as client:
        node = f"{caps.get('node')}#{caps.get('ver')}"
        info = (await client["xep_0030"].get_info(romeo.host, node=node))["disco_info"]
        assert client["xep_0115"].generate_verstring(info, "sha-1") == caps.get("ver")
        plain = (await client["xep_0030"].get_info(romeo.host))["disco_info"]
        assert plain["features"] == info["features"]


async def test_the_server_tells_its_name_and_version_and_nothing_of_its_system(server, romeo):
    async with Slixmpp(server, romeo) as client:
        version = (await client["xep_0092"].get_version(romeo.host))["software_version"]
        assert version["name"] == "XmppChat" and version["version"] and not version["os"]


async def test_the_server_tells_the_time(server, romeo):
    async with Slixmpp(server, romeo) as client:
        reply = await client["xep_0202"].get_entity_time(romeo.host)
        # Not reply["entity_time"]["utc"]: this slixmpp adds a second "Z".
        utc = datetime.datetime.fromisoformat(reply.xml.findtext("{urn:xmpp:time}time/{urn:xmpp:time}utc"))
        difference = utc - datetime.datetime.now(datetime.timezone.utc)
        assert abs(difference) < datetime.timedelta(seconds=30)


def test_the_limits_of_a_stream_are_advertised(strict_server):
    account = strict_server.add_user()
    with opened(strict_server, source="127.0.1.6") as stream:
        assert stream.features.findtext("{urn:xmpp:stream-limits:0}limits/{urn:xmpp:stream-limits:0}max-bytes") == "10000"
    with authenticated(strict_server, account) as stream:
        assert stream.features.findtext("{urn:xmpp:stream-limits:0}limits/{urn:xmpp:stream-limits:0}max-bytes") == "10000"
