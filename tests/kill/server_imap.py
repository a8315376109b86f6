"""A mailbox of the kill test that is changed over IMAP: what was answered OK is there after a kill, and nothing is half done.

The model is what the answers told. Of the one command that a death left unanswered either all has happened or nothing (APPEND, COPY,
CREATE, DELETE, RENAME), or each message stands for itself (STORE, EXPUNGE, and MOVE, which leaves none in both places or in neither).
"""

import contextlib
import dataclasses
import zlib

import imap_connection
from imap_connection import Connection, Gone, Refused
from server_judge import LOST, Loss

FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "$kill")
INBOX, WORK = "INBOX", "Work"
MOST = 24  # messages of a mailbox, beyond which it is emptied rather than filled


@dataclasses.dataclass
class Mail:
    digest: int
    size: int
    flags: frozenset


@dataclasses.dataclass
class Folder:
    validity: int | None = None  # not told yet
    mails: dict = dataclasses.field(default_factory=dict)  # by UID
    next: int = 1  # UIDs that were given are below it
    modseq: int = 0


@dataclasses.dataclass
class Pending:
    """What the command in flight may have done."""

    flags: dict = dataclasses.field(default_factory=dict)  # (folder, UID) -> what they may be instead
    gone: set = dataclasses.field(default_factory=set)  # (folder, UID)
    new: dict = dataclasses.field(default_factory=dict)  # folder -> [(digest, flags)], all of them or none
    moves: bool = False  # each of `gone` is in `new`
    names: tuple = (None, None)  # a mailbox that may have gone, one that may have come


class ImapBox:
    def __init__(self, rng, port, account, password, judge_message):
        self.rng, self.port, self.account, self.password = rng, port, account, password
        self.judge_message = judge_message
        self.folders = {}
        self.deleted = set()  # (name, UIDVALIDITY)
        self.pending = Pending()
        self._left = {}  # folder -> what the command in flight has taken from it: {UID: Mail}
        self.changes = self.number = 0

    async def audit(self):
        """Holds what is there against what the answers told, while the server lives."""
        with contextlib.suppress(Gone):
            async with self._session() as connection:
                await self._audit(connection)

    async def run(self):
        """Looks over what is there, then changes it until the server is gone."""
        changes = (self._store, self._append, self._copy, self._move, self._expunge, self._come_and_go, self._audit)
        with contextlib.suppress(Gone):
            async with self._session() as connection:
                await self._audit(connection)
                while True:
                    if WORK not in self.folders:
                        await self._create(connection, WORK)
                    await self.rng.choice(changes)(connection)

    @contextlib.asynccontextmanager
    async def _session(self):
        connection = await Connection.open(self.port, self.account, self.password)
        try:
            yield connection
        except Refused as refusal:
            raise Loss(f"{self.account}: {refusal}") from refusal
        finally:
            connection.close()

    async def paint(self):
        """The planted loss: flags that nobody set."""
        connection = await Connection.open(self.port, self.account, self.password)
        for name, folder in self.folders.items():
            if folder.mails:
                await connection.ask(f"SELECT {name}")
                await connection.ask("UID STORE 1:* +FLAGS.SILENT ($painted)")
        connection.close()

    def total(self):
        """(messages, octets)"""
        mails = [mail for folder in self.folders.values() for mail in folder.mails.values()]
        return len(mails), sum(mail.size for mail in mails)

    # What is there.

    async def _audit(self, connection):
        listed, _ = await connection.ask('LIST "" *')
        there = {line.rsplit(b" ", 1)[1].strip(b'"').decode() for line in listed if line.startswith(b"* LIST")}
        there = {name for name in there if name in (INBOX, WORK) or name.startswith("Temp")}
        gone, come = self.pending.names
        if gone in self.folders and gone not in there:
            folder = self.folders.pop(gone)
            if come in there:  # renamed: it is the same mailbox under that name
                self.folders[come] = folder
            elif come:
                raise Loss(f"{LOST}: {self.account} {gone}: neither there nor renamed to {come}")
            else:
                self.deleted.add((gone, folder.validity))
        if lost := self.folders.keys() - there:
            raise Loss(f"{LOST}: {self.account} has lost the mailboxes {sorted(lost)}")
        if strange := there - self.folders.keys() - {INBOX, come if not gone else None}:
            raise Loss(f"{self.account} has mailboxes that nobody made: {sorted(strange)}")
        arrived = {name: await self._audit_folder(connection, name) for name in sorted(there)}
        self._audit_pending(arrived)
        self.pending = Pending()

    async def _audit_folder(self, connection, name):
        """Returns what has come there that was not told of: {UID: Mail}."""
        opened, _ = await connection.ask(f"SELECT {name} (CONDSTORE)")
        validity, following, modseq = (int(imap_connection.code(opened, what)) for what in ("UIDVALIDITY", "UIDNEXT", "HIGHESTMODSEQ"))
        folder = self.folders.setdefault(name, Folder())
        folder.validity = folder.validity or validity
        where = f"{self.account} {name}"
        if folder.validity != validity:
            raise Loss(f"{LOST}: {where} had UIDVALIDITY {folder.validity}, and has {validity}")
        if (name, validity) in self.deleted:
            raise Loss(f"{where} was deleted with UIDVALIDITY {validity}, and has come again with it")
        if following < folder.next or modseq < folder.modseq:
            raise Loss(f"{LOST}: {where} had UIDNEXT {folder.next} and HIGHESTMODSEQ {folder.modseq}, and has {following} and {modseq}")
        untagged, _ = await connection.ask("UID FETCH 1:* (FLAGS RFC822.SIZE)")
        found = imap_connection.fetched(untagged)
        if list(found) != sorted(found):
            raise Loss(f"{where}: UIDs do not ascend: {list(found)}")
        new = {}
        for uid, (flags, size) in found.items():
            if known := folder.mails.get(uid):
                allowed = {known.flags, self.pending.flags.get((name, uid), known.flags)}
                if flags not in allowed or size != known.size:
                    raise Loss(f"{LOST}: {where}: {uid} is {sorted(flags)}, {size} octets, and was told to be {known}")
                known.flags = flags
            elif uid < folder.next:
                raise Loss(f"{where}: {uid} is new under UIDNEXT {folder.next}")
            else:
                octets = imap_connection.body((await connection.ask(f"UID FETCH {uid} BODY.PEEK[]"))[0])
                if octets is None or len(octets) != size:
                    raise Loss(f"{where}: {uid} has {size} octets, and its body {None if octets is None else len(octets)}")
                new[uid] = Mail(zlib.crc32(octets), size, flags)
                if name == INBOX and octets.startswith((b"Return-Path:", b"Delivered-To:", b"X-Original-To:")):
                    if (new[uid].digest, flags) not in self.pending.new.get(INBOX, ()):
                        self.judge_message(self.account, uid, octets, size)
                        folder.mails[uid] = new.pop(uid)
        missing = folder.mails.keys() - found.keys()
        if lost := {uid for uid in missing if (name, uid) not in self.pending.gone}:
            raise Loss(f"{LOST}: {where}: no more there: {sorted(lost)}")
        self._left[name] = {uid: folder.mails.pop(uid) for uid in missing}
        folder.mails |= new
        folder.next, folder.modseq = following, modseq
        return new

    def _audit_pending(self, arrived):
        """What has come untold is what the command in flight was to bring: all of it or none, or what has left the other place."""
        left = sorted(mail.digest for mails in self._left.values() for mail in mails.values())
        self._left = {}
        for name, new in arrived.items():
            came = sorted(mail.digest for mail in new.values())
            wanted = sorted(digest for digest, _ in self.pending.new.get(name, ()))
            expected = left if self.pending.moves and wanted else wanted
            if came != expected and not (came == [] and not self.pending.moves):
                raise Loss(f"{LOST}: {self.account} {name}: the command in flight was to bring {expected}, and {came} are there")
            flags = {digest: flags for digest, flags in self.pending.new.get(name, ())}
            for uid, mail in new.items():
                if mail.flags != flags[mail.digest]:
                    raise Loss(f"{self.account} {name}: {uid} came with {sorted(mail.flags)} for {sorted(flags[mail.digest])}")

    # What is done to it.

    def _some(self, most=4):
        """(a mailbox's name, some of its UIDs)"""
        names = [name for name, folder in self.folders.items() if folder.mails]
        if not names:
            return None, []
        name = self.rng.choice(names)
        uids = sorted(self.folders[name].mails)
        return name, sorted(self.rng.sample(uids, min(len(uids), self.rng.randrange(1, most + 1))))

    async def _change(self, connection, pending, line, *literals):
        self.pending = pending
        answer = await connection.ask(line, *literals)
        self.pending = Pending()
        self.changes += 1
        return answer

    async def _select(self, connection, name):
        """What arrives meanwhile is looked at by the next audit."""
        await connection.ask(f"SELECT {name}")

    async def _store(self, connection):
        name, uids = self._some()
        if not name:
            return
        flag, sign = self.rng.choice(FLAGS), self.rng.choice("+-")
        mails = self.folders[name].mails
        after = {uid: mails[uid].flags | {flag} if sign == "+" else mails[uid].flags - {flag} for uid in uids}
        await self._select(connection, name)
        await self._change(connection, Pending(flags={(name, uid): flags for uid, flags in after.items()}),
                           f"UID STORE {','.join(map(str, uids))} {sign}FLAGS.SILENT ({flag})")
        for uid, flags in after.items():
            mails[uid].flags = flags

    async def _append(self, connection):
        name = self.rng.choice((INBOX, WORK))
        if len(self.folders[name].mails) > MOST:
            return
        texts, line = [], f"APPEND {name}"
        mails = []
        for _ in range(self.rng.randrange(1, 3)):
            self.number += 1
            text = f"Subject: {self.number}\r\n\r\n{'written here ' * self.rng.randrange(1, 3000)}{self.number}\r\n".encode()
            flags = frozenset(self.rng.sample(FLAGS, self.rng.randrange(0, 3)))
            texts.append(text)
            mails.append(Mail(zlib.crc32(text), len(text), flags))
            line += f" ({' '.join(sorted(flags))}) {{}}"
        _, text = await self._change(connection, Pending(new={name: [(mail.digest, mail.flags) for mail in mails]}), line, *texts)
        self._add(name, imap_connection.numbers(imap_connection.code([text], "APPENDUID").split()[1]), mails)

    async def _copy(self, connection, verb="COPY"):
        source, uids = self._some()
        if not source:
            return
        target = WORK if source == INBOX else INBOX
        if len(self.folders[target].mails) > MOST:
            return
        mails = [dataclasses.replace(self.folders[source].mails[uid]) for uid in uids]
        await self._select(connection, source)
        pending = Pending(new={target: [(mail.digest, mail.flags) for mail in mails]})
        if verb == "MOVE":
            pending.gone, pending.moves = {(source, uid) for uid in uids}, True
        untagged, text = await self._change(connection, pending, f"UID {verb} {','.join(map(str, uids))} {target}")
        _, came_from, came_to = imap_connection.code([*untagged, text], "COPYUID").split()
        if imap_connection.numbers(came_from) != uids:
            raise Loss(f"{self.account}: {verb} of {uids} from {source} was of {came_from}")
        if verb == "MOVE":
            for uid in uids:
                del self.folders[source].mails[uid]
        self._add(target, imap_connection.numbers(came_to), mails)

    async def _move(self, connection):
        await self._copy(connection, "MOVE")

    def _add(self, name, uids, mails):
        folder = self.folders[name]
        if len(uids) != len(mails) or uids != sorted(uids) or uids[0] < folder.next:
            raise Loss(f"{self.account} {name}: {len(mails)} messages got the UIDs {uids}, below {folder.next} are given")
        # Mail that is delivered meanwhile has UIDs between: `next` is told by an audit alone.
        folder.mails |= dict(zip(uids, mails))

    async def _expunge(self, connection):
        name, uids = self._some(most=8)
        if not name:
            return
        await self._select(connection, name)
        mails, chosen = self.folders[name].mails, ",".join(map(str, uids))
        await self._change(connection, Pending(flags={(name, uid): mails[uid].flags | {"\\Deleted"} for uid in uids}),
                           f"UID STORE {chosen} +FLAGS.SILENT (\\Deleted)")
        for uid in uids:
            mails[uid].flags |= {"\\Deleted"}
        await self._change(connection, Pending(gone={(name, uid) for uid in uids}), f"UID EXPUNGE {chosen}")
        for uid in uids:
            del mails[uid]

    async def _create(self, connection, name):
        await self._change(connection, Pending(names=(None, name)), f"CREATE {name}")
        self.folders[name] = Folder()
        await self._audit_folder(connection, name)

    async def _come_and_go(self, connection):
        """A mailbox is made, or goes by another name, or is deleted."""
        temporary = [name for name in self.folders if name.startswith("Temp")]
        if not temporary:
            await self._create(connection, f"Temp{self.rng.randrange(3)}")
            return
        name = temporary[0]
        if self.rng.random() < 0.5:
            other = f"Temp{self.rng.randrange(3, 6)}"
            if other not in self.folders:
                await self._change(connection, Pending(names=(name, other)), f"RENAME {name} {other}")
                self.folders[other] = self.folders.pop(name)
            return
        await self._change(connection, Pending(names=(name, None)), f"DELETE {name}")
        self.deleted.add((name, self.folders.pop(name).validity))
