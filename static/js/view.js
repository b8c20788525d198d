// How a plot is looked at: chosen by buttons, kept in the address, so that a link shows the same.

export function viewFromUrl(defaults) {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, query.get(name) ?? value]));
}

export function rememberView(view, defaults) {
  const url = new URL(location);
  for (const [name, value] of Object.entries(view)) {
    if (value === defaults[name]) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  history.replaceState(null, "", url);
}

function showChoice(group, view) {
  for (const button of group.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === view[group.dataset.choice]));
  }
}

export function offerChoices(panel, view, defaults, changed) {
  for (const group of panel.querySelectorAll("[data-choice]")) {
    showChoice(group, view);
    group.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      view[group.dataset.choice] = button.value;
      showChoice(group, view);
      rememberView(view, defaults);
      changed(group.dataset.choice);
    });
  }
}
