"""Kills the server while 40 clients upload files and fetch them again (XEP-0363), again and again. Nobody is ever given a part of a file;
what was answered "201" is there, whole; and in the end no file is on the disk, or in the database, that nobody has, and each account can
upload exactly what is left of its quota. With MongoDB files are there as well (GridFS), and pymongo has to read the same; with --s3 they
are in an S3 store, s3rver (tests/s3).

    /usr/bin/python3 tests/interop/chaos/uploads.py [--store sqlite|mongodb] [--s3] [--rounds 3] [--clients 40]

docs/reliability.md has figures.
"""

import asyncio
import contextlib
import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from talk import CLIENT, Client, Cut, arguments_of, run_program, until
from xmppchat import ROOT, TIMEOUT, end_with_parent, free_port

UPLOAD = "{urn:xmpp:http:upload:0}"
QUOTA = 1024 * 1024 * 1024
PORT = free_port()

# A file comes in parts, with pauses, so that many are on their way when the server is killed.
SMALLEST, LARGEST, PART, PAUSE = 1_000, 400_000, 16 * 1024, 0.01


class File:
    """Its content can be told from its number."""

    def __init__(self, number, address):
        self.number, self.address = number, address
        self.content = content_of(number)


def content_of(number):
    dice = random.Random(number)
    return dice.randbytes(dice.randint(SMALLEST, LARGEST))


async def exchange(address, method, content=b""):
    """The status and the content of a response; raises Cut when it doesn't come whole."""
    host, path = address.removeprefix("http://").split("/", 1)
    writer = None
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        writer.write(f"{method} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode())
        for start in range(0, len(content), PART):
            writer.write(content[start : start + PART])
            await writer.drain()
            await asyncio.sleep(random.uniform(0, PAUSE))
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        length = next((int(line.split(":")[1]) for line in head if line.startswith("content-length:")), 0)
        return int(head[0].split()[1]), await reader.readexactly(length)
    except (OSError, asyncio.IncompleteReadError):
        raise Cut from None
    finally:
        if writer:
            writer.close()


class Uploader(Client):
    """Uploads one file after the other, and looks at what it has uploaded."""

    numbers = itertools.count(1)

    # What may be answered to who is too early.
    early = {404}

    def __init__(self, server, account):
        super().__init__(server, account)
        # What the server has said it has; what it may have, since it was killed meanwhile.
        self.files, self.doubtful, self.looked, self.is_back = [], [], 0, asyncio.Event()

    async def work(self):
        while self.is_writing:
            with contextlib.suppress(Cut):
                self.line = await self.bind()
                self.is_back.set()
                while self.is_writing:
                    await self.upload()
                    if self.files:
                        await self.look_at(random.choice(self.files))

    async def bind(self):
        line = await self.connect()
        line.send("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        await line.expect(CLIENT + "iq")
        return line

    async def ask(self, size):
        """The addresses to upload to and to fetch from, or the condition of the error."""
        request = f"<request xmlns='urn:xmpp:http:upload:0' filename='file' size='{size}'/>"
        self.line.send(f"<iq type='get' id='slot' to='upload.localhost'>{request}</iq>")
        answer = await self.line.expect(CLIENT + "iq")
        if (slot := answer.find(UPLOAD + "slot")) is None:
            return answer.find(CLIENT + "error")[0].tag.split("}")[1]
        return slot.find(UPLOAD + "put").get("url"), slot.find(UPLOAD + "get").get("url")

    async def upload(self):
        number = next(self.numbers)
        slot = await self.ask(len(content_of(number)))
        if isinstance(slot, str):
            self.problems.append(f"{self}: no slot: {slot}")
            raise Cut
        file = File(number, slot[1])
        self.doubtful.append(file)
        putting = asyncio.create_task(exchange(slot[0], "PUT", file.content))
        try:
            # Somebody is too early.
            while not putting.done():
                await self.look_at(file)
                await asyncio.wait([putting], timeout=0.05)
        finally:
            await asyncio.gather(putting, return_exceptions=True)
        status, _ = putting.result()
        if status != 201:
            self.problems.append(f"{self}: answer {status} to {file.address}")
            return
        self.doubtful.remove(file)
        self.files.append(file)

    async def look_at(self, file):
        """What is served is the file; whether it has to be is known."""
        has_to_be = file in self.files
        status, content = await exchange(file.address, "GET")
        self.looked += 1
        if status == 200 and content != file.content:
            self.problems.append(f"{self}: {file.address} has {len(file.content)} bytes, and {len(content)} others were served")
        elif status != 200 and (has_to_be or status not in self.early):
            self.problems.append(f"{self}: answer {status} to {file.address}")
        return status == 200

    async def settle(self):
        """Everything is looked at; then there is room for what is left of the quota, and for no more."""
        self.line = await self.bind()
        there = [file for file in [*self.files, *self.doubtful] if await self.look_at(file)]
        left = QUOTA - sum(len(file.content) for file in there)
        if (refused := await self.ask(left + 1)) != "resource-constraint":
            self.problems.append(f"{self}: can have more than its quota: {refused}")
        if isinstance(refused := await self.ask(left), str):
            self.problems.append(f"{self}: can't have {left} bytes that are left of its quota: {refused}")
        return {file.address.split("/")[-2] for file in there}


class Disk:
    """Where files are, as an operator sees it."""

    def __init__(self, server):
        self.directory = server.directory / "data/uploads"

    def names(self):
        """Of all files, those too that are not whole."""
        return {path.name for path in self.directory.rglob("*") if path.is_file()}

    def incoming(self):
        """How many are not whole, of those of this kill."""
        return sum(1 for _ in (self.directory / "incoming").glob("*"))

    def read(self, name):
        return (self.directory / name[:2] / name).read_bytes().split(b"\n", 1)[1]


class Store:
    """An S3 store, s3rver, which has each object in a file of the same name and an ending."""

    ENDING = "._S3rver_object"

    def __init__(self, directory):
        self.directory = Path(directory)
        program = ["node", "--openssl-legacy-provider", ROOT / "tests/s3/server.mjs", directory]
        self.process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)  # fmt: skip
        port = self.process.stdout.readline().strip()
        self.options = {"endpoint": f"http://127.0.0.1:{port}", "bucket": "uploads", "accessKey": "S3RVER", "secretKey": "S3RVER"}

    def stop(self):
        self.process.kill()
        self.process.wait(TIMEOUT)

    def objects(self):
        # Not by Path.rglob, which fails when a directory goes meanwhile.
        return {
            name.removesuffix(self.ENDING): Path(directory, name)
            for directory, _, names in os.walk(self.directory) for name in names if name.endswith(self.ENDING)
        }  # fmt: skip

    def names(self):
        """Of all files. s3rver keeps what has come of a request that breaks off, which real stores don't: that may be no file at all."""
        names = set()
        for name, path in self.objects().items():
            with contextlib.suppress(FileNotFoundError):  # It goes just now.
                if b"\n" in path.read_bytes():
                    names.add(name)
        return names

    def incoming(self):
        return Disk(self.server).incoming()

    def read(self, name):
        return self.objects()[name].read_bytes().split(b"\n", 1)[1]

    def age(self, there):
        """What nobody has is taken for left over when it is an hour old: makes it so, while no server runs."""
        old = time.time() - 7200
        for name, path in self.objects().items():
            if name not in there:
                os.utime(path, (old, old))


async def upload(server, arguments):
    clients = [Uploader(server, account) for account in server.new_accounts(arguments.clients)]
    tasks = [asyncio.create_task(client.work()) for client in clients]
    moments, left_over = random.Random(arguments.seed), 0
    if place := arguments.place:
        place.server = server
    elif arguments.store == "mongodb":
        from database import Database  # pymongo is needed here only.

        place = Database(server)
    else:
        place = Disk(server)
    for number in range(1, arguments.rounds + 1):
        await until(lambda: all(client.is_back.is_set() for client in clients), 2 * TIMEOUT)
        before = sum(len(client.files) for client in clients)
        await asyncio.sleep(moments.uniform(0.5, 2.5) * (4 if arguments.store == "mongodb" or arguments.s3 else 1))  # It takes longer there.
        server.kill()
        for client in clients:
            client.is_back.clear()
        incoming = place.incoming()
        left_over += incoming
        started = time.monotonic()
        server.start()  # Not in another thread, with whose end it would end.
        uploaded = sum(len(client.files) for client in clients) - before
        print(f"round {number}: {uploaded} files, {incoming} cut in the middle; "
              f"serves again after {time.monotonic() - started:.1f} s", flush=True)  # fmt: skip
        if any(client.problems for client in clients):
            break
    for client in clients:
        client.is_writing = False
    for done in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(done, BaseException):
            clients[0].problems.append(f"a client failed: {done!r}")
    there = set().union(*await asyncio.gather(*(client.settle() for client in clients)))
    contents = {file.address.split("/")[-2]: file.content for client in clients for file in [*client.files, *client.doubtful]}
    clients[0].problems += [f"{name} is another file to the operator" for name in there if place.read(name) != contents[name]]
    # What nobody has goes soon after the start.
    if not isinstance(place, Disk):
        server.kill()
        place.age(there)
        server.start()
    with contextlib.suppress(AssertionError):
        await until(lambda: place.names() <= there, TIMEOUT)
    clients[0].problems += [f"nobody has the file {name}" for name in sorted(place.names() - there)]
    clients[0].left_over = left_over
    return clients


def report(arguments, clients):
    files, looked = sum(len(client.files) for client in clients), sum(client.looked for client in clients)
    return (f"{len(clients)} clients, acknowledged: {files} files, cut in the middle: {clients[0].left_over}, looked at: {looked}; "
            "parts served, files lost or left, wrong quotas")  # fmt: skip


def main():
    http = {"listeners": [{"address": "127.0.0.1", "port": PORT, "tls": False}], "minimumBytesPerSecond": 0}
    parser = arguments_of("uploads.py", __doc__, clients=40)
    parser.add_argument("--s3", action="store_true", help="files are in an S3 store")
    arguments = parser.parse_args()
    http["uploadStore"] = "mongodb" if arguments.store == "mongodb" else "disk"
    quota = {"fileBytes": 2 * QUOTA, "accountBytes": QUOTA, "accountBytesPerDay": 0}
    with contextlib.ExitStack() as stack:
        arguments.place = None
        if arguments.s3:
            arguments.place = Store(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-s3-")))
            stack.callback(arguments.place.stop)
            # s3rver shows an object while it comes, and can't send the part of an empty one, which real stores don't have.
            Uploader.early = {404, 503}
            http |= {"uploadStore": "s3", "s3": arguments.place.options}
        return run_program("uploads", arguments, upload, report, http=http, modules={"uploads": quota})


if __name__ == "__main__":
    sys.exit(main())
