"""Filters of a test's own: an rspamd that answers what it is told, and milters that speak the protocol octet by octet and
break it where they are told to."""

import json
import socket
import struct
import tempfile
import threading
import time
from pathlib import Path


def filed(server, account: str, count: int, mailbox: str, seconds=30) -> list[bytes]:
    """What the account has in that mailbox, once there is so much."""
    end = time.monotonic() + seconds
    while True:
        with tempfile.TemporaryDirectory(prefix="filed-") as folder:
            server.command("mailbox", "export", account, "--maildir", str(Path(folder) / "mail"), "--mailbox", mailbox, code=None)
            found = [path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.parent.name in ("new", "cur") and path.is_file()]
        if len(found) >= count:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{len(found)} of {count} in {mailbox}: {server.read_events()[-5:]}")
        time.sleep(0.05)


class Peer:
    """Accepts on a port of 127.0.0.1; serve(connection) runs in a thread of its own for each."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self._open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self) -> None:
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        """Hangs up on everybody."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection) -> None:
        try:
            with connection:
                self.serve(connection)
        except OSError:
            pass
        finally:
            self._open.discard(connection)

    def serve(self, connection) -> None:
        raise NotImplementedError


class FakeRspamd(Peer):
    """Answers each message with `answer` (a dict, or octets as they are); "stall": it says nothing."""

    def __init__(self, answer=None):
        super().__init__()
        self.answer = answer or {"action": "no action", "score": 0.5, "required_score": 15}
        self.requests = []  # (fields, message)

    def serve(self, connection) -> None:
        octets = b""
        while b"\r\n\r\n" not in octets:
            if not (more := connection.recv(65536)):
                return
            octets += more
        head, _, body = octets.partition(b"\r\n\r\n")
        fields = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")[1:]]
        length = int(dict(fields)["content-length"])
        while len(body) < length:
            if not (more := connection.recv(65536)):
                return
            body += more
        self.requests.append((fields, body))
        if self.answer == "stall":
            connection.recv(1)
        elif isinstance(self.answer, bytes):
            connection.sendall(self.answer)
        else:
            text = json.dumps(self.answer).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(text) + text)


class FakeMilter(Peer):
    """Answers command X with the packets of replies[X] (default: go on). What it may say is replies' business:
    "stall", "close", "garbage" and "flood" stand for misbehaviour."""

    def __init__(self, replies=None, actions=0x1FF, steps=0):
        super().__init__()
        self.replies = replies or {}
        self.actions, self.steps = actions, steps
        self.heard = []  # (command, data)

    def commands(self) -> str:
        return "".join(command for command, _ in self.heard if command != "D")

    def serve(self, connection) -> None:
        stream = connection.makefile("rb")
        while head := stream.read(4):
            packet = stream.read(struct.unpack(">I", head)[0])
            command, data = chr(packet[0]), packet[1:]
            self.heard.append((command, data))
            if command == "O":
                self._say(connection, b"O" + struct.pack(">III", 6, self.actions, self.steps))
                continue
            if command in "DAQ":
                continue
            for reply in self.replies.get(command, [b"c"]):
                if reply == "stall":
                    time.sleep(60)
                    return
                if reply == "close":
                    return
                if reply == "garbage":
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                elif reply == "flood":
                    for _ in range(64):
                        self._say(connection, b"b" + b"x" * 65000 + b"\r\n")
                    self._say(connection, b"c")
                else:
                    self._say(connection, reply)

    @staticmethod
    def _say(connection, packet: bytes) -> None:
        connection.sendall(struct.pack(">I", len(packet)) + packet)
