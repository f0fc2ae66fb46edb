"""Gajim and Profanity as people use them: they log in, become each other's contacts, and talk."""

import pytest

from desktop import Display, Gajim, Profanity
from raw import bound
from xmppchat import ROOT, wait_until

ARTIFACTS = ROOT / "artifacts"


@pytest.fixture
def accounts(server):
    return server.add_user(name="gajim"), server.add_user(name="profanity")


@pytest.fixture
def gajim(server, accounts):
    display = Display()
    gajim = Gajim(server, accounts[0], display)
    yield gajim
    gajim.close()
    display.close()


@pytest.fixture
def profanity(server, accounts, tmp_path_factory):
    profanity = Profanity(server, accounts[1], tmp_path_factory.mktemp("profanity"))
    yield profanity
    profanity.close()


def test_gajim_and_profanity_become_contacts_and_talk(gajim, profanity, accounts):
    gajims, profanitys = (account.jid for account in accounts)
    profanity.expect("logged in successfully")
    wait_until(gajim.is_online, "Gajim is online")

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
