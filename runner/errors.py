"""利用者に 1 つの文で知らせる誤り。"""


class RunnerError(ValueError):
    """使い方や入力の誤り。traceback は出さず、文だけを見せて 0 以外で終わる。"""
