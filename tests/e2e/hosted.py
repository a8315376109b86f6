"""A server with a hosted domain and two of its accounts, for tests of what becomes of the mail for them."""

import json
import smtplib
import ssl
import tempfile
import time
import unittest
from pathlib import Path

from postrider import Server, fetched

PASSWORD = "correct horse battery staple"
ADA, BOB = "ada@home.example", "bob@home.example"
TEXT = (b"From: Bob <bob@home.example>\r\nTo: ada@home.example\r\nSubject: kept\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
        b"Message-ID: <%s@home.example>\r\n\r\nFrom the first line on.\r\n.dots.\r\n>From quoted\r\n%s")

HEAD = (b"From: Bob <bob@home.example>\r\nTo: ada@home.example\r\nSubject: %s\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
        b"Message-ID: <%s@home.example>\r\n")
# What protocols stumble over, as bodies. The last has no end of its last line, as BDAT allows (RFC 3030 2).
ODD = {
    "dots": b"\r\n.\r\n..\r\n.leading\r\n...\r\nends with a dot.\r\n.\r\n",
    "eight": b"\r\ncaf\xe9 \xff\xfe Gr\xc3\xbc\xc3\x9fe\r\n\xa0\r\n",
    "long": b"\r\n" + b"x" * 998 + b"\r\n" + b"." + b"y" * 997 + b"\r\n",
    "empty": b"\r\n",
    "blanks": b"\r\n\r\n\r\n \t \r\nFrom here\r\n>From there\r\n\r\n\r\n",
    "large": b"\r\n" + b".0123456789abcdef\r\n" * 100_000,
    "unfinished": b"\r\n.no end of the last line",
}


def odd_message(name: str) -> bytes:
    return HEAD % (name.encode(), name.encode()) + ODD[name]


def trusting() -> ssl.SSLContext:
    """The server's certificate is its own."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Hosted(unittest.TestCase):
    """ADA's and BOB's server. listeners(): what it listens to beside submission and LMTP."""

    def listeners(self) -> str:
        return ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.lmtp = fetched.free_port()
        self.server = Server(self.folder / "p", hostname="mail.home.example", settings=(
            f'[[listener]]\nservice = "lmtp"\naddress = "127.0.0.1:{self.lmtp}"\ntls = "none"\nallow = ["127.0.0.1"]\n'
            + self.listeners()))
        self.addCleanup(self.server.kill)
        self.server.start()
        for name in (ADA, BOB):
            self.server.add_account(name, PASSWORD)
        self.server.command("domain", "set", "home.example", "--hosted", "yes")

    def send(self, to, name="one", rest=b"", options=()):
        """A message by submission; as it was sent."""
        message = TEXT % (name.encode(), rest)
        with smtplib.SMTP_SSL("127.0.0.1", self.server.submissions, context=trusting(), timeout=30) as client:
            client.login(BOB, PASSWORD)
            client.sendmail(BOB, to, message, rcpt_options=list(options))
        return message

    def hand_in(self, *messages: bytes, to=ADA) -> None:
        """Messages by LMTP, in pieces (RFC 3030), so that each octet is as it stands here."""
        with smtplib.LMTP("127.0.0.1", self.lmtp) as client:
            client.ehlo_or_helo_if_needed()
            for message in messages:
                client.mail(BOB)
                client.rcpt(to)
                client.send(b"BDAT %d LAST\r\n" % len(message) + message)
                code, text = client.getreply()
                self.assertEqual(code, 250, text)

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
        """All that is kept, as the store has it."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        self.server.command("mailbox", "export", account, "--maildir", str(folder), *options)
        return [file.read_bytes() for file in sorted((folder / "cur").iterdir(), key=lambda f: int(f.name.split(".")[0]))]
