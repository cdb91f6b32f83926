// Fetches what hangs on a piece anew once that piece has changed: data-fresh is the address, data-on the piece's id;
// and every two seconds as long as it holds what data-while selects: something that is being made.
"use strict";
(() => {
  const SETTLE_MS = 400; // the store is written a moment after the verdict is told
  const PRESSED_MS = 3000;
  const waiting = new Map();
  let pressed = 0;

  function soon(box) {
    if (!waiting.has(box)) waiting.set(box, setTimeout(() => fetchAnew(box).catch(() => {}), SETTLE_MS)); // offline: the bar says so
  }

  async function fetchAnew(box) {
    waiting.delete(box);
    if (box.contains(document.activeElement)) return; // never from under a finger
    const answer = await fetch(box.dataset.fresh, { headers: { accept: "text/html" } });
    if (!answer.ok) return; // the next change asks again
    const held = document.createElement("template");
    held.innerHTML = await answer.text();
    if (Date.now() - pressed < PRESSED_MS) soon(box); // a button that is pressed must be there when it is let go
    else box.replaceChildren(held.content);
  }

  addEventListener("pointerdown", () => { pressed = Date.now(); });
  for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, () => { pressed = 0; });

  setInterval(() => {
    for (const box of document.querySelectorAll("[data-while]")) {
      if (box.querySelector(box.dataset.while)) soon(box);
    }
  }, 2000);

  document.addEventListener("pieces", (event) => {
    for (const box of document.querySelectorAll("[data-fresh]")) {
      if (event.detail.some((id) => id.startsWith(box.dataset.on))) soon(box);
    }
  });
})();
