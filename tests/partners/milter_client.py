"""A mail server's side of the milter protocol (version 6), for one message: what a milter adds to its header."""

import socket
import struct


class MilterClient:
    """Speaks to a milter at a port of 127.0.0.1 as a server on 127.0.0.1 does."""

    def __init__(self, port: int):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket_file = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket_file.close()
        self._socket.close()

    def _send(self, command: bytes, data=b"") -> None:
        self._socket.sendall(struct.pack("!I", 1 + len(data)) + command + data)

    def _receive(self) -> tuple[bytes, bytes]:
        size = struct.unpack("!I", self._socket_file.read(4))[0]
        packet = self._socket_file.read(size)
        return packet[:1], packet[1:]

    def _ask(self, command: bytes, data=b"") -> None:
        self._send(command, data)
        answer, _ = self._receive()
        if answer != b"c":
            raise AssertionError(f"the milter answers {answer} to {command}")

    def added(self, message: bytes, sender: str, recipient: str) -> list[tuple[bytes, bytes]]:
        """The fields (name, value in CRLF lines) that it adds, the topmost first. Header octets are told as they stand."""
        self._send(b"O", struct.pack("!III", 6, 0x1FF, 0))  # nothing may be left out
        self._receive()
        self._send(b"D", b"Cj\0localhost\0")
        self._ask(b"C", b"localhost\0" + b"4" + struct.pack("!H", 25) + b"127.0.0.1\0")
        self._ask(b"H", b"localhost\0")
        self._ask(b"M", f"<{sender}>\0".encode())
        self._ask(b"R", f"<{recipient}>\0".encode())
        self._send(b"D", b"Ti\0QUEUE1\0")
        self._ask(b"T")
        header, _, body = message.partition(b"\r\n\r\n")
        fields: list[bytes] = []
        for line in header.split(b"\r\n"):
            if line[:1] in b" \t" and fields:
                fields[-1] += b"\n" + line
            else:
                fields.append(line)
        for field in fields:
            name, _, value = field.partition(b":")
            self._ask(b"L", name + b"\0" + value.removeprefix(b" ") + b"\0")
        self._ask(b"N")
        for at in range(0, len(body), 60_000):
            self._ask(b"B", body[at:at + 60_000])
        self._send(b"E")
        out: list[tuple[bytes, bytes]] = []
        while True:
            answer, data = self._receive()
            if answer in (b"c", b"a"):
                return out
            if answer in (b"i", b"h"):
                name, value, _ = (data[4:] if answer == b"i" else data).split(b"\0", 2)
                out.insert(0 if answer == b"i" else len(out), (name, value.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")))
            elif answer != b"p":
                raise AssertionError(f"the milter answers {answer} {data!r} to the end of the message")
