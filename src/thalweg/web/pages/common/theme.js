/**
 * @file Light or dark: as the system says, until the switch in the bar is used; that is remembered.
 * A plain script, not a module, so that it runs before anything is painted.
 */

{
  const KEY = 'thalweg-theme';
  const root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)');

  const remembered = () => {
    // A page without storage (a file, a private window) follows the system.
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const chosen = remembered();
  if (chosen) root.dataset.theme = chosen;

  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : system.matches);
  const changed = () => document.dispatchEvent(new Event('themechange'));
  system.addEventListener('change', changed);

  document.addEventListener('DOMContentLoaded', () => {
    for (const button of document.querySelectorAll('button.theme')) {
      const show = () => button.setAttribute('aria-pressed', String(isDark()));
      button.addEventListener('click', () => {
        root.dataset.theme = isDark() ? 'light' : 'dark';
        try {
          localStorage.setItem(KEY, root.dataset.theme);
        } catch {
          // It holds for this visit, then.
        }
        changed();
      });
      document.addEventListener('themechange', show);
      show();
    }
  });
}
