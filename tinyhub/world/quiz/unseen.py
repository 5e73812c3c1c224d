"""訓練データにも事前学習の文章にもない言い換えと枠だけで書いた、作品についての問題。

語の対応を覚えただけのモデルがどこまで通じるかを見るためのもので、結果は参考として
報告するだけにする。
"""

from dataclasses import dataclass
from random import Random

from tinyhub.world.quiz.items import Item, by_values, items
from tinyhub.world.quiz.passages import passage_ids

UNSEEN_SEED = 2022
KINDS = {
    "映画": "暗い客席で鑑賞するもの",
    "ドラマ": "夜のお茶の間で次の回が待たれるもの",
    "舞台": "カーテンコールで拍手を浴びるもの",
    "アニメ": "何千枚もの絵を重ねて動かすもの",
    "小説": "活字で読み進める架空の話",
    "漫画": "墨とペンで連載されるもの",
    "ゲーム": "ボタンを押して楽しむ娯楽",
    "アルバム": "レコード店に置かれる曲集",
}
THEMES = {
    "家族の再会": "生き別れた身内との対面",
    "離れた友との約束": "遠方の親友への誓約",
    "失われた町の記憶": "地図から消えたふるさと",
    "小さな旅館の四季": "客をもてなす湯治場の移ろい",
    "音楽に打ち込む若者": "ギターを抱えた少年たち",
    "古い事件の謎": "迷宮入りした過去の真相",
    "宇宙への憧れ": "地球の外へ出たいという願い",
    "料理人の修業": "まかないから始まる下積み",
    "動物と子どもの友情": "幼子とけものの心の通い合い",
    "二つの村の争い": "境界をめぐる里どうしのけんか",
    "夜の図書館の秘密": "書架の奥で月夜に起きる怪",
    "海を渡る船乗り": "甲板に立つ航海士の冒険",
}
_CLAUSES = ("{t}を扱った", "{t}が中心に据えられた", "{t}に迫る")
_ENDINGS = ("の題名を当ててください。", "を答えよ。", "、その名は?")


@dataclass(frozen=True)
class UnseenQuestion:
    """問題と正解と、根拠のパッセージの番号。"""

    question: str
    answers: tuple[str, ...]
    gold: int


def _only_one(item: Item) -> bool:
    index = by_values("work")
    keys = [(name, item.values[name].key) for name in ("kind", "theme")]
    # 種別と主題だけで決まる作品は少ないので、時期も手がかりにする。
    keys.append(("year", item.values["year"].oblique_key))
    return frozenset.intersection(*(index[key] for key in keys)) == {item.name}


def heldout_parts(rows: int, seed: int = UNSEEN_SEED) -> list[UnseenQuestion]:
    """テスト用の作品についての問題を rows 問つくる (書き方の数までは重ならない)。"""
    rng = Random(f"quiz-unseen/{seed}")
    pool = [i for i in items() if i.type == "work" and i.split == "test"]
    usable = [item for item in pool if _only_one(item)]
    made: dict[str, UnseenQuestion] = {}
    while len(made) < rows:
        item = rng.choice(usable)
        theme = rng.choice(_CLAUSES).format(t=THEMES[item.values["theme"].key])
        when = item.values["year"].oblique[0]
        text = f"{when}に生まれ、{theme}、{KINDS[item.values['kind'].key]}"
        text += rng.choice(_ENDINGS)
        gold = passage_ids()[item.name, 0]
        made[text] = UnseenQuestion(text, item.answers(), gold)
    return list(made.values())
