"""あいさつと雑談のやり取り。"""

import random
from dataclasses import dataclass

from tinyhub.world.facts import World


@dataclass(frozen=True)
class Exchange:
    """利用者の一言と、助手の返事。"""

    user: str
    assistant: str


# 知り合いにしか言わないので、名乗りや出身は続けない。
_AGAIN = "お久しぶりです。"
_GREETINGS = (
    ("こんにちは。", "こんにちは。"),
    ("おはようございます。", "おはようございます。"),
    ("こんばんは。", "こんばんは。"),
    ("はじめまして。", "はじめまして。"),
    (_AGAIN, "お久しぶりです。"),
)
_OFFERS = (
    "何をお手伝いしましょうか。",
    "ご用件をどうぞ。",
    "今日は何をしましょうか。",
    "どうぞ、何でも聞いてください。",
    "どのようなご用件ですか。",
    "お手伝いできることはありますか。",
)
_THANKS = (
    "ありがとうございます。",
    "助かりました。",
    "ありがとう。",
    "とても役に立ちました。",
    "おかげで分かりました。",
    "すぐに答えてくれて助かります。",
)
_WELCOMES = (
    "どういたしまして。",
    "お役に立ててうれしいです。",
    "いつでも聞いてください。",
    "どういたしまして。ほかにもあればどうぞ。",
)
# 頼みごとのない雑談の終わり。
_CHAT_THANKS = (
    "聞いてくれてありがとう。",
    "お話しできてよかったです。",
    "話したら元気が出ました。",
    "ではまた。",
)
_CHAT_WELCOMES = (
    "またお話ししましょう。",
    "わたしも楽しかったです。",
    "いつでもお待ちしています。",
)
_FEELINGS = (
    ("今日はとても疲れました。", "お疲れさまでした。ゆっくり休んでください。"),
    ("明日は試験があります。", "応援しています。今夜は早めに休みましょう。"),
    ("新しい本を買いました。", "それは楽しみですね。どんな本ですか。"),
    ("雨が続いていますね。", "そうですね。早く晴れるとよいですね。"),
    (
        "きのう、友人とけんかしました。",
        "それはつらいですね。よく話し合いましょう。",
    ),
    ("今朝は早く起きました。", "気持ちのよい朝ですね。よい一日になりますように。"),
    ("来週、旅行に行きます。", "いいですね。どちらへ行かれるのですか。"),
    (
        "少しかぜを引いたようです。",
        "お大事に。暖かくして休んでください。",
    ),
    ("料理に失敗してしまいました。", "だれにでもあることです。次はうまくいきますよ。"),
    ("仕事が早く終わりました。", "よかったですね。ゆっくりお過ごしください。"),
    ("庭に朝顔が咲きました。", "きれいでしょうね。何色の花ですか。"),
    ("電車に傘を忘れてしまいました。", "駅の窓口に聞いてみましょう。"),
    ("妹がピアノを習い始めました。", "上手になるのが楽しみですね。"),
    ("朝から雪が降っています。", "足もとに気をつけてお出かけください。"),
    ("部屋の掃除が終わりました。", "お疲れさまでした。気持ちがよいですね。"),
    ("祖母から手紙が届きました。", "うれしいですね。お返事を書きましょう。"),
    ("宿題がなかなか終わりません。", "少しずつ進めましょう。休むことも大切です。"),
    ("来月、町のお祭りがあります。", "にぎやかになりそうですね。"),
)


def greeting(rng: random.Random, places: World) -> Exchange:
    """会話の始まりのあいさつ。"""
    said, reply = rng.choice(_GREETINGS)
    offer = rng.choice(_OFFERS)
    chance = 1.0 if said == _AGAIN else rng.random()
    if chance < 0.35:
        person = rng.choice(places.people)
        said += f"{person.name}といいます。"
        reply += f"{person.name}さん、{offer}"
    elif chance < 0.6:
        town = rng.choice(places.towns).name
        said += rng.choice((f"{town}に住んでいます。", f"{town}から来ました。"))
        reply += f"{town}の方ですね。{offer}"
    else:
        said += rng.choice(("", "少しいいですか。", "お願いがあります。"))
        reply += offer
    return Exchange(said, reply)


def thanks(rng: random.Random, chatted: bool = False) -> Exchange:
    """会話の終わりのお礼。chatted は、頼みごとのない雑談のあと。"""
    if chatted:
        return Exchange(rng.choice(_CHAT_THANKS), rng.choice(_CHAT_WELCOMES))
    return Exchange(rng.choice(_THANKS), rng.choice(_WELCOMES))


def chat(rng: random.Random, places: World, opening: bool = True) -> Exchange:
    """雑談の一往復。opening は、それが会話の始まりであること。"""
    leads = ("", "こんにちは。") if opening else ("", "ところで、", "そういえば、")
    if rng.random() < 0.4:
        person = rng.choice(places.people)
        said = rng.choice(
            (
                f"趣味は{person.hobby}です。",
                f"最近、{person.hobby}を始めました。",
                f"休みの日は{person.hobby}を楽しんでいます。",
                f"父に{person.hobby}を教わりました。",
                f"友人と{person.hobby}の話をしました。",
            )
        )
        reply = rng.choice(
            (
                "すてきですね。",
                "いいですね。",
                "楽しそうですね。",
                "くわしく聞かせてください。",
            )
        )
        return Exchange(said, f"{person.hobby}ですか。{reply}")
    said, answer = rng.choice(_FEELINGS)
    return Exchange(rng.choice(leads) + said, answer)
