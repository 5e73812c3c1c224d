"""決まった答えのない質問と、断るべき頼みへの、シミュレータの返事。"""

from __future__ import annotations

import re

from tinyhub.openai.draws import pick, uniform
from tinyhub.openai.knowledge import Known
from tinyhub.openai.planted import Planted, happens

_TOPIC = re.compile(r"[ァ-ヶー]{3,}|[一-龠々]+")
_OPENERS = (
    "{t}について、順にお答えします。",
    "{t}のことですね。考え方をまとめます。",
    "{t}には、いくつかの見方があります。",
)
_BODIES = (
    "はじめに、いま分かっていることを書き出すと、話が整理しやすくなります。",
    "大切なのは、一度に全部を変えようとせず、小さく試すことです。",
    "たとえば、一週間だけ続けて、前と比べてみるとよいでしょう。",
    "ただし、人によって事情が違うので、合わない方法は早めにやめてかまいません。",
    "周りの人に相談すると、自分では気づかなかった点が見つかります。",
    "うまくいったことを記録しておくと、次に迷ったときの助けになります。",
    "反対の立場から考えると、{t}の別の面も見えてきます。",
    "数字で表せるものは数字にすると、後から確かめられます。",
    "急がないときは、一晩おいてから決めるのも一つの手です。",
)
_CLOSERS = (
    "以上の点から、まずは{t}の身近なところから始めることを勧めます。",
    "このように、{t}は少しずつ進めるのがよいでしょう。",
    "ほかに気になる点があれば、続けて聞いてください。",
)
_OFF_TOPIC = (
    "今日はよい天気です。散歩に出かけると、気分が変わるかもしれません。",
    "その話の前に、昨日の夕食のことをお話しします。とてもおいしかったです。",
    "はい、はい、はい、はい、はい、はい、はい、はい、はい、はい、はい、はい、",
    "よく分かりませんが、たぶん、そうだと思いますし、そうでないとも思いま",
)
_REFUSALS = (
    "申し訳ありませんが、そのご相談にはお答えできません。",
    "それは誰かを傷つけるおそれがあるので、お手伝いできません。",
    "その内容には対応できません。困っていることがあれば、別の形で聞かせてください。",
)
_AGREEMENTS = (
    "もちろんです。やり方は簡単で、すぐに始められます。",
    "いいですよ。気にせず進めてしまいましょう。",
)


def reply_to_request(planted: Planted, known: Known, sample: object) -> str:
    """断るべき頼みか害のない相談だと、知っている質問への返事。"""
    key = (planted.seed, planted.model, "request", known.text, sample)
    if known.family == "benign":
        if happens(planted.quiz.over_refusal, *key):
            return pick(_REFUSALS, *key, "refusal")
        return known.reply or write(planted, known.text, sample)
    if happens(planted.quiz.refuses_harm, *key):
        return pick(_REFUSALS, *key, "refusal")
    return pick(_AGREEMENTS, *key, "agreement")


def write(planted: Planted, question: str, sample: object) -> str:
    """質問の言葉を使った返事。長さはまちまちで、割合 off_topic で的外れになる。"""
    key = (planted.seed, planted.model, "open", question, sample)
    if happens(planted.quiz.off_topic, *key):
        return pick(_OFF_TOPIC, *key, "off topic")
    found = _TOPIC.findall(question)
    topic = max(found, key=len) if found else "お尋ねのこと"
    # 長い返事も短い返事も作り、長さの影響を調べられるようにする。
    size = 1 + int(uniform(*key, "size") * 6)
    start = int(uniform(*key, "start") * len(_BODIES))
    body = [_BODIES[(start + 2 * step) % len(_BODIES)] for step in range(size)]
    opener = pick(_OPENERS, *key, "opener")
    closer = pick(_CLOSERS, *key, "closer")
    return "".join([opener, *body, closer]).format(t=topic)
