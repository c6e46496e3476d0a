// Notes where each Tab leads: "reached" in the order of the page, or what is wrong there.

const isShown = (element) => element.checkVisibility({ checkVisibilityCSS: true });
const name = (element) => `${element.tagName.toLowerCase()}#${element.id} ${(element.textContent || element.name || "").trim().slice(0, 30)}`;

// A dialog is a page of its own while it is open.
const root = document.querySelector("dialog[open]") ?? document.body;
const controls = [...root.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")].filter((element) => !element.disabled && isShown(element));

window.journey = { controls: controls.map(name), reached: [], unseen: [] };

function isMarked(element) {
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
}

function isInSight(element) {
  const box = element.getClientRects()[0] ?? element.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + Math.min(box.width, 40) / 2, box.top + Math.min(box.height, 20) / 2);
  return top !== null && (element.contains(top) || top.contains(element));
}

function note() {
  const element = document.activeElement;
  if (element === document.body || element === null) return;
  window.journey.reached.push(name(element));
  if (!isMarked(element)) window.journey.unseen.push(`no outline: ${name(element)}`);
  if (!isInSight(element)) window.journey.unseen.push(`covered: ${name(element)}`);
}

// Where the last Tab led is looked at when the next one comes, after any scrolling.
addEventListener("keydown", (event) => event.key === "Tab" && note(), true);
document.activeElement?.blur();
return controls.length;
