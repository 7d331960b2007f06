// Runs before the first paint, so that a chosen scheme does not flash.
(() => {
  const chosen = localStorage.getItem("scheme");
  if (chosen) document.documentElement.dataset.scheme = chosen;
})();
