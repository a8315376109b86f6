"""`postrider load` against mailboxes: LMTP, IMAP and POP3 do what they are told, and what is refused is a failure."""

import json
import os
import subprocess
import unittest

from hosted import ADA, BOB, PASSWORD, Hosted
from postrider import fetched

PROGRAM = os.environ.get("POSTRIDER", "build/src/app/postrider")


class LoadMailbox(Hosted):
    def listeners(self):
        self.imaps, self.imap, self.pop3s = fetched.free_port(), fetched.free_port(), fetched.free_port()
        return (f'[[listener]]\nservice = "imap"\naddress = "127.0.0.1:{self.imaps}"\ntls = "implicit"\n'
                f'[[listener]]\nservice = "imap"\naddress = "127.0.0.1:{self.imap}"\ntls = "starttls"\n'
                f'[[listener]]\nservice = "pop3"\naddress = "127.0.0.1:{self.pop3s}"\ntls = "implicit"\n')

    def load(self, protocol, port, count, *options, code=0) -> dict:
        done = subprocess.run([PROGRAM, "load", "--json", "--quiet", "--protocol", protocol, "--port", str(port), "--messages", str(count),
                               *options], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def messages_of(self, account) -> int:
        return self.mailboxes(account)["messages"]

    def test_lmtp_gives_each_recipient_a_copy(self):
        done = self.load("lmtp", self.lmtp, 20, "--sessions", "3", "--domain", "home.example", "--from", BOB, "--recipients", "1", code=1)
        self.assertIn("550", next(iter(done["failures"])), "user0@home.example is nobody")
        self.server.add_account("user0@home.example", PASSWORD)
        self.server.add_account("user1@home.example", PASSWORD)
        self.load("lmtp", self.lmtp, 20, "--sessions", "3", "--domain", "home.example", "--from", BOB, "--recipients", "2", "--size", "9000")
        for name in ("user0@home.example", "user1@home.example"):
            self.wait_for_mail(name, 20)

    def test_imap(self):
        login = ("--auth", f"{ADA}:{PASSWORD}")
        done = self.load("imap", self.imaps, 40, "--tls", *login, "--sessions", "4", "--size", "5000", "--command", "APPEND INBOX {message}")
        self.assertEqual(done["connections"], 4)
        self.assertEqual(self.messages_of(ADA), 40)
        for body in self.export(ADA):
            self.assertEqual(len(body), 5000)
        # Literals in the answers, several commands an operation, a connection each, STARTTLS.
        done = self.load("imap", self.imap, 10, "--starttls", *login, "--per-connection", "1", "--sessions", "2", "--first", "SELECT INBOX",
                         "--command", "FETCH {n} (FLAGS BODY[] ENVELOPE)", "--command", "FETCH 1:* FLAGS", "--command", 'SEARCH TEXT "fox"')
        self.assertEqual((done["connections"], done["accept_ms"]["p50"] > 0), (10, True))
        done = self.load("imap", self.imaps, 3, "--tls", *login, "--sessions", "1", "--command", "SELECT nowhere", code=1)
        self.assertEqual(done["failed"], 3)
        self.assertTrue(next(iter(done["failures"])).startswith("NO"), done)
        done = self.load("imap", self.imaps, 1, "--tls", "--auth", f"{ADA}:wrong", "--command", "NOOP", code=1)
        self.assertEqual(done["accepted"], 0)

    def test_several_accounts_by_the_number_of_the_session(self):
        for number in (1, 2, 3):
            self.server.add_account(f"load{number}@home.example", PASSWORD)
        self.load("imap", self.imaps, 30, "--tls", "--auth", "load{n}@home.example:" + PASSWORD, "--sessions", "3", "--command",
                  "APPEND INBOX {message}")
        counts = [self.messages_of(f"load{number}@home.example") for number in (1, 2, 3)]
        self.assertEqual(sum(counts), 30)
        self.assertTrue(all(counts), counts)

    def test_pop3(self):
        login = ("--tls", "--auth", f"{ADA}:{PASSWORD}")
        self.load("imap", self.imaps, 10, *login, "--command", "APPEND INBOX {message}")
        done = self.load("pop3", self.pop3s, 10, *login, "--sessions", "2", "--command", "RETR {n}", "--command", "LIST", "--command",
                         "UIDL {n}", "--command", "STAT")
        self.assertEqual(done["accepted"], 10)
        done = self.load("pop3", self.pop3s, 1, *login, "--command", "RETR 11", code=1)
        self.assertTrue(next(iter(done["failures"])).startswith("-ERR"), done)

    def test_commands_that_go_out_together(self):
        login = ("--tls", "--auth", f"{ADA}:{PASSWORD}", "--sessions", "1", "--pipelined")
        appends = ("--command", "APPEND INBOX {message}") * 3
        done = self.load("imap", self.imaps, 5, *login, *appends, "--command", "STATUS INBOX (MESSAGES)")
        self.assertEqual((done["accepted"], self.messages_of(ADA)), (5, 15))
        done = self.load("pop3", self.pop3s, 4, *login, "--command", "RETR {n}", "--command", "LIST", "--command", "TOP {n} 1")
        self.assertEqual(done["accepted"], 4)
        done = self.load("pop3", self.pop3s, 1, *login, "--command", "RETR 1", "--command", "RETR 16", "--command", "STAT", code=1)
        self.assertTrue(next(iter(done["failures"])).startswith("-ERR"), done)


if __name__ == "__main__":
    unittest.main()
