"""The new authentication with @xmpp/client: SASL2 (XEP-0388), Bind 2 (XEP-0386), FAST (XEP-0484)."""

import uuid

import pytest

from clients import XmppJs
from people import people

FAST = "HT-SHA-256-NONE"


@pytest.mark.parametrize("direct", [False, True], ids=["starttls", "direct-tls"])
async def test_a_client_with_a_token_is_online_in_one_round_trip(server, direct):
    (account,) = server.new_accounts(1)
    agent = str(uuid.uuid4())
    async with XmppJs(server, account, direct=direct, agent=agent) as first:
        assert first.login["by"] == "SCRAM-SHA-1"
        assert first.token["mechanism"] == FAST
    async with XmppJs(server, account, direct=direct, agent=agent, token=first.token) as second:
        assert second.login["by"] == FAST
        assert second.login["sent"] == ["authenticate"]
        assert second.jid == first.jid
        await second.command(ping=account.host)
        assert await second.event_of("pong")


async def test_a_client_whose_connection_is_cut_resumes_in_one_round_trip(server):
    (account,) = server.new_accounts(1)
    async with people(server, 1) as (romeo,), XmppJs(server, account, agent=str(uuid.uuid4())) as juliet:
        for number in range(5):
            await juliet.command(cut=True)
            # It doesn't count the answers to its pings, so what came behind one and before the cut would come again.
            assert await juliet.event_of("cut")
            romeo.chat(account.jid, str(number))
            # The message follows the answer at once, and may be reported sooner.
            resumed = await juliet.event_of("resumed")
            assert (resumed["by"], resumed["sent"][0]) == (FAST, "authenticate")
            assert (await juliet.event_of("body"))["body"] == str(number)
            # It loses count of what it sent when it is cut off while it sends that again.
            await juliet.command(ping=account.host)
            assert await juliet.event_of("pong")


async def test_a_token_that_is_wrong_is_forgotten_and_the_password_used(server):
    (account,) = server.new_accounts(1)
    wrong = {"mechanism": FAST, "token": "wrong", "expiry": "2100-01-01T00:00:00Z"}
    async with XmppJs(server, account, agent=str(uuid.uuid4()), token=wrong) as client:
        assert client.login["by"] == "SCRAM-SHA-1"
        assert client.token["token"] != "wrong"
