"""プロセスの待機所: 起動と初期化を 1 度だけにして、仕事を何度も渡す。

torch を読み込むだけで数秒かかるので、検査のたびに起動していては間に合わない。
死んだランクと止まったランクは、番号を挙げて知らせる。
"""

from __future__ import annotations

import datetime
import multiprocessing as mp
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import connection
from types import TracebackType
from typing import Any

from . import ports
from .errors import ParallelError

PRELOAD = ["torch.distributed", "torch.distributed.tensor.parallel", "bunsan.certify"]


class Pool:
    """world_size 個のプロセス。同じ関数を、全ランクでいっせいに呼ぶ。"""

    def __init__(
        self,
        world_size: int,
        *,
        timeout: float = 120,
        port: int | None = None,
        backend: str = "gloo",
    ) -> None:
        """timeout は 1 つの仕事に許す秒数。port は待ち合わせに使う番号。

        backend を "nccl" にすると、ランクごとに 1 つの GPU を使う。
        """
        self.world_size, self.timeout = world_size, timeout
        # 空いている番号を調べてから子に開かせると、その間にほかに取られる。
        listener = ports.listen(port or 0)
        port = listener.getsockname()[1]
        # fork は、親が動かしているスレッドの鍵を写してしまい、止まることがある。
        context = mp.get_context("forkserver")
        context.set_forkserver_preload(PRELOAD)
        # ランクごとに [入った通信の数, 出た通信の数]。
        self.progress = context.Array("q", 2 * world_size, lock=False)
        self.pipes: list[connection.Connection] = []
        self.processes = []
        for rank in range(world_size):
            here, there = context.Pipe()
            process = context.Process(
                target=_serve,
                args=(
                    rank,
                    world_size,
                    port,
                    listener if rank == 0 else None,
                    there,
                    self.progress,
                    timeout,
                    backend,
                ),
                daemon=True,
            )
            with _importable_main():
                process.start()
            there.close()
            self.pipes.append(here)
            self.processes.append(process)
        listener.close()

    def run(self, function: Callable[..., Any], *args: Any, **options: Any) -> list:
        """function(*args, **options) を全ランクで呼び、ランクの順に値を返す。

        function は、モジュールの最上位にあるもの。どれかのランクで例外が出れば、
        その文を付けて ParallelError を送出する。
        """
        for rank, pipe in enumerate(self.pipes):
            try:
                pipe.send((function, args, options))
            except (BrokenPipeError, OSError):
                raise self._ended(rank) from None
        return self._collect()

    def close(self) -> None:
        """自分が起動したプロセスを終える。"""
        for process in self.processes:
            if process.is_alive():
                process.kill()
            process.join()

    def __enter__(self) -> Pool:
        """with 文で使う。"""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """抜けるときに、プロセスを終える。"""
        self.close()

    def _collect(self) -> list:
        answers: dict[int, Any] = {}
        failures: dict[int, str] = {}
        deadline = time.monotonic() + self.timeout
        waiting = {pipe: rank for rank, pipe in enumerate(self.pipes)}
        while waiting:
            left = deadline - time.monotonic()
            ready = connection.wait(list(waiting), timeout=max(left, 0))
            if not ready and failures:
                break
            if not ready:
                raise self._stuck(sorted(waiting.values()))
            for pipe in ready:
                rank = waiting.pop(pipe)
                try:
                    good, value = pipe.recv()
                except (EOFError, ConnectionResetError):
                    raise self._ended(rank) from None
                if good:
                    answers[rank] = value
                else:
                    failures[rank] = value
                    # 失敗した相手を待ち続けるランクがあるので、長くは待たない。
                    deadline = min(deadline, time.monotonic() + 5)
        if failures:
            if waiting:
                self.close()
            raise self._failed(failures)
        return [answers[rank] for rank in range(self.world_size)]

    def _failed(self, failures: dict[int, str]) -> ParallelError:
        rank, text = min(failures.items())
        ranks = "・".join(map(str, sorted(failures)))
        return ParallelError(f"ランク {ranks} が失敗しました。ランク {rank}:\n{text}")

    def _ended(self, rank: int) -> ParallelError:
        self.processes[rank].join(5)
        code = self.processes[rank].exitcode
        self.close()
        return ParallelError(
            f"ランク {rank} が途中で終わりました (終了コード {code})。"
        )

    def _stuck(self, waiting: list[int]) -> ParallelError:
        """通信の中で待っているランクは被害者なので、外にいるランクを挙げる。"""
        entered = {rank: self.progress[2 * rank] for rank in waiting}
        outside = [r for r in waiting if entered[r] == self.progress[2 * r + 1]]
        least = min(entered.values())
        guilty = outside or [r for r in waiting if entered[r] == least]
        self.close()
        names = "・".join(map(str, guilty))
        places = "、".join(f"ランク {r} は {entered[r]} 回目" for r in waiting)
        return ParallelError(
            f"ランク {names} が {self.timeout:g} 秒たっても応答しません "
            f"(始めた通信: {places})。"
        )


@contextmanager
def _importable_main() -> Iterator[None]:
    """子は __main__ のファイルを読み直す。標準入力のように、なければ読ませない。"""
    main = sys.modules["__main__"]
    path = getattr(main, "__file__", None)
    if path is None or os.path.exists(path):
        yield
        return
    del main.__file__
    try:
        yield
    finally:
        main.__file__ = path


def _serve(
    rank: int,
    world_size: int,
    port: int,
    listener: socket.socket | None,
    pipe: connection.Connection,
    progress: Any,
    timeout: float,
    backend: str,
) -> None:
    """1 つのランク。仕事を受け取っては、値か、例外の文を返す。"""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", ports.loopback_name())
    import torch
    import torch.distributed as dist

    from . import collectives

    torch.set_num_threads(1)
    if backend == "nccl":
        torch.cuda.set_device(rank)

    def watch(_: str, inside: bool) -> None:
        progress[2 * rank + (0 if inside else 1)] += 1

    collectives.observers.append(watch)
    limit = datetime.timedelta(seconds=timeout + 30)
    # TCPStore に任せると、すべての宛先で待ち受ける。外から見えないよう、親が開いた
    # ループバックの口を使う。
    store = dist.TCPStore(
        ports.LOOPBACK,
        port,
        world_size,
        is_master=rank == 0,
        timeout=limit,
        wait_for_workers=False,
        master_listen_fd=listener.detach() if listener else None,
    )
    dist.init_process_group(
        backend, store=store, rank=rank, world_size=world_size, timeout=limit
    )
    while True:
        try:
            function, args, options = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((True, function(*args, **options)))
        except ParallelError as error:
            pipe.send((False, f"{error}"))
        except BaseException:
            pipe.send((False, traceback.format_exc()))
