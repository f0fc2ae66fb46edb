"""Gajim and Profanity as people use them: they log in, become each other's contacts, and talk, the two of them and in a room."""

import secrets

import pytest

from desktop import Display, Gajim, Profanity
from raw import bound
from xmppchat import ROOT, wait_until

ARTIFACTS = ROOT / "artifacts"


@pytest.fixture(scope="module")
def accounts(server):
    return server.add_user(name="gajim"), server.add_user(name="profanity")


@pytest.fixture(scope="module")
def gajim(server, accounts):
    display = Display()
    gajim = Gajim(server, accounts[0], display)
    wait_until(gajim.is_online, "Gajim is online")
    yield gajim
    gajim.close()
    display.close()


@pytest.fixture(scope="module")
def profanity(server, accounts, tmp_path_factory):
    profanity = Profanity(server, accounts[1], tmp_path_factory.mktemp("profanity"))
    profanity.expect("logged in successfully")
    yield profanity
    profanity.close()


def test_gajim_and_profanity_become_contacts_and_talk(gajim, profanity, accounts):
    gajims, profanitys = (account.jid for account in accounts)
    # Gajim asks, Profanity approves and asks back, Gajim approves by itself.
    gajim.subscribe(profanitys, "Profanity")
    profanity.expect(f"Received authorization request from {gajims}")
    profanity.type(f"/sub allow {gajims}")
    wait_until(lambda: gajim.contact(profanitys)["subscription"] == "to", "Gajim is subscribed")
    profanity.type(f"/sub request {gajims}")
    wait_until(lambda: gajim.contact(profanitys)["subscription"] == "both", "Profanity is subscribed")
    profanity.type(f"/roster nick {gajims} Gajim")
    profanity.type("/status set away Mittagessen")
    wait_until(lambda: "Mittagessen" in gajim.statuses(profanitys), "Gajim shows Profanity's status")
    contact = gajim.contact(profanitys)
    assert (contact["name"], contact["available"]) == ("Profanity", True)
    profanity.type("/roster")
    profanity.expect("Gajim")
    roster = profanity.screen()

    profanity.type(f"/msg {gajims}")
    gajim.open(profanitys)
    gajim.send(profanitys, "Grüße von Gajim")
    profanity.expect("Grüße von Gajim")
    profanity.type("Grüße von Profanity")
    wait_until(lambda: "Grüße von Profanity" in gajim.received(), "Gajim has the message")

    gajim.save_screenshot(ARTIFACTS / "gajim.png")
    (ARTIFACTS / "profanity.txt").write_text(roster + profanity.screen())


def test_gajim_and_profanity_in_a_room(gajim, profanity, accounts):
    room, profanitys = f"verona-{secrets.token_hex(2)}@conference.localhost", accounts[1].jid
    gajim.create_room(room, "Verona", "balcony")
    wait_until(lambda: gajim.occupants(room), "Gajim is in its room")
    gajims = gajim.own_nick(room)
    assert gajim.occupants(room) == {gajims: ["owner", "moderator"]}

    # Gajim makes whom it invites a member, and Profanity remembers the password that comes with the invitation.
    profanity.type("/win 1")
    gajim.invite(room, profanitys)
    profanity.expect(room)
    profanity.type(f"/join {room} nick Juliet")
    wait_until(lambda: gajim.occupants(room).get("Juliet") == ["member", "participant"], "Gajim shows Juliet")
    gajim.say(room, "Wer ist da?")
    profanity.expect("Wer ist da?")
    profanity.type("Ich bin's, Juliet")
    wait_until(lambda: ["Juliet", "Ich bin's, Juliet"] in gajim.heard(room), "Gajim hears Juliet")
    profanity.type("/nick Capulet")
    wait_until(lambda: "Capulet" in gajim.occupants(room) and "Juliet" not in gajim.occupants(room), "Gajim shows the new nick")
    gajim.change_nick(room, "Romeo")
    profanity.expect(f"{gajims} is now known as Romeo")
    gajim.save_screenshot(ARTIFACTS / "gajim-room.png")
    (ARTIFACTS / "profanity-room.txt").write_text(profanity.screen())

    gajim.kick(room, "Capulet", "A feud")
    profanity.expect("A feud")
    wait_until(lambda: list(gajim.occupants(room)) == ["Romeo"], "Gajim is alone")
    profanity.type(f"/join {room} nick Juliet password balcony")
    wait_until(lambda: "Juliet" in gajim.occupants(room), "Juliet is back")
    gajim.ban(room, profanitys)
    wait_until(lambda: list(gajim.occupants(room)) == ["Romeo"], "Gajim is alone again")


def test_gajim_catches_up_from_the_archive_with_what_was_said_while_it_was_away(server):
    account, friend = server.new_accounts(2)
    said = [f"number {number}" for number in range(120)]
    with bound(server, friend) as stream:
        stream.send("".join(f"<message to='{account.jid}' type='chat' id='{body}'><body>{body}</body></message>" for body in said))
        stream.ping()
    display = Display()
    gajim = Gajim(server, account, display)
    try:
        wait_until(gajim.is_online, "Gajim is online")
        wait_until(lambda: len(gajim.history(friend.jid)) >= len(said), "Gajim has all messages")
        # Each once, though they waited for it as offline messages, too.
        assert sorted(gajim.history(friend.jid)) == sorted(said)
    finally:
        gajim.close()
        display.close()
