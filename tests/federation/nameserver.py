"""A small authoritative DNS server for tests: A and SRV records, on UDP and TCP."""

import socket
import struct
import threading

A, SRV = 1, 33


class NameServer:
    """`records` are {name: {type: [data]}}; other names of the zone don't exist."""

    def __init__(self, address, port=53):
        self.records = {}
        self.address, self.port = address, port
        self.udp, self.tcp = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.udp.bind((address, port))
        self.tcp.bind((address, port))
        self.tcp.listen()
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def close(self):
        self.udp.close()
        self.tcp.close()

    def serve(self, domain, address, port, service="_xmpp-server"):
        """Says that a domain's server is at an address and port. Its name is that address: ejabberd asks the system for it, not us."""
        # Names are looked up meanwhile.
        self.records[f"{service}._tcp.{domain}"] = {SRV: [struct.pack("!HHH", 0, 0, port) + encode(address)]}
        self.records[address] = {A: [socket.inet_aton(address)]}

    def _serve_udp(self):
        try:
            while True:
                query, peer = self.udp.recvfrom(4096)
                self.udp.sendto(self._answer(query), peer)
        except OSError:
            pass

    def _serve_tcp(self):
        try:
            while True:
                connection, _ = self.tcp.accept()
                with connection, connection.makefile("rb") as stream:
                    answer = self._answer(stream.read(struct.unpack("!H", stream.read(2))[0]))
                    connection.sendall(struct.pack("!H", len(answer)) + answer)
        except OSError:
            pass

    def _answer(self, query):
        labels, position = [], 12
        while query[position]:
            labels.append(query[position + 1 : position + 1 + query[position]].decode())
            position += 1 + query[position]
        (kind,) = struct.unpack("!H", query[position + 1 : position + 3])
        records = self.records.get(".".join(labels).lower())
        data = (records or {}).get(kind, [])
        head = query[:2] + struct.pack("!HHHHH", 0x8580 | (3 if records is None else 0), 1, len(data), 0, 0)
        return head + query[12 : position + 5] + b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 1, len(item)) + item for item in data)


def encode(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
