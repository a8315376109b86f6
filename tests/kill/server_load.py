"""The clients of the kill test, and a proxy that lies to them."""

import asyncio
import base64
import zlib

from server_mailboxes import BOXES, FORWARDER, HOSTED, IMAP_BOX, LIST, expand

LARGEST = 1 << 20
DOMAINS = ("one.example", "two.example", "three.example", "four.example")
LINE = b"The quick brown fox jumps over the lazy dog, and does so again and again.\r\n"
LARGE_BODY = LINE * (1300_000 // len(LINE))
USER, PASSWORD = "app@shop.example", "correct horse battery staple"
CLIENTS = 6


class Gone(Exception):
    """The server has ended the conversation, or died."""


class Client:
    """One after the other, until the server dies."""

    def __init__(self, judge, rng, name, port, logs_in=False, to_hosted=False):
        self.judge, self.rng, self.name, self.port, self.logs_in = judge, rng, name, port, logs_in
        self.to_hosted = to_hosted  # there is nobody else where it sends
        self.count = 0

    async def run(self):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=LARGEST)
            except OSError:
                return
            try:
                await self._converse(reader, writer)
            except (Gone, ConnectionError, asyncio.IncompleteReadError):
                return
            finally:
                writer.close()

    async def run_once(self):
        """One message to one recipient who takes it, which is acknowledged."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=LARGEST)
        try:
            await self._reply(reader)
            await self._ask(reader, writer, b"EHLO client.example\r\n")
            await self._send(reader, writer, [f"ok-{self.name}@one.example"])
        except (Gone, ConnectionError):
            pass  # it may be on its way before the reply
        finally:
            writer.close()

    async def _reply(self, reader):
        while True:
            line = await reader.readline()
            if not line.endswith(b"\n") or line.startswith(b"421"):
                raise Gone
            if line[3:4] != b"-":
                return line

    async def _ask(self, reader, writer, octets):
        writer.write(octets)
        await writer.drain()
        return await self._reply(reader)

    async def _converse(self, reader, writer):
        await self._reply(reader)
        await self._ask(reader, writer, b"EHLO client.example\r\n")
        if self.logs_in:
            secret = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode())
            reply = await self._ask(reader, writer, b"AUTH PLAIN " + secret + b"\r\n")
            if not reply.startswith(b"235"):
                raise AssertionError(f"AUTH: {reply}")
        for _ in range(self.rng.randrange(3, 12)):
            await self._send(reader, writer)
        await self._odd_one(reader, writer)

    def _recipients(self):
        kinds = self.rng.choices(("ok", "later", "no", "never"), (70, 14, 10, 6), k=self.rng.randrange(1, 4))
        outside = [f"{kind}-{self.name}-{self.count}-{n}@{self.rng.choice(DOMAINS)}" for n, kind in enumerate(kinds)]
        names = [box.partition("@")[0] for box in (*BOXES, IMAP_BOX)]
        inside = [f"{name}+{self.name}-{self.count}@{HOSTED}" for name in names if self.rng.random() < 0.5]
        if not self.judge.anything_may_bounce:  # what becomes of a list's and a forward's bounces is not told here
            inside += [to for to in (FORWARDER, LIST) if self.rng.random() < 0.15]
        if self.to_hosted:
            return inside or [f"{names[0]}+{self.name}-{self.count}@{HOSTED}"]
        return outside + inside if self.rng.random() < 0.5 else outside

    async def _send(self, reader, writer, recipients=None):
        self.count += 1
        message = f"<{self.name}.{self.count}@kill.example>"
        recipients = recipients or self._recipients()
        body = LARGE_BODY if self.rng.random() < 0.12 else LINE * self.rng.randrange(1, 200)
        body += message.encode() + b"\r\n"
        header = (f"From: {USER}\r\nTo: them\r\nSubject: {self.count}\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n"
                  f"Message-ID: {message}\r\nX-Checksum: {zlib.crc32(body):08x}\r\n\r\n").encode()
        self.judge.on_begun(message, expand(recipients))
        writer.write(f"MAIL FROM:<{USER}>\r\n".encode()
                     + b"".join(f"RCPT TO:<{to}>\r\n".encode() for to in recipients))
        by_chunks = self.rng.random() < 0.3
        if not by_chunks:
            writer.write(b"DATA\r\n")
        await writer.drain()
        await self._reply(reader)
        taken = [to for to in recipients if (await self._reply(reader)).startswith(b"250")]
        if by_chunks:
            half = len(body) // 2
            await self._ask(reader, writer, b"BDAT %d\r\n" % len(header + body[:half]) + header + body[:half])
            reply = await self._ask(reader, writer, b"BDAT %d LAST\r\n" % len(body[half:]) + body[half:])
        else:
            reply = await self._reply(reader)
            if reply.startswith(b"354"):
                reply = await self._ask(reader, writer, header + body + b".\r\n")
        if reply.startswith(b"250"):
            self.judge.on_acknowledged(message, expand(taken))

    async def _odd_one(self, reader, writer):
        """Now and then: broken off while it is being staged, refused, dropped between two chunks."""
        kind = self.rng.randrange(4)
        start = f"MAIL FROM:<{USER}>\r\nRCPT TO:<{BOXES[0] if self.to_hosted else 'ok-odd@one.example'}>\r\n".encode()
        header = f"From: {USER}\r\nMessage-ID: <odd@kill.example>\r\n\r\n".encode()
        if kind == 0:
            writer.write(start + b"DATA\r\n")
            for _ in range(3):
                await self._reply(reader)
            writer.write(header + LARGE_BODY)
            await writer.drain()
        elif kind == 1:
            writer.write(start + b"DATA\r\n")
            for _ in range(3):
                await self._reply(reader)
            await self._ask(reader, writer, header + b"a\0b\r\n.\r\n")
        elif kind == 2:
            writer.write(start)
            for _ in range(2):
                await self._reply(reader)
            await self._ask(reader, writer, b"BDAT %d\r\n" % len(header) + header)
            await self._ask(reader, writer, b"RSET\r\n")
            await self._ask(reader, writer, b"QUIT\r\n")


class EarlyProxy:
    """The planted bug: stands before the server and answers the final dot before the server has."""

    def __init__(self, port):
        self.server_port = port
        self.port = 0
        self._listener = None

    async def start(self):
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=8 << 20)
        self.port = self._listener.sockets[0].getsockname()[1]

    def stop(self):
        self._listener.close()

    async def _serve(self, reader, writer):
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.server_port, limit=8 << 20)
        except OSError:
            writer.close()
            return
        try:
            await self._relay(reader, writer, up_reader, up_writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            up_writer.close()
            writer.close()

    async def _reply(self, reader):
        lines = b""
        while True:
            line = await reader.readline()
            lines += line
            if not line.endswith(b"\n"):
                raise ConnectionError
            if line[3:4] != b"-":
                return lines

    async def _relay(self, reader, writer, up_reader, up_writer):
        writer.write(await self._reply(up_reader))
        while line := await reader.readline():
            up_writer.write(line)
            if line.upper().startswith(b"BDAT"):
                up_writer.write(await reader.readexactly(int(line.split()[1])))
            reply = await self._reply(up_reader)
            writer.write(reply)
            if reply.startswith(b"354"):
                content = await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 2.0.0 OK: so to say\r\n")
                await writer.drain()
                up_writer.write(content)
                await self._reply(up_reader)
