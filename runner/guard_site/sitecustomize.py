"""外部への接続を止める監査フック。runner.guard が PYTHONPATH に置いたときだけ働く。

Linux の名前空間だけでも接続は失敗するが、「ネットワークに届きません」としか出ない。
Python のプロセスでは、何をなぜ止めたかをここで知らせる。標準ライブラリのほかは
何も読み込まない (すべての子プロセスで動くため)。
"""

import os
import sys

_LOCAL_NAMES = {"", "localhost", "localhost.localdomain", "ip6-localhost"}


class OutsideConnectionError(ConnectionError):
    """この計算機の外へ接続しようとした。"""


def _is_local(host: object) -> bool:
    """host がこの計算機自身を指すかどうか。"""
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    name = name.rstrip(".").lower()
    if name in _LOCAL_NAMES or name.startswith("127.") or name.endswith(".localhost"):
        return True
    if name == os.uname().nodename.lower():
        return True
    import ipaddress

    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse(host: object, port: object) -> None:
    """記録してから、分かる言葉で失敗させる。"""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    target = name if port is None else f"{name}:{port}"
    log = os.environ.get("LLM_BOOK_GUARD_LOG")
    if log:
        with open(log, "a", encoding="utf-8") as file:
            file.write(target + "\n")
    raise OutsideConnectionError(
        f"外部への接続を止めました: {target}"
        "(ミニ環境の実行は、この計算機の中だけで完結します。"
        "データとモデルはローカルの Hub から読みます)"
    )


def _watch(event: str, arguments: tuple) -> None:
    """socket の監査イベントを調べる。"""
    if not event.startswith("socket."):
        return
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        # AF_UNIX のアドレスは文字列かバイト列で、計算機の外には出ない。
        if isinstance(address, tuple) and len(address) >= 2:
            if not _is_local(address[0]):
                _refuse(address[0], address[1])
    elif event == "socket.getaddrinfo":
        if not _is_local(arguments[0]):
            _refuse(arguments[0], arguments[1])
    elif event in ("socket.gethostbyname", "socket.gethostbyaddr"):
        if not _is_local(arguments[0]):
            _refuse(arguments[0], None)


sys.addaudithook(_watch)
