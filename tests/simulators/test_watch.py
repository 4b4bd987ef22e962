import asyncio

from firmware_specs.clock import Clock
from simulators.devices import watch
from simulators.devices.faults import FAULTS
from simulators.devices.watch import Watch, WatchState
from tests.waiting import LIMIT_S

AT = 1_770_401_400_000  # 2026-02-06T18:10:00Z


def test_frame_carries_the_length_of_its_content_in_four_hex_digits() -> None:
    assert watch.frame("3G", "2300000017", "LK,1204,16,87") == b"[3G*2300000017*000d*LK,1204,16,87]"


def test_frame_of_a_maker_with_an_index_puts_it_before_the_length() -> None:
    assert watch.frame("ZJ", "861100000000017", "AL", 0xA3) == b"[ZJ*861100000000017*00a3*0002*AL]"


def test_length_counts_bytes_not_characters() -> None:
    assert watch.frame("3G", "2300000017", "MESSAGE,你好").startswith(b"[3G*2300000017*000e*")


def test_alarm_with_a_fix_holds_the_nineteen_position_fields_of_the_page() -> None:
    state = WatchState(lat=37.3815, lon=118.0123, battery=14, steps=310, tumbles=2, accuracy_m=12.5)
    content = watch.position_content("AL", WatchState(**{**vars(state), "status": watch.SOS | 1}), AT)
    expected = "AL,060226,181000,A,37.381500,N,118.012300,E,0.00,0,12,9,80,14,310,2,00010001,0,0,12.5"
    assert content == expected


def test_without_a_fix_the_position_is_zero_and_marked_void() -> None:
    content = watch.position_content("UD", WatchState(lat=37.4, lon=118.0, fix=False), AT)
    assert content.startswith("UD,060226,181000,V,0.000000,N,0.000000,E,0.00,0,12,0,")


def test_what_it_hears_is_counted_and_stands_before_the_accuracy() -> None:
    state = WatchState(lat=37.4, lon=118.0, fix=False, wifi=(("a4:00:00:00:00:01", -63),))
    assert watch.position_content("UD", state, AT).endswith(",0,1,WIFI00,a4:00:00:00:00:01,-63,10")


def test_the_south_and_the_west_are_letters_not_signs() -> None:
    content = watch.position_content("UD2", WatchState(lat=-33.5, lon=-70.6), AT)
    assert ",A,33.500000,S,70.600000,W," in content


def test_a_wrong_length_is_written_where_the_length_stands() -> None:
    spoilt = FAULTS["wrong_length"](watch.frame("3G", "2300000017", "LK,1,2,3"))
    assert spoilt == [b"[3G*2300000017*00ff*LK,1,2,3]"]


class Server:
    """The far end of a watch: keeps what came, answers AL from the nth time on."""

    def __init__(self, answer_from: int = 1) -> None:
        self.received = b""
        self._answer_from = answer_from
        self._alarms = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            self.received += data
            for _ in range(data.count(b"*AL,")):
                self._alarms += 1
                if self._alarms >= self._answer_from:
                    writer.write(b"[3G*2300000017*0002*AL]")
        writer.close()


async def _with_watch(server: Server, **options: float) -> tuple[asyncio.Server, Watch, asyncio.Task[None]]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    device = Watch("2300000017", "127.0.0.1", port, Clock(), repeat_s=options.get("repeat_s", 0.05))
    task = asyncio.create_task(device.run())
    await asyncio.wait_for(device.linked(), LIMIT_S)
    return listener, device, task


async def test_an_alarm_is_repeated_unchanged_until_the_server_answers() -> None:
    server = Server(answer_from=3)
    listener, device, task = await _with_watch(server)
    assert await device.alarm(watch.SOS)
    task.cancel()
    listener.close()
    alarms = [part for part in server.received.split(b"[") if b"*AL," in part]
    assert len(alarms) == 3
    assert len(set(alarms)) == 1


async def test_an_alarm_that_nobody_answers_is_given_up_after_its_tries() -> None:
    server = Server(answer_from=99)
    listener, device, task = await _with_watch(server)
    assert not await device.alarm(watch.SOS, tries=2)
    task.cancel()
    listener.close()


async def test_a_dead_line_and_a_cut_frame_end_in_a_new_connection() -> None:
    server = Server()
    listener, device, task = await _with_watch(server, repeat_s=0.5)
    device.hang()
    async with asyncio.timeout(30):
        while server.received.count(b"*LK,") < 2:
            await asyncio.sleep(0.01)
        assert await device.alarm(watch.SOS, fault="mid_frame_cut", tries=50)
        while server.received.count(b"*LK,") < 3:
            await asyncio.sleep(0.01)
    task.cancel()
    listener.close()


async def test_positions_without_a_connection_are_sent_later_as_backfill() -> None:
    server = Server()
    listener, device, task = await _with_watch(server)
    task.cancel()
    await asyncio.wait({task})
    device.drop()
    lonely = Watch("2300000017", "127.0.0.1", 1, Clock())
    await lonely.report()
    assert not server.received.count(b"UD2")
    lonely.port = device.port
    again = asyncio.create_task(lonely.run())
    async with asyncio.timeout(LIMIT_S):
        while b"*UD2," not in server.received:
            await asyncio.sleep(0.01)
    again.cancel()
    listener.close()
