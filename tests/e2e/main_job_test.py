"""The main job on real input: web applications' clients submit, a real Postfix receives by MX from a real DNS server."""

import email
import email.policy
import os
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import postrider
from postrider import Server, fetched, make_certificate

from nsd import Nsd
from postfix import Postfix

USER, PASSWORD = "app@shop.example", "correct horse battery staple"


class MainJob(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._stack = []
        cls._folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        folder = Path(cls._folder.name)
        try:
            cls.mta = cls._enter(Postfix(folder / "mta", domains=["example.net"], reject=["nobody"]))
        except fetched.Unavailable as why:
            cls.tearDownClass()
            raise unittest.SkipTest(str(why))
        keys = folder / "postrider"
        keys.mkdir()
        records = ""
        for selector, algorithm in (("r1", "rsa"), ("e1", "ed25519")):
            line = subprocess.run([postrider.PROGRAM, "dkim", "keygen", "--domain", "shop.example", "--selector", selector,
                                   "--algorithm", algorithm, "--out", str(keys / f"{selector}.pem"), "--json"],
                                  check=True, capture_output=True, text=True).stdout
            import json
            value = json.loads(line)["value"]
            pieces = " ".join(f'"{value[i:i + 255]}"' for i in range(0, len(value), 255))
            records += f"{selector}._domainkey TXT {pieces}\n"
        cls.dns = cls._enter(Nsd(folder / "dns", {
            "example.net": "@ MX 10 mx\nmx A 127.0.0.1\n",
            "shop.example": "@ MX 10 mx.example.net.\n" + records,
            "null.example": "@ MX 0 .\n",
        }))
        cls.server = cls._enter(Server(keys, dns_port=cls.dns.port, delivery=f"port = {cls.mta.port}\n", settings="""
[[dkim]]
domain = "shop.example"
selector = "r1"
key = "r1.pem"
[[dkim]]
domain = "shop.example"
selector = "e1"
key = "e1.pem"
"""))
        cls.server.add_account(USER, PASSWORD)

    @classmethod
    def _enter(cls, context):
        entered = context.__enter__()
        cls._stack.append(context)
        return entered

    @classmethod
    def tearDownClass(cls):
        while cls._stack:
            cls._stack.pop().__exit__(None, None, None)
        cls._folder.cleanup()

    def deliver(self, send, count=1) -> list[bytes]:
        """What arrives at Postfix when `send` is called."""
        before = len(self.mta.messages())
        send()
        return [path.read_bytes() for path in self.mta.wait_for_messages(before + count)[before:]]

    def verify_dkim(self, message: bytes) -> None:
        # Postfix's delivery puts fields on top; signatures don't mind what is not signed.
        script = """
import sys, dns.resolver, dkim
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = ["127.0.0.1"], int(sys.argv[1])
def txt(name, timeout=5):
    answer = resolver.resolve(name.decode() if isinstance(name, bytes) else name, "TXT")
    return b"".join(next(iter(answer)).strings)
message = sys.stdin.buffer.read()
count = message.lower().count(b"dkim-signature:")
verifier = dkim.DKIM(message)
print(count, *[verifier.verify(idx=i, dnsfunc=txt) for i in range(count)])
"""
        done = subprocess.run(["/usr/bin/python3", "-c", script, str(self.dns.port)], input=message, capture_output=True)
        self.assertEqual(done.stdout.decode().strip(), "2 True True", done.stderr.decode())

    def test_swaks_over_starttls(self):
        def send():
            done = subprocess.run(["swaks", "--server", f"127.0.0.1:{self.server.submission}", "-tls", "--auth", "PLAIN",
                                   "--auth-user", USER, "--auth-password", PASSWORD, "--from", USER,
                                   "--to", "swaks@example.net", "--header", "Subject: by swaks"],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        [message] = self.deliver(send)
        parsed = email.message_from_bytes(message, policy=email.policy.default)
        self.assertEqual(parsed["Subject"], "by swaks")
        self.assertIn("with ESMTPSA", " ".join(parsed.get_all("Received")))
        self.verify_dkim(message)

    def test_curl_over_implicit_tls(self):
        def send():
            done = subprocess.run(["curl", "-sS", "--ssl-reqd", "-k", f"smtps://127.0.0.1:{self.server.submissions}",
                                   "--mail-from", USER, "--mail-rcpt", "curl@example.net", "--user", f"{USER}:{PASSWORD}",
                                   "--upload-file", "-"], input=f"From: {USER}\r\nTo: curl@example.net\r\nSubject: by curl\r\n"
                                  "\r\n.dot at the front\r\n..two\r\n", capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
        [message] = self.deliver(send)
        self.assertIn(b"\n.dot at the front", message)
        self.assertIn(b"\n..two", message)
        parsed = email.message_from_bytes(message, policy=email.policy.default)
        self.assertTrue(parsed["Message-ID"].endswith("@mail.example.org>"), parsed["Message-ID"])
        self.assertIsNotNone(parsed["Date"])
        self.verify_dkim(message)

    def test_nodemailer_over_both(self):
        script = """
const nodemailer = require('nodemailer');
const [port, secure, user, pass] = process.argv.slice(1);
const transport = nodemailer.createTransport({host: '127.0.0.1', port: +port, secure: secure === 'yes', requireTLS: true,
    auth: {user, pass}, tls: {rejectUnauthorized: false}});
transport.sendMail({from: user, to: 'node@example.net', bcc: 'hidden@example.net', subject: 'Zur\\u00fccksetzen \\u2713',
    text: 'Gr\\u00fc\\u00dfe', html: '<b>Gr\\u00fc\\u00dfe</b>', attachments: [{filename: 'a.bin', content: Buffer.alloc(300000, 7)}]})
  .then(() => transport.close(), error => { console.error(error); process.exit(1); });
"""
        for port, secure in ((self.server.submission, "no"), (self.server.submissions, "yes")):
            def send():
                done = subprocess.run(["node", "-e", script, str(port), secure, USER, PASSWORD], capture_output=True, text=True,
                                      timeout=60, env=dict(os.environ, NODE_PATH=str(fetched.node_modules())))
                self.assertEqual(done.returncode, 0, done.stderr)
            for message in self.deliver(send, 2):
                parsed = email.message_from_bytes(message, policy=email.policy.default)
                self.assertEqual(parsed["Subject"], "Zur\u00fccksetzen \u2713")
                self.assertIsNone(parsed["Bcc"])
                [attachment] = parsed.iter_attachments()
                self.assertEqual(attachment.get_content(), b"\x07" * 300000)
                self.verify_dkim(message)

    def test_python_smtplib_mechanisms(self):
        for mechanism in ("auth_plain", "auth_login"):
            def send():
                with smtplib.SMTP("127.0.0.1", self.server.submission) as client:
                    client.starttls(context=ssl._create_unverified_context())
                    client.ehlo()
                    client.user, client.password = USER, PASSWORD
                    client.auth(mechanism[5:], getattr(client, mechanism))
                    client.sendmail(USER, ["py@example.net"], f"From: {USER}\r\nSubject: {mechanism}\r\n\r\nx\r\n")
            [message] = self.deliver(send)
            self.assertIn(mechanism.encode(), message)

    def test_wrong_passwords_are_refused(self):
        with smtplib.SMTP_SSL("127.0.0.1", self.server.submissions, context=ssl._create_unverified_context()) as client:
            with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
                client.login(USER, "wrong")
            self.assertEqual(refused.exception.smtp_code, 535)

    def test_only_ones_own_address_may_be_used(self):
        with smtplib.SMTP_SSL("127.0.0.1", self.server.submissions, context=ssl._create_unverified_context()) as client:
            client.login(USER, PASSWORD)
            with self.assertRaises(smtplib.SMTPResponseException) as refused:
                client.sendmail("ceo@bank.example", ["x@example.net"], "From: ceo@bank.example\r\n\r\nx\r\n")
            self.assertIn(refused.exception.smtp_code, (550, 553))

    def test_a_rejected_recipient_comes_back_as_a_report(self):
        def send():
            with smtplib.SMTP_SSL("127.0.0.1", self.server.submissions, context=ssl._create_unverified_context()) as client:
                client.login(USER, PASSWORD)
                client.sendmail("app@shop.example", ["nobody@example.net"],
                                "From: app@shop.example\r\nSubject: lost\r\nMessage-ID: <lost@shop.example>\r\n\r\nx\r\n")
        # shop.example's MX is the same Postfix, which does not take its mail: the report fails there, and ends.
        send()
        [bounced] = [event for event in self.server.wait_for_events("bounced") if event["to"] == "nobody@example.net"]
        self.assertEqual(bounced["code"], 550)
        self.assertEqual(bounced["enhanced"], "5.1.1")

    def test_null_mx_is_a_permanent_failure(self):
        with smtplib.SMTP_SSL("127.0.0.1", self.server.submissions, context=ssl._create_unverified_context()) as client:
            client.login(USER, PASSWORD)
            client.sendmail(USER, ["x@null.example"], f"From: {USER}\r\n\r\nx\r\n")
        end = time.monotonic() + 30
        while not any(event["to"] == "x@null.example" and event["enhanced"] == "5.1.10"
                      for event in self.server.wait_for_events("bounced")):
            self.assertLess(time.monotonic(), end, self.server.read_events()[-5:])
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main(verbosity=2)
