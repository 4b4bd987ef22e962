"use strict";

const TEXTS = {
  zh: {
    title: "安澜市滨江区 · 演示小镇",
    intro: "这里的人和地址都是虚构的。按一个按钮，警情会出现在值班台。",
    console: "打开值班台",
    language: "English",
    agents: "完整住户",
    agentsHint: "真实的网关程序和真实协议的设备：手表、手环、求助按钮、烟感、门磁、人体感应。跌倒有约 15 秒预警。",
    light: "轻量住户",
    lightHint: "直接按协议收发的网关，按下即报警。",
    online: (n, all) => `${n} / ${all} 在线`,
    gatewayOff: "网关离线",
    lost: "演示已停止，连不上。",
    done: (home, action) => `${home}：${action} 已发出`,
    failed: (reason) => `没有成功：${reason}`,
    actions: { sos: "求助", fall: "跌倒", leave: "离家", smoke: "烟雾", clear: "恢复正常", gateway_off: "关网关", gateway_on: "开网关" },
    activities: { asleep: "睡觉", washing: "洗漱", cooking: "做饭", resting: "休息", walking: "走动", out: "外出", on_floor: "倒在地上" },
    actives: { fall: "跌倒", leave: "离家", smoke: "烟雾" },
  },
  en: {
    title: "Binjiang, Anlan · demo town",
    intro: "People and addresses are invented. Press a button and watch the emergency arrive at the console.",
    console: "Open the console",
    language: "中文",
    agents: "Full homes",
    agentsHint: "A real gateway agent and devices that speak their real protocols: watch, bracelet, SOS button, smoke, door, motion. A fall has a pre-alarm of about 15 s.",
    light: "Light homes",
    lightHint: "Gateways that speak the wire contract directly: a press is an alarm at once.",
    online: (n, all) => `${n} of ${all} online`,
    gatewayOff: "gateway off",
    lost: "The demo has stopped: no connection.",
    done: (home, action) => `${home}: ${action} sent`,
    failed: (reason) => `That failed: ${reason}`,
    actions: { sos: "SOS", fall: "Fall", leave: "Leave home", smoke: "Smoke", clear: "Clear", gateway_off: "Gateway off", gateway_on: "Gateway on" },
    activities: { asleep: "asleep", washing: "washing", cooking: "cooking", resting: "resting", walking: "walking", out: "out", on_floor: "on the floor" },
    actives: { fall: "fall", leave: "away", smoke: "smoke" },
  },
};
const ORDER = ["sos", "fall", "leave", "smoke", "clear"];

let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");
let town = { console: "", homes: [] };
const cards = new Map();

const byId = (id) => document.getElementById(id);
const text = () => TEXTS[language];

function element(tag, className, content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (content !== undefined) made.textContent = content;
  return made;
}

function notice(message, bad = false) {
  byId("notice").textContent = message;
  byId("notice").classList.toggle("bad", bad);
}

function button(home, action) {
  const made = element("button");
  made.type = "button";
  made.dataset.action = action;
  made.addEventListener("click", () => act(home, made.dataset.action));
  return made;
}

function card(home) {
  const root = element("li", "home");
  const parts = { root, title: element("h3"), line: element("p"), buttons: element("div", "buttons") };
  root.dataset.home = home.id;
  for (const action of ORDER) parts.buttons.append(button(home, action));
  parts.gateway = button(home, "gateway_off");
  parts.buttons.append(parts.gateway);
  root.append(parts.title, parts.line, parts.buttons);
  byId(home.kind === "agent" ? "agents" : "light").append(root);
  return parts;
}

function show(home) {
  if (!cards.has(home.id)) cards.set(home.id, card(home));
  const parts = cards.get(home.id);
  parts.root.classList.toggle("off", !home.online);
  parts.root.classList.toggle("active", home.active.length > 0);
  parts.title.textContent = home.label;
  const active = home.active.map((name) => text().actives[name] || name).join(" ");
  parts.line.textContent = `${home.residents.join("、")} · ${text().activities[home.activity] || home.activity}`;
  if (!home.online) parts.line.textContent += ` · ${text().gatewayOff}`;
  if (active) parts.line.append(" · ", element("span", "what", active));
  parts.gateway.dataset.action = home.online ? "gateway_off" : "gateway_on";
  for (const made of parts.buttons.children) made.textContent = text().actions[made.dataset.action];
}

function render() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = text()[node.dataset.text];
  byId("language").textContent = text().language;
  byId("console").href = town.console || "#";
  for (const home of town.homes) show(home);
  const light = town.homes.filter((home) => home.kind === "light");
  byId("online").textContent = text().online(light.filter((home) => home.online).length, light.length);
}

async function refresh() {
  try {
    const answer = await fetch("/api/town");
    town = await answer.json();
    if (byId("notice").textContent === text().lost) notice("");
    render();
  } catch {
    notice(text().lost, true);
  }
}

async function act(home, action) {
  try {
    const answer = await fetch(`/api/homes/${home.id}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ action }),
    });
    const result = await answer.json();
    if (result.ok) notice(text().done(home.label, text().actions[action]));
    else notice(text().failed(result.reason), true);
    await refresh();
  } catch {
    notice(text().lost, true);
  }
}

byId("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  notice("");
  render();
});
render();
refresh();
setInterval(() => document.hidden || refresh(), 2000);
