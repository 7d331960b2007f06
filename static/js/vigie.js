// Keys, the scheme toggle and messages. Every page works without this file.
(() => {
  const root = document.documentElement;
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open]");
  const keysOn = () => localStorage.getItem("keys") !== "off";

  // Words for everybody (the toast) and words for screen readers only.
  let fading;
  const toast = (words) => {
    clearTimeout(fading);
    one("#toast").textContent = words;
    fading = setTimeout(() => (one("#toast").textContent = ""), 8000);
  };
  const announce = (words) => {
    if (words) one("#announce").textContent = words;
  };

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("[data-scheme-toggle]")) {
      const dark = root.dataset.scheme
        ? root.dataset.scheme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.scheme = dark ? "light" : "dark";
      localStorage.setItem("scheme", root.dataset.scheme);
    }
    if (at("[data-close]")) at("dialog").close();
    for (const open of all("details.bar__menu[open]")) {
      if (!open.contains(event.target)) open.removeAttribute("open");
    }
  });

  document.addEventListener("change", (event) => {
    const every = event.target.dataset.chooseAll;
    if (every) for (const box of all(`[form="${every}"][type=checkbox]`)) box.checked = event.target.checked;
    if (event.target.matches("[data-keys-switch]")) localStorage.setItem("keys", event.target.checked ? "on" : "off");
  });

  // Articles that are chosen stay so while pages and filters change, in this tab, until none is.
  const boxes = () => all("[form=chosen][type=checkbox]");
  const kept = () => new Set(JSON.parse(sessionStorage.getItem("articles-chosen") || "[]"));
  const keep = (chosen) => {
    sessionStorage.setItem("articles-chosen", JSON.stringify([...chosen]));
    showKept();
  };
  const showKept = () => {
    if (!one("#chosen")) return;
    const chosen = kept();
    for (const box of boxes()) box.checked = chosen.has(box.value);
    one("[data-choose-all=chosen]").checked = boxes().every((box) => box.checked);
    one("[data-kept]").hidden = !chosen.size;
    one("[data-kept-count]").textContent = chosen.size;
  };
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[form=chosen], [data-choose-all=chosen]")) return;
    const chosen = kept();
    for (const box of boxes()) chosen[box.checked ? "add" : "delete"](box.value);
    keep(chosen);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keep-none]")) keep([]);
  });
  document.addEventListener("formdata", ({ target, formData }) => {
    if (target.id !== "chosen") return;
    if (formData.get("which") === "all") formData.delete("article");
    else formData.set("article", [...kept()].join(","));
  });
  document.addEventListener("htmx:afterSettle", showKept);
  // Also when the browser brings a page back with boxes as they were.
  addEventListener("pageshow", () => {
    if (location.hash === "#grouped") {
      keep([]);
      history.replaceState(null, "", location.pathname + location.search);
    } else showKept();
  });

  // Who writes a text of their own means it.
  document.addEventListener("input", (event) => {
    const chosen = event.target.dataset.checks && document.getElementById(event.target.dataset.checks);
    if (chosen) chosen.checked = true;
  });

  // Rows: in a table or list marked data-rows one row is current, and its first link has the focus.
  const rows = () => all("[data-rows] [data-row]");
  const current = () => one("[data-rows] [data-row][aria-current]");
  const select = (row) => {
    if (!row) return;
    current()?.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    (one("a.name", row) || one("a", row) || row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    const every = rows();
    const at = every.indexOf(current());
    if (every.length) select(every[at < 0 ? 0 : Math.min(Math.max(at + by, 0), every.length - 1)]);
  };

  // What a row offers by key; a row that is decided on gives way to the next.
  const pressIn = (row, key) => {
    const what = one(`[data-key="${key}"]`, row);
    what?.click();
    if (key === "e" && what?.parentElement.open) one("input[type=text]", row)?.focus();
  };
  const selectAfter = (row) => {
    const every = rows();
    select(every.slice(every.indexOf(row) + 1).find((next) => one("[data-key]", next)) || row);
  };

  // Pages with keys of their own say so here; such a key is asked for before the common ones.
  const ownKeys = [];
  window.vigie = { one, all, toast, announce, onKey: (own) => ownKeys.push(own) };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keysOn()) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/") {
      const field = one("main [data-key='/']") || one("[data-key='/']");
      field?.closest("details")?.setAttribute("open", "");
      field?.focus();
    } else if (event.key === "?") {
      one("[data-keys-switch]").checked = keysOn();
      one("#keys-help").showModal();
    } else if (ownKeys.some((own) => own(event))) {
      // done
    } else if (event.key === "u" && one("[data-undo]")) one("[data-undo]").click();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "o" && current()) (one("a.name", current()) || one("a", current()))?.click();
    else if (/^[afxe]$/.test(event.key) && current()) pressIn(current(), event.key);
    else return;
    event.preventDefault();
  });

  // A filter that is not set has no place in the address.
  document.addEventListener("htmx:configRequest", (event) => {
    const { verb, parameters } = event.detail;
    if (verb !== "get") return;
    for (const [name, value] of Object.entries(parameters)) if (value === "") delete parameters[name];
  });

  // What a swap takes away from under the focus, it gives back nearby.
  let hadFocus = false;
  let wasCurrent = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    wasCurrent = event.detail.target === current();
    hadFocus = event.detail.target.contains(document.activeElement);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.elt;
    announce(one("[data-count]")?.textContent.trim());
    if (wasCurrent && target.matches?.("[data-rows] [data-row]")) selectAfter(target);
    else if (hadFocus && document.activeElement === document.body) {
      (target.closest?.("[tabindex]") || one("#main")).focus({ preventScroll: true });
    }
    hadFocus = wasCurrent = false;
  });

  // A failed action says why instead of vanishing; so does what was undone.
  const said = (xhr, header) => {
    const words = xhr.getResponseHeader(header);
    return words && decodeURIComponent(words);
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    const words = said(event.detail.xhr, "X-Said");
    if (words) toast(words);
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    toast(said(xhr, "X-Reason") || `${xhr.status} ${xhr.statusText}`);
  });
  document.addEventListener("htmx:sendError", () => toast(one("#toast").dataset.unreachable));

  document.addEventListener("DOMContentLoaded", () => {
    one(".bar nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  });
})();
