"""What is done to mailboxes, and with what they are filled."""

import random
import socket
import threading
from dataclasses import dataclass

FEW, MANY = "few@example.org", "many@example.org"  # their inboxes hold Setting.few and Setting.many messages
FRESH = "fresh@example.org"  # its inbox is filled by what is measured
PASSWORD = "measured-only"
RARE = 50_000  # as many other words, of which each message has some
WORDS = "letter horse post road night inn mile bag seal lamp rain bridge guard bell town hill coach wheel dusk dawn".split()


@dataclass(frozen=True)
class Operation:
    """One row. account: whose inbox. cold: the server has been started anew before it. unlisted: what it
    has kept of listings since delivery is gone. each: a connection for each operation. index: the full-text index of ours is on, and has all of
    `account`."""
    name: str
    about: str
    protocol: str
    count: int
    account: str = MANY
    sessions: int = 1
    commands: tuple = ()
    first: tuple = ()
    each: bool = False
    cold: bool = False
    unlisted: bool = False
    index: bool = False
    options: tuple = ()

    def load(self, server) -> list[str]:
        port = {"lmtp": server.lmtp, "imap": server.imap, "pop3": server.pop3}[self.protocol]
        chosen = ["--protocol", self.protocol, "--port", str(port), "--sessions", str(self.sessions), *self.options]
        if self.protocol == "lmtp":
            return [*chosen, "--domain", "example.org"]
        chosen += ["--auth", f"{self.account}:{PASSWORD}"]
        for command in self.first:
            chosen += ["--first", command]
        for command in self.commands:
            chosen += ["--command", command]
        return chosen + (["--per-connection", "1"] if self.each else [])


SELECTED = ("SELECT INBOX",)
ALL = [
    Operation("deliver", "LMTP, 4 KiB, 20 sessions", "lmtp", 4_000, FRESH, 20, options=("--size", "4096")),
    Operation("login", "a connection, LOGIN and LOGOUT, 10 sessions", "imap", 2_000, FRESH, 10, each=True),
    Operation("append", "APPEND of 4 KiB, 20 sessions", "imap", 4_000, FRESH, 20, ("APPEND INBOX {message}",), options=("--size", "4096")),
    Operation("select-cold", "SELECT of the large inbox, first after the start", "imap", 1, commands=("SELECT INBOX",), cold=True),
    Operation("select", "SELECT of the large inbox", "imap", 500, commands=("SELECT INBOX",)),
    Operation("flags", "FETCH 1:* FLAGS of the large inbox", "imap", 10, commands=("FETCH 1:* FLAGS",), first=SELECTED),
    Operation("envelope-first", "FETCH 1:* ENVELOPE of the large inbox after a start, when nobody has listed it yet", "imap", 1,
              commands=("FETCH 1:* ENVELOPE",), first=SELECTED, cold=True, unlisted=True),
    Operation("envelope-cold", "FETCH 1:* ENVELOPE of the large inbox, first after the start", "imap", 1, commands=("FETCH 1:* ENVELOPE",),
              first=SELECTED, cold=True),
    Operation("envelope", "FETCH 1:* ENVELOPE of the large inbox", "imap", 5, commands=("FETCH 1:* ENVELOPE",), first=SELECTED),
    Operation("sort", "SORT (SUBJECT DATE) of the large inbox", "imap", 5, commands=("SORT (SUBJECT DATE) UTF-8 ALL",), first=SELECTED),
    Operation("thread", "THREAD REFERENCES of the large inbox", "imap", 5, commands=("THREAD REFERENCES UTF-8 ALL",), first=SELECTED),
    Operation("bodies", "FETCH 1:* BODY.PEEK[] of the small inbox", "imap", 5, FEW, commands=("FETCH 1:* BODY.PEEK[]",), first=SELECTED),
    Operation("search", "SEARCH BODY of the small inbox", "imap", 3, FEW, commands=('SEARCH BODY "zebra crossing"',), first=SELECTED),
    Operation("search-index", "the same with the full-text index (of ours)", "imap", 20, FEW, commands=('SEARCH BODY "zebra crossing"',), first=SELECTED, index=True),
    Operation("search-word", "SEARCH BODY of a rare word that is there, indexed", "imap", 20, FEW, commands=('SEARCH BODY "w01234"',), first=SELECTED, index=True),
    Operation("search-part", "SEARCH BODY of a part of 19 rare words, indexed", "imap", 20, FEW, commands=('SEARCH BODY "0123"',), first=SELECTED, index=True),
    Operation("search-phrase", "SEARCH BODY of a phrase of words that all messages have, indexed", "imap", 3, FEW, commands=('SEARCH BODY "lamp rain lamp rain"',),
              first=SELECTED, index=True),
    Operation("retr", "POP3 RETR of all messages in their order, as clients take them", "pop3", 5_000, FEW, 1, ("RETR {n}",)),
    Operation("retr-20", "the same by 20 sessions at once", "pop3", 5_000, FEW, 20, ("RETR {n}",)),
    Operation("pop3-noop", "POP3 NOOP: the round trip that each RETR takes", "pop3", 5_000, FEW, 1, ("NOOP",)),
    Operation("retr-pipelined", "RETR by one session, ten sent together (RFC 2449 6.6)", "pop3", 500, FEW, 1,
              tuple(f"RETR {{n}}{digit}" for digit in range(10)), options=("--pipelined",)),
]
OPERATIONS = {operation.name: operation for operation in ALL}


def message(number: int) -> bytes:
    """Number `number` of a mailbox: every third begins a conversation, the others answer one."""
    chance = random.Random(number)
    topic = number if number % 3 == 0 else max(0, number - chance.randrange(1, 300)) // 3 * 3
    subject = " ".join(random.Random(topic).choices(WORDS, k=4))
    head = (f"From: {chance.choice(WORDS)} <{chance.choice(WORDS)}{number % 500}@example.net>\r\nTo: <{MANY}>\r\n"
            f"Subject: {'' if topic == number else 'Re: '}{subject}\r\nDate: {number % 28 + 1:02} Jan 2026 {number % 24:02}:{number % 60:02}:00 +0000\r\n"
            f"Message-ID: <{number}@corpus.example>\r\n")
    if topic != number:
        head += f"In-Reply-To: <{topic}@corpus.example>\r\nReferences: <{topic}@corpus.example>\r\n"
    lines = (" ".join(chance.choices(WORDS, k=11)) for _ in range(chance.randrange(5, 60)))
    rare = " ".join(f"w{chance.randrange(RARE):05}" for _ in range(8))
    return (head + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + "\r\n".join([*lines, rare]) + "\r\n").encode()


def fill(server, account: str, count: int, hands: int = 4, make=message) -> None:
    """By LMTP, pipelined. make(number): the message, no line of which begins with a dot. RuntimeError if the server does not take one."""
    wrong = []

    def some(first: int) -> None:
        try:
            with socket.create_connection(("127.0.0.1", server.lmtp)) as connection, connection.makefile("rwb") as stream:
                expect(stream, b"220")
                stream.write(b"LHLO localhost\r\n")
                expect(stream, b"250")
                for number in range(first, count, hands):
                    stream.write(b"MAIL FROM:<load@example.net>\r\nRCPT TO:<" + account.encode() + b">\r\nDATA\r\n")
                    for code in (b"250", b"250", b"354"):
                        expect(stream, code)
                    stream.write(make(number) + b".\r\n")
                    expect(stream, b"250")
        except (OSError, RuntimeError) as why:
            wrong.append(why)

    threads = [threading.Thread(target=some, args=(first,)) for first in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(f"{server.name}: {account} could not be filled: {wrong[0]}")


def expect(stream, code: bytes) -> None:
    stream.flush()
    while True:
        line = stream.readline()
        if not line.startswith(code):
            raise RuntimeError(f"{code.decode()} was expected: {line!r}")
        if line[3:4] != b"-":
            return
