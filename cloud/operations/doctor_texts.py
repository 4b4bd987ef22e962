"""What the doctor says: what is wrong, where, and what to do. Chinese, then English."""

from typing import Final

from firmware_specs.language import chinese, said

# Check -> its name.
NAMES: Final[dict[str, tuple[str, str]]] = {
    "cloud": ("云端", "cloud"),
    "database": ("数据库", "database"),
    "migrations": ("数据库结构", "migrations"),
    "disk": ("磁盘", "disk"),
    "clock": ("时钟", "clock"),
    "partitions": ("读数分区", "partitions"),
    "broker": ("消息服务器", "broker"),
    "files": ("打开文件上限", "open files"),
    "keys": ("密钥文件", "keys"),
    "ports": ("端口", "ports"),
    "programs": ("程序", "programs"),
    "canary": ("全链路自检", "canary"),
    "backup": ("备份", "backup"),
    "notifications": ("通知渠道", "notifications"),
    "gateways": ("网关", "gateways"),
}
_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "good": ("正常", "ok"),
    "wrong": ("异常", "WRONG"),
    "all_good": ("一切正常。", "Everything is in order."),
    "not_running": (
        "{path} 上没有运行。请运行 carebed-cloud up（或 systemctl start carebed-cloud）。",
        "nothing runs on {path}. Run carebed-cloud up (or systemctl start carebed-cloud).",
    ),
    "running": ("{path}，进程 {pid}", "{path}, process {pid}"),
    "database_away": (
        "连接不上：{reason}。请检查 PostgreSQL 是否运行、地址与密码是否正确。",
        "cannot be reached: {reason}. Check that PostgreSQL runs, its address and password.",
    ),
    "database_old": (
        "PostgreSQL {version} 过旧。请升级到 15 或更新。",
        "PostgreSQL {version} is too old. Upgrade it to 15 or newer.",
    ),
    "database_good": ("PostgreSQL {version}，{mib} MiB", "PostgreSQL {version}, {mib} MiB"),
    "migrations_missing": (
        "缺少 {missing} 个迁移（最后一个是 {last}）。请运行 carebed-cloud migrate。",
        "{missing} migrations are missing (the last one applied is {last}). Run carebed-cloud migrate.",
    ),
    "migrations_newer": (
        "数据库比本程序新（{last} > {wanted}）。请安装同样新的程序。",
        "the database is newer than this program ({last} > {wanted}). Install a program as new as it is.",
    ),
    "migrations_good": ("{last} 个，全部已应用", "all {last} are applied"),
    "disk_low": (
        "{path} 只剩 {free} GiB（{percent} %）。请扩容，或缩短保留时间、移走旧备份。",
        "{path} has {free} GiB left ({percent} %). Enlarge it, or move old copies away.",
    ),
    "disk_fills": (
        "按目前速度，{path} 将于 {at} 写满。请扩容，或缩短读数保留时间：carebed-cloud storage --keep {days}",
        "{path} is full on {at} at this pace. Enlarge it, or keep less: carebed-cloud storage --keep {days}",
    ),
    "disk_good": ("{path} 剩余 {free} GiB（{percent} %）", "{free} GiB free on {path} ({percent} %)"),
    "clock_off": (
        "数据库主机与本机相差 {skew} 秒。请在两台机器上启用时间同步（chrony）。",
        "the database's host and this one differ by {skew} s. Let both keep time (chrony).",
    ),
    "clock_good": ("与数据库主机相差 {skew} 秒", "{skew} s beside the database's host"),
    "readings_missing": (
        "仍缺备份中 {count} 个分区的读数：carebed-cloud backup readings 文件夹（无法找回：--give-up）",
        "{count} pieces of a copy are not back: carebed-cloud backup readings FOLDER (if lost: --give-up)",
    ),
    "partitions_end": (
        "{table} 的分区只到 {until}。请确认 carebed-cloud work 在运行，查看它的日志。",
        "partitions of {table} end at {until}. See that carebed-cloud work runs, and its log.",
    ),
    "partitions_good": ("已备至 {until}", "they stand until {until}"),
    "broker_unknown": (
        "不知道地址。请设置 CAREBED_BROKER_URL，或用 --data-dir 指明正在运行的云端。",
        "no address is known. Set CAREBED_BROKER_URL, or name a running cloud with --data-dir.",
    ),
    "broker_away": (
        "{place} 连接不上：{reason}。请检查它是否运行、防火墙与地址。",
        "{place} cannot be reached: {reason}. Check that it runs, the firewall and the address.",
    ),
    "broker_refuses": (
        "{place} 拒绝了用户 {user}。请用 carebed-cloud admin broker-config 重写其用户表并让它重新读取。",
        "{place} does not let {user} in. Write its users with carebed-cloud admin broker-config, reload it.",
    ),
    "broker_good": ("{place} 接受 {user}", "{place} lets {user} in"),
    "files_few": (
        "消息服务器最多打开 {limit} 个文件，不够 {gateways} 个网关。请提高 LimitNOFILE 或 ulimit -n。",
        "the broker may open {limit} files, too few for {gateways} gateways."
        " Raise LimitNOFILE (systemd) or ulimit -n.",
    ),
    "files_good": ("{limit} 个，够 {gateways} 个网关", "{limit}, enough for {gateways} gateways"),
    "key_missing": (
        "{path} 不存在。没有它，身份证号与门锁密码无法读取；请从密钥备份恢复。",
        "{path} is missing. Without it ID numbers and door codes cannot be read; copy it back.",
    ),
    "key_open": (
        "{path} 可被他人读取。请运行 chmod 600 {path}",
        "{path} can be read by others. Run chmod 600 {path}",
    ),
    "keys_good": ("只有本用户能读取", "readable by this user alone"),
    "port_silent": (
        "{url} 不应答。请查看 carebed-cloud api 的日志。",
        "{url} does not answer. See the log of carebed-cloud api.",
    ),
    "port_good": ("{url} 应答正常", "{url} answers"),
    "program_silent": (
        "{program} 已静默 {age}。请查看它的日志（journalctl -u carebed-cloud）。",
        "{program} has been silent for {age}. See its log (journalctl -u carebed-cloud).",
    ),
    "program_never": (
        "{program} 从未运行过。请启动它。",
        "{program} has never run. Start it.",
    ),
    "programs_good": ("ingest、work 都在运行", "ingest and work live"),
    "canary_off": (
        "没有运行（--no-canary），链路中断时无人知道。请让它运行。",
        "does not run (--no-canary): nobody notices a broken road. Let it run.",
    ),
    "canary_red": (
        "自 {since} 起链路中断或变慢（{reason}）。请先看上面的异常项。",
        "the road has been broken or slow since {since} ({reason}). See what else is wrong above.",
    ),
    "canary_old": (
        "上次按下是 {age} 前。请查看 carebed-cloud canary 的日志。",
        "the last press was {age} ago. See the log of carebed-cloud canary.",
    ),
    "canary_good": ("{age} 前按下，用时 {took} 毫秒", "pressed {age} ago, took {took} ms"),
    "backup_none": (
        "{path} 中没有备份。请启用 carebed-backup.timer，或用 --backups 指出备份文件夹。",
        "there is no copy in {path}. Enable carebed-backup.timer, or name the folder with --backups.",
    ),
    "backup_old": (
        "{path} 中最新的备份是 {age} 前的。请运行 systemctl status carebed-backup。",
        "the newest copy in {path} is {age} old. See systemctl status carebed-backup.",
    ),
    "backup_good": ("最新的是 {age} 前的", "the newest is {age} old"),
    "providers_bad": ("{reason}", "{reason}"),
    "providers_none": (
        "没有配置：不会打电话、发短信。请填写 notifications.toml（见 notifications.example.toml）。",
        "none is configured: nobody is called or texted."
        " Write notifications.toml (see notifications.example.toml).",
    ),
    "providers_good": ("{channels}", "{channels}"),
    "gateways_silent": (
        "{count}/{all} 个离线超过 15 分钟，最早的：{ids}。请在管理页查看，派技术员上门。",
        "{count} of {all} have been offline for more than 15 min, longest: {ids}."
        " See /admin, send a technician.",
    ),
    "gateways_never": (
        "{count} 个登记后从未上线：{ids}。请检查安装与密钥。",
        "{count} were registered and never came online: {ids}. Check installation and secret.",
    ),
    "gateways_good": ("{all} 个，没有长时间离线的", "{all}, none offline for long"),
}


def say(key: str, **values: object) -> str:
    """The sentence in the caller's language."""
    return said(_TEXTS[key], values)


def name(check: str) -> str:
    """What a check is called."""
    return NAMES[check][0 if chinese() else 1]
