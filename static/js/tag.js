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
      event.target.form.requestSubmit();
    }
  });

  // Who saved a part, or left it, goes on where it stands.
  document.addEventListener("htmx:afterSettle", (event) => {
    const part = event.detail.elt;
    if (part.matches?.(".part:not(.part--open)")) one(".edit", part)?.focus({ preventScroll: true });
  });
})();
