"""世界の文が共有する語彙。形容詞・動詞の活用と、つなぎ・書き出し・結びの言葉。

活用は語形を並べた表ではなく規則で作る。表記のゆれ(「美味しい」「おいしい」)は、
活用する前の辞書形で置き換えるので、どの活用形にも及ぶ。
"""

from dataclasses import dataclass
from typing import Literal

Tense = Literal["present", "past"]
VerbClass = Literal["godan", "ichidan", "suru", "kuru"]


@dataclass(frozen=True)
class Adjective:
    """形容詞。kind は i: 形容詞、na: 形容動詞、no: 「の」で名詞にかかる語。"""

    word: str
    kind: Literal["i", "na", "no"]

    @property
    def stem(self) -> str:
        """活用語尾の付く形。「いい」だけは「よ」に変わる。"""
        if self.kind != "i":
            return self.word
        return self.word[:-2] + "よ" if self._ends_in_good() else self.word[:-1]

    def _ends_in_good(self) -> bool:
        return self.word == "いい" or self.word.endswith(
            ("地いい", "ちいい", "こいい", "コいい")
        )

    def plain(self, tense: Tense = "present") -> str:
        """文を終える形。形容動詞の現在は「だ」を付けない(静か)。"""
        if tense == "past":
            return self.stem + ("かった" if self.kind == "i" else "だった")
        return self.word

    def negative(self, tense: Tense = "present", formal: bool = False) -> str:
        """打ち消し。formal は「じゃ」を「では」にする。"""
        tail = "なかった" if tense == "past" else "ない"
        if self.kind == "i":
            return f"{self.stem}く{tail}"
        return f"{self.word}{'では' if formal else 'じゃ'}{tail}"

    def te(self) -> str:
        """続ける形(美味しくて、静かで)。"""
        return self.stem + ("くて" if self.kind == "i" else "で")

    def adverb(self) -> str:
        """動詞にかかる形(美味しく、静かに)。"""
        return self.stem + ("く" if self.kind == "i" else "に")

    def attributive(self) -> str:
        """名詞にかかる形(美味しい、静かな、最高の)。"""
        return self.word + {"i": "", "na": "な", "no": "の"}[self.kind]

    def conditional(self) -> str:
        """仮定(美味しければ、静かなら)。"""
        return self.stem + ("ければ" if self.kind == "i" else "なら")

    def before_no(self, tense: Tense = "present") -> str:
        """「の」「わけ」の前の形(美味しい、静かな、最高な、静かだった)。"""
        if tense == "past":
            return self.plain("past")
        return self.word + ("" if self.kind == "i" else "な")


_TE_ENDINGS = {
    "う": "って",
    "つ": "って",
    "る": "って",
    "む": "んで",
    "ぶ": "んで",
    "ぬ": "んで",
    "く": "いて",
    "ぐ": "いで",
    "す": "して",
}
_A_ROW = dict(zip("うつるむぶぬくぐす", "わたらまばなかがさ", strict=True))
_I_ROW = dict(zip("うつるむぶぬくぐす", "いちりみびにきぎし", strict=True))


@dataclass(frozen=True)
class Verb:
    """動詞。word は辞書形。"""

    word: str
    group: VerbClass

    def te(self) -> str:
        """て形。"""
        if self.group == "godan":
            if self.word.endswith(("行く", "いく")):
                return self.word[:-1] + "って"
            return self.word[:-1] + _TE_ENDINGS[self.word[-1]]
        return self.stem() + "て"

    def stem(self) -> str:
        """「ます」「たい」の付く形。"""
        if self.group == "godan":
            return self.word[:-1] + _I_ROW[self.word[-1]]
        if self.group == "ichidan":
            return self.word[:-1]
        return self.word[:-2] + ("し" if self.group == "suru" else "来")

    def past(self) -> str:
        """過去の形。"""
        te = self.te()
        return te[:-1] + ("だ" if te.endswith("で") else "た")

    def negative(self, tense: Tense = "present") -> str:
        """打ち消し。"""
        tail = "なかった" if tense == "past" else "ない"
        if self.group == "godan":
            return self.word[:-1] + _A_ROW[self.word[-1]] + tail
        return self.stem() + tail

    def desire(self) -> str:
        """〜たい。"""
        return self.stem() + "たい"

    def volitional(self) -> str:
        """〜よう。"""
        if self.group == "godan":
            row = dict(zip("うつるむぶぬくぐす", "おとろもぼのこごそ", strict=True))
            return self.word[:-1] + row[self.word[-1]] + "う"
        return self.stem() + "よう"


_I_ADJECTIVES = """
美味しい うまい 香ばしい 味わい深い まずい 味気ない しょっぱい 脂っこい
水っぽい 生臭い 粉っぽい 甘ったるい 礼儀正しい 明るい うるさい 汚い 狭苦しい
息苦しい 薄暗い 騒がしい 煙たい 優しい そっけない 冷たい 頼りない かび臭い
面白い 素晴らしい 熱い つまらない 薄っぺらい 安っぽい 古臭い ひどい 美しい
かっこいい 暑苦しい 使いやすい 使いにくい かわいい もろい ダサい 重たい
分かりやすい 分かりにくい 素早い 遅い 物足りない 寂しい 気持ちいい 寒々しい
楽しい しんどい つらい 頼もしい 怖い 嫌味っぽい 嬉しい 悲しい だるい いい
悪い 力強い 情けない 不甲斐ない ばかばかしい みずみずしい 面倒くさい 心地いい
眠たい 危なっかしい くどい 硬い 柔らかい 温かい 若々しい すがすがしい
""".split()
_NA_ADJECTIVES = """
上品 見事 微妙 残念 静か 清潔 おしゃれ 快適 不潔 窮屈 親切 丁寧 気さく
素敵 不親切 雑 無愛想 にこやか 無神経 失礼 偉そう 感動的 斬新 爽快 退屈
陳腐 強引 華やか 繊細 単調 大げさ 平凡 お粗末 便利 丈夫 優秀 不便 不快
迅速 完璧 誠実 いい加減 不誠実 綺麗 幻想的 壮大 爽やか 殺風景 地味 豪華
贅沢 貧相 楽 順調 スムーズ 大変 面倒 苦痛 有意義 刺激的 憂鬱 過酷 穏やか
無責任 意地悪 身勝手 幸せ 平和 散々 みじめ 億劫 不安定 冷静 濃厚 新鮮
適当 高圧的 朗らか 生き生き 不気味 のどか 鮮やか 快調 不調 軽やか 粗末
不自然 自然 贔屓 巧み 下品
""".split()
_NO_ADJECTIVES = (
    "最高 最悪 絶品 期待外れ 絶好調 上々 一流 三流 極上 いまいち 文句なし".split()
)

ADJECTIVES: dict[str, Adjective] = {
    **{word: Adjective(word, "i") for word in _I_ADJECTIVES},
    **{word: Adjective(word, "na") for word in _NA_ADJECTIVES},
    **{word: Adjective(word, "no") for word in _NO_ADJECTIVES},
}

# 辞書形の表記のゆれ。最初のものが標準の表記。
SPELLINGS: dict[str, tuple[str, ...]] = {
    "美味しい": ("美味しい", "おいしい", "オイシイ"),
    "うまい": ("うまい", "旨い", "ウマい"),
    "まずい": ("まずい", "不味い", "マズい"),
    "かわいい": ("かわいい", "可愛い", "カワイイ"),
    "面白い": ("面白い", "おもしろい", "オモシロい"),
    "つまらない": ("つまらない", "ツマラナイ"),
    "楽しい": ("楽しい", "たのしい"),
    "嬉しい": ("嬉しい", "うれしい"),
    "つらい": ("つらい", "辛い", "ツラい"),
    "しんどい": ("しんどい", "シンドい"),
    "ひどい": ("ひどい", "酷い", "ヒドい"),
    "うるさい": ("うるさい", "ウルサい"),
    "汚い": ("汚い", "きたない"),
    "ダサい": ("ダサい", "ださい"),
    "綺麗": ("綺麗", "きれい", "キレイ"),
    "おしゃれ": ("おしゃれ", "オシャレ"),
    "素敵": ("素敵", "すてき", "ステキ"),
    "かっこいい": ("かっこいい", "カッコいい"),
    "いまいち": ("いまいち", "イマイチ"),
    "楽": ("楽", "ラク"),
    "いい": ("いい", "良い"),
}

# 程度の副詞と、その表記のゆれ。
DEGREE_ADVERBS: tuple[tuple[str, ...], ...] = (
    ("すごく", "凄く", "スゴく"),
    ("本当に", "ほんとに", "ホントに"),
    ("めちゃくちゃ", "めっちゃ"),
    ("とても",),
    ("かなり",),
    ("とにかく",),
    ("想像以上に",),
    ("思ったより",),
    ("相変わらず",),
    ("やっぱり", "やっぱ"),
    ("なんだか", "何だか"),
    ("ずいぶん",),
    ("やけに",),
    ("正直",),
    ("びっくりするほど",),
    ("文字どおり",),
    ("意外と", "意外に"),
)
NEGATIVE_ADVERBS: tuple[tuple[str, ...], ...] = (
    ("全然", "ぜんぜん"),
    ("ちっとも",),
    ("少しも",),
    ("まったく", "全く"),
    ("別に",),
    ("そんなに",),
    ("それほど",),
    ("たいして",),
    ("決して",),
    ("あまり", "あんまり"),
)

# 「最高」「絶品」のように程度をもたない語に付けられる副詞。
ABSOLUTE_DEGREES = (
    ("本当に", "ほんとに", "ホントに"),
    ("とにかく",),
    ("やっぱり", "やっぱ"),
    ("相変わらず",),
    ("正直",),
    ("文字どおり",),
)
ABSOLUTE_NEGATIVES = (
    ("全然", "ぜんぜん"),
    ("ちっとも",),
    ("まったく", "全く"),
    ("決して",),
    ("別に",),
)

VERBS: dict[str, Verb] = {
    **{
        word: Verb(word, "godan")
        for word in (
            "行く 通う 頼む 選ぶ 使う 買う 聴く 読む 歩く 話す 会う 待つ 泊まる 乗る"
            " 急ぐ 笑う 泣く 休む 作る 書く 飲む 呼ぶ 運ぶ 住む 働く 学ぶ 探す 移る"
        ).split()
    },
    **{
        word: Verb(word, "ichidan")
        for word in (
            "食べる 見る 寝る 出かける 勧める 開ける 始める 続ける やめる 訪れる 建てる"
            " 育てる 教える 借りる 届ける 知らせる 集める 疲れる 飽きる 満ち足りる"
        ).split()
    },
    **{
        word: Verb(word, "suru")
        for word in (
            "感動する 満足する 納得する 感心する がっかりする 後悔する イライラする"
            " うんざりする 失望する わくわくする 安心する ほっとする 幻滅する 退屈する"
            " 参加する 注文する 旅行する 卒業する 開業する 発売する 紹介する 散歩する"
            " 興奮する うっとりする げんなりする 落胆する"
        ).split()
    },
    "来る": Verb("来る", "kuru"),
}

# 文と文をつなぐ言葉。
TURNS = ("でも、", "しかし、", "ただ、", "けれど、", "とはいえ、", "ところが、")
ADDITIONS = ("しかも、", "それに、", "おまけに、", "そのうえ、", "だから、", "そして、")
