// Runs before the first paint, so that a remembered theme never flashes. The admin uses the same key.
(() => {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
