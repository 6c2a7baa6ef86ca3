"use strict";

// Texts of mails reach the page through textContent only; a mail's HTML through a sandboxed frame of its own address.
const element = (id) => document.getElementById(id);
const tabs = ["html", "text", "headers"];
let messages = [];
let opened = null;
let tab = "html";
const seen = new Set();
let firstLoad = true;

const time = (iso) => {
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString() : date.toLocaleString();
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
  element("list").replaceChildren(...shown.map((mail) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.id = mail.id;
    button.classList.toggle("new", !seen.has(mail.id));
    if (opened && opened.id === mail.id) button.setAttribute("aria-current", "true");
    button.append(make("strong", mail.subject || "(no subject)"), make("span", `${mail.to} · ${time(mail.sentAt)}`));
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

function openFromAddress() {
  const id = decodeURIComponent(location.hash.slice(1));
  const found = messages.find((mail) => mail.id === id) || null;
  document.body.classList.toggle("reading", Boolean(found));
  element("open").hidden = !found;
  element("hint").hidden = Boolean(found);
  if (found && (!opened || opened.id !== found.id)) {
    opened = found;
    seen.add(found.id);
    if (tab === "html" && !found.html) tab = "text";
    element("subject").textContent = found.subject || "(no subject)";
    element("from").textContent = found.from;
    element("to").textContent = found.to;
    element("sent").textContent = new Date(found.sentAt).toLocaleString();
    showPart();
  }
  if (!found) opened = null;
  showList();
}

async function refresh() {
  try {
    const answer = await fetch("/mailbox/messages", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = await answer.json();
    const changed = firstLoad || fresh.length !== messages.length || fresh[0]?.id !== messages[0]?.id;
    messages = fresh;
    if (firstLoad) for (const mail of fresh) seen.add(mail.id);
    firstLoad = false;
    if (changed || element("status").className) openFromAddress();
  } catch {
    element("status").textContent = "The local system does not answer. Is make run still running?";
    element("status").className = "down";
  }
}

for (const name of tabs) {
  element(`tab-${name}`).addEventListener("click", () => { tab = name; showPart(); });
}
element("filter").addEventListener("input", showList);
element("back").addEventListener("click", () => { history.pushState(null, "", "/mailbox"); openFromAddress(); });
window.addEventListener("hashchange", openFromAddress);
window.addEventListener("popstate", openFromAddress);
refresh();
setInterval(() => { if (!document.hidden) refresh(); }, 2000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
