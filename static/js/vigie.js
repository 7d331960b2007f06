// Keys, the scheme toggle and messages. Every page works without this file.
(() => {
  const root = document.documentElement;
  const typing = (target) => target.closest("input, textarea, select, [contenteditable], dialog[open]");
  const keysOn = () => localStorage.getItem("keys") !== "off";

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-scheme-toggle]")) {
      const dark = root.dataset.scheme
        ? root.dataset.scheme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.scheme = dark ? "light" : "dark";
      localStorage.setItem("scheme", root.dataset.scheme);
    }
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
    for (const open of document.querySelectorAll("details.bar__menu[open]")) {
      if (!open.contains(event.target)) open.removeAttribute("open");
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-keys-switch]")) localStorage.setItem("keys", event.target.checked ? "on" : "off");
    if (event.target.closest("[data-submit-on-change]")) event.target.form.requestSubmit();
  });

  // Rows: a table or list marked data-rows has one current row, aria-selected.
  const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")];
  const current = () => document.querySelector("[data-rows] [data-row][aria-selected=true]");
  const select = (row) => {
    if (!row) return;
    current()?.removeAttribute("aria-selected");
    row.setAttribute("aria-selected", "true");
    row.querySelector("a")?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(current());
    select(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
  };

  // Inbox: the current suggestion is the first that still waits, unless another was chosen.
  const inbox = () => document.querySelector("[data-inbox]");
  const suggestions = () => [...document.querySelectorAll("[data-suggestion]")];
  const chosen = () =>
    document.querySelector("[data-suggestion][aria-current=true]") ||
    document.querySelector("[data-suggestion][data-waiting]");
  const choose = (suggestion) => {
    for (const other of suggestions()) other.removeAttribute("aria-current");
    suggestion?.setAttribute("aria-current", "true");
    suggestion?.scrollIntoView({ block: "nearest" });
  };
  const nextWaiting = () => suggestions().find((one) => one.hasAttribute("data-waiting"));
  const openArticle = (by) => {
    const links = [...document.querySelectorAll("[data-inbox] .list a")];
    const at = links.findIndex((link) => link.closest("[aria-current]"));
    const link = links[Math.min(Math.max(at + by, 0), links.length - 1)];
    if (link && links.indexOf(link) !== at) link.click();
  };
  const press = (selector) => chosen()?.querySelector(selector)?.click();

  const inboxKey = (key) => {
    if (key === "j" || key === "k") {
      const by = key === "j" ? 1 : -1;
      const all = suggestions();
      const at = all.indexOf(chosen());
      if (at >= 0 && all[at + by]) choose(all[at + by]);
      else openArticle(by);
    } else if (key === "J") openArticle(1);
    else if (key === "K") openArticle(-1);
    else if (key === "a") press("[data-verdict=accept]");
    else if (key === "x") press("[data-verdict=reject]");
    else if (/^[1-5]$/.test(key)) press(`[data-score="${key}"]`);
    else if (key === "u") document.querySelector("[data-undo]")?.click();
    else if (key === "o") document.querySelector("[data-open]")?.click();
    else return false;
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keysOn()) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/") document.querySelector("[data-key='/']")?.focus();
    else if (event.key === "?") {
      document.querySelector("[data-keys-switch]").checked = keysOn();
      document.getElementById("keys-help").showModal();
    } else if (inbox() && inboxKey(event.key)) {
      // done
    } else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "o" && current()) current().querySelector("a")?.click();
    else return;
    event.preventDefault();
  });

  // A failed action says why instead of vanishing.
  const toast = (words) => {
    document.getElementById("toast").textContent = words;
  };
  document.addEventListener("htmx:responseError", (event) => {
    const said = event.detail.xhr.getResponseHeader("X-Reason");
    toast(said ? decodeURIComponent(said) : `${event.detail.xhr.status} ${event.detail.xhr.statusText}`);
  });
  document.addEventListener("htmx:sendError", () => toast("The server could not be reached."));
  document.addEventListener("htmx:afterSettle", () => {
    if (inbox()) choose(nextWaiting() || suggestions()[0]);
  });
  document.addEventListener("DOMContentLoaded", () => {
    if (inbox()) choose(nextWaiting() || suggestions()[0]);
  });
})();
