"""Two accounts, one mailbox: shared with SETACL, worked on by both with python's imaplib, and kept over a kill."""

import contextlib
import imaplib
import unittest

from hosted import ADA, BOB, ODD, PASSWORD, Hosted, odd_message, trusting
from postrider import fetched

for command in ("SETMETADATA", "GETMETADATA"):
    imaplib.Commands.setdefault(command, ("AUTH", "SELECTED"))

TEAM = f'"Other Users/{ADA}/Team"'


def hang_up(client: imaplib.IMAP4) -> None:
    with contextlib.suppress(OSError):
        client.shutdown()


class ImapSharing(Hosted):
    def listeners(self):
        self.imaps = fetched.free_port()
        return f'[[listener]]\nservice = "imap"\naddress = "127.0.0.1:{self.imaps}"\ntls = "implicit"\n'

    def connect(self, account) -> imaplib.IMAP4:
        client = imaplib.IMAP4_SSL("127.0.0.1", self.imaps, ssl_context=trusting(), timeout=60)
        self.addCleanup(hang_up, client)
        client.login(account, PASSWORD)
        return client

    def do(self, answer):
        self.assertEqual(answer[0], "OK", answer)
        return answer[1]

    def refused(self, answer, code):
        self.assertEqual(answer[0], "NO", answer)
        self.assertIn(code, answer[1][0])

    def names(self, client) -> list[bytes]:
        return [row for row in self.do(client.list()) if row and b"Team" in row]

    def both(self):
        ada, bob = self.connect(ADA), self.connect(BOB)
        self.do(ada.create("Team"))
        for name in ODD:
            self.do(ada.append("Team", None, None, odd_message(name)))
        return ada, bob

    def test_shared_read_changed_and_taken_back(self):
        ada, bob = self.both()
        offered = self.do(bob.capability())[0].decode().split()
        for word in ("ACL", "LIST-MYRIGHTS", "METADATA", "REPLACE"):
            self.assertIn(word, offered)
        self.refused(bob.select(TEAM), b"NONEXISTENT")
        self.assertEqual(self.names(bob), [])
        self.do(ada.setacl("Team", BOB, "lrs"))
        self.assertIn(f"{BOB} lrs".encode(), self.do(ada.getacl("Team"))[0])
        self.assertEqual(len(self.names(bob)), 1)
        self.do(bob.select(TEAM))
        for number, name in enumerate(ODD, 1):
            [(_, octets), *_] = self.do(bob.fetch(str(number), "(BODY.PEEK[])"))
            self.assertEqual(octets, odd_message(name), name)
        self.do(bob.store("1:3", "+FLAGS", r"(\Seen)"))
        self.do(ada.select("Team"))
        self.assertEqual(self.do(ada.search(None, "SEEN"))[0], b"1 2 3")
        self.refused(bob.store("1", "+FLAGS", r"(\Deleted)"), b"NOPERM")
        self.refused(bob.append(TEAM, None, None, odd_message("dots")), b"NOPERM")
        # Into bob's own, octet for octet.
        self.do(bob.copy("1:*", "INBOX"))
        self.do(ada.deleteacl("Team", BOB))
        answer = bob.noop()
        self.assertEqual(answer[0], "OK")
        self.refused(bob.select(TEAM), b"NONEXISTENT")
        self.assertEqual(self.names(bob), [])
        self.do(bob.select("INBOX"))
        for number, name in enumerate(ODD, 1):
            [(_, octets), *_] = self.do(bob.fetch(str(number), "(BODY.PEEK[])"))
            self.assertEqual(octets, odd_message(name), name)

    def test_moved_across_and_back_by_who_may(self):
        ada, bob = self.both()
        self.do(ada.setacl("Team", "anyone", "lrswite"))
        self.do(bob.select(TEAM))
        self.do(bob.uid("move", "1:*", "INBOX"))
        self.assertEqual(self.do(ada.status("Team", "(MESSAGES)"))[0], b"Team (MESSAGES 0)")
        self.do(bob.select("INBOX"))
        self.do(bob.uid("move", "1:*", TEAM))
        self.do(ada.select("Team"))
        for number, name in enumerate(ODD, 1):
            [(_, octets), *_] = self.do(ada.fetch(str(number), "(BODY.PEEK[])"))
            self.assertEqual(octets, odd_message(name), name)

    def test_what_was_said_holds_after_a_kill(self):
        ada, bob = self.both()
        self.do(ada.setacl("Team", BOB, "lrswi"))
        self.do(ada._simple_command("SETMETADATA", "Team", '(/shared/comment "ours" /private/comment "mine")'))
        self.do(bob.subscribe(TEAM))
        self.server.kill()
        self.server.start()
        ada, bob = self.connect(ADA), self.connect(BOB)
        self.assertIn(f"{BOB} lrswi".encode(), self.do(ada.getacl("Team"))[0])
        self.assertEqual(len(self.names(bob)), 1)
        self.assertEqual(sum(TEAM.strip('"').encode() in line for line in self.do(bob.lsub())), 1)
        self.do(bob._simple_command("GETMETADATA", TEAM, "(/shared/comment /private/comment)"))
        told = bob.response("METADATA")[1][0]
        self.assertIn(b'/shared/comment "ours"', told)
        self.assertIn(b"/private/comment NIL", told)
        self.do(bob.append(TEAM, r"(\Seen)", None, odd_message("dots")))
        self.do(ada.select("Team"))
        self.assertEqual(self.do(ada.search(None, "SEEN"))[0], str(len(ODD) + 1).encode())


if __name__ == "__main__":
    unittest.main()
