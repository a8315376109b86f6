"""What one IMAP client knows of a mailbox, rebuilt from nothing but the server's responses, and what may never happen to it; beside it
what all clients of a run know together. Each rule names where it stands."""

import base64
import random
import re
from dataclasses import dataclass, field

import imap_reply

SERIAL = re.compile(rb"s(\d{7})e")


class Broken(AssertionError):
    """The server has told something that can't be."""


def make_message(serial: int) -> bytes:
    """The same for the same serial: one that is fetched is compared with it."""
    draw = random.Random(serial)
    mark = f"s{serial:07d}e"
    head = (f"From: Ada =?utf-8?q?L=C3=B6we?= <ada{serial % 7}@example.org>\r\nTo: <bob@example.org>, group: c@example.org;\r\n"
            f"Date: Mon, {1 + serial % 28} Jan 2024 10:00:00 +0100\r\nSubject: {draw.choice(['Re: ', 'Fwd: ', ''])}{mark} subject {serial % 11}\r\n"
            f"Message-ID: <{mark}@stress.example>\r\nReferences: <s{serial // 2:07d}e@stress.example>\r\nX-Serial: {mark}\r\nMIME-Version: 1.0\r\n")
    line = draw.choice(["invoice", "old mill", "voice"]) + f" {mark}\r\n"
    if serial % 3 == 0:
        return (head + "\r\n" + line * draw.randrange(1, 200)).encode()
    attachment = base64.encodebytes(draw.randbytes(draw.randrange(1, 20_000))).replace(b"\n", b"\r\n")
    return (head + f'Content-Type: multipart/mixed; boundary="b{serial}"\r\n\r\npreamble\r\n--b{serial}\r\nContent-Type: text/plain; charset=utf-8\r\n'
            f"\r\n{line}\r\n--b{serial}\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n").encode() \
        + attachment + f"--b{serial}--\r\n".encode()


def serial_of(octets: bytes | None) -> int | None:
    found = SERIAL.search(octets or b"")
    return int(found[1]) if found else None


@dataclass
class World:
    """What all clients know together. A message is (mailbox, UIDVALIDITY, UID)."""
    static: dict = field(default_factory=dict)   # message, item -> its value, which never changes (RFC 9051 2.3.1.1)
    recent: dict = field(default_factory=dict)   # message -> the session that has it as \Recent
    owned: dict = field(default_factory=dict)    # message, client -> whether its keyword is set, as it was answered
    modseq: dict = field(default_factory=dict)   # mailbox -> the highest that was told
    responses: int = 0

    def fix(self, message, item, value):
        known = self.static.setdefault((message, item), value)
        if known != value:
            raise Broken(f"{item} of {message} was {known!r} and is {value!r}")


@dataclass
class Message:
    uid: int | None = None
    flags: frozenset | None = None
    modseq: int = 0
    serial: int | None = None


class View:
    """One selected mailbox."""

    def __init__(self, world: World, mailbox: str, session: int, read_only: bool):
        self.world, self.mailbox, self.session, self.read_only = world, mailbox, session, read_only
        self.messages: list[Message] = []
        self.uid_validity = self.highest = self.recent = 0
        self.keywords: set[str] = set()
        self.is_selecting = True

    def key(self, message: Message):
        return self.mailbox, self.uid_validity, message.uid

    def find(self, uid: int) -> Message | None:
        return next((message for message in self.messages if message.uid == uid), None)

    # `commands`: the names of those under way.
    def take(self, response: list, commands: list[str], qresync: bool) -> None:
        self.world.responses += 1
        name = response[1].upper() if len(response) > 1 and isinstance(response[1], str) and str(response[0]).isdigit() else str(response[0]).upper()
        if str(response[0]).isdigit():
            self._numbered(int(response[0]), name, response, commands, qresync)
        elif name == "FLAGS":
            self.keywords = {flag.lower() for flag in response[1]}
        elif name == "VANISHED":
            self._vanished(response, commands)
        elif name in ("SEARCH", "SORT"):
            self._found([int(number) for number in response[1:] if not isinstance(number, list)], commands)
        elif name == "THREAD":
            self._found(imap_reply.flatten(response[1:]), commands)
        elif name == "OK" and len(response) > 2:
            self._code(str(response[1]).upper(), str(response[2]).rstrip("]"))

    def _code(self, name, value):
        if name == "[UIDVALIDITY":
            self.uid_validity = int(value)
        if name == "[HIGHESTMODSEQ":
            self.highest = int(value)
            if self.highest < 1:
                raise Broken("HIGHESTMODSEQ 0")

    def _numbered(self, number, name, response, commands, qresync):
        count = len(self.messages)
        if name == "EXISTS":
            if number < count:
                raise Broken(f"EXISTS {number} of {count}: without EXPUNGE (RFC 9051 7.4.1)")
            self.messages += [Message() for _ in range(number - count)]
        elif name == "EXPUNGE":
            self._may_expunge(commands)
            if qresync or not 1 <= number <= count:
                raise Broken(f"EXPUNGE {number} of {count}, QRESYNC {qresync} (RFC 7162 3.2.10)")
            del self.messages[number - 1]
        elif name == "RECENT":
            if number > count:
                raise Broken(f"RECENT {number} of {count}")
            self.recent = number
        elif name == "FETCH":
            if not 1 <= number <= count:
                raise Broken(f"FETCH {number} of {count}")
            self._fetched(number, imap_reply.pairs(response[2]))
        else:
            raise Broken(f"unknown: {response}")

    def _may_expunge(self, commands):
        # RFC 9051 7.5.1: none while nobody asks, none during those that speak of numbers.
        quiet = {"FETCH", "STORE", "SEARCH", "SORT", "THREAD"}
        if not commands or all(command in quiet for command in commands):
            raise Broken(f"EXPUNGE or VANISHED during {commands}")

    def _vanished(self, response, commands):
        is_earlier = isinstance(response[1], list)
        gone = numbers(response[2 if is_earlier else 1])
        if not is_earlier:
            self._may_expunge(commands)
            known = {message.uid for message in self.messages}
            if all(message.uid for message in self.messages) and not gone <= known:
                raise Broken(f"VANISHED {sorted(gone - known)}: never there (RFC 7162 3.2.10)")
            for uid in sorted(gone):
                self._forget(uid)

    def _forget(self, uid):
        if message := self.find(uid):
            self.messages.remove(message)
            return
        # It stands between those whose UIDs are known. Which of several it is can't be told, so nothing is known of those.
        before = [number for number, message in enumerate(self.messages) if message.uid and message.uid < uid]
        after = [number for number, message in enumerate(self.messages) if message.uid and message.uid > uid]
        between = range(before[-1] + 1 if before else 0, after[0] if after else len(self.messages))
        if not between:
            raise Broken(f"VANISHED {uid}: there is none (RFC 7162 3.2.10)")
        for number in between:
            self.messages[number] = Message()
        del self.messages[between[0]]

    def _found(self, found, commands):
        is_uid = any(command.startswith("UID ") for command in commands)
        if len(set(found)) != len(found):
            raise Broken(f"{commands} finds one twice: {found}")
        if not is_uid and any(not 1 <= number <= len(self.messages) for number in found):
            raise Broken(f"{commands} finds {found} of {len(self.messages)}")

    def _fetched(self, number, items):
        message = self.messages[number - 1]
        if "UID" in items:
            self._learn_uid(number, message, int(items["UID"]))
        if "FLAGS" in items:
            self._learn_flags(message, items["FLAGS"])
        if "MODSEQ" in items:
            modseq = int(items["MODSEQ"][0])
            if modseq < max(1, message.modseq):
                raise Broken(f"MODSEQ of {self.key(message)} from {message.modseq} to {modseq} (RFC 7162 3.1.1)")
            message.modseq = modseq
            self.world.modseq[self.mailbox] = max(modseq, self.world.modseq.get(self.mailbox, 0))
        for item, value in items.items():
            if item.startswith("BODY[HEADER.FIELDS") or item == "ENVELOPE":
                serial = serial_of(value if isinstance(value, bytes) else value[9])
                if message.serial not in (None, serial):
                    raise Broken(f"{item} of {self.key(message)} is of {serial}, not of {message.serial}")
                message.serial = serial
        if message.uid is not None:
            for item in ("INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE", "BODY", "EMAILID"):
                if item in items:
                    self.world.fix(self.key(message), item, repr(items[item]))
        self._octets(message, items)

    def _octets(self, message, items):
        for item, value in items.items():
            partial = re.fullmatch(r"BODY\[\]<(\d+)>", item)
            if item == "BODY[]" or (partial and message.serial is not None):
                serial = serial_of(value) if message.serial is None else message.serial
                whole = make_message(serial)
                expected = whole if not partial else whole[int(partial[1]):int(partial[1]) + len(value)]
                if value != expected:
                    raise Broken(f"{item} of {self.key(message)} is not message {serial}")
                message.serial = serial
        if "RFC822.SIZE" in items and message.serial is not None and int(items["RFC822.SIZE"]) != len(make_message(message.serial)):
            raise Broken(f"RFC822.SIZE {items['RFC822.SIZE']} of {self.key(message)}, message {message.serial}")

    def _learn_uid(self, number, message, uid):
        if message.uid not in (None, uid):
            raise Broken(f"number {number} was UID {message.uid} and is UID {uid}")
        before = [one.uid for one in self.messages[:number - 1] if one.uid]
        after = [one.uid for one in self.messages[number:] if one.uid]
        if (before and before[-1] >= uid) or (after and after[0] <= uid):
            raise Broken(f"UID {uid} at {number} between {before[-1:]} and {after[:1]} (RFC 9051 2.3.1.1)")
        message.uid = uid

    def _learn_flags(self, message, flags):
        flags = frozenset(flag.lower() for flag in flags)
        unknown = {flag for flag in flags if not flag.startswith("\\")} - self.keywords
        if unknown:
            raise Broken(f"keywords {unknown} are not in FLAGS (RFC 9051 7.3.5)")
        if "\\recent" in flags and message.uid and not self.read_only:
            first = self.world.recent.setdefault(self.key(message), self.session)
            if first != self.session:
                raise Broken(f"{self.key(message)} is \\Recent in two sessions (RFC 3501 2.3.2)")
        message.flags = flags - {"\\recent"}


def numbers(text: str) -> set[int]:
    """1,3:5 -> {1, 3, 4, 5}"""
    out = set()
    for piece in text.split(","):
        low, _, high = piece.partition(":")
        out |= set(range(*sorted((int(low), int(high or low)))) ) | {int(low), int(high or low)}
    return out
