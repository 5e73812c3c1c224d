"""待ち受けのポートの選びかた。"""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from tinyhub.loopback import listen

RACERS, ROUNDS = 4, 100


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_preferred_port_is_taken_when_it_is_free() -> None:
    port = _free_port()
    with listen(port) as listener:
        assert listener.getsockname() == ("127.0.0.1", port)


def test_another_port_is_taken_when_someone_listens() -> None:
    with listen(0) as first:
        port = first.getsockname()[1]
        with listen(port) as second:
            assert second.getsockname()[1] != port
            with socket.create_connection(second.getsockname()):
                pass


def _listener_at(port: int, start: threading.Barrier) -> socket.socket:
    start.wait()
    return listen(port)


def test_racing_for_one_port_gives_each_a_port() -> None:
    """SO_REUSEADDR どうしは bind まで成功し、あとの listen が断られることがある。"""
    with ThreadPoolExecutor(RACERS) as pool:
        for _ in range(ROUNDS):
            port, start = _free_port(), threading.Barrier(RACERS)
            racing = [pool.submit(_listener_at, port, start) for _ in range(RACERS)]
            listeners = [race.result() for race in racing]
            ports = {listener.getsockname()[1] for listener in listeners}
            for listener in listeners:
                listener.close()
            assert len(ports) == RACERS
