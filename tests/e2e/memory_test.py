"""Many large messages at once: memory stays within its budget, and what got 250 is in the queue, whole.

CLIENTS and MEBIBYTES in the environment change the load (200 and 50). Suite 'heavy': it writes CLIENTS * MEBIBYTES
MiB to disk.
"""

import asyncio
import os
import re
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

from postrider import Server, fetched

CLIENTS = int(os.environ.get("CLIENTS", "200"))
MEBIBYTES = int(os.environ.get("MEBIBYTES", "50"))
LIMIT_MIB = 256
BASE_MIB = 256  # the program, the database's cache and write buffers

BLOCK = (b"y" * 62 + b"\r\n") * 1024  # 64 KiB
HEADER = b"From: app@shop.example\r\nSubject: large\r\n\r\n"


async def send_one(port: int, number: int) -> tuple[int, str]:
    """The code and text that the message got; (0, why) if the connection broke."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def reply() -> tuple[int, str]:
        while True:
            line = (await reader.readline()).decode()
            if line[3:4] != "-":
                return int(line[:3] or 0), line[4:].strip()
    try:
        code, text = await reply()
        for command in ("EHLO client.example", "MAIL FROM:<app@shop.example>", f"RCPT TO:<r{number}@far.example>", "DATA"):
            if code >= 400 or code == 0:
                return code, text
            writer.write(command.encode() + b"\r\n")
            code, text = await reply()
        if code != 354:
            return code, text
        writer.write(HEADER)
        for _ in range(MEBIBYTES * 16):
            writer.write(BLOCK)
            await writer.drain()
        writer.write(b".\r\n")
        return await reply()
    except (ConnectionError, ValueError) as why:
        return 0, str(why)
    finally:
        writer.close()


class Memory(unittest.TestCase):
    def test_large_messages_at_once(self):
        with tempfile.TemporaryDirectory(prefix="postrider-e2e-") as folder:
            server = Server(Path(folder) / "p", delivery='retry = ["1h"]\n', settings=f"""
[[route]]
domain = "*"
via = ["127.0.0.1:{fetched.free_port()}"]
[limits]
memory = "{LIMIT_MIB}MiB"
message_size = "{MEBIBYTES + 1}MiB"
sessions_per_address = 10000
""")
            with server:
                self.check(server)

    def check(self, server):
        async def all_at_once():
            return await asyncio.gather(*(send_one(server.relay, number) for number in range(CLIENTS)))
        began = time.monotonic()
        answers = asyncio.run(all_at_once())
        took = time.monotonic() - began
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())[1]) / 1024
        codes = Counter(code for code, _ in answers)
        print(f"{CLIENTS} clients, {MEBIBYTES} MiB each: {dict(codes)} in {took:.0f} s, peak {peak:.0f} MiB")
        self.assertLessEqual(set(codes), {250, 452}, [answer for answer in answers if answer[0] not in (250, 452)][:3])
        self.assertGreater(codes[250], 0)
        accepted = {text.rsplit(" ", 1)[1] for code, text in answers if code == 250}
        rows = {row["id"]: row for row in server.queue()}
        self.assertEqual(set(rows), accepted)
        content = len(HEADER) + MEBIBYTES * 16 * len(BLOCK)
        for row in rows.values():  # and the Received field
            self.assertGreater(row["size"], content)
            self.assertLess(row["size"], content + 1000)
        self.assertLessEqual(peak, LIMIT_MIB + BASE_MIB)


if __name__ == "__main__":
    unittest.main(verbosity=2)
