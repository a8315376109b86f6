"""What comes back: a real Postfix takes our mail, finds nobody there and reports it to the address that we sent from;
automatic answers and complaints find the message they are about; reports of DMARC are read, kept and shown."""

import email
import email.message
import email.policy
import gzip
import io
import json
import re
import smtplib
import tempfile
import time
import unittest
import zipfile
from pathlib import Path

from hosted import ADA, BOB, PASSWORD, trusting
from postrider import Server, fetched

from nsd import Nsd
from postfix import Postfix

RETURN = re.compile(r"^bounces\+[a-z2-7]{20,55}@home\.example$")


def arf(mail_from: str) -> str:
    return ("From: fbl@isp.example\r\nTo: ada@home.example\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/plain\r\n\r\nSomebody complained.\r\n"
            "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: Loop/1.0\r\n"
            f"Version: 1\r\nOriginal-Mail-From: <{mail_from}>\r\n\r\n"
            "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: offer\r\n\r\nbuy\r\n--b--\r\n")


def aggregate(domain="home.example", number="1", address="192.0.2.7") -> bytes:
    begin = int(time.time()) // 86400 * 86400 - 86400
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feedback><version>1.0</version><report_metadata><org_name>Provider Inc</org_name><email>dmarc@provider.example</email>
<report_id>{number}</report_id><date_range><begin>{begin}</begin><end>{begin + 86399}</end></date_range></report_metadata>
<policy_published><domain>{domain}</domain><adkim>r</adkim><aspf>r</aspf><p>reject</p><sp>reject</sp><pct>100</pct></policy_published>
<record><row><source_ip>{address}</source_ip><count>12</count><policy_evaluated><disposition>none</disposition><dkim>pass</dkim>
<spf>fail</spf></policy_evaluated></row><identifiers><header_from>{domain}</header_from></identifiers>
<auth_results><spf><domain>{domain}</domain><result>fail</result></spf></auth_results></record></feedback>""".encode()


class Returns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.inbound = fetched.free_port()
        # Takes mail for nobody, and finds out later.
        cls.mta = cls.enter(Postfix(cls.folder / "mta", settings={
            "smtpd_reject_unlisted_recipient": "no",
            "transport_maps": "inline:{ { nobody@example.net = error:5.1.1 no such user here } }",
            "default_transport": f"smtp:[127.0.0.1]:{cls.inbound}", "relay_transport": f"smtp:[127.0.0.1]:{cls.inbound}"}))
        cls.dns = cls.enter(Nsd(cls.folder / "dns", {"example.net": "@ MX 10 mx\nmx A 127.0.0.1\n", "isp.example": "@ TXT x\n",
                                                     "provider.example": "@ TXT x\n"}))
        cls.server = cls.enter(Server(
            cls.folder / "p", hostname="mail.home.example", dns_port=cls.dns.port,
            delivery=f'port = {cls.mta.port}\nretry = ["1s"]\n', settings=f"""
[[listener]]
service = "inbound"
address = "127.0.0.1:{cls.inbound}"
tls = "none"
[[bounces.of]]
domain = "home.example"
address = "bounces@home.example"
[dmarc_report]
receive = "dmarc@home.example"
"""))
        for name in (ADA, BOB):
            cls.server.add_account(name, PASSWORD)
        cls.server.command("domain", "set", "home.example", "--hosted", "yes", "--postmaster", BOB)

    @classmethod
    def enter(cls, context):
        try:
            entered = context.__enter__()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        cls.addClassCleanup(context.__exit__, None, None, None)
        return entered

    def submit(self, name: str, recipients: list[str]) -> str:
        """By a user who logs in; the message's id in the queue."""
        with smtplib.SMTP_SSL("127.0.0.1", self.server.submissions, context=trusting(), timeout=30) as client:
            client.login(ADA, PASSWORD)
            client.sendmail(ADA, recipients, f"From: {ADA}\r\nTo: {', '.join(recipients)}\r\nSubject: {name}\r\n"
                            f"Message-ID: <{name}@home.example>\r\n\r\nhello\r\n")
        return self.event("received", lambda e: e["to"] == ",".join(recipients))["id"]

    def come_in(self, sender: str, to: str, text: str | bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self.inbound, timeout=60) as client:
            client.sendmail(sender, [to], text)

    def event(self, kind: str, wanted=lambda event: True, count=1):
        end = time.monotonic() + 60
        while len(found := [e for e in self.server.read_events() if e["event"] == kind and wanted(e)]) < count:
            self.assertLess(time.monotonic(), end, f"{len(found)} of {count} {kind}: {self.server.read_events()[-15:]}\n"
                            + self.mta.log.read_text(errors="replace")[-3000:])
            time.sleep(0.05)
        return found[-1]

    def mails(self, account: str, subject: str, count=1) -> list[email.message.EmailMessage]:
        end = time.monotonic() + 60
        while True:
            folder = Path(tempfile.mkdtemp(dir=self.folder))
            self.server.command("mailbox", "export", account, "--maildir", str(folder), code=None)
            all_of_it = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
                         for kind in ("cur", "new") for file in folder.glob(f"{kind}/*")]
            found = [mail for mail in all_of_it if subject in str(mail["Subject"])]
            if len(found) >= count:
                return found
            self.assertLess(time.monotonic(), end, [str(mail["Subject"]) for mail in all_of_it])
            time.sleep(0.2)

    def sent_from(self, name: str, to: str) -> str:
        """The envelope sender that Postfix saw."""
        end = time.monotonic() + 60
        while True:
            for path in self.mta.messages():
                mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                if mail["Subject"] == name and mail["Delivered-To"] == to:
                    return mail["Return-Path"].strip("<>")
            self.assertLess(time.monotonic(), end, f"{name} has not come")
            time.sleep(0.05)

    def test_a_bounce_of_postfix_finds_its_message(self):
        message = self.submit("bounced", ["nobody@example.net", "one@example.net"])
        bounce = self.event("bounce_received", lambda e: e["id"] == message)
        self.assertEqual(bounce["to"], "nobody@example.net")
        self.assertEqual(bounce["from"], ADA)
        self.assertEqual(bounce["enhanced"], "5.1.1")
        self.assertEqual(bounce["class"], "unknown-recipient")
        self.assertEqual(bounce["action"], "failed")
        self.assertIn("no such user here", bounce["text"])
        self.assertEqual(bounce["remote"], "mx.example.net")
        self.assertRegex(self.sent_from("bounced", "one@example.net"), RETURN)
        # Who sent it has the report, from nobody, and whole. It carries the envelope id that we gave.
        [report] = self.mails(ADA, "Undelivered")
        self.assertEqual(report["Return-Path"], "<>")
        self.assertEqual(report.get_content_type(), "multipart/report")
        self.assertRegex(report.as_string(), rf"Original-Envelope-Id: {message}\.[a-z2-7]+")
        self.assertIn("Message-ID: <bounced@home.example>", report.as_string())
        self.assertEqual(len([e for e in self.server.read_events() if e["event"] == "bounce_received" and e["id"] == message]), 1)

    def test_each_recipient_has_an_address_and_nobody_can_make_one(self):
        self.submit("two", ["three@example.net", "four@example.net"])
        first, second = (self.sent_from("two", f"{name}@example.net") for name in ("three", "four"))
        self.assertNotEqual(first, second)
        with smtplib.SMTP("127.0.0.1", self.inbound, timeout=60) as client:
            client.ehlo("mx.example.net")
            for address, code in ((first, 250), (first.upper(), 250), (second[:-14] + "@home.example", 550),
                                  ("bounces+aaaaaaaaaaaaaaaaaaaaaaaaaa@home.example", 550), ("bounces+@home.example", 550)):
                client.mail("")
                answer, text = client.rcpt(address)
                self.assertEqual(answer, code, f"{address}: {text}")
                if code == 550:
                    self.assertTrue(text.startswith(b"5.1.1 "), text)
                client.rset()

    def test_a_list_knows_whom_it_does_not_reach(self):
        self.server.command("list", "add", "news@home.example", "--member", "nobody@example.net", "two@example.net", BOB, "--posters", "anyone")
        self.submit("post", ["news@home.example"])
        self.event("bounce_received", lambda e: e["from"] == "news-bounces@home.example")
        shown = json.loads(self.server.command("list", "show", "news@home.example", "--json"))
        self.assertEqual(shown["targets"], ["nobody@example.net", "two@example.net", BOB])
        [bounce] = shown["bounces"]
        self.assertEqual((bounce["member"], bounce["count"], bounce["class"], bounce["enhanced"]),
                         ("nobody@example.net", 1, "unknown-recipient", "5.1.1"))
        self.assertIn("no such user here", bounce["text"])
        self.server.stop()
        self.server.start()
        lines = self.server.command("list", "show", "news@home.example").splitlines()
        [row] = [line for line in lines if line.startswith("nobody@example.net")]
        self.assertEqual(row.split()[1], "1")
        [row] = [line for line in lines if line.startswith("two@example.net")]
        self.assertEqual(row.split()[1], "0")
        self.server.command("list", "show", "nothing@home.example", code=1)
        self.server.command("list", "remove", "news@home.example")

    def test_an_automatic_answer_is_told_and_kept(self):
        message = self.submit("away", ["five@example.net"])
        self.come_in("", self.sent_from("away", "five@example.net"),
                     "From: five@example.net\r\nTo: ada@home.example\r\nSubject: Out of office till Monday\r\n"
                     "Auto-Submitted: auto-replied\r\n\r\nI am away.\r\n")
        answer = self.event("autoreply_received", lambda e: e["id"] == message)
        self.assertEqual(answer["to"], "five@example.net")
        self.mails(ADA, "Out of office till Monday")

    def test_a_complaint_finds_its_message(self):
        message = self.submit("offer", ["six@example.net"])
        address = self.sent_from("offer", "six@example.net")
        self.come_in("fbl@isp.example", ADA, arf(address))
        complaint = self.event("complaint_received", lambda e: e["id"] == message)
        self.assertEqual((complaint["to"], complaint["class"]), ("six@example.net", "abuse"))
        self.come_in("fbl@isp.example", ADA, arf("bounces+forged@home.example"))
        self.mails(ADA, "complaint", 2)
        self.assertEqual(len([e for e in self.server.read_events() if e["event"] == "complaint_received"]), 1)

    def test_reports_on_our_domains_are_kept_and_shown(self):
        def mail(content: bytes, kind: str, name: str) -> bytes:
            out = email.message.EmailMessage()
            out["From"], out["To"], out["Subject"] = "dmarc@provider.example", "dmarc@home.example", f"Report Domain: {name}"
            out.set_content("See the attachment.")
            out.add_attachment(content, maintype="application", subtype=kind, filename=name)
            return out.as_bytes(policy=email.policy.SMTP)

        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("provider.example!home.example!1!2.xml", aggregate(number="2", address="2001:db8::7"))
        bomb = gzip.compress(b"<feedback>" + b" " * (100 << 20))
        for content, kind, name in ((gzip.compress(aggregate()), "gzip", "first.gz"), (packed.getvalue(), "zip", "second.zip"),
                                    (gzip.compress(aggregate()), "gzip", "first.gz"),
                                    (gzip.compress(aggregate("elsewhere.example")), "gzip", "theirs.gz"), (bomb, "gzip", "bomb.gz")):
            self.come_in("dmarc@provider.example", "dmarc@home.example", mail(content, kind, name))
        self.event("report_received", count=5)
        texts = sorted(e["text"] for e in self.server.read_events() if e["event"] == "report_received")
        self.assertEqual(len([text for text in texts if text.startswith("refused: ")]), 2, texts)
        self.assertEqual(len([text for text in texts if "has come before" in text]), 1, texts)
        shown = json.loads(self.server.command("dmarc", "received", "--domain", "home.example", "--json"))
        self.assertEqual({(r["reporter"], r["id"], r["policy"], r["messages"]) for r in shown["reports"]},
                         {("Provider Inc", number, "reject", 12) for number in ("1", "2")})
        self.assertEqual({s["address"]: (s["messages"], s["passed"], s["dkim"], s["spf"]) for s in shown["sources"]},
                         {"192.0.2.7": (12, 12, 12, 0), "2001:db8::7": (12, 12, 12, 0)})
        words = self.server.command("dmarc", "received")
        self.assertIn("192.0.2.7", words)
        self.assertIn("Provider Inc", words)
        self.assertEqual(json.loads(self.server.command("dmarc", "received", "--domain", "elsewhere.example", "--json"))["reports"], [])
        # What is no report of ours is not lost: the postmaster has it.
        self.mails(BOB, "theirs.gz")
        self.mails(BOB, "bomb.gz")
        self.come_in("somebody@provider.example", "dmarc@home.example", "Subject: a question\r\n\r\nWho reads this?\r\n")
        self.mails(BOB, "a question")


if __name__ == "__main__":
    unittest.main()
