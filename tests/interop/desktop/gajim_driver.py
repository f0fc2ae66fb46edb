"""Starts the installed Gajim, unchanged, and drives it from within: commands come as JSON lines, and so do the answers.

To be run as a script, by a user who isn't root. Its settings come in GAJIM_SETTINGS, as JSON: what to keep for the application and
for the one account.
"""

import json
import os
import sqlite3
import sys
import time
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, GdkPixbuf, GLib  # noqa: E402

ACCOUNT = "test"
LATER = object()


def prepare():
    """Writes the settings as Gajim would have after its first start."""
    import gajim.common.settings

    settings = json.loads(os.environ["GAJIM_SETTINGS"])
    directory = Path(os.environ["HOME"]) / ".config/gajim"
    directory.mkdir(parents=True)
    database = sqlite3.connect(directory / "settings.sqlite")
    database.executescript(gajim.common.settings.CREATE_SQL)
    database.execute("UPDATE settings SET settings = ? WHERE name = 'app'", (json.dumps(settings["application"]),))
    account = {"contact": {}, "group_chat": {}, "account": settings["account"]}
    plugins = {name: {"active": True} for name in settings.get("plugins", [])}
    database.execute("UPDATE settings SET settings = ? WHERE name = 'plugins'", (json.dumps(plugins),))
    database.execute("INSERT INTO account_settings VALUES (?, ?)", (ACCOUNT, json.dumps(account)))
    database.commit()
    database.close()


class Driver:
    """Each method without underscore is a command; its result is the answer."""

    def __init__(self):
        self._received = []
        self._heard = []
        GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, self._on_input)

    def _on_input(self, *_):
        if not (line := sys.stdin.readline()):
            os._exit(0)
        name, *arguments = json.loads(line)
        try:
            answer = getattr(self, name)(*arguments)
        except Exception as mistake:
            say({"error": repr(mistake)})
        else:
            if answer is not LATER:
                say({"result": answer})
        return True

    @property
    def _client(self):
        from gajim.common import app

        return app.get_client(ACCOUNT)

    def _contact(self, jid):
        from nbxmpp.protocol import JID

        return self._client.get_module("Contacts").get_contact(JID.from_string(jid))

    def is_online(self):
        from gajim.common import app, ged

        # Before that there is no window.
        if not getattr(app, "window", None) or not app.account_is_available(ACCOUNT):
            return False
        if not getattr(self, "_listens", False):
            self._listens = True
            app.ged.register_event_handler("message-received", ged.GUI1, lambda event: self._received.append(event.msgtxt))
            app.ged.register_event_handler("gc-message-received", ged.GUI1, self._on_room_message)
        return True

    def subscribe(self, jid, name):
        self._client.get_module("Presence").subscribe(self._contact(jid).jid, name=name, auto_auth=True)

    def contact(self, jid):
        contact = self._contact(jid)
        return {"name": contact.name, "subscription": contact.subscription, "available": contact.is_available}

    def statuses(self, jid):
        return [resource.status for resource in self._contact(jid).iter_resources()]

    def open(self, jid):
        from gajim.common import app

        app.window.add_chat(ACCOUNT, self._contact(jid).jid, "contact", select=True)

    def send(self, jid, text):
        from gajim.common.structs import OutgoingMessage

        self._client.send_message(OutgoingMessage(account=ACCOUNT, contact=self._contact(jid), message=text, type_="chat"))

    def received(self):
        return self._received

    def encrypt(self, jid):
        """What is sent from now on (OMEMO), as soon as it has the other side's keys: false as long as it hasn't."""
        self._contact(jid).settings.set("encryption", "OMEMO")
        return not self._client.get_module("OMEMO").are_keys_missing(jid)

    def encrypted(self, jid):
        """What it has kept of a conversation that came or left encrypted."""
        from gajim.common import app

        rows = app.storage.archive.get_conversation_before_after(ACCOUNT, self._contact(jid).jid, True, time.time() + 60, 50)
        return [row.message for row in rows if row.additional_data and row.additional_data.get_value("encrypted", "name") == "OMEMO"]

    def set_avatar(self, file):
        """As its profile window does it, for everybody."""
        from nbxmpp.modules.user_avatar import Avatar

        avatar = Avatar()
        data = Path(file).read_bytes()
        avatar.add_image_source(data, "image/png", 64, 64)
        self._client.get_module("UserAvatar").set_avatar(avatar, public=True)

    def avatar(self, jid):
        """By which it knows somebody's picture; None for none."""
        return self._contact(jid).avatar_sha

    def can_upload(self):
        """Whether it has found the server's service for files."""
        return self._client.get_module("HTTPUpload").available

    def send_file(self, jid, file, in_room=False):
        """Uploads a file, then sends its address (XEP-0363)."""
        contact = self._room(jid) if in_room else self._contact(jid)
        self._client.get_module("HTTPUpload").send_file(contact, Path(file))

    def history(self, jid):
        """What it has kept of a conversation, whichever way it came."""
        from gajim.common import app

        return [row.message for row in app.storage.archive.get_messages_for_export(ACCOUNT, self._contact(jid).jid)]

    # Rooms. --------------------------------------------------------------------------------------------------------------

    @property
    def _muc(self):
        return self._client.get_module("MUC")

    def _room(self, room):
        from nbxmpp.protocol import JID

        return self._client.get_module("Contacts").get_contact(JID.from_string(room), groupchat=True)

    def _on_room_message(self, event):
        self._heard.append((str(event.jid), event.resource, event.msgtxt))

    def create_room(self, room, name, password):
        """As its dialogue does it, which makes rooms for members only."""
        self._muc.create(room, {"muc#roomconfig_roomname": name, "muc#roomconfig_roomsecret": password,
                                "muc#roomconfig_passwordprotectedroom": True})  # fmt: skip
        self._muc.set_password(room, password)

    def join_room(self, room, nick):
        self._muc.join(room, nick)

    def leave_room(self, room):
        self._muc.leave(room)

    def occupants(self, room):
        """Those whom it shows: nick → affiliation and role. None when it isn't in the room."""
        contact = self._room(room)
        if not contact.is_joined:
            return None
        return {occupant.name: [occupant.affiliation.value, occupant.role.value] for occupant in contact.get_participants()}

    def own_nick(self, room):
        return self._muc.get_muc_data(room).nick

    def change_nick(self, room, nick):
        self._muc.change_nick(room, nick)

    def invite(self, room, jid):
        from nbxmpp.protocol import JID

        self._muc.invite(JID.from_string(room), JID.from_string(jid))

    def say(self, room, text):
        from gajim.common.structs import OutgoingMessage

        self._client.send_message(OutgoingMessage(account=ACCOUNT, contact=self._room(room), message=text, type_="groupchat"))

    def heard(self, room):
        """What was said there, with the nick of who said it."""
        return [(nick, text) for jid, nick, text in self._heard if jid == room]

    def kick(self, room, nick, reason):
        self._muc.set_role(room, nick, "none", reason)

    def ban(self, room, jid):
        self._muc.set_affiliation(room, {jid: {"affiliation": "outcast"}})

    def moderate(self, room, text):
        """Takes a message away (XEP-0425), if the room has given it an id."""
        from gajim.common import app

        rows = app.storage.archive.get_conversation_before_after(ACCOUNT, self._room(room).jid, True, time.time() + 60, 50)
        ids = [row.stanza_id for row in rows if row.message == text]
        self._muc.retract_message(room, ids[0], "Moderated")

    def set_room_avatar(self, room):
        """As its dialogue does it (XEP-0486); the answer is the picture's hash."""
        from gajim.common import app
        from nbxmpp.modules.vcard_temp import VCard

        pixels = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, 64, 64)
        pixels.fill(0xCC2200FF)
        _, picture = pixels.save_to_bufferv("png", [], [])
        card = VCard()
        card.set_avatar(picture, "image/png")
        self._client.get_module("VCardTemp").set_vcard(card, jid=self._room(room).jid)
        return app.app.avatar_storage.save_avatar(picture)

    def room_avatar(self, room):
        return self._room(room).avatar_sha

    def show_room(self, room):
        from gajim.common import app

        app.window.select_chat(ACCOUNT, self._room(room).jid)

    def screenshot(self, file):
        """Once what is to be drawn has been: some frames from now."""
        from gajim.common import app

        frames = iter(range(10))

        def on_frame(window, _):
            if next(frames, None) is not None:
                return GLib.SOURCE_CONTINUE
            root = Gdk.get_default_root_window()
            Gdk.pixbuf_get_from_window(root, 0, 0, root.get_width(), root.get_height()).savev(file, "png", [], [])
            say({"result": None})
            return GLib.SOURCE_REMOVE

        app.window.add_tick_callback(on_frame)
        return LATER


def say(answer):
    print("DRIVER " + json.dumps(answer), flush=True)


prepare()
driver = Driver()
sys.argv = ["gajim"]
from gajim.gajim import main  # noqa: E402

main()
