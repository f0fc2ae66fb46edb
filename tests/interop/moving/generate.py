"""A large store as a file of `xmppctl store export` (docs/storage.md), written without any of the server's code."""

import base64
import hashlib
import json
import os

HOST = "localhost"
KEYS = {"SHA-1": 20, "SHA-256": 32, "SHA-512": 64}
BODY = "Neither, fair saint, if either thee dislike. " * 4


def write(path, users, contacts, messages):
    """Writes it. The first user has a tenth of all messages, the others share the rest.

    Returns the checksum and the counts of the kinds that there are.
    """
    names = sorted(f"user{number}" for number in range(users))
    counts = {"account": users, "contact": contacts, "blocked": users, "data": users, "lastSeen": users, "message": messages, "secret": 1}
    checksum = hashlib.sha256()
    with open(path, "wb", buffering=1 << 20) as file:

        def put(record):
            line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            checksum.update(line)
            file.write(line)

        header = {"format": "xmppchat-store", "version": 1, "created": "2026-11-27T00:00:00Z", "by": "generate.py"}
        file.write(json.dumps(header).encode() + b"\n")
        share = messages // 10
        for number, name in enumerate(names):
            put(account(name))
            for contact in sorted(f"contact{i}@{HOST}" for i in range(part(contacts, users, number))):
                put(
                    {
                        "kind": "contact",
                        "jid": contact,
                        "version": 1_700_000_000_001,
                        "listed": True,
                        "subscription": "both",
                        "name": f"Contact of {name}",
                        "groups": ["Friends"],
                    }
                )
            put({"kind": "blocked", "jid": "spam.example"})
            card = f"<vCard xmlns='vcard-temp'><FN>{name}</FN></vCard>"
            put({"kind": "data", "of": "vcard", "key": "", "value": card})
            put({"kind": "lastSeen", "at": "2026-11-26T10:00:00+00:00", "value": "<presence type='unavailable'/>"})
            for message in range(part(messages - share, users, number) + (share if number == 0 else 0)):
                put(
                    {
                        "kind": "message",
                        "at": "2026-11-26T11:22:33.456+00:00",
                        "value": f"<message from='romeo@{HOST}/orchard' to='{name}@{HOST}' type='chat' id='{message}'><body>{BODY}{message}</body>"
                        "<delay xmlns='urn:xmpp:delay' from='localhost' stamp='2026-11-26T11:22:33.456Z'>Offline Storage</delay></message>",
                    }
                )
        put({"kind": "secret", "name": "sasl-decoy", "base64": encode(32)})
        put({"kind": "retiredRosterVersion", "version": 0})
        everything = {kind: counts.get(kind, 0) for kind in KINDS}
        end = {"kind": "end", "counts": everything, "sha256": checksum.hexdigest()}
        file.write(json.dumps(end).encode() + b"\n")
    # Kinds that files of version 1 don't know.
    return checksum.hexdigest(), counts


KINDS = ("account", "contact", "removal", "blocked", "data", "lastSeen", "message", "invitation", "setting", "secret")


def account(name):
    return {
        "kind": "account",
        "jid": f"{name}@{HOST}",
        "enabled": True,
        "created": "2026-01-02T03:04:05.678+00:00",
        "lastLogin": "2026-11-26T09:00:00+00:00",
        "rosterVersion": 1_700_000_000_001,
        "rosterFloor": 1_700_000_000_000,
        "keys": [
            {"hash": name, "salt": encode(16), "iterations": 10_000, "storedKey": encode(size), "serverKey": encode(size)}
            for name, size in KEYS.items()
        ],
    }


def encode(size):
    return base64.b64encode(os.urandom(size)).decode()


def part(total, users, number):
    """What one user has, so that all together have the total."""
    return total // users + (1 if number < total % users else 0)
