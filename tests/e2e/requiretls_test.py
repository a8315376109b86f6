"""REQUIRETLS and TLS-Required (RFC 8689), from submission to the next host."""

import smtplib
import ssl
import tempfile
import time
import unittest
from pathlib import Path

from policy_peers import Pki, WebHost, mail_host, server_context, trust
from postrider import Server, fetched

from nsd import Nsd

USER, PASSWORD = "app@shop.example", "correct horse battery"
HOSTS = {"able": ("127.0.0.91", "able", ["REQUIRETLS"]), "unable": ("127.0.0.92", "unable", []),
         "untrusted": ("127.0.0.93", "self", ["REQUIRETLS"]), "plain": ("127.0.0.94", None, [])}


class RequireTls(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        pki = Pki(self.folder / "pki")
        pki.make_ca("root")
        for name in ("able", "unable"):
            pki.make_leaf(name, "root", f"mx.{name}.example")
        pki.make_leaf("self", None, "mx.untrusted.example")
        pki.make("web", "root", None, ["subjectAltName=" + ",".join(f"DNS:mta-sts.{name}.example" for name in HOSTS)])
        port, web_port = fetched.free_port(), fetched.free_port()
        web = WebHost("127.0.0.90", web_port, server_context(pki, "web"))
        self.addCleanup(web.stop)
        self.hosts, zones = {}, {"unknown.example": "@ MX 10 mx.able.example.\n",
                                 "shop.example": "@ MX 10 mx\nmx A 127.0.0.95\n"}
        for name, (address, certificate, extensions) in HOSTS.items():
            host = mail_host(address, port, server_context(pki, certificate) if certificate else None, extensions)
            self.addCleanup(host.stop)
            self.hosts[name] = host
            zones[f"{name}.example"] = f'@ MX 10 mx\nmx A {address}\nmta-sts A 127.0.0.90\n_mta-sts TXT "v=STSv1; id=1"\n'
            # Testing authenticates the host for REQUIRETLS, and forbids nothing by itself.
            web.publish(f"{name}.example", mode="enforce" if name == "plain" else "testing", mx=[f"mx.{name}.example"])
        try:
            dns = Nsd(self.folder / "dns", zones)
            dns.start()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        self.addCleanup(dns.stop)
        self.server = Server(self.folder / "p", dns_port=dns.port, delivery=(
            f'port = {port}\nmta_sts_port = {web_port}\nretry = ["1h"]\n'))
        trust(self.server, pki.pem("root"))
        self.server.start()
        self.addCleanup(self.server.stop)
        self.server.add_account(USER, PASSWORD)

    def submit(self, domain: str, header="", options=("REQUIRETLS",)) -> None:
        with smtplib.SMTP("127.0.0.1", self.server.submission) as client:
            client.ehlo()
            self.assertNotIn("requiretls", client.esmtp_features, "offered in the clear")
            client.starttls(context=ssl._create_unverified_context())
            client.ehlo()
            self.assertIn("requiretls", client.esmtp_features)
            client.login(USER, PASSWORD)
            client.sendmail(USER, [f"to@{domain}.example"],
                            f"From: {USER}\r\nSubject: {domain}\r\n{header}\r\nx\r\n", list(options))

    def outcome(self, domain: str, seconds=30) -> dict:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for event in self.server.read_events():
                if event["event"] in ("delivered", "deferred", "bounced") and event["domain"] == f"{domain}.example":
                    return event
            time.sleep(0.05)
        raise TimeoutError(f"{domain}: {self.server.read_events()}")

    def test_it_is_passed_on_or_the_message_comes_back(self):
        for domain in ("able", "unable", "untrusted", "unknown"):
            self.submit(domain)
        self.assertEqual(self.outcome("able")["event"], "delivered")
        self.assertIn("REQUIRETLS", self.hosts["able"].mails[0])
        unable = self.outcome("unable")
        self.assertEqual((unable["event"], unable["enhanced"]), ("bounced", "5.7.30"), unable)
        unknown = self.outcome("unknown")  # nobody vouches for its MX
        self.assertEqual((unknown["event"], unknown["enhanced"]), ("bounced", "5.7.30"), unknown)
        untrusted = self.outcome("untrusted")
        self.assertEqual((untrusted["event"], untrusted["enhanced"]), ("deferred", "4.7.5"), untrusted)
        for name in ("unable", "untrusted"):
            self.assertEqual(self.hosts[name].messages, [], name)
        # Without the demand all of that goes: the policies only test.
        for domain in ("unable", "untrusted", "unknown"):
            self.submit(domain, options=())
        self.server.wait_for_events("delivered", 4)
        self.assertNotIn("REQUIRETLS", " ".join(self.hosts["able"].mails[1:]))

    def test_a_message_may_not_care(self):
        self.submit("plain", options=())
        self.assertEqual(self.outcome("plain")["event"], "deferred")
        self.assertEqual(self.hosts["plain"].messages, [])
        self.submit("plain", header="TLS-Required: No\r\n", options=())
        self.server.wait_for_events("delivered", 1)
        self.assertEqual(len(self.hosts["plain"].messages), 1)
        # RFC 8689 4.1: the demand wins over the header.
        self.submit("plain", header="TLS-Required: No\r\n")
        self.assertEqual(self.server.wait_for_events("bounced", 1)[0]["enhanced"][:1], "5")
        self.assertEqual(len(self.hosts["plain"].messages), 1)


if __name__ == "__main__":
    unittest.main()
