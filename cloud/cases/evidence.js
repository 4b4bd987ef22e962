"use strict";
// Checks this file on this machine: chain, daily roots, signatures, and that the page shows the recorded words.
(() => {
  const text = (id) => document.getElementById(id).textContent;
  const utf8 = (string) => new TextEncoder().encode(string);
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const unhex = (string) => new Uint8Array((string.match(/../g) || []).map((pair) => parseInt(pair, 16)));
  const joined = (...parts) => {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) { all.set(part, at); at += part.length; }
    return all;
  };
  const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
  const findings = document.getElementById("findings");
  const say = (line) => findings.appendChild(document.createElement("li")).append(line);

  async function signed(publicKey, signature, bytes) {
    let key;
    try {
      key = await crypto.subtle.importKey("raw", unhex(publicKey), { name: "Ed25519" }, false, ["verify"]);
    } catch {
      return null; // this browser cannot
    }
    return crypto.subtle.verify({ name: "Ed25519" }, key, unhex(signature), bytes);
  }

  // The first broken entry as [number, Chinese, English]; null where all hold.
  async function chain(evidence) {
    let previous = "0".repeat(64);
    const erasures = new Map();
    for (const entry of evidence.entries) {
      if (entry.payload === null) continue;
      const words = JSON.parse(entry.payload);
      if (words.kind === "erased") for (const n of words.data.entries || []) erasures.set(n, entry.n);
    }
    for (const [index, entry] of evidence.entries.entries()) {
      const n = index + 1;
      if (entry.n !== n) return [n, "缺失或次序不对", "missing or out of order"];
      if (entry.algorithm !== "sha256") return [n, "浏览器不支持 " + entry.algorithm + "，请用命令行校验", entry.algorithm + " needs the command line"];
      if (entry.payload === null) {
        if (!(erasures.get(n) > n)) return [n, "删除没有记录", "erased without a record"];
      } else {
        const words = JSON.parse(entry.payload);
        if (words.n !== n || words.case_id !== evidence.case.id) return [n, "不属于此处", "belongs elsewhere"];
        if (hex(await sha256(unhex(entry.salt), utf8(entry.payload))) !== entry.payload_hash) return [n, "内容被改", "its words were changed"];
      }
      if (entry.previous !== previous) return [n, "与上一条不衔接", "does not follow the entry before"];
      if (hex(await sha256(unhex(previous), unhex(entry.payload_hash))) !== entry.hash) return [n, "哈希不符", "its hash is wrong"];
      if (!shows(entry)) return [n, "页面所示与记录不同", "the page does not show what was recorded"];
      previous = entry.hash;
    }
    return document.querySelectorAll("tbody.entry").length === evidence.entries.length ? null : [evidence.entries.length + 1, "页面多出条目", "the page shows more entries"];
  }

  function shows(entry) {
    const row = document.querySelector(`tbody.entry[data-n="${entry.n}"]`);
    if (!row) return false;
    const cell = (name) => row.querySelector("." + name).textContent;
    const payload = entry.payload === null ? entry.kept : entry.payload;
    const words = JSON.parse(payload);
    return cell("payload") === payload && cell("at") === words.at && cell("kind") === words.kind &&
      cell("actor") === words.actor && cell("hash") === entry.hash && cell("inner") === entry.payload_hash;
  }

  // true, false, or null where this browser cannot check signatures.
  async function root(evidence, found) {
    const words = JSON.parse(found.text);
    if (words.algorithm !== "sha256") return null;
    const number = new Uint8Array(8);
    new DataView(number.buffer).setBigUint64(0, BigInt(found.n));
    const entry = evidence.entries[found.n - 1];
    if (!entry) return false;
    let node = await sha256(new Uint8Array([0]), unhex(evidence.case.id.replaceAll("-", "")), number, unhex(entry.hash));
    for (const step of found.path) {
      const pair = step.side === "left" ? [unhex(step.hash), node] : [node, unhex(step.hash)];
      node = await sha256(new Uint8Array([1]), ...pair);
    }
    if (hex(node) !== words.root) return false;
    return signed(found.public_key, found.signature, utf8(found.text));
  }

  const word = (good) => (good === null ? "本浏览器不能校验签名 / this browser cannot check it" : good ? "正确 / good" : "错误 / WRONG");

  async function verify() {
    findings.replaceChildren();
    document.querySelectorAll("tbody.broken").forEach((row) => row.classList.remove("broken"));
    const data = text("evidence-data");
    const evidence = JSON.parse(data);
    const seal = JSON.parse(text("evidence-seal"));
    let good = true;
    const broken = await chain(evidence);
    if (broken) {
      good = false;
      say(`第 ${broken[0]} 条：${broken[1]} / entry ${broken[0]}: ${broken[2]}`);
      document.querySelector(`tbody.entry[data-n="${broken[0]}"]`)?.classList.add("broken");
    } else say(`时间线 ${evidence.entries.length} 条正确 / ${evidence.entries.length} entries of the timeline are good`);
    for (const found of evidence.roots) {
      const holds = await root(evidence, found);
      good = good && holds !== false;
      say(`每日根 / daily root ${JSON.parse(found.text).day}: ${word(holds)} (${found.key_id})`);
    }
    if (seal) {
      const holds = await signed(seal.public_key, seal.signature, utf8(data));
      good = good && holds !== false;
      say(`文件签名 / signature of the file: ${word(holds)} (${seal.key_id})`);
    }
    const verdict = document.getElementById("verdict");
    verdict.className = "verdict " + (good ? "good" : "bad");
    verdict.textContent = good ? "✓ 校验通过 / verified" : "✗ 校验失败 / NOT as recorded";
  }

  document.getElementById("verify").addEventListener("click", () => {
    verify().catch((error) => {
      const verdict = document.getElementById("verdict");
      verdict.className = "verdict bad";
      verdict.textContent = "✗ 不能校验 / cannot be verified: " + error;
    });
  });
})();
