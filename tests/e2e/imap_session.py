"""One connection of the IMAP stress: it sends commands, several at once or cut into pieces, and gives every response to its view."""

import asyncio
import re

import imap_reply
from imap_view import Broken, View, World

STALL_SECONDS = 10
LITERAL_AT_END = re.compile(rb"\{(\d+)\}\r\n$")


class Session:
    count = 0

    def __init__(self, world: World, reader, writer):
        Session.count += 1
        self.world, self.number = world, Session.count
        self._reader, self._writer = reader, writer
        self._tags = 0
        self.view: View | None = None
        self.qresync = self.condstore = False
        self.said: list[bytes] = []  # the last responses, for who looks at what went wrong
        self.commands = 0

    @classmethod
    async def open(cls, world: World, port: int) -> "Session":
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        session = cls(world, reader, writer)
        await session.response()
        return session

    def close(self) -> None:
        self._writer.close()

    def cut(self) -> None:
        """The connection ends without a word."""
        self._writer.transport.abort()

    def send(self, command: str, *literals: bytes) -> bytes:
        """Its tag. Each `{}` stands for a literal, which does not wait for the server."""
        self._tags += 1
        self.commands += 1
        tag = b"%d.%d" % (self.number, self._tags)
        parts = command.encode().split(b"{}")
        octets = tag + b" " + parts[0]
        for literal, part in zip(literals, parts[1:], strict=True):
            octets += b"{%d+}\r\n" % len(literal) + literal + part
        self.said.append(b"> " + octets[:200])
        self._writer.write(octets + b"\r\n")
        return tag

    def send_raw(self, octets: bytes) -> None:
        self._writer.write(octets)

    async def response(self) -> bytes:
        out = b""
        while True:
            try:
                part = await asyncio.wait_for(self._reader.readline(), STALL_SECONDS)
                if not part.endswith(b"\r\n"):
                    raise Broken("the server hung up")
                out += part
                literal = LITERAL_AT_END.search(part)
                if not literal:
                    break
                out += await asyncio.wait_for(self._reader.readexactly(int(literal[1])), STALL_SECONDS)
            except TimeoutError as error:
                raise Broken(f"stalled for {STALL_SECONDS} s") from error
            except (OSError, asyncio.IncompleteReadError) as error:
                raise Broken(f"the connection is lost: {error!r}") from error
        self.said = [*self.said[-60:], out[:300]]
        return out[:-2]

    def _untagged(self, octets: bytes, commands: list[str], answers: list) -> None:
        # Human text may hold anything: a status is read as far as its code.
        if status := re.match(rb"\* (OK|NO|BAD|BYE|PREAUTH)\b(?: (\[[^\]]*\]))?", octets):
            if status[1] in (b"BAD", b"BYE"):
                raise Broken(f"untagged {octets!r} during {commands}")
            response = [status[1].decode(), *(status[2] or b"").decode("latin-1").split(" ", 1)]
        else:
            response = imap_reply.parse(octets[2:])
        answers.append(response)
        if self.view is not None:
            self.view.take(response, commands, self.qresync)

    async def answers(self, sent: dict[bytes, str]) -> dict[bytes, tuple[str, list]]:
        """sent: tags and the commands' names. Out: of each its tagged text, and what came before."""
        out, untagged = {}, []
        while len(out) < len(sent):
            octets = await self.response()
            tag, _, text = octets.partition(b" ")
            if tag == b"*":
                self._untagged(octets, [name for one, name in sent.items() if one not in out], untagged)
            elif tag in sent and tag not in out:
                out[tag] = text.decode("latin-1"), untagged
                untagged = []
            elif not octets.startswith(b"+"):
                raise Broken(f"neither tagged nor untagged: {octets!r}")
        return out

    @staticmethod
    def name_of(command: str) -> str:
        words = command.upper().split()
        return f"UID {words[1]}" if words[0] == "UID" else words[0]

    async def ask(self, command: str, *literals: bytes, may_fail: str = "") -> tuple[str, list]:
        """(the tagged text, the untagged responses). may_fail: of which refusals it is no fault (a pattern)."""
        tag = self.send(command, *literals)
        text, untagged = (await self.answers({tag: self.name_of(command)}))[tag]
        self.check(command, text, may_fail)
        return text, untagged

    async def ask_together(self, commands: list[str]) -> None:
        sent = {self.send(command): self.name_of(command) for command in commands}
        for (text, _), command in zip((await self.answers(sent)).values(), commands, strict=True):
            self.check(command, text, "")

    @staticmethod
    def check(command: str, text: str, may_fail: str) -> None:
        if not text.startswith("OK") and not (may_fail and re.match(may_fail, text)):
            raise Broken(f"{command[:200]}: {text}")

    async def select(self, mailbox: str, read_only=False, extra="") -> list:
        self.view = View(self.world, mailbox, self.number, read_only)
        verb = "EXAMINE" if read_only else "SELECT"
        _, untagged = await self.ask(f"{verb} {mailbox}{extra}")
        return untagged

    async def idle(self, seconds: float, then: str) -> None:
        """DONE and the next command go in one piece, as iOS sends them."""
        tag = self.send("IDLE")
        sent = {tag: "IDLE"}
        while True:  # what came before the go-ahead belongs to IDLE, too
            octets = await self.response()
            if octets.startswith(b"+"):
                break
            self._untagged(octets, ["IDLE"], [])
        end = asyncio.get_running_loop().time() + seconds
        while (left := end - asyncio.get_running_loop().time()) > 0:
            try:
                octets = await asyncio.wait_for(asyncio.shield(reading := asyncio.ensure_future(self.response())), left)
            except TimeoutError:
                self._writer.write(b"DONE\r\n")
                sent[self.send(then)] = self.name_of(then)
                octets = await reading
                self._first(octets, sent)
                break
            self._untagged(octets, ["IDLE"], [])
        else:
            self._writer.write(b"DONE\r\n")
            sent[self.send(then)] = self.name_of(then)
            self._first(await self.response(), sent)
        for text, _ in (await self.answers(sent)).values() if sent else ():
            self.check("IDLE", text, "")

    # The first response after DONE, which the reading above had begun to wait for.
    def _first(self, octets: bytes, sent: dict[bytes, str]) -> None:
        tag, _, text = octets.partition(b" ")
        if tag == b"*":
            self._untagged(octets, list(sent.values()), [])
        else:
            self.check("IDLE", text.decode("latin-1"), "")
            del sent[tag]
