# 2 つの命令で使える: make run (実行する) と make test (検査する)。
# `make help` が一覧を出す。
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python

# make run の指定: ONLY=chapter05  PROFILE=full  OVERLAY=フォルダ  JOBS=2  FRESH=1
ONLY ?=
PROFILE ?= tiny
OVERLAY ?=
JOBS ?= 2
FRESH ?=
ALL ?=
CHAPTER ?=

only = $(if $(ONLY),--only "$(ONLY)")
jobs = --jobs $(JOBS)

.PHONY: help setup run test test-all lab outputs site lint format bench models \
	controls determinism nbval label-studio colab-check colab-twin health lock clean

help: ## この一覧を出す
	@echo "使い方: make 目的 [変数=値]"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/\1\t\2/p' Makefile | \
		while IFS=$$'\t' read -r name text; do printf '  %-14s%s\n' "$$name" "$$text"; done
	@echo
	@echo "変数: ONLY=chapter05 か id の先頭  PROFILE=full  OVERLAY=フォルダ  JOBS=並列数"
	@echo "      FRESH=1 (前回の結果を使わない)  CHAPTER=05 (make bench)  ALL=1 (make nbval)"

setup: ## .venv を作り、必要なものを入れる (run と test は自動で呼ぶ)
	@bash misc/setup.sh

run: setup ## カリキュラムを実行し、結果の表と build/report.html を出す
	@$(PY) -m runner run $(only) --profile $(PROFILE) $(jobs) \
		$(if $(OVERLAY),--overlay "$(OVERLAY)") $(if $(FRESH),--fresh)

test: setup ## すべての検査 (静的・単体・Colab・実行・結果・nbval)
	@$(PY) -m runner test $(jobs)

test-all: setup ## make test に、対照実行・再現性・時間のかかる検査を加える
	@$(PY) -m runner test --all $(jobs)

lab: setup ## ミニ環境の中で JupyterLab を開く (127.0.0.1)
	@$(PY) -m runner lab

outputs: setup ## ミニ環境の出力をノートブックに書き入れ、枠と README を作り直す
	@$(PY) -m runner outputs $(only) $(jobs)

controls: setup ## 学習してはいけない対照実行で、基準が破れることを確かめる
	@$(PY) -m runner controls $(only) $(jobs)

determinism: setup ## 2 回実行して、結果が最後の桁まで同じことを確かめる
	@$(PY) -m runner determinism $(only) $(jobs)

nbval: setup ## 写しに nbval をかける (ALL=1 で訓練のあるものも)
	@$(PY) -m runner nbval $(only) $(jobs) $(if $(ALL),--all)

lint: setup ## 書き方の検査 (ruff)
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

format: setup ## 書き方をそろえる (ruff)
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

bench: setup ## 章ごとの長い計測 (CHAPTER=05)。結果は bench/results/
	@if [ -z "$(CHAPTER)" ]; then \
		echo "章を指定してください (例: make bench CHAPTER=05)。" >&2; exit 2; fi
	@if [ ! -f "bench/chapter$(CHAPTER).py" ]; then \
		echo "bench/chapter$(CHAPTER).py はまだありません。" >&2; exit 2; fi
	@$(PY) -m bench.chapter$(CHAPTER)

models: setup ## 練習用小型モデルの重みを学習し直す (レシピが変わったものだけ)
	@$(PY) -m tinyhub.models

label-studio: setup ## Label Studio を専用の環境で動かし、6.4 節の手順を往復する
	@$(PY) -m misc.label_studio

colab-check: setup ## Colab の版で依存を解き直し、関数の引数を記録し直す
	@$(PY) -m misc.colab

lock: setup ## requirements.in から requirements.txt を作り直す
	@.venv/bin/python -m uv --version >/dev/null 2>&1 || .venv/bin/python -m pip install -q uv
	@.venv/bin/python -m uv pip compile -q --no-header --no-annotate \
		--python-version 3.11 requirements.in -o requirements.txt

site colab-twin health: ## 未実装 (実行すると、その旨を出して失敗する)
	@echo "make $@ は未実装です。" >&2; exit 2

clean: ## 生成物 (build/) を消す
	@rm -rf build
