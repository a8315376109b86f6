"""The chain of filters: milters and rspamd look at what comes in and at what is submitted, what they say is done, and one
that is down, silent or mad never lets a message by unless it is configured so. OpenDKIM and libmilter are the real ones."""

import base64
import json
import subprocess
import tempfile
import textwrap
import time
import unittest
from pathlib import Path

from filter_peers import FakeMilter, FakeRspamd, filed
from postrider import Server, fetched
from wire import Wire

import filters
from nsd import Nsd

USER, PASSWORD = "user@here.example", "correct horse battery staple"
MESSAGE = b"From: Ann <ann@other.example>\r\nTo: user@here.example\r\nSubject: hello\r\nDate: Mon, 02 Jan 2006 15:04:05 +0000\r\n" \
          b"Message-ID: <1@other.example>\r\n\r\nSome words.\r\n"

PYTHON_MILTER = '''
import sys
import Milter

class Marker(Milter.Base):
    def envrcpt(self, to, *parameters):
        if "refused" in to:
            self.setreply("550", "5.7.9", "Not", "for you")
            return Milter.REJECT
        return Milter.CONTINUE

    def header(self, name, value):
        if name.lower() == "subject":
            self.subject = value
        return Milter.CONTINUE

    def body(self, chunk):
        self.octets = getattr(self, "octets", 0) + len(chunk)
        return Milter.CONTINUE

    def eom(self):
        self.progress()
        self.addheader("X-Octets", str(getattr(self, "octets", 0)))
        self.addheader("X-First", "1", 0)
        self.chgheader("Subject", 1, "[seen] " + self.subject)
        self.chgfrom("marked@other.example")
        if "replace" in self.subject:
            self.replacebody(b"another body\\r\\n")
        if "hold" in self.subject:
            self.quarantine("held by the marker")
        return Milter.CONTINUE

Milter.factory = Marker
Milter.set_flags(Milter.ADDHDRS + Milter.CHGHDRS + Milter.CHGBODY + Milter.CHGFROM + Milter.QUARANTINE)
Milter.runmilter("marker", f"inet:{sys.argv[1]}@127.0.0.1", 30)
'''


class Filters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        cls.addClassCleanup(cls._folder.cleanup)
        cls.folder = Path(cls._folder.name)
        key = cls.folder / "key.pem"
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", str(key), "2048"], check=True, capture_output=True)
        cls.key = key
        public = subprocess.run(["openssl", "rsa", "-in", str(key), "-pubout", "-outform", "DER"], check=True,
                                capture_output=True).stdout
        cls.public = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()
        record = "s1._domainkey TXT " + " ".join(f'"{cls.public[i:i + 250]}"' for i in range(0, len(cls.public), 250)) + "\n"
        try:
            cls.dns = Nsd(cls.folder / "dns", {"other.example": record, "here.example": record, "127.in-addr.arpa": "1.0.0 PTR client.other.example.\n"})
            cls.dns.start()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        cls.addClassCleanup(cls.dns.stop)

    def serve(self, settings: str) -> Server:
        """A server with these filters and an account, stopped with the test."""
        self.inbound = fetched.free_port()
        folder = Path(tempfile.mkdtemp(prefix="server-", dir=self.folder))
        server = Server(folder, dns_port=self.dns.port, settings=f"""
[[listener]]
service = "inbound"
address = "127.0.0.1:{self.inbound}"
tls = "none"
[inbound]
spf = "off"
dmarc = "off"
unknown_recipients = "1000/h"
{textwrap.dedent(settings)}
[[route]]
domain = "other.example"
via = ["127.0.0.1:1"]
""")
        server.start()
        self.addCleanup(server.stop)
        server.add_account(USER, PASSWORD)
        server.command("domain", "set", "here.example", "--hosted", "yes", code=None)
        return server

    def send(self, message=MESSAGE, to=USER, sender="ann@other.example") -> tuple[int, str]:
        with Wire(self.inbound) as wire:
            wire.greet()
            for line, code in ((f"MAIL FROM:<{sender}>", 250), (f"RCPT TO:<{to}>", 250), ("DATA", 354)):
                answer = wire.ask(line)
                if answer[0] != code:
                    return answer
            wire.send(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            return wire.reply()

    def submit(self, server, message=MESSAGE.replace(b"ann@other", b"user@here"), to="bob@other.example") -> tuple[int, str]:
        with Wire(server.submissions, tls=True) as wire:
            wire.greet()
            wire.log_in(USER, PASSWORD)
            wire.begin(USER, [to])
            wire.send(message + b".\r\n")
            return wire.reply()

    def mail(self, server, count=1, mailbox="INBOX") -> list[bytes]:
        return filed(server, USER, count, mailbox)

    def quarantine(self, server, count: int) -> list[dict]:
        end = time.monotonic() + 30
        while len(found := json.loads(server.command("quarantine", "list", "--json"))) != count:
            if time.monotonic() > end:
                raise TimeoutError(f"{found}, not {count}")
            time.sleep(0.05)
        return found

    # -- milters ------------------------------------------------------------------------------------------------------

    def test_libmilter_changes_refuses_and_holds_back(self):
        script = self.folder / "marker.py"
        script.write_text(PYTHON_MILTER)
        try:
            marker = filters.PythonMilter(self.folder / "marker", script)
        except fetched.Unavailable as why:
            self.skipTest(str(why))
        with marker:
            server = self.serve(f'[[filter]]\nkind = "milter"\nname = "marker"\naddress = "127.0.0.1:{marker.port}"\n')
            server.add_account("refused@here.example", PASSWORD)
            self.assertEqual(self.send(to="refused@here.example"), (550, "5.7.9 Not for you"))
            self.assertEqual(self.send()[0], 250)
            [mail] = self.mail(server)
            self.assertIn(b"\r\nSubject: [seen] hello\r\n", mail.replace(b"\n", b"\r\n").replace(b"\r\r", b"\r"))
            self.assertIn(b"X-Octets: 13", mail)
            self.assertLess(mail.index(b"X-First: 1"), mail.index(b"From: Ann"))
            self.assertIn(b"Return-Path: <marked@other.example>", mail)
            large = MESSAGE + b"A line of some length that is written again and again.\r\n" * 60_000
            self.assertEqual(self.send(large)[0], 250)  # in pieces, from the store
            self.assertTrue(any(b"X-Octets: %d" % (len(large) - large.index(b"\r\n\r\n") - 4) in mail for mail in self.mail(server, 2)))
            self.assertEqual(self.send(large.replace(b"hello", b"replace"))[0], 250)
            self.assertTrue(any(mail.rstrip().endswith(b"another body") for mail in self.mail(server, 3)))
            self.assertEqual(self.send(MESSAGE.replace(b"hello", b"hold"))[0], 250)
            [held] = self.quarantine(server, 1)
            self.assertIn("held by the marker", held["reason"])

    def test_opendkim_signs_what_is_submitted(self):
        import dkim
        try:
            signer = filters.OpenDkim(self.folder / "opendkim", "here.example", self.key, nameserver=self.dns.port)
        except fetched.Unavailable as why:
            self.skipTest(str(why))
        with signer:
            server = self.serve(f'[[filter]]\nkind = "milter"\nname = "opendkim"\naddress = "127.0.0.1:{signer.port}"\n')
            self.assertEqual(self.submit(server, b"From: user@here.example\r\nBcc: x@y\r\nSubject: a\r\n b\r\n\r\nHello.\r\n\r\n")[0], 250)
            [entry] = server.queue()
            raw = server.command("queue", "show", entry["id"], "--raw").encode().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            self.assertIn(b"d=here.example", raw)
            self.assertTrue(dkim.verify(raw, dnsfunc=lambda name, timeout=5: self.public.encode()), raw)

    def test_a_client_has_one_connection_to_a_milter(self):
        with FakeMilter() as milter:
            self.serve(f'[[filter]]\nkind = "milter"\naddress = "127.0.0.1:{milter.port}"\n')
            with Wire(self.inbound) as wire:
                wire.greet()
                for _ in range(2):
                    wire.begin("ann@other.example", [USER])
                    wire.send(MESSAGE + b".\r\n")
                    self.assertEqual(wire.reply()[0], 250)
                wire.expect(250, "MAIL FROM:<ann@other.example>")
                wire.expect(250, "RSET")
                milter.drop()
                wire.begin("ann@other.example", [USER])  # it has hung up meanwhile: another connection
                wire.send(MESSAGE + b".\r\n")
                self.assertEqual(wire.reply()[0], 250)
            self.assertEqual(milter.connections, 2)
            self.assertEqual(milter.commands(), "OCHMRTLLLLLNBE" + "MRTLLLLLNBE" + "M" + "OCHMRTLLLLLNBE")

    def test_mad_milters_let_nothing_by(self):
        with FakeMilter() as milter:
            server = self.serve(f'[[filter]]\nkind = "milter"\naddress = "127.0.0.1:{milter.port}"\ntimeout = "300ms"\n')
            for command in ("C", "M", "R", "L", "B", "E"):
                for what in ("close", "garbage", b"z", "stall"):
                    with self.subTest(command=command, what=what):
                        milter.replies = {command: [what]}
                        code, text = self.send()
                        self.assertEqual((code, text[:5]), (451, "4.7.1"))
            self.assertEqual(server.queue(), [])
            self.assertTrue(server.wait_for_events("filter")[0]["text"].startswith("milter is down: "))

    def test_a_body_without_end_is_not_taken(self):
        with FakeMilter({"E": ["flood"]}) as milter:
            server = self.serve(f'[[filter]]\nkind = "milter"\naddress = "127.0.0.1:{milter.port}"\n[limits]\nmessage_size = "1MiB"\n')
            self.assertEqual(self.send()[0], 451)
            self.assertEqual(server.queue(), [])

    def test_accepting_without_a_milter_is_said(self):
        server = self.serve(f'[[filter]]\nkind = "milter"\naddress = "127.0.0.1:{fetched.free_port()}"\nwhen_down = "accept"\n')
        self.assertEqual(self.send()[0], 250)
        [mail] = self.mail(server)
        self.assertIn(b"X-Postrider-Verdict: tag; milter: not looked at: it can't be reached", mail.replace(b"\r\n", b"").replace(b"\n", b""))
        [status] = json.loads(self.control(server, "/v1/status"))["filters"]
        self.assertEqual((status["state"], status["passed_over"]), ("down", 1))

    def control(self, server, path: str) -> str:
        done = subprocess.run(["curl", "-s", "--unix-socket", str(server.folder / "data" / "control.sock"), f"http://x{path}"],
                              capture_output=True, text=True, check=True)
        return done.stdout

    # -- rspamd -------------------------------------------------------------------------------------------------------

    def test_rspamd_is_told_and_obeyed(self):
        with FakeRspamd() as rspamd:
            server = self.serve(f'[[filter]]\nkind = "rspamd"\naddress = "127.0.0.1:{rspamd.port}"\ntimeout = "1s"\n')
            self.assertEqual(self.send()[0], 250)
            fields, seen = rspamd.requests[-1]
            self.assertEqual(seen, MESSAGE)
            told = dict(fields)
            self.assertEqual((told["from"], told["rcpt"], told["ip"], told["helo"]), ("<ann@other.example>", USER, "127.0.0.1", "client.example"))
            self.assertIn(b"X-Spam-Flag: NO", self.mail(server)[0])
            rspamd.answer = {"action": "add header", "score": 7, "required_score": 15, "symbols": {"BAD": {"score": 7}}}
            self.assertEqual(self.send()[0], 250)
            self.assertIn(b"X-Spam-Flag: YES", self.mail(server, 1, "Junk")[0])
            rspamd.answer = {"action": "reject", "messages": {"smtp_message": "Gtube pattern"}}
            self.assertEqual(self.send(), (550, "5.7.1 Gtube pattern"))
            self.assertEqual(self.submit(server)[0], 550)  # a hacked account, too
            self.assertEqual(dict(rspamd.requests[-1][0])["user"], USER)
            rspamd.answer = {"action": "soft reject", "messages": {"smtp_message": "Try again later"}}
            self.assertEqual(self.send(), (451, "4.7.1 Try again later"))
            for answer in ("stall", b"", b"HTTP/1.1 500 no\r\ncontent-length: 0\r\n\r\n", b"garbage\r\n\r\n", {"action": "dance"},
                           b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{}"):
                with self.subTest(answer=answer):
                    rspamd.answer = answer
                    self.assertEqual(self.send()[0], 451)
            kinds = [event["text"] for event in server.wait_for_events("filter")]
            self.assertTrue(kinds[0].startswith("rspamd is down: it does not answer"), kinds)
            rspamd.answer = {"action": "no action"}
            self.assertEqual(self.send()[0], 250)
            server.wait_for_events("filter", 2)

    # -- quarantine ---------------------------------------------------------------------------------------------------

    def test_quarantine_is_worked_by_the_operator(self):
        with FakeRspamd({"action": "reject", "score": 20, "required_score": 15}) as rspamd:
            server = self.serve(f'[[filter]]\nkind = "rspamd"\naddress = "127.0.0.1:{rspamd.port}"\non_reject = "quarantine"\n')
            for subject in (b"one", b"two", b"three"):
                self.assertEqual(self.send(MESSAGE.replace(b"hello", subject))[0], 250)
            held = self.quarantine(server, 3)
            self.assertEqual([entry["subject"] for entry in held], ["one", "two", "three"])
            self.assertEqual(held[0]["to"], [USER])
            self.assertIn("rspamd: reject (score 20.00 of 15.00)", held[0]["reason"])
            self.assertIn("two", server.command("quarantine", "list"))
            self.assertEqual(len(json.loads(server.command("quarantine", "list", "--json", "--limit", "2"))), 2)
            shown = server.command("quarantine", "show", held[0]["id"])
            self.assertIn("Subject: one", shown)
            self.assertIn("Some words.", server.command("quarantine", "show", held[0]["id"], "--raw"))
            self.assertEqual(server.command("queue", "why", held[0]["id"], "--json").count('"held"') > 0, True)
            server.stop()
            server.start()  # held is held
            self.quarantine(server, 3)
            server.command("quarantine", "release", held[1]["id"])
            self.assertIn(b"Subject: two", self.mail(server)[0])
            server.command("quarantine", "delete", held[0]["id"], "--reason", "spam")
            [event] = server.wait_for_events("deleted")
            self.assertEqual((event["id"], event["text"]), (held[0]["id"], "spam"))
            self.assertEqual([entry["id"] for entry in self.quarantine(server, 1)], [held[2]["id"]])
            self.assertIn("is not in quarantine", server.command("quarantine", "release", held[0]["id"], code=1))
            self.assertIn("is not in quarantine", server.command("quarantine", "show", held[1]["id"], code=1))
            self.assertIn("is no message id", server.command("quarantine", "delete", "nonsense", code=2))
            # What is submitted waits there, too, wherever it would go.
            self.assertEqual(self.submit(server)[0], 250)
            entry = self.quarantine(server, 2)[1]
            self.assertEqual(entry["to"], ["bob@other.example"])

    def test_quarantine_expires_with_a_word(self):
        with FakeRspamd({"action": "reject"}) as rspamd:
            server = self.serve(f'[[filter]]\nkind = "rspamd"\naddress = "127.0.0.1:{rspamd.port}"\non_reject = "quarantine"\n'
                                '[quarantine]\nmax_age = "1s"\ncheck_every = "1s"\n')
            self.assertEqual(self.send()[0], 250)
            [event] = server.wait_for_events("deleted")
            self.assertIn("in quarantine for more than", event["text"])
            self.assertEqual(server.queue(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
