"""What comes in for a hosted domain is kept: filed, forwarded, posted, and read back octet for octet."""

import json
import unittest

from hosted import ADA, BOB, Hosted


class Inbox(Hosted):
    def test_kept_octet_for_octet(self):
        small = self.send(ADA)
        large = self.send(ADA, "two", b"0123456789abcdef\r\n" * 200_000)  # past what waits in memory
        self.wait_for_mail(ADA, 2)
        kept = self.export(ADA)
        for mail, sent in zip(kept, (small, large), strict=True):
            trace, received, rest = mail.partition(b"Received: ")
            self.assertEqual(trace, b"Return-Path: <bob@home.example>\r\nDelivered-To: ada@home.example\r\n")
            self.assertTrue(received)
            self.assertTrue(rest.endswith(sent), rest[:2000])
        self.assertEqual(self.server.queue(), [])
        sound = json.loads(self.server.command("mailbox", "verify", ADA, "--json"))
        self.assertEqual((sound["messages"], sound["problems"]), (2, []))
        self.assertEqual(self.mailboxes(ADA)["bytes"], sum(map(len, kept)))
        delivered = [e for e in self.server.read_events() if e["event"] == "delivered"]
        self.assertEqual({(e["to"], e["site"]) for e in delivered}, {(ADA, "local")})

    def test_mbox_quotes_what_looks_like_a_message(self):
        self.send(ADA)
        self.wait_for_mail(ADA, 1)
        lines = self.server.command("mailbox", "export", ADA, "--mbox", "-").splitlines()
        self.assertTrue(lines[0].startswith("From postrider "))
        self.assertIn(">From the first line on.", lines)
        self.assertIn(">>From quoted", lines)

    def test_survives_a_kill(self):
        count = 40
        for number in range(count):
            self.send(ADA, f"k{number}")
            if number % 10 == 9:
                self.server.kill()
                self.server.start()
        self.wait_for_mail(ADA, count)
        ids = [mail.split(b"Message-ID: <")[1].split(b"@")[0] for mail in self.export(ADA)]
        self.assertEqual(sorted(ids), sorted(f"k{n}".encode() for n in range(count)))
        self.assertEqual(json.loads(self.server.command("mailbox", "verify", ADA, "--json"))["problems"], [])

    def test_tells_of_success_and_of_nobody(self):
        self.send(ADA, options=["NOTIFY=SUCCESS"])
        self.wait_for_mail(BOB, 1)
        self.assertIn(b"Action: delivered", self.export(BOB)[0])

    def test_lists_post_to_their_members(self):
        self.server.command("list", "add", "news@home.example", "--member", ADA, "--member", BOB, "--title", "News",
                            "--posters", "anyone")
        self.send("news@home.example")
        self.wait_for_mail(ADA, 1)
        self.wait_for_mail(BOB, 1)
        post = self.export(ADA)[0]
        self.assertIn(b"List-Id: News <news.home.example>\r\n", post)
        self.assertIn(b"Return-Path: <news-bounces@home.example>\r\n", post)

    def test_unknown_and_wrong_usage(self):
        self.assertIn("no such mailbox", self.server.command("mailbox", "list", "no@home.example", code=1))
        self.send(ADA)
        self.wait_for_mail(ADA, 1)
        self.server.command("mailbox", "export", ADA, code=2)
        self.assertIn("no such mailbox", self.server.command("mailbox", "export", ADA, "--mbox", "-", "--mailbox", "Nope", code=1))


if __name__ == "__main__":
    unittest.main()
