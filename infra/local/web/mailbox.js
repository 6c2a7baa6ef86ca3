"use strict";

// Texts of mails reach the page through textContent only; a mail's HTML through a sandboxed frame of its own address.
const element = (id) => document.getElementById(id);
const tabs = ["html", "text", "headers"];
// What the list shows of each mail; a mail itself is fetched when it is opened.
let messages = [];
let known = "";
let opened = null;
let tab = "html";
const seen = new Set();
let firstLoad = true;

const day = (iso) => {
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  return today ? "Today" : date.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" });
};

function make(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function showList() {
  const wanted = element("filter").value.trim().toLowerCase();
  const shown = messages.filter((mail) => `${mail.to} ${mail.subject}`.toLowerCase().includes(wanted));
  const focused = document.activeElement?.dataset?.id;
  let lastDay = "";
  element("list").replaceChildren(...shown.map((mail) => {
    const item = document.createElement("li");
    if (day(mail.sentAt) !== lastDay) item.append(make("h2", (lastDay = day(mail.sentAt))));
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.id = mail.id;
    button.classList.toggle("new", !seen.has(mail.id));
    if (opened && opened.id === mail.id) button.setAttribute("aria-current", "true");
    button.append(make("strong", mail.subject || "(no subject)"), make("span", `${mail.to} · ${new Date(mail.sentAt).toLocaleTimeString()}`));
    button.addEventListener("click", () => { location.hash = mail.id; });
    item.append(button);
    return item;
  }));
  if (focused) element("list").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  const count = `${messages.length} ${messages.length === 1 ? "mail" : "mails"}`;
  element("status").textContent = wanted ? `${shown.length} of ${count}` : count;
  element("status").className = "";
}

function showPart() {
  element("alone").hidden = !opened.html;
  element("alone").href = `/mailbox/messages/${encodeURIComponent(opened.id)}/html`;
  for (const name of tabs) element(`tab-${name}`).setAttribute("aria-selected", String(name === tab));
  const part = element("part");
  if (tab === "html" && opened.html) {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
    frame.title = "The mail as HTML";
    frame.src = `/mailbox/messages/${encodeURIComponent(opened.id)}/html`;
    part.replaceChildren(frame);
  } else if (tab === "html") {
    part.replaceChildren(make("pre", "This mail has no HTML part."));
  } else if (tab === "text") {
    part.replaceChildren(make("pre", opened.text || "This mail has no text part."));
  } else {
    const lines = [
      `From: ${opened.from}`, `To: ${opened.to}`, opened.cc && `Cc: ${opened.cc}`,
      opened.replyTo && `Reply-To: ${opened.replyTo}`, `Subject: ${opened.subject}`,
      ...opened.headers.map((header) => `${header.name}: ${header.value}`),
      opened.configurationSet && `\nConfiguration set: ${opened.configurationSet}`,
      ...Object.entries(opened.tags).map(([name, value]) => `Tag ${name}: ${value}`),
    ];
    part.replaceChildren(make("pre", lines.filter(Boolean).join("\n")));
  }
}

async function openFromAddress() {
  const id = decodeURIComponent(location.hash.slice(1));
  const listed = messages.find((mail) => mail.id === id);
  if (listed && opened?.id !== id) {
    const answer = await fetch(`/mailbox/messages/${encodeURIComponent(id)}`, { cache: "no-store" });
    // Another mail was chosen meanwhile.
    if (decodeURIComponent(location.hash.slice(1)) !== id) return;
    opened = answer.ok ? await answer.json() : null;
    if (opened) showMail();
  }
  if (!listed) opened = null;
  document.body.classList.toggle("reading", Boolean(opened));
  element("open").hidden = !opened;
  element("hint").hidden = Boolean(opened);
  showList();
}

function showMail() {
  seen.add(opened.id);
  if (tab === "html" && !opened.html) tab = "text";
  element("subject").textContent = opened.subject || "(no subject)";
  element("from").textContent = opened.from;
  element("to").textContent = opened.to;
  element("sent").textContent = new Date(opened.sentAt).toLocaleString();
  showPart();
}

async function refresh() {
  try {
    const answer = await fetch("/mailbox/summaries", { cache: "no-store", headers: { "If-None-Match": known } });
    if (answer.status === 304) {
      if (element("status").className) showList();
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    known = answer.headers.get("ETag") ?? "";
    messages = await answer.json();
    if (firstLoad) for (const mail of messages) seen.add(mail.id);
    firstLoad = false;
    await openFromAddress();
  } catch {
    element("status").textContent = "The local system does not answer. Is make run still running?";
    element("status").className = "down";
  }
}

// The arrow keys move through the list, from the mail that is open or has the focus.
function move(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.closest("input, [role=tabpanel]")) return;
  const buttons = [...element("list").querySelectorAll("button")];
  const at = buttons.findIndex((button) => button === document.activeElement || button.dataset.id === opened?.id);
  const next = buttons[at === -1 ? 0 : at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
  location.hash = next.dataset.id;
}

async function clear() {
  if (!messages.length || !confirm(`Delete all ${messages.length} mails?`)) return;
  await fetch("/mailbox/messages", { method: "DELETE" });
  await refresh();
}

for (const name of tabs) {
  element(`tab-${name}`).addEventListener("click", () => { tab = name; showPart(); });
}
element("filter").addEventListener("input", showList);
element("clear").addEventListener("click", clear);
document.addEventListener("keydown", move);
element("back").addEventListener("click", () => { history.pushState(null, "", "/mailbox"); openFromAddress(); });
window.addEventListener("hashchange", openFromAddress);
window.addEventListener("popstate", openFromAddress);
refresh();
setInterval(() => { if (!document.hidden) refresh(); }, 2000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
