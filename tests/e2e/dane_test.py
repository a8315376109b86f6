"""DANE (RFC 7672) from signed zones to real TLS servers: a host that does not match never gets the message."""

import json
import smtplib
import tempfile
import time
import unittest
from pathlib import Path

from policy_peers import Pki, mail_host, server_context, tlsa, tlsa_of_certificate, trust
from postrider import Server, fetched

from signed_zones import Domain, SignedZones

WRONG = "3 1 1 " + "ab" * 32


class Dane(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.port = fetched.free_port()
        cls.pki = Pki(cls.folder / "pki")
        cls.pki.make_ca("root")
        cls.hosts, cls.domains = {}, [Domain("", body=""), Domain("test", body="")]
        own = cls.own_certificate
        cls.add("match", own, lambda: [tlsa(cls.pki, "match")])
        cls.add("mismatch", own, lambda: [WRONG])
        cls.add("rollover", own, lambda: [WRONG, tlsa(cls.pki, "rollover")])
        cls.add("wholecert", own, lambda: [tlsa_of_certificate(cls.pki, "wholecert", 3)])
        cls.add("anchor", cls.issued, lambda: [tlsa_of_certificate(cls.pki, "root", 2)])
        cls.add("othername", cls.issued, lambda: [tlsa_of_certificate(cls.pki, "root", 2)], host="elsewhere.test")
        cls.add("notls", None, lambda: [WRONG])
        cls.add("unusable", own, lambda: ["1 1 1 " + "cd" * 32])
        cls.add("unusableplain", None, lambda: ["0 0 1 " + "cd" * 32])
        cls.add("insecure", own, lambda: [WRONG], ds=False, sign=False)
        cls.add("unpublished", own, lambda: [])
        # Its own MX answer is not secure: the records of the host say nothing to it.
        cls.domains.append(Domain("neighbour.test", body="@ MX 10 mx.mismatch.test.\n", sign=False, ds=False))
        try:
            zones = SignedZones(cls.folder / "zones", cls.domains)
            zones.__enter__()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        cls.addClassCleanup(zones.__exit__, None, None, None)
        cls.server = Server(cls.folder / "p", dns_port=zones.resolver.port, delivery=(
            f'port = {cls.port}\nretry = ["1h"]\nipv6 = false\nmta_sts = false\n'))
        trust(cls.server, cls.pki.pem("root"))
        text = cls.server.config.read_text().replace(
            'dnssec = "off"', f'dnssec = "validate"\ntrust_anchors = "{cls.folder / "zones" / "anchors"}"')
        cls.server.config.write_text(text)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    @classmethod
    def own_certificate(cls, name, host):
        cls.pki.make_leaf(name, None, host)
        return server_context(cls.pki, name)

    @classmethod
    def issued(cls, name, host):
        cls.pki.make_leaf(name, "root", host)
        cls.pki.pem(name).write_text(cls.pki.pem(name).read_text() + cls.pki.pem("root").read_text())
        return server_context(cls.pki, name)

    @classmethod
    def add(cls, name, make, records, host=None, **options):
        address = f"127.0.0.{100 + len(cls.hosts)}"
        context = make(name, host or f"mx.{name}.test") if make else None
        mail = cls.hosts[name] = mail_host(address, cls.port, context)
        cls.addClassCleanup(mail.stop)
        body = f"@ MX 10 mx\nmx A {address}\n"
        body += "".join(f"_{cls.port}._tcp.mx TLSA {record}\n" for record in records())
        cls.domains.append(Domain(f"{name}.test", body=body, **options))

    def outcome(self, name: str, seconds=40) -> dict:
        with smtplib.SMTP("127.0.0.1", self.server.relay) as client:
            client.sendmail("a@sender.example", [f"to@{name}.test"], f"Subject: {name}\r\n\r\nx\r\n")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for event in self.server.read_events():
                if event["event"] in ("delivered", "deferred", "bounced") and event["domain"] == f"{name}.test":
                    return event
            time.sleep(0.05)
        raise TimeoutError(f"{name}: {self.server.read_events()}")

    def test_who_matches_gets_the_message(self):
        for name in ("match", "rollover", "wholecert", "anchor", "unusable", "insecure", "unpublished"):
            with self.subTest(name):
                event = self.outcome(name)
                self.assertEqual(event["event"], "delivered", event)
                self.assertTrue(self.hosts[name].messages[0][0], "over TLS")

    def test_who_does_not_never_does(self):
        for name, text in (("mismatch", "DANE: "), ("othername", "DANE: "), ("notls", "TLS is required"),
                           ("unusableplain", "TLS is required")):
            with self.subTest(name):
                event = self.outcome(name)
                self.assertEqual(event["event"], "deferred", event)
                self.assertIn(text, event["text"])
                self.assertEqual([content for _, content in self.hosts[name].messages if f"Subject: {name}".encode() in content], [])

    def test_the_dns_command_says_what_delivery_would_do(self):
        for name, state, policy, handshake in (
                ("match", "found", "dane", "DANE: matches"), ("anchor", "found", "dane", "DANE: matches"),
                ("mismatch", "found", "dane", "DANE: TLSA 3 1 1 abab"), ("unusable", "found", "dane", "DANE: unusable"),
                ("notls", "found", "dane", "offers no STARTTLS"), ("insecure", "none", "opportunistic", "TLSv1.3"),
                ("unpublished", "none", "opportunistic", "TLSv1.3")):
            with self.subTest(name):
                answer = json.loads(self.server.command("dns", f"{name}.test", "--connect", "--json"))
                host = answer["mx"][0]
                self.assertEqual((host["tlsa"]["state"], host["tls"], answer["policy"]), (state, policy, policy), answer)
                self.assertIn(handshake, host["handshake"], answer)
        self.assertEqual(json.loads(self.server.command("dns", "mismatch.test", "--json"))["mx"][0]["tlsa"]["records"], [WRONG])
        shown = self.server.command("dns", "match.test")
        self.assertIn("TLS: dane by TLSA records", shown)

    def test_a_neighbour_is_not_disturbed(self):
        self.assertEqual(self.outcome("neighbour")["event"], "delivered")
        self.assertIn(b"Subject: neighbour", self.hosts["mismatch"].messages[0][1])


if __name__ == "__main__":
    unittest.main()
