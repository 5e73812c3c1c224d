"""Label Studio を実際に動かし、6.4 節の手順を端から端まで確かめる (make label-studio)。

環境 (environment) → サーバー (server) → 操作 (api) の順に小さい部品があり、
round_trip が、人工の文 (sentences) を読み込ませ、注釈し、書き出し、元と照合する。
結果は record/ にあり、単体テストはこれを読むだけで、Label Studio を動かさない。
"""
