#!/usr/bin/python3
"""The test partners start, do their work, and leave nothing running."""

import email
import os
import smtplib
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

import fetched
from nsd import Nsd
from postfix import Postfix


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="postrider-partners-", ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def assert_port_is_free(self, port):
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1)


class PostfixPartner(InFolder):
    def setUp(self):
        super().setUp()
        try:
            fetched.root()
            fetched.privileged()
        except fetched.Unavailable as why:
            self.skipTest(str(why))

    def test_delivers_rejects_and_stops(self):
        with Postfix(self.folder, domains=["example.net", "example.org"], reject=["nobody"]) as mta:
            with smtplib.SMTP("127.0.0.1", mta.port, timeout=10) as client:
                refused = client.sendmail("a@example.com", ["ben@example.net", "nobody@example.net", "eve@example.org"],
                                          "Subject: one\r\n\r\nhello\r\n")
                self.assertEqual(list(refused), ["nobody@example.net"])
                self.assertEqual(refused["nobody@example.net"][0], 550)
                self.assertEqual(client.mail("a@example.com")[0], 250)
                self.assertEqual(client.rcpt("x@example.com")[0], 554)
            delivered = mta.wait_for_messages(2)
            mails = [email.message_from_bytes(path.read_bytes()) for path in delivered]
            self.assertEqual({mail["Delivered-To"] for mail in mails}, {"ben@example.net", "eve@example.org"})
            self.assertEqual([mail["Subject"] for mail in mails], ["one", "one"])
            group = mta._process.pid
        self.assert_port_is_free(mta.port)
        self.assertTrue(fetched.group_is_gone(group))

    def test_goes_on_after_a_stop(self):
        mta = Postfix(self.folder)
        for number in (1, 2):
            with mta, smtplib.SMTP("127.0.0.1", mta.port, timeout=10) as client:
                client.sendmail("", ["ben@example.net"], f"Subject: {number}\r\n\r\n")
                mta.wait_for_messages(number)

    def test_offers_starttls_with_a_certificate(self):
        pem = self.folder / "mx.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", pem, "-out", self.folder / "cert.pem", "-days", "2", "-subj", "/CN=mx.example.net"],
                       check=True, capture_output=True)
        with Postfix(self.folder, certificate=self.folder / "cert.pem", key=pem) as mta:
            with smtplib.SMTP("127.0.0.1", mta.port, timeout=10) as client:
                client.starttls()
                client.sendmail("a@example.com", ["ben@example.net"], "Subject: tls\r\n\r\n")
            mta.wait_for_messages(1)


class NsdPartner(InFolder):
    def setUp(self):
        super().setUp()
        try:
            fetched.root()
        except fetched.Unavailable as why:
            self.skipTest(str(why))

    def test_answers_reloads_and_stops(self):
        import dns.message
        import dns.query

        def ask(port, name, kind, over=dns.query.udp):
            answer = over(dns.message.make_query(name, kind), "127.0.0.1", port=port, timeout=3)
            return sorted(record.to_text() for rrset in answer.answer for record in rrset)

        zones = {"example.net": "@ MX 10 mx1\n@ MX 20 mx2\nmx1 A 127.0.0.1\nmx2 A 127.0.0.2\n", "example.org": "@ MX 0 .\n"}
        with Nsd(self.folder, zones) as server:
            self.assertEqual(ask(server.port, "example.net", "MX"), ["10 mx1.example.net.", "20 mx2.example.net."])
            self.assertEqual(ask(server.port, "mx2.example.net", "A", dns.query.tcp), ["127.0.0.2"])
            self.assertEqual(ask(server.port, "example.org", "MX"), ["0 ."])
            server.reload({"example.org": "@ MX 5 mx\nmx A 127.0.0.9\n"})
            self.assertEqual(ask(server.port, "example.org", "MX"), ["5 mx.example.org."])
            group = server._process.pid
        self.assert_port_is_free(server.port)
        self.assertTrue(fetched.group_is_gone(group))

    def test_a_bad_zone_is_an_error_that_says_so(self):
        with self.assertRaisesRegex(ValueError, "example.net"):
            with Nsd(self.folder, {"example.net": "@ MX ten mx\n"}):
                pass


class Nodemailer(unittest.TestCase):
    def test_can_be_loaded(self):
        try:
            modules = fetched.node_modules()
        except fetched.Unavailable as why:
            self.skipTest(str(why))
        run = subprocess.run(["node", "-e", "console.log(typeof require('nodemailer').createTransport)"],
                             env={**os.environ, "NODE_PATH": str(modules)}, text=True, capture_output=True, check=True)
        self.assertEqual(run.stdout.strip(), "function")


if __name__ == "__main__":
    unittest.main()
