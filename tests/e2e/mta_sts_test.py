"""MTA-STS (RFC 8461) against a real HTTPS server: what a policy forbids never arrives, and neighbours don't notice."""

import json
import smtplib
import tempfile
import time
import unittest
from pathlib import Path

from policy_peers import MailHost, Pki, WebHost, mail_host, server_context, trust
from postrider import Server, fetched

from nsd import Nsd

WEB, LYING_WEB = "127.0.0.80", "127.0.0.81"
ZONES = ["good", "wrongcert", "wrongmx", "testing", "redirect", "html", "lyingweb", "gone", "short",
         "share-a", "share-b", "share-c"]


class MtaSts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.pki = Pki(self.folder / "pki")
        self.pki.make_ca("root")
        self.pki.make("web", "root", None, ["subjectAltName=" + ",".join(f"DNS:mta-sts.{zone}.example" for zone in ZONES)])
        self.pki.make_leaf("lyingweb", None, "mta-sts.lyingweb.example")
        self.pki.make_leaf("mx", "root", "mx.hosts.example")
        self.pki.make_leaf("self", None, "mx2.hosts.example")
        self.smtp_port, self.web_port = fetched.free_port(), fetched.free_port()
        self.web = WebHost(WEB, self.web_port, server_context(self.pki, "web"))
        self.addCleanup(self.web.stop)
        self.lying_web = WebHost(LYING_WEB, self.web_port, server_context(self.pki, "lyingweb"))
        self.addCleanup(self.lying_web.stop)
        self.good = self.host("127.0.0.71", "mx")       # mx.hosts.example: certified
        self.dubious = self.host("127.0.0.72", "self")  # mx2.hosts.example: certified by itself
        zones = {f"{zone}.example": self.zone(zone) for zone in ZONES}
        zones["hosts.example"] = "mx A 127.0.0.71\nmx2 A 127.0.0.72\n"
        self.dns = self.enter(Nsd(self.folder / "dns", zones))
        self.server = Server(self.folder / "p", dns_port=self.dns.port, delivery=(
            f'port = {self.smtp_port}\nmta_sts_port = {self.web_port}\nretry = ["1h"]\n'))
        trust(self.server, self.pki.pem("root"))

    def zone(self, name: str, record_id="1") -> str:
        host = "mx" if name in ("good", "wrongmx", "share-a", "share-b", "share-c") else "mx2"
        web = LYING_WEB if name == "lyingweb" else WEB
        record = "" if name == "share-b" else f'_mta-sts TXT "v=STSv1; id={record_id};"\n'
        return f"@ MX 10 {host}.hosts.example.\nmta-sts A {web}\n{record}"

    def host(self, address: str, certificate: str) -> MailHost:
        made = mail_host(address, self.smtp_port, server_context(self.pki, certificate))
        self.addCleanup(made.stop)
        return made

    def enter(self, context):
        try:
            entered = context.__enter__()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        self.addCleanup(context.__exit__, None, None, None)
        return entered

    def send(self, *zones: str) -> None:
        for zone in zones:
            with smtplib.SMTP("127.0.0.1", self.server.relay) as client:
                client.sendmail("a@sender.example", [f"to@{zone}.example"], f"Subject: {zone}\r\n\r\nx\r\n")

    def outcome(self, zone: str, seconds=30) -> dict:
        """The first delivered or deferred event of a domain."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for event in self.server.read_events():
                if event["event"] in ("delivered", "deferred", "bounced") and event["domain"] == f"{zone}.example":
                    return event
            time.sleep(0.05)
        raise TimeoutError(f"{zone}: {self.server.read_events()}")

    def assert_delivered(self, zone: str, host: MailHost) -> None:
        event = self.outcome(zone)
        self.assertEqual(event["event"], "delivered", event)
        self.assertTrue(event["tls"], event)
        self.assertIn(zone, self.subjects(host))

    def assert_deferred(self, zone: str, text: str) -> None:
        event = self.outcome(zone)
        self.assertEqual((event["event"], event["enhanced"]), ("deferred", "4.7.5"), event)
        self.assertIn(text, event["text"])
        self.assertNotIn(zone, self.subjects(self.good) + self.subjects(self.dubious))

    @staticmethod
    def subjects(host: MailHost) -> list[str]:
        return [line.split(": ")[1] for _, content in host.messages for line in content.decode().splitlines()
                if line.startswith("Subject: ")]

    def test_a_policy_is_obeyed(self):
        self.web.publish("good.example", mx=["*.hosts.example"])
        self.web.publish("wrongcert.example", mx=["mx2.hosts.example"])
        self.web.publish("wrongmx.example", mx=["other.hosts.example", "*.wrongmx.example"])
        self.web.publish("testing.example", mode="testing", mx=["mx.elsewhere.example"])
        self.web.publish("redirect.example", mx=["nowhere.example"], status=301, more={
            "Location": f"https://mta-sts.redirect.example:{self.web_port}/other"})
        self.web.publish("html.example", mx=["nowhere.example"], kind="text/html")
        self.lying_web.publish("lyingweb.example", mx=["nowhere.example"])
        self.enter(self.server)
        self.send("good", "wrongcert", "wrongmx", "testing", "redirect", "html", "lyingweb")
        self.assert_delivered("good", self.good)
        self.assert_deferred("wrongcert", "TLS handshake failed: ")
        self.assert_deferred("wrongmx", "MTA-STS policy does not name mx.hosts.example")
        self.assert_delivered("testing", self.dubious)
        # No policy can be had: as without MTA-STS (RFC 8461 5), and nobody follows a redirect.
        for zone in ("redirect", "html", "lyingweb"):
            self.assert_delivered(zone, self.dubious)
        self.assertEqual(self.lying_web.asked, [], "the request went to a host that proved nothing")
        self.assertEqual({path for _, path in self.web.asked}, {"/.well-known/mta-sts.txt"})

    def test_the_dns_command_shows_the_policy(self):
        self.web.publish("good.example", mx=["*.hosts.example"])
        self.web.publish("wrongmx.example", mx=["other.hosts.example"])
        self.enter(self.server)
        good = json.loads(self.server.command("dns", "good.example", "--json"))
        self.assertEqual((good["policy"], good["mta_sts"]["mode"], good["mta_sts"]["mx"]),
                         ("mta-sts enforce", "enforce", ["*.hosts.example"]))
        self.assertEqual(good["mx"][0]["tls"], "mta-sts enforce")
        self.assertNotIn("handshake", good["mx"][0])
        wrong = json.loads(self.server.command("dns", "wrongmx.example", "--json", "--connect"))
        self.assertIn("does not name it", wrong["mx"][0]["tls"])
        self.assertIn("PKIX: verified", wrong["mx"][0]["handshake"])
        self.assertIsNone(good["mta_sts"]["server"])  # the server has sent nothing there
        self.send("good")
        self.assert_delivered("good", self.good)
        copy = json.loads(self.server.command("dns", "good.example", "--json"))["mta_sts"]["server"]
        self.assertEqual((copy["mode"], copy["id"]), ("enforce", "1"))
        self.assertIn(copy["age_s"], range(60))
        self.assertIn("MTA-STS as the server has it: enforce, id 1, ", self.server.command("dns", "good.example"))
        none = json.loads(self.server.command("dns", "gone.example", "--json"))
        self.assertEqual((none["policy"], none["mta_sts"]["mode"]), ("opportunistic", ""))
        self.assertTrue(none["mta_sts"]["why"])

    def test_a_policy_outlives_its_host_and_no_longer(self):
        self.web.publish("gone.example", mx=["mx.hosts.example"])
        self.web.publish("short.example", mx=["mx.hosts.example"], max_age=2)
        with self.server:
            self.send("gone", "short")
            self.assert_deferred("gone", "does not name mx2")
            self.assert_deferred("short", "does not name mx2")
            fetched_at = time.monotonic()
        self.web.answers.clear()
        self.dns.reload({"gone.example": self.zone("gone", "2"), "short.example": self.zone("short", "2")})
        self.server.events.unlink()
        time.sleep(max(0, fetched_at + 2.1 - time.monotonic()))  # max_age is what the test is about
        with self.server:
            self.send("gone", "short")
            self.assert_deferred("gone", "does not name mx2")   # kept, though nobody serves it any more
            self.assert_delivered("short", self.dubious)        # it has expired meanwhile

    def test_domains_of_one_host_keep_to_their_own_policy(self):
        self.web.publish("share-a.example", mx=["mx.hosts.example"])
        self.web.publish("share-c.example", mx=["other.hosts.example"])
        self.enter(self.server)
        for _ in range(5):
            self.send("share-a", "share-b", "share-c")
        for zone in ("share-a", "share-b"):
            self.assert_delivered(zone, self.good)
        self.assert_deferred("share-c", "does not name mx.hosts.example")
        self.server.wait_for_events("delivered", 10)
        self.assertEqual(sorted(set(self.subjects(self.good))), ["share-a", "share-b"])
        self.assertEqual(len(self.subjects(self.good)), 10)


if __name__ == "__main__":
    unittest.main()
