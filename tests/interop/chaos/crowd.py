"""The clients: each is a thread with a stream, does one thing at a time, and writes down what was acknowledged."""

import collections
import contextlib
import itertools
import random
import threading
import time
from xml.etree import ElementTree

from ledger import STEPS, Items, Note, items_of
from people import ROSTER
from raw import CLIENT, Scram, Stream, StreamEnd, describe
from xmppchat import TIMEOUT

# What happens when the other side is killed in the middle of something.
CUT = (OSError, AssertionError, ElementTree.ParseError)
NOTE = "urn:example:note"
MESSAGE_IDS = itertools.count(1)


# What a server answers whose database is away: wait, and try again (RFC 6120 §8.3.3.18).
WAIT = "{urn:ietf:params:xml:ns:xmpp-stanzas}resource-constraint"


class Refused(Exception):
    """An error came where none has to."""


class Later(Exception):
    """The database is away."""


class Session(Stream):
    """A logged-in stream that sorts what comes: answers by id, requests to subscribe, errors of messages, messages."""

    def __init__(self, server, account):
        super().__init__(server)
        try:
            self.connect().open()
            Scram(self, "SCRAM-SHA-1", account.local, account.password).succeed()
            self.open()
            self.bind()
        except BaseException:
            self.socket.close()
            raise
        self.requests, self.refused, self.messages = set(), set(), []
        # Whether something other than an IQ was refused.
        self.is_refused = False

    def ask(self, iq):
        """Sends an IQ (with id='ask') and reads until its answer."""
        self.send(iq)
        while True:
            stanza = self.receive()
            if stanza is None or stanza is StreamEnd:
                raise ConnectionError("cut")
            if stanza.tag == CLIENT + "message":
                if stanza.get("type") == "error":
                    self.refused.add(stanza.get("id"))
                    self.is_refused |= stanza.find(f"*/{WAIT}") is not None
                else:
                    self.messages.append(stanza.get("id"))
            elif stanza.tag == CLIENT + "presence" and stanza.get("type") == "error":
                self.is_refused = True
            elif stanza.tag == CLIENT + "presence" and stanza.get("type") == "subscribe":
                self.requests.add(stanza.get("from"))
            elif stanza.get("type") == "get":
                # The server's own pings, by which it learns that messages have come.
                self.send(f"<iq type='result' id='{stanza.get('id')}' to='{stanza.get('from')}'/>")
            elif stanza.get("id") == "ask" and stanza.get("type") in ("result", "error"):
                if stanza.find(f"*/{WAIT}") is not None:
                    raise Later
                if stanza.get("type") == "error":
                    raise Refused(f"{iq} was answered: {describe(stanza)}")
                return stanza

    def settle(self):
        """What was sent so far has been handled."""
        self.is_refused = False
        self.ask(f"<iq type='get' id='ask' to='{self.host}'><ping xmlns='urn:xmpp:ping'/></iq>")

    def roster(self):
        return items_of(self.ask("<iq type='get' id='ask'><query xmlns='jabber:iq:roster'/></iq>").find(f"{ROSTER}query"))

    def leave(self):
        with contextlib.suppress(*CUT):
            self.send("</stream:stream>")
            while (stanza := self.receive()) is not None and stanza is not StreamEnd:
                if stanza.tag == CLIENT + "message" and stanza.get("type") != "error":
                    self.messages.append(stanza.get("id"))
        self.socket.close()


class Client:
    """Somebody who chats, comes and goes, and changes roster and subscriptions."""

    def __init__(self, server, account, mailboxes):
        self.server, self.account, self.mailboxes = server, account, mailboxes
        self.items, self.note, self.pairs = Items(account), Note(account), {}
        self.acknowledged, self.refusals = collections.Counter(), 0
        self.session, self.was_cut, self.mistakes = None, False, []
        self.stop = threading.Event()
        often = [self.chat, self.change_item, self.move_pair, self.write_to_mailbox]
        self.activities = [*often * 4, *[self.take_note] * 2, self.come_again]

    def __repr__(self):
        return self.account.jid

    def work(self, everybody_in, stop):
        """Until the connection is cut, or it is told to stop."""
        self.was_cut, self.stop = False, stop
        try:
            self.log_in()
            everybody_in.wait(TIMEOUT)
            while not stop.is_set():
                self.do_something()
            self.session.settle()
        except CUT:
            self.was_cut = True
        except (Refused, threading.BrokenBarrierError) as mistake:
            self.mistakes.append(f"{self}: {mistake}")
        finally:
            if self.session is not None:
                self.session.socket.close()

    def do_something(self):
        try:
            random.choice(self.activities)()
        except Later:
            # Whether it has happened is seen in the end; until then nothing is changed. The session has to last.
            self.refusals += 1
            while not self.stop.wait(0.2):
                self.session.settle()

    def log_in(self):
        self.session = Session(self.server, self.account)
        self.session.send("<presence/>")
        self.session.settle()
        self.acknowledged["log-ins"] += 1

    def come_again(self):
        self.session.leave()
        while True:
            try:
                return self.log_in()
            except CUT:
                if self.stop.wait(0.2):
                    raise
                self.refusals += 1

    def chat(self):
        for other in random.sample(sorted(self.pairs), min(3, len(self.pairs))):
            self.session.send(f"<message to='{other}' type='headline'><body>Hello</body></message>")
        self.session.settle()

    def change_item(self):
        jid, name = self.items.plan()
        what = "subscription='remove'" if name is None else f"name='{name}'"
        self.session.ask(f"<iq type='set' id='ask'><query xmlns='jabber:iq:roster'><item jid='{jid}' {what}/></query></iq>")
        self.items.acknowledge(jid)
        self.acknowledged["roster items"] += 1

    def take_note(self):
        note = f"<note xmlns='{NOTE}'>{self.note.plan()}</note>"
        self.session.ask(f"<iq type='set' id='ask'><query xmlns='jabber:iq:private'>{note}</query></iq>")
        self.note.acknowledge()
        self.acknowledged["notes"] += 1

    def move_pair(self):
        mine = [pair for pair in list(self.pairs.values()) if pair.sender_of(pair.next_step) is self]
        if not mine:
            return
        pair = random.choice(mine)
        pair.is_moving = True
        self.session.send(f"<presence to='{pair.other(self).account.jid}' type='{STEPS[pair.next_step][1]}'/>")
        self.session.settle()
        if self.session.is_refused:
            raise Later
        pair.step = pair.next_step
        pair.is_moving = False
        self.acknowledged["subscription stanzas"] += 1

    def write_to_mailbox(self):
        mailbox = random.choice(self.mailboxes)
        with mailbox.lock:
            visits = mailbox.visits
        messages = [f"m{next(MESSAGE_IDS)}" for _ in range(random.randint(1, 4))]
        for message in messages:
            self.session.send(f"<message to='{mailbox.account.jid}' id='{message}' type='chat'><body>{message}</body></message>")
        self.session.settle()
        with mailbox.lock:
            if visits % 2 == 0 and mailbox.visits == visits:
                kept = set(messages) - self.session.refused
                mailbox.acknowledged |= kept
                self.acknowledged["offline messages"] += len(kept)

    def look(self):
        """Logs in and compares; returns what is missing."""
        session = Session(self.server, self.account)
        try:
            roster = session.roster()
            session.send("<presence/>")
            session.settle()
            note = session.ask(f"<iq type='get' id='ask'><query xmlns='jabber:iq:private'><note xmlns='{NOTE}'/></query></iq>")
            problems = [*self.mistakes, *self.items.check(roster), *self.note.check(int(note.findtext(f".//{{{NOTE}}}note") or 0))]
            self.mistakes.clear()
            for jid, pair in self.pairs.items():
                entry = roster.get(jid, {"subscription": "none", "ask": None})
                problem = pair.check(self, (entry["subscription"], entry["ask"]), jid in session.requests)
                problems += [problem] if problem else []
            return problems
        finally:
            session.leave()


class Owner:
    """Fetches what waits in mailboxes."""

    def __init__(self, server, mailboxes):
        self.server, self.mailboxes = server, mailboxes

    def work(self, stop):
        while not stop.is_set():
            mailbox = random.choice(self.mailboxes)
            with mailbox.lock:
                if mailbox.visits % 2:
                    continue
                mailbox.visits += 1
            try:
                self.fetch(mailbox)
            except (*CUT, Later):
                stop.wait(0.2)

    def fetch(self, mailbox):
        """Reads until nothing comes any more; returns whether something has. To be called when the mailbox has been marked as visited."""
        session = None
        try:
            session = Session(self.server, mailbox.account)
            session.send("<presence/>")
            quiet = 0
            while quiet < 3:
                before = len(session.messages)
                session.settle()
                quiet = quiet + 1 if len(session.messages) == before else 0
        finally:
            if session is not None:
                session.leave()
                mailbox.take(session.messages)
            with mailbox.lock:
                mailbox.visits += 1
        return len(session.messages) > 0

    def look(self):
        """Comes until nothing waits any more. One that waits may come late: the server brings a page when it has removed the one before."""
        deadline = time.monotonic() + TIMEOUT
        for mailbox in self.mailboxes:
            is_empty = False
            while not is_empty or (mailbox.lost and time.monotonic() < deadline):
                mailbox.visits += 1
                is_empty = not self.fetch(mailbox)
        return []
