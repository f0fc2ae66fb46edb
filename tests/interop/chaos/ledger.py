"""What the server has acknowledged, kept by who heard it, and what it is held to after it was killed."""

import collections
import itertools
import random
import threading

from people import roster_entry

# The life of a subscription between an asker and a contact: who sends what, and what the two rosters then say (RFC 6121 Appendix A).
# Each item: (subscription, ask). An item that isn't there counts as ("none", None).
NONE, ASKED = ("none", None), ("none", "subscribe")
STEPS = [
    # sender, stanza, asker's item, contact's item, whose answer is waited for
    ("contact", "unsubscribed", NONE, NONE, None),
    ("asker", "subscribe", ASKED, NONE, "contact"),
    ("contact", "subscribed", ("to", None), ("from", None), None),
    ("contact", "subscribe", ("to", None), ("from", "subscribe"), "asker"),
    ("asker", "subscribed", ("both", None), ("both", None), None),
    ("asker", "unsubscribe", ("from", None), ("to", None), None),
    ("asker", "unsubscribed", NONE, NONE, None),
]
FIRST, LAST = 0, len(STEPS) - 1


class Pair:
    """A subscription on its way. Only who has the next step touches it, so at most one stanza is in flight."""

    def __init__(self, asker, contact):
        self.asker, self.contact = asker, contact
        self.step = FIRST
        self.is_moving = False
        self.seen = {}

    @property
    def next_step(self):
        return 1 if self.step == LAST else self.step + 1

    def sender_of(self, step):
        return getattr(self, STEPS[step][0])

    def side_of(self, client):
        return "asker" if client is self.asker else "contact"

    def other(self, client):
        return self.contact if client is self.asker else self.asker

    def acceptable(self):
        """The steps that a roster may show: what is acknowledged, and what is in flight."""
        return [self.step, self.next_step] if self.is_moving else [self.step]

    def check(self, client, item, is_asked):
        """What `client` sees after a log-in: its item for the other, and whether the other's request came."""
        side = self.side_of(client)
        column = 2 if side == "asker" else 3
        fitting = [step for step in self.acceptable() if STEPS[step][column] == item and (STEPS[step][4] == side) == is_asked]
        if fitting:
            self.seen[side] = fitting
            return None
        wanted = [(STEPS[step][1], STEPS[step][column], STEPS[step][4] == side) for step in self.acceptable()]
        who = f"{client.account.jid} and {self.other(client).account.jid}"
        return f"{who}: the subscription is {item}, asked: {is_asked}; acknowledged: {wanted}"

    def settle(self):
        """After both have looked: which of the acceptable steps it is. False when each side shows another one."""
        both = set(self.seen.get("asker", [])) & set(self.seen.get("contact", []))
        self.is_moving, self.seen = False, {}
        if both:
            (self.step,) = both
        return bool(both)


class Items:
    """The items of one roster that nobody else changes."""

    def __init__(self, owner):
        self.names = [f"contact{number}@elsewhere.example" for number in range(15)]
        self.owner, self.acknowledged, self.in_flight = owner, {}, {}
        self._revisions = itertools.count(1)

    def plan(self):
        """Something to do: (JID, the new name, or None to remove it)."""
        jid = random.choice(self.names)
        name = None if jid in self.acknowledged and random.random() < 0.2 else f"name {next(self._revisions)}"
        self.in_flight[jid] = name
        return jid, name

    def acknowledge(self, jid):
        name = self.in_flight.pop(jid)
        if name is None:
            del self.acknowledged[jid]
        else:
            self.acknowledged[jid] = name

    def check(self, roster):
        for jid in self.names:
            there = roster[jid]["name"] if jid in roster else None
            acceptable = {self.acknowledged.get(jid), self.in_flight.get(jid, self.acknowledged.get(jid))}
            if there not in acceptable:
                yield f"{self.owner.jid}: {jid} is named {there!r}; acknowledged: {acceptable}"
            self.acknowledged.pop(jid, None)
            if there is not None:
                self.acknowledged[jid] = there
        self.in_flight.clear()


class Note:
    """What somebody stores for himself (XEP-0049): the last one counts."""

    def __init__(self, owner):
        self.owner = owner
        self.acknowledged = self.in_flight = 0

    def plan(self):
        self.in_flight += 1
        return self.in_flight

    def acknowledge(self):
        self.acknowledged = self.in_flight

    def check(self, there):
        if not self.acknowledged <= there <= self.in_flight:
            yield f"{self.owner.jid}: note {there} is kept; acknowledged: {self.acknowledged}, in flight: {self.in_flight}"
        self.acknowledged = self.in_flight = there


class Mailbox:
    """An account whose owner is seldom there. Messages count that were acknowledged while the owner was away all the time."""

    def __init__(self, account):
        self.account = account
        # Odd while the owner is there.
        self.visits = 0
        self.acknowledged = set()
        self.received = collections.Counter()
        # Messages that came twice to one session, and so are kept twice.
        self.doubled = set()
        self.lock = threading.Lock()

    def take(self, messages):
        """What came to one session. To another one the same may come again, when the first didn't answer for it."""
        self.received.update(messages)
        self.doubled |= {message for message, count in collections.Counter(messages).items() if count > 1}

    @property
    def lost(self):
        return self.acknowledged - self.received.keys()


def items_of(query):
    """A roster: JID → roster_entry, without the items that only exist to be there."""
    found = {}
    for item in query:
        found[item.get("jid")] = roster_entry(item.get("jid"), item.get("subscription", "none"), item.get("ask"), item.get("name"))
    return found
