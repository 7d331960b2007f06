// Runs before the first paint, so that a chosen scheme does not flash.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const chosen = localStorage.getItem("scheme");
  if (chosen) root.dataset.scheme = chosen;
})();
