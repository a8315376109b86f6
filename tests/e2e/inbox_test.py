"""What comes in for a hosted domain is kept: filed, forwarded, posted, and read back octet for octet."""

import json
import smtplib
import ssl
import tempfile
import time
import unittest
from pathlib import Path

from postrider import Server

PASSWORD = "correct horse battery staple"
ADA, BOB = "ada@home.example", "bob@home.example"
TEXT = (b"From: Bob <bob@home.example>\r\nTo: ada@home.example\r\nSubject: kept\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
        b"Message-ID: <%s@home.example>\r\n\r\nFrom the first line on.\r\n.dots.\r\n>From quoted\r\n%s")


class Inbox(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.server = Server(self.folder / "p", hostname="mail.home.example")
        self.addCleanup(self.server.kill)
        self.server.start()
        for name in (ADA, BOB):
            self.server.add_account(name, PASSWORD)
        self.server.command("domain", "set", "home.example", "--hosted", "yes")

    def send(self, to, name="one", rest=b"", options=()):
        message = TEXT % (name.encode(), rest)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with smtplib.SMTP_SSL("127.0.0.1", self.server.submissions, context=context, timeout=30) as client:
            client.login(BOB, PASSWORD)
            client.sendmail(BOB, to, message, rcpt_options=list(options))
        return message

    def mailboxes(self, account):
        return json.loads(self.server.command("mailbox", "list", account, "--json"))

    def wait_for_mail(self, account, count, seconds=30):
        end = time.monotonic() + seconds
        while True:
            try:
                found = self.mailboxes(account)["messages"]
            except AssertionError:
                found = 0  # the first message makes its mailboxes
            if found >= count:
                return
            if time.monotonic() > end:
                raise TimeoutError(f"{found} of {count} for {account}: {self.server.read_events()[-10:]}")
            time.sleep(0.05)

    def export(self, account, *options):
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        self.server.command("mailbox", "export", account, "--maildir", str(folder), *options)
        return [file.read_bytes() for file in sorted((folder / "cur").iterdir(), key=lambda f: int(f.name.split(".")[0]))]

    def test_kept_octet_for_octet(self):
        small = self.send(ADA)
        large = self.send(ADA, "two", b"0123456789abcdef\r\n" * 200_000)  # past what waits in memory
        self.wait_for_mail(ADA, 2)
        kept = self.export(ADA)
        for mail, sent in zip(kept, (small, large), strict=True):
            trace, received, rest = mail.partition(b"Received: ")
            self.assertEqual(trace, b"Return-Path: <bob@home.example>\r\nDelivered-To: ada@home.example\r\n")
            self.assertTrue(received)
            self.assertTrue(rest.endswith(sent), rest[:2000])
        self.assertEqual(self.server.queue(), [])
        sound = json.loads(self.server.command("mailbox", "verify", ADA, "--json"))
        self.assertEqual((sound["messages"], sound["problems"]), (2, []))
        self.assertEqual(self.mailboxes(ADA)["bytes"], sum(map(len, kept)))
        delivered = [e for e in self.server.read_events() if e["event"] == "delivered"]
        self.assertEqual({(e["to"], e["site"]) for e in delivered}, {(ADA, "local")})

    def test_mbox_quotes_what_looks_like_a_message(self):
        self.send(ADA)
        self.wait_for_mail(ADA, 1)
        lines = self.server.command("mailbox", "export", ADA, "--mbox", "-").splitlines()
        self.assertTrue(lines[0].startswith("From postrider "))
        self.assertIn(">From the first line on.", lines)
        self.assertIn(">>From quoted", lines)

    def test_survives_a_kill(self):
        count = 40
        for number in range(count):
            self.send(ADA, f"k{number}")
            if number % 10 == 9:
                self.server.kill()
                self.server.start()
        self.wait_for_mail(ADA, count)
        ids = [mail.split(b"Message-ID: <")[1].split(b"@")[0] for mail in self.export(ADA)]
        self.assertEqual(sorted(ids), sorted(f"k{n}".encode() for n in range(count)))
        self.assertEqual(json.loads(self.server.command("mailbox", "verify", ADA, "--json"))["problems"], [])

    def test_tells_of_success_and_of_nobody(self):
        self.send(ADA, options=["NOTIFY=SUCCESS"])
        self.wait_for_mail(BOB, 1)
        self.assertIn(b"Action: delivered", self.export(BOB)[0])

    def test_lists_post_to_their_members(self):
        self.server.command("list", "add", "news@home.example", "--member", ADA, "--member", BOB, "--title", "News",
                            "--posters", "anyone")
        self.send("news@home.example")
        self.wait_for_mail(ADA, 1)
        self.wait_for_mail(BOB, 1)
        post = self.export(ADA)[0]
        self.assertIn(b"List-Id: News <news.home.example>\r\n", post)
        self.assertIn(b"Return-Path: <news-bounces@home.example>\r\n", post)

    def test_unknown_and_wrong_usage(self):
        self.assertIn("no such mailbox", self.server.command("mailbox", "list", "no@home.example", code=1))
        self.send(ADA)
        self.wait_for_mail(ADA, 1)
        self.server.command("mailbox", "export", ADA, code=2)
        self.assertIn("no such mailbox", self.server.command("mailbox", "export", ADA, "--mbox", "-", "--mailbox", "Nope", code=1))


if __name__ == "__main__":
    unittest.main()
