// The lines that explain figures: shown on hover and keyboard focus beside their mark. Without this script they
// open by a click, in the middle of the screen.

const GAP = 6;
const LEAVE_MS = 250; // time to move the pointer from the mark to the line
let leaving = 0;

const markOf = (node) => node.closest?.(".help")?.querySelector(".help-mark");
const textOf = (mark) => document.getElementById(mark.getAttribute("popovertarget"));

function place(mark, text) {
  const at = mark.getBoundingClientRect();
  const size = text.getBoundingClientRect();
  const left = Math.min(Math.max(at.left - GAP, GAP), document.documentElement.clientWidth - size.width - GAP);
  const below = at.bottom + GAP;
  const top = below + size.height < innerHeight ? below : Math.max(at.top - size.height - GAP, GAP);
  Object.assign(text.style, { inset: "auto", margin: "0", left: `${left}px`, top: `${top}px` });
}

function show(mark) {
  clearTimeout(leaving);
  const text = textOf(mark);
  if (!text.matches(":popover-open")) text.showPopover();
  place(mark, text);
}

function hide(mark) {
  const text = textOf(mark);
  if (text?.matches(":popover-open")) text.hidePopover();
}

document.addEventListener("pointerover", (event) => {
  const mark = event.pointerType === "mouse" && markOf(event.target);
  if (mark) show(mark);
});

document.addEventListener("pointerout", (event) => {
  const mark = event.pointerType === "mouse" && markOf(event.target);
  if (!mark || (event.relatedTarget && markOf(event.relatedTarget) === mark)) return;
  clearTimeout(leaving);
  leaving = setTimeout(() => hide(mark), LEAVE_MS);
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches(".help-mark:focus-visible")) show(event.target);
});

document.addEventListener("focusout", (event) => {
  const mark = markOf(event.target);
  if (mark && !(event.relatedTarget && markOf(event.relatedTarget) === mark)) hide(mark);
});

document.addEventListener("click", (event) => {
  const mark = event.target.closest(".help-mark");
  if (mark) show(mark);
});

// A table that scrolls takes its mark along.
document.addEventListener(
  "scroll",
  () => {
    const text = document.querySelector(".help-text:popover-open");
    if (text) place(markOf(text), text);
  },
  { capture: true, passive: true },
);
