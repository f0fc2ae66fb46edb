"""Last activity (XEP-0012): for those only who may see the presence as well."""

from people import befriend, people, refusal


async def last(person, of):
    reply = await person.query(of, "<query xmlns='jabber:iq:last'/>")
    query = reply.xml.find("{jabber:iq:last}query")
    return int(query.get("seconds")), query.text or ""


async def test_the_last_activity_of_a_contact_who_is_there_is_now(server):
    async with people(server, 2) as (romeo, juliet):
        await befriend(romeo, juliet)
        assert (await last(romeo, juliet.bare))[0] == 0


async def test_the_last_activity_of_the_server_is_its_uptime(server):
    async with people(server, 1) as (romeo,):
        assert (await last(romeo, romeo.boundjid.domain))[0] >= 0


async def test_strangers_do_not_learn_the_last_activity(server):
    """XEP-0012 §4: only who is subscribed to the presence; "forbidden" for the others."""
    async with people(server, 2) as (romeo, juliet):
        assert await refusal(last(romeo, juliet.bare)) == ("forbidden", "auth")
