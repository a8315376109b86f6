"""TLS reports that others send about a domain of ours (RFC 8460): read, kept once, shown; what is none reaches somebody who looks."""

import email.message
import gzip
import json
import unittest

from hosted import ADA, Hosted

REPORTS = "tls@home.example"


def report(identity: str, domain="home.example", failed=2) -> bytes:
    return json.dumps({
        "organization-name": "Big Mail", "contact-info": "tls@big.example", "report-id": identity,
        "date-range": {"start-datetime": "2026-11-21T00:00:00Z", "end-datetime": "2026-11-21T23:59:59Z"},
        "policies": [{
            "policy": {"policy-type": "sts", "policy-domain": domain, "policy-string": ["version: STSv1", "mode: enforce"], "mx-host": ["mail.home.example"]},
            "summary": {"total-successful-session-count": 40, "total-failure-session-count": failed},
            "failure-details": [{"result-type": "certificate-expired", "sending-mta-ip": "192.0.2.9", "receiving-mx-hostname": "mail.home.example",
                                 "failed-session-count": failed}]}]}).encode()


def mail(attachment: bytes, subtype="tlsrpt+gzip") -> bytes:
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "tls@big.example", REPORTS, "Report Domain: home.example"
    message["Message-ID"], message["Date"] = "<r@big.example>", "Sun, 22 Nov 2026 01:00:00 +0000"
    message.set_content("A report is attached.")
    message.add_attachment(attachment, maintype="application", subtype=subtype, filename="big.example!home.example!1!2.json.gz")
    return message.as_bytes().replace(b"\n", b"\r\n")


class Received(Hosted):
    def listeners(self):
        return f'[tls_report]\nreceive = "{REPORTS}"\n'

    def received(self) -> dict:
        return json.loads(self.server.command("tlsrpt", "received", "--json"))

    def test_reports_are_kept_once_and_shown(self):
        self.server.command("alias", "add", "postmaster@home.example", ADA, code=None)
        self.hand_in(mail(gzip.compress(report("one"))), mail(gzip.compress(report("one"))), mail(report("two", failed=0), "tlsrpt+json"),
                     to=REPORTS)
        self.server.wait_for_events("report_received", 2)
        found = self.received()
        self.assertEqual([(row["id"], row["reporter"], row["successful"], row["failed"]) for row in found["reports"]],
                         [("one", "Big Mail", 40, 2), ("two", "Big Mail", 40, 0)])
        self.assertEqual([(row["domain"], row["type"], row["sessions"]) for row in found["failures"] if row["sessions"]],
                         [("home.example", "certificate-expired", 2)])
        shown = self.server.command("tlsrpt", "received")
        self.assertIn("Big Mail", shown)
        self.assertIn("home.example", shown)
        # About another's domain, cut off, a bomb: somebody looks at it, and nothing is kept.
        self.hand_in(mail(gzip.compress(report("three", domain="other.example"))), mail(gzip.compress(report("four"))[:-20]),
                     mail(gzip.compress(b"{" + b" " * (64 << 20))), to=REPORTS)
        self.wait_for_mail(ADA, 3)
        self.assertEqual(len(self.received()["reports"]), 2)


if __name__ == "__main__":
    unittest.main()
