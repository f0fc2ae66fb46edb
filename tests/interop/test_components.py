"""Users and a component (XEP-0114), both slixmpp's."""

import pytest
import slixmpp

from components import Component
from people import people
from xmppchat import TIMEOUT, free_port

DOMAIN, PRIVILEGED, SECRET = "echo.localhost", "privileged.localhost", "correct horse battery"


@pytest.fixture(scope="module")
def components(start):
    privileges = {"roster": "both", "rosterPush": False, "message": True}
    known = [{"domain": DOMAIN, "secret": SECRET, "name": "Echo"}, {"domain": PRIVILEGED, "secret": SECRET, "privileges": privileges}]
    return start("components", components={"port": free_port(), "list": known})


async def test_a_component_talks_with_a_user(components):
    async with Component(components, DOMAIN, SECRET) as echo, people(components, 1) as (romeo,):
        romeo.chat(f"anybody@{DOMAIN}/room", "is there anybody?")
        message = await echo.expect()
        assert (message["from"].full, message["to"].full, message["body"]) == (romeo.full, f"anybody@{DOMAIN}/room", "is there anybody?")

        echo.send_message(mfrom=f"anybody@{DOMAIN}/room", mto=romeo.full, mbody="anybody?", mtype="chat")
        await romeo.expect_message(f"anybody@{DOMAIN}/room", "anybody?")

        items = await romeo["xep_0030"].get_items(jid="localhost", timeout=TIMEOUT)
        assert (DOMAIN, None, "Echo") in items["disco_items"]["items"]
        assert "urn:xmpp:ping" in (await romeo["xep_0030"].get_info(jid=DOMAIN, timeout=TIMEOUT))["disco_info"]["features"]
        assert await echo["xep_0199"].ping("localhost", ifrom=DOMAIN, timeout=TIMEOUT) < TIMEOUT


async def test_users_and_a_component_subscribe_to_each_other(components):
    async with Component(components, DOMAIN, SECRET) as echo, people(components, 1) as (romeo,):
        romeo.send_presence(pto=f"friend@{DOMAIN}", ptype="subscribe")
        assert (await echo.expect())["type"] == "subscribe"
        echo.send_presence(pfrom=f"friend@{DOMAIN}", pto=romeo.bare, ptype="subscribed")
        echo.send_presence(pfrom=f"friend@{DOMAIN}/home", pto=romeo.bare, pshow="dnd")
        assert (await romeo.expect_presence_from(f"friend@{DOMAIN}/home"))["show"] == "dnd"

        echo.send_presence(pfrom=f"friend@{DOMAIN}", pto=romeo.bare, ptype="subscribe")
        await romeo.expect_presence_from(f"friend@{DOMAIN}", "subscribed")
        await romeo.expect_presence_from(f"friend@{DOMAIN}", "subscribe")
        romeo.send_presence(pto=f"friend@{DOMAIN}", ptype="subscribed")
        assert (await echo.expect())["type"] == "subscribed"
        presence = await echo.expect()
        assert (presence["type"], presence["from"].full) == ("available", romeo.full)


async def test_a_component_acts_in_the_name_of_users(components):
    agent = Component(components, PRIVILEGED, SECRET)
    agent.register_plugin("xep_0356")
    async with agent, people(components, 2) as (romeo, juliet):
        assert (await agent.expect())["from"] == "localhost"
        agent.server_host = "localhost"
        privileged = agent["xep_0356"]
        await privileged.set_roster(romeo.bare, {juliet.bare: {"name": "Juliet", "subscription": "none", "groups": []}}, timeout=TIMEOUT)
        await romeo.expect_push(juliet.bare, name="Juliet")
        assert (await privileged.get_roster(romeo.bare, timeout=TIMEOUT))["roster"]["items"][juliet.bare]["name"] == "Juliet"
        # Not the component's make_message, whose messages are of the component's namespace.
        message = slixmpp.Message()
        message["from"], message["to"], message["body"] = romeo.bare, juliet.full, "But soft!"
        privileged.send_privileged_message(message)
        await juliet.expect_message(romeo.bare, "But soft!")


@pytest.mark.parametrize(
    ("domain", "secret", "condition"), [(DOMAIN, "wrong", "not-authorized"), ("other.localhost", SECRET, "host-unknown")]
)
async def test_only_components_of_the_configuration_are_let_in(components, domain, secret, condition):
    with pytest.raises(ConnectionError, match=condition):
        async with Component(components, domain, secret):
            pass


async def test_a_component_is_let_in_once(components):
    async with Component(components, DOMAIN, SECRET):
        with pytest.raises(ConnectionError, match="conflict"):
            async with Component(components, DOMAIN, SECRET):
                pass
