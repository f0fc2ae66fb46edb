"""Kills one of two servers that talk to each other, then the other one, again and again, while clients with stream management on both sides
write to those of the other side as fast as they can. Then each message whose sender got an acknowledgement has come to its recipient
once, in order, and is in both archives once, in order.

    /usr/bin/python3 tests/interop/chaos/links.py [--store sqlite|mongodb] [--rounds 3] [--clients 80]

docs/federation.md says by what, docs/reliability.md has figures.
"""

import asyncio
import contextlib
import random
import sys
import tempfile
from pathlib import Path

from talk import Client, arguments_of, choose_store, converse, report

import xmppchat
from nameserver import NameServer
from pki import Authority

DOMAINS = ("capulet.example", "montague.example")

# Messages on their way from one to another: more would only wait, since each server acknowledges what it has yet to bring over.
ON_THE_WAY = 8


class Correspondent(Client):
    def choose(self):
        ready = [
            contact for contact in self.contacts
            if self.written[contact.account.jid] - len(contact.received[self.account.jid]) < ON_THE_WAY
        ]  # fmt: skip
        return random.choice(ready) if ready else None

    def hear(self, message):
        super().hear(message)
        self.fill()


def server_of(domain, store, directory, world, dns):
    """A server that listens to the other one and to clients, and knows it by the DNS and by the CA."""
    port, certificates = xmppchat.free_port(), directory / "certs"
    certificates.mkdir(parents=True)
    for made, name in zip(world.issue_hosts(domain), (f"{domain}.crt", f"{domain}.key"), strict=True):
        (certificates / name).write_bytes(made.read_bytes())
    server = xmppchat.Server(
        f"links-{domain}-{store}", directory, hosts=[domain], log={"level": "information"}, limits={"sessionBytesPerSecond": 0},
        tls={"certificates": str(certificates), "generateMissing": False},
        s2s={
            "use": "on", "authorities": str(world.certificate), "dnsServers": [f"{dns.address}:{dns.port}"], "retryAfter": "1s",
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
    sides = []
    for server, domain in zip(servers, DOMAINS, strict=True):
        accounts = [xmppchat.Account(f"user{number}@{domain}", f"password {number}") for number in range(arguments.clients // 2)]
        server.ctl("user", "import", "-", stdin="".join(f"{account.jid} {account.password}\n" for account in accounts))
        sides.append([Correspondent(server, account) for account in accounts])
    for number, client in enumerate(sides[0]):
        for distance in range(min(3, len(sides[1]))):
            other = sides[1][(number + distance) % len(sides[1])]
            client.contacts.append(other)
            other.contacts.append(client)
    return await converse(servers, [*sides[0], *sides[1]], arguments)


def main():
    arguments = arguments_of("links.py", __doc__, clients=80).parse_args()
    arguments.without_archive = False
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        dns = NameServer("127.0.0.1", xmppchat.free_port())
        stack.callback(dns.close)
        world = Authority(directory / "world")
        servers = [server_of(domain, arguments.store, directory / domain, world, dns) for domain in DOMAINS]
        choose_store(arguments.store, servers, stack)
        for server in servers:
            stack.callback(server.kill)
            server.start()
        clients = asyncio.run(talk(servers, arguments))
        for server in servers:
            server.stop()
    problems = [problem for client in clients for problem in client.problems]
    print(f"{arguments.rounds} kills of one of two servers, {arguments.store}; {report(arguments, clients)}: {len(problems)}")
    for problem in problems[:20]:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
