// Every visible text whose contrast is below WCAG's AA, as "text: ratio colours".

const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

function rgba(color) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha / 255];
}

const over = ([r, g, b, a], below) => [r, g, b].map((part, index) => part * a + below[index] * (1 - a));

// A dialog lies on its backdrop, not on its parents.
function background(element) {
  const layers = [];
  for (let at = element; at; at = at.matches("dialog") ? null : at.parentElement) {
    layers.unshift(rgba(getComputedStyle(at).backgroundColor));
  }
  return layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
}

function luminance(color) {
  const [r, g, b] = color.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const found = new Set();

function look(element, text, color, least) {
  const below = background(element);
  const above = over(rgba(color), below);
  const ratio = contrast(above, below);
  if (ratio < least) found.add(`${text.trim().slice(0, 40)}: ${ratio.toFixed(2)} of ${least}, ${color} on ${below.map(Math.round)}`);
}

const isShown = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
const isLarge = (style) => parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);

const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  const text = texts.currentNode.textContent;
  // What cannot be used need not be read: WCAG exempts it.
  if (text.trim() === "" || !isShown(element) || element.closest(":disabled, option, script, title")) continue;
  const style = getComputedStyle(element);
  look(element, text, element.closest("svg") ? style.fill : style.color, isLarge(style) ? 3 : 4.5);
}
for (const field of document.querySelectorAll("input, select, textarea")) {
  if (!isShown(field) || field.disabled) continue;
  look(field, field.name, getComputedStyle(field).color, 4.5);
  if (field.placeholder) look(field, field.placeholder, getComputedStyle(field, "::placeholder").color, 4.5);
  // The edge of a field is how it is found.
  if (field.type !== "checkbox") look(field.parentElement, `edge of ${field.name}`, getComputedStyle(field).borderTopColor, 3);
}
return [...found];
