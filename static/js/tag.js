// A tag's page: 1-5 scores the mention that is current, else the tag; Ctrl+Enter sends what is being written.
(() => {
  const { one, onKey } = window.vigie;
  const current = () => one("[data-rows] [data-row][aria-current]");

  onKey((event) => {
    if (event.key === "Escape" && current()) {
      current().removeAttribute("aria-current");
      document.activeElement.blur();
      return true;
    }
    if (!/^[1-5]$/.test(event.key)) return false;
    const row = current();
    const button = row ? one(`[data-key="${event.key}"]`, row) : one(`#rating .rate [value="${event.key}"]`);
    button?.click();
    return Boolean(button);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("main form textarea")) {
      const { form } = event.target;
      const save = one("[data-save]", form);
      if (save) save.click();
      else if (!form.closest(".decide")) form.requestSubmit();
    }
  });

  // A mention that was decided on gives way to the next one; one that is asked about stays.
  let next = "";
  document.addEventListener("htmx:beforeSwap", ({ detail: { target, serverResponse } }) => {
    if (!target.matches("[data-row]") || target !== current()) return;
    next = / data-refused[ >]/.test(serverResponse) ? "" : (target.nextElementSibling || target).id;
  });

  // Who saved a part, or left it, goes on where it stands.
  document.addEventListener("htmx:afterSettle", (event) => {
    const part = event.detail.elt;
    const row = next && document.getElementById(next);
    if (row) {
      next = "";
      current()?.removeAttribute("aria-current");
      row.setAttribute("aria-current", "true");
      one("a", row).focus({ preventScroll: true });
      row.scrollIntoView({ block: "nearest" });
    }
    if (part.matches?.("[data-refused]")) one("[autofocus]", part)?.focus();
    if (part.matches?.(".part:not(.part--open)")) one(".edit", part)?.focus({ preventScroll: true });
  });
})();
