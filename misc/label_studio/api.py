"""Label Studio の REST API のうち、往復に使うもの。"""

from __future__ import annotations

import secrets
from typing import Any

import httpx

from misc.label_studio.environment import RoundTripError

_TIMEOUT = 120


class Account:
    """1 人の注釈者として操作する。"""

    def __init__(self, url: str, token: str) -> None:
        """鍵を持つ接続を作る (利用者の代理サーバーの設定は使わない)。"""
        self.client = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Token {token}"},
            timeout=_TIMEOUT,
            trust_env=False,
        )

    def call(self, method: str, path: str, **options: Any) -> Any:
        """API を 1 回呼び、JSON を返す。断られたら、理由を添えて知らせる。"""
        response = self.client.request(method, path, **options)
        if response.is_error:
            raise RoundTripError(
                f"Label Studio が断りました: {method} {path} → "
                f"{response.status_code}\n{response.text[:500]}"
            )
        return response.json()

    def version(self) -> str:
        """動いているサーバーの版。"""
        return self.call("GET", "/api/version")["release"]

    def user_id(self) -> int:
        """この鍵の持ち主の番号。"""
        return self.call("GET", "/api/current-user/whoami")["id"]

    def create_project(self, title: str, label_config: str) -> int:
        """ラベル設定つきのプロジェクトを作り、番号を返す。"""
        fields = {
            "title": title,
            "label_config": label_config,
            "maximum_annotations": 2,
            "show_collab_predictions": True,
        }
        return self.call("POST", "/api/projects/", json=fields)["id"]

    def import_tasks(self, project: int, tasks: list[dict[str, Any]]) -> int:
        """文と事前注釈を読み込ませ、入った件数を返す。"""
        path = f"/api/projects/{project}/import"
        return self.call("POST", path, json=tasks)["task_count"]

    def tasks(self, project: int) -> list[dict[str, Any]]:
        """プロジェクトの文を、番号の順に返す。"""
        fields = {"project": project, "page_size": 1000, "fields": "all"}
        found = self.call("GET", "/api/tasks", params=fields)["tasks"]
        return sorted(found, key=lambda task: task["id"])

    def annotate(
        self, task: int, result: list[dict[str, Any]], cancelled: bool = False
    ) -> int:
        """1 件に注釈を付けて (または飛ばして)、注釈の番号を返す。"""
        path = f"/api/tasks/{task}/annotations/"
        parameters = {"was_cancelled": "1"} if cancelled else {}
        body = {"result": result, "lead_time": 1.0}
        return self.call("POST", path, params=parameters, json=body)["id"]

    def export(self, project: int, kind: str) -> str:
        """書き出しの本文 (kind は JSON、JSON_MIN、CONLL2003 など)。"""
        path = f"/api/projects/{project}/export"
        parameters = {"exportType": kind, "download_all_tasks": "true"}
        response = self.client.get(path, params=parameters)
        if response.is_error:
            raise RoundTripError(
                f"{kind} で書き出せませんでした: {response.status_code}\n"
                f"{response.text[:500]}"
            )
        return response.text

    def invite(self, email: str) -> Account:
        """招待の URL で 2 人めの利用者を登録し、その人として操作できるようにする。"""
        link = self.call("GET", "/api/invite")["invite_url"]
        with httpx.Client(
            base_url=self.client.base_url, timeout=_TIMEOUT, trust_env=False
        ) as browser:
            browser.get(link)
            form = {
                "csrfmiddlewaretoken": browser.cookies.get("csrftoken", ""),
                "email": email,
                "password": secrets.token_urlsafe(16),
                "allow_newsletters": "false",
            }
            headers = {"Referer": str(self.client.base_url)}
            browser.post(link, data=form, headers=headers)
            answer = browser.get("/api/current-user/token")
            if answer.is_error:
                raise RoundTripError(
                    f"2 人めの利用者 {email} を登録できませんでした "
                    f"({answer.status_code})。"
                )
            return Account(str(self.client.base_url), answer.json()["token"])
