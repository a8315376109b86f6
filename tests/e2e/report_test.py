"""What senders hear: reports as RFC 3464 wants them, in a real mailbox, read by real mail programs; and signatures
that opendkim's own tools verify."""

import email
import email.policy
import email.utils
import json
import mailbox
import re
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import mutt
import postrider
from postrider import Server, fetched
from wire import Host

from nsd import Nsd
from postfix import Postfix

SENDER = "app@shop.example"

# Run in a network of its own, where port 53 of loopback is free: nsd there, and resolv.conf names it.
VERIFY = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
from nsd import Nsd
from pathlib import Path
folder = Path(sys.argv[2])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
(folder / "resolv.conf").write_text("nameserver 127.0.0.1\\n")
subprocess.run(["mount", "--bind", folder / "resolv.conf", "/etc/resolv.conf"], check=True)
with Nsd(folder / "dns", {"shop.example": (folder / "zone").read_text()}, port=53):
    done = subprocess.run(["opendkim-testmsg"], stdin=open(folder / "message", "rb"), capture_output=True, text=True)
print(done.returncode, done.stdout, done.stderr)
"""


class Reports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        # The sender's mailbox is there too.
        cls.mta = cls.enter(Postfix(cls.folder / "mta", domains=["example.net", "shop.example"], reject=["nobody"]))
        cls.simple = cls.enter(Host(extensions=("8BITMIME",)))
        (cls.folder / "p").mkdir()
        made = subprocess.run([postrider.PROGRAM, "dkim", "keygen", "--domain", "shop.example", "--selector", "r1",
                               "--out", str(cls.folder / "p" / "r1.pem"), "--json"], check=True, capture_output=True, text=True)
        value = json.loads(made.stdout)["value"]
        cls.zone = "r1._domainkey TXT " + " ".join(f'"{value[i:i + 255]}"' for i in range(0, len(value), 255)) + "\n"
        cls.dns = cls.enter(Nsd(cls.folder / "dns", {"example.net": "@ MX 10 mx\nmx A 127.0.0.1\n",
                                                     "shop.example": "@ MX 10 mx.example.net.\n" + cls.zone}))
        cls.server = cls.enter(Server(
            cls.folder / "p", dns_port=cls.dns.port,
            delivery=f'port = {cls.mta.port}\nretry = ["1s"]\nmax_age = "5s"\ndelay_warning = "1s"\n',
            settings=f"""
[[route]]
domain = "simple.example"
via = ["127.0.0.1:{cls.simple.port}"]
[[route]]
domain = "dead.example"
via = ["127.0.0.1:{fetched.free_port()}"]
[[dkim]]
domain = "shop.example"
selector = "r1"
key = "r1.pem"
"""))

    @classmethod
    def enter(cls, context):
        try:
            entered = context.__enter__()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        cls.addClassCleanup(context.__exit__, None, None, None)
        return entered

    def send(self, name, recipients, sender=SENDER, options=(), rcpt_options=()) -> str:
        message_id = f"<{name}@shop.example>"
        with smtplib.SMTP("127.0.0.1", self.server.relay) as client:
            client.sendmail(sender, recipients, f"From: {SENDER}\r\nTo: {', '.join(recipients)}\r\nSubject: Order {name}\r\n"
                            f"Date: {email.utils.formatdate()}\r\nMessage-ID: {message_id}\r\n\r\nthe body of {name}\r\n", options, rcpt_options)
        return message_id

    def reports(self, message_id) -> list[tuple[Path, email.message.EmailMessage]]:
        found = []
        for path in self.mta.messages():
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if message["References"] == message_id and message.get_content_type() == "multipart/report":
                found.append((path, message))
        return found

    def wait_for_reports(self, message_id, count=1) -> list[email.message.EmailMessage]:
        end = time.monotonic() + 30
        while len(found := self.reports(message_id)) < count:
            self.assertLess(time.monotonic(), end, f"{len(found)} of {count} reports about {message_id}: "
                            f"{self.server.read_events()[-10:]}")
            time.sleep(0.05)
        return [message for _, message in found]

    def fields(self, report) -> tuple[dict, list[dict]]:
        """The delivery status: of the message, and of each recipient."""
        self.assertEqual(report.get_content_type(), "multipart/report")
        self.assertEqual(report.get_param("report-type"), "delivery-status")
        self.assertEqual(report["Return-Path"], "<>")
        self.assertEqual(report["To"], SENDER)
        self.assertIn("auto-", report["Auto-Submitted"])
        self.assertFalse(report.defects + [defect for part in report.walk() for defect in part.defects])
        words, status, *_ = report.iter_parts()
        self.assertEqual(words.get_content_type(), "text/plain")
        self.assertEqual(status.get_content_type(), "message/delivery-status")
        of_message, *of_recipients = [dict(block.items()) for block in status.get_payload()]
        return of_message, of_recipients

    def end_of(self, message_id_part, kind, to):
        end = time.monotonic() + 30
        while not (found := [event for event in self.server.read_events() if event["event"] == kind and event["to"] == to]):
            self.assertLess(time.monotonic(), end, self.server.read_events()[-10:])
            time.sleep(0.05)
        return found[0]

    # -- failures -------------------------------------------------------------------------------------------------------

    def test_a_rejected_recipient_is_reported(self):
        about = self.send("rejected", ["nobody@example.net", "somebody@example.net"], options=["ENVID=QQ+2B314"],
                          rcpt_options=["ORCPT=rfc822;first+2Btry@example.net"])
        [report] = self.wait_for_reports(about)
        of_message, [recipient] = self.fields(report)
        self.assertEqual(of_message["Reporting-MTA"], "dns; mail.example.org")
        self.assertEqual(of_message["Original-Envelope-Id"], "QQ+314")
        self.assertIsNotNone(email.utils.parsedate_to_datetime(of_message["Arrival-Date"]))
        self.assertEqual(recipient["Final-Recipient"], "rfc822; nobody@example.net")
        self.assertEqual(recipient["Original-Recipient"], "rfc822; first+try@example.net")
        self.assertEqual(recipient["Action"], "failed")
        self.assertEqual(recipient["Status"], "5.1.1")
        self.assertRegex(recipient["Diagnostic-Code"], r"smtp; 550 5\.1\.1 .*no such user")
        self.assertEqual(recipient["Remote-MTA"], "dns; mx.example.net")
        words, _, original = report.iter_parts()
        self.assertIn("nobody@example.net", words.get_content())
        self.assertIn("no such user", " ".join(words.get_content().split()))
        self.assertIn("Order rejected", original.as_string())
        self.assertNotIn("the body of", original.as_string())

    def inbox_with_a_report(self, name) -> Path:
        about = self.send(name, ["nobody@example.net"])
        self.wait_for_reports(about)
        [(path, _)] = self.reports(about)
        inbox = self.folder / f"{name}.mbox"
        box = mailbox.mbox(inbox)
        box.add(mailbox.mboxMessage(path.read_bytes()))
        box.close()
        return inbox

    def is_shown_properly(self, shown):
        self.assertRegex(shown, r"(?i)Subject: .*(undeliver|not delivered|failed|returned|could not)")
        self.assertRegex(shown, r"From: .*MAILER-DAEMON@mail\.example\.org")
        for text in ("nobody@example.net", "550 5.1.1", "no such user", "Subject: Order shown"):
            self.assertIn(text, " ".join(shown.split()))
        self.assertNotIn("=3D", shown)

    @unittest.skipUnless(shutil.which("s-nail"), "no s-nail")
    def test_s_nail_shows_it(self):
        inbox = self.inbox_with_a_report("shown-by-s-nail")
        self.is_shown_properly(subprocess.run(
            ["s-nail", "-n", "-R", "-#", "-S", "ttycharset=utf-8", "-f", str(inbox)],
            input="headers\ntype 1\nexit\n", capture_output=True, text=True, timeout=30).stdout)

    @unittest.skipUnless(shutil.which("mutt"), "no mutt")
    def test_mutt_shows_it(self):
        shown = mutt.show(self.inbox_with_a_report("shown-by-mutt"), self.folder)
        self.is_shown_properly(shown)
        for part in ("text/plain", "message/delivery-status", "text/rfc822-headers"):
            self.assertIn(f"Type: {part}", shown)
        self.assertIn("Status: 5.1.1", shown)

    def test_ret_chooses_how_much_comes_back(self):
        [headers] = self.wait_for_reports(self.send("hdrs", ["nobody@example.net"], options=["RET=HDRS"]))
        *_, original = headers.iter_parts()
        self.assertEqual(original.get_content_type(), "text/rfc822-headers")
        self.assertIn("Subject: Order hdrs", original.as_string())
        self.assertNotIn("the body of hdrs", headers.as_string())
        [full] = self.wait_for_reports(self.send("full", ["nobody@example.net"], options=["RET=FULL"]))
        *_, original = full.iter_parts()
        self.assertEqual(original.get_content_type(), "message/rfc822")
        self.assertIn("the body of full", original.as_string())
        self.assertEqual(original.get_payload(0)["Message-ID"], "<full@shop.example>")

    def test_who_wants_no_report_gets_none(self):
        never = self.send("never", ["nobody@example.net"], rcpt_options=["NOTIFY=NEVER"])
        success = self.send("only-success", ["nobody@example.net"], rcpt_options=["NOTIFY=SUCCESS"])
        bounces = self.send("null", ["nobody@example.net"], sender="")
        dead = self.send("null-dead", ["x@dead.example"], sender="")
        self.end_of("null-dead", "expired", "x@dead.example")
        last = self.send("last", ["nobody@example.net"])
        self.wait_for_reports(last)
        self.server.wait_until_empty()
        for about in (never, success, bounces, dead):
            self.assertEqual(self.reports(about), [], about)
        # No report is about a report, and none goes to the null path.
        events = self.server.read_events()
        self.assertFalse([event for event in events if event["event"] == "received" and event["to"] == ""])

    # -- success ----------------------------------------------------------------------------------------------------------

    def test_a_host_without_dsn_is_where_the_trail_ends(self):
        about = self.send("relayed", ["x@simple.example"], rcpt_options=["NOTIFY=SUCCESS,FAILURE"])
        [report] = self.wait_for_reports(about)
        _, [recipient] = self.fields(report)
        self.assertEqual(recipient["Action"], "relayed")
        self.assertRegex(recipient["Status"], r"^2\.\d+\.\d+$")
        self.assertEqual(recipient["Final-Recipient"], "rfc822; x@simple.example")
        self.assertNotIn("NOTIFY", str(self.simple.transactions[-1]))
        quiet = self.send("quiet", ["x@simple.example"])
        self.simple.wait_for(2)
        self.server.wait_until_empty()
        self.assertEqual(self.reports(quiet), [])

    def test_a_host_with_dsn_reports_itself(self):
        about = self.send("passed-on", ["y@example.net"], options=["ENVID=E17", "RET=HDRS"],
                          rcpt_options=["NOTIFY=SUCCESS", "ORCPT=rfc822;orig@example.net"])
        end = time.monotonic() + 30
        while True:
            texts = [path.read_text() for path in self.mta.messages()]
            found = [text for text in texts if "Original-Envelope-Id: E17" in text]
            if found:
                break
            self.assertLess(time.monotonic(), end, "Postfix has not reported success")
            time.sleep(0.05)
        self.assertEqual(len(found), 1)
        self.assertIn("Reporting-MTA: dns; mx.example.net", found[0])
        self.assertIn("Original-Recipient: rfc822;orig@example.net", found[0])
        self.assertIn("Action: delivered", found[0])
        self.assertEqual(self.reports(about), [], "ours would be one too many")

    # -- time -----------------------------------------------------------------------------------------------------------

    def test_a_delay_is_told_once_and_the_end_too(self):
        about = self.send("late", ["x@dead.example"])
        delayed, failed = sorted(self.wait_for_reports(about, 2), key=lambda report: "failed" in report.as_string())
        _, [recipient] = self.fields(delayed)
        self.assertEqual(recipient["Action"], "delayed")
        self.assertRegex(recipient["Status"], r"^4\.\d+\.\d+$")
        self.assertIsNotNone(email.utils.parsedate_to_datetime(recipient["Will-Retry-Until"]))
        self.assertRegex(delayed.get_body().get_content() if delayed.get_body() else delayed.as_string(), "(?i)delay|still")
        _, [recipient] = self.fields(failed)
        self.assertEqual(recipient["Action"], "failed")
        self.assertEqual(recipient["Status"], "5.4.7")
        self.assertIn("refused", recipient["Diagnostic-Code"])
        self.server.wait_until_empty()
        self.assertEqual(len(self.reports(about)), 2)

    # -- signatures -------------------------------------------------------------------------------------------------------

    @unittest.skipUnless(shutil.which("opendkim-testmsg") and shutil.which("ip"), "no opendkim-tools or iproute2")
    def test_opendkim_verifies_our_signature(self):
        """opendkim-testmsg asks the servers of resolv.conf at port 53, so it gets a network of its own;
        a message without Date is no message to it."""
        if subprocess.run(["unshare", "-mn", "true"], capture_output=True).returncode != 0:
            self.skipTest("namespaces need root")
        self.send("signed", ["z@simple.example"])
        end = time.monotonic() + 30
        while not (found := [m for m in self.simple.messages if b"<signed@shop.example>" in m]):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.assertTrue(found[0].startswith(b"DKIM-Signature:") or b"\r\nDKIM-Signature:" in found[0])
        verdict = self.opendkim(found[0])
        self.assertEqual(verdict[:2], "0 ", verdict)
        self.assertNotEqual(self.opendkim(found[0].replace(b"the body of", b"another body of"))[:2], "0 ")
        self.assertNotEqual(self.opendkim(re.sub(rb"Subject: .*", b"Subject: changed", found[0]))[:2], "0 ")

    def opendkim(self, message: bytes) -> str:
        with tempfile.TemporaryDirectory(prefix="postrider-e2e-") as folder:
            Path(folder, "message").write_bytes(message.replace(b"\r\n", b"\n"))  # it makes CRLF itself
            Path(folder, "zone").write_text(self.zone)
            done = subprocess.run(["unshare", "-mn", sys.executable, "-c", VERIFY, str(Path(sys.modules["nsd"].__file__).parent),
                                   folder], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout


if __name__ == "__main__":
    unittest.main(verbosity=2)
