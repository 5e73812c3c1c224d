"""待ち受けのポートの選びかた。"""

from __future__ import annotations

import socket

from tinyhub.loopback import listen


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


def test_another_port_is_taken_when_only_listening_is_refused() -> None:
    """SO_REUSEADDR どうしは bind まで成功し、先に listen したほうが勝つ。"""
    port = _free_port()
    with socket.socket() as rival:
        rival.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        rival.bind(("127.0.0.1", port))
        late = socket.socket()
        late.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with late:
            late.bind(("127.0.0.1", port))
            rival.listen()
            with listen(port) as listener:
                assert listener.getsockname()[1] != port
