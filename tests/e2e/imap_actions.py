"""What a client of the IMAP stress does: one action after the other, drawn by weight. Each client has a keyword that nobody else touches, and
the messages of some serials are nobody's business but one client's: so who loses a change of another's is found out."""

import asyncio
import random
import re
import time

from imap_session import Session
from imap_view import Broken, Message, make_message, numbers

SIZE_WANTED = 80
GONE = r"NO \[(EXPUNGEISSUED|NONEXISTENT)\]"
FIELDS = "BODY.PEEK[HEADER.FIELDS (X-Serial)]"
KEY = f"(UID FLAGS {FIELDS})"
ITEMS = ("FLAGS", "UID", "ENVELOPE", "INTERNALDATE", "RFC822.SIZE", "BODYSTRUCTURE", "BODY", "MODSEQ", "EMAILID", "PREVIEW", FIELDS,
         "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]<5.100>", "BODY.PEEK[1]", "BODY.PEEK[1.MIME]", "BINARY.PEEK[1]", "BINARY.SIZE[1]", "RFC822.HEADER")
SHARED_FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Draft", "$Label1", "$Label2")


class Client:
    def __init__(self, run, index: int, draw: random.Random):
        self.run_of, self.index, self.draw = run, index, draw
        self.keyword = f"$Own{index}"
        self.session: Session | None = None
        self._commands = 0
        self._actions = [(weight, getattr(self, name)) for name, weight in (
            ("fetch", 12), ("fetch_octets", 8), ("store_own", 8), ("store_shared", 8), ("store_replaced", 4), ("store_conditional", 4),
            ("search", 6), ("sort", 2), ("thread", 2), ("copy", 3), ("move", 3), ("delete", 4), ("expunge", 5), ("append", 8), ("status", 3),
            ("list", 2), ("idle", 3), ("noop", 4), ("together", 4), ("reselect", 3), ("leave", 2), ("cut", 1), ("cut_in_literal", 1))]

    @property
    def commands(self) -> int:
        return self._commands + (self.session.commands if self.session else 0)

    @property
    def view(self):
        return self.session.view

    async def run(self) -> None:
        action = None
        try:
            while time.monotonic() < self.run_of.deadline:
                await self.run_of.pause()
                if self.session is None:
                    await self.come()
                await self.learn()
                action = self.draw.choices(self._actions, [weight for weight, _ in self._actions])[0][1]
                await action()
            self.leave_now()
        except Broken as error:
            said = b"\n  ".join(self.session.said if self.session else [])
            raise Broken(f"client {self.index}, {action.__name__ if action else 'begin'}: {error}\n  {said.decode('latin-1')}") from error

    async def ask(self, command, *literals, may_fail=""):
        return await self.session.ask(command, *literals, may_fail=may_fail)

    async def come(self) -> None:
        self.session = await self.run_of.login()
        kind = self.draw.randrange(3)
        if kind:
            await self.ask("ENABLE QRESYNC" if kind == 2 else "ENABLE CONDSTORE")
            self.session.condstore, self.session.qresync = True, kind == 2
        await self.reselect()

    async def learn(self) -> None:
        """Most clients look at what is new at once."""
        unknown = [number for number, message in enumerate(self.view.messages, 1) if message.uid is None or message.serial is None]
        if unknown and self.draw.random() < 0.8:
            await self.ask(f"FETCH {unknown[0]}:{len(self.view.messages)} {KEY}", may_fail=GONE)

    def choose(self, count=1, where=lambda message: True) -> list[Message]:
        known = [message for message in self.view.messages if message.uid and message.serial is not None and where(message)]
        return sorted(self.draw.sample(known, min(count, len(known))), key=lambda message: message.uid)

    def name(self, messages: list[Message]) -> tuple[str, str]:
        """("UID ", a set of UIDs) or ("", a set of numbers)."""
        if self.draw.random() < 0.5:
            return "UID ", ",".join(str(message.uid) for message in messages)
        return "", ",".join(str(self.view.messages.index(message) + 1) for message in messages)

    def is_anybodys(self, message: Message) -> bool:
        return message.serial % 5 != 0

    def is_mine(self, message: Message) -> bool:
        return message.serial % 5 == 0 and message.serial // 5 % len(self.run_of.clients) == self.index

    def span(self) -> str:
        count = len(self.view.messages)
        first = self.draw.randint(1, count)
        return f"{first}:{self.draw.choice(['*', min(count, first + 20)])}"

    async def fetch(self) -> None:
        if not self.view.messages:
            return
        items = self.draw.sample(ITEMS, self.draw.randint(1, 6))
        if self.draw.random() < 0.5:
            await self.ask(f"FETCH {self.span()} ({' '.join(items)})", may_fail=GONE)
        elif self.session.condstore and self.draw.random() < 0.5:
            since = max(1, self.view.highest - self.draw.randrange(20))
            more = " VANISHED" if self.session.qresync else ""
            await self.ask(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since}{more})")
        else:
            await self.ask(f"UID FETCH 1:* ({' '.join(items)})")

    async def fetch_octets(self) -> None:
        chosen = self.choose(self.draw.randint(1, 3))
        if chosen:
            uid, names = self.name(chosen)
            item = self.draw.choice(["BODY.PEEK[]", "BODY[]", "RFC822", "BODY.PEEK[]<0.1000>", "BODY.PEEK[]<500.100>", "BODY.PEEK[]<0.99999999>"])
            await self.ask(f"{uid}FETCH {names} ({item} RFC822.SIZE)", may_fail=GONE)

    async def store(self, chosen: list[Message], how: str, owned: bool | None, condition="") -> None:
        if not chosen:
            return
        uid, names = self.name(chosen)
        keys = [(self.view.key(message), self.index) for message in chosen]
        if owned is not None:
            for key in keys:
                self.run_of.world.owned.pop(key, None)
        text, _ = await self.ask(f"{uid}STORE {names} {condition}{how}", may_fail=GONE)
        if owned is not None and text.startswith("OK") and "MODIFIED" not in text:
            for key in keys:
                self.run_of.world.owned[key] = owned

    def silent(self) -> str:
        return self.draw.choice(["", "", ".SILENT"])

    async def store_own(self) -> None:
        adds = self.draw.random() < 0.6
        await self.store(self.choose(self.draw.randint(1, 8), self.is_anybodys), f"{'+' if adds else '-'}FLAGS{self.silent()} ({self.keyword})", adds)
        self._note_silent()

    # What .SILENT has changed is not told: the view would be older than the mailbox is.
    def _note_silent(self) -> None:
        for message in self.view.messages:
            message.flags = None

    async def store_shared(self) -> None:
        flags = " ".join(self.draw.sample(SHARED_FLAGS, self.draw.randint(1, 3)))
        await self.store(self.choose(self.draw.randint(1, 8), self.is_anybodys), f"{self.draw.choice('+-')}FLAGS ({flags})", None)

    async def store_replaced(self) -> None:
        owned = self.draw.random() < 0.5
        flags = [*self.draw.sample(SHARED_FLAGS, 2), *([self.keyword] if owned else [])]
        await self.store(self.choose(self.draw.randint(1, 8), self.is_mine), f"FLAGS ({' '.join(flags)})", owned)

    async def store_conditional(self) -> None:
        if self.session.condstore:
            since = max(1, self.view.highest + self.draw.randrange(-5, 200))
            adds = self.draw.random() < 0.5
            await self.store(self.choose(self.draw.randint(1, 8), self.is_anybodys), f"{'+' if adds else '-'}FLAGS ({self.keyword})", adds,
                             f"(UNCHANGEDSINCE {since}) ")

    async def search(self) -> None:
        key = self.draw.choice(["ALL", "UNSEEN", "DELETED", f"KEYWORD {self.keyword}", "NOT FLAGGED", "LARGER 5000", "TEXT invoice", 'BODY "old mill"',
                                "SINCE 1-Jan-2020", "RECENT", "NEW", "OLD", "SENTON 2-Jan-2024", "FROM ada3", "1:* SUBJECT subject", "*", "1,*", "OR SEEN 1"])
        chosen = self.choose()
        if chosen and self.draw.random() < 0.4:
            serial = chosen[0].serial
            text, untagged = await self.ask(f"UID SEARCH HEADER X-Serial s{serial:07d}e")
            found = {int(uid) for response in untagged if response[0] == "SEARCH" for uid in response[1:]}
            for message in self.view.messages:
                if message.uid in found and message.serial not in (None, serial):
                    raise Broken(f"SEARCH for {serial} finds UID {message.uid}, which is {message.serial}")
            return
        options = self.draw.choice(["", "", "RETURN (ALL) ", "RETURN (MIN MAX COUNT) ", "RETURN (SAVE) "])
        await self.ask(f"{self.draw.choice(['', 'UID '])}SEARCH {options}{key}")
        if "SAVE" in options:
            await self.ask("FETCH $ (FLAGS)" if self.draw.random() < 0.5 else "UID FETCH $ (UID FLAGS)", may_fail=GONE)

    async def sort(self) -> None:
        how = self.draw.choice(["ARRIVAL", "REVERSE DATE", "SUBJECT", "FROM REVERSE SIZE", "DISPLAYFROM"])
        await self.ask(f"{self.draw.choice(['', 'UID '])}SORT ({how}) UTF-8 {self.draw.choice(['ALL', 'UNDELETED'])}")

    async def thread(self) -> None:
        await self.ask(f"{self.draw.choice(['', 'UID '])}THREAD {self.draw.choice(['REFERENCES', 'ORDEREDSUBJECT'])} UTF-8 ALL")

    async def copy(self) -> None:
        chosen = self.choose(self.draw.randint(1, 4))
        if chosen and len(self.view.messages) < 2 * SIZE_WANTED:
            uid, names = self.name(chosen)
            await self.ask(f"{uid}COPY {names} {self.draw.choice(self.run_of.mailboxes())}", may_fail=GONE)

    async def move(self) -> None:
        chosen = self.choose(self.draw.randint(1, 4))
        if chosen and not self.view.read_only:
            uid, names = self.name(chosen)
            await self.ask(f"{uid}MOVE {names} {self.draw.choice(self.run_of.mailboxes())}", may_fail=GONE)

    async def delete(self) -> None:
        if len(self.view.messages) > SIZE_WANTED // 2:
            await self.store(self.choose(self.draw.randint(1, 6)), "+FLAGS (\\Deleted)", None)

    async def expunge(self) -> None:
        if self.draw.random() < 0.5:
            await self.ask("EXPUNGE")
        elif chosen := self.choose(5):
            await self.ask(f"UID EXPUNGE {','.join(str(message.uid) for message in chosen)}")

    async def append(self) -> None:
        if len(self.view.messages) > SIZE_WANTED:
            return
        mailbox = self.draw.choice(self.run_of.mailboxes())
        serials = [self.run_of.next_serial() for _ in range(self.draw.choice([1, 1, 1, 2, 4]))]
        date = self.draw.choice(["", ' "17-Jul-2023 02:44:25 -0730"', " (\\Flagged $Label1)"])
        text, _ = await self.ask(f"APPEND {mailbox}" + f"{date} {{}}" * len(serials), *map(make_message, serials))
        found = re.search(r"\[APPENDUID (\d+) ([\d:,]+)\]", text)
        if not found or len(numbers(found[2])) != len(serials):
            raise Broken(f"APPENDUID of {len(serials)}: {text} (RFC 4315 3)")

    async def status(self) -> None:
        mailbox = self.draw.choice(self.run_of.mailboxes())
        await self.ask(f"STATUS {mailbox} (MESSAGES UIDNEXT UNSEEN RECENT HIGHESTMODSEQ SIZE DELETED)")

    async def list(self) -> None:
        await self.ask(self.draw.choice(['LIST "" *', 'LSUB "" %', 'LIST (SUBSCRIBED) "" *', 'LIST "" % RETURN (STATUS (MESSAGES UNSEEN))']))

    async def idle(self) -> None:
        await self.session.idle(self.draw.random() * 0.5, self.draw.choice(["NOOP", "CHECK", "UID FETCH 1:* (FLAGS)"]))

    async def noop(self) -> None:
        await self.ask(self.draw.choice(["NOOP", "CHECK", "CAPABILITY", "NAMESPACE"]))

    async def together(self) -> None:
        # By UID: numbers may change between them (RFC 9051 5.5).
        await self.session.ask_together(self.draw.choices(
            ["UID FETCH 1:* (FLAGS)", "UID SEARCH ALL", "NOOP", "UID FETCH 1:* (UID RFC822.SIZE)", "STATUS INBOX (MESSAGES)",
             "UID STORE 1:* +FLAGS (\\Seen)"] if not self.view.read_only else ["UID FETCH 1:* (FLAGS)", "NOOP", "UID SEARCH SEEN"],
            k=self.draw.randint(2, 5)))

    async def reselect(self) -> None:
        if self.view is not None:
            way = self.draw.choice(["CLOSE", "UNSELECT", ""])
            if way:
                self.session.view, view = None, self.view
                self.session.view = view if way == "UNSELECT" else None
                await self.ask(way)
        await self.session.select(self.draw.choice(self.run_of.mailboxes()))

    async def leave(self) -> None:
        self.session.view = None
        tag = self.session.send("LOGOUT")
        bye = await self.session.response()
        while bye.startswith(b"* ") and not bye.startswith(b"* BYE"):
            bye = await self.session.response()
        done = await self.session.response()
        if not bye.startswith(b"* BYE") or not done.startswith(tag + b" OK"):
            raise Broken(f"LOGOUT: {bye!r} {done!r}")
        self.leave_now()

    async def cut(self) -> None:
        for _ in range(self.draw.randint(0, 3)):
            self.session.send(self.draw.choice(["UID FETCH 1:* (BODY.PEEK[])", "NOOP", "UID SEARCH TEXT voice", "IDLE"]))
        await asyncio.sleep(self.draw.random() * 0.02)
        self.cut_now()

    async def cut_in_literal(self) -> None:
        octets = make_message(self.run_of.next_serial())
        self.session.send_raw(b"x APPEND INBOX {%d+}\r\n" % len(octets) + octets[:self.draw.randrange(len(octets))])
        await asyncio.sleep(self.draw.random() * 0.02)
        self.cut_now()

    def cut_now(self) -> None:
        self._commands += self.session.commands
        self.session.cut()
        self.session = None

    def leave_now(self) -> None:
        if self.session:
            self._commands += self.session.commands
            self.session.close()
            self.session = None
