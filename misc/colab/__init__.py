"""Google Colab の環境との突き合わせ。

インストールの行が、入っているものを入れ替えないこと。
渡している引数が、Colab の版にもあること。
調べ直しは `python -m misc.colab check` (ネットワークを使う)。
make test は、その記録だけを読む。
"""
