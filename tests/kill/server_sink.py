"""The next hop of the kill test: records what it takes, and defers, refuses and breaks off by what the address says."""

import asyncio
import random
import zlib

from server_judge import MESSAGE_ID, RECEIVED_ID, REFERENCES, STATUS, first

LARGEST = 8 << 20


class Sink:
    """later-*: 450 the first time. never-*: 450 until accepts_never. no-*: 550. Others are taken, but for one message in
    eleven that is deferred at its final dot and one in seventeen whose connection breaks, the first time each."""

    def __init__(self, judge, seed):
        self.judge = judge
        self.random = random.Random(seed)
        self.accepts_never = False
        self.met = set()
        self.port = 0
        self._server = None

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LARGEST)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self):
        self._server.close()

    async def _serve(self, reader, writer):
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _converse(self, reader, writer):
        def say(text):
            writer.write(text.encode() + b"\r\n")

        say("220 sink.example ESMTP")
        has_chunking = self.random.random() < 0.5
        recipients, pieces = [], []
        while line := await reader.readline():
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            verb = verb.upper()
            if verb == "EHLO":
                say("250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 50000000\r\n"
                    + ("250-CHUNKING\r\n" if has_chunking else "") + "250 ENHANCEDSTATUSCODES")
            elif verb in ("MAIL", "RSET"):
                recipients, pieces = [], []
                say("250 2.0.0 OK")
            elif verb == "RCPT":
                recipient = rest.partition("<")[2].partition(">")[0]
                answer = self._answer_recipient(recipient)
                if answer.startswith("2"):
                    recipients.append(recipient)
                say(answer)
            elif verb == "DATA" and recipients:
                say("354 go on")
                await writer.drain()
                content = await reader.readuntil(b"\r\n.\r\n")
                content = (b"\r\n" + content[:-3]).replace(b"\r\n.", b"\r\n")[2:]
                say(self._take(content, recipients))
            elif verb == "BDAT":
                words = rest.upper().split()
                pieces.append(await reader.readexactly(int(words[0])))
                if not recipients:
                    say("554 5.5.1 no valid recipients")
                else:
                    say(self._take(b"".join(pieces), recipients) if words[-1] == "LAST" else "250 2.0.0 OK")
            elif verb == "QUIT":
                say("221 2.0.0 bye")
                await writer.drain()
                return
            else:
                say("503 5.5.1 not now")
            await writer.drain()

    def _is_first(self, what):
        is_new = what not in self.met
        self.met.add(what)
        return is_new

    def _answer_recipient(self, recipient):
        if recipient.startswith("no-"):
            return "550 5.1.1 no such user"
        if recipient.startswith("never-") and not self.accepts_never:
            return "450 4.2.1 not now"
        if recipient.startswith("later-") and self._is_first(recipient):
            return "450 4.2.0 later"
        return "250 2.1.5 OK"

    def _take(self, content, recipients):
        message = first(MESSAGE_ID, content[:20000])
        mark = zlib.crc32(message.encode())
        if mark % 11 == 0 and self._is_first((message, "dot")):
            return "451 4.3.0 not this time"
        if mark % 17 == 0 and self._is_first((message, "break")):
            raise ConnectionResetError  # before it is counted: the sender can't know
        header, _, body = content.partition(b"\r\n\r\n")
        if b"report-type=delivery-status" in header:
            about = first(REFERENCES, header)
            for recipient, action in STATUS.findall(body):
                self.judge.on_report(message, about, recipient.decode(), action.decode().lower())
            # A report has no Received field: its Message-ID begins with its own id.
            self.judge.on_arrived(message, recipients, message[1:].partition(".")[0], True)
        else:
            wanted = header.rpartition(b"X-Checksum: ")[2].split(b"\r\n")[0]
            is_whole = wanted == b"%08x" % zlib.crc32(body)
            self.judge.on_arrived(message, recipients, first(RECEIVED_ID, header), is_whole)
        return "250 2.0.0 taken"
