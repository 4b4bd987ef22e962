"""What the cloud's command line says to people: Chinese where the locale is Chinese, else English."""

from typing import Final

from firmware_specs.language import said

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "port_busy": (
        "端口 {host}:{port}（{what}）已被占用：{reason}。请停掉占用它的程序，或用 {option} 换一个端口。",
        "Port {host}:{port} ({what}) cannot be opened: {reason}. Stop the program that holds it,"
        " or choose another with {option}.",
    ),
    "data_busy": (
        "数据文件夹 {path} 已由进程 {pid} 使用。请先停掉它，或用 --data-dir 换一个文件夹。",
        "The data folder {path} is in use by process {pid}. Stop it, or choose another with --data-dir.",
    ),
    "data_unusable": (
        "不能使用数据文件夹 {path}：{reason}。请改正权限，或用 --data-dir 换一个文件夹。",
        "The data folder {path} cannot be used: {reason}. Correct its permissions,"
        " or choose another with --data-dir.",
    ),
    "host_open": (
        "--host {host} 不是本机回环地址：未配置 TLS 时只在本机监听。请在前面放一个 TLS 反向代理。",
        "--host {host} is not a loopback address: without TLS everything listens on this machine only."
        " Put a TLS proxy in front of it.",
    ),
    "name_bad": (
        "{name} 的值 {value!r} 无效：用 1 到 64 个小写字母、数字或连字符。",
        "{name} is {value!r}: use 1 to 64 lower-case letters, digits or hyphens.",
    ),
    "url_bad": ("{option} 无效：{reason}", "{option} is not valid: {reason}"),
    "backup_exists": (
        "{path} 已存在。请换一个新文件夹，备份从不覆盖旧的。",
        "{path} exists already. Name a new folder: a copy never overwrites another.",
    ),
    "backup_failed": ("不能写入 {path}：{reason}", "{path} cannot be written: {reason}"),
    "backup_unreadable": (
        "{path} 不是完整的备份：{reason}",
        "{path} is not a whole copy: {reason}",
    ),
    "backup_damaged": (
        "备份已损坏：{path} 与清单中的校验和不符。请用另一份备份。",
        "The copy is damaged: {path} has another checksum than its manifest says. Use another copy.",
    ),
    "backup_good": ("备份 {path} 完好，始于 {at}", "The copy {path} is whole; it began at {at}"),
    "backup_made": ("已备份到 {path}（{mib} MiB）", "Copied to {path} ({mib} MiB)"),
    "backup_keys": (
        "注意：备份不含密钥。没有密钥，身份证号和门锁密码无法恢复；请用 --keys 另存到别处。",
        "Note: the copy holds no keys. Without them ID numbers and door codes are lost;"
        " copy them to a place of their own with --keys.",
    ),
    "key_differs": (
        "{path} 已有另一把密钥，未覆盖。请换一个文件夹。",
        "{path} holds another key already and was not overwritten. Name another folder.",
    ),
    "tool_missing": (
        "找不到 PostgreSQL {version} 的 {name}。请安装 postgresql-client-{version}。",
        "{name} of PostgreSQL {version} was not found. Install postgresql-client-{version}.",
    ),
    "tool_failed": ("{name} 失败：{reason}", "{name} failed: {reason}"),
    "restore_not_empty": (
        "目标数据库不是空的，未作任何改动。请恢复到新的数据文件夹或空数据库。",
        "The database is not empty and was left as it is."
        " Restore into a new data folder or an empty database.",
    ),
    "restore_keys": (
        "缺少密钥 {path}。请用 --keys 指出备份时另存的密钥文件夹。",
        "The key {path} is missing. Name the folder that the keys were copied to with --keys.",
    ),
    "restored": (
        "已从 {path} 恢复；启动后将向 {gateways} 个网关要求补发备份之后的数据。",
        "Restored from {path}; once started, {gateways} gateways are asked for everything since the copy.",
    ),
    "restored_desk": (
        "读数尚未恢复。启动后运行：carebed-cloud backup readings {path}",
        "The readings are not back yet. Once started, run: carebed-cloud backup readings {path}",
    ),
    "readings_given_up": (
        "不再等待 {pieces} 个分区的读数",
        "{pieces} pieces of readings are waited for no more",
    ),
    "readings_back": ("读数已全部找回（{pieces} 个分区）", "All readings are back ({pieces} pieces)"),
    "setting_missing": (
        "缺少环境变量 {name}。`carebed-cloud up` 会为它的子进程设置；单独运行时请自行设置。",
        "The variable {name} is missing. `carebed-cloud up` sets it for its children; else set it yourself.",
    ),
    "basemap_unreadable": (
        "底图配置 {path} 无法使用：{reason}",
        "The basemap file {path} cannot be used: {reason}",
    ),
    "basemap_missing": (
        '底图配置 {path}：kind = "{kind}" 需要填写 {name}',
        'The basemap file {path}: kind = "{kind}" needs the key {name}',
    ),
    "basemap_needless": (
        '底图配置 {path}：kind = "{kind}" 不使用 {name}，请删除',
        'The basemap file {path}: kind = "{kind}" has no use for the key {name}; remove it',
    ),
    "basemap_wgs84": (
        '底图配置 {path}：kind = "{kind}" 的坐标系只能是 WGS84，请先转换数据',
        'The basemap file {path}: kind = "{kind}" is always crs = "WGS84"; convert the data first',
    ),
    "basemap_bd09": (
        "底图配置 {path}：BD09 瓦片的切分方式不同，xyz 不支持；请用 WGS84 或 GCJ02 的瓦片",
        "The basemap file {path}: tiles in BD09 are cut in another grid; use tiles in WGS84 or GCJ02",
    ),
    "basemap_url": (
        "底图配置 {path}：{name} 应形如 https://主机/{{z}}/{{x}}/{{y}}.png，现为 {url}",
        "The basemap file {path}: {name} must look like https://host/{{z}}/{{x}}/{{y}}.png, and is {url}",
    ),
    "basemap_subdomains": (
        "底图配置 {path}：{name} 含有 {{s}} 时须填写 subdomains，反之亦然；现为 {url}",
        "The basemap file {path}: {name} has {{s}} exactly where subdomains are given; it is {url}",
    ),
    "basemap_layer": (
        "底图配置 {path}：{layer} 不是可用的 GeoJSON FeatureCollection（{reason}）",
        "The basemap file {path}: {layer} is no usable GeoJSON FeatureCollection ({reason})",
    ),
    "basemap_archive": (
        "底图配置 {path}：{file} 不是可读的 PMTiles v3 文件（{reason}）",
        "The basemap file {path}: {file} is no readable PMTiles v3 file ({reason})",
    ),
    "not_running": (
        "{path} 中没有正在运行的云端。请先运行 carebed-cloud up，或用 --database-url 指明数据库。",
        "No cloud runs on {path}. Start `carebed-cloud up` first, or name the database with --database-url.",
    ),
    "database_failed": ("数据库不可用：{reason}", "The database cannot be used: {reason}"),
    "start_failed": (
        "{name} 没有启动：{reason}。详情见 {log}",
        "{name} did not start: {reason}. Details are in {log}",
    ),
    "mosquitto_missing": (
        "本机没有安装 mosquitto，请运行 sudo apt install mosquitto",
        "mosquitto is not installed here; run sudo apt install mosquitto",
    ),
    "replay_span": ("--from 须早于 --to", "--from must lie before --to"),
    "replay_summary": (
        "规则 {rule_version}：相同 {same}，级别改变 {changed}，新增 {new}，不再报警 {gone}",
        "rules {rule_version}: {same} the same, {changed} of another priority, {new} new, {gone} gone",
    ),
    "time_bad": (
        "{option} {given} 不是带时区的时间，例如 2026-01-01T00:00+08:00",
        "{option} {given} is no time with a zone, such as 2026-01-01T00:00+08:00",
    ),
    "rules_file_bad": (
        "规则文件 {path} 不可用：{reason}",
        "The rules file {path} cannot be used: {reason}",
    ),
    "not_ready": ("{name} 未就绪：{reason}", "{name} is not ready: {reason}"),
    "migrated": ("已应用：{names}", "applied: {names}"),
    "migrated_none": ("数据库已是最新", "the database is up to date"),
}


def text(key: str, **values: object) -> str:
    """The sentence in the caller's language."""
    return said(_TEXTS[key], values)
