"""What the simulators say: Chinese where the locale is Chinese, else English."""

from typing import Final

from firmware_specs.language import said

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "port_busy": (
        "端口 {port}（{what}）已被占用。请先结束占用它的程序，或用 {option} 换一个端口。",
        "Port {port} ({what}) is in use. End the program that uses it, or choose another one with {option}.",
    ),
    "program_missing": (
        "没有找到程序 {program}。请安装：pip install 'carebed[simulators]'",
        "The program {program} is missing. Install it: pip install 'carebed[simulators]'",
    ),
    "child_not_started": ("{name} 还没有启动", "{name} has not been started"),
    "child_ended": (
        "{name} 没有启动成功就结束了，日志 {log}：\n{tail}",
        "{name} ended before it was ready, log {log}:\n{tail}",
    ),
    "child_slow": (
        "{name} 在 {limit:g} 秒内没有就绪，日志 {log}：\n{tail}",
        "{name} was not ready within {limit:g} s, log {log}:\n{tail}",
    ),
    "admin_failed": (
        "管理命令失败：{command}\n{reason}",
        "The admin command failed: {command}\n{reason}",
    ),
    "api_refused": (
        "云端拒绝了 {method} {path}：{status} {detail}",
        "The cloud refused {method} {path}: {status} {detail}",
    ),
    "api_unreachable": (
        "连不上云端 {url}：{reason}。请检查地址，以及 carebed-cloud up 是否在运行。",
        "No cloud answers at {url}: {reason}. Check the address, and that carebed-cloud up is running.",
    ),
    "scenario_unreadable": (
        "读不了剧本 {path}：{reason}",
        "The scenario {path} cannot be read: {reason}",
    ),
    "scenario_invalid": (
        "{path} 第 {line} 行：{reason}",
        "{path}, line {line}: {reason}",
    ),
    "unknown_key": ("不认识的键 {key}；可用：{known}", "unknown key {key}; known: {known}"),
    "missing_key": ("缺少 {key}", "{key} is missing"),
    "wrong_value": ("{key} 应为{expected}，而不是 {value}", "{key} must be {expected}, not {value}"),
    "unknown_name": (
        "{key} = {value} 没有定义；可用：{known}",
        "{key} = {value} is not defined; known: {known}",
    ),
    "cannot_do": (
        "设备 {device}（{type}）不会 {do}；会做的：{known}",
        "device {device} ({type}) cannot {do}; it can: {known}",
    ),
    "not_together": (
        "剧本 {name} 要自己的时钟、另一户或计数，不能与别的同演：请单独演",
        "The story {name} has a clock of its own, another home, or counts all cases: play it alone",
    ),
    "token_needed": (
        "给了 --api 就需要 --token（管理员令牌：carebed-cloud admin token create --name sim --role admin）",
        "--api needs --token (an admin's: carebed-cloud admin token create --name sim --role admin)",
    ),
    "clock_needs_own_cloud": (
        "这个剧本要调时钟，只能用自己启动的云端：请去掉 --api",
        "This story moves the clock, so it needs a cloud of its own: leave out --api",
    ),
    "speed_needs_clock": (
        "已有的云端按自己的时钟走：用同样的 --clock-start 和 --clock-rate {speed:g} 启动它并写在这里，"
        "或去掉 --api。",
        "A running cloud keeps its own time: start it with --clock-start and --clock-rate {speed:g} and give"
        " the same here, or leave out --api.",
    ),
    "recording_unreadable": ("读不了记录文件：{reason}", "The recording cannot be read: {reason}"),
    "trial_unknown": (
        "{path} 里没有 {trial}；有：{known}",
        "{path} has no trial {trial}; it has: {known}",
    ),
    "demo_starting": ("正在启动演示小镇…… 数据在 {folder}", "Starting the town; its data are in {folder}"),
    "demo_ready": (
        "\n小镇已就绪（{seconds:.1f} 秒）\n"
        "  值班台   {console}\n"
        "           值班员 {user} / 密码 {password}\n"
        "           班长   {supervisor} / 密码 {supervisor_password}\n"
        "{phones}"
        "  小镇页面 {page}   （按按钮，看警情出现在值班台）\n"
        "  按 Ctrl-C 结束",
        "\nThe town is ready ({seconds:.1f} s)\n"
        "  console    {console}\n"
        "             operator   {user}, password {password}\n"
        "             supervisor {supervisor}, password {supervisor_password}\n"
        "{phones}"
        "  town page  {page}   (press a button, watch the emergency arrive at the console)\n"
        "  Ctrl-C ends everything",
    ),
    "demo_office": (
        "  管理     {console}/admin\n"
        "           管理员 {admin} / 密码 {admin_password}\n"
        "  大屏     {console}/wall#screen={screen}\n"
        "  （在值班台右上方登录分机，如 801，即可打电话）\n",
        "  admin      {console}/admin\n"
        "             administrator {admin}, password {admin_password}\n"
        "  wall       {console}/wall#screen={screen}\n"
        "             (register an extension such as 801 at the desk to make calls)\n",
    ),
    "demo_phones": (
        "  家属手机 {console}/family\n"
        "           家属   {family} / 密码 {family_password}\n"
        "  响应手机 {console}/go\n"
        "           响应人 {responder} / 密码 {responder_password}\n",
        "  family     {console}/family\n"
        "             family     {family}, password {family_password}\n"
        "  responder  {console}/go\n"
        "             responder  {responder}, password {responder_password}\n",
    ),
    "demo_technician": (
        "  验收手机 {console}/tech?find={gateway}\n           技术员 {technician} / 密码 {password}\n",
        "  technician {console}/tech?find={gateway}\n"
        "             technician {technician}, password {password}\n",
    ),
    "demo_busy": (
        "另一个演示正在使用 {folder}。请先结束它，或用 --data-dir 换一个文件夹。",
        "Another demo uses {folder}. End it, or choose another folder with --data-dir.",
    ),
    "demo_ending": ("正在结束……", "Ending…"),
    "demo_unfinished": (
        "{folder} 里的小镇上次没有建完，帐号无人知道。请删除这个目录，再启动一次。",
        "The town in {folder} was never finished; its accounts are lost. Delete that folder, begin anew.",
    ),
    "demo_lost": ("{name} 意外结束，日志 {log}：\n{tail}", "{name} ended unexpectedly, log {log}:\n{tail}"),
    "demo_unreadable": (
        "{path} 读不了：{reason}。换一个 --data-dir，或删除这个文件夹重新开始。",
        "{path} cannot be read: {reason}. Use another --data-dir, or delete the folder to start anew.",
    ),
    "what_console": ("值班台", "the console"),
    "what_broker": ("消息服务器", "the broker"),
    "what_page": ("小镇页面", "the town page"),
    "fleet_running": (
        "{count} 个网关运行中；Ctrl-C 结束",
        "{count} gateways are running; Ctrl-C ends them",
    ),
    "far_end_ready": (
        "模拟的电话、短信、微信、网络回调在 {url}（/log 看发出了什么），邮件服务器端口 {smtp_port}\n"
        "密钥（写进 notifications.toml 指向的文件）：{secret}\n"
        "号码末位决定结局：0 正常 1 按1 2 按2 3 无人接 4 忙 5 故障 6 乱码 7 应答丢失 8 重复 9 迟缓",
        "Simulated telephone, SMS, WeChat and webhooks at {url} (/log shows what went out),"
        " mail on port {smtp_port}\n"
        "Secret (for the files that notifications.toml names): {secret}\n"
        "A number's last digit: 0 normal 1 presses 1 2 presses 2 3 no answer 4 busy 5 out of order 6 garbage"
        " 7 answer lost 8 twice 9 slow",
    ),
    "gateways_file": (
        '{path} 第 {line} 行：需要 {{"id": …, "secret": …}}：{reason}',
        '{path}, line {line}: needs {{"id": …, "secret": …}}: {reason}',
    ),
}


def say(text: str, /, **values: object) -> str:
    """The text of a name in the reader's language."""
    return said(_TEXTS[text], values)
