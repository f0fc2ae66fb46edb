"""Resource binding (RFC 6120 §7)."""

import pytest

from clients import Slixmpp
from raw import CLIENT, authenticated, bind_request, bound


async def test_without_a_wish_the_server_makes_a_resource(server, romeo):
    async with Slixmpp(server, romeo) as one, Slixmpp(server, romeo) as other:
        assert one.boundjid.resource and other.boundjid.resource
        assert one.boundjid != other.boundjid


async def test_a_client_gets_the_resource_that_it_wishes(server, romeo):
    async with Slixmpp(server, romeo, resource="Mantua Straße 🏛") as client:
        assert client.boundjid.full == f"{romeo.jid}/Mantua Straße 🏛"


async def test_a_newcomer_replaces_the_session_with_the_same_resource(server, romeo):
    async with Slixmpp(server, romeo, resource="same") as old:
        async with Slixmpp(server, romeo, resource="same") as new:
            await old.is_over.wait()
            assert old.stream_errors == ["conflict"]
            assert new.boundjid == f"{romeo.jid}/same"
            await new["xep_0199"].ping(romeo.host)


def test_the_replaced_stream_ends_in_good_order(server, romeo):
    with bound(server, romeo, "raw") as old, bound(server, romeo, "raw"):
        old.expect_stream_error("conflict")


def test_there_is_a_limit_to_the_sessions_of_an_account(strict_server):
    account = strict_server.add_user()
    with bound(strict_server, account, "one"), bound(strict_server, account, "two") as two:
        with authenticated(strict_server, account) as third:
            third.send(bind_request("three"))
            third.expect_stanza_error("resource-constraint")
            # §7.6.2.1: the stream goes on; and an old session may be replaced.
            third.send(bind_request("two"))
            third.expect(CLIENT + "iq", type="result")
            two.expect_stream_error("conflict")


@pytest.mark.parametrize("resource", ["\u200b" * 3, "x" * 1024], ids=["characters that are not allowed", "too long"])
def test_a_resource_that_is_none_is_a_bad_request(server, romeo, resource):
    with authenticated(server, romeo) as stream:
        stream.send(bind_request(resource))
        stream.expect_stanza_error("bad-request")
        stream.send(bind_request("fine"))
        stream.expect(CLIENT + "iq", type="result")


def test_a_session_is_there_until_its_connection_ends(server):
    account = server.add_user()
    with bound(server, account, "here") as stream:
        assert server.sessions(account.jid) == [stream.jid]
        stream.send("</stream:stream>")
        stream.expect_end()
    assert server.sessions(account.jid) == []


def test_old_clients_may_establish_a_session(server, romeo):
    """RFC 3921 §3, which means nothing any more."""
    with bound(server, romeo) as stream:
        stream.send("<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>")
        stream.expect(CLIENT + "iq", type="result", id="s")
