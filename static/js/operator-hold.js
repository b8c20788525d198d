// One hold: choosing a decision leads to its note, digits fill notes in, Ctrl+Enter decides; n and p walk the neighbours.

const form = document.querySelector("[data-decide]");

function choose(radio) {
  const note = form.querySelector("[data-note]");
  const list = form.querySelector("[data-notes]");
  list.replaceChildren(form.querySelector(`[data-notes-of="${radio.value}"]`).content.cloneNode(true));
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== radio.value;
  // What does not take this decision cannot be closed by it.
  for (const box of siblings()) box.disabled = !box.dataset.takes.split(" ").includes(radio.value);
  note.focus();
}

const siblings = () => [...form.querySelectorAll("[name=sibling]")];

function chooseAll() {
  const boxes = siblings().filter((box) => !box.disabled);
  const all = boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = !all;
}

function fill(button) {
  const note = form.querySelector("[data-note]");
  note.value = button.dataset.fill;
  note.focus();
}

if (form) {
  form.addEventListener("change", (event) => event.target.name === "decision" && choose(event.target));
  // A radio that is chosen already gives no change, and its key must still lead to the note.
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fill]");
    if (button) fill(button);
    else if (event.target.closest("[data-all-siblings]")) chooseAll();
    else if (event.target.matches("input[type=radio]")) choose(event.target);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.target.matches("[data-note]") && !event.target.value && /^[1-9]$/.test(event.key)) {
      const button = form.querySelectorAll("[data-fill]")[Number(event.key) - 1];
      if (button) {
        event.preventDefault();
        fill(button);
      }
    }
  });
  const chosen = form.querySelector("input[name=decision]:checked");
  if (chosen) choose(chosen);
}
