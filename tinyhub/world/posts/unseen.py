"""訓練データにも事前学習の文章にも使わない部品。

書き出し・構文・話題・結びがすべて新しい投稿を作るためのもので、結果は参考として
報告するだけにする。
"""

from tinyhub.world.posts.clauses import Construct
from tinyhub.world.posts.scenes import Facet

OPENERS = (
    "手短に書くと、",
    "率直なところ、",
    "これは声を大にして言うが、",
    "朝っぱらから何だけど、",
    "備忘録として。",
    "通りすがりの意見ですが、",
    "長文になる前にまとめると、",
    "世間の評価は知らないが、",
    "家に着いて一息ついた。",
    "話は変わりますが、",
)
CLOSERS = (
    "ではまた。",
    "ご参考までに。",
    "異論は認めます。",
    "電池が切れそう。",
    "次は明後日。",
    "返信はいりません。",
    "以下、余談。",
    "猫が呼んでいる。",
)
CONSTRUCTS = (
    Construct("unseen_fit", "{t}には{base}という言葉がぴったり", 1, "noun", "unseen"),
    Construct("unseen_met", "{attr}{n}に出会ってしまった", 1, "verb", "unseen"),
    Construct("unseen_vote", "{t}が{base}という点に一票", 1, "noun", "unseen"),
    Construct("unseen_sum", "{t}、要するに{now}", 1, "plain", "unseen"),
    Construct("unseen_strain", "{t}を{base}と呼ぶのは無理がある", -1, "verb", "unseen"),
    Construct("unseen_doubt", "{t}が{base}とは首を縦に振れない", -1, "nai", "unseen"),
    Construct("unseen_record", "{t}が{past}ためしがない", -1, "nai", "unseen"),
    Construct("unseen_bit", "{t}には{attr}ところが一つもない", -1, "nai", "unseen"),
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FACETS = (
    Facet(
        "unseen_drink",
        _words("抹茶ラテ 味噌汁 レモネード 甘酒 ミルクティー"),
        _words("美味しい うまい 絶品 上品 濃厚 最高"),
        _words("まずい 味気ない 水っぽい 微妙 残念"),
        "もの",
    ),
    Facet(
        "unseen_lecture",
        _words("講演 朗読会 落語 紙芝居 人形劇"),
        _words("面白い 感動的 素晴らしい 見事 斬新"),
        _words("つまらない 退屈 単調 古臭い 陳腐"),
        "もの",
    ),
    Facet(
        "unseen_tool",
        _words("電動ドライバー 三脚 寝袋 裁縫箱 双眼鏡"),
        _words("便利 使いやすい 丈夫 優秀 完璧"),
        _words("不便 使いにくい もろい 粗末 重たい"),
        "品",
    ),
)
