"""The mailboxes of the kill test, two read by POP3 and one changed by IMAP: what must be in them, stay in them, or stay out of them."""

import asyncio
import json
import zlib

from server_imap import ImapBox
from server_judge import MESSAGE_ID, Loss, first

HOSTED = "home.example"
BOXES = (f"box1@{HOSTED}", f"box2@{HOSTED}")
IMAP_BOX = f"box3@{HOSTED}"
FORWARDER, LIST = f"fwd@{HOSTED}", f"all@{HOSTED}"
PASSWORD = "password of the boxes"
# What a recipient comes to, where that is not itself: its promise is one to each of them.
COMES_TO = {FORWARDER: ("forwarded@one.example",), LIST: (*BOXES, "posted@one.example")}
# The addresses of which each stands in the queue for such a promise.
ORIGINS = {to: {origin for origin, all_of_it in COMES_TO.items() if to in all_of_it}
           for to in {to for all_of_it in COMES_TO.values() for to in all_of_it}}


def expand(recipients):
    return [end for to in recipients for end in COMES_TO.get(to, (to,))]


class Gone(Exception):
    """The server has died."""


class Box:
    """What is known of one account's INBOX."""

    def __init__(self):
        self.validity = None
        self.sizes = {}  # UID -> octets, of all that have been seen and not deleted
        self.deleted = set()  # QUIT was answered +OK
        self.undecided = set()  # the server died of that QUIT
        self.highest = 0


class Mailboxes:
    def __init__(self, judge, rng, port, imap_port):
        self.judge, self.port = judge, port
        self.imap = ImapBox(rng, imap_port, IMAP_BOX, PASSWORD, self._judge_message)
        self.boxes = {account: Box() for account in BOXES}
        self.deleted = 0

    async def prepare(self, command):
        for account in (*BOXES, IMAP_BOX):
            await command("account", "add", account, "--password-stdin", stdin=PASSWORD)
        await command("account", "add", FORWARDER, "--password-stdin", "--forward", *COMES_TO[FORWARDER], "--keep-copy", "no",
                      stdin=PASSWORD)
        await command("domain", "set", HOSTED, "--hosted", "yes")
        members = [word for member in COMES_TO[LIST] for word in ("--member", member)]
        await command("list", "add", LIST, "--posters", "anyone", *members)

    async def read_new(self, accounts=BOXES):
        """Reads what is new, while the server lives; forgets nothing if it dies."""
        await self.imap.audit()
        for account in accounts:
            try:
                await self._session(account, delete=False)
            except (Gone, OSError, asyncio.IncompleteReadError):
                return

    async def run_reader(self, account):
        """Reads and deletes, until the server is gone."""
        while True:
            try:
                await self._session(account, delete=True)
            except (Gone, OSError, asyncio.IncompleteReadError):
                return

    async def steal(self, account):
        """The planted loss: deletes what has been filed, and nobody knows."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        await self._log_in(account, reader, writer)
        for line in await self._lines(reader, writer, "UIDL"):
            await self._ask(reader, writer, f"DELE {line.split()[0].decode()}")
        await self._ask(reader, writer, "QUIT")
        writer.close()

    async def look_over(self, command):
        """Nothing is sent, and all that was has been filed: counters, records and octets agree."""
        await self.read_new()
        wanted = {account: (len(box.sizes), sum(box.sizes.values())) for account, box in self.boxes.items()}
        for account, (count, octets) in {**wanted, IMAP_BOX: self.imap.total()}.items():
            code, out = await command("mailbox", "verify", account, "--json")
            if code != 0 or json.loads(out)["problems"]:
                raise Loss(f"{account} is not sound: {out}")
            if json.loads(out)["messages"] != count:
                raise Loss(f"{account} has {count} messages, and verify counts {out}")
            code, out = await command("mailbox", "list", account, "--json")
            if code != 0 or json.loads(out)["bytes"] != octets:
                raise Loss(f"{account} has {octets} octets, and its usage is {out}")

    async def _session(self, account, delete):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=8 << 20)
        try:
            await self._converse(account, delete, reader, writer)
        finally:
            writer.close()

    async def _log_in(self, account, reader, writer):
        await self._reply(reader, "greeting")
        await self._ask(reader, writer, f"USER {account}")
        await self._ask(reader, writer, f"PASS {PASSWORD}")

    async def _ask(self, reader, writer, line):
        writer.write(line.encode() + b"\r\n")
        return await self._reply(reader, line)

    async def _reply(self, reader, line):
        reply = await reader.readline()
        if not reply.endswith(b"\n") or reply.startswith(b"-ERR [SYS/TEMP]"):
            raise Gone
        if not reply.startswith(b"+OK"):
            raise Loss(f"{line}: {reply}")
        return reply

    async def _lines(self, reader, writer, line):
        """The answer to a command that has several lines, as octets."""
        await self._ask(reader, writer, line)
        out = []
        while True:
            octets = await reader.readline()
            if not octets.endswith(b"\n"):
                raise Gone
            if octets == b".\r\n":
                return out
            out.append(octets.removeprefix(b"."))

    async def _converse(self, account, delete, reader, writer):
        box = self.boxes[account]
        await self._log_in(account, reader, writer)
        ids = [line.split()[1].decode() for line in await self._lines(reader, writer, "UIDL")]
        sizes = [int(line.split()[1]) for line in await self._lines(reader, writer, "LIST")]
        uids = self._judge_ids(account, box, ids)
        doomed = []
        for number, uid in enumerate(uids, 1):
            if uid not in box.sizes:
                octets = b"".join(await self._lines(reader, writer, f"RETR {number}"))
                self._judge_message(account, uid, octets, sizes[number - 1])
                box.sizes[uid] = len(octets)
                box.highest = max(box.highest, uid)
            elif box.sizes[uid] != sizes[number - 1]:
                raise Loss(f"{account}: message {uid} had {box.sizes[uid]} octets, and has {sizes[number - 1]}")
            if delete and uid % 2 == 0:
                await self._ask(reader, writer, f"DELE {number}")
                doomed.append(uid)
        box.undecided.update(doomed)
        for uid in doomed:
            del box.sizes[uid]
        await self._ask(reader, writer, "QUIT")
        box.undecided.difference_update(doomed)
        box.deleted.update(doomed)
        self.deleted += len(doomed)

    def _judge_ids(self, account, box, ids):
        """UIDs: ascending, none lost, none back from the dead, none under what was seen before."""
        uids = [int(text[8:], 16) for text in ids]
        validities = {text[:8] for text in ids} | ({box.validity} if box.validity else set())
        if len(validities) > 1:
            raise Loss(f"{account} has changed its UIDVALIDITY: {validities}")
        box.validity = next(iter(validities), None)
        if uids != sorted(set(uids)):
            raise Loss(f"{account}: UIDs do not ascend: {uids}")
        here = set(uids)
        if back := here & box.deleted:
            raise Loss(f"{account}: deleted, confirmed, and there again: {sorted(back)}")
        if lost := box.sizes.keys() - here:
            raise Loss(f"{account}: seen, and lost from the mailbox: {sorted(lost)}")
        unknown = here - box.sizes.keys() - box.undecided
        if late := [uid for uid in unknown if uid <= box.highest]:
            raise Loss(f"{account}: new UIDs {late} under {box.highest}, which was seen before")
        box.undecided &= here  # what has gone, has gone
        return uids

    def _judge_message(self, account, uid, octets, size):
        if len(octets) != size:
            raise Loss(f"{account}: a message of {size} octets came as {len(octets)}")
        header, _, body = octets.partition(b"\r\n\r\n")
        wanted = header.rpartition(b"X-Checksum: ")[2].split(b"\r\n")[0]
        traces = dict(line.split(b": ", 1) for line in octets[:2000].split(b"\r\n")[:3] if b": " in line)
        recipient = traces.get(b"X-Original-To", traces.get(b"Delivered-To", b"")).decode()
        self.judge.on_filed(first(MESSAGE_ID, octets[:20000]), recipient, uid, wanted == b"%08x" % zlib.crc32(body))
