"""Mail comes in: a real Postfix, swaks and raw octets deliver by SMTP and LMTP to who is hosted here; what DNS (a real
nsd) says of the sender decides what becomes of it."""

import datetime
import email
import gzip
import json
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from xml.etree import ElementTree

from postrider import ControlSocket, Server, fetched
from wire import Host, Wire

from nsd import Nsd
from postfix import Postfix

USER = "user@here.example"


def swaks(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["swaks", "--helo", "client.example", *arguments], capture_output=True, text=True, timeout=60)


class Inbound(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        cls.addClassCleanup(cls._folder.cleanup)
        folder = Path(cls._folder.name)
        cls.key_of_ours = cls._make_key(folder, "here.example")
        try:
            dns = Nsd(folder / "dns", {
                "here.example": cls.key_of_ours,
                "good.example": '@ TXT "v=spf1 ip4:127.0.0.1 -all"\nclient A 127.0.0.1\n_dmarc TXT "v=DMARC1; p=reject; rua=mailto:r@away.example,mailto:r@nosy.example"\n'
                                + cls._make_key(folder, "good.example"),
                "away.example": '*._report._dmarc TXT "v=DMARC1"\n',
                "nosy.example": '@ TXT "wants nothing"\n',
                "strict.example": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=reject"\n',
                "junk.example": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=quarantine"\n',
                "test.example": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=quarantine; t=y"\n',
                "other.example": '@ TXT "no policy"\n',
                "127.in-addr.arpa": "1.0.0 PTR client.good.example.\n",
            })
            dns.start()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        cls.addClassCleanup(dns.stop)
        cls.away = Host()
        cls.addClassCleanup(cls.away.stop)
        cls.inbound, cls.lmtp, cls.proxied = (fetched.free_port() for _ in range(3))
        cls.lmtp_socket = folder / "postrider" / "lmtp.sock"
        cls.server = Server(folder / "postrider", dns_port=dns.port, settings=f"""
[[listener]]
service = "inbound"
address = "127.0.0.1:{cls.inbound}"
tls = "starttls"
[[listener]]
service = "inbound"
address = "127.0.0.1:{cls.proxied}"
tls = "none"
proxy_from = ["127.0.0.1/32"]
[[listener]]
service = "lmtp"
address = "127.0.0.1:{cls.lmtp}"
tls = "none"
allow = ["127.0.0.1/32"]
[[listener]]
service = "lmtp"
socket = "lmtp.sock"
tls = "none"
[limits]
sessions_per_address = 1000
[dmarc_report]
enabled = true
organization = "Here"
[[dkim]]
domain = "here.example"
selector = "s1"
key = "{folder / "here.example.pem"}"
[[route]]
domain = "away.example"
via = ["127.0.0.1:{cls.away.port}"]
""")
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.server.add_account(USER, "correct horse battery staple")
        cls.server.add_account("second@here.example", "correct horse battery staple")
        cls._host("here.example")
        cls.server.command("alias", "add", "gone@here.example", "new@away.example")
        cls.server.command("list", "add", "news@here.example", "--member", "new@away.example", "--posters", "anyone")

    @staticmethod
    def _make_key(folder: Path, domain: str) -> str:
        key = folder / f"{domain}.pem"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
        public = subprocess.run(["openssl", "rsa", "-in", str(key), "-pubout", "-outform", "DER"], check=True,
                                capture_output=True).stdout
        import base64
        value = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()
        return "s1._domainkey TXT " + " ".join(f'"{value[i:i + 250]}"' for i in range(0, len(value), 250)) + "\n"

    @classmethod
    def _host(cls, domain: str) -> None:
        control = ControlSocket(cls.server.folder / "data" / "control.sock")
        control.request("PATCH", f"/v1/domains/{domain}", json.dumps({"hosted": True}))
        answer = control.getresponse()
        text = answer.read()
        if answer.status == 404:
            control.request("POST", "/v1/domains", json.dumps({"name": domain, "hosted": True}))
            answer = control.getresponse()
            text = answer.read()
        control.close()
        if answer.status >= 300:
            raise AssertionError(f"{answer.status} {text}")

    def setUp(self):
        self.since = datetime.datetime.now(datetime.UTC)

    def events(self, kind: str, count=1, **wanted) -> list[dict]:
        """Those of this test that are of that kind and hold what is wanted: so many at least."""
        end = time.monotonic() + 30
        while True:
            events = [event for event in self.server.read_events() if datetime.datetime.fromisoformat(event["time"]) > self.since]
            found = [event for event in events if event.get("event") == kind
                     and all(event.get(key) == value for key, value in wanted.items())]
            if len(found) >= count:
                return found
            if time.monotonic() > end:
                raise TimeoutError(f"{len(found)} of {count} '{kind}' with {wanted}: {events}")
            time.sleep(0.02)

    def send(self, sender: str, to=USER, *more: str, port=None):
        return swaks("--server", "127.0.0.1", "--port", str(port or self.inbound), "--from", sender, "--to", to, *more)

    # -- who it is for ----------------------------------------------------------------------------------------------

    def test_what_is_ours_is_taken(self):
        done = self.send("a@good.example", USER, "--tls")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        [event] = self.events("received", **{"from": "a@good.example"})
        self.assertIn(USER, event["to"])
        self.assertTrue(event["tls"].startswith("TLSv1."), event)

    def test_unknown_users_and_other_domains_are_refused_at_rcpt(self):
        done = self.send("a@good.example", "nobody@here.example")
        self.assertIn("550 5.1.1", done.stdout)
        done = self.send("a@good.example", "someone@elsewhere.example")
        self.assertIn("550 5.7.1 Relaying denied", done.stdout)
        self.assertNotIn("-> DATA", done.stdout)

    def test_strangers_get_no_auth(self):
        with Wire(self.inbound) as wire:
            self.assertNotIn("AUTH", wire.greet() or "")
            self.assertEqual(wire.ask("AUTH PLAIN")[0], 502)

    # -- who it is from ---------------------------------------------------------------------------------------------

    def test_dmarc_reject_is_obeyed(self):
        done = self.send("a@strict.example")
        self.assertIn("550 5.7.1 Message rejected: DMARC of strict.example", done.stdout)
        self.assertTrue(self.events("refused", enhanced="5.7.1"))

    def test_dmarc_quarantine_is_junk(self):
        self.assertEqual(self.send("a@junk.example").returncode, 0)
        [event] = self.events("received", **{"from": "a@junk.example"})
        self.assertIn("DMARC of junk.example", event["text"])
        self.assertEqual(self.send("a@test.example").returncode, 0)  # t=y: one step milder
        [event] = self.events("received", **{"from": "a@test.example"})
        self.assertFalse(event.get("text"))

    def test_a_signature_carries_a_forwarded_message(self):
        import dkim
        message = (b"From: a@good.example\r\nTo: user@here.example\r\nSubject: signed\r\nDate: Mon, 02 Jan 2006 15:04:05 "
                   b"+0000\r\nMessage-ID: <1@good.example>\r\n\r\nHello.\r\n")
        key = (Path(self._folder.name) / "good.example.pem").read_bytes()
        signed = dkim.sign(message, b"s1", b"good.example", key) + message
        for tampered, code in ((False, 250), (True, 550)):
            octets = signed.replace(b"Hello.", b"Hullo.") if tampered else signed
            with Wire(self.inbound) as wire:
                wire.greet()
                wire.begin("forwarder@strict.example", [USER])  # SPF fails: the signature must do
                wire.send(octets + b".\r\n")
                self.assertEqual(wire.reply()[0], code)

    def test_what_is_sent_on_is_sealed(self):
        """By the addresses of a host that only python3-dkim judges: our word for SPF, under a seal that holds."""
        import dkim
        record = "".join(re.findall(r'"([^"]*)"', self.key_of_ours))

        def lookup(name, **_):
            return record.encode() if name == b"s1._domainkey.here.example." else None
        for to, signers in (("gone@here.example", 0), ("news@here.example", 1)):
            with self.subTest(to=to):
                count = len(self.away.messages)
                self.assertEqual(self.send("a@good.example", to).returncode, 0)
                octets = self.away.wait_for(count + 1)[-1]
                status, found, reason = dkim.arc_verify(octets, dnsfunc=lookup)
                self.assertEqual(status, dkim.CV_Pass, f"{reason} {found}\n{octets.decode()}")
                self.assertRegex(octets.decode(), r"ARC-Authentication-Results: i=1; mail\.[^;]*;\s+spf=pass")
                self.assertEqual(octets.count(b"DKIM-Signature:"), signers)
                if signers:
                    self.assertTrue(dkim.verify(octets, dnsfunc=lookup))
                changed = octets.replace(b"This is a test", b"That is a test")
                self.assertNotEqual(dkim.arc_verify(changed, dnsfunc=lookup)[0], dkim.CV_Pass)

    def test_what_dmarc_found_is_reported(self):
        self.assertEqual(self.send("a@good.example").returncode, 0)
        self.assertEqual(self.send("a@good.example", USER, "--header", "From: b@sub.good.example").returncode, 0)
        shown = self.server.command("dmarc")
        self.assertRegex(shown, r"good\.example +\d+ +127\.0\.0\.1 +good\.example +fail +pass +pass")
        drafts = json.loads(self.server.command("dmarc", "--json"))["reports"]
        [xml] = [draft["report"] for draft in drafts if draft["domain"] == "good.example"]
        space = {"d": "urn:ietf:params:xml:ns:dmarc-2.0"}
        feedback = ElementTree.fromstring(xml.encode())
        self.assertEqual(feedback.findtext("d:report_metadata/d:org_name", namespaces=space), "Here")
        self.assertEqual(feedback.findtext("d:policy_published/d:p", namespaces=space), "reject")
        rows = {row.findtext("d:identifiers/d:header_from", namespaces=space): row for row in feedback.findall("d:record", space)
                if row.findtext("d:identifiers/d:envelope_from", namespaces=space) == "good.example"}
        self.assertEqual(set(rows), {"good.example", "sub.good.example"})
        self.assertEqual(rows["good.example"].findtext("d:auth_results/d:spf/d:result", namespaces=space), "pass")
        count = len(self.away.messages)
        sent = {one["to"]: one for one in json.loads(self.server.command("dmarc", "--send", "--json"))["sent"]}
        self.assertTrue(sent["r@away.example"]["sent"], sent)
        self.assertIn("does not say that it wants reports", sent["r@nosy.example"]["problem"])
        mail = email.message_from_bytes(self.away.wait_for(count + 1)[-1])
        self.assertRegex(mail["Subject"], r"^Report Domain: good\.example Submitter: ")
        [part] = [part for part in mail.walk() if part.get_content_type() == "application/gzip"]
        self.assertEqual(gzip.decompress(part.get_payload(decode=True)).decode(), xml)
        self.assertRegex(part.get_filename(), r"!good\.example!\d+!\d+!.*\.xml\.gz$")
        self.assertIn("nothing was counted", self.server.command("dmarc"))

    # -- other ways in ------------------------------------------------------------------------------------------------

    def test_a_proxy_names_the_client(self):
        for header in (b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n",
                       b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x00\x19"):
            with Wire(self.proxied) as wire:
                wire.send(header)
                wire.greet()
                wire.begin("a@other.example", [USER])
                wire.send(b"From: a@other.example\r\n\r\nx\r\n.\r\n")
                self.assertEqual(wire.reply()[0], 250)
        events = self.events("received", 2, **{"from": "a@other.example"})
        self.assertEqual([event["remote"] for event in events], ["192.0.2.7:4711"] * 2)
        with Wire(self.proxied) as wire:  # who is to send a header and does not is dropped
            wire.send(b"EHLO x\r\n")
            self.assertEqual(wire.reply()[0], 0)

    def test_swaks_delivers_by_lmtp(self):
        for where in (["--server", "127.0.0.1", "--port", str(self.lmtp)], ["--socket", str(self.lmtp_socket)]):
            done = swaks("--protocol", "LMTP", *where, "--from", "a@strict.example", "--to", f"{USER},second@here.example")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(done.stdout.count("Ok: queued as"), 2, done.stdout)
            done = swaks("--protocol", "LMTP", *where, "--from", "a@strict.example", "--to", "nobody@here.example")
            self.assertIn("550 5.1.1", done.stdout)

    def test_postfix_delivers_by_smtp_and_lmtp(self):
        folder = Path(self._folder.name) / "mta"
        for transport, port in (("smtp", self.inbound), ("lmtp", self.lmtp)):
            with self.subTest(transport=transport):
                with Postfix(folder / transport, settings={
                        "mynetworks": "127.0.0.0/8", "relay_domains": "here.example", "relay_transport": f"{transport}:inet:[127.0.0.1]:{port}"
                        if transport == "lmtp" else f"smtp:[127.0.0.1]:{port}"}) as mta:
                    done = self.send("a@good.example", f"{USER},second@here.example", "--header", f"Subject: {transport}",
                                     port=mta.port)
                    self.assertEqual(done.returncode, 0, done.stdout)
                    [event] = self.events("received", **{"from": "a@good.example"})
                    self.assertIn("second@here.example", event["to"])
                    self.since = datetime.datetime.now(datetime.UTC)

    def test_nothing_is_smuggled_in(self):
        for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r"):
            with Wire(self.inbound) as wire:
                wire.greet()
                wire.begin("a@other.example", [USER])
                wire.send(b"From: a@other.example\r\n\r\nx" + end + b"MAIL FROM:<evil@other.example>\r\nRCPT TO:<" + USER.encode()
                          + b">\r\nDATA\r\nFrom: evil@other.example\r\n\r\nsmuggled\r\n.\r\n")
                self.assertEqual(wire.reply()[0], 550)  # bare CR or LF: refused, whole
                wire.expect(250, "NOOP")


if __name__ == "__main__":
    unittest.main(verbosity=2)
