// What sticks out of the window, or has its text cut off, and cannot be scrolled to.

const scrolls = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
const isForReadersOnly = (element) => element.closest(".skip, svg, option, #locked, #gone") !== null || getComputedStyle(element).clipPath !== "none";

function isInScroller(element) {
  for (let at = element.parentElement; at; at = at.parentElement) if (scrolls(at)) return true;
  return false;
}

const name = (element) => `${element.tagName.toLowerCase()}#${element.id}.${element.className}: ${element.textContent.trim().slice(0, 30)}`;
const found = [];
if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} px wide`);
// Wide tables and bodies may be scrolled sideways, and nothing else has to be.
for (const element of document.querySelectorAll("body *:not(.scroll, .body-text, textarea)")) {
  if (scrolls(element) && element.checkVisibility() && element.scrollWidth > element.clientWidth + 1) found.push(`has to be scrolled: ${name(element)}`);
}
for (const element of document.querySelectorAll("body *")) {
  if (isForReadersOnly(element) || !element.checkVisibility() || isInScroller(element)) continue;
  const box = element.getBoundingClientRect();
  if (box.width > 0 && (box.right > innerWidth + 0.5 || box.left < -0.5)) found.push(`sticks out: ${name(element)}`);
  const isText = !["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName);
  if (isText && !scrolls(element) && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0) found.push(`cut off: ${name(element)}`);
}
return found;
