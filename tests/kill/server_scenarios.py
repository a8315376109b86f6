"""How each named instant is reached, and how the house is looked over afterwards."""

import asyncio
import signal
import time

import server_process
from server_judge import Loss
from server_load import Client

REACH_SECONDS = 6
DRAIN_SECONDS = 40
JOURNAL_SECONDS = 3
CRASHES_BEFORE_HOLD = 10
ACTIONS = ("hold", "release", "retry", "bounce", "delete")


async def kill_at(house, point):
    """True if the server died at `point`."""
    for prefix, scenario in SCENARIOS:
        if point.startswith(prefix):
            break
    for count in (house.rng.randrange(1, 6), 1, 1):
        if await scenario(house, point, count):
            return True
        await house.server.kill()
    return False


async def under_load(house, point, count):
    server = house.server
    await server.start(f"{point}:{count}")
    load = server.load()
    reached = await server.wait_for_death(REACH_SECONDS)
    await server.kill()
    await load
    return reached


async def leave_a_mess(house):
    """A life that ends in the middle of its work."""
    await house.server.start()
    load = house.server.load()
    await asyncio.sleep(house.rng.uniform(0.15, 0.3))
    await house.server.kill()
    await load


async def at_start(house, point, _):
    await leave_a_mess(house)
    await house.server.start(point)
    reached = await house.server.wait_for_death(REACH_SECONDS)
    await house.server.kill()
    return reached


async def at_first_start(house, point, _):
    server = house.server
    server.configure(server_process.FATES, folder=f"first-{point}")
    await server.start(point)
    reached = await server.wait_for_death(REACH_SECONDS)
    await server.kill()
    # What is half made must be made whole.
    await server.start()
    await server.kill()
    server.configure(server_process.FATES)
    return reached


async def at_stop(house, point, _):
    server = house.server
    await server.start(point)
    load = server.load()
    await asyncio.sleep(house.rng.uniform(0.1, 0.3))
    if not server.is_dead():
        server.signal(signal.SIGTERM)
    reached = await server.wait_for_death(40)
    await server.kill()
    await load
    return reached


async def at_reload(house, point, count):
    server = house.server
    await server.start(f"{point}:{count}")
    load = server.load()
    for _ in range(count):
        await asyncio.sleep(0.1)
        if not server.is_dead():
            server.signal(signal.SIGHUP)
    reached = await server.wait_for_death(REACH_SECONDS)
    await server.kill()
    await load
    return reached


async def by_operator(house, point, _):
    """Actions on what is deferred, one kind after the other, while mail goes on."""
    server = house.server
    house.judge.anything_may_bounce = True
    await server.start(point)
    load = server.load()
    end = time.monotonic() + 2 * REACH_SECONDS
    number = 0
    while not server.is_dead() and time.monotonic() < end:
        await asyncio.sleep(0.05)
        action = ACTIONS[number % len(ACTIONS)]
        number += 1
        rows = await rows_or_none(house, "state=held" if action == "release" else "state=deferred")
        for row in rows[:5]:
            if server.is_dead():
                break
            if action == "delete":
                # All of the message is deleted; what of it arrives is as well.
                for message, recipients in house.judge.promised.items():
                    if row["to"] in recipients:
                        house.judge.deleted.update((message, to) for to in recipients)
            await server.command("queue", action, row["id"])
    reached = await server.wait_for_death(0)
    await server.kill()
    await load
    # Whatever stayed held would stay for ever.
    await server.start()
    await server.command("queue", "release", "--where", "state=held")
    await server.kill()
    return reached


async def rows_or_none(house, where):
    try:
        return await house.server.queue(where)
    except Loss:
        return []  # it has died meanwhile


async def by_age(house, point, _):
    server = house.server
    house.judge.anything_may_bounce = True
    server.configure(server_process.SHORT_FATES)
    reached = await under_load(house, point, 1)
    server.configure(server_process.FATES)
    return reached


async def by_account(house, point, _):
    server = house.server
    await server.start(point)
    await server.command("account", "add", "other@shop.example", "--password-stdin", stdin="password of the other")
    if not server.is_dead():
        await server.command("account", "remove", "other@shop.example")
    reached = await server.wait_for_death(1)
    await server.kill()
    return reached


async def by_poison(house, point, _):
    """One message is in flight each time that the server dies: in the end it is held, until it is released."""
    await check_all(house)
    server = house.server
    await server.start("delivery.journal.durable")
    load = Client(house.judge, house.rng, f"poison{server.lives}", server.relay).run_once()
    await asyncio.gather(load, server.wait_for_death(REACH_SECONDS))
    for _ in range(CRASHES_BEFORE_HOLD - 1):
        await server.kill()
        await server.start("delivery.journal.durable")
        await server.wait_for_death(REACH_SECONDS)
    await server.kill()
    await server.start(point)
    reached = await server.wait_for_death(REACH_SECONDS)
    await server.kill()
    await server.start("delivery.journal.durable")
    await server.command("queue", "release", "--where", "state=held")
    await server.wait_for_death(REACH_SECONDS)
    await server.kill()
    return reached


async def by_nothing(house, point, _):
    """Left to kill_test.py, which spoils records and lets the store be idle behind an unsynced write."""
    return False


SCENARIOS = (
    ("store.quarantine.", by_nothing),
    ("store.sync.", by_nothing),
    ("store.open.before_format", at_first_start),
    ("store.open.format_written", at_first_start),
    ("store.open.", at_start),
    ("store.close.", at_stop),
    ("store.account.", by_account),
    ("app.start.", at_start),
    ("delivery.start.suspect_held", by_poison),
    ("delivery.load.arrivals_read", at_start),
    ("delivery.start.", at_start),
    ("app.stop.", at_stop),
    ("delivery.drain.", at_stop),
    ("app.reload.", at_reload),
    ("delivery.action.", by_operator),
    ("delivery.settle.expired", by_age),
    ("delivery.settle.warned", by_age),
    ("", under_load),
)


async def compare(house):
    """The server runs and nothing has been sent yet: each promise is kept, or still in the queue."""
    rows = await house.server.queue()
    await house.server.mailboxes.read_new()  # after the queue: what leaves it is in a mailbox by then
    house.judge.compare(rows, reports_may_be_queued=True)


async def check(house):
    """A life without a kill point: drains, and compares."""
    server, judge = house.server, house.judge
    house.sink.accepts_never = True
    await server.start()
    await compare(house)
    end = time.monotonic() + DRAIN_SECONDS
    while judge.open():
        # Nobody waits for the schedule.
        await server.command("queue", "retry", "--where", "state=deferred")
        await asyncio.sleep(0.05)
        await server.mailboxes.read_new()
        if time.monotonic() > end:
            judge.compare(await server.queue(), reports_may_be_queued=False)
            raise Loss(f"stuck in the queue: {list(judge.open().items())[:3]}, rows {(await server.queue())[:5]}")
    end = time.monotonic() + JOURNAL_SECONDS
    judge.read_journal()
    while judge.unnamed():
        if time.monotonic() > end:
            raise Loss("a duplicate that the journal does not name: " + "; ".join(judge.unnamed()[:5]))
        await asyncio.sleep(0.02)
        judge.read_journal()
    await server.mailboxes.look_over(server.command)
    judge.raise_problems()
    judge.anything_may_bounce = False
    await server.kill()
    house.sink.accepts_never = False


async def check_all(house):
    """At the end the queue is empty, too."""
    await check(house)
    house.sink.accepts_never = True
    await house.server.start()
    end = time.monotonic() + DRAIN_SECONDS
    while rows := await house.server.queue():
        if time.monotonic() > end:
            raise Loss(f"stuck in the queue: {rows[:5]}")
        await asyncio.sleep(0.1)
    house.judge.read_journal()
    if house.judge.unnamed():
        raise Loss("a duplicate that the journal does not name: " + "; ".join(house.judge.unnamed()[:5]))
    house.judge.raise_problems()
    await house.server.kill()
