"""Rooms (XEP-0045) with slixmpp and @xmpp/client: what people do in them, from making one to its end."""

import contextlib
import hashlib
import secrets

import pytest
import slixmpp
from slixmpp.exceptions import IqError

from clients import XmppJs
from people import Person, refusal
from xmppchat import TIMEOUT

MUC_USER = "{http://jabber.org/protocol/muc#user}"


class Occupant(Person):
    """Somebody with a client for rooms."""

    def __init__(self, server, account, **options):
        super().__init__(server, account, **options)
        for plugin in ("xep_0045", "xep_0249", "xep_0059", "xep_0297", "xep_0313", "xep_0333", "xep_0359", "xep_0421", "xep_0425"):
            self.register_plugin(plugin)

    @property
    def muc(self):
        return self["xep_0045"]

    async def enter(self, room, nick, **options):
        """The own presence, the subject, who else is there, and the history."""
        presence, subject, _, history = await self.muc.join_muc_wait(room, nick, timeout=TIMEOUT, **options)
        others = [nick for nick in self.muc.get_roster(room) if nick != presence["from"].resource]
        self._inbox = [stanza for stanza in self._inbox if stanza["from"].bare != room]
        return presence, subject["subject"], others, [message["body"] for message in history]

    async def refused(self, room, nick, password=""):
        """The condition with which it is not let in."""
        presence = self.make_presence(pto=f"{room}/{nick}")
        presence["muc_join"]["password"] = password
        presence.send()
        return await self.condition(f"{room}/{nick}")

    async def condition(self, sender):
        """The one of the error that comes from there."""
        error = await self.take(lambda stanza: stanza["from"] == sender and stanza["type"] == "error", f"an error from {sender}")
        return error["error"]["condition"]

    def say(self, room, body):
        self.send_message(mto=room, mbody=body, mtype="groupchat")

    async def hears(self, occupant, body):
        message = await self.expect_message(occupant, body)
        assert message["type"] == "groupchat"
        return message

    async def configure(self, room, **values):
        form = await self.muc.get_room_config(room, timeout=TIMEOUT)
        fields = form.get_fields()
        for name, value in values.items():
            # Prosody has a password for whether there is one, too.
            if (field := f"muc#roomconfig_{name}") in fields or name != "passwordprotectedroom":
                fields[field]["value"] = value
        await self.muc.set_room_config(room, form, timeout=TIMEOUT)


@contextlib.asynccontextmanager
async def gathered(server, *nicks, room=None):
    """A room and people in it under these nicks, who have seen each other; the first is its owner."""
    room = room or new_room()
    async with contextlib.AsyncExitStack() as stack:
        occupants = []
        for nick, account in zip(nicks, server.new_accounts(len(nicks))):
            occupant = await stack.enter_async_context(Occupant(server, account))
            await occupant.enter(room, nick)
            if not occupants:
                await occupant.configure(room)
            for other in occupants:
                await other.expect_presence_from(f"{room}/{nick}")
            # The configuration of a room that has just been made: nobody looks at what it says of it.
            occupant._inbox = [stanza for stanza in occupant._inbox if stanza["from"].bare != room]
            occupants.append(occupant)
        yield room, *occupants


def new_room():
    return f"room-{secrets.token_hex(4)}@conference.localhost"


def codes(stanza):
    return {int(status.get("code")) for status in stanza.xml.iter(f"{MUC_USER}status")}


def item(presence):
    return presence.xml.find(f"{MUC_USER}x/{MUC_USER}item")


async def test_the_service_is_found_and_says_what_it_can(server):
    (account,) = server.new_accounts(1)
    async with Occupant(server, account) as romeo:
        items = await romeo["xep_0030"].get_items(jid="localhost", timeout=TIMEOUT)
        assert "conference.localhost" in [jid for jid, _, _ in items["disco_items"]["items"]]
        info = (await romeo["xep_0030"].get_info(jid="conference.localhost", timeout=TIMEOUT))["disco_info"]
        assert ("conference", "text") in [identity[:2] for identity in info["identities"]]
        assert "http://jabber.org/protocol/muc" in info["features"]


async def test_a_room_for_members_with_a_password(server):
    """Made, configured, refused to strangers, and open for whom an invitation came with its password."""
    room, (one, two) = new_room(), server.new_accounts(2)
    async with Occupant(server, one) as romeo, Occupant(server, two) as juliet:
        presence, subject, others, _ = await romeo.enter(room, "Romeo")
        assert {110, 201} <= codes(presence) and (subject, others) == ("", [])
        assert (item(presence).get("affiliation"), item(presence).get("role")) == ("owner", "moderator")
        await romeo.configure(
            room, roomname="Verona", membersonly=True, passwordprotectedroom=True, roomsecret="balcony", persistentroom=True
        )
        info = (await juliet["xep_0030"].get_info(jid=room, timeout=TIMEOUT))["disco_info"]
        assert {"muc_membersonly", "muc_passwordprotected", "muc_persistent"} <= set(info["features"])
        assert info["identities"].pop()[3] == "Verona"

        assert await juliet.refused(room, "Juliet", password="balcony") == "registration-required"
        romeo.muc.invite(room, juliet.bare, "Come!")
        invitation = await juliet.take(
            lambda stanza: isinstance(stanza, slixmpp.Message) and stanza.xml.find(f"{MUC_USER}x/{MUC_USER}invite") is not None,
            "an invitation",
        )
        assert invitation["from"] == room
        invite = invitation.xml.find(f"{MUC_USER}x/{MUC_USER}invite")
        assert invite.get("from") in (romeo.full, romeo.bare, f"{room}/Romeo") and invite.findtext(f"{MUC_USER}reason") == "Come!"
        # §7.8.2: who is invited becomes a member, and is told the password.
        password = invitation.xml.findtext(f"{MUC_USER}x/{MUC_USER}password")
        assert password == "balcony"
        assert await romeo.muc.get_affiliation_list(room, "member", timeout=TIMEOUT) == [juliet.bare]
        assert await juliet.refused(room, "Juliet") == "not-authorized"
        presence, _, others, _ = await juliet.enter(room, "Juliet", password=password)
        assert others == ["Romeo"] and item(presence).get("affiliation") == "member"
        seen = await romeo.take(
            lambda stanza: stanza["from"] == f"{room}/Juliet" and isinstance(stanza, slixmpp.Presence), "Juliet's presence"
        )
        assert item(seen).get("jid") == juliet.full


async def test_everybody_hears_the_same_in_the_same_order_and_who_comes_later_reads_it(server):
    async with gathered(server, "Romeo", "Juliet") as (room, romeo, juliet):
        romeo.muc.set_subject(room, "Of love")
        for person in (romeo, juliet):
            assert (await person.expect_message(f"{room}/Romeo"))["subject"] == "Of love"
        for number in range(20):
            romeo.say(room, f"r{number}")
            juliet.say(room, f"j{number}")
        heard = [[(await person.expect_message())["body"] for _ in range(40)] for person in (romeo, juliet)]
        assert heard[0] == heard[1]
        assert [body for body in heard[0] if body[0] == "r"] == [f"r{number}" for number in range(20)]
        (account,) = server.new_accounts(1)
        async with Occupant(server, account) as mercutio:
            _, subject, others, history = await mercutio.enter(room, "Mercutio", maxstanzas=10)
            assert (subject, sorted(others), history) == ("Of love", ["Juliet", "Romeo"], heard[0][-10:])
            await romeo.expect_presence_from(f"{room}/Mercutio")


async def test_nicks(server):
    async with gathered(server, "Romeo", "Juliet") as (room, romeo, juliet):
        juliet.send_presence(pto=f"{room}/Romeo")
        assert await juliet.condition(f"{room}/Romeo") == "conflict"
        juliet.send_presence(pto=f"{room}/Capulet")
        for person, expected in ((juliet, {110, 303}), (romeo, {303})):
            left = await person.expect_presence_from(f"{room}/Juliet", "unavailable")
            assert codes(left) == expected and item(left).get("nick") == "Capulet"
            await person.expect_presence_from(f"{room}/Capulet")


async def test_private_messages(server):
    async with gathered(server, "Romeo", "Juliet", "Mercutio") as (room, romeo, juliet, mercutio):
        romeo.chat(f"{room}/Juliet", "Only for you")
        message = await juliet.expect_message(f"{room}/Romeo", "Only for you")
        assert message["type"] == "chat"
        romeo.say(room, "For all")
        await mercutio.hears(f"{room}/Romeo", "For all")
        romeo.chat(f"{room}/Nobody", "Hello?")
        assert await romeo.condition(f"{room}/Nobody") == "item-not-found"


async def test_a_kick_and_a_ban(server):
    async with gathered(server, "Romeo", "Juliet", "Tybalt") as (room, romeo, juliet, tybalt):
        assert (await refusal(juliet.muc.set_role(room, "Tybalt", "none", timeout=TIMEOUT)))[0] in ("forbidden", "not-allowed")
        await romeo.muc.set_role(room, "Tybalt", "none", reason="A fight", timeout=TIMEOUT)
        for person in (tybalt, juliet, romeo):
            left = await person.expect_presence_from(f"{room}/Tybalt", "unavailable")
            assert 307 in codes(left) and (110 in codes(left)) == (person is tybalt)
            assert item(left).findtext(f"{MUC_USER}reason") == "A fight"
        await tybalt.enter(room, "Tybalt")
        for person in (juliet, romeo):
            await person.expect_presence_from(f"{room}/Tybalt")

        await romeo.muc.set_affiliation(room, "outcast", jid=tybalt.bare, reason="Another", timeout=TIMEOUT)
        for person in (tybalt, juliet, romeo):
            left = await person.expect_presence_from(f"{room}/Tybalt", "unavailable")
            assert 301 in codes(left) and item(left).get("affiliation") == "outcast"
        assert await tybalt.refused(room, "Tybalt") == "forbidden"
        assert await romeo.muc.get_affiliation_list(room, "outcast", timeout=TIMEOUT) == [tybalt.bare]
        assert (await refusal(juliet.muc.get_affiliation_list(room, "outcast", timeout=TIMEOUT)))[0] == "forbidden"


@pytest.mark.prosody_differs("0.12 takes the first item only")
async def test_affiliations_in_one_go(server):
    async with gathered(server, "Romeo", "Juliet") as (room, romeo, juliet):
        await romeo.muc.send_affiliation_list(
            room, [(juliet.bare, "admin"), ("nurse@localhost", "member"), ("paris@localhost", "outcast")], timeout=TIMEOUT
        )
        changed = await juliet.expect_presence_from(f"{room}/Juliet")
        assert (item(changed).get("affiliation"), item(changed).get("role")) == ("admin", "moderator")
        lists = {"owner": romeo.bare, "admin": juliet.bare, "member": "nurse@localhost", "outcast": "paris@localhost"}
        for affiliation, jid in lists.items():
            assert await romeo.muc.get_affiliation_list(room, affiliation, timeout=TIMEOUT) == [jid]
        # Who is an admin makes nobody one.
        refused = await refusal(juliet.muc.set_affiliation(room, "admin", jid="nurse@localhost", timeout=TIMEOUT))
        assert refused[0] in ("not-allowed", "forbidden")


async def test_whether_one_is_still_there(server):
    """XEP-0410."""
    async with gathered(server, "Romeo", "Juliet") as (room, romeo, juliet):
        await juliet["xep_0199"].send_ping(f"{room}/Juliet", timeout=TIMEOUT)
        juliet.muc.leave_muc(room, "Juliet")
        for person in (juliet, romeo):
            await person.expect_presence_from(f"{room}/Juliet", "unavailable")
        with pytest.raises(IqError) as refused:
            await juliet["xep_0199"].send_ping(f"{room}/Juliet", timeout=TIMEOUT)
        assert refused.value.condition == "not-acceptable"


@pytest.mark.prosody_differs("0.12 keeps what is said in rooms with a further module only")
async def test_who_comes_back_reads_in_the_archive_what_was_said_meanwhile(server):
    async with gathered(server, "Romeo", "Juliet") as (room, romeo, juliet):
        romeo.say(room, "before")
        for person in (romeo, juliet):
            await person.hears(f"{room}/Romeo", "before")
        juliet.muc.leave_muc(room, "Juliet")
        for person in (juliet, romeo):
            await person.expect_presence_from(f"{room}/Juliet", "unavailable")
        for number in range(3):
            romeo.say(room, f"meanwhile {number}")
            await romeo.hears(f"{room}/Romeo", f"meanwhile {number}")

        _, _, _, history = await juliet.enter(room, "Juliet", maxstanzas=0)
        assert history == []
        said = [message async for message in juliet["xep_0313"].iterate(jid=room, rsm={"max": 2})]
        bodies = [message["mam_result"]["forwarded"]["stanza"]["body"] for message in said]
        assert bodies == ["before", "meanwhile 0", "meanwhile 1", "meanwhile 2"]
        assert {message["mam_result"]["forwarded"]["stanza"]["from"] for message in said} == {f"{room}/Romeo"}


@pytest.mark.prosody_differs("0.12 has these with further modules only")
async def test_occupants_are_known_and_a_moderator_takes_a_message_away(server):
    """XEP-0421, 0359, 0333 and 0425, the last as slixmpp has it: of version 0.2."""
    async with gathered(server, "Romeo", "Juliet") as (room, romeo, juliet):
        juliet.say(room, "Nonsense")
        said = await romeo.hears(f"{room}/Juliet", "Nonsense")
        assert said["occupant-id"]["id"] and said["stanza_id"]["by"] == room
        romeo["xep_0333"].send_marker(slixmpp.JID(f"{room}/Juliet"), said["stanza_id"]["id"], "displayed")
        with pytest.raises(IqError) as refused:
            await juliet["xep_0425"].moderate(slixmpp.JID(room), said["stanza_id"]["id"], timeout=TIMEOUT)
        assert refused.value.condition == "forbidden"
        await romeo["xep_0425"].moderate(slixmpp.JID(room), said["stanza_id"]["id"], "Not here", timeout=TIMEOUT)
        told = await juliet.take(
            lambda stanza: stanza.name == "message" and stanza["apply_to"]["moderated"]["by"] == f"{room}/Romeo", "a message that is gone"
        )
        assert told["apply_to"]["id"] == said["stanza_id"]["id"] and told["apply_to"]["moderated"]["reason"] == "Not here"
        juliet.say(room, "Sense")
        assert (await romeo.hears(f"{room}/Juliet", "Sense"))["occupant-id"]["id"] == said["occupant-id"]["id"]


@pytest.mark.prosody_differs("0.12 has no pictures of rooms without a further module")
async def test_a_room_has_a_picture(server):
    """XEP-0486."""
    picture = b"\x89PNG a tower"
    async with gathered(server, "Romeo", "Juliet") as (room, romeo, juliet):
        card = romeo["xep_0054"].make_vcard()
        card["PHOTO"]["TYPE"], card["PHOTO"]["BINVAL"] = "image/png", picture
        await romeo["xep_0054"].publish_vcard(card, jid=room, timeout=TIMEOUT)
        await juliet.take(lambda stanza: stanza.name == "message" and 104 in codes(stanza), "word of another configuration")
        found = await juliet["xep_0054"].get_vcard(jid=room, timeout=TIMEOUT)
        assert found["vcard_temp"]["PHOTO"]["BINVAL"] == picture
        info = (await juliet["xep_0030"].get_info(jid=room, timeout=TIMEOUT))["disco_info"]
        assert hashlib.sha1(picture).hexdigest() in info.xml.itertext()
        assert (await refusal(juliet["xep_0054"].publish_vcard(card, jid=room, timeout=TIMEOUT)))[0] == "forbidden"


async def test_the_end_of_a_room(server):
    async with gathered(server, "Romeo", "Juliet") as (room, romeo, juliet):
        assert (await refusal(juliet.muc.destroy(room, timeout=TIMEOUT)))[0] == "forbidden"
        venue = new_room()
        await romeo.muc.destroy(room, "The end", venue, timeout=TIMEOUT)
        for person, nick in ((juliet, "Juliet"), (romeo, "Romeo")):
            left = await person.expect_presence_from(f"{room}/{nick}", "unavailable")
            destroy = left.xml.find(f"{MUC_USER}x/{MUC_USER}destroy")
            assert destroy.get("jid") == venue and destroy.findtext(f"{MUC_USER}reason") == "The end"
        assert (await refusal(juliet["xep_0030"].get_info(jid=room, timeout=TIMEOUT)))[0] == "item-not-found"


async def test_xmpp_js_talks_in_a_room(server):
    async with gathered(server, "Romeo") as (room, romeo):
        (account,) = server.new_accounts(1)
        async with XmppJs(server, account) as juliet:
            await juliet.command(join=f"{room}/Juliet")
            joined = await juliet.event_of("joined")
            assert joined == {"joined": f"{room}/Juliet", "others": [f"{room}/Romeo"], "codes": ["110"]}
            await romeo.expect_presence_from(f"{room}/Juliet")
            await juliet.command(to=room, body="Ay me!", type="groupchat")
            await romeo.hears(f"{room}/Juliet", "Ay me!")
            assert await juliet.event_of("body") == {"from": f"{room}/Juliet", "body": "Ay me!"}
            romeo.say(room, "She speaks!")
            assert await juliet.event_of("body") == {"from": f"{room}/Romeo", "body": "She speaks!"}
