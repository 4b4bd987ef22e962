# CareBed: `make demo` to see it, `make test` to prove it. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSOLE := cloud/console
EXTRAS := --extra edge --extra bluetooth --extra cloud --extra simulators
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

.PHONY: rolling-upgrade time-travel help setup setup-dev demo test check generate lock evaluate bench-alarm bench-screen soak-screen bench-edge bench-home bench-watches damage power-cut bench-storm bench-ingest bench-burst bench-city bench-growth bench-lanes bench-trend bench-restore soak-desk chaos chaos-cluster conformance walk bench-homes fuzz-drivers clean

help: ## 列出命令 / list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

# What the project needs to run: locked, with hashes; then the project itself, which builds the console.
$(VENV)/.run: requirements.lock requirements-node.lock pyproject.toml cloud/console/package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python 3.11 以上 / Python 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "请先安装 python3-venv: sudo apt install python3-venv / install python3-venv first" >&2; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>20||(a===20&&b>=19)?0:1)' 2>/dev/null \
		|| $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.evaluation: $(VENV)/.run requirements-evaluation.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-evaluation.lock
	@touch $@

setup: $(VENV)/.run ## 安装运行所需 / install what running needs
setup-dev: $(VENV)/.dev ## 安装开发与测试所需 / install what tests and checks need

demo: $(VENV)/.run ## 启动演示小镇 / start a small town of care beds
	$(BIN)/carebed-sim demo $(ARGS)

test: export PYTHONDONTWRITEBYTECODE := # the tests start very many programs: they are compiled once
test: $(VENV)/.dev ## 全部测试 / the whole test suite
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/.dev ## 格式、静态检查、类型、依赖方向、契约 / format, lint, types, import contracts, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m firmware_specs --check
	$(BIN)/python $(CONSOLE)/build_hook.py check

generate: $(VENV)/.dev ## 由源头重新生成契约与客户端 / regenerate schemas, asyncapi.yaml and the console's API client
	$(BIN)/python -m firmware_specs
	$(BIN)/python $(CONSOLE)/build_hook.py generate

lock: $(VENV)/.dev ## 重新锁定依赖 / lock the dependencies again
	$(BIN)/uv pip compile -q pyproject.toml $(EXTRAS) --group build --universal --generate-hashes --no-header -o requirements.lock
	$(BIN)/uv pip compile -q pyproject.toml $(EXTRAS) --group build --group dev -c requirements.lock --universal --generate-hashes --no-header -o requirements-dev.lock
	$(BIN)/uv pip compile -q pyproject.toml --extra evaluation -c requirements-dev.lock --universal --generate-hashes --no-header -o requirements-evaluation.lock
	$(BIN)/uv pip compile -q --group node --universal --generate-hashes --no-header -o requirements-node.lock

evaluate: $(VENV)/.evaluation ## 在真实录音上测量（DATA=目录；FROZEN=1 不训练）/ measure the detectors on recordings, DATA=folder; FROZEN=1: shipped weights, no training
	$(BIN)/python -m tests.evaluation $(DATA)

bench-alarm: $(VENV)/.dev ## 报警到屏幕的时间 / press at the device's port -> case at a WebSocket client
	$(BIN)/python -m tests.benchmarks.bench_alarm $(ARGS)

bench-screen: $(VENV)/.dev ## 报警到屏幕画出的时间（需 chromium）/ press at the device's port -> row painted in Chromium
	$(BIN)/python -m tests.benchmarks.bench_screen $(ARGS)

soak-screen: $(VENV)/.dev ## 一个页面连续十二小时的内存（需 chromium）/ twelve hours in one tab: does its heap grow
	$(BIN)/python -m tests.benchmarks.soak_screen $(ARGS)

bench-edge: $(VENV)/.dev ## 网关的内存、启动与流量 / the agent's memory, start and traffic
	$(BIN)/python -m tests.benchmarks.bench_edge $(ARGS)

bench-home: $(VENV)/.dev ## 四十台设备一家：内存、CPU、写卡量 / forty devices in a home: memory, processor, card writes
	$(BIN)/python -m tests.benchmarks.bench_home $(ARGS)

bench-watches: $(VENV)/.dev ## 5,000 块手表连一个网关 / 5,000 watches at one protocol gateway
	$(BIN)/python -m tests.benchmarks.bench_watches $(ARGS)

damage: $(VENV)/.dev ## 把网关的存储弄坏 3,000 次 / damage a gateway's files 3,000 times
	CAREBED_DAMAGE_TRIALS=3000 $(BIN)/python -m pytest -q tests/edge/test_outbox_damage.py

power-cut: $(VENV)/.dev ## 网关断电 200 次，未落盘的写入全丢（需 cc）/ 200 power cuts, unsynchronised writes forgotten
	$(BIN)/python -m tests.benchmarks.power_cut $(ARGS)

bench-storm: $(VENV)/.dev ## 5,000 条报警的风暴 / 5,000 alarms in 60 s -> every P1 on the screen, the rest grouped
	$(BIN)/python -m tests.benchmarks.bench_storm $(ARGS)

bench-ingest: $(VENV)/.dev ## 读数入库速度，对照 COPY 与 mq-bridge（需 mosquitto）/ a backlog of readings -> committed rows
	$(BIN)/python -m tests.benchmarks.bench_ingest $(ARGS)

bench-burst: $(VENV)/.dev ## 两百个报警同时到达 / two hundred calls for help at once -> stored and answered
	$(BIN)/python -m tests.benchmarks.bench_burst $(ARGS)

bench-city: $(VENV)/.dev ## 一座城市：14,800 个网关同时在线（ARGS=--steps 加到极限）/ 14,800 gateways connected, events to a screen
	$(BIN)/python -m tests.benchmarks.bench_city $(ARGS)

bench-growth: $(VENV)/.dev ## 写到一亿条读数速度是否不变（约 12 GB 磁盘）/ does writing stay level up to 100 million readings
	$(BIN)/python -m tests.benchmarks.bench_growth $(ARGS)

bench-lanes: $(VENV)/.dev ## 读数积压时报警的时间 / an SOS while a backlog of readings is drained
	$(BIN)/python -m tests.benchmarks.bench_lanes $(ARGS)

bench-trend: $(VENV)/.dev ## 一张床三十天的曲线、全城最新读数 / a month of one bed, last values of a city
	$(BIN)/python -m tests.benchmarks.bench_trend $(ARGS)

bench-restore: $(VENV)/.dev ## 一座城市从备份恢复到可接警的时间 / a city's copy -> the desk works again, readings after
	$(BIN)/python -m tests.benchmarks.bench_restore $(ARGS)

soak-desk: $(VENV)/.dev ## 接警台模型随机演练一万轮 / the model of the desk, 10,000 random runs on a real database
	$(BIN)/python -m tests.benchmarks.soak_desk $(ARGS)

chaos: $(VENV)/.dev ## 全部故障，一条不丢（SEEDS=1,2,3）/ every fault of a table under load: nothing lost, nothing doubled
	$(BIN)/python -m tests.benchmarks.chaos --seeds $(or $(SEEDS),1) $(ARGS)

chaos-cluster: $(VENV)/.dev ## 三节点 NATS，逐个杀死 / three nats-servers, nodes are killed under load
	$(BIN)/python -m tests.benchmarks.chaos_cluster $(ARGS)

rolling-upgrade: $(VENV)/.dev ## 负载下逐个替换程序十轮，一条不丢 / replace each program ten times under load
	CAREBED_UPGRADES=10 $(BIN)/python -m pytest -q -s tests/scenarios/test_rolling_upgrade.py

time-travel: $(VENV)/.dev ## 存储走过四百三十天：跨月、跨年、闰日 / storage over 430 days: month and year ends, a leap day
	CAREBED_DAYS=430 $(BIN)/python -m pytest -q -s tests/cloud/telemetry/test_time_travel.py

conformance: $(VENV)/.dev ## 设备报文一致性（VECTORS=样本文件夹）/ every driver over a folder of sample messages
	@$(BIN)/python -m tests.conformance $(VECTORS) $(ARGS)

walk: $(VENV)/.dev ## 每个驱动一个故事，从设备走到屏幕 / one story a driver, from the device to the screen
	$(BIN)/python -m tests.benchmarks.walk

bench-homes: $(VENV)/.dev ## 模拟家庭 15,000 天：误报、漏报、用时 / 15,000 days of simulated homes: false alarms, missed falls, time to the alarm
	$(BIN)/python -m tests.benchmarks.bench_homes $(ARGS)

fuzz-drivers: $(VENV)/.dev ## 每个驱动吃下一千万个乱字节 / 10 million hostile bytes into every driver
	$(BIN)/python -m tests.benchmarks.fuzz_drivers $(ARGS)

clean: ## 删除构建产物 / delete build outputs
	rm -rf $(VENV) $(CONSOLE)/dist $(CONSOLE)/node_modules build dist .mypy_cache .ruff_cache .pytest_cache
