"""Kills the server while 200 clients with stream management (XEP-0198) talk in 20 rooms, again and again; they resume their streams.
Then everybody has heard what is in the archives of the rooms, in its order and nothing else, and each message is there whose sender got an
acknowledgement; subjects and affiliations are what was acknowledged; and everybody is in the rooms without having entered them again.

    /usr/bin/python3 tests/interop/chaos/rooms.py [--store sqlite|mongodb] [--rounds 3] [--clients 200] [--rooms 20]

docs/reliability.md has figures.
"""

import asyncio
import collections
import itertools
import random
import sys
import xml.etree.ElementTree as ET

from talk import ASK_EVERY, CLIENT, FORWARD, MAM, RSM, SID, WINDOW, Client, arguments_of, broken, run_program, under_kills, until
from xmppchat import TIMEOUT

SERVICE = "conference.localhost"
MUC_USER, MUC_ADMIN = "{http://jabber.org/protocol/muc#user}", "{http://jabber.org/protocol/muc#admin}"
FORM = (
    "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>"
    "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>"
    "<field var='muc#roomconfig_persistentroom'><value>1</value></field></x></query>"
)


class Room:
    """What is known of a room: `subject` and `affiliations` as acknowledged, and what was asked for without an answer so far."""

    def __init__(self, number):
        self.jid = f"chaos{number}@{SERVICE}"
        self.occupants = []
        self.subject, self.subjects_under_way = "", []
        self.affiliations, self.affiliations_under_way = {}, {}

    @property
    def owner(self):
        return self.occupants[0]


class Occupant(Client):
    """Somebody who talks in several rooms; who owns one changes it, too."""

    def __init__(self, server, account):
        super().__init__(server, account)
        self.rooms, self.entered = {}, set()
        self.is_writing = False  # before everybody is in the rooms
        self.heard = collections.defaultdict(list)
        self.reflected = collections.Counter()
        self.answers, self.numbers = {}, itertools.count(1)

    @property
    def nick(self):
        return self.account.local

    # What it does. ---------------------------------------------------------------------------------------------------------

    async def ask(self, kind, to, payload):
        """The answer to an IQ, which may come over a later connection."""
        number = f"ask{next(self.numbers)}"
        answer = self.answers[number] = asyncio.get_running_loop().create_future()
        self.write(f"<iq type='{kind}' id='{number}' to='{to}'>{payload}</iq>")
        return await asyncio.wait_for(answer, 2 * TIMEOUT)

    async def enter(self, room):
        self.rooms[room.jid] = room
        self.write(
            f"<presence to='{room.jid}/{self.nick}'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>"
        )
        await until(lambda: room.jid in self.entered, 2 * TIMEOUT)

    def fill(self):
        while self.is_writing and self.entered and len(self.unacknowledged) < WINDOW:
            room = random.choice(sorted(self.entered))
            self.written[room] += 1
            number = self.written[room]
            self.write(f"<message to='{room}' type='groupchat' id='{self.nick}.{number}'><body>{number}</body></message>")
            if number % ASK_EVERY == 0:
                self.line.send("<r xmlns='urn:xmpp:sm:3'/>")
        if self.unacknowledged:
            self.line.send("<r xmlns='urn:xmpp:sm:3'/>")

    async def change(self, room):
        """Again and again a new subject, and somebody's affiliation."""
        for number in itertools.count(1):
            if not self.is_writing:
                return
            subject, jid = f"Subject {number}", f"member{number % 50}@localhost"
            affiliation = random.choice(["member", "admin", "outcast"])
            room.subjects_under_way.append(subject)
            self.write(f"<message to='{room.jid}' type='groupchat' id='subject.{number}'><subject>{subject}</subject></message>")
            room.affiliations_under_way[jid] = affiliation
            answer = await self.ask("set", room.jid, admin_query(f"jid='{jid}' affiliation='{affiliation}'"))
            if answer.get("type") != "result":
                self.problems.append(f"{self}: {ET.tostring(answer).decode()}")
                return
            room.affiliations[jid] = room.affiliations_under_way.pop(jid)
            await until(lambda: room.subject == subject or not self.is_writing, 2 * TIMEOUT)

    # What comes. -----------------------------------------------------------------------------------------------------------

    def take(self, element):
        super().take(element)
        if element.tag == CLIENT + "iq" and element.get("type") in ("result", "error"):
            if (answer := self.answers.pop(element.get("id"), None)) is not None:
                answer.set_result(element)
        elif element.tag == CLIENT + "presence" and element.get("from", "").split("/")[0] in self.rooms:
            room, nick = element.get("from").split("/")
            if nick == self.nick and element.get("type") is None:
                self.entered.add(room)
            elif nick == self.nick:
                self.problems.append(f"{self}: is no longer in {room}: {ET.tostring(element).decode()}")

    def hear(self, message):
        jid, _, nick = message.get("from").partition("/")
        if (room := self.rooms.get(jid)) is None:
            return
        subject = message.find(CLIENT + "subject")
        if subject is not None:
            if self is room.owner:
                room.subject = subject.text or ""
            return
        if message.find(CLIENT + "body") is None:
            return
        stanza_id = next((sid.get("id") for sid in message.iter(SID + "stanza-id") if sid.get("by") == jid), None)
        if stanza_id is None:
            self.problems.append(f"{self}: a message of {jid} without its id in the archive")
        self.heard[jid].append((stanza_id, message.get("id")))
        if nick == self.nick:
            self.reflected[jid] += 1

    # What it looks at in the end. ------------------------------------------------------------------------------------------

    async def read_room(self, room):
        """Its archive in order: ids there and of the messages."""
        archive, after = [], ""
        line = await self.connect()
        line.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>reader</resource></bind></iq>")
        await line.expect(CLIENT + "iq")
        while True:
            line.send(
                f"<iq type='set' id='q' to='{room.jid}'><query xmlns='urn:xmpp:mam:2'>"
                f"<set xmlns='http://jabber.org/protocol/rsm'><max>250</max>{after}</set></query></iq>"
            )
            while (element := await line.next()).tag == CLIENT + "message":
                result = element.find(MAM + "result")
                message = result.find(f"{FORWARD}forwarded/{CLIENT}message") if result is not None else None
                if message is not None and message.find(CLIENT + "body") is not None:
                    archive.append((result.get("id"), message.get("id")))
            fin = element.find(MAM + "fin")
            if fin is None:
                raise AssertionError(ET.tostring(element).decode())
            if fin.get("complete") == "true":
                line.writer.close()
                return archive
            after = f"<after>{fin.find(f'{RSM}set/{RSM}last').text}</after>"

    def compare(self, room, archive):
        """What it heard is what the archive has, each once and in its order; and there is all that it wrote."""
        place = {stanza_id: number for number, (stanza_id, _) in enumerate(archive)}
        heard = [stanza_id for stanza_id, _ in self.heard[room.jid]]
        missing = [pair for pair in self.heard[room.jid] if pair[0] not in place]
        if missing:
            self.problems.append(f"{self}: of {len(heard)} messages heard in {room.jid} its archive lacks {len(missing)}: {missing[:5]}")
            return
        places = [place[stanza_id] for stanza_id in heard]
        if any(here >= there for here, there in itertools.pairwise(places)):
            self.problems.append(f"{self}: heard {room.jid} in another order than its archive has, or something twice")
        unheard = place.keys() - set(heard)
        if unheard:
            self.problems.append(f"{self}: did not hear {len(unheard)} of {len(archive)} messages in {room.jid}: {sorted(unheard)[:5]}")
        own = [message_id for _, message_id in archive if message_id.startswith(f"{self.nick}.")]
        lost = {f"{self.nick}.{number}" for number in range(1, self.written[room.jid] + 1)} - set(own)
        if lost:
            self.problems.append(f"{self}: was told that {room.jid} has them, but they are not in its archive: {sorted(lost)[:5]}")


async def talk(server, arguments):
    accounts = server.new_accounts(arguments.clients)
    occupants = [Occupant(server, account) for account in accounts]
    rooms = [Room(number) for number in range(arguments.rooms)]
    # Each in two rooms.
    for number, occupant in enumerate(occupants):
        for room in (rooms[number % len(rooms)], rooms[(number * 7 + 3) % len(rooms)]):
            if occupant not in room.occupants:
                room.occupants.append(occupant)
    await asyncio.gather(*(occupant.log_in() for occupant in occupants))
    tasks = [asyncio.create_task(occupant.run()) for occupant in occupants]
    for room in rooms:
        await room.owner.enter(room)
        answer = await room.owner.ask("set", room.jid, FORM)
        assert answer.get("type") == "result", ET.tostring(answer).decode()
        await asyncio.gather(*(occupant.enter(room) for occupant in room.occupants[1:]))
    for occupant in occupants:
        occupant.is_writing = True
        occupant.fill()
    changes = [asyncio.create_task(room.owner.change(room)) for room in rooms]
    await under_kills([server], occupants, tasks, arguments)
    for change in changes:
        change.cancel()
    failures = await asyncio.gather(*changes, return_exceptions=True)
    occupants[0].problems += [f"a change failed: {failure!r}" for failure in failures if isinstance(failure, Exception)]
    if not broken(tasks, occupants):
        for occupant in occupants:
            await still_there(occupant)
        for room in rooms:
            await look(room)
    for task in tasks:
        task.cancel()
    for done in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(done, asyncio.CancelledError):
            occupants[0].problems.append(f"a client failed: {done!r}")
    return occupants


async def still_there(occupant):
    """XEP-0410."""
    for room in occupant.rooms:
        answer = await occupant.ask("get", f"{room}/{occupant.nick}", "<ping xmlns='urn:xmpp:ping'/>")
        if answer.get("type") != "result":
            occupant.problems.append(f"{occupant}: is no longer in {room}: {ET.tostring(answer).decode()}")


async def look(room):
    """The subject, the affiliations, the archive."""
    owner = room.owner
    archive = await owner.read_room(room)
    for occupant in room.occupants:
        occupant.compare(room, archive)
    kept = {}
    for affiliation in ("member", "admin", "outcast"):
        answer = await owner.ask("get", room.jid, admin_query(f"affiliation='{affiliation}'"))
        kept |= {item.get("jid"): item.get("affiliation") for item in answer.iter(f"{MUC_ADMIN}item")}
    for jid, affiliation in room.affiliations.items():
        if kept.get(jid) not in (affiliation, room.affiliations_under_way.get(jid)):
            owner.problems.append(f"{room.jid}: {jid} is {kept.get(jid)}, and was made {affiliation}")
    # Who enters is told the subject.
    subject = await subject_of(room)
    if subject not in (room.subject, *room.subjects_under_way[-1:]):
        owner.problems.append(f"{room.jid}: the subject is {subject!r}, and was made {room.subject!r}")


def admin_query(item):
    return f"<query xmlns='http://jabber.org/protocol/muc#admin'><item {item}/></query>"


async def subject_of(room):
    """As somebody is told it who enters."""
    line = await room.owner.connect()
    line.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>guest</resource></bind></iq>")
    await line.expect(CLIENT + "iq")
    line.send(f"<presence to='{room.jid}/guest'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>")
    while (element := await line.next()).tag != CLIENT + "message" or element.find(CLIENT + "subject") is None:
        if element.get("type") == "error":
            raise AssertionError(ET.tostring(element).decode())
    line.writer.close()
    return element.find(CLIENT + "subject").text or ""


def report(arguments, occupants):
    reflected = sum(occupant.reflected.total() for occupant in occupants)
    again = reflected - sum(occupant.written.total() for occupant in occupants)
    heard = sum(len(messages) for occupant in occupants for messages in occupant.heard.values())
    return (f"{len(occupants)} clients in {arguments.rooms} rooms, acknowledged: {reflected} messages reflected ({again} of them again), "
            f"{heard} heard, resumed: {sum(occupant.resumptions for occupant in occupants)} streams; "
            "missing, doubled, out of order or outside their rooms")  # fmt: skip


def main():
    parser = arguments_of("rooms.py", __doc__, clients=200)
    parser.add_argument("--rooms", type=int, default=20)
    return run_program("rooms", parser.parse_args(), talk, report, modules={"rooms": {"stanzasPerSecond": 10_000}})


if __name__ == "__main__":
    sys.exit(main())
