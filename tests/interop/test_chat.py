"""The main job: third-party clients log in and talk to each other."""

import json

import pytest

from clients import Slixmpp, XmppJs, go_sendxmpp
from xmppchat import wait_until

BODIES = {
    "ascii": "Hello, <world> & everybody's \"friends\"",
    "unicode": "Grüße, 世界! مرحبا 👩‍👩‍👧‍👦 \U0001f422 e\u0301",
    "lines": "one\ntwo\n\tthree  ",
    "64KB": "All work and no play. " * 2979,
}
DIRECT = pytest.mark.parametrize("direct", [False, True], ids=["starttls", "direct-tls"])


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@DIRECT
async def test_slixmpp_and_xmpp_js_talk(server, romeo, juliet, direct, body):
    async with Slixmpp(server, romeo, direct=direct) as slix, XmppJs(server, juliet, direct=direct) as js:
        slix.chat(js.jid, body)
        assert await js.event() == {"from": slix.boundjid.full, "body": body}
        await js.command(to=slix.boundjid.full, body=body)
        message = await slix.expect_message()
        assert (message["from"], message["body"], message["type"]) == (js.jid, body, "chat")


@DIRECT
async def test_go_sendxmpp_reaches_xmpp_js_and_slixmpp(server, romeo, juliet, direct):
    async with Slixmpp(server, romeo) as slix:
        code, said = await go_sendxmpp(server, juliet, romeo.jid, BODIES["unicode"], direct=direct)
        assert code == 0, said
        message = await slix.expect_message()
        assert (message["from"].bare, message["body"].strip()) == (juliet.jid, BODIES["unicode"])
    async with XmppJs(server, romeo) as js:
        code, said = await go_sendxmpp(server, juliet, romeo.jid, "Hello from Go", direct=direct)
        assert code == 0, said
        assert (await js.event())["body"].strip() == "Hello from Go"


async def test_go_sendxmpp_says_so_when_the_password_is_wrong(server, romeo, juliet):
    code, said = await go_sendxmpp(server, type(juliet)(juliet.jid, "wrong"), romeo.jid, "Hi")
    assert code != 0 and "auth" in said.lower(), said


async def test_xmpp_js_pings_the_server(server, juliet):
    async with XmppJs(server, juliet) as js:
        await js.command(ping=juliet.host)
        assert await js.event() == {"pong": juliet.host}


async def test_a_conversation_stays_in_order(server, romeo, juliet):
    async with Slixmpp(server, romeo) as slix, XmppJs(server, juliet) as js:
        for number in range(200):
            slix.chat(js.jid, f"{number}")
        assert [(await js.event())["body"] for _ in range(200)] == [f"{number}" for number in range(200)]


async def test_all_resources_with_a_priority_that_is_not_negative_get_a_message_to_the_account(server, romeo):
    account = server.add_user()
    async with (
        Slixmpp(server, romeo) as sender,
        Slixmpp(server, account, resource="desk", priority=1) as desk,
        Slixmpp(server, account, resource="phone", priority=127) as phone,
        Slixmpp(server, account, resource="bot", priority=-1) as bot,
    ):
        sender.chat(account.jid, "for all")
        assert (await desk.expect_message())["body"] == "for all"
        assert (await phone.expect_message())["body"] == "for all"
        sender.chat(bot.boundjid.full, "for one")
        assert (await bot.expect_message())["body"] == "for one"


async def test_resources_of_an_account_see_each_other(server):
    account = server.add_user()
    async with Slixmpp(server, account, resource="first", priority=3) as first:
        async with Slixmpp(server, account, resource="second") as second:
            await first.expect_presence(lambda presence: presence["from"] == second.boundjid)
            seen = await second.expect_presence(lambda presence: presence["from"] == first.boundjid)
            assert seen["priority"] == 3
            second.send_presence(pshow="away", pstatus="Mittagessen")
            seen = await first.expect_presence(lambda presence: presence["from"] == second.boundjid and presence["status"])
            assert (seen["show"], seen["status"]) == ("away", "Mittagessen")
            gone = second.boundjid.full
        await first.expect_presence(lambda presence: presence["from"] == gone and presence["type"] == "unavailable")


async def test_a_client_that_is_killed_is_there_until_it_is_given_up(server):
    """@xmpp/client could come back (XEP-0198), so its session waits, here for an administrator to end it."""
    account = server.add_user()

    def connection(jid):
        sessions = json.loads(server.ctl("session", "list", account.jid, "--json"))
        return next((session["connection"] for session in sessions if session["jid"] == jid), None)

    async with Slixmpp(server, account) as slix, XmppJs(server, account) as js:
        await slix.expect_presence(lambda presence: presence["from"] == js.jid)
        assert connection(js.jid).lower() == "resumable"
        js.process.kill()
        wait_until(lambda: connection(js.jid).lower() == "away", "the server has noticed")
        server.ctl("session", "kick", js.jid)
        await slix.expect_presence(lambda presence: presence["from"] == js.jid and presence["type"] == "unavailable")
