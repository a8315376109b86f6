"""The sandbox as a developer meets it: send, and read what has arrived."""

import imaplib
import json
import poplib
import signal
import smtplib
import subprocess
import tempfile
import time
import unittest

from postrider import PROGRAM

MESSAGE = (b"From: app@example.com\r\nTo: you@example.org\r\nSubject: hello\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
           b"Message-ID: <1@example.com>\r\n\r\n.dots\r\nIt works.\r\n")


class Sandbox(unittest.TestCase):
    def start(self, folder):
        process = subprocess.Popen([PROGRAM, "sandbox", "--json", "--data", folder], stdout=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        return process, json.loads(process.stdout.readline())

    def read(self, ports, count):
        """Its mail by POP3, as soon as it is that many."""
        end = time.monotonic() + 30
        while True:
            client = poplib.POP3("127.0.0.1", ports["pop3"], timeout=30)
            client.user(ports["user"])
            client.pass_(ports["password"])
            found = client.stat()[0]
            if found >= count:
                mails = [b"\r\n".join(client.retr(number)[1]) + b"\r\n" for number in range(1, found + 1)]
                client.quit()
                return mails
            client.quit()
            self.assertLess(time.monotonic(), end, f"{found} of {count}")
            time.sleep(0.05)

    def test_what_is_sent_is_read_by_pop3_and_imap(self):
        with tempfile.TemporaryDirectory(prefix="postrider-sandbox-") as folder:
            process, ports = self.start(folder)
            with smtplib.SMTP("127.0.0.1", ports["submission"], timeout=30) as client:
                client.login(ports["user"], ports["password"])
                client.sendmail("app@example.com", ["you@example.org"], MESSAGE)
            [mail] = self.read(ports, 1)
            self.assertTrue(mail.endswith(MESSAGE), mail)
            self.assertIn(b"Return-Path: <app@example.com>\r\n", mail)
            self.assertEqual(mail.count(b"DKIM-Signature: "), 2)
            with imaplib.IMAP4("127.0.0.1", ports["imap"], timeout=30) as client:
                client.login(ports["user"], ports["password"])
                client.select("INBOX", readonly=True)
                self.assertEqual(client.fetch("1", "(BODY[])")[1][0][1], mail)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), 0)
            # The folder keeps it; the password is a new one.
            process, ports = self.start(folder)
            self.assertEqual(self.read(ports, 1), [mail])
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), 0)


if __name__ == "__main__":
    unittest.main()
