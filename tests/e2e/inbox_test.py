"""What comes in for a hosted domain is kept: filed, forwarded, posted, and read back octet for octet."""

import json
import re
import smtplib
import socket
import threading
import unittest

from hosted import ADA, BOB, Hosted, odd_message


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
        delivered = self.server.wait_for_events("delivered", 2)
        self.assertEqual({(e["to"], e["site"]) for e in delivered}, {(ADA, "local")})

    def test_one_session_is_filed_in_its_order(self):
        count, sizes = 200, (10, 400, 20_000, 90_000, 10, 1_500_000)
        to = (ADA, ADA, BOB, "ada+work@home.example")
        sent = []
        for number in range(count):
            text = b"Subject: %d\r\n\r\n" % number + b"0123456789abcdef\r\n" * (1 + sizes[number * 7 % len(sizes)] // 18)
            sent += [b"MAIL FROM:<bob@home.example>\r\nRCPT TO:<%s>\r\nDATA\r\n" % to[number % len(to)].encode(), text, b".\r\n"]
        self.hand_in(odd_message("empty"))  # makes the mailboxes
        self.wait_for_mail(ADA, 1)
        (self.folder / "one.mbox").write_bytes(b"From x Sun Nov 22 10:00:00 2026\n" + odd_message("empty").replace(b"\r", b""))
        self.server.command("mailbox", "import", ADA, "--from", "mbox", str(self.folder / "one.mbox"), "--folder", "work")
        with socket.create_connection(("127.0.0.1", self.lmtp), timeout=60) as session:
            writer = threading.Thread(target=session.sendall, args=(b"LHLO client\r\n" + b"".join(sent) + b"QUIT\r\n",))
            writer.start()
            replies = session.makefile("rb").read()
            writer.join()
        self.assertEqual(replies.count(b"\r\n250 2.0.0 Ok: queued"), count, replies[-500:])
        self.wait_for_mail(ADA, 2 + count * 3 // 4)
        self.wait_for_mail(BOB, count // 4)
        found = 0
        for account, box in ((ADA, "INBOX"), (ADA, "work"), (BOB, "INBOX")):
            kept = self.server.command("mailbox", "export", account, "--mbox", "-", "--mailbox", box)
            mails = re.findall(r"^Subject: (\d+)\n(?:.+\n)*?X-UID: (\d+)\n", kept, re.MULTILINE)
            numbers = [int(number) for number, uid in sorted(mails, key=lambda mail: int(mail[1]))]
            self.assertEqual(numbers, sorted(numbers), (account, box))
            found += len(numbers)
        self.assertEqual(found, count)

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

    def answer_to_rcpt(self, to: str, size=1) -> tuple[int, bytes]:
        with smtplib.LMTP("127.0.0.1", self.lmtp) as client:
            client.ehlo_or_helo_if_needed()
            client.mail(BOB, [f"SIZE={size}"])
            return client.rcpt(to)

    def test_a_domain_keeps_what_it_may_and_no_more(self):
        self.server.command("domain", "set", "home.example", "--quota-messages", "2")
        self.hand_in(odd_message("dots"))
        self.hand_in(odd_message("eight"), to=BOB)
        self.wait_for_mail(ADA, 1)
        self.wait_for_mail(BOB, 1)
        for to in (ADA, BOB):  # at home on different cores
            code, text = self.answer_to_rcpt(to)
            self.assertEqual((code, b"domain is full" in text), (452, True), text)
        self.server.kill()
        self.server.start()
        self.assertEqual(self.answer_to_rcpt(ADA)[0], 452)  # it is counted anew
        self.server.command("domain", "set", "home.example", "--quota-messages", "0", "--quota", "10KB")
        self.assertEqual(self.answer_to_rcpt(BOB, 5000)[0], 250)
        self.hand_in(odd_message("empty") + b"x" * 8000 + b"\r\n")
        self.wait_for_mail(ADA, 2)
        self.assertEqual(self.answer_to_rcpt(BOB, 5000)[0], 452)
        self.server.command("domain", "set", "home.example", "--quota", "1GB")
        self.assertEqual(self.answer_to_rcpt(BOB)[0], 250)

    def test_unknown_and_wrong_usage(self):
        self.assertIn("no such mailbox", self.server.command("mailbox", "list", "no@home.example", code=1))
        self.send(ADA)
        self.wait_for_mail(ADA, 1)
        self.server.command("mailbox", "export", ADA, code=2)
        self.assertIn("no such mailbox", self.server.command("mailbox", "export", ADA, "--mbox", "-", "--mailbox", "Nope", code=1))


if __name__ == "__main__":
    unittest.main()
