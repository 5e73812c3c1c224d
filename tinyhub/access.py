"""誰が何をしてよいか: token、名前空間、利用条件への同意。"""

from __future__ import annotations

from starlette.requests import Request

from tinyhub.cards import FIXED_DATE
from tinyhub.tree import Repo
from tinyhub.up import TOKEN, USER
from tinyhub.wire import HubError, Reply


def viewer(request: Request) -> str | None:
    """要求した人の名前。token なしなら None、知らない token なら 401。"""
    authorization = request.headers.get("authorization")
    if authorization is None:
        return None
    if authorization == f"Bearer {TOKEN}":
        return USER
    raise HubError(
        401,
        "token が正しくありません。練習用 Hub の token は環境変数 HF_TOKEN に"
        "入っています。",
        # クライアントは、この英文かどうかで「リポジトリがない」と区別する。
        header_message="Invalid credentials in Authorization header",
    )


def require_token(request: Request) -> None:
    """token なしなら 401。"""
    if viewer(request) is None:
        raise HubError(
            401,
            "push などの書き込みには token が必要です。環境変数 HF_TOKEN を設定するか、"
            "huggingface_hub.login() でログインしてください。",
        )


def require_owner(repo_id: str) -> None:
    """自分の名前の下でなければ 403。"""
    namespace = repo_id.split("/")[0]
    if namespace != USER:
        raise HubError(
            403,
            f"「{namespace}」の下には書き込めません。"
            f"自分の名前「{USER}」の下に push してください"
            f' (パラメータ hub_user を "{USER}" にします)。',
        )


def refuse_gated(request: Request, repo: Repo) -> None:
    """同意の要るリポジトリのファイルを断る。"""
    if not repo.meta.gated or viewer(request) == repo.namespace:
        return
    where = f"https://huggingface.co/{repo.id}"
    raise HubError(
        401 if viewer(request) is None else 403,
        f"{repo.id} は利用条件への同意が必要です。本物の Hub では {where} で同意し、"
        "token を付けて読み込みます。",
        "GatedRepo",
    )


def auth_check(request: Request, repo: Repo, *, write: bool) -> Reply:
    """読み書きしてよいかだけを答える。"""
    refuse_gated(request, repo)
    if write:
        require_token(request)
        require_owner(repo.id)
    return Reply.of_json({"success": True})


def whoami(request: Request) -> Reply:
    """token の持ち主。"""
    if viewer(request) is None:
        raise HubError(
            401, "token がありません。環境変数 HF_TOKEN を設定してください。"
        )
    access = {"displayName": "tinyhub", "role": "write", "createdAt": FIXED_DATE}
    return Reply.of_json(
        {
            "type": "user",
            "id": "0" * 24,
            "name": USER,
            "fullname": "練習用の利用者",
            "email": None,
            "isPro": False,
            "orgs": [],
            "auth": {"type": "access_token", "accessToken": access},
        }
    )
