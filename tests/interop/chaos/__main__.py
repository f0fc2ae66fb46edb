"""Kills the server while 200 clients chat, log in and out, and change what is kept; then all has to be there that was acknowledged.

    /usr/bin/python3 tests/interop/chaos [--rounds 3] [--clients 200] [--seed N]

Acknowledged is a roster item whose IQ got its result, and a subscription stanza or a message for somebody who is away when a later
ping on the same stream was answered, since stanzas are handled in order. docs/reliability.md has figures.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

import xmppchat  # noqa: E402
from crowd import Client, Owner  # noqa: E402
from ledger import Mailbox, Pair  # noqa: E402


class Chaos:
    def __init__(self, server, clients, mailboxes):
        accounts = server.new_accounts(clients + mailboxes)
        self.server = server
        self.mailboxes = [Mailbox(account) for account in accounts[clients:]]
        self.clients = [Client(server, account, self.mailboxes) for account in accounts[:clients]]
        self.pairs = []
        for number, client in enumerate(self.clients):
            for distance in (1, 2, 3):
                self._pair(client, self.clients[(number + distance * 7) % clients])
        self.problems, self.halves = [], 0
        self.acknowledged = {"roster items": 0, "notes": 0, "subscription stanzas": 0, "offline messages": 0, "log-ins": 0}

    def _pair(self, asker, contact):
        pair = Pair(asker, contact)
        self.pairs.append(pair)
        for client in (asker, contact):
            client.pairs[pair.other(client).account.jid] = pair

    def round(self, patience):
        """Everybody is busy until the server dies; it is started again, and everybody looks."""
        threads = [*self.clients_at_work(), *self.owners_at_work()]
        time.sleep(patience)
        self.server.kill()
        for thread in threads:
            thread.join(xmppchat.TIMEOUT)
        started = time.monotonic()
        self.server.start()
        restart = time.monotonic() - started
        self.count()
        self.look()
        return restart

    def clients_at_work(self):
        everybody_in = threading.Barrier(len(self.clients) + 1)
        threads = [threading.Thread(target=client.work, args=[everybody_in], daemon=True) for client in self.clients]
        for thread in threads:
            thread.start()
        everybody_in.wait(xmppchat.TIMEOUT * 2)
        return threads

    def owners_at_work(self):
        threads = [threading.Thread(target=Owner(self.server, self.mailboxes).work, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        return threads

    def count(self):
        for client in self.clients:
            for kind, number in client.acknowledged.items():
                self.acknowledged[kind] += number
            client.acknowledged.clear()

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
            mailbox.acknowledged &= mailbox.received.keys()
        for pair in self.pairs:
            if not pair.settle():
                self.halves += 1
                for client in (pair.asker, pair.contact):
                    client.pairs.pop(pair.other(client).account.jid, None)
        self.pairs = [pair for pair in self.pairs if pair.other(pair.asker).account.jid in pair.asker.pairs]


def main():
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--mailboxes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=None, help="of the moments of death; what the clients do stays up to the scheduler")
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="chaos-") as directory:
        server = xmppchat.Server("chaos", directory)
        # Without TLS there is more time for what matters.
        server.options["listeners"][0]["tls"] = "none"
        server.start()
        try:
            chaos = Chaos(server, arguments.clients, arguments.mailboxes)
            for number in range(1, arguments.rounds + 1):
                before = dict(chaos.acknowledged)
                restart = chaos.round(moments.uniform(1, 3))
                done = ", ".join(f"{chaos.acknowledged[kind] - before[kind]} {kind}" for kind in before)
                print(f"round {number}: {done}; serves again after {restart:.1f} s; {len(chaos.problems)} missing", flush=True)
            server.stop()
        finally:
            server.kill()
    again = sum(count - 1 for mailbox in chaos.mailboxes for count in mailbox.received.values())
    received = sum(len(mailbox.received) for mailbox in chaos.mailboxes)
    total = ", ".join(f"{number} {kind}" for kind, number in chaos.acknowledged.items())
    print(f"{arguments.rounds} kills; acknowledged: {total}; missing: {len(chaos.problems)}")
    print(f"{received} messages fetched, {again} of them again; {chaos.halves} unacknowledged subscription stanzas took effect on one side")
    for problem in chaos.problems[:20]:
        print(problem)
    return 1 if chaos.problems else 0


sys.exit(main())
