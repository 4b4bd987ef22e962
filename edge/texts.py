"""What the agent says to people: Chinese where the locale is Chinese, else English."""

from typing import Final

from firmware_specs.language import said

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "config_unreadable": (
        "读不到配置文件 {path}：{reason}。请用 --config 指明文件。",
        "Cannot read the configuration {path}: {reason}. Name the file with --config.",
    ),
    "config_syntax": ("{name} 不是有效的 TOML：{reason}", "{name} is not valid TOML: {reason}"),
    "config_invalid": (
        "{name} 第 {line} 行：{reason}。各键的说明见 edge/config.example.toml。",
        "{name} line {line}: {reason}. Each key is explained in edge/config.example.toml.",
    ),
    "url_invalid": (
        "无法理解地址 {url}；应为 mqtt://主机:端口 或 mqtts://主机:端口",
        "cannot read the address {url}; write mqtt://host:port or mqtts://host:port",
    ),
    "secret_missing": (
        "没有网关密钥。请在配置中写 secret_file，或设置环境变量 {variable}。",
        "There is no gateway secret. Set secret_file in the configuration, or the variable {variable}.",
    ),
    "secret_unreadable": (
        "读不到密钥文件 {path}：{reason}。用 carebed-cloud admin gateway secret 可重新生成。",
        "Cannot read the secret file {path}: {reason}. `carebed-cloud admin gateway secret` makes a new one.",
    ),
    "secret_empty": ("密钥文件 {path} 是空的。", "The secret file {path} is empty."),
    "driver_unknown": (
        "没有名为 {driver} 的驱动；可用：{known}",
        "There is no driver named {driver}; there are: {known}",
    ),
    "driver_elsewhere": (
        '驱动 {driver} 的设备不会从 type = "{given}" 接入；请改为：{known}',
        'Devices of the driver {driver} do not come in over type = "{given}"; write one of: {known}',
    ),
    "help_without_home": (
        "为许多住户服务的网关（many_homes）不能有 [{section}]",
        "a gateway of many homes (many_homes) cannot have [{section}]",
    ),
    "help_without_broker": (
        '[{section}] 需要一个 type = "mqtt" 的 [[transport]]（家里的 Zigbee2MQTT）',
        '[{section}] needs a [[transport]] of type = "mqtt" (the home\'s Zigbee2MQTT)',
    ),
    "page_password": ("页面密码：", "Password of the page: "),
    "page_password_again": ("再输一次：", "Once more: "),
    "page_password_bad": (
        "两次不同，或不足 {least} 个字符。",
        "They differ, or are shorter than {least} characters.",
    ),
    "already_running": (
        "另一个代理正在使用 {path}（进程 {pid}）。先停掉它，或换一个 data_dir。",
        "Another agent is using {path} (process {pid}). Stop it, or choose another data_dir.",
    ),
    "data_dir_unusable": (
        "不能写入 data_dir {path}：{reason}。请改正权限或换一个文件夹。",
        "Cannot write to data_dir {path}: {reason}. Correct its permissions or choose another folder.",
    ),
    "good": ("正常", "good"),
    "wrong": ("有问题", "wrong"),
    "all_good": ("一切正常。", "Everything is in order."),
    "config_good": ("配置可用：网关 {gateway}", "the configuration is valid: gateway {gateway}"),
    "no_transport": (
        "配置中没有 [[transport]]，没有设备能连进来。",
        "The configuration has no [[transport]]: no device can come in.",
    ),
    "secret_good": ("有网关密钥", "there is a gateway secret"),
    "secret_open": (
        "密钥文件 {path} 别人也能读。请运行 chmod 600 {path}",
        "Others can read the secret file {path}. Run: chmod 600 {path}",
    ),
    "bluetooth_good": (
        "蓝牙可用，登记了 {count} 个设备",
        "Bluetooth can be used; {count} devices are listed",
    ),
    "serial_good": ("串口 {path} 可读写", "the serial line {path} can be read and written"),
    "serial_missing": (
        "串口 {path} 不能用：检查插头，并把用户加入 dialout 组",
        "The serial line {path} cannot be used: check the plug, and that the user is in the group dialout",
    ),
    "page_good": ("{url} 有应答（{code}）", "{url} answers ({code})"),
    "page_unreachable": ("{url} 无应答：{reason}", "{url} does not answer: {reason}"),
    "port_good": ("端口 {address} 空闲", "port {address} is free"),
    "port_busy": (
        "端口 {address} 打不开：{reason}。可能另一个程序（或正在运行的代理）占用了它。",
        "Port {address} cannot be opened: {reason}. Another program, or a running agent, may hold it.",
    ),
    "data_dir_good": ("{path} 可写，剩余 {free_mib} MiB", "{path} is writable, {free_mib} MiB free"),
    "space_low": (
        "{path} 只剩 {free_mib} MiB，至少需要 {need_mib} MiB。请清理磁盘。",
        "{path} has only {free_mib} MiB free, {need_mib} MiB are needed. Make room on the disk.",
    ),
    "clock_good": (
        "时钟与云端相差 {difference_s} 秒",
        "the clock differs from the cloud's by {difference_s} s",
    ),
    "clock_plausible": (
        "时钟看来合理（云端没有给出时间，未能核对）",
        "the clock looks plausible (the cloud gave no time to compare with)",
    ),
    "clock_before_floor": (
        "时钟停在 {now}，早于本程序的日期 {floor}。请启动 NTP（timedatectl set-ntp true）。",
        "The clock says {now}, before this program's date {floor}. Start NTP (timedatectl set-ntp true).",
    ),
    "clock_off": (
        "时钟与云端相差 {difference_s} 秒。请启动 NTP（timedatectl set-ntp true）。",
        "The clock differs from the cloud's by {difference_s} s. Start NTP (timedatectl set-ntp true).",
    ),
    "clock_ntp": ("时钟由 NTP 校准", "the clock is kept by NTP"),
    "port_used_by_agent": (
        "端口 {address} 由正在运行的代理使用",
        "port {address} is used by the running agent",
    ),
    "broker_good": ("已登录 {address}", "signed in at {address}"),
    "broker_unreachable": (
        "连不上 {address}：{reason}。请检查网络、broker_url 和云端是否在运行。",
        "Cannot reach {address}: {reason}. Check the network, broker_url, and that the cloud is running.",
    ),
    "broker_refused": (
        "{address} 拒绝登录（{reason}）。请核对 gateway 与密钥；"
        "carebed-cloud admin gateway secret 可重新生成。",
        "{address} refused the sign-in ({reason}). Check gateway and secret; "
        "`carebed-cloud admin gateway secret` makes a new one.",
    ),
    "broker_running": (
        "网关 {gateway} 的代理正在运行，因此不另行登录；请看它的日志。",
        "The agent of gateway {gateway} is running, so no second sign-in is tried; see its log.",
    ),
    "not_permitted": (
        "{address} 不允许网关 {gateway} 订阅 {topic}。"
        "请重新生成消息服务器的权限（carebed-cloud admin broker-config）。",
        "{address} does not let gateway {gateway} read {topic}. Write the broker's permissions again "
        "(carebed-cloud admin broker-config).",
    ),
    "bluetooth_missing": (
        "没有安装 bleak，蓝牙不能用：pip install 'carebed[bluetooth]'",
        "The package bleak is not installed: pip install 'carebed[bluetooth]'",
    ),
    "tls_unusable": (
        "证书不能用（ca_file：{path}）：{reason}。请检查这个文件和时钟。",
        "The certificate cannot be used (ca_file: {path}): {reason}. Check that file and the clock.",
    ),
    "local_broker_unreachable": (
        "连不上家里的消息服务器 {address}：{reason}。请检查 Zigbee2MQTT 是否在运行。",
        "Cannot reach the home's broker {address}: {reason}. Check that Zigbee2MQTT is running.",
    ),
    "local_broker_good": ("家里的消息服务器 {address} 可连", "the home's broker {address} answers"),
    "recording_missing": ("没有录制文件 {path}", "There is no recording {path}"),
    "recording_good": ("录制文件 {path} 可读", "the recording {path} can be read"),
    "speech_good": ("语音程序 {program} 可用", "the speech program {program} is there"),
    "speech_missing": (
        "找不到语音程序 {program}。请安装它，或改 [speech] 的 command。",
        "There is no program {program} to speak with. Install it, or change command in [speech].",
    ),
    "phone_good": ("调制解调器 {port} 可用", "the modem {port} can be opened"),
    "phone_missing": (
        "打不开调制解调器 {port}。请插好它，并让运行代理的用户加入 dialout 组。",
        "The modem {port} cannot be opened. Plug it in, and let the agent's user into the group dialout.",
    ),
    "phone_unproven": (
        "短信和电话都没有证明过，因此不会使用。请实发一条、实打一次，再设 sms_proven、call_proven。",
        "Neither SMS nor calls are proven, so none is used. Try each, then set sms_proven, call_proven.",
    ),
    "name_help": ("本地求助", "local help"),
    "name_config": ("配置", "configuration"),
    "name_secret": ("密钥", "secret"),
    "name_data_dir": ("存储", "storage"),
    "name_transport": ("设备入口", "transport"),
    "name_clock": ("时钟", "clock"),
    "name_broker": ("云端", "broker"),
}


def say(text: str, /, **values: object) -> str:
    """The text named `text` in the reader's language, with `values` filled in."""
    return said(TEXTS[text], values)
