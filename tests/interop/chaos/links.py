"""Kills one of two servers that talk to each other, then the other one, again and again, while clients with stream management on both sides
write to those of the other side as fast as they can. Then each message whose sender got an acknowledgement has come to its recipient
once, in order, and is in both archives once, in order; and so it has come to the other devices of both (XEP-0280).

    /usr/bin/python3 tests/interop/chaos/links.py [--store sqlite|mongodb] [--rounds 3] [--clients 80] [--unmanaged]

With --unmanaged the servers prove who they are by dialback, and so do no stream management: then each of those messages has come at least
once, or its sender was told that it may not have, and is in the archives of who has it.

docs/federation.md says by what, docs/reliability.md has figures.
"""

import asyncio
import collections
import contextlib
import random
import sys
import tempfile
from pathlib import Path

from talk import Client, arguments_of, choose_store, converse, devices_of, report

import xmppchat
from pki import Authority

sys.path.append(str(xmppchat.ROOT / "tests/federation"))

from nameserver import NameServer  # noqa: E402

DOMAINS = ("capulet.example", "montague.example")

# Messages on their way from one to another: more would only wait, since each server acknowledges what it has yet to bring over.
ON_THE_WAY = 8


class Correspondent(Client):
    def choose(self):
        ready = [
            contact for contact in self.contacts
            if self.written[contact.account.jid] - self.arrived(contact) < ON_THE_WAY
        ]  # fmt: skip
        return random.choice(ready) if ready else None

    def hear(self, message):
        super().hear(message)
        self.fill()


class UnmanagedCorrespondent(Correspondent):
    def __init__(self, server, account):
        super().__init__(server, account)
        self.refused = collections.defaultdict(set)

    def take_refusal(self, message):
        self.refused[message.get("from").split("/")[0]].add(int(message.get("id")))
        self.fill()

    def arrived(self, contact):
        return len({*contact.received[self.account.jid], *self.refused[contact.account.jid]})

    async def look(self, with_archive):
        archives = await self.read_archive() if with_archive else None
        for contact in self.contacts:
            jid = contact.account.jid
            written = set(range(1, self.written[jid] + 1))
            self.compare_sets(f"what {jid} received from it, or it was told of", contact.received[self.account.jid], written - self.refused[jid])
            if archives:
                self.compare_sets(f"what it received of {jid} in its archive", archives[0][jid], set(self.received[jid]))
                self.compare_sets(f"what it sent to {jid} in its archive", archives[1][jid], written)

    def compare_sets(self, what, found, expected):
        if missing := sorted(expected - set(found)):
            self.problems.append(f"{self}: {what}: missing {missing[:10]}")


def server_of(domain, arguments, directory, world, dns):
    """A server that listens to the other one and to clients, and knows it by the DNS and, unless by dialback, by the CA."""
    issue = world.issue_by_itself if arguments.unmanaged else world.issue_hosts
    port, certificates = xmppchat.free_port(), directory / "certs"
    certificates.mkdir(parents=True)
    for made, name in zip(issue(domain), (f"{domain}.crt", f"{domain}.key"), strict=True):
        (certificates / name).write_bytes(made.read_bytes())
    server = xmppchat.Server(
        f"links-{domain}-{arguments.store}", directory, hosts=[domain], log={"level": "information"}, limits={"sessionBytesPerSecond": 0},
        tls={"certificates": str(certificates), "generateMissing": False},
        s2s={
            "use": "on", "authorities": str(world.certificate), "dialback": DOMAINS if arguments.unmanaged else [], "dnsServers": [f"{dns.address}:{dns.port}"], "retryAfter": "1s",
            "listeners": [{"address": "127.0.0.1", "port": port, "tls": "starttls"}],
            # What is written while the other one is down.
            "queueStanzas": 1_000_000, "queueBytes": "256MB", "bytesPerSecond": 0,
        },
        streamManagement={"journal": {"bytes": "1000MB"}},
        modules={"strangers": {"access": "allow"}},
    )  # fmt: skip
    # Without TLS there is more time for what matters.
    server.options["listeners"][0]["tls"] = "none"
    dns.serve(domain, "127.0.0.1", port)
    return server


async def talk(servers, arguments):
    sides, kind = [], UnmanagedCorrespondent if arguments.unmanaged else Correspondent
    for server, domain in zip(servers, DOMAINS, strict=True):
        accounts = [xmppchat.Account(f"user{number}@{domain}", f"password {number}") for number in range(arguments.clients // 2)]
        server.ctl("user", "import", "-", stdin="".join(f"{account.jid} {account.password}\n" for account in accounts))
        sides.append([kind(server, account) for account in accounts])
    for number, client in enumerate(sides[0]):
        for distance in range(min(3, len(sides[1]))):
            other = sides[1][(number + distance) % len(sides[1])]
            client.contacts.append(other)
            other.contacts.append(client)
    clients = [*sides[0], *sides[1]]
    return await converse(servers, clients if arguments.unmanaged else clients + devices_of(clients), arguments)


def main():
    parser = arguments_of("links.py", __doc__, clients=80)
    parser.add_argument("--unmanaged", action="store_true", help="without stream management between the servers")
    arguments = parser.parse_args()
    arguments.without_archive = False
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        dns = NameServer("127.0.0.1", xmppchat.free_port())
        stack.callback(dns.close)
        world = Authority(directory / "world")
        servers = [server_of(domain, arguments, directory / domain, world, dns) for domain in DOMAINS]
        choose_store(arguments.store, servers, stack)
        for server in servers:
            stack.callback(server.kill)
            server.start()
        clients = asyncio.run(talk(servers, arguments))
        for server in servers:
            server.stop()
    problems = [problem for client in clients for problem in client.problems]
    if arguments.unmanaged:
        told = sum(len(refused) for client in clients for refused in client.refused.values())
        print(f"of {told} messages their senders were told that they may not have come")
    print(f"{arguments.rounds} kills of one of two servers, {arguments.store}; {report(arguments, clients)}: {len(problems)}")
    for problem in problems[:20]:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
