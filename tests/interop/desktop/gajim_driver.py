"""Starts the installed Gajim, unchanged, and drives it from within: commands come as JSON lines, and so do the answers.

To be run as a script, by a user who isn't root. Its settings come in GAJIM_SETTINGS, as JSON: what to keep for the application and
for the one account.
"""

import json
import os
import sqlite3
import sys
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, GLib  # noqa: E402

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
    database.execute("INSERT INTO account_settings VALUES (?, ?)", (ACCOUNT, json.dumps(account)))
    database.commit()
    database.close()


class Driver:
    """Each method without underscore is a command; its result is the answer."""

    def __init__(self):
        self._received = []
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

    def history(self, jid):
        """What it has kept of a conversation, whichever way it came."""
        from gajim.common import app

        return [row.message for row in app.storage.archive.get_messages_for_export(ACCOUNT, self._contact(jid).jid)]

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
