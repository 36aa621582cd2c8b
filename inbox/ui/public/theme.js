// Sets the chosen theme before the first paint, so that a dark room never sees a white flash. A file: the policy allows no inline script.
try {
  const theme = JSON.parse(localStorage.getItem('switchboard.preferences') || '{}').theme;
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be refused; the system's theme is used then.
}
