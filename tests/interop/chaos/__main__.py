"""Kills the server, or its database, while 200 clients chat, log in and out, and change what is kept; then all has to be there that
was acknowledged.

    /usr/bin/python3 tests/interop/chaos [--store sqlite|mongodb] [--kill server|engine|both] [--rounds 3] [--clients 200]

Acknowledged is a roster item whose IQ got its result, and a subscription stanza or a message for somebody who is away when a later
ping on the same stream was answered, since stanzas are handled in order. What was refused since the database was away may have
happened or not. docs/reliability.md has figures.
"""

import argparse
import contextlib
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

import xmppchat  # noqa: E402
from crowd import CUT, Client, Later, Owner, Refused, Session  # noqa: E402
from ledger import Mailbox, Pair  # noqa: E402
from mongodb import Engine  # noqa: E402

# How long everybody goes on, in seconds, when the database is back and the server was never away.
RECOVERY = 2


class Chaos:
    def __init__(self, server, engine, clients, mailboxes):
        accounts = server.new_accounts(clients + mailboxes)
        self.server, self.engine = server, engine
        self.mailboxes = [Mailbox(account) for account in accounts[clients:]]
        self.clients = [Client(server, account, self.mailboxes) for account in accounts[:clients]]
        self.pairs = []
        for number, client in enumerate(self.clients):
            for distance in (1, 2, 3):
                self._pair(client, self.clients[(number + distance * 7) % clients])
        self.problems, self.halves, self.refusals = [], 0, 0
        self.acknowledged = {"roster items": 0, "notes": 0, "subscription stanzas": 0, "offline messages": 0, "log-ins": 0}

    def _pair(self, asker, contact):
        pair = Pair(asker, contact)
        self.pairs.append(pair)
        for client in (asker, contact):
            client.pairs[pair.other(client).account.jid] = pair

    def round(self, patience, kills):
        """Everybody is busy until something dies, and goes on if it isn't the server; it is started again, and everybody looks."""
        stop = threading.Event()
        threads = [*self.clients_at_work(stop), *self.owners_at_work(stop)]
        time.sleep(patience)
        started = time.monotonic()
        if "engine" in kills:
            self.engine.kill()
        if "server" in kills:
            self.server.kill()
            stop.set()
            join(threads)
            started = time.monotonic()
            self.server.start()
        xmppchat.wait_until(self.serves, "the server serves again")
        restart = time.monotonic() - started
        if "server" not in kills:
            time.sleep(RECOVERY)
            stop.set()
            join(threads)
            self.problems += [f"{client} lost its connection" for client in self.clients if client.was_cut]
        self.count()
        self.look()
        return restart

    def serves(self):
        """Whether somebody can log in and have something stored."""
        with contextlib.suppress(*CUT, Refused, Later):
            session = Session(self.server, self.clients[0].account)
            try:
                session.ask("<iq type='set' id='ask'><query xmlns='jabber:iq:private'><probe xmlns='urn:example:probe'/></query></iq>")
                return True
            finally:
                session.leave()
        return False

    def clients_at_work(self, stop):
        everybody_in = threading.Barrier(len(self.clients) + 1)
        threads = [threading.Thread(target=client.work, args=[everybody_in, stop], daemon=True) for client in self.clients]
        for thread in threads:
            thread.start()
        everybody_in.wait(xmppchat.TIMEOUT * 2)
        return threads

    def owners_at_work(self, stop):
        threads = [threading.Thread(target=Owner(self.server, self.mailboxes).work, args=[stop], daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        return threads

    def count(self):
        for client in self.clients:
            for kind, number in client.acknowledged.items():
                self.acknowledged[kind] += number
            client.acknowledged.clear()
            self.refusals += client.refusals
            client.refusals = 0

    def look(self):
        """All log in, a few at a time, and compare."""
        todo = [*self.clients, *(Owner(self.server, [mailbox]) for mailbox in self.mailboxes)]
        lock = threading.Lock()

        def work():
            while True:
                with lock:
                    if not todo:
                        return
                    one = todo.pop()
                try:
                    self.problems += one.look()
                except Exception as mistake:
                    self.problems.append(f"{one}: {mistake!r}")

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for mailbox in self.mailboxes:
            self.problems += [f"{mailbox.account.jid}: message {message} is lost" for message in sorted(mailbox.lost)]
            self.problems += [f"{mailbox.account.jid}: message {message} is kept twice" for message in sorted(mailbox.doubled)]
            mailbox.acknowledged &= mailbox.received.keys()
            mailbox.doubled.clear()
        for pair in self.pairs:
            if not pair.settle():
                self.halves += 1
                for client in (pair.asker, pair.contact):
                    client.pairs.pop(pair.other(client).account.jid, None)
        self.pairs = [pair for pair in self.pairs if pair.other(pair.asker).account.jid in pair.asker.pairs]


def join(threads):
    for thread in threads:
        thread.join(xmppchat.TIMEOUT)


def main():
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--store", choices=["sqlite", "mongodb"], default="sqlite")
    parser.add_argument("--kill", choices=["server", "engine", "both"], default="server", help="engine: the one of --store mongodb")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--mailboxes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=None, help="of the moments of death; what the clients do stays up to the scheduler")
    arguments = parser.parse_args()
    if arguments.store == "sqlite" and arguments.kill != "server":
        parser.error("SQLite has no engine of its own")
    kills = {"server", "engine"} if arguments.kill == "both" else {arguments.kill}
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-"))
        server, engine = xmppchat.Server("chaos", directory), None
        # Without TLS there is more time for what matters.
        server.options["listeners"][0]["tls"] = "none"
        if arguments.store == "mongodb":
            engine = Engine()
            stack.callback(engine.stop)
            server.options |= {"store": "mongodb", "mongodb": {"uri": engine.uri}}
        stack.callback(server.kill)
        server.start()
        chaos = run(arguments, Chaos(server, engine, arguments.clients, arguments.mailboxes), kills)
        # A database that dies is worth an error in the log.
        server.stop() if "engine" not in kills else server.kill()
    report(arguments, chaos)
    return 1 if chaos.problems else 0


def run(arguments, chaos, kills):
    moments = random.Random(arguments.seed)
    for number in range(1, arguments.rounds + 1):
        before = dict(chaos.acknowledged)
        restart = chaos.round(moments.uniform(1, 3), kills)
        done = ", ".join(f"{chaos.acknowledged[kind] - before[kind]} {kind}" for kind in before)
        print(f"round {number}: {done}; serves again after {restart:.1f} s; {len(chaos.problems)} missing or doubled", flush=True)
    return chaos


def report(arguments, chaos):
    again = sum(count - 1 for mailbox in chaos.mailboxes for count in mailbox.received.values())
    received = sum(len(mailbox.received) for mailbox in chaos.mailboxes)
    total = ", ".join(f"{number} {kind}" for kind, number in chaos.acknowledged.items())
    what = f"{arguments.rounds} kills of {arguments.kill}, {arguments.store}"
    print(f"{what}; acknowledged: {total}; refused: {chaos.refusals}; missing or doubled: {len(chaos.problems)}")
    print(f"{received} messages fetched, {again} of them again; {chaos.halves} unacknowledged subscription stanzas took effect on one side")
    for problem in chaos.problems[:20]:
        print(problem)


sys.exit(main())
