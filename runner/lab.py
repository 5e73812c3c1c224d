"""ミニ環境の中で JupyterLab を開く。"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from runner import curriculum
from runner.copies import refresh_copies
from runner.project import Project
from runner.world import build_tree, open_world


def open_lab(
    project: Project, tree: Path | None, arguments: list[str], console: Console
) -> int:
    """写しを build/lab に用意し、127.0.0.1 で JupyterLab を動かす。"""
    ready = [
        item for item in curriculum.load(project.curriculum) if item.status == "ready"
    ]
    folder = project.build / "lab"
    with open_world(project, project.state, tree=tree or build_tree(project)) as world:
        for path in refresh_copies(project, ready, world, folder):
            console.print(
                f"{path.relative_to(project.root)} は編集されているので、"
                "そのまま残しました"
            )
        console.print(
            "build/lab の写しには、ミニ環境のパラメータが入っています。"
            f"Hub は {world.address.url} です。Ctrl-C で終わります。"
        )
        return subprocess.run(
            [
                sys.executable,
                *("-m", "jupyterlab", "--ip=127.0.0.1"),
                f"--ServerApp.root_dir={project.root}",
                "--LabApp.default_url=/lab/tree/build/lab",
                # コンテナの中では管理者で動かすことが多い。
                *(["--allow-root"] if os.geteuid() == 0 else []),
                *arguments,
            ],
            env={**os.environ, **world.environment(folder / "hf-home")},
            check=False,
        ).returncode
