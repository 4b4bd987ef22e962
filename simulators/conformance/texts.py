"""What the conformance kit says: Chinese where the locale is Chinese, else English."""

from typing import Final

from firmware_specs.language import said

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "ask_press_sos": (
        "▶ 请按下这个网关所带设备的求助键（{limit:g} 秒内）",
        "▶ Press SOS on a device of this gateway (within {limit:g} s)",
    ),
    "ask_cut_network": (
        "▶ 请断开网关的网络 5 秒后再接上（{limit:g} 秒内）",
        "▶ Take the gateway's network away for 5 s and give it back (within {limit:g} s)",
    ),
    "ask_power_cycle": (
        "▶ 请拔掉网关的电源，5 秒后再插上（{limit:g} 秒内）",
        "▶ Pull the gateway's plug and put it in again after 5 s (within {limit:g} s)",
    ),
    "script_unreadable": (
        "读不了脚本 {path}：{reason}。可用的键：press_sos、cut_network、"
        "power_cycle，各为命令及其参数的列表。",
        "The script {path} cannot be read: {reason}. Its keys: press_sos, cut_network, power_cycle, each a"
        " list of a command and its arguments.",
    ),
    "script_failed": (
        "脚本里的命令 {command} 失败：{reason}",
        "The script's command {command} failed: {reason}",
    ),
    "waiting": (
        "等待网关 {gateway} 连接 {url}，用户名与客户端编号 {gateway}，密码 {secret}",
        "Waiting for the gateway {gateway} at {url}; user and client id {gateway}, password {secret}",
    ),
    "waiting_given": (
        "在 {url} 等待网关 {gateway}；请重启它或让它重新连接",
        "Waiting for the gateway {gateway} at {url}; start it, or let it connect again",
    ),
    "siren_may_sound": (
        "检查中会有一段时间不确认求助：警笛、灯、电话可能启动；结束后请清空网关再安装到家里。",
        "For a while no call for help is acknowledged: siren, lamp and telephone may start; erase the gateway"
        " before it goes to a home.",
    ),
    "head": ("一致性检查：{what}", "Conformance: {what}"),
    "passed": ("通过", "passed"),
    "failed": ("不符", "FAILED"),
    "not_observed": ("未见", "not seen"),
    "sum": (
        "{passed} 项通过，{failed} 项不符，{not_observed} 项没有机会观察",
        "{passed} passed, {failed} failed, {not_observed} without an occasion",
    ),
    "no_occasion": ("没有机会观察", "there was no occasion"),
    "hidden_by_broker": ("所用的消息服务器看不到这一点", "the broker in use hides it"),
    "no_device": ("事件没有带设备编号，无从观察", "the event names no device, so it cannot be seen"),
    "no_batches": ("没有读数批次", "no telemetry came"),
    "wrong_client_id": ("客户端编号是 {seen}，应为 {wanted}", "the client id is {seen}, not {wanted}"),
    "connected": ("连接了 {count} 次", "connected {count} times"),
    "refused": (
        "连接被拒：用户 {user!r}，协议级别 {level}，CONNACK {code}（1 版本，4 用户或密码）",
        "refused: user {user!r}, protocol level {level}, CONNACK {code} (1 version, 4 user or password)",
    ),
    "nobody_came": ("没有网关连接", "no gateway connected"),
    "keep_alive": ("保活 {seconds} 秒", "keep-alive {seconds} s"),
    "will_published": ("断开后发布了运行 {run} 的遗嘱", "the will of run {run} was published"),
    "will_wrong": ("第 {session} 次连接：{fault}", "connection {session}: {fault}"),
    "will_absent": ("没有遗嘱", "no last will"),
    "will_right": ("{count} 次连接都带了遗嘱", "{count} connections, each with its will"),
    "not_subscribed": ("没有订阅 {topics}", "not subscribed: {topics}"),
    "subscribed_beyond": ("订阅了不属于自己的 {topics}", "subscribed to what is not its own: {topics}"),
    "subscribed": ("{topics}", "{topics}"),
    "strange_topics": ("写了 {topics}", "wrote {topics}"),
    "own_topics": ("只写了自己的主题", "only its own"),
    "retained_wrongly": ("这些上报被保留：{topics}", "these reports are retained: {topics}"),
    "not_retained": ("这些状态没有保留：{topics}", "these states are not retained: {topics}"),
    "retained": ("{count} 个状态被保留", "{count} states are retained"),
    "wrong_qos": ("主题与 QoS：{seen}", "topics and QoS: {seen}"),
    "qos_right": ("{count} 条消息", "{count} messages"),
    "unreadable": (
        "{count} 条读不了，第一条 {topic}：{reason}",
        "{count} unreadable, first {topic}: {reason}",
    ),
    "not_uuid7": ("事件编号 {id} 不是 UUIDv7", "the event id {id} is no UUIDv7"),
    "all_readable": ("{count} 条消息都读得懂", "{count} messages, all readable"),
    "no_greeting": (
        "第 {session} 次连接：身份中的运行号 {births}，在线中的 {online}",
        "connection {session}: runs of births {births}, of online {online}",
    ),
    "greeted": ("{count} 次连接都报了身份与在线", "{count} connections, each with birth and online"),
    "heartbeat_late": ("两次在线之间最长 {seconds} 秒", "up to {seconds} s between two `online`"),
    "heartbeat": ("两次在线之间最长 {seconds} 秒", "up to {seconds} s between two `online`"),
    "number_twice": ("运行 {run} 的编号 {seq} 用了两次", "run {run}: number {seq} is used twice"),
    "number_gap": ("运行 {run} 的编号 {seqs}", "run {run}: numbers {seqs}"),
    "numbers_right": ("{count} 个编号", "{count} numbers"),
    "no_event": ("按下后没有收到 sos 事件", "no `sos` event came after the press"),
    "event_came": (
        "{kind}，设备 {device}，运行 {run}，编号 {seq}",
        "{kind} of {device}, run {run}, number {seq}",
    ),
    "resend_wrong": ("重发在首次之后 {after} 秒", "sent again {after} s after the first"),
    "resent": ("重发在首次之后 {after} 秒", "sent again {after} s after the first"),
    "went_on": (
        "别的运行的回执和 claimed 都没有让它停下",
        "neither another run's ack nor `claimed` ended it",
    ),
    "false_ack_taken": (
        "把别的运行的回执或 claimed 当成了入库",
        "took another run's ack, or `claimed`, for `stored`",
    ),
    "came_back": ("断线后重新连接了", "connected again"),
    "stayed_away": ("没有再连接", "did not connect again"),
    "came_again": ("同一编号的事件又来了", "the event came again with its number"),
    "forgotten": ("未入库的事件没有再来", "the event that was not stored did not come again"),
    "quiet": ("{seconds} 秒内没有再来", "nothing in {seconds} s"),
    "still_resending": ("入库之后又来了 {count} 次", "came {count} more times after it was stored"),
    "clock_unset": (
        "第 {n} 个事件仍说没有时钟（at={at}），而回执已给出时间",
        "event {n} still says that there is no clock (at={at}), though acks tell the time",
    ),
    "clock_wrong": (
        "事件时间差 {seconds} 秒，却说来源是 {source}",
        "the event's time is {seconds} s off, its source said to be {source}",
    ),
    "clock_right": ("来源 {source}", "source {source}"),
    "older_config": ("应用了较旧的版本：房间 {room}", "an older version was applied: room {room}"),
    "not_configured": (
        "房间仍是 {room}；保存过更高版本配置的网关请先清空",
        "the room is {room}; a gateway that keeps a higher version must be erased first",
    ),
    "configured": ("之后的事件带有房间 {room}", "the next event has the room {room}"),
    "still_alive": ("乱码之后的求助照常到达", "a press after the garbage arrived"),
    "order_answer": ("回答 {said}", "answers {said}"),
    "replay_lacks": ("回答 {said}，没有再来的 {lacking}", "answers {said}, did not come again: {lacking}"),
    "replay_renumbered": (
        "事件 {id} 原编号 {was}，重放时用了 {seq}",
        "event {id} had number {was} and was replayed as {seq}",
    ),
    "batches_replayed": ("{count} 个批次又来了", "{count} batches came again"),
    "batch_resent": ("{seconds} 秒后重发", "sent again after {seconds} s"),
    "batch_lost": ("没有回执的批次没有重发", "a batch without an ack was not sent again"),
    "same_run": ("断电后仍用运行号 {run}", "still run {run} after the power cut"),
    "broker_failed": (
        "连不上消息服务器 {url}：{reason}",
        "The broker {url} cannot be used: {reason}",
    ),
    "cannot_listen": ("端口 {port} 不能用：{reason}", "Port {port} cannot be used: {reason}"),
    "bad_gateway_id": (
        "网关编号 {gateway!r} 不对：只能用小写字母、数字和短横，最多 64 个",
        "{gateway!r} is no gateway id: a-z, 0-9 and -, at most 64",
    ),
    "reference_own_broker": (
        "--reference 用检查工具自己的消息服务器：请去掉 --broker",
        "--reference uses the kit's own broker: leave out --broker",
    ),
    "bad_address": ("{address!r} 不是 主机:端口", "{address!r} is no HOST:PORT"),
    "decoder_ended": (
        "carebed-edge decode 没有回答：{reason}",
        "carebed-edge decode does not answer: {reason}",
    ),
    "waiting_device": (
        "在 {host}:{port} 等待设备连接",
        "Waiting for the device at {host}:{port}",
    ),
    "no_frames": ("没有找到任何帧（{strange} 个字节）", "no frame was found ({strange} bytes)"),
    "strange_bytes": (
        "{count} 帧之外还有 {strange} 个字节",
        "{strange} bytes beside the {count} frames",
    ),
    "frames": ("{count} 帧", "{count} frames"),
    "bad_frames": ("{count} 帧，第一帧 {frame}", "{count} frames, the first {frame}"),
    "good_frames": ("全部", "all of them"),
    "not_read": ("{count} 帧，第一帧 {frame}：{reason}", "{count} frames, the first {frame}: {reason}"),
    "says_nothing": ("{count} 帧，第一帧 {frame}", "{count} frames, the first {frame}"),
    "no_name": ("编号未知：{names}", "no id: {names}"),
    "names": ("{names}", "{names}"),
    "no_times": ("帧里没有时间", "its frames tell no time"),
    "time_wrong": ("时间 {said}，差 {seconds} 秒", "time {said}, {seconds} s off"),
    "kinds": ("事件 {kinds}", "events {kinds}"),
    "answer_unheard": ("应答之后又来了：{frame}", "came again after its answer: {frame}"),
    "new_run": ("新的运行号 {runs}", "new run {runs}"),
}


def say(text: str, /, **values: object) -> str:
    """The text of a name in the reader's language."""
    return said(_TEXTS[text], values)
