"""NOTIFY over a real connection: mail for other mailboxes is told at once, by a server with several cores."""

import socket
import time
import unittest

from hosted import ADA, HEAD, PASSWORD, Hosted, trusting
from postrider import fetched


class Line:
    """An IMAP connection, line by line."""

    def __init__(self, port: int):
        self.socket = trusting().wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=30))
        self.file = self.socket.makefile("rwb")
        self.read()
        self.say(f'LOGIN {ADA} "{PASSWORD}"')

    def read(self) -> str:
        return self.file.readline().decode().rstrip("\r\n")

    def say(self, command: str) -> list[str]:
        """What is answered, with the tagged line as the last."""
        self.file.write(f"t {command}\r\n".encode())
        self.file.flush()
        heard = [self.read()]
        while not heard[-1].startswith("t ") and heard[-1]:
            heard.append(self.read())
        return heard

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class Notify(Hosted):
    def listeners(self):
        self.imaps = fetched.free_port()
        return f'[[listener]]\nservice = "imap"\naddress = "127.0.0.1:{self.imaps}"\ntls = "implicit"\n'

    def connect(self) -> Line:
        line = Line(self.imaps)
        self.addCleanup(line.close)
        return line

    def test_each_change_is_told_at_once(self):
        watcher, other = self.connect(), self.connect()
        other.say("CREATE Lists")
        watcher.say("SELECT INBOX")
        answer = watcher.say("NOTIFY SET STATUS (SELECTED (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge)) "
                             "(PERSONAL (MessageNew MessageExpunge MailboxName))")
        self.assertEqual(answer[-1], "t OK NOTIFY completed")
        self.assertTrue(any(line.startswith("* STATUS Lists (MESSAGES 0 UIDNEXT 1 ") for line in answer), answer)

        self.hand_in(HEAD % (b"hello", b"one") + b"\r\nbody\r\n")
        self.assertEqual([watcher.read() for _ in range(2)], ["* 1 EXISTS", "* 1 RECENT"])
        self.assertTrue(watcher.read().startswith("* 1 FETCH (UID 1 BODY[HEADER.FIELDS (SUBJECT)] {"))
        self.assertEqual([watcher.read() for _ in range(3)], ["Subject: hello", "", ")"])

        other.say("SELECT INBOX")
        begin = time.monotonic()
        other.say("COPY 1 Lists")
        self.assertTrue(watcher.read().startswith("* STATUS Lists (MESSAGES 1 UIDNEXT 2 "))
        self.assertLess(time.monotonic() - begin, 5)  # a busy machine; the unit tests say 100 ms
        other.say("CREATE Lists/new")
        self.assertEqual(watcher.read(), '* LIST (\\HasNoChildren) "/" Lists/new')
        self.assertEqual(watcher.read(), '* LIST (\\HasChildren) "/" Lists')
        self.assertTrue(watcher.read().startswith("* STATUS Lists/new (MESSAGES 0 UIDNEXT 1 "))
        other.say("STORE 1 +FLAGS (\\Deleted)")
        other.say("EXPUNGE")
        self.assertEqual(watcher.read(), "* 1 EXPUNGE")
        self.assertEqual(watcher.say("NOOP"), ["t OK NOOP completed"])

    def test_several_mailboxes_are_searched_at_once(self):
        line = self.connect()
        line.say("CREATE a")
        line.say("APPEND a {19+}\r\nSubject: needle\r\n\r\n")
        line.say("APPEND INBOX {19+}\r\nSubject: needle\r\n\r\n")
        answer = line.say("ESEARCH IN (PERSONAL) SUBJECT needle")
        self.assertEqual([word.split("MAILBOX ")[1].split()[0] for word in answer[:-1]], ["INBOX", "a"], answer)
        self.assertTrue(all(word.endswith(" UID ALL 1") for word in answer[:-1]), answer)


if __name__ == "__main__":
    unittest.main()
