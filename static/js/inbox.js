// The inbox: a key acts at once, requests go out one after another, and what is refused comes back with its reason.
document.addEventListener("DOMContentLoaded", () => {
  const { one, all, toast, announce, onKey } = window.vigie;
  if (!one("#whole")) return;
  const words = one("#inbox-words").dataset;
  const panes = () => one("[data-inbox]");
  const entries = () => all(".list li", one("#whole"));
  const entryOf = (article) => one(`.list li[data-article="${article}"]`);
  const rows = () => all("[data-suggestion]");
  const chosen = () => one("[data-suggestion][aria-current]");
  const waiting = () => all("[data-suggestion][data-waiting]");

  // Requests. None is sent before the one before it was answered.
  let sending = Promise.resolve();
  let unsent = 0;
  const count = (by) => {
    unsent += by;
    one("#saving").hidden = !unsent;
  };
  const inTurn = (work) => {
    count(1);
    sending = sending.then(work).finally(() => count(-1));
    return sending;
  };
  addEventListener("beforeunload", (event) => unsent && event.preventDefault());

  const ask = async (url, body, target = "") => {
    const headers = { "HX-Request": "true", "HX-Target": target };
    try {
      const response = await fetch(url, { method: body ? "POST" : "GET", body, headers, redirect: "manual" });
      const html = await response.text();
      const said = (name) => decodeURIComponent(response.headers.get(name) || "");
      const place = response.headers.get("HX-Location");
      const to = place ? JSON.parse(place).path : response.headers.get("HX-Redirect");
      if (response.ok) return { html, to, stays: Boolean(place), said: said("X-Said") };
      return { reason: said("X-Reason") || `${words.failed} (${response.status})`, html: response.status === 409 ? html : "" };
    } catch {
      return { reason: words.lost };
    }
  };

  // What the server sends replaces what has the same id; what is of another article than shown has no place any more.
  const swap = (html) => {
    const held = document.createElement("template");
    held.innerHTML = html;
    for (const fresh of [...held.content.children]) {
      if (fresh.id === "left") showInList(fresh.dataset);
      const old = document.getElementById(fresh.id);
      if (!old || old.dataset.article !== fresh.dataset.article) continue;
      const focused = old.contains(document.activeElement) && document.activeElement.id;
      if (old.hasAttribute("aria-current")) fresh.setAttribute("aria-current", "true");
      old.replaceWith(fresh);
      if (focused) (document.getElementById(focused) || fresh).focus({ preventScroll: true });
    }
  };
  const showInList = ({ article, left, words: said }) => {
    const entry = entryOf(article);
    if (!entry) return;
    entry.classList.toggle("is-done", left === "0");
    one(".left", entry).textContent = said;
  };

  const choose = (row) => {
    chosen()?.removeAttribute("aria-current");
    row?.setAttribute("aria-current", "true");
    row?.scrollIntoView({ block: "nearest" });
  };

  // What was refused stands at its suggestion, and in the list while another article is read.
  const refusals = new Map();
  const showRefusals = () => {
    for (const row of rows()) {
      one(".refusal", row)?.remove();
      if (!refusals.has(row.id)) continue;
      const reason = document.createElement("p");
      reason.className = "refusal small";
      reason.textContent = refusals.get(row.id);
      row.append(reason);
    }
  };
  const tellRefused = (article, name, reason) => {
    toast(name ? `${name}: ${reason}` : reason);
    showRefused(article, reason);
  };
  const showRefused = (article, reason) => {
    const place = entryOf(article) && one(".refused", entryOf(article));
    if (place) {
      place.textContent = reason;
      place.hidden = !reason;
    }
  };

  // Deciding
  let asked = null;
  const askWhy = (row) => {
    asked = row && { id: row.id, url: row.getAttribute("action"), token: row.elements.csrfmiddlewaretoken.value };
    one("#why").hidden = !asked;
    if (row) one("[data-why-name]").textContent = row.dataset.name;
  };
  const explain = (why) => {
    const { id, url, token } = asked;
    askWhy(null);
    const data = new FormData();
    data.set("csrfmiddlewaretoken", token);
    data.set("why", why);
    inTurn(async () => {
      if (refusals.has(id)) return;
      const answer = await ask(url, data);
      if (answer.reason) toast(answer.reason);
      else swap(answer.html);
    });
  };
  const decide = (row, button) => {
    const { id, dataset } = row;
    const url = row.getAttribute("action");
    const data = new FormData(row, button);
    const before = row.cloneNode(true);
    before.removeAttribute("aria-current");
    row.classList.add("suggest--done");
    row.removeAttribute("data-waiting");
    refusals.delete(id);
    one(".refusal", row)?.remove();
    if (![...refusals.keys()].some((key) => key.startsWith(`suggestion-${dataset.article}-`))) showRefused(dataset.article, "");
    if (button.dataset.said) {
      one("[data-state]", row).textContent = button.dataset.said;
      one("[data-state]", row).hidden = false;
      announce(`${dataset.name}: ${button.dataset.said}`);
      for (const other of all("[aria-pressed]", row)) other.setAttribute("aria-pressed", String(other === button));
      askWhy(button.value === "reject" ? row : null);
    }
    inTurn(async () => {
      const answer = await ask(url, data);
      if (!answer.reason) return swap(answer.html);
      if (asked?.id === id) askWhy(null);
      const shown = document.getElementById(id);
      if (answer.html) swap(answer.html);
      else if (shown) shown.replaceWith(before);
      refusals.set(id, answer.reason);
      showRefusals();
      tellRefused(dataset.article, dataset.name, answer.reason);
      if (!chosen()) choose(waiting()[0]);
    });
  };
  const decideByKey = (selector) => {
    const row = chosen();
    if (!row) return null;
    decide(row, one(selector, row));
    const every = rows();
    const next = every.slice(every.indexOf(row)).find((one) => one.hasAttribute("data-waiting")) || waiting()[0];
    if (!next) return step(1);
    choose(next);
    return null;
  };

  // Moving from article to article
  const opened = () => {
    const reading = one("#reading");
    for (const entry of entries()) {
      if (entry.dataset.article === reading?.dataset.reading) entry.setAttribute("aria-current", "true");
      else entry.removeAttribute("aria-current");
    }
    one(".list [aria-current]")?.scrollIntoView({ block: "nearest" });
    if (one("#left")) showInList(one("#left").dataset);
    choose(waiting()[0]);
    showRefusals();
    showPicked();
  };
  const give = (reason) => {
    // What was typed ahead was meant for what can't be shown.
    typed.length = 0;
    toast(reason);
    return false;
  };
  const show = async (href, { push = false, focus = false } = {}) => {
    const answer = await ask(href, null, "read");
    if (answer.reason) return give(answer.reason);
    swap(answer.html);
    history[push ? "pushState" : "replaceState"](null, "", href);
    panes().classList.add("panes--reading");
    if (one("#read").getBoundingClientRect().top < 0) one("#read").scrollIntoView();
    opened();
    if (focus) one("[data-open]")?.focus({ preventScroll: true });
    announce(`${one("[data-open]")?.textContent} ${one("#left")?.textContent.trim()}`);
    return true;
  };
  const load = async (number, article) => {
    const url = new URL(location.href);
    for (const name of ["article", "all"]) url.searchParams.delete(name);
    url.searchParams.set("page", number);
    if (article) url.searchParams.set("article", article);
    const answer = await ask(url, null, "whole");
    if (answer.reason) return give(answer.reason);
    const reads = panes()?.matches(".panes--reading");
    swap(answer.html);
    if (reads) panes()?.classList.add("panes--reading");
    history.replaceState(null, "", url);
    opened();
    return true;
  };
  const isDone = () => !waiting().length;
  const step = async (by) => {
    const every = entries();
    let at = every.findIndex((entry) => entry.hasAttribute("aria-current")) + by;
    for (; every[at]; at += by) {
      const entry = every[at];
      // Forward to what waits and nobody else reads, as the server knows it now; back to anything.
      if (by > 0 && entry.matches(".is-done, [data-claimed]")) continue;
      if (!(await show(one("a", entry).href))) return;
      if (by < 0) return;
      entry.toggleAttribute("data-claimed", one("#reading").hasAttribute("data-claimed"));
      if (!isDone() && !entry.hasAttribute("data-claimed")) return;
    }
    if (by > 0) await goOn();
  };
  const passed = new Set();
  const goOn = async () => {
    await sending;
    for (const entry of entries()) passed.add(entry.dataset.article);
    let number = one("#whole").dataset.page;
    do {
      // What was decided has left the page, and what comes after it has moved up.
      if (!(await load(number))) return;
      const next = entries().find((entry) => !passed.has(entry.dataset.article) && !entry.matches("[data-claimed]"));
      if (next && !next.hasAttribute("aria-current")) await show(one("a", next).href);
      if (next) return;
      number = one("#whole").dataset.nextPage;
    } while (number);
    passed.clear();
    if (await load(1) && entries().length) toast(words.fromStart);
  };

  // Taking back
  const undo = async () => {
    let answer;
    const form = one("[data-undoing]");
    await inTurn(async () => (answer = await ask(form.action, new FormData(form))));
    if (answer.reason) return give(answer.reason);
    if (!answer.stays) return location.assign(answer.to);
    toast(answer.said);
    const article = new URL(answer.to, location.href).searchParams.get("article");
    const entry = entryOf(article);
    // More of them are on their way: the last one says what is shown.
    if (typed[0] === "u") return entry?.classList.remove("is-done");
    return entry ? show(one("a", entry).href) : load(one("#whole").dataset.page, article);
  };

  // Putting off
  const putOff = (form, button) => {
    const article = one("#reading").dataset.reading;
    const data = new FormData(form, button);
    const entry = entryOf(article);
    const before = entry && one(".left", entry).textContent;
    entry?.classList.add("is-done");
    inTurn(async () => {
      const answer = await ask(form.action, data);
      toast(answer.said || "");
      if (!answer.reason) return entry && (one(".left", entry).textContent = answer.said);
      tellRefused(article, "", answer.reason);
      entry?.classList.remove("is-done");
      if (entry) one(".left", entry).textContent = before;
    });
    return step(1);
  };

  // Adding an item: what the catalogue offers for what is typed; Enter takes the first, or the one moved to.
  let offers = { name: "", done: Promise.resolve() };
  const offered = () => all("#offered [role=option]");
  const active = () => one("#offered [aria-selected=true]");
  const offer = (input) => {
    const name = input.value.trim();
    if (offers.name === name) return offers.done;
    const mine = { name };
    mine.done = ask(`${input.dataset.offers}?name=${encodeURIComponent(name)}`).then((answer) => {
      if (offers !== mine) return offers.done;
      const list = one("#offered");
      list.innerHTML = answer.html || "";
      if (name && !list.children.length) list.textContent = list.dataset.none;
      list.hidden = !name;
      input.setAttribute("aria-expanded", String(Boolean(active())));
      input.setAttribute("aria-activedescendant", active()?.id || "");
      return null;
    });
    offers = mine;
    return mine.done;
  };
  const moveOffer = (input, by) => {
    const every = offered();
    const next = every[(every.indexOf(active()) + by + every.length) % every.length];
    active()?.setAttribute("aria-selected", "false");
    next?.setAttribute("aria-selected", "true");
    next?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", next?.id || "");
  };
  const add = async (form, button) => {
    const input = one("[role=combobox]", form);
    const data = new FormData(form);
    if (!button?.value) await offer(input);
    const value = button?.value || active()?.value;
    if (value) data.set("tag", value);
    await inTurn(async () => {
      const answer = await ask(form.action, data);
      if (answer.reason) return toast(answer.reason);
      toast(answer.said);
      if (!document.contains(form)) return null;
      input.blur();
      offers = { name: "", done: Promise.resolve() };
      swap(answer.html);
      return opened();
    });
  };

  // Choosing many: kept while pages and filters change, until something was done with them.
  const picked = new Set(JSON.parse(sessionStorage.getItem("inbox-picked") || "[]"));
  let lastPicked = null;
  const showPicked = () => {
    sessionStorage.setItem("inbox-picked", JSON.stringify([...picked]));
    const bar = one("#many");
    if (!bar || bar.hasAttribute("data-all")) return;
    for (const entry of entries()) one("input", entry).checked = picked.has(entry.dataset.article);
    one("[data-chosen]").textContent = picked.size;
    bar.classList.toggle("many--on", picked.size > 0);
  };
  const pick = (entry, on) => {
    if (!entry) return;
    picked[on ? "add" : "delete"](entry.dataset.article);
    lastPicked = entry.dataset.article;
    showPicked();
  };
  const pickUpTo = (entry) => {
    const every = entries();
    const ends = [every.indexOf(entryOf(lastPicked)), every.indexOf(entry)].sort((a, b) => a - b);
    for (const one of every.slice(Math.max(ends[0], 0), ends[1] + 1)) picked.add(one.dataset.article);
    pick(entry, true);
  };
  document.addEventListener("formdata", ({ target: form, formData }) => {
    if (form.matches("[data-many]:not([data-all])")) formData.set("article", [...picked].join(","));
  });
  const isMany = () => picked.size > 0 || one("#many")?.hasAttribute("data-all");
  const many = async (form, button) => {
    const data = new FormData(form, button);
    let answer;
    await inTurn(async () => (answer = await ask(form.action, data)));
    if (answer.reason) return give(answer.reason);
    picked.clear();
    showPicked();
    const to = new URL(answer.to, location.href);
    if (to.pathname !== location.pathname) return location.assign(to);
    await load(1);
    return toast(answer.said);
  };

  // Keys act in the order they were typed, also while an article is on its way.
  const typed = [];
  let isActing = false;
  const work = async () => {
    if (isActing) return;
    isActing = true;
    try {
      while (typed.length) {
        const what = typed.shift();
        await (typeof what === "function" ? what() : act(what));
      }
    } finally {
      isActing = false;
    }
  };
  const later = (what) => {
    typed.push(what);
    work();
  };
  const leaveFor = async (href) => {
    await sending;
    if (href) location.assign(href);
  };
  const snooze = () => one("[data-snooze]");
  const inSnooze = (key) => {
    const form = one("[data-snoozing]");
    if (key === "3") return one("input[type=date]", form).focus();
    const button = one(`[data-until="${key === "s" ? 1 : key}"]`, form);
    snooze().open = false;
    return button && putOff(form, button);
  };
  const act = (key) => {
    if (snooze()?.open) {
      if (/^[123s]$/.test(key)) return inSnooze(key);
      snooze().open = false;
      if (key === "Escape") return null;
    }
    if (asked && /^[1-4]$/.test(key)) return explain(one(`#why button:nth-of-type(${key})`).dataset.why);
    askWhy(null);
    if (isMany() && /^[ax1-5s]$/.test(key)) return many(one("#many"), one(`[data-many-key="${key}"]`));
    if (/^[1-5]$/.test(key)) return decideByKey(`[data-score="${key}"]`);
    const entry = one(".list li[aria-current]");
    switch (key) {
      case "a": return decideByKey("[data-verdict=accept]");
      case "x": return decideByKey("[data-verdict=reject]");
      case "j": case "k": {
        const by = key === "j" ? 1 : -1;
        const next = rows()[rows().indexOf(chosen()) + by];
        return chosen() && next && (by < 0 || !isDone()) ? choose(next) : step(by);
      }
      case "J": return step(1);
      case "K": return step(-1);
      case "u": return undo();
      case "o": return leaveFor(one("[data-open]")?.href);
      case "m": return leaveFor(chosen() && one("[data-merge]", chosen()).href);
      case "s": return snooze() && (snooze().open = true) && snooze().scrollIntoView({ block: "nearest" });
      case "t": {
        const input = one("[data-adding] [role=combobox]");
        input?.focus();
        // What was typed while the article was on its way is the beginning of a name.
        if (input && typed.length) input.value += typed.splice(0).join("");
        return input?.value && offer(input);
      }
      case " ": return pick(entry, !picked.has(entry?.dataset.article));
      case "V": return entry && pickUpTo(entry);
      case "*": return leaveFor(one("[data-choose-all]")?.href);
      default: return null;
    }
  };
  onKey((event) => {
    const { key } = event;
    if (typed.includes("t") && key.length === 1) return Boolean(typed.push(key));
    if (key === "Escape" ? !asked && !snooze()?.open : !/^[jkJKoaxtsmuV* 1-5]$/.test(key)) return false;
    if (key === " " && event.target.closest("button, a, summary, label, input")) return false;
    // A key that is held down moves, but decides once.
    if (!event.repeat || /[jkJK]/.test(key)) later(key);
    return true;
  });

  // The mouse
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (form.matches("[data-suggestion]")) decide(form, submitter);
    else if (form.matches("[data-undoing]")) later("u");
    else if (form.matches("[data-snoozing]")) later(() => putOff(form, submitter));
    else if (form.matches("[data-adding]")) later(() => add(form, submitter));
    else if (form.matches("[data-many]") && !submitter?.hasAttribute("formaction")) later(() => many(form, submitter));
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (at("[data-why]")) explain(at("[data-why]").dataset.why);
    const link = at(".list a");
    if (link) later(() => show(link.href, { push: true, focus: !event.detail }));
    else if (at("[data-next]")) later(() => step(1));
    else if (at("[data-choose-none]") && !one("#many[data-all]")) {
      picked.clear();
      showPicked();
    } else if (at("[data-back]") && panes()?.matches(".panes--reading")) {
      panes().classList.remove("panes--reading");
      one(".list [aria-current]")?.scrollIntoView({ block: "center" });
    } else return;
    event.preventDefault();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches(".list input")) pick(event.target.closest("li"), event.target.checked);
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-offers]")) offer(event.target);
  });
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("[data-offers]") || !/^Arrow(Up|Down)$/.test(event.key)) return;
    moveOffer(event.target, event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
  });
  addEventListener("popstate", () => location.reload());
  opened();
});
