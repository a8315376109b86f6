#!/usr/bin/python3
"""Sixteen clients on two mailboxes of one account do everything at once, and nothing that a client may rely on is ever broken: message
numbers, UIDs, flags, MODSEQ, \\Recent, what never changes, octets (the rules: imap_view.py). Now and then all stop, and every view must be
what the mailbox is; a client that comes back with QRESYNC is told of its changes and of nothing else (RFC 7162 3.2.5).

By hand: imap_stress_test.py [--seconds N] [--clients N] [--seed N]; the short form is part of the heavy suite."""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import imap_reply
from imap_actions import Client
from imap_session import Session
from imap_view import Broken, World, numbers
from postrider import Server, fetched

ACCOUNT, PASSWORD = "ada@example.org", "pencil"
MAILBOXES = ("INBOX", "Second")


class Run:
    def __init__(self, port: int, clients: int, seed: int):
        self.world, self.port = World(), port
        self.random = random.Random(seed)
        self.clients = [Client(self, index, random.Random(f"{seed}.{index}")) for index in range(clients)]
        self.serial = 0
        self.deadline = 0.0
        self.checkpoints = 0
        self._before = {}  # mailbox -> (UIDVALIDITY, HIGHESTMODSEQ, UID -> flags) at the last one
        self._arrived = 0
        self._going = asyncio.Event()
        self._all_here = asyncio.Event()
        self._wanted = False

    def next_serial(self) -> int:
        self.serial += 1
        return self.serial

    def mailboxes(self):
        return MAILBOXES

    async def login(self) -> Session:
        session = await Session.open(self.world, self.port)
        await session.ask(f"LOGIN {ACCOUNT} {PASSWORD}")
        return session

    async def pause(self) -> None:
        """Clients come by between two actions: here they wait while there is a checkpoint."""
        if not self._wanted:
            return
        self._arrived += 1
        if self._arrived == len(self.clients):
            self._all_here.set()
        await self._going.wait()

    async def go(self, seconds: float) -> None:
        first = await self.login()
        await first.ask("CREATE Second", may_fail="NO")
        first.close()
        self.deadline = time.monotonic() + seconds
        work = [asyncio.ensure_future(client.run()) for client in self.clients]
        watch = asyncio.ensure_future(self._checkpoints(work))
        try:
            await asyncio.gather(*work, watch)
        finally:
            for task in (*work, watch):
                task.cancel()
            await asyncio.gather(*work, watch, return_exceptions=True)

    async def _checkpoints(self, work) -> None:
        while time.monotonic() < self.deadline:
            await asyncio.sleep(min(self.random.uniform(2, 6), max(0.1, self.deadline - time.monotonic())))
            self._arrived, self._wanted = 0, True
            self._all_here.clear()
            self._going.clear()
            here = asyncio.ensure_future(self._all_here.wait())
            await asyncio.wait([here, *work], return_when=asyncio.FIRST_COMPLETED)
            if not self._all_here.is_set():
                here.cancel()
                return  # one of them has failed, and tells it
            await self.compare()
            self.checkpoints += 1
            self._wanted = False
            self._going.set()

    async def compare(self) -> None:
        for mailbox in MAILBOXES:
            truth = await self.login()
            await truth.select(mailbox, read_only=True)
            if truth.view.messages:
                await truth.ask("FETCH 1:* (UID FLAGS MODSEQ INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (X-Serial)])")
            for client in self.clients:
                if client.session and client.session.view and client.session.view.mailbox == mailbox:
                    await self._compare_one(client, truth.view)
            await self._resync(mailbox, truth)
            truth.close()

    async def _compare_one(self, client: Client, truth) -> None:
        await client.session.ask(self.random.choice(["NOOP", "CHECK"]))
        view = client.session.view
        what = f"client {client.index} of {truth.mailbox}"
        if len(view.messages) != len(truth.messages):
            raise Broken(f"{what}: {len(view.messages)} messages, there are {len(truth.messages)}")
        for number, (mine, real) in enumerate(zip(view.messages, truth.messages, strict=True), 1):
            if mine.uid not in (None, real.uid):
                raise Broken(f"{what}: number {number} is UID {mine.uid}, not {real.uid}")
            if mine.flags is not None and mine.flags != real.flags:
                raise Broken(f"{what}: UID {real.uid} has {sorted(mine.flags)}, not {sorted(real.flags)}")
            if mine.serial not in (None, real.serial):
                raise Broken(f"{what}: UID {real.uid} is {mine.serial}, not {real.serial}")
            for owner in self.clients:
                owned = self.world.owned.get((view.key(real), owner.index))
                if owned is not None and owned != (owner.keyword.lower() in real.flags):
                    raise Broken(f"{what}: UID {real.uid}: {owner.keyword} should be {owned} (RFC 9051 6.4.6)")

    async def _resync(self, mailbox, truth) -> None:
        """A client that was here at the checkpoint before comes back."""
        if known := self._before.get(mailbox):
            uid_validity, modseq, messages = known
            session = await self.login()
            await session.ask("ENABLE QRESYNC")
            session.qresync = True
            untagged = await session.select(mailbox, True, f" (QRESYNC ({uid_validity} {modseq}))")
            self.judge_resync(truth, modseq, dict(messages), untagged)
            session.close()
        self._before[mailbox] = (
            truth.view.uid_validity, truth.view.highest, {message.uid: message.flags for message in truth.view.messages})

    def judge_resync(self, truth, modseq, messages, untagged) -> None:
        for response in untagged:
            if response[0] == "VANISHED":
                gone = numbers(response[2])
                messages = {uid: flags for uid, flags in messages.items() if uid not in gone}
            elif len(response) > 2 and response[1] == "FETCH":
                items = imap_reply.pairs(response[2])
                if int(items["MODSEQ"][0]) <= modseq:
                    raise Broken(f"QRESYNC since {modseq} tells {items}")
                messages[int(items["UID"])] = frozenset(flag.lower() for flag in items["FLAGS"]) - {"\\recent"}
        real = {message.uid: message.flags for message in truth.view.messages}
        if messages != real:
            differs = {uid: (messages.get(uid), real.get(uid)) for uid in messages.keys() | real.keys() if messages.get(uid) != real.get(uid)}
            raise Broken(f"after QRESYNC since {modseq}: {differs}")


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--clients", type=int, default=16)
    options.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options.add_argument("--port", type=int, help="of a server that runs: with the account ada@example.org, password pencil")
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="imap-stress-"))
    port = given.port or fetched.free_port()
    server = None if given.port else Server(folder, settings=f"""
[[listener]]
service = "imap"
address = "127.0.0.1:{port}"
tls = "none"
plain_auth = true
""")
    print(f"seed {given.seed}, {given.clients} clients, {given.seconds:g} s", flush=True)
    failed = 0
    if server:
        server.start()
        server.add_account(ACCOUNT, PASSWORD)
    run = Run(port, given.clients, given.seed)
    try:
        asyncio.run(run.go(given.seconds))
    except Broken as error:
        failed = 1
        print(f"broken: {error}", file=sys.stderr)
    finally:
        code = server.stop() if server else 0
        if code:
            failed = 1
            print(f"the server exits with {code}: {server.log.read_text()[-5000:]}", file=sys.stderr)
        shutil.rmtree(folder)
    commands = sum(client.commands for client in run.clients)
    print(f"{commands} commands, {run.world.responses} responses, {run.serial} messages, {run.checkpoints} checkpoints")
    print(f"{1 - failed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
