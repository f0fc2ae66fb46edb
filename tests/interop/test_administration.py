"""Administration from a client (XEP-0050, XEP-0133), as slixmpp does it."""

import pytest

from clients import LoginFailed, Slixmpp
from raw import bound
from xmppchat import TIMEOUT, Account, Server

ADMIN, COMMANDS = "http://jabber.org/protocol/admin", "http://jabber.org/protocol/commands"


@pytest.fixture
def own_server(request, tmp_path):
    """A server that the bard administers, for one test."""
    server = Server(request.node.originalname, tmp_path, administrators=["bard@localhost"])
    try:
        yield server.start()
        server.stop()
    finally:
        server.kill()


class Administrator(Slixmpp):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        for plugin in ("xep_0004", "xep_0050"):
            self.register_plugin(plugin)

    async def listed(self, to="localhost"):
        """The nodes of the commands that it is offered."""
        items = await self["xep_0050"].get_commands(to)
        return {node for _, node, _ in items["disco_items"]["items"]}

    async def administer(self, command, **values):
        """Executes a command whose form is filled out with these values; gives the last answer."""
        node = f"{ADMIN}#{command}"
        asked = (await self["xep_0050"].send_command("localhost", node))["command"]
        assert asked["status"] == "executing"
        form = asked["form"]
        form.reply()
        form.set_values({"FORM_TYPE": ADMIN, **values})
        done = await self["xep_0050"].send_command("localhost", node, sessionid=asked["sessionid"], payload=form)
        assert done["command"]["status"] == "completed"
        return done["command"]


async def test_an_administrator_adds_a_user_who_then_logs_in(own_server):
    bard = own_server.add_user(name="bard")
    juliet = Account("juliet@localhost", "R0m30")
    async with Administrator(own_server, bard) as client:
        assert f"{ADMIN}#add-user" in await client.listed()
        assert f"{ADMIN}#add-user" in await client.listed(bard.jid)
        values = {"accountjid": juliet.jid, "password": juliet.password, "password-verify": juliet.password}
        await client.administer("add-user", **values)
        async with Administrator(own_server, juliet) as other:
            assert await other.listed() == set()
            online = await client.administer("get-online-users-list")
            assert online["form"]["values"]["onlineuserjids"] == [bard.jid, juliet.jid]
            await client.administer("disable-user", accountjids=[juliet.jid])
            await other.is_over.wait()
        with pytest.raises(LoginFailed):
            async with Slixmpp(own_server, juliet):
                pass


async def test_a_restart_begins_anew_in_the_same_process(own_server):
    bard = own_server.add_user(name="bard")
    process = own_server.process.pid
    own_server.options["hosts"] = ["localhost", "new.example"]
    own_server.write_config()
    async with Administrator(own_server, bard) as client:
        with bound(own_server, bard) as other:
            await client.administer("restart")
            other.expect_stream_error("system-shutdown")
        await client.is_over.wait()
    own_server.expect_start()
    assert own_server.process.pid == process
    there = own_server.add_user(host="new.example")
    async with Slixmpp(own_server, there) as client:
        await client["xep_0199"].ping("new.example")


async def test_a_shutdown_ends_the_process_well(own_server):
    bard = own_server.add_user(name="bard")
    async with Administrator(own_server, bard) as client:
        await client.administer("shutdown")
        await client.is_over.wait()
    assert own_server.process.wait(TIMEOUT) == 0
