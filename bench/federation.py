#!/usr/bin/python3
"""What a message between a user of this server and one of Prosody costs each of the two, in the same run; and what links that nobody uses
cost this server.

    /usr/bin/python3 bench/federation.py [--runs 3] [--pairs 200] [--window 16] [--seconds 5] [--links 1000]

Needs root (port 53 on a loopback address), Debian's Prosody, and builds of Xmpp.Server, Xmpp.Ctl and bench/Xmpp.Bench. docs/performance.md
has figures.
"""

import argparse
import asyncio
import contextlib
import json
import re
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/interop"), str(ROOT / "tests/federation")]

from nameserver import NameServer  # noqa: E402
from peers import C2S, Prosody  # noqa: E402
from pki import Authority  # noqa: E402
from raw import authenticated  # noqa: E402
from xmppchat import Account, Server, free_port  # noqa: E402

BENCH = ROOT / "bench/Xmpp.Bench/bin/Release/net10.0/xmpp-bench"
OURS, THEIRS, IDLE = "capulet.example", "montague.example", "idle.example"

# As bench/compare.sh has it: no archives, no rate limits, and the collector that costs Prosody least.
PROSODY = """
modules_disabled = { "mam" }
gc = { mode = "generational" }
c2s_require_encryption = false
"""

HEADER = (
    "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' "
    "version='1.0' from='{local}' to='{remote}'{id}>"
)
EXTERNAL = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>"
SM = "<sm xmlns='urn:xmpp:sm:3'/>"


def bench(*arguments):
    done = subprocess.run([BENCH, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"xmpp-bench {arguments[0]}: {done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def running(directory, world, dns, tls):
    """This server with its defaults, but for archives and rate limits."""
    port, certificates = free_port(), directory / "certs"
    certificates.mkdir(parents=True)
    for made, name in zip(world.issue_hosts(OURS), (f"{OURS}.crt", f"{OURS}.key"), strict=True):
        (certificates / name).write_bytes(made.read_bytes())
        (certificates / name).chmod(0o600)
    server = Server(
        "bench-federation", directory, hosts=[OURS], log={"level": "warning"},
        limits={"sessionBytesPerSecond": 0, "connectionAttemptsPerMinutePerAddress": 1_000_000},
        tls={"certificates": str(certificates), "generateMissing": False},
        s2s={
            "use": "on", "authorities": str(world.certificate), "dnsServers": [f"{dns.address}:{dns.port}"], "bytesPerSecond": 0,
            "listeners": [{"address": "127.0.0.1", "port": port, "tls": "starttls"}],
        },
        modules={"archive": {"default": "never"}},
    )  # fmt: skip
    server.authority, server.options["listeners"][0]["tls"] = world, tls
    dns.serve(OURS, "127.0.0.1", port)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def messages(directory, world, dns, arguments):
    """CPU per message on both sides, µs; the run in which this side's is least."""
    prosody = Prosody(THEIRS, "127.0.72.2", directory / "prosody", world, dns, settings=PROSODY, level="warn")
    with running(directory / "ours", world, dns, "none") as ours:
        prosody.start()
        try:
            pairs = ("--port", ours.port, "--domain", OURS)
            ours.ctl("user", "import", "-", stdin=bench("accounts", *pairs, "--count", arguments.pairs))
            theirs = ("--host", prosody.address, "--port", C2S, "--domain", THEIRS)
            bench("register", *theirs, "--tls", "none", "--count", arguments.pairs)
            for window in (1, arguments.window):
                runs = []
                for _ in range(arguments.runs):
                    result = json.loads(
                        bench(
                            "chat", *pairs, "--tls", "none", "--mechanism", "SCRAM-SHA-1", "--pid", ours.process.pid,
                            "--peer-host", prosody.address, "--peer-port", C2S, "--peer-domain", THEIRS, "--peer-pid", prosody.process.pid,
                            "--pairs", arguments.pairs, "--window", window, "--warmup", 3, "--duration", arguments.seconds, "--json",
                        )  # fmt: skip
                    )
                    metrics = {metric["name"]: metric["value"] for metric in result["metrics"]}
                    runs.append((metrics["server CPU per message"], metrics["peer CPU per message"], metrics["throughput"]))
                for run in runs:
                    print("window {}: {:.1f} µs here, {:.1f} µs at Prosody: {:.0%}; {:.0f} messages/s".format(
                        window, run[0], run[1], run[0] / run[1], run[2]))  # fmt: skip
        finally:
            prosody.stop()


class IdleServers:
    """Many servers at one port: as many domains as ask or are asked for, which do no more than it takes to keep a link."""

    def __init__(self, world):
        certificate, key = world._issue(f"any.{IDLE}", "serverAuth", [f"DNS:*.{IDLE}"])
        self.accepting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.connecting = ssl.create_default_context(cafile=world.certificate)
        for context in (self.accepting, self.connecting):
            context.load_cert_chain(certificate, key)
        self.accepted, self.tasks = 0, set()

    async def listen(self):
        server = await asyncio.start_server(self.accept, "127.0.72.3", 0, ssl=self.accepting, backlog=1000)
        return server.sockets[0].getsockname()[1]

    async def accept(self, reader, writer):
        """One that the server under test makes: EXTERNAL, stream management, one acknowledgement."""
        said = await reader.readuntil(b">")
        while b"<stream:stream" not in said:
            said = await reader.readuntil(b">")
        local = re.search(rb"to=['\"]([^'\"]+)", said)[1].decode()
        header = HEADER.format(local=local, remote=OURS, id=" id='x'")
        writer.write(f"{header}<stream:features>{EXTERNAL}</stream:features>".encode())
        await reader.readuntil(b"</auth>")
        writer.write(b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
        await reader.readuntil(b"<stream:stream")
        writer.write(f"{header}<stream:features>{SM}</stream:features>".encode())
        await reader.readuntil(b"<enable")
        writer.write(f"<enabled xmlns='urn:xmpp:sm:3' resume='true' id='{local}' max='300'/>".encode())
        await reader.readuntil(b"</message>")
        writer.write(b"<a xmlns='urn:xmpp:sm:3' h='1'/>")
        self.accepted += 1
        while await reader.read(4096):
            pass

    async def connect(self, number, port):
        """One to the server under test, which says nothing."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        header = HEADER.format(local=f"d{number}.{IDLE}", remote=OURS, id="").encode()
        writer.write(header)
        await reader.readuntil(b"</stream:features>")
        writer.write(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        await reader.readuntil(b"<proceed")
        await reader.readuntil(b"/>")
        await writer.start_tls(self.connecting, server_hostname=OURS)
        writer.write(header)
        await reader.readuntil(b"</stream:features>")
        writer.write(b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>")
        await reader.readuntil(b"<success")
        writer.write(header)
        await reader.readuntil(b"</stream:features>")
        writer.write(b"<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        await reader.readuntil(b"<enabled")
        self.tasks.add((reader, writer))


def resident(pid):
    """Bytes, as the other cases of docs/performance.md count them."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"Rss:\s+(\d+) kB", rollup)[1]) * 1024


async def idle(server, world, dns, count):
    """KB per idle link that this server made, and per one that was made to it; what the first ones need doesn't count."""
    others, first = IdleServers(world), 200
    port = await others.listen()
    for number in range(first + count):
        dns.serve(f"d{number}.{IDLE}", "127.0.72.3", port, service="_xmpps-server")
    account = Account(f"bench0@{OURS}", "bench-0")
    server.ctl("user", "add", account.jid, "--password-stdin", stdin=account.password + "\n")
    with authenticated(server, account) as client:
        client.bind()
        before = 0
        for numbers in (range(first), range(first, first + count)):
            for number in numbers:
                client.send(f"<message to='x@d{number}.{IDLE}' type='chat' id='{number}'><body>Hello</body></message>")
                while others.accepted < number - 20:
                    await asyncio.sleep(0.01)
            while others.accepted < numbers.stop:
                await asyncio.sleep(0.05)
            await asyncio.sleep(3)
            before, after = resident(server.process.pid), before
        print(f"{count} idle links that this server made: {(before - after) / count / 1000:.1f} KB each")
        listener = server.options["s2s"]["listeners"][0]["port"]
        for numbers in (range(first), range(first, first + count)):
            for start in range(numbers.start, numbers.stop, 20):
                await asyncio.gather(*(others.connect(number, listener) for number in range(start, min(start + 20, numbers.stop))))
            await asyncio.sleep(3)
            before, after = resident(server.process.pid), before
        print(f"{count} idle links that were made to it: {(before - after) / count / 1000:.1f} KB each")


def main():
    parser = argparse.ArgumentParser(prog="federation.py", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--window", type=int, default=16)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--links", type=int, default=1000)
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        dns = NameServer("127.0.72.53")
        stack.callback(dns.close)
        world = Authority(directory / "world")
        if arguments.runs:
            messages(directory / "messages", world, dns, arguments)
        if arguments.links:
            with running(directory / "links", world, dns, "starttls") as server:
                asyncio.run(idle(server, world, dns, arguments.links))


if __name__ == "__main__":
    main()
