"""Care for what is kept: backups while mail pours in, restore, import and export, retention; with kills in between."""

import contextlib
import imaplib
import json
import os
import shutil
import signal
import smtplib
import subprocess
import threading
import time
import unittest
from pathlib import Path

from hosted import ADA, BOB, ODD, PASSWORD, Hosted, odd_message, trusting
from postrider import PROGRAM, Server, fetched

NEXT_HOP = '[[route]]\ndomain = "out.example"\nvia = ["127.0.0.1:{}"]\ntls = "off"\n'


class Upkeep(Hosted):
    def listeners(self):
        self.imap = fetched.free_port()
        self.next_hop = fetched.free_port()
        return (f'[[listener]]\nservice = "imap"\naddress = "127.0.0.1:{self.imap}"\ntls = "starttls"\n'
                + NEXT_HOP.format(self.next_hop) + self.mailbox_settings())

    def mailbox_settings(self):
        return ""

    @contextlib.contextmanager
    def client(self, account=ADA):
        with imaplib.IMAP4("127.0.0.1", self.imap) as client:
            client.starttls(trusting())
            client.login(account, PASSWORD)
            client.select("INBOX")
            yield client

    def sound(self, account=ADA):
        found = json.loads(self.server.command("mailbox", "verify", account, "--json"))
        self.assertEqual(found["problems"], [])
        return found["messages"]

    def tree(self, account, *options):
        """Each file of an export: flags in its name, date, octets."""
        folder = self.folder / f"tree{time.monotonic_ns()}"
        self.server.command("mailbox", "export", account, "--maildir", str(folder), *options)
        return folder, {str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns if "/cur/" in f"/{file}" else 0)
                        for file in folder.rglob("*") if file.is_file()}

    def maildir(self, count, text=b"Subject: %d\r\n\r\ntext\r\n", name="in"):
        folder = self.folder / name
        (folder / "cur").mkdir(parents=True)
        for number in range(count):
            file = folder / "cur" / f"{1_700_000_000 + number}.M1.host:2,{'S' if number % 2 else ''}"
            file.write_bytes(text % number)
            os.utime(file, (1_600_000_000 + number, 1_600_000_000 + number))
        return folder

    def test_backup_while_mail_pours_in(self):
        acknowledged, stop = [], threading.Event()

        def pour():
            number = 0
            with smtplib.LMTP("127.0.0.1", self.lmtp) as client:
                while not stop.is_set():
                    client.sendmail(BOB, [ADA], b"Message-ID: <p%d@x>\r\n\r\n%s\r\n" % (number, b"y" * 5000))
                    acknowledged.append(number)
                    number += 1

        with smtplib.SMTP_SSL("127.0.0.1", self.server.submissions, context=trusting()) as client:
            client.login(BOB, PASSWORD)
            client.sendmail(BOB, ["far@out.example"], b"From: " + BOB.encode() + b"\r\nSubject: waits\r\n\r\nfor its host\r\n")
        self.hand_in(odd_message("unfinished"), odd_message("large"))
        pouring = threading.Thread(target=pour)
        pouring.start()
        try:
            for _ in range(2):
                have = len(acknowledged) + 30
                while len(acknowledged) < have:
                    time.sleep(0.01)
                before = len(acknowledged)
                backup = self.folder / f"backup{before}"
                self.server.command("backup", "create", str(backup))
        finally:
            stop.set()
            pouring.join()
        self.assertIn("exists", self.server.command("backup", "create", str(backup), code=1))
        self.assertFalse(list(self.folder.glob("*.partial")))
        checked = json.loads(subprocess.run([PROGRAM, "backup", "check", str(backup), "--json"], check=True,
                                            capture_output=True, text=True).stdout)
        self.assertEqual((checked["problems"], checked["queued"] >= 1), (0, True))
        self.server.stop()
        # A server that is stopped can be backed up, too.
        self.server.command("backup", "create", str(self.folder / "stopped"))

        other = Server(self.folder / "q", hostname="mail.home.example", settings=(
            f'[[listener]]\nservice = "imap"\naddress = "127.0.0.1:{fetched.free_port()}"\ntls = "starttls"\n'
            + NEXT_HOP.format(self.next_hop)))
        self.addCleanup(other.kill)
        shutil.copytree(backup, other.folder / "data")
        with subprocess.Popen([PROGRAM, "sink", "--port", str(self.next_hop), "--json", "--quiet"],
                              stdout=subprocess.PIPE, text=True) as sink:
            try:
                other.start()
                self.server = other
                other.command("queue", "retry", "--where", "domain=out.example")
                end = time.monotonic() + 30
                while not any(event["event"] == "delivered" and event["to"] == "far@out.example" for event in other.read_events()):
                    self.assertLess(time.monotonic(), end, "what waited in the backup is not delivered")
                    time.sleep(0.05)
            finally:
                sink.kill()
        self.wait_for_mail(ADA, before + 2)
        kept = b"".join(self.export(ADA))
        missing = [number for number in range(before) if b"Message-ID: <p%d@x>" % number not in kept]
        self.assertEqual(missing, [])
        for name in ("unfinished", "large"):
            self.assertIn(ODD[name], kept)
        self.sound()

    def test_restore_of_one_account_while_serving(self):
        self.hand_in(*[b"Message-ID: <r%d@x>\r\n\r\n%d\r\n" % (n, n) for n in range(6)])
        self.wait_for_mail(ADA, 6)
        with self.client() as client:
            client.store("2,4", "+FLAGS", "(\\Seen $work)")
            client.create("Work")
            client.copy("3", "Work")
        before = self.tree(ADA)[1]
        backup = self.folder / "backup"
        self.server.command("backup", "create", str(backup))
        with self.client() as client:
            client.store("2:4", "+FLAGS", "(\\Deleted)")
            client.expunge()
            client.delete("Work")
        self.hand_in(b"Message-ID: <later@x>\r\n\r\nlater\r\n")
        self.wait_for_mail(ADA, 4)
        restore = ("mailbox", "restore", ADA, "--from", str(backup), "--json")
        with self.client() as watching:  # it is told of what comes back
            done = json.loads(self.server.command(*restore))
            self.assertEqual((done["added"], done["there"]), (4, 3))
            watching.noop()
            self.assertIn(b"7", watching.response("EXISTS")[1])
        done = json.loads(self.server.command(*restore))
        self.assertEqual((done["added"], done["there"]), (0, 7))
        self.assertEqual(self.sound(), 8)

        def mails(files):
            return sorted((name.split(":2,")[1], *about) for name, about in files.items() if "cur/" in name)

        after = self.tree(ADA)[1]
        self.assertEqual([mail for mail in mails(after) if b"later@x" not in mail[1]], mails(before))
        done = json.loads(self.server.command(*restore, "--folder", "Work", "--into", "Old"))
        self.assertEqual(done["added"], 1)
        self.assertIn("Old/Work", {box["name"] for box in self.mailboxes(ADA)["mailboxes"]})
        self.assertIn("no mail of", self.server.command("mailbox", "restore", "no@home.example", "--from", str(backup), code=1))

    def test_export_and_import_are_exact(self):
        self.hand_in(*[odd_message(name) for name in ODD])
        self.wait_for_mail(ADA, len(ODD))
        with self.client() as client:
            client.store("1:3", "+FLAGS", "(\\Seen \\Flagged $Forwarded work)")
            client.create("A.b/c")
            client.copy("2:4", "A.b/c")

        def brought(files):  # a mailbox where nothing comes keeps its own UIDVALIDITY
            return {name: about for name, about in files.items() if not about[0].endswith(b" N1\n")}

        folder, before = self.tree(ADA)
        self.server.command("mailbox", "import", BOB, "--from", "maildir", str(folder))
        self.assertEqual(brought(self.tree(BOB)[1]), brought(before))
        self.assertGreater(sum("/dovecot-uidlist" in f"/{name}" for name in brought(before)), 1)
        again = json.loads(self.server.command("mailbox", "import", BOB, "--from", "maildir", str(folder), "--json"))
        self.assertEqual((again["added"], again["failed"]), (0, 0))
        self.assertEqual(self.sound(BOB), len(ODD) + 3)

    def test_kills_lose_and_double_nothing(self):
        folder = self.maildir(400)
        command = [PROGRAM, "mailbox", "import", BOB, "--from", "maildir", str(folder), "--config", str(self.server.config)]
        for victim in ("client", "server", "client"):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            have = 0
            with contextlib.suppress(AssertionError):
                have = self.mailboxes(BOB)["messages"]
            while process.poll() is None and have < 350:
                with contextlib.suppress(AssertionError):
                    if self.mailboxes(BOB)["messages"] > have + 20:
                        break
                time.sleep(0.01)
            if victim == "client":
                process.send_signal(signal.SIGKILL)
            else:
                self.server.kill()
            process.wait(30)
            if victim == "server":
                self.server.start()
        done = json.loads(self.server.command("mailbox", "import", BOB, "--from", "maildir", str(folder), "--json"))
        self.assertEqual(done["added"] + done["there"], 400)
        self.assertEqual(self.sound(BOB), 400)
        texts = [mail.split(b"\r\n")[0] for mail in self.export(BOB)]
        self.assertEqual(sorted(texts), sorted(b"Subject: %d" % n for n in range(400)))
        # The same for a restore, from a backup of just that.
        backup = self.folder / "backup"
        self.server.command("backup", "create", str(backup))
        with self.client(BOB) as client:
            client.store("1:400", "+FLAGS.SILENT", "(\\Deleted)")
            client.expunge()
        process = subprocess.Popen([PROGRAM, "mailbox", "restore", BOB, "--from", str(backup), "--config", str(self.server.config)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and self.mailboxes(BOB)["messages"] < 20:
            time.sleep(0.01)
        self.server.kill()
        process.wait(30)
        self.server.start()
        self.server.command("mailbox", "restore", BOB, "--from", str(backup))
        self.assertEqual(self.sound(BOB), 400)

    def test_repair_of_what_is_sound(self):
        self.hand_in(odd_message("eight"))
        self.wait_for_mail(ADA, 1)
        self.assertIn("nothing to mend", self.server.command("mailbox", "repair", ADA))
        self.assertIn("nothing was set aside", self.server.command("mailbox", "repair", ADA, "--put-back"))
        self.assertIn("no such", self.server.command("mailbox", "repair", "no@home.example", code=1))


class Retention(Upkeep):
    """With a keeper that never rests."""

    def mailbox_settings(self):
        return '[mailbox]\ntrash_keeps = "3s"\nundelete = "1d"\ncheck_every = "1s"\n'

    def test_trash_is_emptied(self):
        for name in ("Trash", "Junk"):
            folder = self.maildir(3, b"Subject: " + name.encode() + b" %d\r\n\r\n", f"in/.{name}")
            (folder / "postrider-mailbox").write_text(f"name {name}\nuse {name.lower()}\n")
        (self.folder / "in" / "cur").mkdir()
        self.server.command("mailbox", "import", ADA, "--from", "maildir", str(self.folder / "in"))
        end = time.monotonic() + 30
        while self.mailboxes(ADA)["messages"] > 3 and time.monotonic() < end:
            time.sleep(0.1)
        counts = {box["name"]: box["messages"] for box in self.mailboxes(ADA)["mailboxes"]}
        self.assertEqual(counts, {"INBOX": 0, "Drafts": 0, "Sent": 0, "Archive": 0, "Junk": 3, "Trash": 0})
        self.server.command("mailbox", "undelete", ADA)
        self.assertEqual(self.mailboxes(ADA)["messages"], 6)
        self.sound()


def load_tests(loader, _tests, _pattern):
    names = [name for name in loader.getTestCaseNames(Upkeep)]
    suite = unittest.TestSuite(Upkeep(name) for name in names)
    suite.addTest(Retention("test_trash_is_emptied"))
    return suite


if __name__ == "__main__":
    unittest.main()
