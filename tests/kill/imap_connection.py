"""A bare IMAP client of the kill test: one command after the other, literals as they are, an end that is told apart from an answer."""

import asyncio
import re


class Gone(Exception):
    """The server has died, or is about to stop."""


class Refused(Exception):
    """NO or BAD."""


class Connection:
    def __init__(self, reader, writer):
        self._reader, self._writer, self._count = reader, writer, 0

    @classmethod
    async def open(cls, port, user, password):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=8 << 20)
        except OSError as error:
            raise Gone from error
        connection = cls(reader, writer)
        try:
            await connection._response()
            await connection.ask(f'LOGIN {user} "{password}"')
        except BaseException:
            writer.close()
            raise
        return connection

    def close(self):
        self._writer.close()

    async def ask(self, line, *literals):
        """(untagged responses, the tagged one's text). Each `{}` of line stands for a literal, in their order."""
        self._count += 1
        tag = b"k%d" % self._count
        parts = line.encode().split(b"{}")
        octets = tag + b" " + parts[0]
        for literal, part in zip(literals, parts[1:], strict=True):
            octets += b"{%d+}\r\n" % len(literal) + literal + part
        try:
            self._writer.write(octets + b"\r\n")
            await self._writer.drain()
        except OSError as error:
            raise Gone from error
        return await self._answer(tag, line)

    async def _answer(self, tag, line):
        untagged = []
        while True:
            response = await self._response()
            if not response.startswith(tag + b" "):
                untagged.append(response)
                continue
            text = response.removeprefix(tag + b" ").decode()
            if text.startswith("NO [UNAVAILABLE]"):
                raise Gone
            if not text.startswith("OK"):
                raise Refused(f"{line}: {text}")
            return untagged, text

    async def _response(self):
        """One response with the literals in it."""
        out = b""
        try:
            while True:
                part = await self._reader.readline()
                if not part.endswith(b"\r\n") or (not out and part.startswith(b"* BYE")):
                    raise Gone
                out += part
                literal = re.search(rb"\{(\d+)\}\r\n$", part)
                if not literal:
                    return out.removesuffix(b"\r\n")
                out += await self._reader.readexactly(int(literal[1]))
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Gone from error


def code(responses, name):
    """What a response code such as [UIDNEXT 7] says, or None."""
    for response in responses:
        text = response if isinstance(response, bytes) else response.encode()
        if found := re.search(rb"\[" + name.encode() + rb" ([^\]]*)\]", text):
            return found[1].decode()
    return None


def numbers(uid_set):
    """1,3:5 -> [1, 3, 4, 5]"""
    out = []
    for piece in uid_set.split(","):
        low, _, high = piece.partition(":")
        out += range(int(low), int(high or low) + 1)
    return out


def fetched(untagged):
    """UID -> (flags, size) of the answers to a FETCH of these."""
    out = {}
    for response in untagged:
        if re.match(rb"\* \d+ FETCH", response) and (uid := re.search(rb"UID (\d+)", response)):
            flags = re.search(rb"FLAGS \(([^)]*)\)", response)
            size = re.search(rb"RFC822\.SIZE (\d+)", response)
            if flags and size:
                out[int(uid[1])] = (frozenset(flags[1].decode().split()) - {"\\Recent"}, int(size[1]))
    return out


def body(untagged):
    """The literal of the first FETCH that has one."""
    for response in untagged:
        if found := re.match(rb"\* \d+ FETCH .*?\{(\d+)\}\r\n", response):
            return response[found.end():found.end() + int(found[1])]
    return None
