// Before the first paint: the theme that the user chose, so that nothing flashes.
try {
  const theme = localStorage.getItem("spacedly.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is closed to this page: the system's theme holds.
}
