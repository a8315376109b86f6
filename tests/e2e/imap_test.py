"""IMAP to the programs that people use it with: each gets each octet, and what one changes the others see."""

import contextlib
import hashlib
import imaplib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import unittest
from pathlib import Path

import mutt
from hosted import ADA, BOB, HEAD, ODD, PASSWORD, Hosted, odd_message, trusting
from postrider import fetched, make_certificate


def name_of(message: bytes) -> str:
    return message.partition(b"Message-ID: <")[2].partition(b"@")[0].decode()


def local_lines(message: bytes) -> bytes:
    """As programs of this machine keep it."""
    return message.replace(b"\r\n", b"\n")


def hang_up(client: imaplib.IMAP4) -> None:
    with contextlib.suppress(OSError):  # it may have said LOGOUT
        client.shutdown()


def untagged(message: bytes) -> bytes:
    """Without the field by which mbsync knows again what it has just handed over."""
    return re.sub(rb"^X-TUID: .*\n", b"", message, count=1, flags=re.M)


class Imap(Hosted):
    def listeners(self):
        self.imaps, self.imap = fetched.free_port(), fetched.free_port()
        home = self.folder / "p"
        home.mkdir()
        make_certificate(home, "localhost")  # for who looks at the name, by SNI
        return ('[[tls.name]]\ncertificate = "localhost.crt"\nkey = "localhost.key"\n'
                f'[[listener]]\nservice = "imap"\naddress = "127.0.0.1:{self.imaps}"\ntls = "implicit"\n'
                f'[[listener]]\nservice = "imap"\naddress = "127.0.0.1:{self.imap}"\ntls = "starttls"\n')

    def connect(self, account=ADA, password=PASSWORD, mailbox="INBOX") -> imaplib.IMAP4:
        client = imaplib.IMAP4_SSL("127.0.0.1", self.imaps, ssl_context=trusting(), timeout=60)
        self.addCleanup(hang_up, client)
        client.login(account, password)
        if mailbox:
            self.do(client.select(mailbox))
        return client

    def do(self, answer):
        self.assertEqual(answer[0], "OK", answer)
        return answer[1]

    def fill(self, names=tuple(ODD)) -> list[bytes]:
        """Those messages in ADA's inbox; as the store has them."""
        self.hand_in(*map(odd_message, names))
        self.wait_for_mail(ADA, len(names))
        return self.export(ADA)

    def literal(self, answer) -> bytes:
        [(_, octets), *_] = self.do(answer)
        return octets

    def uids(self, client, *criteria) -> list[int]:
        return [int(uid) for uid in self.do(client.uid("search", *criteria))[0].split()]

    def flags(self, client) -> dict[int, set[str]]:
        rows = [row.decode() for row in self.do(client.uid("fetch", "1:*", "(FLAGS)")) if row]
        return {int(re.search(r"UID (\d+)", row)[1]): set(re.search(r"FLAGS \((.*?)\)", row)[1].split()) - {r"\Recent"}
                for row in rows}

    # --- python's imaplib

    def test_imaplib_gets_each_octet(self):
        kept = self.fill()
        client = self.connect()
        for uid, message in enumerate(kept, 1):
            name = name_of(message)
            self.assertTrue(message.endswith(odd_message(name)), name)
            self.assertEqual(self.literal(client.uid("fetch", str(uid), "(BODY.PEEK[])")), message, name)
            self.assertEqual(self.literal(client.uid("fetch", str(uid), "(RFC822.SIZE BODY.PEEK[]<5.1000>)")), message[5:1005])
            header, _, body = message.partition(b"\r\n\r\n")
            self.assertEqual(self.literal(client.uid("fetch", str(uid), "(BODY.PEEK[HEADER])")), header + b"\r\n\r\n")
            self.assertEqual(self.literal(client.uid("fetch", str(uid), "(BODY.PEEK[TEXT])")), body)
        self.assertEqual(set().union(*self.flags(client).values()), set())
        client.logout()

    def test_starttls_and_what_is_offered(self):
        client = imaplib.IMAP4("127.0.0.1", self.imap, timeout=30)
        self.addCleanup(hang_up, client)
        self.assertIn("LOGINDISABLED", client.capabilities)
        self.assertIn("IDLE", client.capabilities)
        with self.assertRaises(imaplib.IMAP4.error):
            client.login(ADA, PASSWORD)
        client.starttls(trusting())
        self.assertNotIn("LOGINDISABLED", client.capabilities)
        self.assertNotIn("STARTTLS", client.capabilities)
        for word in ("IMAP4REV1", "IMAP4REV2", "AUTH=PLAIN", "AUTH=SCRAM-SHA-256", "SASL-IR", "LITERAL+"):
            self.assertIn(word, client.capabilities)
        client.authenticate("PLAIN", lambda _: f"\0{ADA}\0{PASSWORD}".encode())
        self.do(client.select("INBOX"))
        client.logout()

    def test_append_store_copy_move_and_expunge(self):
        client = self.connect()
        self.do(client.create("Work"))
        for name in ODD:
            answer = self.do(client.append("Work", r"(\Seen $Label)", None, odd_message(name)))
            self.assertIn(b"APPENDUID", answer[0])
        self.do(client.select("Work"))
        for uid, name in enumerate(ODD, 1):
            self.assertEqual(self.literal(client.uid("fetch", str(uid), "(BODY.PEEK[])")), odd_message(name), name)
        self.assertEqual(self.flags(client)[1], {r"\Seen", "$Label"})
        self.do(client.uid("store", "1:2", "+FLAGS", r"(\Deleted)"))
        self.do(client.uid("copy", "3", "INBOX"))
        self.do(client.uid("move", "4", "INBOX"))
        self.do(client.expunge())
        self.assertEqual(self.uids(client, "ALL"), [3, *range(5, len(ODD) + 1)])
        other = self.connect()
        self.assertEqual(self.uids(other, "ALL"), [1, 2])
        self.assertEqual(self.uids(other, "HEADER", "Message-ID", "empty"), [2])
        self.assertEqual(self.literal(other.uid("fetch", "2", "(BODY.PEEK[])")), odd_message("empty"))
        # What was answered OK is there after a kill.
        before = self.flags(client)
        self.server.kill()
        self.server.start()
        self.assertEqual(self.flags(self.connect(mailbox="Work")), before)
        self.assertEqual(self.uids(self.connect(), "ALL"), [1, 2])
        self.assertEqual(json.loads(self.server.command("mailbox", "verify", ADA, "--json"))["problems"], [])

    def test_new_mail_is_pushed_to_who_is_idle(self):
        self.fill(("dots",))
        with socket.create_connection(("127.0.0.1", self.imaps), timeout=30) as plain, trusting().wrap_socket(plain) as line:
            lines = line.makefile("rb")

            def until(start):
                while not (got := lines.readline()).startswith(start):
                    self.assertTrue(got, start)
                return got
            until(b"* OK")
            line.sendall(f'a LOGIN {ADA} "{PASSWORD}"\r\nb SELECT INBOX\r\nc IDLE\r\n'.encode())
            until(b"+")
            self.hand_in(odd_message("eight"))
            self.assertEqual(until(b"* 2 EXISTS"), b"* 2 EXISTS\r\n")
            line.sendall(b"DONE\r\nd LOGOUT\r\n")
            self.assertIn(b"OK", until(b"c "))
            until(b"d OK")

    def test_who_may(self):
        def app_password(name, *scopes):
            return self.server.command("account", "app-password", "add", ADA, name, "--scope", *scopes).splitlines()[0]
        for_imap, for_pop3 = app_password("phone", "imap"), app_password("laptop", "pop3")
        self.connect(ADA, for_imap).logout()
        with self.assertRaisesRegex(imaplib.IMAP4.error, "AUTHENTICATIONFAILED"):
            self.connect(ADA, for_pop3)
        with self.assertRaisesRegex(imaplib.IMAP4.error, "AUTHENTICATIONFAILED"):
            self.connect(BOB, "wrong")
        self.server.wait_for_events("login_failed", 2)

    def test_a_password_is_hashed_once_for_all_cores(self):
        for _ in range(16):
            self.connect(mailbox=None).logout()
        logins = self.server.status()["logins"]
        self.assertEqual((logins["accepted"], logins["hashed"], logins["cache_hits"], logins["rejected"]), (16, 1, 15, 0))

    # --- other programs

    def run_client(self, *command, **more) -> bytes:
        done = subprocess.run(list(map(str, command)), capture_output=True, timeout=120, check=False, stdin=subprocess.DEVNULL, **more)
        self.assertEqual(done.returncode, 0, (command, done.stdout[-3000:], done.stderr[-3000:]))
        return done.stdout

    def test_curl(self):
        kept = self.fill()
        for how, base in (("implicit", f"imaps://127.0.0.1:{self.imaps}"), ("starttls", f"imap://127.0.0.1:{self.imap}")):
            curl = ["curl", "-sS", "-k", "--ssl-reqd", "--user", f"{ADA}:{PASSWORD}"]
            for number, message in enumerate(kept, 1):
                self.assertEqual(self.run_client(*curl, f"{base}/INBOX;UID={number}"), message, (how, number))
        self.assertIn(b'"/" INBOX', self.run_client(*curl, f"{base}/"))
        file = self.folder / "message"
        file.write_bytes(odd_message("dots"))
        self.run_client(*curl, "-T", file, f"{base}/INBOX")
        self.assertEqual(self.export(ADA)[-1], odd_message("dots"))

    def state(self) -> list[dict]:
        """Of the server: what any change would change."""
        return self.mailboxes(ADA)

    def files(self, folder: Path) -> dict[str, bytes]:
        return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()
                and file.parent.name in ("cur", "new")}

    def test_mbsync_both_ways_and_the_second_run_changes_nothing(self):
        kept = self.fill()
        client = self.connect()
        self.do(client.create("Work"))
        uid_of = {name_of(message): uid for uid, message in enumerate(kept, 1)}
        self.do(client.uid("store", str(uid_of["empty"]), "+FLAGS", r"(\Seen \Flagged)"))
        folder, settings = self.folder / "mbsync", self.folder / "mbsyncrc"
        folder.mkdir()
        settings.write_text(f"""IMAPAccount here
Host localhost
Port {self.imaps}
User {ADA}
Pass "{PASSWORD}"
SSLType IMAPS
CertificateFile {self.server.folder}/localhost.crt

IMAPStore far
Account here

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState {self.folder}/state-
""")
        mbsync = ["mbsync", "-c", settings, "-a"]
        self.run_client(*mbsync)
        near = self.files(folder / "INBOX")
        self.assertTrue(sorted(map(untagged, near.values())) == sorted(map(local_lines, kept)))
        self.assertEqual([name_of(octets) for name, octets in near.items() if name.endswith(":2,FS")], ["empty"])
        self.assertTrue((folder / "Work").is_dir())
        # Changes on both sides.
        by_name = {name_of(octets): folder / "INBOX" / name for name, octets in near.items()}
        dots, eight = by_name["dots"], by_name["eight"]
        near_flagged = dots.name.partition(":")[0] + ":2,F"
        dots.rename(dots.parent.parent / "cur" / near_flagged)
        eight.rename(eight.parent.parent / "cur" / (eight.name.partition(":")[0] + ":2,ST"))
        (folder / "Work" / "new" / "1.mine.here").write_bytes(local_lines(odd_message("blanks")))
        self.do(client.uid("store", str(uid_of["long"]), "+FLAGS", r"(\Answered)"))
        self.hand_in(HEAD % (b"later", b"later") + b"\r\nlater\r\n")
        self.wait_for_mail(ADA, len(kept) + 1)
        self.run_client(*mbsync)
        flags = self.flags(self.connect())
        self.assertIn(r"\Flagged", flags[uid_of["dots"]])
        self.assertNotIn(uid_of["eight"], flags)
        self.assertEqual(len(flags), len(kept))
        work = self.connect(mailbox="Work")
        self.assertEqual(untagged(self.literal(work.uid("fetch", "1", "(BODY.PEEK[])"))), odd_message("blanks"))
        near = self.files(folder / "INBOX")
        self.assertEqual(len(near), len(kept))
        self.assertEqual([name_of(near[name]) for name in near if re.search(":2,[A-Z]*R", name)], ["long"])
        # The second run.
        near, far = self.files(folder), self.state()
        self.run_client(*mbsync)
        self.assertEqual((self.files(folder), self.state()), (near, far))

    def test_offlineimap(self):
        kept = self.fill()
        folder, settings = self.folder / "offlineimap", self.folder / "offlineimaprc"
        certificate = ssl.PEM_cert_to_DER_cert((self.server.folder / "mail.home.example.crt").read_text())
        settings.write_text(f"""[general]
accounts = here
metadata = {self.folder}/offlineimap-state
ui = basic
[Account here]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = {folder}
[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = {self.imaps}
remoteuser = {ADA}
remotepass = {PASSWORD}
ssl = yes
cert_fingerprint = {hashlib.sha1(certificate).hexdigest()}
ssl_version = tls1_2
""")
        offlineimap = ["offlineimap", "-o", "-c", settings]
        env = dict(os.environ, HOME=str(self.folder))
        self.run_client(*offlineimap, env=env)
        near = self.files(folder / "INBOX")
        # It parses and prints what it fetches: headers come back as they were in all but 8-bit text.
        self.assertEqual(sorted(name_of(octets) for octets in near.values()), sorted(ODD))
        for octets in near.values():
            name = name_of(octets)
            if name in ("dots", "blanks", "empty", "large"):
                self.assertTrue(octets.endswith(local_lines(odd_message(name))), name)
        [dots] = [folder / "INBOX" / name for name, octets in near.items() if name_of(octets) == "dots"]
        dots.rename(dots.parent.parent / "cur" / (re.sub(":2,.*", "", dots.name) + ":2,FS"))
        self.run_client(*offlineimap, env=env)
        uid = {name_of(message): uid for uid, message in enumerate(kept, 1)}["dots"]
        self.assertLessEqual({r"\Seen", r"\Flagged"}, self.flags(self.connect())[uid])
        near, far = self.files(folder), self.state()
        self.run_client(*offlineimap, env=env)
        self.assertEqual((self.files(folder), self.state()), (near, far))

    def test_mutt(self):
        self.fill(("dots",))
        trusted = self.folder / "mutt-certificates"
        shutil.copy(self.server.folder / "mail.home.example.crt", trusted)
        page = mutt.show(
            f"imaps://{ADA}@127.0.0.1:{self.imaps}/INBOX", self.folder, read_only=False,
            settings=f'set imap_pass="{PASSWORD}" certificate_file="{trusted}" ssl_verify_host=no ssl_verify_dates=no '
                     f'header_cache="" message_cachedir=""')
        self.assertIn("\n.\n..\n.leading\n...\nends with a dot.\n.\n", page)
        self.assertEqual(self.flags(self.connect()), {1: {r"\Seen"}})

    def names(self, client, command="list") -> dict[str, str]:
        """With the use of each."""
        rows = [re.fullmatch(r'\((.*?)\) "/" "?(.*?)"?', row.decode()) for row in self.do(getattr(client, command)()) if row]
        uses = {"\\Drafts", "\\Sent", "\\Archive", "\\Junk", "\\Trash"}
        return {row[2]: "".join(word for word in row[1].split() if word in uses) for row in rows}

    def test_what_an_account_begins_with(self):
        client = self.connect()
        begun = {"INBOX": "", "Drafts": "\\Drafts", "Sent": "\\Sent", "Archive": "\\Archive", "Junk": "\\Junk", "Trash": "\\Trash"}
        self.assertEqual(self.names(client), begun)
        self.assertEqual(set(self.names(client, "lsub")), set(begun))
        # What is taken away stays away, until somebody asks.
        self.do(client.delete("Archive"))
        self.assertNotIn("Archive", self.names(self.connect()))
        self.assertEqual(self.server.command("mailbox", "complete", ADA), "Archive is there for archive\n")
        self.assertEqual(self.server.command("mailbox", "complete", ADA), "nothing was missing\n")
        self.assertIn("no such", self.server.command("mailbox", "complete", "no@home.example", code=1))
        self.assertEqual(self.names(client), begun)
        # What an account had elsewhere takes the place of what it never used here.
        self.do(client.rename("Sent", '"Sent Items"'))
        self.do(client.append("Trash", None, None, b"Subject: gone\r\n\r\nx\r\n"))
        bob = self.connect(BOB)
        self.do(bob.append("Drafts", None, None, b"Subject: begun\r\n\r\nx\r\n"))
        folder = self.folder / "elsewhere"
        self.server.command("mailbox", "export", ADA, "--maildir", str(folder))
        self.server.command("mailbox", "import", BOB, "--from", "maildir", str(folder))
        moved = {**begun, "Sent Items": "\\Sent"}
        del moved["Sent"]
        self.assertEqual(self.names(bob), moved)
        self.assertEqual(set(self.names(bob, "lsub")), set(moved))
        self.server.command("mailbox", "import", BOB, "--from", "maildir", str(folder), "--folder", "Old")
        self.assertEqual({name: use for name, use in self.names(bob).items() if use}, {name: use for name, use in moved.items() if use})

    def test_imapflow(self):
        if not shutil.which("node"):
            self.skipTest("no node")
        if not (fetched.node_modules() / "imapflow").is_dir():
            self.skipTest("no imapflow: run tools/partners")
        kept = self.fill()
        script = """
const { ImapFlow } = require('imapflow');
const [port, user, pass] = process.argv.slice(1);
(async () => {
  const client = new ImapFlow({host: '127.0.0.1', port: +port, secure: true, auth: {user, pass}, logger: false,
    tls: {rejectUnauthorized: false}});
  await client.connect();
  await client.mailboxCreate('Archive/2026');
  const lock = await client.getMailboxLock('INBOX');
  const sources = [];
  for await (const message of client.fetch('1:*', {source: true, envelope: true, bodyStructure: true, flags: true, uid: true}))
    sources.push([message.uid, message.source.toString('latin1'), message.envelope.messageId, message.bodyStructure.type]);
  await client.messageFlagsAdd('1:2', ['\\\\Flagged', 'Custom'], {uid: true});
  const moved = await client.messageMove('1', 'Archive/2026', {uid: true});
  const appended = await client.append('INBOX', Buffer.from('Subject: by imapflow\\r\\n\\r\\nx\\r\\n'), ['\\\\Seen']);
  const found = await client.search({subject: 'by imapflow'}, {uid: true});
  const flagged = await client.search({flagged: true}, {uid: true});
  await client.messageDelete(found.join(','), {uid: true});
  const status = await client.status('INBOX', {messages: true, uidNext: true, unseen: true});
  lock.release();
  const names = (await client.list()).map(mailbox => [mailbox.path, mailbox.specialUse]);
  await client.logout();
  console.log(JSON.stringify({sources, moved: moved.uidMap.size, uid: appended.uid, found, flagged, status, names}));
})().catch(error => { console.error(error); process.exit(1); });
"""
        shown = json.loads(self.run_client("node", "-e", script, self.imaps, ADA, PASSWORD,
                                           env=dict(os.environ, NODE_PATH=str(fetched.node_modules()))))
        self.assertEqual([source.encode("latin1") for _, source, *_ in shown["sources"]], kept)
        self.assertEqual([name.strip("<>").partition("@")[0] for _, _, name, _ in shown["sources"]], list(map(name_of, kept)))
        self.assertEqual((shown["moved"], shown["found"], shown["flagged"]), (1, [len(kept) + 1], [2]))
        self.assertEqual(shown["status"]["messages"], len(kept) - 1)
        self.assertIn("Archive/2026", [name for name, _ in shown["names"]])


if __name__ == "__main__":
    unittest.main()
