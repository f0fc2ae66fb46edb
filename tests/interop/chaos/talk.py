"""Kills the server while 300 clients with stream management (XEP-0198) chat as fast as they can, again and again; they resume their streams.
Then each message whose sender got an acknowledgement has come to its recipient once, in order, and is in both archives once, in order; and so
it has come to the other devices of both (XEP-0280).

    /usr/bin/python3 tests/interop/chaos/talk.py [--store sqlite|mongodb] [--rounds 3] [--clients 300]

docs/reliability.md has figures.
"""

import argparse
import asyncio
import collections
import contextlib
import random
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

import xmppchat  # noqa: E402
from mongodb import Engine  # noqa: E402
from raw import Scram  # noqa: E402

CLIENT, STREAM, SM = "{jabber:client}", "{http://etherx.jabber.org/streams}", "{urn:xmpp:sm:3}"
CARBONS = "{urn:xmpp:carbons:2}"
MAM, SID, FORWARD, RSM = "{urn:xmpp:mam:2}", "{urn:xmpp:sid:0}", "{urn:xmpp:forward:0}", "{http://jabber.org/protocol/rsm}"
OPEN = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='{host}' version='1.0'>"

# Messages that a client may have under way without an acknowledgement, and after how many it asks for one.
WINDOW, ASK_EVERY = 16, 4


class Cut(Exception):
    """The connection is lost."""


class Line:
    """A connection: elements come out in order."""

    def __init__(self, reader, writer, host):
        self.reader, self.writer, self.host, self.ready = reader, writer, host, collections.deque()
        self._restart()

    def _restart(self):
        self.parser, self.depth, self.root = ET.XMLPullParser(("start", "end")), 0, None

    def send(self, text):
        if not self.writer.transport.is_closing():
            self.writer.write(text.encode())

    def receive(self):
        """For Scram, which is given what comes."""

    def open(self):
        self._restart()
        self.send(OPEN.format(host=self.host))

    async def next(self):
        while not self.ready:
            try:
                data = await self.reader.read(65536)
            except OSError:
                raise Cut from None
            if not data:
                raise Cut
            self.parser.feed(data)
            for event, element in self.parser.read_events():
                if event == "start":
                    self.depth += 1
                    self.root = self.root if self.root is not None else element
                else:
                    self.depth -= 1
                    if self.depth == 1:
                        self.ready.append(element)
                        self.root.clear()
        return self.ready.popleft()

    async def expect(self, tag):
        element = await self.next()
        if element.tag != tag:
            raise AssertionError(f"expected {tag}, not {ET.tostring(element).decode()}")
        return element


class Client:
    """Somebody who writes to a few others, and writes down what came of it."""

    resource, presence = "talk", "<presence/>"

    def __init__(self, server, account):
        self.server, self.account, self.contacts = server, account, []
        self.line = self.previd = None
        # What was written: by recipient its last number; all that isn't acknowledged, in order; what the server has.
        self.written, self.unacknowledged, self.acknowledged = collections.Counter(), collections.deque(), 0
        self.count = 0  # of stanzas received
        self.received = collections.defaultdict(list)
        self.problems, self.resumptions = [], 0
        self.is_writing, self.may_write = True, asyncio.Event()

    def __str__(self):
        return self.account.jid

    async def connect(self):
        """A connection that has authenticated."""
        while True:
            with contextlib.suppress(OSError, Cut):
                line = Line(*await asyncio.open_connection("127.0.0.1", self.server.port), self.account.host)
                line.open()
                await line.expect(STREAM + "features")
                scram = Scram(line, "SCRAM-SHA-1", self.account.local, self.account.password)
                scram.start()
                scram.finish(await line.next())
                await line.expect("{urn:ietf:params:xml:ns:xmpp-sasl}success")
                line.open()
                await line.expect(STREAM + "features")
                return line
            await asyncio.sleep(random.uniform(0.05, 0.3))

    async def log_in(self):
        self.line = line = await self.connect()
        line.send(f"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{self.resource}</resource></bind></iq>")
        await line.expect(CLIENT + "iq")
        line.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        self.previd = (await line.expect(SM + "enabled")).get("id")
        self.write(self.presence)

    async def run(self):
        """Until cancelled: takes what comes, writes as fast as it may, and comes back when the connection is lost."""
        asyncio.get_running_loop().call_soon(self.fill)
        while True:
            try:
                while True:
                    self.take(await self.line.next())
            except Cut:
                self.line.writer.close()
                await self.come_back()

    async def come_back(self):
        while True:
            self.line = await self.connect()
            with contextlib.suppress(Cut):
                self.line.send(f"<resume xmlns='urn:xmpp:sm:3' previd='{self.previd}' h='{self.count}'/>")
                answer = await self.line.next()
                if answer.tag != SM + "resumed":
                    self.problems.append(f"{self}: its session is gone: {ET.tostring(answer).decode()}")
                    await asyncio.Event().wait()
                self.resumptions += 1
                self.drop(int(answer.get("h")))
                for stanza in self.unacknowledged:
                    self.line.send(stanza)
                self.line.send("<r xmlns='urn:xmpp:sm:3'/>")
                return

    def write(self, stanza):
        self.unacknowledged.append(stanza)
        self.line.send(stanza)

    def fill(self):
        """Writes until the window is full."""
        while self.is_writing and len(self.unacknowledged) < WINDOW and (contact := self.choose()):
            self.written[contact.account.jid] += 1
            number = self.written[contact.account.jid]
            self.write(f"<message to='{contact.account.jid}' type='chat' id='{number}'><body>{number}</body></message>")
            if number % ASK_EVERY == 0:
                self.line.send("<r xmlns='urn:xmpp:sm:3'/>")
        if self.unacknowledged:
            self.line.send("<r xmlns='urn:xmpp:sm:3'/>")

    def choose(self):
        """To whom it writes next, if to anybody now."""
        return random.choice(self.contacts) if self.contacts else None

    def drop(self, handled):
        while self.acknowledged < handled:
            if not self.unacknowledged:
                self.problems.append(f"{self}: {handled} acknowledged, but {self.acknowledged} sent")
                self.acknowledged = handled
                return
            self.unacknowledged.popleft()
            self.acknowledged += 1

    def take(self, element):
        if element.tag == SM + "r":
            self.line.send(f"<a xmlns='urn:xmpp:sm:3' h='{self.count}'/>")
        elif element.tag == SM + "a":
            self.drop(int(element.get("h")))
            if len(self.unacknowledged) < WINDOW // 2:
                self.fill()
        else:
            self.count += 1
            if element.tag == CLIENT + "message":
                if element.get("type") == "error":
                    self.take_refusal(element)
                else:
                    self.hear(element)
            elif element.tag == CLIENT + "iq" and element.get("type") == "get":
                self.write(f"<iq type='result' id='{element.get('id')}' to='{element.get('from')}'/>")

    def take_refusal(self, message):
        self.problems.append(f"{self}: message {message.get('id')} was refused")

    def hear(self, message):
        self.received[message.get("from").split("/")[0]].append(int(message.get("id")))

    async def read_archive(self):
        """By the other side: the numbers that it wrote, and those that were written to it, in order."""
        received, sent = collections.defaultdict(list), collections.defaultdict(list)
        line, after = await self.connect(), ""
        line.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>reader</resource></bind></iq>")
        await line.expect(CLIENT + "iq")
        while True:
            line.send(
                f"<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>250</max>{after}"
                "</set></query></iq>"
            )
            while (element := await line.next()).tag == CLIENT + "message":
                message = element.find(f"{MAM}result/{FORWARD}forwarded/{CLIENT}message")
                if message is None:
                    continue
                side, peer = (received, "from") if message.get("to").split("/")[0] == self.account.jid else (sent, "to")
                side[message.get(peer).split("/")[0]].append(int(message.get("id")))
            fin = element.find(MAM + "fin")
            if fin is None:
                raise AssertionError(ET.tostring(element).decode())
            if fin.get("complete") == "true":
                line.writer.close()
                return received, sent
            after = f"<after>{fin.find(f'{RSM}set/{RSM}last').text}</after>"

    def arrived(self, contact):
        """How many messages to somebody have come to him."""
        return len(contact.received[self.account.jid])

    def all_arrived(self):
        return all(self.arrived(contact) >= self.written[contact.account.jid] for contact in self.contacts)

    async def look(self, with_archive):
        """Everything that anybody wrote to it has to be there once, in order."""
        archives = await self.read_archive() if with_archive else None
        for contact in self.contacts:
            jid = contact.account.jid
            self.compare(f"what {jid} received from it", contact.received[self.account.jid], self.written[jid])
            if archives:
                self.compare(f"what it received of {jid} in its archive", archives[0][jid], contact.written[self.account.jid])
                self.compare(f"what it sent to {jid} in its archive", archives[1][jid], self.written[jid])

    def compare(self, what, found, last):
        if found == list(range(1, last + 1)):
            return
        counts = collections.Counter(found)
        missing = [number for number in range(1, last + 1) if number not in counts]
        doubled = [number for number, count in counts.items() if count > 1]
        self.problems.append(f"{self}: {what}: of {last} missing {missing[:10]}, twice {doubled[:10]}, in order: {found == sorted(found)}")


class Device(Client):
    """Another client of somebody, who writes with the first: it hears what that one writes, and what is written to it."""

    resource = "device"

    def __init__(self, owner, priority):
        super().__init__(owner.server, owner.account)
        self.owner, self.presence = owner, f"<presence><priority>{priority}</priority></presence>"
        self.sent = collections.defaultdict(list)

    def __str__(self):
        return f"{super().__str__()}, {self.presence}"

    async def log_in(self):
        await super().log_in()
        self.write("<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
        while True:
            element = await self.line.next()
            self.take(element)
            if element.get("id") == "carbons":
                return

    def hear(self, message):
        for direction, peer, heard in (("sent", "to", self.sent), ("received", "from", self.received)):
            if (copy := message.find(f"{CARBONS}{direction}/{FORWARD}forwarded/{CLIENT}message")) is not None:
                heard[copy.get(peer).split("/")[0]].append(int(copy.get("id")))
                return
        super().hear(message)

    def all_arrived(self):
        return all(
            len(self.sent[contact.account.jid]) >= self.owner.written[contact.account.jid]
            and len(self.received[contact.account.jid]) >= contact.written[self.account.jid]
            for contact in self.owner.contacts
        )

    async def look(self, with_archive):
        for contact in self.owner.contacts:
            jid = contact.account.jid
            self.compare(f"what it heard of {jid}", self.received[jid], contact.written[self.account.jid])
            self.compare(f"what it heard that its owner wrote to {jid}", self.sent[jid], self.owner.written[jid])


def devices_of(clients):
    """For every third one another client: some get copies of what is written to their account, and some that itself."""
    return [Device(client, priority=-(number % 2)) for number, client in enumerate(clients[::3])]


async def talk(server, arguments):
    accounts = server.new_accounts(arguments.clients)
    clients = [Client(server, account) for account in accounts]
    for number, client in enumerate(clients):
        for distance in (1, 7, 31):
            other = clients[(number + distance) % len(clients)]
            client.contacts.append(other)
            other.contacts.append(client)
    return await converse([server], clients + devices_of(clients), arguments)


async def converse(servers, clients, arguments):
    """The clients write under kills; then what each has and its archive are looked at."""
    await asyncio.gather(*(client.log_in() for client in clients))
    tasks = [asyncio.create_task(client.run()) for client in clients]
    # A way between servers that never was there may come to nothing: then messages are refused, as they should be.
    await until(lambda: all(any(client.received.values()) for client in clients) or broken(tasks, clients), 2 * xmppchat.TIMEOUT)
    await under_kills(servers, clients, tasks, arguments)
    # What was acknowledged may still be on its way to its recipient.
    with contextlib.suppress(AssertionError):
        await until(lambda: all(client.all_arrived() for client in clients) or broken(tasks, clients), xmppchat.TIMEOUT)
    for task in tasks:
        task.cancel()
    for done in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(done, asyncio.CancelledError):
            clients[0].problems.append(f"a client failed: {done!r}")
    for client in clients:
        client.line.writer.close()
    for start in range(0, len(clients), 16):
        await asyncio.gather(*(client.look(not arguments.without_archive) for client in clients[start : start + 16]))
    return clients


async def under_kills(servers, clients, tasks, arguments):
    """Kills a server while the clients write, one after the other, again and again; then lets them come to rest: all that they wrote is
    acknowledged."""
    moments = random.Random(arguments.seed)
    for number in range(1, arguments.rounds + 1):
        server = servers[number % len(servers)]
        hit = [client for client in clients if client.server is server]
        before = sum(client.acknowledged for client in clients)
        await asyncio.sleep(moments.uniform(0.5, 2.5))
        resumptions = sum(client.resumptions for client in hit)
        server.kill()
        started = time.monotonic()
        server.start()  # Not in another thread, with whose end it would end.
        restart = time.monotonic() - started
        await until(lambda: sum(client.resumptions for client in hit) - resumptions >= len(hit) or broken(tasks, clients), 2 * xmppchat.TIMEOUT)
        acknowledged = sum(client.acknowledged for client in clients) - before
        problems = sum(len(client.problems) for client in clients)
        print(f"round {number}: {acknowledged} messages; serves again after {restart:.1f} s, all are back after "
              f"{time.monotonic() - started:.1f} s; {problems} problems", flush=True)
        if broken(tasks, clients):
            break
    for client in clients:
        client.is_writing = False
    for client in clients:
        client.line.send("<r xmlns='urn:xmpp:sm:3'/>")
    with contextlib.suppress(AssertionError):
        await until(lambda: not any(client.unacknowledged for client in clients) or broken(tasks, clients), 2 * xmppchat.TIMEOUT)


def broken(tasks, clients):
    return any(task.done() for task in tasks) or any(client.problems for client in clients)


async def until(condition, timeout):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.02)


def report(arguments, clients):
    return (f"{len(clients)} clients, acknowledged: {sum(client.written.total() for client in clients)} messages, "
            f"resumed: {sum(client.resumptions for client in clients)} streams; missing, doubled or out of order")  # fmt: skip


def arguments_of(program, description, clients):
    parser = argparse.ArgumentParser(prog=program, description=description.splitlines()[0])
    parser.add_argument("--store", choices=["sqlite", "mongodb"], default="sqlite")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=clients)
    parser.add_argument("--seed", type=int, default=None, help="of the moments of death; what the clients do stays up to the scheduler")
    return parser


def choose_store(store, servers, stack):
    """Puts the servers' data into databases of their own where they are not to be in files."""
    if store != "mongodb":
        return
    engine = Engine()
    stack.callback(engine.stop)
    for number, server in enumerate(servers):
        server.options |= {"store": "mongodb", "mongodb": {"uri": engine.uri, "database": f"chaos{number}"}}


def run_program(name, arguments, run, report, **options):
    """Starts a server, with those options, for what is to be done under its kills, and says what came of it; returns the exit code."""
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-"))
        server = xmppchat.Server(f"{name}-{arguments.store}", directory)
        # Without TLS there is more time for what matters.
        server.options["listeners"][0]["tls"] = "none"
        server.options["log"] = {"level": "information"}
        server.options |= {"limits": {"sessionBytesPerSecond": 0}, **options}
        choose_store(arguments.store, [server], stack)
        stack.callback(server.kill)
        server.start()
        clients = asyncio.run(run(server, arguments))
        server.stop()
    problems = [problem for client in clients for problem in client.problems]
    print(f"{arguments.rounds} kills of the server, {arguments.store}; {report(arguments, clients)}: {len(problems)}")
    for problem in problems[:20]:
        print(problem)
    return 1 if problems else 0


def main():
    parser = arguments_of("talk.py", __doc__, clients=300)
    parser.add_argument("--without-archive", action="store_true", help="look only at what was received")
    return run_program("talk", parser.parse_args(), talk, report)


if __name__ == "__main__":
    sys.exit(main())
