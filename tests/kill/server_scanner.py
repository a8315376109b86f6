"""A clamd of the kill test, to which all is clean: a death finds messages between the scanner and the queue."""

import asyncio


class Scanner:
    def __init__(self):
        self.port = 0
        self._listener = None

    async def start(self):
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=8 << 20)
        self.port = self._listener.sockets[0].getsockname()[1]

    def stop(self):
        self._listener.close()

    async def _serve(self, reader, writer):
        """zINSTREAM, then chunks behind their length, until one of none."""
        try:
            await reader.readuntil(b"\0")
            while size := int.from_bytes(await reader.readexactly(4), "big"):
                await reader.readexactly(size)
            writer.write(b"stream: OK\0")
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # its client has died
        finally:
            writer.close()
