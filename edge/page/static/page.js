"use strict";
const TEXTS = {
  zh: { title: "网关", password: "密码", enter: "进入", leave: "退出", wrong: "密码不对。", wait: "猜错太多，请等一分钟。", away: "网关没有应答。",
    facts: "网关状态", test: "测试", test_note: "测试期间的报警带“测试”标记；云端没有为设备打开测试窗口时，照真警处理。时间到自动结束。",
    begin: "开始", minute: "分钟", end: "结束测试", testing: "测试中", event: "事件", device: "设备", room: "房间", at: "时间", stored: "云端已存（秒）", claimed: "坐席已接（秒）",
    devices: "设备", model: "型号", state: "状态", battery: "电量", signal: "信号", seen: "最近一次", last: "最近一帧", trace: "实时报文", pause: "暂停", only: "只看",
    cloud: "云端", connected: "已连接", lost: "连不上", clock: "时钟", waiting: "待送", entries: "入口", help: "本地求助", none: "无", contacts: "联系人",
    events: "条报警", batches: "批数据", online: "在线", offline: "离线", unknown: "未知", worn: "佩戴", off: "未佩戴", charging: "充电", version: "版本", nothing: "还没有", unset: "未校准", seconds: "秒前", minutes: "分前", hours: "小时前",
    "door:starting": "正在打开", "door:failed": "打不开", "door:connected": "已连接", "door:listening": "监听", "door:open": "已打开", "door:scanning": "扫描中", "door:playing": "回放中", "door:played": "回放完",
    siren: "警号", light: "灯", speech: "语音", sms: "短信", call: "电话", marked: "测试", raised: "触发", suspected: "疑似", updated: "更新", cleared: "恢复", cancelled: "取消", restored: "恢复" },
  en: { title: "Gateway", password: "Password", enter: "Enter", leave: "Leave", wrong: "That is not the password.", wait: "Too many wrong guesses: wait a minute.", away: "The gateway does not answer.",
    facts: "State of the gateway", test: "Test", test_note: "Alarms during the test are marked as tests; where the cloud has not opened a test window for the device they count as real. It ends by itself.",
    begin: "Begin", minute: "min", end: "End the test", testing: "Testing", event: "Event", device: "Device", room: "Room", at: "Time", stored: "Stored after (s)", claimed: "Claimed after (s)",
    devices: "Devices", model: "Model", state: "State", battery: "Battery", signal: "Signal", seen: "Last seen", last: "Last frame", trace: "Live trace", pause: "Pause", only: "Only",
    cloud: "Cloud", connected: "connected", lost: "cannot be reached", clock: "Clock", waiting: "Waiting", entries: "Entries", help: "Local help", none: "none", contacts: "contacts",
    events: "events", batches: "batches", online: "online", offline: "offline", unknown: "unknown", worn: "worn", off: "not worn", charging: "charging", version: "Version", nothing: "nothing yet", unset: "not set", seconds: "s ago", minutes: "min ago", hours: "h ago",
    "door:starting": "starting", "door:failed": "failed", "door:connected": "connected", "door:listening": "listening", "door:open": "open", "door:scanning": "scanning", "door:playing": "playing", "door:played": "played",
    siren: "siren", light: "lamp", speech: "voice", sms: "SMS", call: "call", marked: "test" },
};
const LOW = 20;
const find = (id) => document.getElementById(id);
let language = localStorage.getItem("language") === "en" ? "en" : "zh";
let seen = 0, state = null, frames = [];
const say = (key) => TEXTS[language][key] ?? key;

function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text ?? "";
  if (kind) made.className = kind;
  return made;
}
const time = (at) => at ? new Date(at).toLocaleTimeString(language === "zh" ? "zh-CN" : "en-GB", { hour12: false }) : "";
const ago = (at) => {
  if (!at || !state) return "";
  const seconds = Math.max(0, Math.round((state.now - at) / 1000));
  const [value, unit] = seconds < 120 ? [seconds, "seconds"] : seconds < 7200 ? [seconds / 60, "minutes"] : [seconds / 3600, "hours"];
  return `${Math.round(value)} ${say(unit)}`;
};
/* A way in: what it does in words, then where: "connected(127.0.0.1:1884)". */
const doorWords = (status) => status.replace(/^([a-z]+)(?:\((.*)\))?$/, (_, word, where) => `${say(`door:${word}`)} ${where ?? ""}`);
function rows(id, made) {
  find(id).replaceChildren(...(made.length ? made : [element("tr", say("nothing"))]));
}
function row(...cells) {
  const made = document.createElement("tr");
  made.append(...cells);
  return made;
}
function condition(device) {
  const words = [device.online === null ? say("unknown") : say(device.online ? "online" : "offline")];
  if (device.worn !== null) words.push(say(device.worn ? "worn" : "off"));
  if (device.charging) words.push(say("charging"));
  return element("td", words.join(" · "), device.online === false ? "bad" : "");
}
/* A cell that says on a narrow screen, where there is no head of the table, what it is. */
function cell(name, text, kind) {
  const made = element("td", text, kind);
  if (text) made.dataset.n = say(name);
  return made;
}
/* A device's name; pressing it shows only its frames below. */
function deviceCell(device) {
  const made = element("td"), button = element("button", device);
  button.type = "button";
  button.addEventListener("click", () => { find("only").value = device; drawFrames(); find("h-trace").scrollIntoView({ block: "center" }); });
  made.append(button);
  return made;
}
const trouble = (device) => (device.online === false ? 2 : 0) + (device.battery !== null && device.battery < LOW ? 1 : 0);
function drawFacts() {
  const facts = [
    [say("cloud"), say(state.connected ? "connected" : "lost"), !state.connected],
    [say("waiting"), `${state.waiting.events} ${say("events")} · ${state.waiting.batches} ${say("batches")}`, state.waiting.events > 0],
    [say("clock"), `${new Date(state.now).toLocaleString(language === "zh" ? "zh-CN" : "en-GB", { hour12: false })} (${state.clock === "none" ? say("unset") : state.clock.toUpperCase()})`, state.clock === "none"],
    [say("help"), [...state.help.map(say), `${state.contacts} ${say("contacts")}`].join(" · "), false],
    [say("version"), state.version, false],
    ...state.doors.map((door) => [`${say("entries")} ${door.name}`, doorWords(door.status), door.status.startsWith("failed")]),
  ];
  find("facts").replaceChildren(...facts.map(([name, value, bad]) => {
    const made = document.createElement("div");
    made.append(element("dt", name), element("dd", value, bad ? "bad" : ""));
    return made;
  }));
}
function draw() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const place of document.querySelectorAll("[data-t]")) place.textContent = say(place.dataset.t);
  find("language").textContent = language === "zh" ? "English" : "中文";
  find("language").lang = language === "zh" ? "en" : "zh-CN";
  if (!state) return;
  find("gateway").textContent = state.gateway;
  const left = state.test_left_s;
  find("test").textContent = left ? `${say("testing")} ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "";
  drawFacts();
  rows("devices", [...state.devices].sort((a, b) => trouble(b) - trouble(a)).map((d) => row(deviceCell(d.device), element("td", d.room), element("td", d.model ?? d.driver), condition(d),
    cell("battery", d.battery === null ? "" : `${Math.round(d.battery)} %`, d.battery !== null && d.battery < LOW ? "number bad" : "number"),
    cell("signal", d.signal === null ? "" : `${Math.round(d.signal)} / 255`, "number"), cell("seen", ago(d.seen), "number"), element("td", d.frame, "raw"))));
  rows("events", state.events.map((e) => row(element("td", `${e[language] ?? e.kind} ${say(e.phase)}${e.test ? ` (${say("marked")})` : ""}`, e.test ? "test" : ""), element("td", e.device), element("td", e.room),
    cell("at", time(e.at), "number"), cell("stored", e.stored === null ? "…" : e.stored.toFixed(2), "number"), cell("claimed", e.claimed === null ? "…" : e.claimed.toFixed(2), "number"))));
  drawFrames();
}
function drawFrames() {
  if (find("pause").checked) return;
  const only = find("only").value.trim().toLowerCase();
  const shown = frames.filter((f) => !only || `${f.driver} ${f.source} ${f.devices.join(" ")} ${f.text} ${f.items.join(" ")}`.toLowerCase().includes(only));
  find("frames").replaceChildren(...shown.slice(-100).reverse().map((f) => {
    const made = document.createElement("li");
    made.append(element("small", `${time(f.at)} ${f.source} ${f.bytes} B `), element("div", f.items.join(" · ")), element("code", f.text));
    return made;
  }));
}
async function ask(method, path, body) {
  return fetch(path, { method, body: body && JSON.stringify(body), signal: AbortSignal.timeout(8000) });
}
function show(signedIn) {
  find("sign-in").hidden = signedIn;
  find("desk").hidden = find("leave").hidden = !signedIn;
  if (!signedIn) find("password").focus();
}
async function look() {
  try {
    const answer = await ask("GET", `/state?after=${seen}`);
    if (answer.status === 401) { state = null; show(false); return; }
    if (!answer.ok) throw new Error(answer.status);
    state = await answer.json();
    frames = [...frames, ...state.frames].slice(-200);
    seen = frames.length ? frames[frames.length - 1].n : 0;
    find("away").hidden = true;
    show(true);
    draw();
  } catch {
    find("away").textContent = say("away");
    find("away").hidden = false;
  }
}
find("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await ask("POST", "/session", { password: find("password").value });
  find("password").value = "";
  find("refused").textContent = answer.ok ? "" : say(answer.status === 429 ? "wait" : "wrong");
  if (answer.ok) { seen = 0; frames = []; await look(); }
});
find("leave").addEventListener("click", async () => { await ask("DELETE", "/session", {}); state = null; frames = []; show(false); });
find("language").addEventListener("click", () => { language = language === "zh" ? "en" : "zh"; localStorage.setItem("language", language); draw(); });
find("only").addEventListener("input", drawFrames);
find("pause").addEventListener("change", drawFrames);
for (const button of document.querySelectorAll(".minutes")) button.addEventListener("click", async () => { await ask("POST", "/test", { minutes: button.value }); await look(); });
draw();
look();
setInterval(() => { if (!find("desk").hidden) look(); }, 2000);
